/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves: outbox rows to whom we can dial. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "did/base/log.h"
#include "did/url.h"

#define DUE_MAX 16

enum berth_err agent_pack_to_outbox(struct berth_agent *a, const struct berth_send *s, const struct agent_sender *by)
{
	struct berth_pack p = { .mode = s->mode, .to = s->to, .protect_sender = s->protect_sender,
		.from = s->identity ? s->msg.from : NULL,
		.resolver = a->env.resolver, .keyring = a->cfg.keys->keyring };
	struct berth_buf packed = BERTH_BUF_INIT, uri = BERTH_BUF_INIT, peer = BERTH_BUF_INIT;
	struct berth_jwe_hole *hole = NULL;
	enum berth_err rc;

	p.hole = agent_wraps_may(a) ? &hole : NULL;
	if ((rc = berth_pack(&packed, &p, &s->msg)) || (rc = berth_did_short(&peer, s->to)))
		goto out;
	if (s->uri && s->uri[0] == '[') {	/* what several ways look like, and no URI does */
		rc = berth_fail(BERTH_E_TYPE, "not a URI: %.80s", s->uri);
		goto out;
	}
	if (s->uri)
		berth_buf_str(&uri, s->uri);
	else if ((rc = agent_routes_of(a, s->to, strcmp(s->msg.thid, s->msg.id) != 0, &uri)))
		goto out;
	const struct berth_policy *policy = a->cfg.policy;
	int64_t now = berth_agent_now_s(a);
	struct berth_outbox_row row = { .id = s->msg.id, .peer = berth_buf_cstr(&peer),
		.from = s->identity ? s->identity : "", .thid = s->msg.thid,
		.machine = by->machine, .instance = by->instance, .endpoints = berth_buf_cstr(&uri), .mode = BERTH_FRAME_ENCRYPTED, .parked = uri.len == 0, .guest = agent_is_stranger(a, s->to),
		.body = packed.p, .body_len = packed.len, .created_s = now, .next_s = now,
		.expires_s = now + (policy && policy->retry_for_s ? policy->retry_for_s : BERTH_OUTBOX_EXPIRES_S) };

	berth_store_outbox_quota(a->cfg.store, policy ? policy->peer_msgs : 0, policy ? policy->peer_bytes : 0);
	if ((rc = berth_store_outbox_put(a->cfg.store, &row)))
		goto out;
	agent_parked_look(a, row.peer);
	if (hole)
		agent_wraps_add(a, berth_store_outbox_last(a->cfg.store), &packed, hole);
	hole = NULL;
out:
	berth_jwe_hole_free(hole);
	berth_buf_free(&packed);
	berth_buf_free(&uri);
	berth_buf_free(&peer);
	return rc;
}

enum berth_err agent_add_ephemeral(struct berth_agent *a, const struct berth_send *s)
{
	struct ephemeral *e = &a->ephemeral[a->n_ephemeral];
	struct berth_pack p = { .mode = s->mode, .to = s->to, .protect_sender = s->protect_sender,
		.from = s->identity ? s->msg.from : NULL,
		.resolver = a->env.resolver, .keyring = a->cfg.keys->keyring };
	enum berth_err rc;

	if (a->n_ephemeral == EPHEMERAL_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d messages at once", EPHEMERAL_MAX);
	*e = (struct ephemeral){ .uri = s->uri ? strdup(s->uri) : NULL, .peer = strdup(s->to), .request = a->answering };
	a->n_ephemeral++;
	if (!e->peer || (s->uri && !e->uri))
		return berth_no_memory();
	p.hole = agent_wraps_may(a) ? &e->hole : NULL;
	if ((rc = berth_pack(&e->packed, &p, &s->msg)))
		return rc;
	a->n_asked += e->hole != NULL;
	return BERTH_OK;
}

static void free_one(struct ephemeral *e)
{
	berth_buf_free(&e->packed);
	berth_jwe_hole_free(e->hole);
	free(e->uri);
	free(e->peer);
}

void agent_drop_ephemeral(struct berth_agent *a, size_t keep)
{
	while (a->n_ephemeral > keep)
		free_one(&a->ephemeral[--a->n_ephemeral]);
}

void agent_drop_replied(struct berth_agent *a, uint64_t request)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n_ephemeral; i++) {
		struct ephemeral *e = &a->ephemeral[i];

		if (e->uri || e->request != request)
			a->ephemeral[kept++] = *e;
		else
			free_one(e);
	}
	a->n_ephemeral = kept;
}

