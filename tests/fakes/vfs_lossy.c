/* SPDX-License-Identifier: Apache-2.0 */
/* The real file always has what SQLite wrote; beside it we keep what was synced
 * and the operations since.  When the power goes, the file is rewritten as some
 * mixture of the two, and every later call fails until the next reset. */
#include "tests/fakes/vfs_lossy.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES 8
#define SECTOR 512

struct op {
	int64_t at;
	size_t len;	/* of p; p NULL: truncate to at */
	uint8_t *p;
};

struct image {
	char path[512];	/* "" free */
	bool durable;	/* the file itself would survive */
	uint8_t *p;
	size_t len;
	struct op *ops;
	size_t n_ops;
};

struct lossy_file {
	sqlite3_file base;
	struct image *img;	/* NULL: a file nobody promised anything about */
	sqlite3_file *real;	/* behind this struct */
};

static struct image images[FILES];
static enum vfs_trouble trouble;
static long calls, syncs, trouble_at;
static int trouble_err;
static uint32_t rng;
static bool dead;

static sqlite3_vfs *under(void) { return sqlite3_vfs_find("unix"); }

static uint32_t draw(void) { return rng = rng * 1664525u + 1013904223u; }

static void *must(void *p)
{
	if (!p)
		abort();
	return p;
}

static void forget_ops(struct image *im)
{
	for (size_t i = 0; i < im->n_ops; i++)
		free(im->ops[i].p);
	free(im->ops);
	im->ops = NULL;
	im->n_ops = 0;
}

static void forget(struct image *im)
{
	forget_ops(im);
	free(im->p);
	*im = (struct image){ 0 };
}

static void resize(struct image *im, size_t len)
{
	im->p = must(realloc(im->p, len + 1));
	if (len > im->len)
		memset(im->p + im->len, 0, len - im->len);
	im->len = len;
}

static void apply(struct image *im, const struct op *op, size_t part)
{
	if (!op->p) {
		resize(im, (size_t)op->at);
		return;
	}
	if ((size_t)op->at + part > im->len)
		resize(im, (size_t)op->at + part);
	memcpy(im->p + op->at, op->p, part);
}

static void record(struct image *im, int64_t at, const void *p, size_t len)
{
	struct op *op;

	if (!im)
		return;
	im->ops = must(realloc(im->ops, (im->n_ops + 1) * sizeof(*im->ops)));
	op = &im->ops[im->n_ops++];
	*op = (struct op){ .at = at, .len = len };
	if (p) {
		op->p = must(malloc(len ? len : 1));
		memcpy(op->p, p, len);
	}
}

static void survive(struct image *im, const struct op *op)
{
	if (trouble == VFS_KEEP) {
		apply(im, op, op->len);
	} else if (trouble == VFS_SHUFFLE) {
		uint32_t r = draw() >> 8;

		if (r % 3 == 0)
			apply(im, op, op->len);
		else if (r % 3 == 1 && op->len > SECTOR)
			apply(im, op, (r >> 4) % (op->len / SECTOR) * SECTOR);
	}
}

static void power_off(void)
{
	for (struct image *im = images; im < images + FILES; im++) {
		int fd;

		if (!im->path[0])
			continue;
		for (size_t i = 0; i < im->n_ops; i++)
			survive(im, &im->ops[i]);
		if (!im->durable && trouble == VFS_LOSE) {
			unlink(im->path);
		} else {
			fd = open(im->path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
			if (fd < 0 || write(fd, im->p, im->len) != (ssize_t)im->len)
				abort();
			close(fd);
		}
		forget(im);
	}
	dead = true;
}

/* SQLITE_OK: go on. */
static int counted(void)
{
	if (dead)
		return SQLITE_IOERR;
	if (++calls < trouble_at || trouble == VFS_NONE || (trouble == VFS_ERROR && calls > trouble_at))
		return SQLITE_OK;
	if (trouble == VFS_ERROR || trouble == VFS_BROKEN)
		return trouble_err;
	power_off();
	return SQLITE_IOERR;
}

static struct lossy_file *own(sqlite3_file *f) { return (struct lossy_file *)f; }

static int f_close(sqlite3_file *f)
{
	struct lossy_file *l = own(f);

	if (!dead && l->img && l->img->n_ops == 0)
		forget(l->img);
	l->img = NULL;
	return l->real->pMethods ? l->real->pMethods->xClose(l->real) : SQLITE_OK;
}

static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return dead ? SQLITE_IOERR_READ : own(f)->real->pMethods->xRead(own(f)->real, p, n, at);
}

static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	int rc = counted();

	if (rc)
		return rc;
	record(own(f)->img, at, p, (size_t)n);
	return own(f)->real->pMethods->xWrite(own(f)->real, p, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	int rc = counted();

	if (rc)
		return rc;
	record(own(f)->img, size, NULL, 0);
	return own(f)->real->pMethods->xTruncate(own(f)->real, size);
}

