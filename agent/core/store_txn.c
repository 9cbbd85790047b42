/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, alone and in groups.  A group is one transaction of SQLite, so that a page which
 * many of them change goes to the log once.  It stays open for the next one (kept) where that was
 * asked for and all that is in it may be lost.  What ours write is put off (store_behind.c): SQLite
 * hears of a transaction when something has to be written, and of ours as a savepoint in it only
 * where that is before its end. */
#include <stdio.h>

#include "agent/core/store_internal.h"
#include "did/base/clock.h"

#define LOG_MIN (1 << 20)
#define LOG_MAX (4 << 20)
#define CACHE_KIB_MIN 2048
#define CACHE_KIB_MAX 8192

/* The cache may have as much as the main file has, up to 8 MiB: what the messages of one device ask
 * for is all over the store of an owner of a thousand.  A small device's stays as small as its store. */
static void widen(struct berth_store *s, sqlite3_int64 size)
{
	int kib = size > CACHE_KIB_MIN << 11 ? CACHE_KIB_MAX : size > CACHE_KIB_MIN << 10 ? CACHE_KIB_MAX / 2 : CACHE_KIB_MIN;
	char sql[sizeof("PRAGMA cache_size = -8192")];

	if (kib <= s->cache_kib)	/* what is in it is in use */
		return;
	snprintf(sql, sizeof(sql), "PRAGMA cache_size = -%d", kib);
	if (sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK)
		s->cache_kib = kib;
}

/* The pages of the log go to the main file when they are as many as it has itself, but not
 * before they are 1 MiB and not later than at 4: what changes all the time is copied
 * seldom, and a small device's disk and every start have little to do with the log. */
static void measure(struct berth_store *s)
{
	sqlite3_file *f = NULL;
	sqlite3_int64 size = 0;

	if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_FILE_POINTER, &f) != SQLITE_OK || !f || !f->pMethods ||
	    f->pMethods->xFileSize(f, &size) != SQLITE_OK)
		size = 0;
	widen(s, size);
	size = size < LOG_MIN ? LOG_MIN : size > LOG_MAX ? LOG_MAX : size;
	s->log_pages = (int)(size / s->page_len);
}

/* As SQLite itself would do it, but never before the log has been synced: an error of
 * that sync would be told to nobody. */
static void checkpoint(struct berth_store *s)
{
	int how = s->scrub ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;

	if (s->scrub || s->wal_frames >= s->log_pages) {
		s->log.cut = s->scrub;
		s->scrub &= sqlite3_wal_checkpoint_v2(s->db, "main", how, NULL, NULL) != SQLITE_OK;
		s->log.cut = false;
		measure(s);
	}
	s->wal_frames = 0;
}

void berth_store_scrub(struct berth_store *s) { s->scrub = true; }

static int on_commit(void *arg, sqlite3 *db, const char *name, int frames)
{
	struct berth_store *s = arg;

	(void)db;
	(void)name;
	s->wal_frames = frames;
	if (!s->relaxed)
		checkpoint(s);
	return SQLITE_OK;
}

enum berth_err store_txn_watch(struct berth_store *s)
{
	enum berth_err rc = store_int(s, &s->page_len, 0, "PRAGMA page_size", "");

	if (rc)
		return rc;
	s->cache_kib = 0;
	measure(s);
	sqlite3_wal_hook(s->db, on_commit, s);
	return BERTH_OK;
}

/* What was counted and remembered is not so any more. */
static void forget(struct berth_store *s)
{
	s->total = (struct store_totals){ 0 };
	store_recent_clear(s);
	store_listed_clear(s);
}

/* All that SQLite has open.  Without memory it stays open, and part of a transaction of ours could be
 * committed with what comes next: closing the file needs none. */
void store_txn_abandon(struct berth_store *s)
{
	sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
	s->damaged |= !sqlite3_get_autocommit(s->db);
}

void store_group_gone(struct berth_store *s)
{
	s->lost |= s->owed || s->kept;
	s->gathered = s->kept = s->later = s->owed = false;
	s->open = s->inner = s->stepped = false;
	store_behind_cut(s, 0);
	s->behind.begin = s->behind.saved = 0;
	forget(s);
	s->moved++;
}

void store_group_look(struct berth_store *s)
{
	if (s->gathered && (!s->db || (s->open && sqlite3_get_autocommit(s->db))))
		store_group_gone(s);
}

