/* SPDX-License-Identifier: Apache-2.0 */
/* Messages that have come together, in requests or in a reply: before the first is worked on,
 * the outermost envelope of each is taken apart, and the keyring told what it will be asked
 * for, so that it is asked once for all of them and has something to do meanwhile; then the
 * same with the envelopes inside.  Nothing is decided here, and nothing looked up: what cannot
 * be said at once is found out when its turn comes. */
#include <stdlib.h>

#include "agent/core/agent_internal.h"

#define AHEAD_MAX 32

struct agent_ahead {
	struct {
		const uint8_t *packed;	/* borrowed from who read it */
		size_t len;
		struct berth_unpack_ahead *layer;
	} v[AHEAD_MAX];
	size_t n;
	bool inside;		/* what is in them was looked for */
};

static void look_up(struct berth_agent *a, enum berth_lookup_mode mode)
{
	if (a->cfg.lookups)
		a->cfg.lookups->mode(a->cfg.lookups, mode);
}

static struct berth_unpack_ahead *take_apart(struct berth_agent *a, const uint8_t *packed, size_t len)
{
	const struct berth_unpack how = agent_unpack_how(a);
	struct berth_unpack_ahead *layer;

	look_up(a, BERTH_LOOKUP_NEVER);
	if (berth_unpack_ahead(&layer, &how, (const char *)packed, len))
		layer = NULL;
	look_up(a, BERTH_LOOKUP_WAIT);
	return layer;
}

void agent_ahead_inside(struct berth_agent *a)
{
	const struct berth_unpack how = agent_unpack_how(a);
	struct agent_ahead *h = a->ahead;

	if (!h || h->inside)
		return;
	h->inside = true;
	look_up(a, BERTH_LOOKUP_NEVER);
	for (size_t i = 0; i < h->n; i++)
		if (h->v[i].layer)
			berth_unpack_ahead_inside(h->v[i].layer, &how);
	look_up(a, BERTH_LOOKUP_WAIT);
}

static void add(struct berth_agent *a, const uint8_t *packed, size_t len)
{
	struct agent_ahead *h = a->ahead;

	if (!len || !agent_hears(a) || (h && h->n == AHEAD_MAX) || (!h && !(h = a->ahead = calloc(1, sizeof(*h)))))
		return;
	h->v[h->n].packed = packed;
	h->v[h->n].len = len;
	if ((h->v[h->n].layer = take_apart(a, packed, len)))
		h->n++;
}

void berth_agent_ahead(struct berth_agent *a, const uint8_t *frame, size_t len)
{
	struct berth_frame_request f;

	if (berth_frame_request_decode(&f, frame, len) == BERTH_OK)
		add(a, f.msg, f.msg_len);
}

void berth_agent_ahead_reply(struct berth_agent *a, const uint8_t *frame, size_t len)
{
	struct berth_frame_reply r;

	if (berth_frame_reply_decode(&r, frame, len))
		return;
	for (size_t i = 0; i < r.n_msgs; i++)
		add(a, r.msgs[i].p, r.msgs[i].n);
}

struct berth_unpack_ahead *agent_ahead_take(struct berth_agent *a, const uint8_t *packed, size_t len)
{
	struct agent_ahead *h = a->ahead;
	struct berth_unpack_ahead *layer = NULL;

	for (size_t i = 0; h && i < h->n; i++)
		if (h->v[i].packed == packed && h->v[i].len == len) {
			layer = h->v[i].layer;
			h->v[i].layer = NULL;
			h->v[i].packed = NULL;
			break;
		}
	return layer;
}

void berth_agent_ahead_end(struct berth_agent *a)
{
	struct agent_ahead *h = a->ahead;

	if (!h)
		return;
	for (size_t i = 0; i < h->n; i++)
		berth_unpack_ahead_free(h->v[i].layer);
	free(h);
	a->ahead = NULL;
	berth_keyring_ahead_end(a->cfg.keys->keyring);
}
