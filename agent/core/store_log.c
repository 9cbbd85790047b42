/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite's log in fewer writes and cheaper syncs.  It hands over each page of a commit in two,
 * and a file that grows with each of them is dear.  What follows what was written last is put
 * together here and handed on at the end of the commit, before SQLite is told that it is
 * written: never is anything of a commit held that SQLite, or anybody else, takes for done.
 * Syncs that would change nothing are left out.
 *
 * And the file has room: where it grows zeros are written ahead, and it is emptied by a head of
 * zeros, so that a sync is one of data and not one of the file system's journal, too.  To SQLite
 * zeros are neither a head nor a page. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"

#define HELD_MAX ((size_t)96 << 10)	/* more than a page of any size; SQLite's own VFS takes 128 KiB for nothing */
#define ROOM (256 << 10)		/* the file grows by so much; a gateway is onboarded within it */
#define ZEROS (64 << 10)
#define HEAD_LEN 24			/* of a page's frame; bytes 4 to 7 are 0 unless it ends a commit */
#define LOG_HEAD_LEN 32			/* of all of them */

struct log {
	sqlite3_file base;
	sqlite3_file *file;	/* the one below */
	uint8_t *held;		/* NULL while nothing is */
	size_t n;
	sqlite3_int64 end;	/* of what was written last, or is held; -1: nowhere */
	sqlite3_int64 size;	/* of what was written */
	sqlite3_int64 room;	/* of the file */
	const bool *cut;	/* it is emptied for good: nothing may be read there any more */
	bool last;		/* it was the head of a page that ends a commit */
	bool synced;		/* nothing was written since */
	bool blank;		/* nor is there anything on the disk */
};

/* Where there was nothing before: over an older log zeros that are on the disk before its head
 * would leave a part of it that is in order.  A disk that has no room for them may have some for
 * what is to be written. */
static int make_room(struct log *l, sqlite3_int64 end)
{
	static uint8_t zeros[ZEROS];	/* never written to: they take no memory */
	sqlite3_int64 more = (end - 1) / ROOM * ROOM + ROOM - l->room;
	int rc = SQLITE_OK;

	for (int n; more > 0 && rc == SQLITE_OK; l->room += n, more -= n) {
		n = more < ZEROS ? (int)more : ZEROS;
		rc = l->file->pMethods->xWrite(l->file, zeros, n, l->room);
	}
	if (rc != SQLITE_OK)
		l->room = end;
	return rc == SQLITE_FULL ? SQLITE_OK : rc;
}

static int write_below(struct log *l, const void *p, size_t n, sqlite3_int64 at)
{
	sqlite3_int64 end = at + (sqlite3_int64)n;
	int rc = l->room < end ? make_room(l, end) : SQLITE_OK;

	l->synced = l->blank = false;
	if (l->size < end)
		l->size = end;
	return rc != SQLITE_OK ? rc : l->file->pMethods->xWrite(l->file, p, (int)n, at);
}

static int flush(struct log *l)
{
	size_t n = l->n;
	int rc = n ? write_below(l, l->held, n, l->end - (sqlite3_int64)n) : SQLITE_OK;

	l->n = 0;		/* on failure SQLite takes it all back */
	free(l->held);
	l->held = NULL;
	return rc;
}

/* The room for it is there for one commit only, and has been somebody else's before. */
static bool hold(struct log *l, const void *p, size_t n)
{
	if (!l->held && !(l->held = malloc(HELD_MAX)))
		return false;
	memcpy(l->held + l->n, p, n);
	l->n += n;
	return true;
}

/* straight: it does not follow what is held, which has gone.  So goes what there is no room for:
 * then nothing is held. */
static int take(struct log *l, const void *p, size_t n, sqlite3_int64 at, bool straight)
{
	bool ends = l->last;

	l->last = n == HEAD_LEN && memcmp((const char *)p + 4, "\0\0\0", 4) != 0;
	l->end = at + (sqlite3_int64)n;
	if (straight || !hold(l, p, n))
		return write_below(l, p, n, at);
	return ends ? flush(l) : SQLITE_OK;
}

static int log_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct log *l = (struct log *)f;
	bool straight = at != l->end || (size_t)n > HELD_MAX;
	int rc = straight || l->n + (size_t)n > HELD_MAX ? flush(l) : SQLITE_OK;

	if (rc == SQLITE_OK)
		rc = take(l, p, (size_t)n, at, straight);
	if (rc != SQLITE_OK)
		l->end = -1;
	return rc;
}

static int log_close(sqlite3_file *f)
{
	struct log *l = (struct log *)f;
	int rc = flush(l), closed = l->file->pMethods->xClose(l->file);

	return rc != SQLITE_OK ? rc : closed;
}

/* Everything else is asked of the file as it is. */
static int log_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	struct log *l = (struct log *)f;
	int rc = flush(l);

	return rc != SQLITE_OK ? rc : l->file->pMethods->xRead(l->file, p, n, at);
}

