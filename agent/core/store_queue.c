/* SPDX-License-Identifier: Apache-2.0 */
/* What waits here for others.  A row without a body is the memory of one that was
 * received. */
#include "agent/core/store_queue.h"

#include <string.h>

#include "agent/core/store_internal.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"

/* ---- putting */

static enum berth_err check_row(const struct berth_queue_row *r)
{
	if (!r->recipient[0] || !r->client[0] || !r->body_len)
		return berth_fail(BERTH_E_TYPE, "queue: nobody's message, or none");
	if (strlen(r->recipient) > BERTH_OUTBOX_DID_MAX || strlen(r->client) > BERTH_OUTBOX_DID_MAX ||
	    r->body_len > BERTH_QUEUE_BODY_MAX)
		return berth_fail(BERTH_E_SIZE, "queue: message of %zu bytes", r->body_len);
	return BERTH_OK;
}

enum berth_err berth_store_queue_all(struct berth_store *s, int64_t *messages, int64_t *bytes)
{
	enum berth_err rc = store_ready(s, false);

	if (rc || (rc = store_int(s, messages, 0, "SELECT count(*) FROM queue WHERE gone = 0", "")))
		return rc;
	return store_int(s, bytes, 0, "SELECT coalesce(sum(size), 0) FROM queue WHERE gone = 0", "");
}

static enum berth_err
check_quota(struct berth_store *s, const struct berth_queue_row *r, const struct berth_queue_limits *most)
{
	int64_t msgs, bytes, all, all_bytes;
	enum berth_err rc;

	if ((rc = store_int(s, &msgs, 0, "SELECT count(*) FROM queue WHERE gone = 0 AND recipient = ?1", "s", r->recipient)) ||
	    (rc = store_int(s, &bytes, 0, "SELECT coalesce(sum(size), 0) FROM queue WHERE gone = 0 AND recipient = ?1",
			    "s", r->recipient)) ||
	    (rc = berth_store_queue_all(s, &all, &all_bytes)))
		return rc;
	if (msgs >= most->messages || bytes + (int64_t)r->body_len > most->bytes)
		return berth_fail(BERTH_E_QUOTA, "queue: %lld messages, %lld bytes wait for this recipient",
				  (long long)msgs, (long long)bytes);
	if (all >= most->all_messages || all_bytes + (int64_t)r->body_len > most->all_bytes)
		return berth_fail(BERTH_E_UNAVAILABLE, "queue: full");
	return BERTH_OK;
}

enum berth_err berth_store_queue_put(struct berth_store *s, const struct berth_queue_row *r,
				     const struct berth_queue_limits *most, bool *there)
{
	uint8_t hash[BERTH_SHA256_LEN];
	char id[BERTH_UUID_LEN + 1];
	int64_t seq;
	enum berth_err rc;

	*there = false;
	if ((rc = store_ready(s, true)) || (rc = store_totals(s)) || (rc = check_row(r)))
		return rc;
	s->total.queued = true;
	berth_sha256(hash, r->body, r->body_len);
	if ((rc = store_int(s, &seq, 0, "SELECT seq FROM queue WHERE recipient = ?1 AND hash = ?2", "sb", r->recipient,
			    hash, sizeof(hash))))
		return rc;
	if ((*there = seq != 0) || (rc = check_quota(s, r, most)))
		return rc;
	berth_random_uuid(id);
	return store_run(s, "INSERT INTO queue (id, recipient, client, hash, body, size, came_s, time_s, expires_s, gone)"
			 " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", "sssbbiiii", id, r->recipient, r->client, hash, sizeof(hash),
			 r->body, r->body_len, (int64_t)r->body_len, r->came_s, r->time_s, r->expires_s);
}

/* ---- what became of it */

