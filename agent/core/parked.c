/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that wait for a message.  Thousands wait, and few of them for anything that has
 * happened just now: those stand in front, and of the others it is known when the first is due. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "did/base/shorthash.h"

static void swap(struct berth_agent *a, size_t i, size_t j)
{
	struct parked p = a->parked[i];
	uint64_t h = a->parked_hash[i];

	a->parked[i] = a->parked[j];
	a->parked_hash[i] = a->parked_hash[j];
	a->parked[j] = p;
	a->parked_hash[j] = h;
}

struct parked *agent_parked_of(struct berth_agent *a, const char *peer)
{
	uint64_t h = berth_shorthash(peer);

	for (size_t i = 0; i < a->n_parked; i++)
		if (a->parked_hash[i] == h && strcmp(a->parked[i].peer, peer) == 0)
			return &a->parked[i];
	return NULL;
}

void agent_parked_look(struct berth_agent *a, const char *peer)
{
	struct parked *p = agent_parked_of(a, peer);

	if (!p || p->look)
		return;
	p->look = true;
	swap(a, (size_t)(p - a->parked), a->n_looks++);
}

uint64_t agent_parked_due(const struct parked *p)
{
	uint64_t ms = p->until_ms < p->again_ms ? p->until_ms : p->again_ms;

	return p->offer_ms && p->offer_ms < ms ? p->offer_ms : ms;
}

static void note_due(struct berth_agent *a, const struct parked *p)
{
	if (agent_parked_due(p) < a->parked_ms)
		a->parked_ms = agent_parked_due(p);
}

void agent_parked_add(struct berth_agent *a, const struct parked *p)
{
	a->parked[a->n_parked] = *p;
	a->parked_hash[a->n_parked] = berth_shorthash(p->peer);
	note_due(a, p);
	if (p->look)
		swap(a, a->n_parked, a->n_looks++);
	a->n_parked++;
}

void agent_parked_remove(struct berth_agent *a, size_t i)
{
	free(a->parked[i].peer);
	free(a->parked[i].thread);
	if (i < a->n_looks) {
		swap(a, i, --a->n_looks);
		i = a->n_looks;
	}
	swap(a, i, --a->n_parked);
}

size_t agent_parked_begin(struct berth_agent *a, bool all)
{
	size_t n = a->n_looks;

	a->n_looks = 0;
	if (!all && agent_mono_ms() < a->parked_ms)
		return n;
	a->parked_ms = UINT64_MAX;
	return a->n_parked;
}

void agent_parked_end(struct berth_agent *a, size_t n)
{
	for (size_t i = 0; i < n && i < a->n_parked; i++) {
		note_due(a, &a->parked[i]);
		if (a->parked[i].look)
			swap(a, i, a->n_looks++);
	}
}

uint64_t agent_parked_ms(const struct berth_agent *a, int64_t s)
{
	int64_t after = s - a->start_uptime_s;

	return after > INT32_MAX ? UINT64_MAX : a->start_ms + (uint64_t)(after > 0 ? after : 0) * 1000;
}

uint32_t agent_parked_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms)
{
	return agent_sooner(in_ms, a->parked_ms, now_ms);
}

void agent_parked_free(struct berth_agent *a)
{
	while (a->n_parked)
		agent_parked_remove(a, 0);
}