static struct in_flight *flight_of(struct berth_agent *a, uint64_t id)
{
	for (size_t i = 0; i < a->n_flight; i++)
		if (a->flight[i].id == id)
			return &a->flight[i];
	return NULL;
}

bool agent_row_in_flight(const struct berth_agent *a, int64_t seq)
{
	for (size_t i = 0; i < a->n_flight; i++)
		if (!a->flight[i].poll && a->flight[i].seq == seq)
			return true;
	return false;
}

size_t berth_agent_on_the_way(const struct berth_agent *a, const char *peer)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n_flight; i++)
		n += a->flight[i].seq && strcmp(a->flight[i].peer, peer) == 0;
	return n;
}

bool agent_flight_over(struct berth_agent *a, uint64_t id, struct in_flight *f)
{
	struct in_flight *at = flight_of(a, id);

	if (!at)
		return false;
	*f = *at;
	*at = a->flight[--a->n_flight];
	return true;
}

static void flight_end(struct berth_agent *a, struct in_flight *f)
{
	free(f->peer);
	free(f->uri);
	*f = a->flight[--a->n_flight];
}

/* Sends one frame with the acks that are due to that uri. */
enum berth_err
agent_transmit(struct berth_agent *a, struct in_flight f, const char *peer, const char *uri,
	 enum berth_frame_media media, const uint8_t *msg, size_t len)
{
	uint8_t acks[BERTH_FRAME_ACKS_MAX * BERTH_FRAME_ACK_LEN];
	struct berth_frame_request rq = { .media = media, .acks = acks, .msg = msg, .msg_len = len };
	struct berth_buf frame = BERTH_BUF_INIT;
	enum berth_err rc;

	for (size_t i = 0; i < a->n_acks && rq.n_acks < BERTH_FRAME_ACKS_MAX; i++)
		if (strcmp(a->acks[i].uri, uri) == 0)
			memcpy(acks + BERTH_ACK_LEN * rq.n_acks++, a->acks[i].ack, BERTH_ACK_LEN);
	f.n_acks = rq.n_acks;
	f.id = ++a->next_id;
	f.peer = strdup(peer);
	f.uri = strdup(uri);
	if (!f.peer || !f.uri) {
		free(f.peer);
		free(f.uri);
		return berth_no_memory();
	}
	a->flight[a->n_flight++] = f;
	if (!(rc = berth_frame_request_encode(&frame, &rq)) &&
	    !(rc = a->cfg.transport->ops->send(a->cfg.transport, f.id, uri, &frame)))
		a->wire_bytes += frame.len + SP_OVERHEAD;
	else
		flight_end(a, flight_of(a, f.id));
	berth_buf_free(&frame);
	return rc;
}

/* ---- what is due */

struct choice { struct berth_agent *a; struct berth_outbox_list due; };

/* A peer has so many at once, and all that are silent together. */
static bool wanted(void *arg, int64_t seq, const char *peer, int silences)
{
	const struct choice *c = arg;
	size_t same = berth_agent_on_the_way(c->a, peer), silent = 0;

	if (agent_row_in_flight(c->a, seq))
		return false;
	for (size_t i = 0; i < c->a->n_flight; i++)
		silent += c->a->flight[i].silent;
	for (size_t i = 0; i < c->due.n; i++) {
		same += strcmp(c->due.rows[i].peer, peer) == 0;
		silent += c->due.rows[i].silences > 0;
	}
	return silences ? same == 0 && silent < IN_FLIGHT_SILENT_MAX : same < IN_FLIGHT_PEER_MAX;
}

