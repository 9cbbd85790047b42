/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/api_limit.h"

#define BURST_S 2

static int64_t full(const struct berth_limits *l) { return l->per_s * 1000 * BURST_S; }

void berth_limits_init(struct berth_limits *l, int64_t per_s, unsigned conns)
{
	*l = (struct berth_limits){ .per_s = per_s, .conns = conns };
	l->others.milli = full(l);
}

static void refill(const struct berth_limits *l, struct berth_limit_user *u, uint64_t now_ms)
{
	uint64_t passed = now_ms > u->at_ms ? now_ms - u->at_ms : 0;

	u->at_ms = now_ms;
	if (passed >= BURST_S * 1000)
		u->milli = full(l);
	else
		u->milli += (int64_t)passed * l->per_s;
	if (u->milli > full(l))
		u->milli = full(l);
}

/* The user's row; one that nobody needs any more is taken for a new user. */
static struct berth_limit_user *row(struct berth_limits *l, uid_t uid, uint64_t now_ms)
{
	struct berth_limit_user *spare = NULL;

	for (size_t i = 0; i < BERTH_LIMIT_USERS; i++) {
		struct berth_limit_user *u = &l->users[i];

		if (u->used)
			refill(l, u, now_ms);
		if (u->used && u->uid == uid)
			return u;
		if (!spare && (!u->used || (u->conns == 0 && u->milli == full(l))))
			spare = u;
	}
	if (!spare) {
		refill(l, &l->others, now_ms);
		return &l->others;
	}
	*spare = (struct berth_limit_user){ .uid = uid, .used = true, .milli = full(l), .at_ms = now_ms };
	return spare;
}

struct berth_limit_user *berth_limits_open(struct berth_limits *l, uid_t uid, uint64_t now_ms, bool *over)
{
	struct berth_limit_user *u = row(l, uid, now_ms);

	*over = u->conns >= l->conns;
	if (u->conns >= l->conns + BERTH_LIMIT_WAITING)
		return NULL;
	u->conns++;
	return u;
}

void berth_limits_close(struct berth_limit_user *u)
{
	if (u && u->conns > 0)
		u->conns--;
}

bool berth_limits_request(const struct berth_limits *l, struct berth_limit_user *u, uint64_t now_ms)
{
	refill(l, u, now_ms);
	if (u->milli < 1000)
		return false;
	u->milli -= 1000;
	return true;
}
