/* SPDX-License-Identifier: Apache-2.0 */
#include "publish.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "berth/registry.h"

#define TEMP_NAME ".did.json.new"	/* resolverd has one thread, and a tree one writer */

static int fail(const char **why, int status, const char *text)
{
	*why = text;
	return status;
}

/* The folder `name` in dir, made if `make`; -1 with errno. */
static int enter(int dir, const char *name, int make)
{
	if (make && mkdirat(dir, name, 0755) && errno != EEXIST)
		return -1;
	return openat(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Opens the folder of path, *file being its last part; -1 with errno. */
static int open_folder(int tree, const char *path, int make, const char **file)
{
	int dir = openat(tree, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), next;
	const char *slash;
	char name[NAME_MAX + 1];

	for (; dir >= 0 && (slash = strchr(path, '/')); path = slash + 1) {
		if ((size_t)(slash - path) >= sizeof(name)) {
			next = -1;
			errno = ENAMETOOLONG;
		} else {
			snprintf(name, sizeof(name), "%.*s", (int)(slash - path), path);
			next = enter(dir, name, make);
		}
		close(dir);
		dir = next;
	}
	*file = path;
	return dir;
}

static int write_all(int fd, const char *p, size_t n)
{
	for (ssize_t done; n > 0; p += done, n -= (size_t)done)
		if ((done = write(fd, p, n)) <= 0)
			return -1;
	return 0;
}

/* The bytes, on the disk, under TEMP_NAME */
static int write_temp(int dir, const void *p, size_t n)
{
	int fd, bad;

	unlinkat(dir, TEMP_NAME, 0);	/* of one that was cut short */
	fd = openat(dir, TEMP_NAME, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -1;
	bad = write_all(fd, p, n) || fsync(fd);
	return close(fd) || bad ? -1 : 0;
}

/* Where nothing is.  File systems that cannot say so in one call have one writer, too. */
static int name_new(int dir, const char *file)
{
	if (renameat2(dir, TEMP_NAME, dir, file, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (faccessat(dir, file, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(dir, TEMP_NAME, dir, file);
}

static int put_in_place(int dir, const char *file, enum web_publish how, const char **why)
{
	if (how == WEB_REPLACE && faccessat(dir, file, F_OK, AT_SYMLINK_NOFOLLOW))
		return fail(why, BERTH_REGISTRY_NOT_FOUND, "web: there is no document to replace");
	if (how == WEB_REPLACE ? renameat(dir, TEMP_NAME, dir, file) == 0 : name_new(dir, file) == 0)
		return BERTH_REGISTRY_OK;
	return errno == EEXIST ? fail(why, BERTH_REGISTRY_CONFLICT, "web: there is a document already")
			       : fail(why, BERTH_REGISTRY_UNAVAILABLE, "web: cannot name the document");
}

int web_publish_write(int tree, const char *path, enum web_publish how, const void *p, size_t n, const char **why)
{
	const char *file;
	int dir = open_folder(tree, path, how == WEB_CREATE, &file), rc;

	if (dir < 0 && how == WEB_REPLACE && errno == ENOENT)
		return fail(why, BERTH_REGISTRY_NOT_FOUND, "web: there is no document to replace");
	if (dir < 0)
		return fail(why, BERTH_REGISTRY_UNAVAILABLE, "web: cannot open the folder of the document");
	if (write_temp(dir, p, n))
		rc = fail(why, BERTH_REGISTRY_UNAVAILABLE, "web: cannot write the document");
	else
		rc = put_in_place(dir, file, how, why);
	unlinkat(dir, TEMP_NAME, 0);
	if (!rc && fsync(dir))
		rc = fail(why, BERTH_REGISTRY_UNAVAILABLE, "web: cannot sync the folder of the document");
	close(dir);
	return rc;
}

int web_publish_remove(int tree, const char *path, const char **why)
{
	const char *file;
	int dir = open_folder(tree, path, 0, &file), gone = dir < 0 ? -1 : unlinkat(dir, file, 0), rc;

	if (gone)
		rc = errno == ENOENT ? fail(why, BERTH_REGISTRY_NOT_FOUND, "web: there is no document to remove")
				     : fail(why, BERTH_REGISTRY_UNAVAILABLE, "web: cannot remove the document");
	else
		rc = fsync(dir) ? fail(why, BERTH_REGISTRY_UNAVAILABLE, "web: cannot sync the folder of the document") : BERTH_REGISTRY_OK;
	if (dir >= 0)
		close(dir);
	return rc;
}
