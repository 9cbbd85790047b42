/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's transaction and its savepoints, which are opened where something has to be written: what
 * of a group was put off before, then what this transaction of ours has put off, behind a savepoint
 * if it may be taken back alone, and behind another what its step has. */
#include "agent/core/store_internal.h"

int64_t store_changes(const struct berth_store *s)
{
	return s->db ? sqlite3_total_changes64(s->db) - s->behind.counted + s->behind.noted : s->behind.noted;
}

enum berth_err store_control(struct berth_store *s, const char *sql, bool *flag, bool open)
{
	bool settling = s->settling;
	enum berth_err rc;

	s->settling = true;
	if (!(rc = store_run(s, sql, "")))
		*flag = open;
	s->settling = settling;
	return rc;
}

/* Those of the transactions before this one; whose they were cannot be said any more. */
static enum berth_err write_others(struct berth_store *s, size_t n)
{
	enum berth_err rc = store_behind_run(s, 0, n);

	if (!rc)
		return BERTH_OK;
	s->failed = s->lost = true;
	store_txn_abandon(s);
	if (!s->in_txn)
		store_group_gone(s);
	return rc;
}

static enum berth_err write_ours(struct berth_store *s)
{
	struct store_behind *b = &s->behind;
	size_t saved = s->saved ? b->saved : b->n;
	enum berth_err rc = BERTH_OK;

	if (s->gathered && !s->plain && !s->inner)
		rc = store_control(s, "SAVEPOINT txn", &s->inner, true);
	if (!rc)
		rc = store_behind_run(s, b->begin, saved);
	if (!rc && s->saved && !s->bare && !s->stepped)
		rc = store_control(s, "SAVEPOINT step", &s->stepped, true);
	return rc ? rc : store_behind_run(s, saved, b->n);
}

static enum berth_err settle(struct berth_store *s)
{
	enum berth_err rc = s->open ? BERTH_OK : store_control(s, "BEGIN IMMEDIATE", &s->open, true);

	if (rc || (rc = write_others(s, s->in_txn ? s->behind.begin : s->behind.n)))
		return rc;
	if (s->in_txn && (rc = write_ours(s)))
		s->failed = true;
	store_behind_cut(s, 0);
	s->behind.begin = s->behind.saved = 0;
	return rc;
}

enum berth_err store_settle(struct berth_store *s)
{
	enum berth_err rc;

	s->settling = true;
	rc = settle(s);
	s->settling = false;
	return rc;
}
