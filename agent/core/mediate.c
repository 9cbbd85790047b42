/* SPDX-License-Identifier: Apache-2.0 */
/* The mediator's side of the host: the queue as steps see it, who is in live mode, and
 * what a client that holds a request here is told when something has come for it. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/core/store_queue.h"
#include "agent/protocol/mediate.h"
#include "did/base/log.h"

static struct berth_agent *agent_of(struct berth_queue *q) { return ((struct agent_queue *)q)->a; }

/* ---- clients */

static struct client *client_of(struct berth_agent *a, const char *did)
{
	for (size_t i = 0; i < a->n_clients; i++)
		if (strcmp(a->clients[i].did, did) == 0)
			return &a->clients[i];
	return NULL;
}

static struct client *longest_unused(struct berth_agent *a)
{
	struct client *c = &a->clients[0];

	for (size_t i = 1; i < a->n_clients; i++)
		if (a->clients[i].used_ms < c->used_ms)
			c = &a->clients[i];
	return c;
}

/* Found or made; NULL without memory. */
static struct client *use_client(struct berth_agent *a, const char *did)
{
	struct client *c = client_of(a, did);
	char *copy;

	if (!c) {
		if (!(copy = strdup(did)))
			return NULL;
		if (a->n_clients == CLIENTS_MAX) {
			c = longest_unused(a);
			free(c->did);
		} else {
			c = &a->clients[a->n_clients++];
		}
		*c = (struct client){ .did = copy };
	}
	c->used_ms = agent_mono_ms();
	return c;
}

/* ---- the queue */

static enum berth_err queue_put(struct berth_queue *q, const char *recipient, const char *client,
				const struct berth_buf *packed, int64_t lives_s)
{
	struct berth_agent *a = agent_of(q);
	const struct berth_policy *p = a->cfg.policy;
	const struct berth_queue_limits most = { p->relay_messages, p->relay_bytes, p->relay_all_messages, p->relay_all_bytes };
	int64_t now = berth_agent_now_s(a);
	const struct berth_queue_row row = { .recipient = recipient, .client = client, .body = packed->p,
		.body_len = packed->len, .came_s = now, .time_s = a->env.now_s > 0 ? a->env.now_s : 0, .expires_s = now + lives_s };
	bool there;
	enum berth_err rc = berth_store_queue_put(a->cfg.store, &row, &most, &there);

	/* whoever sent it cannot help it that somebody else does not fetch: not now */
	if (rc == BERTH_E_QUOTA)
		rc = berth_fail(BERTH_E_UNAVAILABLE, "no room in the queue of %.80s", recipient);
	if (!rc)
		a->queue_news = true;
	return rc;
}

static enum berth_err queue_status(struct berth_queue *q, const char *client, const char *recipient,
				   struct berth_queue_status *out)
{
	struct berth_agent *a = agent_of(q);
	int64_t now = berth_agent_now_s(a);
	struct berth_queue_totals t;
	enum berth_err rc = berth_store_queue_totals(a->cfg.store, client, recipient, now, &t);

	*out = (struct berth_queue_status){ .messages = t.messages, .bytes = t.bytes, .oldest_s = t.oldest_s,
		.newest_s = t.newest_s, .waited_s = t.messages ? now - t.came_s : 0 };
	return rc;
}

struct walk {
	enum berth_err (*fn)(void *arg, const char *id, const uint8_t *packed, size_t len);
	void *arg;
};

static enum berth_err one_row(void *arg, const struct berth_queue_row *r)
{
	struct walk *w = arg;

	return w->fn(w->arg, r->id, r->body, r->body_len);
}

static enum berth_err
queue_each(struct berth_queue *q, const char *client, const char *recipient, size_t limit,
	   enum berth_err (*fn)(void *arg, const char *id, const uint8_t *packed, size_t len), void *arg)
{
	struct berth_agent *a = agent_of(q);
	struct walk w = { fn, arg };

	return berth_store_queue_each(a->cfg.store, client, recipient, berth_agent_now_s(a), limit, one_row, &w);
}

