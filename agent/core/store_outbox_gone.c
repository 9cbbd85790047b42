/* SPDX-License-Identifier: Apache-2.0 */
/* How rows leave the outbox, and what waits for that. */
#include <string.h>

#include "agent/core/store_internal.h"

#define ACKS_MAX 64		/* at a time; a peer says those that are left again */

/* Nobody asks any more whether that peer is back when nothing waits for it. */
static enum berth_err let_sleep(struct berth_store *s, int64_t seq)
{
	enum berth_err rc;

	if (!s->total.silent)
		return BERTH_OK;
	rc = store_run(s, "DELETE FROM silent WHERE peer = (SELECT peer FROM outbox WHERE seq = ?1) AND NOT EXISTS"
		       " (SELECT 1 FROM outbox o WHERE o.peer = silent.peer AND o.parked = 0 AND o.seq <> ?1)", "i", seq);
	if (!rc)
		s->total.silent -= sqlite3_changes(s->db);
	return rc;
}

/* What is asked of a row before it goes. */
#define GOING "SELECT seq, size, parked, thid, peer FROM outbox WHERE "
struct going {
	int64_t seq, size, parked;
	int64_t behind;		/* the one of its thread that may have waited for it; 0: none */
};

static enum berth_err find_behind(struct berth_store *s, const char *peer, const char *thid, struct going *out)
{
	bool parked = false;
	enum berth_err rc = BERTH_OK;

	if (s->total.behind)
		rc = store_outbox_after(s, peer, thid, out->seq, &out->behind, &parked);
	if (parked)
		out->behind = 0;
	return rc;
}

/* st stands on it. */
static enum berth_err read_going(struct berth_store *s, sqlite3_stmt *st, struct going *out)
{
	*out = (struct going){ sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), sqlite3_column_int64(st, 2), 0 };
	return find_behind(s, (const char *)sqlite3_column_text(st, 4), (const char *)sqlite3_column_text(st, 3), out);
}

/* It was found. */
static enum berth_err remove_row(struct berth_store *s, const struct going *g)
{
	enum berth_err rc;

	if ((rc = let_sleep(s, g->seq)) ||
	    (rc = store_later(s, STORE_ROW_GONE, g->seq, STORE_NAMELESS, "DELETE FROM outbox WHERE seq = ?1", "i", g->seq)))
		return rc;
	s->total.out_msgs--;
	s->total.out_bytes -= g->size;
	s->total.parked -= g->parked;
	s->total.behind &= s->total.out_msgs > 0;
	store_listed_gone(s, g->seq);
	if (!g->behind || (rc = store_later(s, STORE_ROW_TURN, g->behind, STORE_NAMELESS,
					   "UPDATE outbox SET next_s = created_s WHERE seq = ?1 AND next_s < 0", "i", g->behind)))
		return rc;
	store_listed_turn(s, g->behind);
	return BERTH_OK;
}

static enum berth_err look_up(struct berth_store *s, int64_t seq, struct going *out, bool *row)
{
	const struct store_listed *l = store_listed_find(s, seq);
	sqlite3_stmt *st;
	enum berth_err rc;

	if ((*row = l != NULL)) {
		*out = (struct going){ seq, l->size, l->parked, 0 };
		return find_behind(s, l->peer, l->thid, out);
	}
	if (store_listed_all(s))
		return BERTH_OK;
	if ((rc = store_stmt(s, &st, GOING "seq = ?1", "i", seq)) || (rc = store_step(s, st, row)) || !*row)
		return rc;
	rc = read_going(s, st, out);
	sqlite3_reset(st);
	return rc;
}

static enum berth_err remove_seq(struct berth_store *s, int64_t seq, bool *row)
{
	struct going g;
	enum berth_err rc;

	*row = false;
	if ((rc = store_totals(s)) || !s->total.out_msgs || (rc = look_up(s, seq, &g, row)) || !*row)
		return rc;
	return remove_row(s, &g);
}

enum berth_err store_outbox_remove(struct berth_store *s, int64_t seq)
{
	enum berth_err rc;
	bool row;

	rc = remove_seq(s, seq, &row);
	return rc || row ? rc : store_contradiction(s, "outbox");	/* or loops over what is there would not end */
}

