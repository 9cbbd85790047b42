/* SPDX-License-Identifier: Apache-2.0 */
/* Neither strangers nor peers fill the audit log, for what is new in it makes room for itself:
 * so many lines an hour of all strangers, and of each peer.  What moves something has its own,
 * so that nobody hides it behind other things. */
#include "agent/core/agent_internal.h"
#include "did/base/shorthash.h"

#define HOUR_MS 3600000u

bool agent_ration(struct ration *r, unsigned most)
{
	if (agent_mono_ms() - r->since_ms >= HOUR_MS)
		*r = (struct ration){ .since_ms = agent_mono_ms() };
	return ++r->used <= most;
}

static uint64_t counted_ms(const struct talker *t)
{
	uint64_t ms = t->said.since_ms > t->refused.since_ms ? t->said.since_ms : t->refused.since_ms;

	return t->moved.since_ms > ms ? t->moved.since_ms : ms;
}

static struct talker *talker(struct berth_agent *a, const char *sender)
{
	struct talker *oldest = a->talkers;
	uint64_t who = berth_shorthash(sender);

	for (size_t i = 0; i < TALKERS_MAX; i++) {
		if (a->talkers[i].who == who)
			return &a->talkers[i];
		if (counted_ms(&a->talkers[i]) < counted_ms(oldest))
			oldest = &a->talkers[i];
	}
	*oldest = (struct talker){ .who = who };
	return oldest;
}

bool agent_may_audit(struct berth_agent *a, const struct berth_event *ev, bool refused, bool moved)
{
	struct talker *t;

	if (!ev->in)
		return true;
	if (!ev->sender || agent_is_stranger(a, ev->sender))
		return agent_ration(&a->strangers, RATIONED_LINES_MAX);
	t = talker(a, ev->sender);
	if (refused)
		return agent_ration(&t->refused, RATIONED_LINES_MAX);
	return moved ? agent_ration(&t->moved, TALKER_MOVES_MAX) : agent_ration(&t->said, TALKER_LINES_MAX);
}