static int empty(struct log *l)
{
	static const uint8_t none[LOG_HEAD_LEN];

	return l->room ? l->file->pMethods->xWrite(l->file, none, LOG_HEAD_LEN, 0) : SQLITE_OK;
}

static int sync(struct log *l, int flags)
{
	int rc = l->file->pMethods->xSync(l->file, flags);

	if (rc != SQLITE_OK)
		return rc;
	l->synced = true;
	if ((l->blank = l->size == 0))
		l->end = 0;
	return SQLITE_OK;
}

static int log_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct log *l = (struct log *)f;
	int rc = flush(l);

	l->end = -1;
	l->size = size;
	l->synced = l->blank = false;
	if (rc == SQLITE_OK && !size && !*l->cut)
		return empty(l);
	if (rc != SQLITE_OK || (rc = l->file->pMethods->xTruncate(l->file, size)) != SQLITE_OK)
		return rc;
	l->room = size;
	return sync(l, SQLITE_SYNC_NORMAL);	/* before it grows again */
}

/* The head of a log is synced before its first page, which might else be read with the head of
 * the log that was there before.  Where there was none it waits for that page. */
static int log_sync(sqlite3_file *f, int flags)
{
	struct log *l = (struct log *)f;
	int rc;

	if (l->blank && l->n == LOG_HEAD_LEN)
		return SQLITE_OK;
	if ((rc = flush(l)) != SQLITE_OK || l->synced)
		return rc;
	return sync(l, flags);
}

static int log_size(sqlite3_file *f, sqlite3_int64 *size)
{
	struct log *l = (struct log *)f;
	int rc = flush(l);

	return rc != SQLITE_OK ? rc : l->file->pMethods->xFileSize(l->file, size);
}

static sqlite3_file *below(sqlite3_file *f) { return ((struct log *)f)->file; }
static int log_lock(sqlite3_file *f, int how) { return below(f)->pMethods->xLock(below(f), how); }
static int log_unlock(sqlite3_file *f, int how) { return below(f)->pMethods->xUnlock(below(f), how); }
static int log_is_locked(sqlite3_file *f, int *is) { return below(f)->pMethods->xCheckReservedLock(below(f), is); }
static int log_control(sqlite3_file *f, int op, void *arg) { return below(f)->pMethods->xFileControl(below(f), op, arg); }
static int log_sector(sqlite3_file *f) { return below(f)->pMethods->xSectorSize(below(f)); }
static int log_traits(sqlite3_file *f) { return below(f)->pMethods->xDeviceCharacteristics(below(f)); }

static const sqlite3_io_methods methods = {
	.iVersion = 1, .xClose = log_close, .xRead = log_read, .xWrite = log_write, .xTruncate = log_truncate,
	.xSync = log_sync, .xFileSize = log_size, .xLock = log_lock, .xUnlock = log_unlock,
	.xCheckReservedLock = log_is_locked, .xFileControl = log_control, .xSectorSize = log_sector,
	.xDeviceCharacteristics = log_traits,
};

/* Other files are those of the VFS below, in the room that it asks for. */
static int open_file(sqlite3_vfs *vfs, const char *name, sqlite3_file *f, int flags, int *out_flags)
{
	sqlite3_vfs *under = ((struct store_log *)vfs)->under;
	struct log *l = (struct log *)f;
	int rc;

	if (!(flags & SQLITE_OPEN_WAL))
		return under->xOpen(under, name, f, flags, out_flags);
	*l = (struct log){ .file = (sqlite3_file *)(l + 1), .end = -1, .cut = &((struct store_log *)vfs)->cut };
	rc = under->xOpen(under, name, l->file, flags, out_flags);
	if (l->file->pMethods)
		l->base.pMethods = &methods;	/* it is closed by us */
	if (rc == SQLITE_OK)
		rc = l->file->pMethods->xFileSize(l->file, &l->size);
	l->room = l->size;
	return rc;
}

const char *store_log_begin(struct berth_store *s)
{
	struct store_log *v = &s->log;

	if (!(v->under = sqlite3_vfs_find(s->vfs)))
		return s->vfs;
	v->vfs = *v->under;	/* whatever else it does it does as it is */
	v->vfs.szOsFile += (int)sizeof(struct log);
	v->vfs.pNext = NULL;
	v->vfs.zName = v->name;
	v->vfs.xOpen = open_file;
	snprintf(v->name, sizeof(v->name), "berth-%p", (void *)s);
	return sqlite3_vfs_register(&v->vfs, 0) == SQLITE_OK ? v->name : s->vfs;
}

void store_log_end(struct berth_store *s)
{
	if (s->log.under)
		sqlite3_vfs_unregister(&s->log.vfs);
	s->log.under = NULL;
}
