/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/api_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum berth_err berth_api_run_dir(const char *dir, gid_t group)
{
	enum berth_err rc = BERTH_OK;
	mode_t old = umask(0077);
	int bad = mkdir(dir, 0700) && errno != EEXIST, fd;
	struct stat st;

	umask(old);
	if (bad)
		return berth_fail(BERTH_E_CONFIG, "%s: %m", dir);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		rc = berth_fail(BERTH_E_CONFIG, "%s: %m", dir);
	else if (st.st_uid != geteuid() || (st.st_mode & 022))
		rc = berth_fail(BERTH_E_CONFIG, "%s: mode %04o, uid %u: must be ours and written by nobody else", dir,
				(unsigned)(st.st_mode & 07777), (unsigned)st.st_uid);
	else if ((group != BERTH_GROUP_OURS && st.st_gid != group && fchown(fd, (uid_t)-1, group)) ||
		 fchmod(fd, 0750))
		rc = berth_fail(BERTH_E_CONFIG, "%s: %m", dir);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* E_CONFIG unless the path is free or becomes so. */
static enum berth_err clear_stale(const struct sockaddr_un *sa)
{
	struct stat st;
	int fd, rc;

	if (lstat(sa->sun_path, &st))
		return errno == ENOENT ? BERTH_OK : berth_fail(BERTH_E_CONFIG, "%s: %m", sa->sun_path);
	if (!S_ISSOCK(st.st_mode))
		return berth_fail(BERTH_E_CONFIG, "%s: is no socket", sa->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	rc = fd < 0 ? -1 : connect(fd, (const struct sockaddr *)sa, sizeof(*sa));
	if (fd >= 0)
		close(fd);
	if (rc == 0 || errno == EAGAIN)
		return berth_fail(BERTH_E_UNAVAILABLE, "%s: another daemon is there", sa->sun_path);
	return unlink(sa->sun_path) ? berth_fail(BERTH_E_CONFIG, "%s: %m", sa->sun_path) : BERTH_OK;
}

enum berth_err berth_api_listen(int *out_fd, const char *dir, const char *name, mode_t mode, gid_t group)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	enum berth_err rc;
	mode_t old;
	int fd, bad;

	*out_fd = -1;
	if ((size_t)snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", dir, name) >= sizeof(sa.sun_path))
		return berth_fail(BERTH_E_CONFIG, "%s/%s: too long for a socket", dir, name);
	if ((rc = clear_stale(&sa)))
		return rc;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return berth_fail(BERTH_E_UNAVAILABLE, "socket: %m");
	/* Never laxer than it will be, and nobody can connect before listen(). */
	old = umask(0177);
	bad = bind(fd, (const struct sockaddr *)&sa, sizeof(sa));
	umask(old);
	if (!bad)
		bad = (group != BERTH_GROUP_OURS && lchown(sa.sun_path, (uid_t)-1, group)) ||
			chmod(sa.sun_path, mode) || listen(fd, BERTH_API_BACKLOG);
	if (bad) {
		rc = berth_fail(BERTH_E_CONFIG, "%s: %m", sa.sun_path);
		close(fd);
		return rc;
	}
	*out_fd = fd;
	return BERTH_OK;
}
