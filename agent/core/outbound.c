/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves: outbox rows to whom we can dial, and what their answers say. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "did/base/log.h"
#include "did/url.h"

#define DUE_MAX 16

enum berth_err agent_pack_to_outbox(struct berth_agent *a, const struct berth_send *s)
{
	struct berth_pack p = { .mode = s->mode, .to = s->to, .protect_sender = s->protect_sender,
		.from = s->identity ? s->msg.from : NULL,
		.resolver = a->env.resolver, .keyring = a->cfg.keys->keyring };
	struct berth_buf packed = BERTH_BUF_INIT, uri = BERTH_BUF_INIT, peer = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_pack(&packed, &p, &s->msg)) || (rc = berth_did_short(&peer, s->to)))
		goto out;
	if (s->uri)
		berth_buf_str(&uri, s->uri);
	else if ((rc = agent_routes_of(a, s->to, strcmp(s->msg.thid, s->msg.id) != 0, &uri)))
		goto out;
	int64_t now = berth_agent_now_s(a);
	struct berth_outbox_row row = { .id = s->msg.id, .peer = berth_buf_cstr(&peer),
		.from = s->identity ? s->identity : "", .thid = s->msg.thid,
		.endpoints = berth_buf_cstr(&uri), .mode = BERTH_FRAME_ENCRYPTED, .parked = uri.len == 0, .guest = agent_is_stranger(a, s->to),
		.body = packed.p, .body_len = packed.len, .created_s = now, .next_s = now,
		.expires_s = now + BERTH_OUTBOX_EXPIRES_S };

	rc = berth_store_outbox_put(a->cfg.store, &row);
out:
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

	if (a->n_ephemeral == EPHEMERAL_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d messages at once", EPHEMERAL_MAX);
	*e = (struct ephemeral){ .uri = s->uri ? strdup(s->uri) : NULL, .peer = strdup(s->to) };
	a->n_ephemeral++;
	if (!e->peer || (s->uri && !e->uri))
		return berth_fail(BERTH_E_NOMEM, "message");
	return berth_pack(&e->packed, &p, &s->msg);
}

void agent_drop_ephemeral(struct berth_agent *a, size_t keep)
{
	while (a->n_ephemeral > keep) {
		struct ephemeral *e = &a->ephemeral[--a->n_ephemeral];

		berth_buf_free(&e->packed);
		free(e->uri);
		free(e->peer);
	}
}

static struct in_flight *flight_of(struct berth_agent *a, uint64_t id)
{
	for (size_t i = 0; i < a->n_flight; i++)
		if (a->flight[i].id == id)
			return &a->flight[i];
	return NULL;
}

