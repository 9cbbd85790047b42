/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "did/keystore/keystore.h"

#define LOCK_TRIES 100		/* 2 s: a command line tool may be just done */
#define LOCK_PAUSE_NS 20000000
#define REPLACED_TRIES 5	/* times the file may change between open and lock */

static enum berth_err sys(const struct berth_ksfile *f, const char *what)
{
	int e = errno;

	return berth_fail(BERTH_E_KEYSTORE, "%s: %s: %s (uid %u)", f->path, what, strerror(e),
			  (unsigned)geteuid());
}

static enum berth_err broken(struct berth_ksfile *f, const char *what)
{
	f->broken = true;
	return sys(f, what);
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

static enum berth_err lock(const struct berth_ksfile *f, int fd)
{
	const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };

	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) != 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return sys(f, "lock");
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

static enum berth_err adopt(struct berth_ksfile *f, int fd, const struct stat *st)
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
				      : sys(f, "open");
	rc = fstat(fd, &st) != 0 ? sys(f, "fstat") : check_mode(f, &st);
	if (!rc && !(rc = lock(f, fd))) {
		if (is_current(f, &st))
			return adopt(f, fd, &st);
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
		rc = berth_fail(BERTH_E_NOMEM, "keystore file");
	else if ((f->dir = open(f->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) < 0)
		rc = sys(f, "the folder");
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

static enum berth_err read_all(struct berth_ksfile *f, struct berth_buf *out)
{
	struct stat st;
	size_t at = 0;

	if (fstat(f->fd, &st) != 0)
		return sys(f, "fstat");
	if ((uintmax_t)st.st_size > BERTH_SLOTS_FILE_MAX)
		return berth_fail(BERTH_E_KEYSTORE, "%s: %jd bytes, at most %zu", f->path,
				  (intmax_t)st.st_size, BERTH_SLOTS_FILE_MAX);
	uint8_t *p = berth_buf_grow(out, (size_t)st.st_size);

	if (!p)
		return berth_fail(BERTH_E_NOMEM, "%s", f->path);
	while (at < (size_t)st.st_size) {
		ssize_t n = pread(f->fd, p + at, (size_t)st.st_size - at, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? sys(f, "read") : berth_fail(BERTH_E_KEYSTORE, "%s: cut short", f->path);
		at += (size_t)n;
	}
	return BERTH_OK;
}

static enum berth_err read_slots(struct berth_ksfile *f, struct berth_buf *contents)
{
	struct berth_buf file = BERTH_BUF_INIT;
	struct berth_cur found;
	enum berth_err rc;

	if (!(rc = read_all(f, &file)) && !(rc = berth_slots_read(&f->slots, &found, file.p, file.len))) {
		berth_buf_put(contents, found.p, found.n);
		rc = berth_buf_status(contents);
	}
	berth_buf_free(&file);
	return rc;
}

static enum berth_err sync_slots(struct berth_ksfile *f)
{
	if (fdatasync(f->fd) != 0)
		return broken(f, "fdatasync");
	f->slots.loose = 0;
	return BERTH_OK;
}

/* Two slots are those of a process that was killed, maybe before it had synced the later one. */
enum berth_err berth_ksfile_read(struct berth_ksfile *f, struct berth_buf *contents)
{
	enum berth_err rc = read_slots(f, contents);

	return rc || f->slots.n < 2 || !f->writable ? rc : sync_slots(f);
}

static enum berth_err write_at(const struct berth_ksfile *f, int fd, const struct berth_buf *b, size_t from)
{
	for (size_t at = 0; at < b->len; ) {
		ssize_t n = pwrite(fd, b->p + at, b->len - at, (off_t)(from + at));

		if (n < 0 && errno != EINTR)
			return sys(f, "write");
		at += n > 0 ? (size_t)n : 0;
	}
	return BERTH_OK;
}

/* Nobody has put another one in its place since it was opened. */
static enum berth_err check_current(const struct berth_ksfile *f)
{
	struct stat old = { .st_dev = f->dev, .st_ino = f->ino }, none;

	if (f->fd >= 0 && !is_current(f, &old))
		return berth_fail(BERTH_E_KEYSTORE, "%s: was replaced by somebody else", f->path);
	if (f->fd < 0 && fstatat(f->dir, f->base, &none, AT_SYMLINK_NOFOLLOW) == 0)
		return berth_fail(BERTH_E_KEYSTORE, "%s: was made by somebody else just now", f->path);
	return BERTH_OK;
}

/* ---- in place ---- */

/* The second slot, where closing has taken it away: all of it or nothing, so that there is
 * no file whose size is none of ours. */
static enum berth_err make_room(struct berth_ksfile *f)
{
	if (f->slots.n == 2)
		return BERTH_OK;
	if (ftruncate(f->fd, (off_t)berth_slots_offset(&f->slots, 2)) != 0)
		return sys(f, "ftruncate");
	f->slots.n = 2;
	return BERTH_OK;
}

/* What the power may take is written over by what is one page, so that a kill takes nothing:
 * anything larger waits until it is on the disk, and goes to the other slot. */
static enum berth_err make_ready(struct berth_ksfile *f, size_t len)
{
	enum berth_err rc = check_current(f);

	if (!rc && f->slots.loose && !berth_slots_one_page(len))
		rc = sync_slots(f);
	return rc ? rc : make_room(f);
}

/* What was not written to its end has not been, and the next write goes there again.  What the
 * power might have taken has gone where that was: the other slot counts, which is on the disk. */
static void not_written(struct berth_slots *s)
{
	if (s->loose)
		s->at = 1 - s->at;
	s->turn -= s->loose;
	s->loose = 0;
}

static enum berth_err put(struct berth_ksfile *f, const struct berth_slots *next, const struct berth_buf *slot)
{
	enum berth_err rc = write_at(f, f->fd, slot, berth_slots_offset(next, next->at));

	if (rc) {
		not_written(&f->slots);
		return rc;
	}
	f->slots = *next;
	return f->later && next->loose < BERTH_COUNTER_LAG ? BERTH_OK : sync_slots(f);
}

/* Into the slot whose turn it is; the other one stays what it is. */
static enum berth_err write_slot(struct berth_ksfile *f, const struct berth_buf *b)
{
	struct berth_buf slot = BERTH_BUF_INIT;
	struct berth_slots next;
	enum berth_err rc;

	if ((rc = make_ready(f, b->len)))
		return rc;
	next = f->slots;
	if (!(rc = berth_slots_next(&next, &slot, b)))
		rc = put(f, &next, &slot);
	berth_buf_free(&slot);
	return rc;
}

/* The first slot alone is left.  Where that fails there are two, and the later one counts. */
static void drop_second_slot(struct berth_ksfile *f)
{
	struct berth_buf contents = BERTH_BUF_INIT;

	if ((f->slots.loose && sync_slots(f)) || (f->slots.at == 1 && (read_slots(f, &contents) || write_slot(f, &contents))))
		goto out;
	if (ftruncate(f->fd, (off_t)berth_slots_offset(&f->slots, 1)) == 0)
		f->slots.n = 1;
out:
	berth_buf_free(&contents);
}

/* ---- as a whole ---- */

static enum berth_err put_in_place(struct berth_ksfile *f)
{
	enum berth_err rc = check_current(f);

	if (rc)
		return rc;
	if (renameat(f->dir, f->tmp, f->dir, f->base) != 0)
		return sys(f, "rename");
	return fsync(f->dir) == 0 ? BERTH_OK : broken(f, "fsync of the folder");
}

/* A file that has lost its name, or is about to: nobody can undo that, so nothing here fails. */
static void overwrite(int fd)
{
	uint8_t zero[4096] = { 0 };
	struct stat st;
	off_t size = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink <= 1 ? st.st_size : 0, at = 0;

	while (at < size) {
		ssize_t n = pwrite(fd, zero, size - at < (off_t)sizeof(zero) ? (size_t)(size - at) : sizeof(zero), at);

		if (n <= 0)
			break;
		at += n;
	}
	fsync(fd);
}

static enum berth_err make_new(const struct berth_ksfile *f, const struct berth_buf *file, int *fd)
{
	enum berth_err rc;

	if (unlinkat(f->dir, f->tmp, 0) != 0 && errno != ENOENT)
		return sys(f, "an old temporary file");
	*fd = openat(f->dir, f->tmp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		return sys(f, "make a temporary file");
	if ((rc = write_at(f, *fd, file, 0)) || (rc = lock(f, *fd)))
		return rc;
	return fchmod(*fd, 0600) == 0 && fsync(*fd) == 0 ? BERTH_OK : sys(f, "fsync");
}

static enum berth_err replace_by(struct berth_ksfile *f, const struct berth_buf *file)
{
	struct stat st;
	enum berth_err rc;
	int fd = -1;

	if ((rc = make_new(f, file, &fd)) || (rc = put_in_place(f)))
		goto fail;
	if (fstat(fd, &st) != 0) {
		rc = sys(f, "fstat");
		goto fail;
	}
	if (f->fd >= 0)
		close(f->fd);
	f->writable = true;
	return adopt(f, fd, &st);
fail:
	if (!f->broken && fd >= 0)
		unlinkat(f->dir, f->tmp, 0);
	if (fd >= 0)
		close(fd);
	return rc;
}

static int open_old(const struct berth_ksfile *f, const char *name)
{
	return f->overwrite ? openat(f->dir, name, O_WRONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK) : -1;
}

static void end_old(int fd, bool over)
{
	if (fd >= 0 && over)
		overwrite(fd);
	if (fd >= 0)
		close(fd);
}

/* Under the other name there may be one of a process that was killed. */
static enum berth_err replace(struct berth_ksfile *f, const struct berth_buf *b)
{
	struct berth_buf file = BERTH_BUF_INIT;
	struct berth_slots fresh;
	enum berth_err rc = berth_slots_new(&fresh, &file, b);
	int old = rc ? -1 : open_old(f, f->base), older = rc ? -1 : open_old(f, f->tmp);

	if (!rc)
		rc = replace_by(f, &file);
	end_old(old, !rc);
	end_old(older, true);
	if (!rc) {
		f->slots = fresh;
		f->overwrite = false;
	}
	berth_buf_free(&file);
	return rc;
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
	if (first && (rc = lock(f, f->dir)))
		return rc;
	rc = !first && in_place(f, contents->len) ? write_slot(f, contents) : replace(f, contents);
	if (first)
		flock(f->dir, LOCK_UN);
	f->keep = f->later = false;
	f->written |= !rc;
	return rc;
}

void berth_ksfile_close(struct berth_ksfile *f)
{
	if (f->fd >= 0 && f->written && !f->broken)
		drop_second_slot(f);
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
