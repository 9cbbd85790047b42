/* SPDX-License-Identifier: Apache-2.0 */
/* Dead letters: what was given up, until somebody was told and somebody has seen it. */
#include <string.h>

#include "agent/core/store_internal.h"

/* One peer's pile of them pushes out its own first. */
static enum berth_err cap(struct berth_store *s, const char *peer)
{
	enum berth_err rc = store_run(s, "DELETE FROM dead WHERE peer = ?1 AND seq <= (SELECT seq FROM dead WHERE peer = ?1"
				      " ORDER BY seq DESC LIMIT 1 OFFSET ?2)", "si", peer, (int64_t)BERTH_OUTBOX_PEER_DEAD_MAX);

	return rc ? rc : store_run(s, "DELETE FROM dead WHERE seq <= (SELECT seq FROM dead ORDER BY seq DESC"
				   " LIMIT 1 OFFSET ?1)", "i", (int64_t)BERTH_OUTBOX_DEAD_MAX);
}

static enum berth_err cap_of(struct berth_store *s, int64_t seq)
{
	char peer[BERTH_OUTBOX_DID_MAX + 1];
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	if ((rc = store_stmt(s, &st, "SELECT peer FROM dead WHERE seq = ?1", "i", seq)) || (rc = store_step(s, st, &row)) || !row)
		return rc;
	sqlite3_snprintf((int)sizeof(peer), peer, "%s", sqlite3_column_text(st, 0));
	sqlite3_reset(st);
	return cap(s, peer);
}

/* Whom nobody waits for there is nobody to tell. */
enum berth_err berth_store_outbox_dead(struct berth_store *s, int64_t seq, int64_t now_s, const char *reason)
{
	enum berth_err rc;
	int64_t there;

	/* while a row was under way its thread may have been dropped, or others taken its place */
	if ((rc = store_ready(s, true)) ||
	    (rc = store_int(s, &there, 0, "SELECT 1 FROM outbox WHERE seq = ?1", "i", seq)) || !there)
		return rc;
	if ((rc = store_run(s, "INSERT INTO dead (id, peer, thid, reason, when_s, tries, machine, instance, told)"
			    " SELECT id, peer, thid, substr(?2, 1, ?4), ?3, tries, machine, instance, machine = ''"
			    " FROM outbox WHERE seq = ?1", "isii", seq, reason, now_s, (int64_t)BERTH_OUTBOX_ERROR_MAX)) ||
	    (rc = cap_of(s, sqlite3_last_insert_rowid(s->db))))
		return rc;
	s->total.untold = true;
	s->moved++;
	return store_outbox_remove(s, seq);
}

enum berth_err berth_store_outbox_expired(struct berth_store *s, int64_t now_s, int64_t *seq)
{
	enum berth_err rc;

	*seq = 0;
	if ((rc = store_ready(s, false)) || (rc = store_totals(s)) || !s->total.out_msgs)
		return rc;
	return store_int(s, seq, 0, "SELECT seq FROM outbox WHERE expires_s <= ?1 ORDER BY expires_s, seq LIMIT 1", "i", now_s);
}

/* ---- reading */

#define COLUMNS "seq, id, peer, thid, machine, instance, reason, when_s, tries"

static const char *words(sqlite3_stmt *st, int col)
{
	const char *p = (const char *)sqlite3_column_text(st, col);

	return p ? p : "";
}

static enum berth_err show(sqlite3_stmt *st, berth_dead_fn fn, void *arg)
{
	const struct berth_dead d = { .seq = sqlite3_column_int64(st, 0), .id = words(st, 1), .peer = words(st, 2),
		.thid = words(st, 3), .machine = words(st, 4), .instance = words(st, 5), .reason = words(st, 6),
		.when_s = sqlite3_column_int64(st, 7), .tries = sqlite3_column_int(st, 8) };

	return fn(arg, &d);
}

enum berth_err berth_store_dead_each(struct berth_store *s, berth_dead_fn fn, void *arg)
{
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	if ((rc = store_ready(s, false)) || (rc = store_stmt(s, &st, "SELECT " COLUMNS " FROM dead ORDER BY seq", "")))
		return rc;
	while (!(rc = store_step(s, st, &row)) && row)
		if ((rc = show(st, fn, arg)))
			break;
	sqlite3_reset(st);
	return rc;
}

enum berth_err berth_store_dead_untold(struct berth_store *s, int64_t after, berth_dead_fn fn, void *arg)
{
	sqlite3_stmt *st;
	enum berth_err rc;
	bool row;

	if ((rc = store_ready(s, false)) || (rc = store_totals(s)) || !s->total.untold ||
	    (rc = store_stmt(s, &st, "SELECT " COLUMNS " FROM dead WHERE told = 0 AND seq > ?1 ORDER BY seq LIMIT 1", "i", after)) ||
	    (rc = store_step(s, st, &row)))
		return rc;
	if (!row) {
		s->total.untold = after > 0;
		return BERTH_OK;
	}
	rc = show(st, fn, arg);
	sqlite3_reset(st);
	return rc;
}

/* ---- what becomes of them */

enum berth_err berth_store_dead_told(struct berth_store *s, int64_t seq)
{
	enum berth_err rc;

	return (rc = store_ready(s, true)) ? rc : store_run(s, "UPDATE dead SET told = 1 WHERE seq = ?1", "i", seq);
}

enum berth_err berth_store_dead_drop(struct berth_store *s, const char *id, const char *peer, int64_t *out_n)
{
	enum berth_err rc;

	*out_n = 0;
	if ((rc = store_ready(s, true)) ||
	    (rc = store_run(s, "DELETE FROM dead WHERE (?1 = '' OR id = ?1) AND (?2 = '' OR peer = ?2)", "ss",
			    id ? id : "", peer ? peer : "")))
		return rc;
	*out_n = sqlite3_changes(s->db);
	return BERTH_OK;
}