/* To the log, as one. */
static enum berth_err write_all(struct berth_store *s)
{
	enum berth_err rc = s->behind.n ? store_settle(s) : BERTH_OK;

	return rc || !s->open ? rc : store_control(s, "COMMIT", &s->open, false);
}

/* ---- groups */

/* All of it or nothing. */
enum berth_err store_group_write(struct berth_store *s)
{
	enum berth_err rc;

	store_group_look(s);
	if (!s->gathered)
		return BERTH_OK;
	rc = s->damaged ? berth_fail(BERTH_E_STORE, "store: an I/O error in a group") : write_all(s);
	if (rc) {
		store_txn_abandon(s);
		store_group_gone(s);
	}
	s->gathered = s->kept = s->later = false;
	return rc;
}

/* Nobody waits for anything in it, and what comes next may change the same pages. */
static bool may_keep(const struct berth_store *s)
{
	return s->gathered && s->later && !s->owed && !s->lost && !s->damaged && !s->scrub && berth_clock_mono_ms() < s->due_ms;
}

uint64_t berth_store_due_ms(const struct berth_store *s) { return s->kept ? s->due_ms : UINT64_MAX; }

void berth_store_group(struct berth_store *s, bool on)
{
	store_group_look(s);
	if (!on && !s->in_txn && !(s->kept = may_keep(s)))
		(void)!store_group_write(s);	/* what is lost the next sync tells */
	s->group = on;
}

void berth_store_group_undo(struct berth_store *s)
{
	store_group_look(s);
	if (s->gathered) {
		store_txn_abandon(s);
		store_group_gone(s);
	}
	s->lost = true;
}

/* SQLite syncs the log at each commit, or leaves that to us. */
static enum berth_err relax(struct berth_store *s)
{
	enum berth_err rc;

	if (s->relaxed == s->group)
		return BERTH_OK;
	if ((rc = store_exec(s, s->group ? "PRAGMA synchronous = NORMAL" : "PRAGMA synchronous = FULL")))
		return rc;
	s->relaxed = s->group;
	return BERTH_OK;
}

enum berth_err store_txn_sync(struct berth_store *s)
{
	sqlite3_file *wal = NULL;
	int rc = sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal);

	if (rc == SQLITE_OK && wal && wal->pMethods)
		rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL);
	if (rc == SQLITE_OK)
		return BERTH_OK;
	s->damaged = true;	/* whatever SQLite calls it */
	return store_sqlite(s, rc, "sync");
}

enum berth_err berth_store_sync(struct berth_store *s)
{
	bool owed, lost;
	enum berth_err rc;

	if (s->in_txn)
		return berth_fail(BERTH_E_INTERNAL, "store: sync inside a transaction");
	store_group_look(s);
	if ((s->kept = may_keep(s)))
		return BERTH_OK;
	rc = store_group_write(s);
	lost = s->lost || (s->owed && (s->damaged || !s->db));
	owed = s->owed;
	s->owed = s->lost = false;
	if (lost && !rc)	/* opened anew meanwhile, or about to be */
		rc = berth_fail(BERTH_E_STORE, "store: lost before it was synced");
	if (rc || !s->db || s->damaged || (!owed && !s->scrub && s->wal_frames < s->log_pages))
		return rc;
	if ((rc = store_txn_sync(s)))
		return rc;
	checkpoint(s);
	return BERTH_OK;
}

/* ---- one transaction */

static enum berth_err begin(struct berth_store *s, bool plain)
{
	enum berth_err rc;

	if (s->in_txn)
		return berth_fail(BERTH_E_INTERNAL, "store: transaction inside a transaction");
	if ((rc = store_ready(s, false)) || (rc = store_listed_learn(s)) || (s->gathered && !s->group && (rc = store_group_write(s))) ||
	    (!s->gathered && (rc = relax(s))))
		return rc;
	s->failed = false;
	s->plain = plain && s->gathered;
	s->in_txn = true;
	s->behind.begin = s->behind.n;
	s->began = s->changes = store_changes(s);
	s->at_begin = s->total;
	return BERTH_OK;
}

enum berth_err berth_store_begin(struct berth_store *s) { return begin(s, false); }
enum berth_err berth_store_begin_plain(struct berth_store *s) { return begin(s, true); }

