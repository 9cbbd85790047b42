/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/trusted_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What every step has to know: the rule broken is always told of the whole path. */
struct walk {
	const char *path;
	size_t max;
	enum berth_err code;
};

static bool ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static enum berth_err check_folder(const struct walk *w, int fd, bool last)
{
	struct stat st;

	if (fstat(fd, &st) || !ours(&st))
		return berth_fail(w->code, "%.120s: a folder above it belongs to somebody else", w->path);
	if ((st.st_mode & 022) && (last || !(st.st_mode & S_ISVTX)))
		return berth_fail(w->code, "%.120s: a folder above it is writable by others", w->path);
	return BERTH_OK;
}

static enum berth_err check_file(const struct walk *w, int fd)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return berth_fail(w->code, "%.120s is not a regular file", w->path);
	if (!ours(&st))
		return berth_fail(w->code, "%.120s belongs to user %u", w->path, (unsigned)st.st_uid);
	if (st.st_mode & 022)
		return berth_fail(w->code, "%.120s is writable by others", w->path);
	if (st.st_size <= 0 || (size_t)st.st_size > w->max)
		return berth_fail(w->code, "%.120s has %lld bytes", w->path, (long long)st.st_size);
	return BERTH_OK;
}

/* Goes from *dir into part; *dir is replaced. */
static enum berth_err descend(const struct walk *w, int *dir, const char *part, bool last)
{
	int fd = openat(*dir, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return berth_fail(w->code, "%.120s: %.60s: errno %d", w->path, part, errno);
	close(*dir);
	*dir = fd;
	return check_folder(w, fd, last);
}

/* Copies the next part of the path; false at its end. */
static bool next_part(const char **at, char part[NAME_MAX + 1], bool *last, bool *bad)
{
	size_t n = strcspn(*at, "/");

	*bad = n == 0 || n > NAME_MAX || (n == 1 && **at == '.') || (n == 2 && memcmp(*at, "..", 2) == 0);
	if (*bad)
		return false;
	memcpy(part, *at, n);
	part[n] = '\0';
	*at += n;
	*last = **at == '\0';
	*at += !*last;
	return true;
}

static enum berth_err walk(const struct walk *w, int *dir, int *fd)
{
	char part[NAME_MAX + 1];
	const char *at = w->path + 1;
	bool last = false, bad = false;
	enum berth_err rc = check_folder(w, *dir, strchr(at, '/') == NULL);

	while (!rc && next_part(&at, part, &last, &bad) && !last)
		rc = descend(w, dir, part, strchr(at, '/') == NULL);
	if (!rc && bad)
		rc = berth_fail(w->code, "%.120s is not a plain path", w->path);
	if (!rc && (*fd = openat(*dir, part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)) < 0)
		rc = berth_fail(w->code, "%.120s: errno %d", w->path, errno);
	return rc ? rc : check_file(w, *fd);
}

enum berth_err berth_trusted_open(int *fd, const char *path, size_t max, enum berth_err code)
{
	const struct walk w = { path, max, code };
	enum berth_err rc;
	int dir;

	*fd = -1;
	if (path[0] != '/')
		return berth_fail(code, "%.120s is not an absolute path", path);
	if ((dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return berth_fail(code, "/: errno %d", errno);
	if ((rc = walk(&w, &dir, fd)) && *fd >= 0) {
		close(*fd);
		*fd = -1;
	}
	close(dir);
	return rc;
}
