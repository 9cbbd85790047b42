/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/store_internal.h"
#include "did/base/clock.h"

#define APPLICATION_ID "1113937012"	/* "Bert" */
/* Of a file that is made; one that is there keeps its own.  For a few hundred octets a page goes
 * to the log whole, is hashed, copied and synced; smaller ones are more calls of a checkpoint. */
#define PAGE_LEN "2048"
#define REOPEN_MS 1000
#define FULL_CHECK_MAX (1 << 20)
#define PATH_LEN (PATH_MAX + 32)

/* ---- the folder and the files, before SQLite sees them */

static enum berth_err check_dir(const char *dir, bool create)
{
	struct stat st;

	if (create && mkdir(dir, 0700) && errno != EEXIST)
		return berth_fail(BERTH_E_STORE, "%s: %s", dir, strerror(errno));
	if (stat(dir, &st))
		return berth_fail(BERTH_E_STORE, "%s: %s", dir, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 077))
		return berth_fail(BERTH_E_STORE, "%s: must be a folder of uid %u with mode 0700",
				  dir, (unsigned)geteuid());
	return BERTH_OK;
}

/* *there: false when there is no such file. */
static enum berth_err check_file(const char *path, bool *there)
{
	struct stat st;

	*there = false;
	if (lstat(path, &st)) {
		if (errno == ENOENT)
			return BERTH_OK;
		return berth_fail(BERTH_E_STORE, "%s: %s", path, strerror(errno));
	}
	*there = true;
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1 || st.st_uid != geteuid() || (st.st_mode & 077))
		return berth_fail(BERTH_E_STORE, "%s: must be a file of uid %u with mode 0600",
				  path, (unsigned)geteuid());
	return BERTH_OK;
}

static enum berth_err sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int bad = fd < 0 || fsync(fd);

	if (fd >= 0)
		close(fd);
	return bad ? berth_fail(BERTH_E_STORE, "%s: cannot be synced", dir) : BERTH_OK;
}

/* ---- opening */

/* clean: the -wal may be folded in and removed.  Else it stays as it is, for the
 * next connection to read from the disk. */
static void shut(struct berth_store *s, bool clean)
{
	if (s->db && !clean)
		sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	store_stmts_free(s);
	sqlite3_close_v2(s->db);
	store_log_end(s);
	s->db = NULL;
	s->lost |= s->owed || s->kept;
	s->moved++;
	s->owed = s->kept = s->later = false;
	s->in_txn = s->gathered = s->saved = s->failed = s->relaxed = false;
	s->open = s->inner = s->stepped = false;
	store_behind_end(s);
	store_filter_end(s);
	s->total = (struct store_totals){ 0 };
	store_recent_clear(s);
	store_listed_clear(s);
}

static enum berth_err connect(struct berth_store *s, const char *path)
{
	int rc, flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
			SQLITE_OPEN_EXRESCODE;
	enum berth_err e;

	store_memory_begin(BERTH_STORE_HEAP_MAX);
	rc = sqlite3_open_v2(path, &s->db, flags, store_log_begin(s));
	if (rc != SQLITE_OK)
		return store_sqlite(s, rc, "open");
	sqlite3_busy_timeout(s->db, BERTH_STORE_BUSY_MS);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(s->db, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
	/* EXCLUSIVE: a second daemon on the same folder is refused, and the WAL's
	 * index lives in our heap instead of a shared file. */
	if ((e = store_exec(s, "PRAGMA page_size = " PAGE_LEN "; PRAGMA locking_mode = EXCLUSIVE;"
			    "PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL")) ||
	    (e = store_exec(s, "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON;"
			    "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA journal_size_limit = 4718592")))
		return e;
	if ((e = store_filter_watch(s)))
		return e;
	return store_txn_watch(s);
}

/* The file is one of ours and in order.  What a full check adds, that indexes and
 * tables agree, takes too long at every start of a large store. */
static enum berth_err verify(struct berth_store *s, int64_t size)
{
	const char *check = size <= FULL_CHECK_MAX ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)";
	sqlite3_stmt *st;
	enum berth_err rc;
	int64_t id;
	bool row;

	if ((rc = store_int(s, &id, 0, "PRAGMA application_id", "")))
		return rc;
	if (id != strtoll(APPLICATION_ID, NULL, 10))
		return berth_fail(BERTH_E_STORE, "%s: not a Berth store", BERTH_STORE_FILE);
	if ((rc = store_stmt(s, &st, check, "")) || (rc = store_step(s, st, &row)))
		return rc;
	if (!row || strcmp((const char *)sqlite3_column_text(st, 0), "ok")) {
		s->damaged = true;
		rc = berth_fail(BERTH_E_STORE, "%s: damaged: %.100s", BERTH_STORE_FILE,
				row ? (const char *)sqlite3_column_text(st, 0) : "no answer");
	}
	sqlite3_reset(st);
	return rc;
}

/* The first file is made under another name and renamed when it is whole, so a
 * kill in between leaves nothing, and an empty berth.db is always damage. */
static enum berth_err make_file(struct berth_store *s, const char *path)
{
	char tmp[PATH_LEN], wal[PATH_LEN + 8];
	enum berth_err rc;
	int fd;

