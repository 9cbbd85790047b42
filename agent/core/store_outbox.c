/* SPDX-License-Identifier: Apache-2.0 */
/* What is to be sent: rows stay until the receiver acknowledged them. */
#include <string.h>

#include "agent/core/store_internal.h"
#include "did/base/rand.h"

#define PARKED_BACKOFF_MAX_S 8

const uint8_t store_unsent[BERTH_ACK_LEN];

int64_t berth_backoff_s(int tries, uint32_t rnd)
{
	int64_t most = 1;

	for (int i = 0; i < tries && most < BERTH_BACKOFF_MAX_S; i++)
		most *= 2;
	if (most > BERTH_BACKOFF_MAX_S)
		most = BERTH_BACKOFF_MAX_S;
	return 1 + (int64_t)(rnd % (uint64_t)most);
}

int64_t store_backoff_now(int64_t tries)
{
	uint32_t rnd = 0;

	if (tries)	/* the first wait is the same for all */
		berth_random(&rnd, sizeof(rnd));
	return berth_backoff_s(tries < INT32_MAX ? (int)tries : INT32_MAX, rnd);
}

/* ---- putting */

static enum berth_err check_row(const struct berth_outbox_row *r)
{
	if (!r->id[0] || !r->peer[0])
		return berth_fail(BERTH_E_TYPE, "outbox: no id or no peer");
	if (strlen(r->id) > BERTH_OUTBOX_ID_MAX || strlen(r->thid) > BERTH_OUTBOX_ID_MAX ||
	    strlen(r->peer) > BERTH_OUTBOX_DID_MAX || strlen(r->from) > BERTH_OUTBOX_DID_MAX ||
	    strlen(r->endpoints) > BERTH_OUTBOX_ENDPOINTS_MAX || r->body_len > BERTH_OUTBOX_BODY_MAX ||
	    (r->machine && strlen(r->machine) > BERTH_STORE_NS_MAX) ||
	    (r->instance && strlen(r->instance) > BERTH_STORE_KEY_MAX))
		return berth_fail(BERTH_E_SIZE, "outbox: message of %zu bytes", r->body_len);
	return BERTH_OK;
}

void berth_store_outbox_quota(struct berth_store *s, int64_t msgs, int64_t bytes)
{
	s->peer_msgs = msgs;
	s->peer_bytes = bytes;
}

/* What waits for the peer already. */
struct before {
	int64_t msgs, bytes;
	bool same;		/* that id */
	bool thread;		/* something of that thread */
};

static void look_listed(struct berth_store *s, const struct berth_outbox_row *r, const char *thid, struct before *out)
{
	struct store_rows of = store_listed_of(s, r->peer);

	out->msgs = (int64_t)of.n;
	for (size_t i = 0; i < of.n; i++) {
		out->bytes += of.rows[i]->size;
		out->same |= strcmp(of.rows[i]->id, r->id) == 0;
		out->thread |= strcmp(of.rows[i]->thid, thid) == 0;
	}
}

static enum berth_err look(struct berth_store *s, const struct berth_outbox_row *r, struct before *out)
{
	const char *thid = r->thid[0] ? r->thid : r->id;
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	*out = (struct before){ 0 };
	if ((rc = store_totals(s)) || !s->total.out_msgs)
		return rc;
	if (store_listed_all(s)) {
		look_listed(s, r, thid, out);
		return BERTH_OK;
	}
	if ((rc = store_outbox_of(s, &st, r->peer, "")))
		return rc;
	while (!(rc = store_step(s, st, &row)) && row) {
		out->msgs++;
		out->bytes += sqlite3_column_int64(st, 4);
		out->same |= store_is_text(st, 3, r->id);
		out->thread |= store_is_text(st, 0, thid);
	}
	return rc;
}

static enum berth_err check_quota(struct berth_store *s, const struct berth_outbox_row *r, const struct before *b)
{
	int64_t most = s->peer_msgs ? s->peer_msgs : BERTH_OUTBOX_PEER_MSGS;
	int64_t most_bytes = s->peer_bytes ? s->peer_bytes : BERTH_OUTBOX_PEER_BYTES;

	if (b->msgs >= most || b->bytes + (int64_t)r->body_len > most_bytes)
		return berth_fail(BERTH_E_QUOTA, "outbox: %lld messages, %lld bytes wait for this peer",
				  (long long)b->msgs, (long long)b->bytes);
	if (s->total.out_msgs >= BERTH_OUTBOX_MSGS || s->total.out_bytes + (int64_t)r->body_len > BERTH_OUTBOX_BYTES)
		return berth_fail(BERTH_E_UNAVAILABLE, "outbox: full");
	return b->same ? berth_fail(BERTH_E_REPLAY, "outbox: this id is there already") : BERTH_OK;
}

uint64_t berth_store_outbox_moved(const struct berth_store *s) { return s->moved; }

/* Strangers push out each other and nobody else. */
static enum berth_err cap_guests(struct berth_store *s)
{
	enum berth_err rc = BERTH_OK;
	int64_t seq;

	s->moved += s->total.out_msgs > BERTH_OUTBOX_GUEST_MSGS;
	while (s->total.out_msgs > BERTH_OUTBOX_GUEST_MSGS &&
	       !(rc = store_int(s, &seq, 0, "SELECT seq FROM outbox WHERE guest = 1 ORDER BY seq DESC"
				" LIMIT 1 OFFSET ?1", "i", (int64_t)BERTH_OUTBOX_GUEST_MSGS)) && seq)
		if ((rc = store_outbox_remove(s, seq)))
			break;
	return rc;
}

/* What is put for a peer that sleeps does not wake it; what has another of its thread
 * before it need not be looked at until that one is gone. */
