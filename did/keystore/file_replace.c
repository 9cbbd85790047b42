/* SPDX-License-Identifier: Apache-2.0 */
/* Contents in a new file, which takes the place of the one that is there. */
#include "did/keystore/file_impl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

static enum berth_err put_in_place(struct berth_ksfile *f)
{
	enum berth_err rc = berth_ksfile_check_current(f);

	if (rc)
		return rc;
	if (renameat(f->dir, f->tmp, f->dir, f->base) != 0)
		return berth_ksfile_sys(f, "rename");
	return fsync(f->dir) == 0 ? BERTH_OK : berth_ksfile_break(f, "fsync of the folder");
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
		return berth_ksfile_sys(f, "an old temporary file");
	*fd = openat(f->dir, f->tmp, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (*fd < 0)
		return berth_ksfile_sys(f, "make a temporary file");
	if ((rc = berth_ksfile_write_at(f, *fd, file, 0)) || (rc = berth_ksfile_lock(f, *fd)))
		return rc;
	return fchmod(*fd, 0600) == 0 && fsync(*fd) == 0 ? BERTH_OK : berth_ksfile_sys(f, "fsync");
}

static enum berth_err replace_by(struct berth_ksfile *f, const struct berth_buf *file)
{
	struct stat st;
	enum berth_err rc;
	int fd = -1;

	if ((rc = make_new(f, file, &fd)) || (rc = put_in_place(f)))
		goto fail;
	if (fstat(fd, &st) != 0) {
		rc = berth_ksfile_sys(f, "fstat");
		goto fail;
	}
	if (f->fd >= 0)
		close(f->fd);
	f->writable = true;
	return berth_ksfile_adopt(f, fd, &st);
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
enum berth_err berth_ksfile_replace(struct berth_ksfile *f, const struct berth_buf *b)
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
