/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_API_PEER_H
#define BERTH_AGENT_CORE_API_PEER_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "berth/err.h"

/* Who connected, as the kernel recorded it at connect(): a descriptor that was passed
 * on still speaks for the process that connected.  pid and what is read from /proc
 * are held together by a pidfd; when the process is gone the connection is too. */
#define BERTH_PEER_GROUPS_MAX 128
#define BERTH_PEER_UNIT_MAX 255

struct berth_peer {
	uid_t uid;
	gid_t gid;
	gid_t groups[BERTH_PEER_GROUPS_MAX];
	size_t n_groups;
	pid_t pid;			/* 0: not in our pid namespace */
	int pidfd;			/* owned; -1 with pid 0 */
	uint64_t start;			/* of the process, in ticks since boot */
	char exe[PATH_MAX];		/* "" when we may not know */
	char unit[BERTH_PEER_UNIT_MAX + 1];
};

/* E_AUTHZ: the process is gone or is not the one that connected. */
BERTH_MUST_USE enum berth_err berth_peer_of_socket(struct berth_peer *out, int fd);
/* The same process is still there; asked again for every request. */
BERTH_MUST_USE enum berth_err berth_peer_check(const struct berth_peer *p);
void berth_peer_close(struct berth_peer *p);

/* The first systemd service of a /proc/PID/cgroup text: names further down are the
 * service's own choice and prove nothing.  "" when there is none. */
void berth_peer_unit_parse(char out[BERTH_PEER_UNIT_MAX + 1], const char *cgroup, size_t n);
/* Field 22 of /proc/PID/stat; 0: malformed. */
uint64_t berth_peer_start_parse(const char *stat, size_t n);

#endif