static enum berth_err first_try(struct berth_store *s, const struct berth_outbox_row *r, const struct before *b, int64_t *out)
{
	bool behind = b->thread && !r->parked;

	*out = behind ? STORE_BEHIND(r->created_s) : r->next_s;
	s->total.behind |= behind;
	if (r->parked || !s->total.silent)
		return BERTH_OK;
	return store_int(s, out, *out, "SELECT ?2 FROM silent WHERE peer = ?1", "si", r->peer, BERTH_OUTBOX_ASLEEP);
}

static enum berth_err insert(struct berth_store *s, const struct berth_outbox_row *r, int64_t next_s)
{
	int64_t seq = ++s->last_seq;

	return store_later(s, STORE_ROW_NEW, seq, STORE_NAMELESS,
			   "INSERT INTO outbox VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?)", "isssssiiiiiiiissbb", seq,
			   r->id, r->peer, r->from, r->thid[0] ? r->thid : r->id, r->endpoints, (int64_t)r->mode, r->created_s, next_s,
			   r->expires_s, (int64_t)0, (int64_t)r->parked, (int64_t)r->guest, (int64_t)r->body_len,
			   r->machine ? r->machine : "", r->instance ? r->instance : "", store_unsent, sizeof(store_unsent),
			   r->body, r->body_len);
}

enum berth_err berth_store_outbox_put(struct berth_store *s, const struct berth_outbox_row *r)
{
	struct before before = { 0 };
	enum berth_err rc;
	int64_t next_s;

	if ((rc = store_ready(s, true)) || (rc = check_row(r)) || (rc = look(s, r, &before)) ||
	    (rc = check_quota(s, r, &before)) || (rc = first_try(s, r, &before, &next_s)) ||
	    (rc = insert(s, r, next_s)))
		return rc;
	s->total.out_msgs++;
	s->total.parked += r->parked;
	s->total.out_bytes += (int64_t)r->body_len;
	store_listed_put(s, r, next_s);
	return r->guest ? cap_guests(s) : BERTH_OK;
}

int64_t berth_store_outbox_last(const struct berth_store *s) { return s->last_seq; }

#define REFILL "UPDATE outbox SET body = ?2 WHERE seq = ?1"

enum berth_err berth_store_outbox_refill(struct berth_store *s, int64_t seq, const uint8_t *body, size_t len)
{
	enum berth_err rc;

	if ((rc = store_ready(s, true)))
		return rc;
	if (store_listed_find(s, seq))
		rc = store_later(s, STORE_ROW_BODY, seq, STORE_NAMELESS, REFILL, "ib", seq, body, len);
	else
		rc = store_run(s, REFILL, "ib", seq, body, len);
	if (!rc)
		store_listed_refill(s, seq, body, len);
	return rc;
}

/* ---- what became of a row */

/* When it is tried again. */
static int64_t wait_s(int64_t tries, bool parked, int64_t at_least_s)
{
	int64_t wait = store_backoff_now(tries);

	/* Goes only when its receiver asks, who may have lost it, or its own acks, with
	 * a restart: no burden to be spared, somebody to be kept waiting. */
	if (parked && wait > PARKED_BACKOFF_MAX_S)
		wait = PARKED_BACKOFF_MAX_S;
	if (wait < at_least_s)
		wait = at_least_s < BERTH_BACKOFF_MAX_S ? at_least_s : BERTH_BACKOFF_MAX_S;
	return wait;
}

enum berth_err berth_store_outbox_later(struct berth_store *s, int64_t seq, int64_t now_s, int64_t at_least_s)
{
	enum berth_err rc;
	int64_t is[2];		/* tries, parked */
	bool row;

	if ((rc = store_ready(s, true)) ||
	    (rc = store_ints(s, is, 2, &row, "SELECT tries, parked FROM outbox WHERE seq = ?1", "i", seq)) || !row)
		return rc;
	now_s += wait_s(is[0], is[1] != 0, at_least_s);
	if ((rc = store_run(s, "UPDATE outbox SET tries = tries + 1, next_s = ?2 WHERE seq = ?1", "ii", seq, now_s)))
		return rc;
	store_listed_later(s, seq, now_s, NULL);
	return BERTH_OK;
}

enum berth_err berth_store_outbox_sent(struct berth_store *s, const struct berth_outbox_row *r,
				       const uint8_t ack[BERTH_ACK_LEN], int64_t now_s)
{
	const char *sql = r->anew ? "UPDATE outbox SET tries = tries + 1, next_s = ?2, ack = ?3, body = ?4 WHERE seq = ?1"
				  : "UPDATE outbox SET tries = tries + 1, next_s = ?2, ack = ?3 WHERE seq = ?1";
	const char *fmt = r->anew ? "iibb" : "iib";
	int64_t next_s = now_s + wait_s(r->tries, r->parked, 0);
	enum berth_err rc = store_ready(s, true);
	bool listed = !rc && store_listed_find(s, r->seq);

	if (listed)
		rc = store_later(s, STORE_ROW_SENT, r->seq, STORE_NAMELESS, sql, fmt, r->seq, next_s, ack, (size_t)BERTH_ACK_LEN,
				 r->body, r->body_len);
	else if (!rc)
		rc = store_run(s, sql, fmt, r->seq, next_s, ack, (size_t)BERTH_ACK_LEN, r->body, r->body_len);
	if (rc)
		return rc;
	if (!listed && !sqlite3_changes(s->db))
		return berth_fail(BERTH_E_INTERNAL, "outbox: no row %lld", (long long)r->seq);
	store_listed_later(s, r->seq, next_s, ack);
	return BERTH_OK;
}