	snprintf(tmp, sizeof(tmp), "%s/%s.new", s->dir, BERTH_STORE_FILE);
	snprintf(wal, sizeof(wal), "%s-wal", tmp);
	unlink(tmp);
	unlink(wal);
	fd = open(tmp, O_CREAT | O_EXCL | O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return berth_fail(BERTH_E_STORE, "%s: %s", tmp, strerror(errno));
	close(fd);
	if (!(rc = connect(s, tmp)) && !(rc = store_exec(s, "PRAGMA application_id = " APPLICATION_ID)))
		rc = store_migrate(s);
	if (!rc)	/* pages of tables that are no more are none that could be damaged unseen */
		rc = store_exec(s, "PRAGMA incremental_vacuum; PRAGMA wal_checkpoint(TRUNCATE)");
	shut(s, rc == BERTH_OK);
	if (!rc && rename(tmp, path))
		rc = berth_fail(BERTH_E_STORE, "%s: %s", path, strerror(errno));
	return rc ? rc : sync_dir(s->dir);
}

/* While we have the file open its main part says so.  A main part that says so,
 * with no -wal beside it, has lost commits that were acknowledged. */
static enum berth_err mark_open(struct berth_store *s, bool wal_there)
{
	enum berth_err rc;
	int64_t open = 0;

	if ((rc = store_int(s, &open, 0, "SELECT val FROM meta WHERE name = 'open'", "")))
		return rc;
	if (open && !wal_there)
		return berth_fail(BERTH_E_STORE, "%s-wal: missing after an unclean stop", BERTH_STORE_FILE);
	if (!open && (rc = store_exec(s, "INSERT OR REPLACE INTO meta VALUES ('open', 1)")))
		return rc;
	/* Also makes durable what a -wal holds whose last sync failed, and whoever was killed may
	 * have had something in it that was to be wiped. */
	s->log.cut = wal_there;
	rc = store_exec(s, "PRAGMA wal_checkpoint(TRUNCATE)");
	s->log.cut = false;
	if (rc)
		return rc;
	return store_txn_sync(s);	/* that it is empty (store_log.c) */
}

static enum berth_err open_file(struct berth_store *s, bool create)
{
	char path[PATH_LEN], wal[PATH_LEN + 8];
	bool there, wal_there;
	enum berth_err rc;
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", s->dir, BERTH_STORE_FILE);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	if ((rc = check_dir(s->dir, false)) || (rc = check_file(path, &there)) ||
	    (rc = check_file(wal, &wal_there)))
		return rc;
	if (!there && (wal_there || !create))
		return berth_fail(BERTH_E_STORE, "%s: missing", path);
	if (!there) {
		if ((rc = make_file(s, path)))
			return rc;
		s->created = true;
	}
	if (stat(path, &st) || st.st_size == 0)
		return berth_fail(BERTH_E_STORE, "%s: empty", path);
	if ((rc = connect(s, path)) || (rc = verify(s, st.st_size)) || (rc = store_migrate(s)) ||
	    (rc = mark_open(s, wal_there)) || (rc = store_totals(s)))
		return rc;
	store_stmts_free(s);	/* they are not needed again, and that of the check is 38 KiB */
	s->damaged = false;
	return BERTH_OK;
}

enum berth_err berth_store_open_vfs(struct berth_store **out, const char *dir, bool create, const char *vfs)
{
	struct berth_store *s = NULL;
	enum berth_err rc;
	mode_t old;

	*out = NULL;
	if ((rc = check_dir(dir, create)))
		return rc;
	if (!(s = calloc(1, sizeof(*s))) || (vfs && !(s->vfs = strdup(vfs)))) {
		rc = berth_no_memory();
		goto out;
	}
	if (!(s->dir = realpath(dir, NULL))) {	/* so that NOFOLLOW means our file only */
		rc = berth_fail(BERTH_E_STORE, "%s: %s", dir, strerror(errno));
		goto out;
	}
	store_listed_clear(s);
	old = umask(0177);
	rc = open_file(s, create);
	umask(old);
	if (rc)
		goto out;
	*out = s;
	s = NULL;
out:
	if (s) {
		shut(s, false);
		free(s->dir);
		free(s->vfs);
		free(s);
	}
	return rc;
}

void berth_store_one_thread(void)
{
	sqlite3_config(SQLITE_CONFIG_SINGLETHREAD);
}

enum berth_err berth_store_open(struct berth_store **out, const char *dir, bool create)
{
	return berth_store_open_vfs(out, dir, create, NULL);
}

void berth_store_close(struct berth_store *s)
{
	bool clean;

	if (!s)
		return;
	berth_store_rollback(s);
	clean = store_group_write(s) == BERTH_OK && s->db && !s->damaged &&
		store_exec(s, "UPDATE meta SET val = 0 WHERE name = 'open'") == BERTH_OK;
	shut(s, clean);
	free(s->dir);
	free(s->vfs);
	free(s);
}

bool berth_store_was_created(const struct berth_store *s) { return s->created; }

static enum berth_err reopen(struct berth_store *s)
{
	uint64_t now = berth_clock_mono_ms();
	enum berth_err rc;
	mode_t old;

	if (s->tried_ms && now - s->tried_ms < REOPEN_MS)
		return berth_fail(BERTH_E_STORE, "store: waits after an I/O error");
	s->tried_ms = now ? now : 1;
	shut(s, false);
	old = umask(0177);
	rc = open_file(s, false);
	umask(old);
	if (rc) {
		s->damaged = true;
		return rc;
	}
	return BERTH_OK;
}

enum berth_err store_ready(struct berth_store *s, bool write)
{
	if (write && !s->in_txn)
		return berth_fail(BERTH_E_INTERNAL, "store: write outside a transaction");
	/* Some errors make SQLite roll back by itself; what came after would be
	 * committed piece by piece. */
	if (s->in_txn && (s->failed || (s->open && sqlite3_get_autocommit(s->db))))
		return berth_fail(BERTH_E_STORE, "store: an earlier error spoiled this transaction");
	store_group_look(s);
	return s->damaged ? reopen(s) : BERTH_OK;
}
