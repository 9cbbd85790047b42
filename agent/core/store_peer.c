/* SPDX-License-Identifier: Apache-2.0 */
/* Peers that do not answer, and what waits for whom. */
#include <string.h>

#include "agent/core/store_internal.h"

/* ---- silence: one back-off for the whole peer; its rows sleep meanwhile */

static enum berth_err sleep_all(struct berth_store *s, const char *peer)
{
	enum berth_err rc = store_run(s, "UPDATE outbox SET next_s = ?2 WHERE peer = ?1 AND parked = 0 AND next_s < ?2", "si", peer,
				      BERTH_OUTBOX_ASLEEP);

	if (!rc)
		store_listed_shift(s, peer, INT64_MIN, BERTH_OUTBOX_ASLEEP - 1, BERTH_OUTBOX_ASLEEP);
	return rc;
}

enum berth_err berth_store_peer_silent(struct berth_store *s, const char *peer, bool asked, int64_t now_s,
				       const char *error)
{
	enum berth_err rc;
	int64_t tries;

	if ((rc = store_ready(s, true)) || (rc = store_totals(s)) ||
	    (rc = store_int(s, &tries, 0, "SELECT tries FROM silent WHERE peer = ?1", "s", peer)))
		return rc;
	if ((rc = sleep_all(s, peer)) || (tries && !asked))
		return rc;
	s->total.silent += !tries;
	return store_run(s, "INSERT INTO silent (peer, tries, since_s, next_s, error) VALUES (?1, 1, ?2, ?3, substr(?4, 1, ?5))"
			 " ON CONFLICT (peer) DO UPDATE SET tries = tries + 1, next_s = ?3, error = substr(?4, 1, ?5)", "siisi",
			 peer, now_s, now_s + store_backoff_now(tries), error, (int64_t)BERTH_OUTBOX_ERROR_MAX);
}

enum berth_err berth_store_peer_awake(struct berth_store *s, const char *peer, int64_t now_s)
{
	enum berth_err rc;

	if ((rc = store_ready(s, true)) || (rc = store_totals(s)) || !s->total.silent ||
	    (rc = store_run(s, "DELETE FROM silent WHERE peer = ?1", "s", peer)) || sqlite3_changes(s->db) == 0)
		return rc;
	s->total.silent--;
	if ((rc = store_run(s, "UPDATE outbox SET next_s = ?2 WHERE peer = ?1 AND next_s = ?3", "sii", peer, now_s, BERTH_OUTBOX_ASLEEP)))
		return rc;
	store_listed_shift(s, peer, BERTH_OUTBOX_ASLEEP, BERTH_OUTBOX_ASLEEP, now_s);	/* what is parked does not sleep */
	return BERTH_OK;
}

enum berth_err berth_store_peer_moved(struct berth_store *s, const char *peer, const char *from, const char *to)
{
	enum berth_err rc = store_ready(s, true);

	store_fresh_clear(s);
	return rc ? rc : store_run(s, "UPDATE outbox SET endpoints = ?3 WHERE peer = ?1 AND parked = 0 AND endpoints = ?2", "sss",
				   peer, from, to);
}

enum berth_err berth_store_outbox_note(struct berth_store *s, int64_t seq, const char *error)
{
	enum berth_err rc;

	if ((rc = store_ready(s, true)))
		return rc;
	return store_run(s, "UPDATE outbox SET error = substr(?2, 1, ?3) WHERE seq = ?1", "isi", seq, error,
			 (int64_t)BERTH_OUTBOX_ERROR_MAX);
}

/* ---- an operator's wishes; "" stands for any id or any peer */

static const char *or_any(const char *s) { return s ? s : ""; }

enum berth_err berth_store_outbox_hurry(struct berth_store *s, const char *id, const char *peer, int64_t now_s,
					int64_t *out_n)
{
	enum berth_err rc;

	*out_n = 0;
	if ((rc = store_ready(s, true)) ||
	    (rc = store_int(s, out_n, 0, "SELECT count(*) FROM outbox WHERE (?1 = '' OR id = ?1) AND (?2 = '' OR peer = ?2)",
			    "ss", or_any(id), or_any(peer))) ||
	    (rc = store_run(s, "UPDATE silent SET next_s = ?3 WHERE peer IN (SELECT peer FROM outbox WHERE"
			    " (?1 = '' OR id = ?1) AND (?2 = '' OR peer = ?2))", "ssi", or_any(id), or_any(peer), now_s)))
		return rc;
	s->moved++;
	store_listed_clear(s);
	return store_run(s, "UPDATE outbox SET next_s = ?3 WHERE (?1 = '' OR id = ?1) AND (?2 = '' OR peer = ?2)"
			 " AND next_s > ?3 AND next_s < ?4", "ssii", or_any(id), or_any(peer), now_s, BERTH_OUTBOX_ASLEEP);
}

enum berth_err berth_store_outbox_drop(struct berth_store *s, const char *id, const char *peer, int64_t *out_n)
{
	return store_outbox_remove_all(s, out_n, "SELECT seq FROM outbox WHERE (?1 = '' OR id = ?1) AND (?2 = '' OR peer = ?2) LIMIT 1",
				       "ss", or_any(id), or_any(peer), NULL);
}