enum berth_err berth_store_queue_received(struct berth_store *s, const char *client, const char *id, int64_t now_s,
					  bool *found)
{
	int64_t seq;
	enum berth_err rc;

	*found = false;
	if ((rc = store_ready(s, true)) ||
	    (rc = store_int(s, &seq, 0, "SELECT seq FROM queue WHERE id = ?1 AND client = ?2 AND gone = 0", "ss", id, client)))
		return rc;
	if (!(*found = seq != 0))
		return BERTH_OK;
	if ((rc = store_run(s, "UPDATE queue SET gone = 1, body = x'', size = 0, expires_s = ?2 WHERE seq = ?1", "ii", seq,
			    now_s + BERTH_QUEUE_GONE_S)))
		return rc;
	return store_run(s, "DELETE FROM queue WHERE gone = 1 AND seq <= (SELECT seq FROM queue WHERE gone = 1"
			 " ORDER BY seq DESC LIMIT 1 OFFSET ?1)", "i", (int64_t)BERTH_QUEUE_GONE_MAX);
}

enum berth_err berth_store_queue_expire(struct berth_store *s, int64_t now_s)
{
	enum berth_err rc;

	if ((rc = store_ready(s, true)) || (rc = store_totals(s)) || !s->total.queued)
		return rc;
	return store_run(s, "DELETE FROM queue WHERE expires_s <= ?1", "i", now_s);
}

/* ---- reading.  An empty text for a recipient stands for all of them. */

enum berth_err berth_store_queue_totals(struct berth_store *s, const char *client, const char *recipient, int64_t now_s,
					struct berth_queue_totals *out)
{
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	*out = (struct berth_queue_totals){ 0 };
	if ((rc = store_ready(s, false)) ||
	    (rc = store_stmt(s, &st, "SELECT count(*), coalesce(sum(size), 0), coalesce(min(came_s), 0),"
			     " coalesce(min(nullif(time_s, 0)), 0), coalesce(max(time_s), 0), coalesce(max(seq), 0)"
			     " FROM queue WHERE gone = 0 AND client = ?1 AND (?2 = '' OR recipient = ?2) AND expires_s > ?3",
			     "ssi", client, recipient ? recipient : "", now_s)) ||
	    (rc = store_step(s, st, &row)) || !row)
		return rc;
	*out = (struct berth_queue_totals){
		.messages = sqlite3_column_int64(st, 0), .bytes = sqlite3_column_int64(st, 1),
		.came_s = sqlite3_column_int64(st, 2), .oldest_s = sqlite3_column_int64(st, 3),
		.newest_s = sqlite3_column_int64(st, 4), .last_seq = sqlite3_column_int64(st, 5),
	};
	sqlite3_reset(st);
	return BERTH_OK;
}

static struct berth_queue_row read_row(sqlite3_stmt *st)
{
	return (struct berth_queue_row){
		.seq = sqlite3_column_int64(st, 0), .id = (const char *)sqlite3_column_text(st, 1),
		.recipient = (const char *)sqlite3_column_text(st, 2), .client = (const char *)sqlite3_column_text(st, 3),
		.body = sqlite3_column_blob(st, 4), .body_len = (size_t)sqlite3_column_bytes(st, 4),
		.came_s = sqlite3_column_int64(st, 5), .time_s = sqlite3_column_int64(st, 6),
		.expires_s = sqlite3_column_int64(st, 7),
	};
}

enum berth_err berth_store_queue_each(struct berth_store *s, const char *client, const char *recipient, int64_t now_s,
				      size_t limit, berth_queue_fn fn, void *arg)
{
	size_t bytes = 0;
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row = true;

	if ((rc = store_ready(s, false)) ||
	    (rc = store_stmt(s, &st, "SELECT seq, id, recipient, client, body, came_s, time_s, expires_s FROM queue"
			     " WHERE gone = 0 AND client = ?1 AND (?2 = '' OR recipient = ?2) AND expires_s > ?3"
			     " ORDER BY seq LIMIT ?4", "ssii", client, recipient ? recipient : "", now_s,
			     (int64_t)(limit < BERTH_QUEUE_LIST_MAX ? limit : BERTH_QUEUE_LIST_MAX))))
		return rc;
	while (!(rc = store_step(s, st, &row)) && row) {
		struct berth_queue_row r = read_row(st);
		bool first = bytes == 0;

		bytes += r.body_len;
		if (!first && bytes > BERTH_QUEUE_LIST_BYTES)
			break;
		if (!r.id || !r.recipient || !r.client || !r.body)
			rc = store_contradiction(s, "queue");
		else
			rc = fn(arg, &r);
		if (rc)
			break;
	}
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc;
}