static bool row_in_flight(const struct berth_agent *a, int64_t seq)
{
	for (size_t i = 0; i < a->n_flight; i++)
		if (!a->flight[i].poll && a->flight[i].seq == seq)
			return true;
	return false;
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
		return berth_fail(BERTH_E_NOMEM, "frame");
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

enum berth_err agent_mark_sent(struct berth_agent *a, int64_t seq, const uint8_t ack[BERTH_ACK_LEN])
{
	enum berth_err rc = berth_store_begin(a->cfg.store);

	if (rc)
		return rc;
	if (!(rc = berth_store_outbox_sent(a->cfg.store, seq, ack, berth_agent_now_s(a))))
		return berth_store_commit(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	return rc;
}

static void give_up(struct berth_agent *a, int64_t seq, const char *why)
{
	berth_log(BERTH_LOG_WARN, "outbox", "given up: %s", why);
	if (berth_store_begin(a->cfg.store))
		return;
	if (berth_store_outbox_dead(a->cfg.store, seq, berth_agent_now_s(a), why) ||
	    berth_store_commit(a->cfg.store))
		berth_store_rollback(a->cfg.store);
}

static void send_row(struct berth_agent *a, const struct berth_outbox_row *row)
{
	struct in_flight f = { .seq = row->seq };
	struct agent_try t;
	enum berth_err rc;

	berth_frame_ack(f.ack, row->body, row->body_len);
	if (agent_mark_sent(a, row->seq, f.ack))
		return;
	if (!(rc = agent_route_pick(&t, row))) {
		f.more = t.more;
		rc = agent_transmit(a, f, row->peer, t.uri, (enum berth_frame_media)row->mode, t.body.p, t.body.len);
	}
	if (rc == BERTH_E_SIZE || (rc == BERTH_E_NETPOL && !t.more))
		give_up(a, row->seq, berth_err_detail());
	else if (rc)
		berth_log_err(BERTH_LOG_INFO, "send", rc);
	agent_try_free(&t);
}

static void send_due(struct berth_agent *a)
{
	struct berth_outbox_list due = { 0 };

	if (berth_store_outbox_due(a->cfg.store, berth_agent_now_s(a), DUE_MAX, &due))
		return;
	for (size_t i = 0; i < due.n && a->n_flight < IN_FLIGHT_MAX - POLLS; i++)
		if (!row_in_flight(a, due.rows[i].seq))
			send_row(a, &due.rows[i]);
	berth_outbox_list_free(&due);
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

/* acks that went out with a frame that was answered need not be repeated */
static void forget_acks(struct berth_agent *a, const struct in_flight *f)
{
	size_t left = f->n_acks, kept = 0;

	for (size_t i = 0; i < a->n_acks; i++) {
		if (left && strcmp(a->acks[i].uri, f->uri) == 0) {
			free(a->acks[i].uri);
			left--;
			continue;
		}
		a->acks[kept++] = a->acks[i];
	}
	a->n_acks = kept;
}

static void owe_ack(struct berth_agent *a, const char *uri, const uint8_t *msg, size_t n)
{
	struct pending_ack *p = &a->acks[a->n_acks];

	if (a->n_acks == ACKS_MAX || !(p->uri = strdup(uri)))
		return;		/* the sender repeats it, we say so again */
	berth_frame_ack(p->ack, msg, n);
	a->n_acks++;
}

bool agent_take_message(struct berth_agent *a, const char *uri, const uint8_t *msg, size_t n)
{
	struct berth_received got = { 0 };
	enum berth_err rc;
	bool missed;

	agent_lookups_begin(a, uri);
	rc = agent_receive(a, msg, n, &got);
	missed = agent_lookups_end(a);
	if (!rc && a->counters_behind)
		rc = berth_fail(BERTH_E_KEYSTORE, "the device's counter has not followed");
	if (!rc)
		owe_ack(a, uri, msg, n);
	else if (!missed || !agent_hold(a, 0, BERTH_LINK_NNG, uri, msg, n))
		berth_log_err(BERTH_LOG_WARN, "busy", rc);
	agent_received_free(&got);
	return !rc;
}

/* False: not all of them could be dealt with now. */
static bool take_messages(struct berth_agent *a, const char *uri, const struct berth_frame_reply *r)
{
	bool all = true;

	for (size_t i = 0; i < r->n_msgs; i++)
		all &= agent_take_message(a, uri, r->msgs[i].p, r->msgs[i].n);
	return all;
}

/* Durably with the peer: the row goes. */
static void row_done(struct berth_agent *a, const struct in_flight *f)
{
	bool found;

	if (berth_store_begin(a->cfg.store))
		return;
	if (berth_store_outbox_ack(a->cfg.store, f->peer, f->ack, &found) || berth_store_commit(a->cfg.store))
		berth_store_rollback(a->cfg.store);
}

static void row_later(struct berth_agent *a, const struct in_flight *f, uint32_t after_s)
{
	int64_t now = berth_agent_now_s(a);

	if (berth_store_begin(a->cfg.store))
		return;
	if (berth_store_outbox_retry(a->cfg.store, f->seq, now, after_s) || berth_store_commit(a->cfg.store))
		berth_store_rollback(a->cfg.store);
}

void berth_agent_on_result(struct berth_agent *a, uint64_t id, enum berth_err rc,
			   const uint8_t *frame, size_t len)
{
	struct in_flight *at = flight_of(a, id), f;
	struct berth_frame_reply r = { .status = BERTH_FRAME_BUSY };

	if (!at)
		return;
	f = *at;		/* the list may grow below; peer and uri are ours now */
	*at = a->flight[--a->n_flight];
	a->wire_bytes += rc ? 0 : len + SP_OVERHEAD;
	if (!rc)
		rc = berth_frame_reply_decode(&r, frame, len);
	if (rc)
		berth_log(BERTH_LOG_INFO, "send", "%s: %s: %s", f.uri, berth_err_name(rc), berth_err_detail());
	bool stored = !rc && r.status == BERTH_FRAME_STORED;

	/* What came back and could not be dealt with will come again when we ask again:
	 * our own message is how to ask, so it stays in the outbox. */
	if (stored)
		forget_acks(a, &f);
	bool done = stored && take_messages(a, f.uri, &r);

	if (f.poll)
		agent_poll_answered(a, f.id, done, r.n_msgs);
	else if (f.seq == 0)
		;	/* sent once; whoever wanted it sent asks again */
	else if (done)
		row_done(a, &f);
	else if ((rc == BERTH_E_NETPOL || (!rc && r.status >= BERTH_FRAME_REFUSED)) && !f.more)
		give_up(a, f.seq, rc ? "E_NETPOL" : "refused by the peer");
	else if (!rc)
		row_later(a, &f, r.retry_after_s);
	free(f.peer);
	free(f.uri);
	agent_flush(a);
}

void agent_flush(struct berth_agent *a)
{
	if (a->quarantined)
		return;
	if (a->counters_behind) {
		agent_drop_ephemeral(a, 0);	/* sent once or not at all; rows wait */
		return;
	}
	send_ephemeral(a);
	send_due(a);
	agent_answer_parked(a);
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
	if (!berth_store_outbox_next(a->cfg.store, &next_s))
		in = agent_wait_until(in, next_s, berth_agent_now_s(a));
	in = agent_held_wait(a, in, now);
	return agent_parked_wait(a, agent_poll_wait(a, in, now), now);
}

void agent_outbound_free(struct berth_agent *a)
{
	agent_poll_clear(a);
	agent_parked_free(a);
	agent_given_free(a);
	agent_held_free(a);
	agent_drop_ephemeral(a, 0);
	while (a->n_flight)
		flight_end(a, &a->flight[0]);
	while (a->n_acks)
		free(a->acks[--a->n_acks].uri);
}