static enum berth_err queue_received(struct berth_queue *q, const char *client, const char *id, bool *found)
{
	struct berth_agent *a = agent_of(q);

	return berth_store_queue_received(a->cfg.store, client, id, berth_agent_now_s(a), found);
}

static bool queue_live(struct berth_queue *q, const char *client)
{
	const struct client *c = client_of(agent_of(q), client);

	return c && c->live;
}

static enum berth_err queue_set_live(struct berth_queue *q, const char *client, bool on)
{
	struct client *c = use_client(agent_of(q), client);

	if (!c)
		return berth_no_memory();
	c->live = on;
	c->offered_seq = 0;
	return BERTH_OK;
}

/* SPEC messagepickup: "a new inbound connection starts with Live Mode disabled" */
void agent_mediate_gone(struct berth_agent *a, const char *client)
{
	struct client *c = client_of(a, client);

	if (c)
		c->live = false;
}

void agent_mediate_init(struct berth_agent *a)
{
	a->queue = (struct agent_queue){ .base = { .put = queue_put, .status = queue_status, .each = queue_each,
		.received = queue_received, .live = queue_live, .set_live = queue_set_live }, .a = a };
	a->env.queue = &a->queue.base;
}

void agent_mediate_free(struct berth_agent *a)
{
	while (a->n_clients)
		free(a->clients[--a->n_clients].did);
}

enum berth_err agent_mediate_housekeeping(struct berth_agent *a, int64_t now_s)
{
	return berth_store_queue_expire(a->cfg.store, now_s);
}

/* ---- offers */

/* The last of what waits for a client; 0: nothing, or it is no client. */
static int64_t last_waiting(struct berth_agent *a, const char *client)
{
	struct berth_queue_totals t;

	if (!a->env.identity(&a->env, BERTH_ID_MEDIATOR) ||
	    berth_store_queue_totals(a->cfg.store, client, NULL, berth_agent_now_s(a), &t) || t.messages == 0 ||
	    berth_mediate_check_client(&a->env, client))
		return 0;
	return t.last_seq;
}

/* The same again and again ever more seldom. */
static void note_offer(struct client *c, int64_t seq)
{
	c->offers = c->offered_seq == seq ? c->offers + (c->offers < OFFER_DOUBLINGS) : 0;
	c->offered_seq = seq;
	c->again_ms = agent_mono_ms() + ((uint64_t)OFFER_AGAIN_MS << c->offers);
}

/* It is packed here and not kept: it is true now, or never. */
static enum berth_err pack_offer(struct berth_agent *a, const char *client, struct berth_buf *packed)
{
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	enum berth_err rc = berth_pickup_offer(&a->env, client, &fx);

	if (!rc && fx.n_sends == 1) {
		const struct berth_send *s = &fx.sends[0];
		const struct berth_pack p = { .mode = BERTH_PACK_AUTHCRYPT, .from = s->msg.from, .to = s->to,
			.resolver = a->env.resolver, .keyring = a->cfg.keys->keyring };

		rc = berth_pack(packed, &p, &s->msg);
	}
	berth_effects_free(&fx);
	return rc;
}

uint64_t agent_mediate_offer(struct berth_agent *a, const char *client, struct berth_frame_reply *reply, struct berth_buf *packed)
{
	struct client *c;
	int64_t seq;
	enum berth_err rc;

	agent_refresh_time(a);
	if (!(seq = last_waiting(a, client)) || !(c = use_client(a, client)))
		return 0;
	if (c->offered_seq == seq && agent_mono_ms() < c->again_ms)
		return c->again_ms;
	note_offer(c, seq);
	if ((rc = pack_offer(a, client, packed))) {
		berth_log_err(BERTH_LOG_WARN, "offer", rc);
		return c->again_ms;
	}
	if (packed->len) {
		reply->msgs[reply->n_msgs].p = packed->p;
		reply->msgs[reply->n_msgs++].n = packed->len;
	}
	return c->again_ms;
}
