/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of the store for a backup, whole and of one moment, while the store goes on. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/core/store_internal.h"

#define PATH_LEN 4096

static enum berth_err copy(struct berth_store *s, sqlite3 *to)
{
	sqlite3_backup *b = sqlite3_backup_init(to, "main", s->db, "main");
	int rc;

	if (!b)
		return store_sqlite(s, sqlite3_errcode(to), "snapshot");
	rc = sqlite3_backup_step(b, -1);
	sqlite3_backup_finish(b);
	return rc == SQLITE_DONE ? BERTH_OK : berth_fail(BERTH_E_STORE, "snapshot: %s", sqlite3_errstr(rc));
}

/* One file, which says that nobody has it open, and whoever starts from it that it is one. */
static enum berth_err finish(sqlite3 *to)
{
	int rc = sqlite3_exec(to, "PRAGMA journal_mode = DELETE; UPDATE meta SET val = 0 WHERE name = 'open';"
			      "INSERT OR REPLACE INTO meta VALUES ('c:" BERTH_COUNTER_RESTORED "', 1)", NULL, NULL, NULL);

	return rc == SQLITE_OK ? BERTH_OK : berth_fail(BERTH_E_STORE, "snapshot: %s", sqlite3_errmsg(to));
}

enum berth_err berth_store_snapshot(struct berth_store *s, struct berth_buf *path)
{
	sqlite3 *to = NULL;
	enum berth_err rc;
	mode_t old;

	berth_buf_printf(path, "%s/%s", s->dir, BERTH_STORE_SNAPSHOT);
	if ((rc = berth_buf_status(path)) || (rc = store_ready(s, false)) ||
	    ((s->in_txn || s->group) && (rc = berth_fail(BERTH_E_INTERNAL, "snapshot within a transaction"))) ||
	    (rc = store_group_write(s)))
		return rc;
	unlink(berth_buf_cstr(path));
	old = umask(0177);
	if (sqlite3_open_v2(berth_buf_cstr(path), &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX |
			    SQLITE_OPEN_NOFOLLOW, s->vfs) != SQLITE_OK)
		rc = berth_fail(BERTH_E_STORE, "snapshot: %s", to ? sqlite3_errmsg(to) : "no memory");
	else if (!(rc = copy(s, to)))
		rc = finish(to);
	sqlite3_close(to);
	umask(old);
	if (rc)
		unlink(berth_buf_cstr(path));
	return rc;
}
