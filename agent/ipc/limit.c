/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/limit.h"

#include <stdlib.h>
#include <string.h>

#include "agent/ipc/netd_proto.h"

#define PROBES 64	/* places an address may stand in */

enum berth_err berth_limit_init(struct berth_limit *l)
{
	*l = (struct berth_limit){ .sources = calloc(BERTH_LIMIT_SOURCES, sizeof(*l->sources)) };
	return l->sources ? BERTH_OK : berth_no_memory();
}

void berth_limit_free(struct berth_limit *l)
{
	free(l->sources);
	*l = (struct berth_limit){ 0 };
}

void berth_limit_rate(struct berth_limit *l, uint32_t per_s)
{
	l->rate_per_s = per_s;
	l->burst = per_s * BERTH_NET_BURST_S;
}

static struct berth_netaddr key_of(const struct berth_netaddr *a)
{
	struct berth_netaddr k = *a;

	if (!berth_netaddr_is_v4(a))
		memset(k.b + 8, 0, 8);
	return k;
}

/* FNV-1a: who picks addresses to collide is only in the way of himself, because a
 * run of PROBES full places refuses newcomers and evicts nobody. */
static size_t place_of(const struct berth_netaddr *k)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < sizeof(k->b); i++)
		h = (h ^ k->b[i]) * 16777619u;
	return h % BERTH_LIMIT_SOURCES;
}

static void refill(const struct berth_limit *l, struct berth_limit_source *s, uint64_t now_ms)
{
	uint64_t full = (uint64_t)l->burst * 1000;
	uint64_t dt = now_ms > s->at_ms ? now_ms - s->at_ms : 0;

	s->at_ms = now_ms;
	if (l->rate_per_s && dt > full / l->rate_per_s)
		s->tokens = full;
	else
		s->tokens += dt * l->rate_per_s;
	if (s->tokens > full)
		s->tokens = full;
}

static struct berth_limit_source *find(struct berth_limit *l, const struct berth_netaddr *a)
{
	struct berth_netaddr k = key_of(a);

	for (size_t i = 0, at = place_of(&k); i < PROBES; i++) {
		struct berth_limit_source *s = &l->sources[(at + i) % BERTH_LIMIT_SOURCES];

		if (!s->used)	/* a place once taken is given to others, but never empty again */
			return NULL;
		if (memcmp(&s->key, &k, sizeof(k)) == 0)
			return s;
	}
	return NULL;
}

static bool forgettable(const struct berth_limit *l, struct berth_limit_source *s, uint64_t now_ms)
{
	if (!s->used)
		return true;
	if (s->conns || s->open)
		return false;
	refill(l, s, now_ms);
	return s->tokens == (uint64_t)l->burst * 1000;
}

static struct berth_limit_source *find_or_add(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms)
{
	struct berth_limit_source *s = find(l, a);
	struct berth_netaddr k = key_of(a);

	if (s)
		return s;
	for (size_t i = 0, at = place_of(&k); i < PROBES; i++) {
		s = &l->sources[(at + i) % BERTH_LIMIT_SOURCES];
		if (!forgettable(l, s, now_ms))
			continue;
		*s = (struct berth_limit_source){
			.key = k, .used = true, .tokens = (uint64_t)l->burst * 1000, .at_ms = now_ms
		};
		return s;
	}
	return NULL;
}

enum berth_err berth_limit_conn(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms)
{
	struct berth_limit_source *s = NULL;

	if (l->conns < l->conns_max)
		s = find_or_add(l, a, now_ms);
	if (!s || s->conns >= l->conns_source_max)
		return berth_fail(BERTH_E_QUOTA, "connections: %u in all, %u of this address", l->conns, s ? s->conns : 0);
	s->conns++;
	l->conns++;
	return BERTH_OK;
}

void berth_limit_conn_end(struct berth_limit *l, const struct berth_netaddr *a)
{
	struct berth_limit_source *s = find(l, a);

	if (s && s->conns) {
		s->conns--;
		l->conns--;
	}
}

enum berth_err berth_limit_open(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms)
{
	struct berth_limit_source *s = find_or_add(l, a, now_ms);

	if (!s || s->open >= l->open_source_max)
		return berth_fail(BERTH_E_QUOTA, "%u requests of this address are open", s ? s->open : 0);
	refill(l, s, now_ms);
	if (s->tokens < 1000)
		return berth_fail(BERTH_E_QUOTA, "more than %u requests a second", l->rate_per_s);
	s->tokens -= 1000;
	s->open++;
	return BERTH_OK;
}

void berth_limit_open_end(struct berth_limit *l, const struct berth_netaddr *a)
{
	struct berth_limit_source *s = find(l, a);

	if (s && s->open)
		s->open--;
}