static enum berth_err commit(struct berth_store *s)
{
	enum berth_err rc;

	if (!s->group)
		return write_all(s);
	if (s->inner && (rc = store_control(s, "RELEASE txn", &s->inner, false)))
		return rc;
	if (s->gathered || (!s->open && !s->behind.n))
		return BERTH_OK;
	s->gathered = true;	/* the first of a group stays open for the others */
	s->due_ms = berth_clock_mono_ms() + BERTH_STORE_LATER_MS;
	return BERTH_OK;
}

enum berth_err berth_store_commit_loose(struct berth_store *s)
{
	enum berth_err rc;

	if ((rc = store_ready(s, true)) || (rc = commit(s)))
		berth_store_rollback(s);
	store_listed_commit(s);
	s->in_txn = s->saved = s->stepped = false;
	return rc;
}

enum berth_err berth_store_commit_later(struct berth_store *s)
{
	enum berth_err rc = berth_store_commit_loose(s);

	s->later |= !rc && s->gathered;
	return rc;
}

enum berth_err berth_store_commit(struct berth_store *s)
{
	enum berth_err rc = berth_store_commit_loose(s);

	s->owed |= !rc && s->relaxed && store_changes(s) != s->changes;
	return rc;
}

/* What of it is in SQLite's transaction. */
static enum berth_err take_back(struct berth_store *s)
{
	const char *sql = s->inner ? "ROLLBACK TO txn; RELEASE txn" : "ROLLBACK";

	if (!s->db || !s->open || sqlite3_get_autocommit(s->db) || (s->gathered && !s->plain && !s->inner))
		return BERTH_OK;
	return sqlite3_exec(s->db, sql, NULL, NULL, NULL) == SQLITE_OK ? BERTH_OK : BERTH_E_STORE;
}

void berth_store_rollback(struct berth_store *s)
{
	if (!s->in_txn)
		return;
	s->lost |= s->plain;
	s->total = s->at_begin;
	store_recent_back(s, s->total.noted);
	store_listed_rollback(s);
	store_behind_cut(s, s->behind.begin);
	if (take_back(s)) {
		forget(s);
		store_txn_abandon(s);
	}
	s->in_txn = s->saved = s->failed = s->inner = s->stepped = false;
	s->open &= s->gathered;
	store_group_look(s);
	if (s->plain && s->gathered)
		store_group_gone(s);
}

bool berth_store_in_transaction(const struct berth_store *s) { return s->in_txn; }

enum berth_err berth_store_savepoint(struct berth_store *s)
{
	enum berth_err rc;

	if ((rc = store_ready(s, true)))
		return rc;
	if (s->saved)
		return berth_fail(BERTH_E_INTERNAL, "store: savepoint inside a savepoint");
	s->bare = !s->plain && store_changes(s) == s->began;
	s->saved = true;
	s->behind.saved = s->behind.n;
	s->at_savepoint = s->total;
	store_listed_save(s);
	return BERTH_OK;
}

static enum berth_err undo(struct berth_store *s)
{
	store_behind_cut(s, s->behind.saved);
	if (!s->bare)
		return s->stepped ? store_control(s, "ROLLBACK TO step", &s->stepped, true) : BERTH_OK;
	if (s->gathered)
		return s->inner ? store_control(s, "ROLLBACK TO txn", &s->inner, true) : BERTH_OK;
	return s->open ? store_control(s, "ROLLBACK", &s->open, false) : BERTH_OK;
}

enum berth_err berth_store_undo(struct berth_store *s)
{
	enum berth_err rc;

	if (!s->saved)
		return berth_fail(BERTH_E_INTERNAL, "store: no savepoint");
	if ((rc = store_ready(s, true)) || (rc = undo(s))) {
		forget(s);
		return rc;
	}
	s->total = s->at_savepoint;
	store_recent_back(s, s->total.noted);
	store_listed_undo(s);
	return berth_store_keep(s);
}

enum berth_err berth_store_keep(struct berth_store *s)
{
	enum berth_err rc;

	if (!s->saved)
		return berth_fail(BERTH_E_INTERNAL, "store: no savepoint");
	if ((rc = store_ready(s, true)) || (s->stepped && (rc = store_control(s, "RELEASE step", &s->stepped, false))))
		return rc;
	s->saved = false;
	return BERTH_OK;
}
