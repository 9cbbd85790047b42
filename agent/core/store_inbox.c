/* SPDX-License-Identifier: Apache-2.0 */
/* The ids of messages that were dealt with.  Senders and ids are kept as hashes:
 * whatever a peer calls its messages, a row is as long as any other. */
#include <string.h>

#include "agent/core/store_internal.h"
#include "did/crypto/hash.h"

#define PRUNE_EVERY 16

static void hash_both(uint8_t sender[BERTH_SHA256_LEN], uint8_t id[BERTH_SHA256_LEN],
		      const char *sender_text, const char *id_text)
{
	berth_sha256(sender, sender_text, strlen(sender_text));
	berth_sha256(id, id_text, strlen(id_text));
}

enum berth_err berth_store_inbox_seen(struct berth_store *s, const char *sender, const char *id, bool *seen,
				      uint8_t answer[BERTH_ANSWER_LEN])
{
	uint8_t hs[BERTH_SHA256_LEN], hi[BERTH_SHA256_LEN];
	sqlite3_stmt *st;
	enum berth_err rc;

	*seen = false;
	memset(answer, 0, BERTH_ANSWER_LEN);
	hash_both(hs, hi, sender, id);
	if ((rc = store_ready(s, false)) ||
	    (rc = store_stmt(s, &st, "SELECT answer FROM inbox WHERE sender = ?1 AND id = ?2", "bb",
			     hs, sizeof(hs), hi, sizeof(hi))) ||
	    (rc = store_step(s, st, seen)) || !*seen)
		return rc;
	if (sqlite3_column_bytes(st, 0) == BERTH_ANSWER_LEN)
		memcpy(answer, sqlite3_column_blob(st, 0), BERTH_ANSWER_LEN);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return BERTH_OK;
}

/* Deletes by the sequence number that caps set; the count follows. */
static enum berth_err forget(struct berth_store *s, const char *sql, const char *fmt, const void *sender, int64_t cap)
{
	enum berth_err rc;

	if (fmt[1])
		rc = store_run(s, sql, fmt, sender, (size_t)BERTH_SHA256_LEN, cap);
	else
		rc = store_run(s, sql, fmt, cap);
	if (!rc)
		s->total.in_msgs -= sqlite3_changes(s->db);
	return rc;
}

enum berth_err berth_store_inbox_add(struct berth_store *s, const char *sender, const char *id, int64_t now_s,
				     const uint8_t *answer)
{
	uint8_t hs[BERTH_SHA256_LEN], hi[BERTH_SHA256_LEN];
	enum berth_err rc;

	hash_both(hs, hi, sender, id);
	if ((rc = store_ready(s, true)) || (rc = store_totals(s)) ||
	    (rc = store_run(s, "INSERT INTO inbox (sender, id, seen_s, answer) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
			    answer ? "bbib" : "bbin", hs, sizeof(hs), hi, sizeof(hi), now_s,
			    answer, (size_t)BERTH_ANSWER_LEN)))
		return rc;
	if (sqlite3_changes(s->db) == 0)
		return berth_fail(BERTH_E_REPLAY, "message id seen before");
	if (!s->total.in_msgs++)
		s->total.in_first_s = now_s;
	/* One sender's flood pushes out its own past first; looked at now and then only. */
	if (sqlite3_last_insert_rowid(s->db) % PRUNE_EVERY == 0 && (rc = forget(s, "DELETE FROM inbox WHERE sender = ?1 AND seq <= (SELECT seq FROM inbox"
			 " WHERE sender = ?1 ORDER BY seq DESC LIMIT 1 OFFSET ?2)", "bi", hs, BERTH_INBOX_PEER_MAX)))
		return rc;
	if (s->total.in_msgs <= BERTH_INBOX_MAX)
		return BERTH_OK;
	return forget(s, "DELETE FROM inbox WHERE seq <= (SELECT seq FROM inbox"
		      " ORDER BY seq LIMIT 1 OFFSET ?1 - 1)", "i", NULL, s->total.in_msgs - BERTH_INBOX_MAX);
}

enum berth_err berth_store_inbox_prune(struct berth_store *s, int64_t now_s, int64_t *out_n)
{
	enum berth_err rc;

	*out_n = 0;
	if ((rc = store_ready(s, true)) || (rc = store_totals(s)))
		return rc;
	*out_n = s->total.in_msgs;
	/* the oldest come first, and are looked at as far as they are too old */
	if (s->total.in_msgs && s->total.in_first_s < now_s - BERTH_INBOX_AGE_S)
		rc = forget(s, "DELETE FROM inbox WHERE seq < coalesce((SELECT seq FROM inbox WHERE seen_s >= ?1 ORDER BY seq LIMIT 1),"
		    " (SELECT max(seq) + 1 FROM inbox))", "i", NULL, now_s - BERTH_INBOX_AGE_S);
	*out_n -= s->total.in_msgs;
	return rc ? rc : store_run(s, "PRAGMA incremental_vacuum(256)", "");
}
