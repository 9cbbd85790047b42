/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves: outbox rows to whom we can dial, and what their answers say. */
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
	enum berth_err rc;

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

/* Those that went with the reply that is done. */
void agent_drop_replied(struct berth_agent *a)
{
	size_t kept = 0;

	for (size_t i = 0; i < a->n_ephemeral; i++) {
		struct ephemeral *e = &a->ephemeral[i];

		if (e->uri) {
			a->ephemeral[kept++] = *e;
			continue;
		}
		berth_buf_free(&e->packed);
		free(e->peer);
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

/* In their order: behind one that cannot be dealt with now none is, they come again. */
static bool take_messages(struct berth_agent *a, const char *uri, const struct berth_frame_reply *r)
{
	for (size_t i = 0; i < r->n_msgs; i++)
		if (!agent_take_message(a, uri, r->msgs[i].p, r->msgs[i].n))
			return false;
	return true;
}

/* ---- what becomes of a row */

typedef enum berth_err change_fn(struct berth_agent *a, const struct in_flight *f, const char *why, int64_t after_s);

/* In a transaction that nobody waits for: what it says is seen again after a power cut. */
static void change(struct berth_agent *a, change_fn *fn, const struct in_flight *f, const char *why, int64_t after_s)
{
	enum berth_err rc = berth_store_begin(a->cfg.store);

	if (!rc && !(rc = fn(a, f, why, after_s)))
		rc = berth_store_commit_loose(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	if (rc)
		berth_log_err(BERTH_LOG_WARN, "outbox", rc);
}

/* Durably with the peer. */
static enum berth_err done(struct berth_agent *a, const struct in_flight *f, const char *why, int64_t after_s)
{
	enum berth_err rc = f->seq ? berth_store_outbox_done(a->cfg.store, f->seq) : BERTH_OK;

	(void)why;
	(void)after_s;
	return rc ? rc : berth_store_peer_awake(a->cfg.store, f->peer, berth_agent_now_s(a));
}

/* The peer is there, and does not want this one now; its thread waits with it. */
static enum berth_err later(struct berth_agent *a, const struct in_flight *f, const char *why, int64_t after_s)
{
	int64_t now = berth_agent_now_s(a);
	enum berth_err rc = berth_store_peer_awake(a->cfg.store, f->peer, now);

	if (rc || (rc = berth_store_outbox_later(a->cfg.store, f->seq, now, after_s)))
		return rc;
	return berth_store_outbox_note(a->cfg.store, f->seq, why);
}

static enum berth_err silent(struct berth_agent *a, const struct in_flight *f, const char *why, int64_t after_s)
{
	(void)after_s;
	return berth_store_peer_silent(a->cfg.store, f->peer, f->silent, berth_agent_now_s(a), why);
}

/* That address is none for us, or its way too narrow.  Another one of the peer's may do. */
static void row_refused(struct berth_agent *a, const struct in_flight *f, const char *peer, enum berth_err rc, const char *why)
{
	const struct in_flight to = { .seq = f->seq, .peer = (char *)peer, .silent = f->silent };
	char words[BERTH_OUTBOX_ERROR_MAX];

	snprintf(words, sizeof(words), "%s: %s", berth_err_name(rc), why);	/* why is said anew below */
	if (f->others)
		change(a, silent, &to, words, 0);
	else
		agent_give_up(a, f->seq, words);
}

/* No answer, or none that can be read.  What is short on our side is not the peer's fault,
 * and one that answered others meanwhile is not silent. */
static void row_failed(struct berth_agent *a, const struct in_flight *f, enum berth_err rc, const char *detail)
{
	char why[BERTH_OUTBOX_ERROR_MAX];

	snprintf(why, sizeof(why), "%s", detail);
	if (f->poll)
		agent_poll_answered(a, f->id, false, 0);
	else if (f->seq == 0)
		;	/* sent once; whoever wanted it sent asks again */
	else if (rc == BERTH_E_NETPOL)
		row_refused(a, f, f->peer, rc, why);
	else if (rc == BERTH_E_QUOTA || rc == BERTH_E_NOMEM || f->met)
		change(a, later, f, why, 0);
	else
		change(a, silent, f, why, 0);
}

static void answered(struct berth_agent *a, const struct in_flight *f, const struct berth_frame_reply *r)
{
	bool stored = r->status == BERTH_FRAME_STORED;

	for (size_t i = 0; i < a->n_flight; i++)
		a->flight[i].met |= strcmp(a->flight[i].peer, f->peer) == 0;

	/* What came back and could not be dealt with will come again when we ask again:
	 * our own message is how to ask, so it stays in the outbox. */
	if (stored)
		forget_acks(a, f);
	bool taken = stored && take_messages(a, f->uri, r);

	if (f->poll)
		agent_poll_answered(a, f->id, taken, r->n_msgs);
	if (stored && (taken || f->poll))
		change(a, done, f, NULL, 0);
	else if (f->poll || f->seq == 0)
		;
	else if (r->status >= BERTH_FRAME_REFUSED)
		agent_give_up(a, f->seq, r->status == BERTH_FRAME_TOO_BIG ? "too big for the peer" : "refused by the peer");
	else
		change(a, later, f, stored ? "our own store is not ready" : "the peer is busy", r->retry_after_s);
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
		row_refused(a, &f, row->peer, rc, berth_err_detail());
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

void berth_agent_on_result(struct berth_agent *a, uint64_t id, enum berth_err rc,
			   const uint8_t *frame, size_t len)
{
	struct in_flight *at = flight_of(a, id), f;
	struct berth_frame_reply r = { .status = BERTH_FRAME_BUSY };

	if (!at)
		return;
	f = *at;		/* the list may grow below; peer and uri are ours now */
	*at = a->flight[--a->n_flight];
	berth_agent_batch_begin(a);
	a->wire_bytes += rc ? 0 : len + SP_OVERHEAD;
	if (!rc)
		rc = berth_frame_reply_decode(&r, frame, len);
	if (rc)
		berth_log(BERTH_LOG_INFO, "send", "%s: %s: %s", f.uri, berth_err_name(rc), berth_err_detail());
	if (rc)
		row_failed(a, &f, rc, berth_err_detail());
	else
		answered(a, &f, &r);
	free(f.peer);
	free(f.uri);
	berth_agent_batch_end(a);
}

void agent_send_waiting(struct berth_agent *a)
{
	if (a->quarantined)
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
	agent_parked_free(a);
	agent_given_free(a);
	agent_held_free(a);
	agent_drop_ephemeral(a, 0);
	while (a->n_flight)
		flight_end(a, &a->flight[0]);
	while (a->n_acks)
		free(a->acks[--a->n_acks].uri);
}