static int f_sync(sqlite3_file *f, int flags)
{
	struct image *im = own(f)->img;
	int rc = counted();

	syncs++;
	(void)flags;	/* no fsync below: what is durable is our word */
	if (rc)
		return rc;
	for (size_t i = 0; im && i < im->n_ops; i++)
		apply(im, &im->ops[i], im->ops[i].len);
	if (im) {
		forget_ops(im);
		im->durable = true;
	}
	return SQLITE_OK;
}

static int f_size(sqlite3_file *f, sqlite3_int64 *size)
{
	return own(f)->real->pMethods->xFileSize(own(f)->real, size);
}
static int f_lock(sqlite3_file *f, int how) { return own(f)->real->pMethods->xLock(own(f)->real, how); }
static int f_unlock(sqlite3_file *f, int how) { return own(f)->real->pMethods->xUnlock(own(f)->real, how); }
static int f_reserved(sqlite3_file *f, int *out)
{
	return own(f)->real->pMethods->xCheckReservedLock(own(f)->real, out);
}
static int f_control(sqlite3_file *f, int op, void *arg)
{
	if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE)
		return SQLITE_NOTFOUND;	/* would grow the file past us */
	return own(f)->real->pMethods->xFileControl(own(f)->real, op, arg);
}
static int f_sector(sqlite3_file *f) { return own(f)->real->pMethods->xSectorSize(own(f)->real); }
static int f_traits(sqlite3_file *f) { return own(f)->real->pMethods->xDeviceCharacteristics(own(f)->real); }

/* Version 1: no shared memory, no memory mapping. */
static const sqlite3_io_methods methods = {
	.iVersion = 1, .xClose = f_close, .xRead = f_read, .xWrite = f_write, .xTruncate = f_truncate,
	.xSync = f_sync, .xFileSize = f_size, .xLock = f_lock, .xUnlock = f_unlock,
	.xCheckReservedLock = f_reserved, .xFileControl = f_control, .xSectorSize = f_sector,
	.xDeviceCharacteristics = f_traits,
};

static struct image *image_of(const char *path, bool there)
{
	struct image *free_one = NULL;
	FILE *in;

	for (struct image *im = images; im < images + FILES; im++) {
		if (im->path[0] && !strcmp(im->path, path))
			return im;
		if (!im->path[0] && !free_one)
			free_one = im;
	}
	if (!free_one)
		abort();
	snprintf(free_one->path, sizeof(free_one->path), "%s", path);
	free_one->durable = there;
	if (there && (in = fopen(path, "rb"))) {
		uint8_t chunk[4096];
		size_t n, at;

		while ((n = fread(chunk, 1, sizeof(chunk), in)) > 0) {
			at = free_one->len;
			resize(free_one, at + n);
			memcpy(free_one->p + at, chunk, n);
		}
		fclose(in);
	}
	return free_one;
}

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct lossy_file *l = own(f);
	bool there = name && access(name, F_OK) == 0;
	int rc = dead ? SQLITE_CANTOPEN : SQLITE_OK;

	(void)v;
	memset(l, 0, sizeof(*l));
	l->real = (sqlite3_file *)(l + 1);
	if (!rc && !there)
		rc = counted();
	if (rc || (rc = under()->xOpen(under(), name, l->real, flags, out)))
		return rc;
	if (name && (flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_WAL)))
		l->img = image_of(name, there);
	f->pMethods = &methods;
	return SQLITE_OK;
}

static int v_delete(sqlite3_vfs *v, const char *name, int sync)
{
	(void)v;
	if (dead)
		return SQLITE_IOERR_DELETE;
	for (struct image *im = images; im < images + FILES; im++)
		if (!strcmp(im->path, name))
			forget(im);
	return under()->xDelete(under(), name, sync);
}

static int v_access(sqlite3_vfs *v, const char *name, int flags, int *out)
{
	(void)v;
	return dead ? SQLITE_IOERR_ACCESS : under()->xAccess(under(), name, flags, out);
}

void vfs_lossy_install(void)
{
	static sqlite3_vfs vfs;

	if (vfs.zName)
		return;
	vfs = *under();
	vfs.iVersion = 1;
	vfs.zName = "lossy";
	vfs.pNext = NULL;
	vfs.szOsFile = (int)sizeof(struct lossy_file) + under()->szOsFile;
	vfs.xOpen = v_open;
	vfs.xDelete = v_delete;
	vfs.xAccess = v_access;
	sqlite3_vfs_register(&vfs, 0);
}

void vfs_lossy_reset(enum vfs_trouble what, long at, int err, uint32_t seed)
{
	for (struct image *im = images; im < images + FILES; im++)
		forget(im);
	trouble = what;
	trouble_at = at;
	trouble_err = err;
	rng = seed;
	calls = syncs = 0;
	dead = false;
}

void vfs_lossy_trouble(enum vfs_trouble what, long in_calls)
{
	trouble = what;
	trouble_at = calls + in_calls;
}

void vfs_lossy_heal(void) { trouble = VFS_NONE; }

long vfs_lossy_calls(void) { return calls; }
long vfs_lossy_syncs(void) { return syncs; }