enum berth_err store_outbox_remove_all(struct berth_store *s, int64_t *out_n, const char *sql, const char *fmt,
				       const char *a, const char *b, const char *c)
{
	enum berth_err rc;
	int64_t seq;

	*out_n = 0;
	if ((rc = store_ready(s, true)))
		return rc;
	s->moved++;
	while (!(rc = store_int(s, &seq, 0, sql, fmt, a, b, c)) && seq && !(rc = store_outbox_remove(s, seq)))
		++*out_n;
	return rc;
}

/* ---- why */

static bool is_of(const struct store_listed *l, const uint8_t *acks, size_t n)
{
	if (memcmp(l->ack, store_unsent, BERTH_ACK_LEN) == 0)
		return false;
	for (size_t i = 0; i < n; i++)
		if (memcmp(l->ack, acks + i * BERTH_ACK_LEN, BERTH_ACK_LEN) == 0)
			return true;
	return false;
}

static enum berth_err find_acked_listed(struct berth_store *s, const char *peer, const uint8_t *acks, size_t n,
					struct going out[ACKS_MAX], size_t *n_out)
{
	const struct store_rows of = store_listed_of(s, peer);
	enum berth_err rc = BERTH_OK;
	bool row;

	for (size_t i = 0; !rc && *n_out < ACKS_MAX && i < of.n; i++)
		if (is_of(of.rows[i], acks, n))
			rc = look_up(s, of.rows[i]->seq, &out[(*n_out)++], &row);
	return rc;
}

/* Those of the peer's rows that one of the acks is of; all are looked at once, however many there are. */
static enum berth_err find_acked(struct berth_store *s, const char *peer, const uint8_t *acks, size_t n, struct going out[ACKS_MAX],
				 size_t *n_out)
{
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	*n_out = 0;
	if (store_listed_all(s))
		return find_acked_listed(s, peer, acks, n, out, n_out);
	if ((rc = store_stmt(s, &st, GOING "peer = ?1 AND instr(?2, ack) > 0 AND ack <> zeroblob(16)", "sb", peer, acks,
			     n * BERTH_ACK_LEN)))
		return rc;
	while (!rc && *n_out < ACKS_MAX && !(rc = store_step(s, st, &row)) && row)
		rc = read_going(s, st, &out[(*n_out)++]);
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc;
}

enum berth_err berth_store_outbox_acks(struct berth_store *s, const char *peer, const uint8_t *acks, size_t n, size_t *gone)
{
	struct going g[ACKS_MAX];
	size_t found = 0;
	enum berth_err rc;

	*gone = 0;
	if ((rc = store_ready(s, true)) || (rc = store_totals(s)) || !s->total.out_msgs)
		return rc;
	rc = find_acked(s, peer, acks, n, g, &found);
	while (!rc && *gone < found && !(rc = remove_row(s, &g[*gone])))
		++*gone;
	return rc;
}

enum berth_err berth_store_outbox_ack(struct berth_store *s, const char *peer, const uint8_t ack[BERTH_ACK_LEN], bool *found)
{
	size_t gone;
	enum berth_err rc = berth_store_outbox_acks(s, peer, ack, 1, &gone);

	*found = gone > 0;
	return rc;
}

enum berth_err berth_store_outbox_drop_thread(struct berth_store *s, const char *peer, const char *thid)
{
	enum berth_err rc;
	int64_t seq;

	if ((rc = store_ready(s, true)))
		return rc;
	while (!(rc = store_outbox_after(s, peer, thid, 0, &seq, NULL)) && seq && !(rc = store_outbox_remove(s, seq)))
		;
	return rc;
}

enum berth_err berth_store_outbox_dead_thread(struct berth_store *s, const char *peer, const char *thid, int64_t now_s,
					      const char *reason)
{
	enum berth_err rc;
	int64_t seq;

	if ((rc = store_ready(s, true)))
		return rc;
	while (!(rc = store_outbox_after(s, peer, thid, 0, &seq, NULL)) && seq &&
	       !(rc = berth_store_outbox_dead(s, seq, now_s, reason)))
		;
	return rc;
}

enum berth_err berth_store_outbox_done(struct berth_store *s, int64_t seq)
{
	enum berth_err rc = store_ready(s, true);

	return rc ? rc : remove_seq(s, seq, &(bool){ false });
}
