/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/resolverd/plugin.h"

static bool ours(const struct stat *st)
{
	return st->st_uid == 0 || st->st_uid == geteuid();
}

static enum berth_err check_folder(int fd, bool last, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) || !ours(&st))
		return berth_fail(BERTH_E_PLUGIN, "%.120s: a folder above it belongs to somebody else", path);
	if ((st.st_mode & 022) && (last || !(st.st_mode & S_ISVTX)))
		return berth_fail(BERTH_E_PLUGIN, "%.120s: a folder above it is writable by others", path);
	return BERTH_OK;
}

static enum berth_err check_file(int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return berth_fail(BERTH_E_PLUGIN, "%.120s is not a regular file", path);
	if (!ours(&st))
		return berth_fail(BERTH_E_PLUGIN, "%.120s belongs to user %u", path, (unsigned)st.st_uid);
	if (st.st_mode & 022)
		return berth_fail(BERTH_E_PLUGIN, "%.120s is writable by others", path);
	if (st.st_size <= 0 || (size_t)st.st_size > BERTH_PLUGIN_SIZE_MAX)
		return berth_fail(BERTH_E_PLUGIN, "%.120s has %lld bytes", path, (long long)st.st_size);
	return BERTH_OK;
}

/* Goes from *dir into part; *dir is replaced. */
static enum berth_err descend(int *dir, const char *part, bool last, const char *path)
{
	int fd = openat(*dir, part, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return berth_fail(BERTH_E_PLUGIN, "%.120s: %.60s: errno %d", path, part, errno);
	close(*dir);
	*dir = fd;
	return check_folder(fd, last, path);
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

enum berth_err berth_plugin_open_file(int *fd, const char *path)
{
	char part[NAME_MAX + 1];
	const char *at = path + 1;
	bool last = false, bad = false;
	enum berth_err rc;
	int dir;

	*fd = -1;
	if (path[0] != '/')
		return berth_fail(BERTH_E_PLUGIN, "%.120s is not an absolute path", path);
	if ((dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC)) < 0)
		return berth_fail(BERTH_E_PLUGIN, "/: errno %d", errno);
	rc = check_folder(dir, strchr(at, '/') == NULL, path);
	while (!rc && next_part(&at, part, &last, &bad) && !last)
		rc = descend(&dir, part, strchr(at, '/') == NULL, path);
	if (!rc && bad)
		rc = berth_fail(BERTH_E_PLUGIN, "%.120s is not a plain path", path);
	if (!rc && (*fd = openat(dir, part, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK)) < 0)
		rc = berth_fail(BERTH_E_PLUGIN, "%.120s: errno %d", path, errno);
	if (!rc && (rc = check_file(*fd, path))) {
		close(*fd);
		*fd = -1;
	}
	close(dir);
	return rc;
}