enum berth_err berth_store_outbox_unsay(struct berth_store *s, const char *peer, const char *machine, const char *instance)
{
	return store_outbox_remove_all(s, &(int64_t){ 0 }, "SELECT seq FROM outbox WHERE peer = ?1 AND machine = ?2 AND instance = ?3 LIMIT 1",
				       "sss", peer, machine, instance);
}

enum berth_err berth_store_outbox_forget(struct berth_store *s, const char *from)
{
	return store_outbox_remove_all(s, &(int64_t){ 0 }, "SELECT seq FROM outbox WHERE sender = ?1 LIMIT 1", "s", from, NULL, NULL);
}

/* ---- what waits, for people */

static int64_t or_none(sqlite3_stmt *st, int col, int64_t none)
{
	return sqlite3_column_type(st, col) == SQLITE_NULL ? none : sqlite3_column_int64(st, col);
}

static const char *words(sqlite3_stmt *st, int col)
{
	const char *p = (const char *)sqlite3_column_text(st, col);

	return p ? p : "";
}

static struct berth_waiting waiting(sqlite3_stmt *st)
{
	struct berth_waiting w = { .peer = words(st, 0), .msgs = sqlite3_column_int64(st, 1),
		.bytes = sqlite3_column_int64(st, 2), .parked = sqlite3_column_int64(st, 3),
		.oldest_s = sqlite3_column_int64(st, 4), .next_s = or_none(st, 5, INT64_MAX),
		.silent_s = or_none(st, 7, -1), .silences = sqlite3_column_int(st, 8), .error = words(st, 9) };

	if (w.silent_s >= 0)
		w.next_s = sqlite3_column_int64(st, 6);
	if (!w.error[0])
		w.error = words(st, 10);
	return w;
}

enum berth_err berth_store_waiting_each(struct berth_store *s, size_t limit, berth_waiting_fn fn, void *arg)
{
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	if ((rc = store_ready(s, false)) ||
	    (rc = store_stmt(s, &st, "SELECT o.peer, count(*), sum(o.size), sum(o.parked), min(o.created_s),"
			     " min(CASE WHEN o.parked = 0 AND o.next_s >= 0 THEN o.next_s END), s.next_s, s.since_s, s.tries, s.error, max(o.error)"
			     " FROM outbox o LEFT JOIN silent s ON s.peer = o.peer GROUP BY o.peer ORDER BY min(o.created_s),"
			     " o.peer LIMIT ?1", "i", (int64_t)limit)))
		return rc;
	while (!(rc = store_step(s, st, &row)) && row) {
		struct berth_waiting w = waiting(st);

		if ((rc = fn(arg, &w)))
			break;
	}
	sqlite3_reset(st);
	return rc;
}

#define ROW "SELECT seq, id, peer, thid, size, parked, created_s, next_s, expires_s, tries, error FROM outbox"

static enum berth_err show_row(sqlite3_stmt *st, berth_outbox_fn fn, void *arg)
{
	const struct berth_outbox_row r = { .seq = sqlite3_column_int64(st, 0), .id = words(st, 1), .peer = words(st, 2),
		.thid = words(st, 3), .body_len = (size_t)sqlite3_column_int64(st, 4),
		.parked = sqlite3_column_int(st, 5) != 0, .created_s = sqlite3_column_int64(st, 6),
		.next_s = store_next_s(sqlite3_column_int64(st, 7)), .expires_s = sqlite3_column_int64(st, 8),
		.tries = sqlite3_column_int(st, 9) };

	return fn(arg, &r, words(st, 10));
}

static enum berth_err show_rows(struct berth_store *s, sqlite3_stmt *st, berth_outbox_fn fn, void *arg)
{
	enum berth_err rc;
	bool row;

	while (!(rc = store_step(s, st, &row)) && row)
		if ((rc = show_row(st, fn, arg)))
			break;
	sqlite3_reset(st);
	sqlite3_clear_bindings(st);
	return rc;
}

enum berth_err berth_store_outbox_each(struct berth_store *s, const char *peer, size_t limit, berth_outbox_fn fn, void *arg)
{
	sqlite3_stmt *st;
	enum berth_err rc;

	if ((rc = store_ready(s, false)) ||
	    (rc = store_stmt(s, &st, ROW " WHERE ?1 = '' OR peer = ?1 ORDER BY seq LIMIT ?2", "si", or_any(peer), (int64_t)limit)))
		return rc;
	return show_rows(s, st, fn, arg);
}

enum berth_err berth_store_outbox_one(struct berth_store *s, int64_t seq, berth_outbox_fn fn, void *arg)
{
	sqlite3_stmt *st;
	enum berth_err rc;

	if ((rc = store_ready(s, false)) || (rc = store_stmt(s, &st, ROW " WHERE seq = ?1", "i", seq)))
		return rc;
	return show_rows(s, st, fn, arg);
}
