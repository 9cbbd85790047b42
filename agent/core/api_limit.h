/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_API_LIMIT_H
#define BERTH_AGENT_CORE_API_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* What one local user may use: connections at once, and requests by a token bucket
 * that holds twice a second's worth.  Users beyond the table share one row. */
#define BERTH_LIMIT_USERS 64

struct berth_limit_user {
	uid_t uid;
	bool used;
	unsigned conns;
	int64_t milli;		/* thousandths of a request */
	uint64_t at_ms;
};

struct berth_limits {
	int64_t per_s;
	unsigned conns;
	struct berth_limit_user users[BERTH_LIMIT_USERS];
	struct berth_limit_user others;
};

void berth_limits_init(struct berth_limits *l, int64_t per_s, unsigned conns);
/* A few connections above the limit are let in to be told so (*over); NULL beyond
 * those.  Else the user's row, which stays its own until close gives it back. */
#define BERTH_LIMIT_WAITING 8
struct berth_limit_user *berth_limits_open(struct berth_limits *l, uid_t uid, uint64_t now_ms, bool *over);
void berth_limits_close(struct berth_limit_user *u);
/* false: try again in a second. */
bool berth_limits_request(const struct berth_limits *l, struct berth_limit_user *u, uint64_t now_ms);

#endif