/* Nothing is written: after a crash it goes once more, and the peer drops it. */
static void send_row(struct berth_agent *a, const struct berth_outbox_row *row)
{
	struct in_flight f = { .seq = row->seq, .silent = row->silences > 0 };
	struct agent_try t;
	enum berth_err rc = agent_route_pick(&t, row);

	f.others = t.others;
	if (!rc)
		rc = agent_transmit(a, f, row->peer, t.uri, (enum berth_frame_media)row->mode, t.body.p, t.body.len);
	if (rc == BERTH_E_NETPOL || rc == BERTH_E_SIZE) {
		agent_row_refused(a, &f, row->peer, rc, berth_err_detail());
	} else if (rc) {
		berth_log_err(BERTH_LOG_INFO, "send", rc);
		a->pause_ms = agent_mono_ms() + PAUSE_MS;
	}
	agent_try_free(&t);
}

static void send_due(struct berth_agent *a)
{
	struct choice c = { .a = a };
	const struct berth_outbox_want want = { wanted, &c };
	size_t room = a->n_flight < IN_FLIGHT_MAX - POLLS_MAX ? IN_FLIGHT_MAX - POLLS_MAX - a->n_flight : 0;

	if (!room || agent_mono_ms() < a->pause_ms ||
	    berth_store_outbox_due(a->cfg.store, berth_agent_now_s(a), room < DUE_MAX ? room : DUE_MAX, &want, &c.due))
		return;
	for (size_t i = 0; i < c.due.n && agent_mono_ms() >= a->pause_ms; i++)
		send_row(a, &c.due.rows[i]);
	berth_outbox_list_free(&c.due);
}

/* Those with an address of their own; what is left was for a reply that is gone. */
static void send_ephemeral(struct berth_agent *a)
{
	for (size_t i = 0; i < a->n_ephemeral && a->n_flight < IN_FLIGHT_MAX; i++) {
		const struct ephemeral *e = &a->ephemeral[i];

		if (e->uri && agent_transmit(a, (struct in_flight){ 0 }, e->peer, e->uri, BERTH_FRAME_ENCRYPTED,
				       e->packed.p, e->packed.len))
			berth_log(BERTH_LOG_INFO, "send", "%s: %s", e->uri, berth_err_detail());
	}
	agent_drop_ephemeral(a, 0);
}

void agent_send_waiting(struct berth_agent *a)
{
	if (a->quarantined || a->unread)
		return;
	if (a->counters_behind) {
		agent_drop_ephemeral(a, 0);	/* sent once or not at all; rows wait */
		return;
	}
	send_ephemeral(a);
	send_due(a);
}

uint32_t agent_sooner(uint32_t a_ms, uint64_t due_ms, uint64_t now_ms)
{
	uint64_t in = due_ms > now_ms ? due_ms - now_ms : 0;

	return in < a_ms ? (uint32_t)in : a_ms;
}

/* now_s is cut to whole seconds: at worst one of them too late */
uint32_t agent_wait_until(uint32_t a_ms, int64_t due_s, int64_t now_s)
{
	int64_t wait = due_s > now_s ? due_s - now_s : 0;
	uint32_t in = wait == 0 ? 200 : wait > 60 ? 60000 : (uint32_t)wait * 1000;

	return in < a_ms ? in : a_ms;
}

uint32_t agent_outbound_tick(struct berth_agent *a)
{
	uint64_t now = agent_mono_ms();
	uint32_t in = 60000;
	int64_t next_s;

	agent_held_tick(a);
	if (a->counters_behind)
		return COUNTERS_RETRY_MS;
	agent_poll_tick(a);
	agent_flush(a);
	agent_letters_tick(a);
	if (!berth_store_outbox_next(a->cfg.store, &next_s))
		in = agent_wait_until(in, next_s, berth_agent_now_s(a));
	in = agent_held_wait(a, agent_letters_wait(a, in, now), now);
	return agent_parked_wait(a, agent_poll_wait(a, in, now), now);
}

void agent_outbound_free(struct berth_agent *a)
{
	agent_poll_clear(a);
	agent_replies_free(a);
	if (a->n_wraps)
		agent_group_undo(a);	/* whoever closes the store would commit them */
	agent_owed_free(a);
	agent_parked_free(a);
	agent_given_free(a);
	agent_held_free(a);
	berth_buf_free(&a->services);
	agent_drop_ephemeral(a, 0);
	while (a->n_flight)
		flight_end(a, &a->flight[0]);
	while (a->n_acks)
		free(a->acks[--a->n_acks].uri);
}
