/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and messages that are put by: somebody's DID is being looked up, and nobody
 * else waits for that.  When the answer has come they are taken like new ones.  They are
 * not acknowledged meanwhile: whatever is lost with us comes again. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"

static size_t held_by(const struct berth_agent *a, const char *source)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_held; i++)
		n += strcmp(a->held[i].source, source) == 0;
	return n;
}

void agent_lookups_begin(struct berth_agent *a, const char *source)
{
	struct berth_lookups *l = a->cfg.lookups;
	bool room = a->n_held < HELD_MAX && held_by(a, source) < HELD_OF_ONE_MAX;

	if (l)
		l->mode(l, room ? BERTH_LOOKUP_LATER : BERTH_LOOKUP_NEVER);
}

void agent_lookups_strict(struct berth_agent *a, bool on)
{
	if (a->cfg.lookups)
		a->cfg.lookups->strict(a->cfg.lookups, on);
}

bool agent_lookups_missed(const struct berth_agent *a)
{
	return a->cfg.lookups && a->cfg.lookups->missed(a->cfg.lookups);
}

bool agent_lookups_end(struct berth_agent *a)
{
	bool missed = agent_lookups_missed(a);

	if (a->cfg.lookups)
		a->cfg.lookups->mode(a->cfg.lookups, BERTH_LOOKUP_WAIT);
	return missed;
}

static void free_one(struct held *h)
{
	free(h->source);
	free(h->bytes);
}

bool agent_hold(struct berth_agent *a, uint64_t request, enum berth_link link, const char *source, const uint8_t *p,
		size_t n)
{
	struct held h = { .request = request, .link = link, .source = strdup(source), .bytes = malloc(n ? n : 1), .len = n,
		.until_ms = agent_mono_ms() + BERTH_AGENT_PARK_MS };
	size_t bytes = n;

	for (size_t i = 0; i < a->n_held; i++)
		bytes += a->held[i].len;
	if (!h.source || !h.bytes || a->n_held == HELD_MAX || bytes > HELD_BYTES_MAX) {
		free_one(&h);
		return false;
	}
	memcpy(h.bytes, p, n);
	a->held[a->n_held++] = h;
	return true;
}

static struct held take(struct berth_agent *a, size_t i)
{
	struct held h = a->held[i];

	memmove(&a->held[i], &a->held[i + 1], (--a->n_held - i) * sizeof(h));
	return h;
}

/* Each of those that are held now once; some may be put by again. */
void berth_agent_on_lookups(struct berth_agent *a)
{
	berth_agent_batch_begin(a);
	for (size_t n = a->n_held; n-- > 0;) {
		struct held h = take(a, 0);

		if (h.request)
			agent_take_request(a, h.request, h.link, h.source, h.bytes, h.len);
		else
			agent_take_message(a, h.source, h.bytes, h.len);
		free_one(&h);
	}
	berth_agent_batch_end(a);
}

void agent_held_gone(struct berth_agent *a, uint64_t request)
{
	for (size_t i = a->n_held; i-- > 0;)
		if (a->held[i].request == request) {
			struct held h = take(a, i);

			free_one(&h);
		}
}

void agent_held_tick(struct berth_agent *a)
{
	for (size_t i = a->n_held; i-- > 0;)
		if (agent_mono_ms() >= a->held[i].until_ms) {
			struct held h = take(a, i);

			if (h.request)
				agent_reply_busy(a, h.request);
			free_one(&h);
		}
}

uint32_t agent_held_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms)
{
	for (size_t i = 0; i < a->n_held; i++)
		in_ms = agent_sooner(in_ms, a->held[i].until_ms, now_ms);
	return in_ms;
}

void agent_held_free(struct berth_agent *a)
{
	while (a->n_held)
		free_one(&a->held[--a->n_held]);
}
