/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/file_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#define LOCK_TRIES 100		/* 2 s: a command line tool may be just done */
#define LOCK_PAUSE_NS 20000000
#define REPLACED_TRIES 5	/* times the file may change between open and lock */

enum berth_err berth_ksfile_sys(const struct berth_ksfile *f, const char *what)
{
	int e = errno;

	return berth_fail(BERTH_E_KEYSTORE, "%s: %s: %s (uid %u)", f->path, what, strerror(e),
			  (unsigned)geteuid());
}

enum berth_err berth_ksfile_break(struct berth_ksfile *f, const char *what)
{
	f->broken = true;
	return berth_ksfile_sys(f, what);
}

static enum berth_err check_mode(const struct berth_ksfile *f, const struct stat *st)
{
	if (!S_ISREG(st->st_mode))
		return berth_fail(BERTH_E_KEYSTORE, "%s: not a regular file", f->path);
	if (st->st_uid != geteuid())
		return berth_fail(BERTH_E_KEYSTORE, "%s: belongs to uid %u, this is uid %u", f->path,
				  (unsigned)st->st_uid, (unsigned)geteuid());
	if ((st->st_mode & 07777) != 0600)
		return berth_fail(BERTH_E_KEYSTORE, "%s: mode is %04o, must be 0600", f->path,
				  (unsigned)(st->st_mode & 07777));
	if (st->st_nlink > 1)
		return berth_fail(BERTH_E_KEYSTORE, "%s: has a second name", f->path);
	return BERTH_OK;
}

enum berth_err berth_ksfile_lock(const struct berth_ksfile *f, int fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };

	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return berth_ksfile_sys(f, "lock");
		if (i == LOCK_TRIES)
			return berth_fail(BERTH_E_KEYSTORE, "%s: in use by another process", f->path);
		nanosleep(&pause, NULL);
	}
	return BERTH_OK;
}

/* Whether the name still leads to the file that fd is. */
static bool is_current(const struct berth_ksfile *f, const struct stat *st)
{
	struct stat now;

	return fstatat(f->dir, f->base, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       now.st_dev == st->st_dev && now.st_ino == st->st_ino;
}

enum berth_err berth_ksfile_adopt(struct berth_ksfile *f, int fd, const struct stat *st)
{
	f->fd = fd;
	f->dev = st->st_dev;
	f->ino = st->st_ino;
	return BERTH_OK;
}

static int open_it(struct berth_ksfile *f)
{
	int fd = openat(f->dir, f->base, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);

	f->writable = fd >= 0;
	return fd >= 0 || errno != EROFS ? fd : openat(f->dir, f->base, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
}

static enum berth_err open_once(struct berth_ksfile *f, bool *again)
{
	struct stat st;
	enum berth_err rc;
	int fd = open_it(f);

	*again = false;
	if (fd < 0 && errno == ENOENT)
		return BERTH_OK;
	if (fd < 0)
		return errno == ELOOP ? berth_fail(BERTH_E_KEYSTORE, "%s: is a symbolic link", f->path)
				      : berth_ksfile_sys(f, "open");
	rc = fstat(fd, &st) != 0 ? berth_ksfile_sys(f, "fstat") : check_mode(f, &st);
	if (!rc && !(rc = berth_ksfile_lock(f, fd))) {
		if (is_current(f, &st))
			return berth_ksfile_adopt(f, fd, &st);
		*again = true;
	}
	close(fd);
	return rc;
}

static enum berth_err split(struct berth_ksfile *f, const char *path)
{
	const char *slash = strrchr(path, '/');
	enum berth_err rc = BERTH_OK;

	f->folder = !slash ? strdup(".") : slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
	f->path = strdup(path);
	f->base = strdup(slash ? slash + 1 : path);
	if (!f->folder || !f->path || !f->base || asprintf(&f->tmp, "%s.new", f->base) < 0)
		rc = berth_no_memory();
	else if ((f->dir = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		rc = berth_ksfile_sys(f, "the folder");
	return rc;
}

enum berth_err berth_ksfile_open(struct berth_ksfile *f, const char *path)
{
	bool again = true;
	enum berth_err rc;

	memset(f, 0, sizeof(*f));
	f->dir = f->fd = -1;
	rc = split(f, path);
	for (int i = 0; !rc && again; i++) {
		rc = open_once(f, &again);
		if (!rc && again && i == REPLACED_TRIES)
			rc = berth_fail(BERTH_E_KEYSTORE, "%s: keeps being replaced", path);
	}
	if (rc)
		berth_ksfile_close(f);
	return rc;
}

enum berth_err berth_ksfile_write_at(const struct berth_ksfile *f, int fd, const struct berth_buf *b, size_t from)
{
	for (size_t at = 0; at < b->len; ) {
		ssize_t n = pwrite(fd, b->p + at, b->len - at, (off_t)(from + at));

		if (n < 0 && errno != EINTR)
			return berth_ksfile_sys(f, "write");
		at += n > 0 ? (size_t)n : 0;
	}
	return BERTH_OK;
}

enum berth_err berth_ksfile_check_current(const struct berth_ksfile *f)
{
	struct stat old = { .st_dev = f->dev, .st_ino = f->ino }, none;

	if (f->fd >= 0 && !is_current(f, &old))
		return berth_fail(BERTH_E_KEYSTORE, "%s: was replaced by somebody else", f->path);
	if (f->fd < 0 && fstatat(f->dir, f->base, &none, AT_SYMLINK_NOFOLLOW) == 0)
		return berth_fail(BERTH_E_KEYSTORE, "%s: was made by somebody else just now", f->path);
	return BERTH_OK;
}

static bool in_place(const struct berth_ksfile *f, size_t len)
{
	return f->keep && !f->overwrite && f->writable && berth_slots_fit(&f->slots, len);
}

enum berth_err berth_ksfile_write(struct berth_ksfile *f, const struct berth_buf *contents)
{
	bool first = f->fd < 0;
	enum berth_err rc;

	if (f->broken)
		return berth_fail(BERTH_E_KEYSTORE, "%s: an earlier write failed; open it again", f->path);
	if ((rc = berth_buf_status(contents)))
		return rc;
	/* a file that is not there yet cannot be locked: two makers meet at the folder */
	if (first && (rc = berth_ksfile_lock(f, f->dir)))
		return rc;
	rc = !first && in_place(f, contents->len) ? berth_ksfile_write_slot(f, contents) : berth_ksfile_replace(f, contents);
	if (first)
		flock(f->dir, LOCK_UN);
	f->keep = f->later = false;
	f->written |= !rc;
	return rc;
}

void berth_ksfile_close(struct berth_ksfile *f)
{
	if (f->fd >= 0 && f->written && !f->broken)
		berth_ksfile_drop_second_slot(f);
	if (f->fd >= 0)
		close(f->fd);
	if (f->dir >= 0)
		close(f->dir);
	free(f->path);
	free(f->folder);
	free(f->base);
	free(f->tmp);
	memset(f, 0, sizeof(*f));
	f->fd = f->dir = -1;
}
