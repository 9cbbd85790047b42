/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/api_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/ipc/starter.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77		/* Linux 6.5 */
#endif
#define PROC_TEXT_MAX 4096
#define STAT_START 22

void berth_peer_unit_parse(char out[BERTH_PEER_UNIT_MAX + 1], const char *cgroup, size_t n)
{
	static const char suffix[] = ".service";
	const size_t s = sizeof(suffix) - 1;

	out[0] = '\0';
	for (size_t i = 0; i < n;) {
		size_t end = i;

		while (end < n && cgroup[end] != '/' && cgroup[end] != '\n')
			end++;
		if (end - i > s && end - i <= BERTH_PEER_UNIT_MAX && !memcmp(cgroup + end - s, suffix, s)) {
			memcpy(out, cgroup + i, end - i);
			out[end - i] = '\0';
			return;
		}
		i = end + 1;
	}
}

uint64_t berth_peer_start_parse(const char *stat, size_t n)
{
	const char *p = memrchr(stat, ')', n), *end = stat + n;	/* the name may hold anything */
	uint64_t v = 0;

	if (!p)
		return 0;
	for (int field = 2; field < STAT_START; field++) {
		p = memchr(p, ' ', (size_t)(end - p));
		if (!p || ++p == end)
			return 0;
	}
	for (; p < end && *p >= '0' && *p <= '9'; p++)
		v = v * 10 + (uint64_t)(*p - '0');
	return p < end && *p == ' ' ? v : 0;
}

static size_t read_proc(char *out, pid_t pid, const char *name)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? 0 : read(fd, out, PROC_TEXT_MAX);
	if (fd >= 0)
		close(fd);
	return n > 0 ? (size_t)n : 0;
}

static uint64_t start_of(pid_t pid)
{
	char text[PROC_TEXT_MAX];
	size_t n = read_proc(text, pid, "stat");

	return berth_peer_start_parse(text, n);
}

static bool alive(int pidfd)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };

	return poll(&p, 1, 0) == 0;
}

static void read_exe(struct berth_peer *p)
{
	char path[64];
	ssize_t n;

	if (berth_starter_is_there()) {
		berth_starter_exe(p->pid, p->exe, sizeof(p->exe));
		return;
	}
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)p->pid);
	n = readlink(path, p->exe, sizeof(p->exe) - 1);
	p->exe[n > 0 ? n : 0] = '\0';
}

/* What /proc says about the process of the pidfd, which is still the same one when
 * it is alive afterwards. */
static enum berth_err read_process(struct berth_peer *p, bool sure)
{
	char path[64], text[PROC_TEXT_MAX];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/%d", (int)p->pid);
	/* Without SO_PEERPIDFD the number could be another's by now; another user's at
	 * least is seen. */
	if (stat(path, &st) || (!sure && st.st_uid != p->uid && st.st_uid != 0))
		return berth_fail(BERTH_E_AUTHZ, "the process that connected is gone");
	p->start = start_of(p->pid);
	berth_peer_unit_parse(p->unit, text, read_proc(text, p->pid, "cgroup"));
	read_exe(p);
	return berth_peer_check(p);
}

static int open_pidfd(int fd, pid_t pid, bool *sure)
{
	socklen_t n = sizeof(int);
	int pidfd = -1;

	*sure = getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &n) == 0;
	if (*sure)
		return pidfd;
	return errno == ENOPROTOOPT ? (int)syscall(SYS_pidfd_open, pid, 0) : -1;
}

enum berth_err berth_peer_of_socket(struct berth_peer *out, int fd)
{
	struct ucred cred;
	socklen_t n = sizeof(cred), groups_n = sizeof(out->groups);
	enum berth_err rc;
	bool sure;

	*out = (struct berth_peer){ .pidfd = -1 };
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) || n != sizeof(cred))
		return berth_fail(BERTH_E_AUTHZ, "SO_PEERCRED: %m");
	out->uid = cred.uid;
	out->gid = cred.gid;
	out->pid = cred.pid;
	/* More groups than we keep: those beyond grant nothing. */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, out->groups, &groups_n) == 0)
		out->n_groups = groups_n / sizeof(gid_t);
	if (out->pid <= 0) {
		out->pid = 0;
		return BERTH_OK;
	}
	out->pidfd = open_pidfd(fd, out->pid, &sure);
	if (out->pidfd < 0)
		return berth_fail(BERTH_E_AUTHZ, "the process that connected is gone");
	if ((rc = read_process(out, sure)))
		berth_peer_close(out);
	return rc;
}

enum berth_err berth_peer_check(const struct berth_peer *p)
{
	if (p->pid == 0)
		return BERTH_OK;
	if (!alive(p->pidfd) || (p->start && start_of(p->pid) != p->start))
		return berth_fail(BERTH_E_AUTHZ, "the process that connected is gone");
	return BERTH_OK;
}

void berth_peer_close(struct berth_peer *p)
{
	if (p->pidfd >= 0)
		close(p->pidfd);
	p->pidfd = -1;
}
