/* SPDX-License-Identifier: Apache-2.0 */
/* What leaves: outbox rows to whom we can dial, answers to whom asks us, and the
 * asking of our own. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/empty.h"
#include "did/base/log.h"
#include "did/base/rand.h"
#include "did/url.h"

#define DUE_MAX 16
#define POLL_FAIL_MAX_S 300
#define POLL_DELAY_MS 2000u
#define POLL_QUICK_MS 1000u
#define SP_OVERHEAD 12		/* the SP length and the request id, per direction */

/* Where a peer is dialled when the step did not say: its document's endpoint. */
static enum berth_err endpoint_of(struct berth_agent *a, const char *did, struct berth_buf *uri)
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_resolve(a->env.resolver, did, &doc);
	const char *e = rc ? NULL : berth_did_doc_endpoint(doc, 0);

	if (e)
		berth_buf_str(uri, e);
	berth_did_doc_free(doc);
	return rc ? rc : berth_buf_status(uri);
}

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
	else if ((rc = endpoint_of(a, s->to, &uri)))
		goto out;
	int64_t now = berth_agent_now_s(a);
	struct berth_outbox_row row = { .id = s->msg.id, .peer = berth_buf_cstr(&peer),
		.from = s->identity ? s->identity : "", .thid = s->msg.thid,
		.endpoints = berth_buf_cstr(&uri), .mode = BERTH_FRAME_ENCRYPTED, .parked = uri.len == 0,
		.body = packed.p, .body_len = packed.len, .created_s = now, .next_s = now,
		.expires_s = now + BERTH_OUTBOX_EXPIRES_S };

	rc = berth_store_outbox_put(a->cfg.store, &row);
out:
	berth_buf_free(&packed);
	berth_buf_free(&uri);
	berth_buf_free(&peer);
	return rc;
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
static enum berth_err
transmit(struct berth_agent *a, struct in_flight f, const char *peer, const char *uri,
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

static enum berth_err mark_sent(struct berth_agent *a, int64_t seq, const uint8_t ack[BERTH_ACK_LEN])
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
	enum berth_err rc;

	berth_frame_ack(f.ack, row->body, row->body_len);
	if (mark_sent(a, row->seq, f.ack))
		return;
	rc = transmit(a, f, row->peer, row->endpoints, (enum berth_frame_media)row->mode, row->body, row->body_len);
	if (rc == BERTH_E_NETPOL)
		give_up(a, row->seq, berth_err_detail());
	else if (rc)
		berth_log_err(BERTH_LOG_INFO, "send", rc);
}

static void send_due(struct berth_agent *a)
{
	struct berth_outbox_list due = { 0 };

	if (berth_store_outbox_due(a->cfg.store, berth_agent_now_s(a), DUE_MAX, &due))
		return;
	for (size_t i = 0; i < due.n && a->n_flight < IN_FLIGHT_MAX - 1; i++)
		if (!row_in_flight(a, due.rows[i].seq))
			send_row(a, &due.rows[i]);
	berth_outbox_list_free(&due);
}

/* Puts what waits for the peer into a reply; how many.  *again_s: when the first of
 * those that had to stay may go, INT64_MAX: none did. */
static size_t collect(struct berth_agent *a, const char *peer, struct berth_frame_reply *reply,
		      struct berth_outbox_list *rows, int64_t *again_s)
{
	int64_t now = berth_agent_now_s(a);
	size_t bytes = 0, n = 0;
	uint8_t ack[BERTH_ACK_LEN];

	*again_s = INT64_MAX;
	if (berth_store_outbox_for_peer(a->cfg.store, peer, now,
					BERTH_FRAME_MESSAGES_MAX, rows))
		return 0;
	for (size_t i = 0; i < rows->n && reply->n_msgs < BERTH_FRAME_MESSAGES_MAX; i++) {
		const struct berth_outbox_row *row = &rows->rows[i];

		/* one that was handed over a moment ago waits for its ack, and those
		 * behind it for their turn */
		if (row->tries && row->next_s > now)
			*again_s = row->next_s;
		if (*again_s != INT64_MAX || bytes + row->body_len > REPLY_BYTES_MAX)
			break;
		berth_frame_ack(ack, row->body, row->body_len);
		if (mark_sent(a, row->seq, ack))
			break;
		reply->msgs[reply->n_msgs].p = row->body;
		reply->msgs[reply->n_msgs++].n = row->body_len;
		bytes += row->body_len;
		n++;
	}
	return n;
}

static void reply_now(struct berth_agent *a, uint64_t request, struct berth_frame_reply *reply)
{
	struct berth_buf frame = BERTH_BUF_INIT;

	if (berth_frame_reply_encode(&frame, reply) ||
	    a->cfg.transport->ops->reply(a->cfg.transport, request, &frame))
		berth_log(BERTH_LOG_INFO, "reply", "%s", berth_err_detail());
	else
		a->wire_bytes += frame.len + SP_OVERHEAD;
	berth_buf_free(&frame);
}

static void reply_status(struct berth_agent *a, uint64_t request, enum berth_frame_status status, uint32_t after)
{
	struct berth_frame_reply r = { .status = status, .retry_after_s = after };

	reply_now(a, request, &r);
}

/* At most one parked request a peer: an older one is answered empty. */
static void park(struct berth_agent *a, uint64_t request, const char *peer)
{
	struct parked p = { .request = request, .until_ms = agent_mono_ms() + BERTH_AGENT_PARK_MS, .again_s = INT64_MAX };

	for (size_t i = 0; i < a->n_parked; i++)
		if (strcmp(a->parked[i].peer, peer) == 0) {
			reply_status(a, a->parked[i].request, BERTH_FRAME_STORED, 0);
			a->parked[i].request = request;
			a->parked[i].until_ms = p.until_ms;
			return;
		}
	if (a->n_parked == BERTH_AGENT_PARKED_MAX || !(p.peer = strdup(peer))) {
		reply_status(a, request, BERTH_FRAME_STORED, 0);
		return;
	}
	a->parked[a->n_parked++] = p;
}

static void unpark(struct berth_agent *a, size_t i)
{
	free(a->parked[i].peer);
	a->parked[i] = a->parked[--a->n_parked];
}

void berth_agent_on_gone(struct berth_agent *a, uint64_t request)
{
	for (size_t i = 0; i < a->n_parked; i++)
		if (a->parked[i].request == request) {
			unpark(a, i);
			return;
		}
}

static void answer_parked(struct berth_agent *a)
{
	for (size_t i = a->n_parked; i-- > 0;) {
		struct berth_frame_reply r = { .status = BERTH_FRAME_STORED };
		struct berth_outbox_list rows = { 0 };
		int64_t again_s;

		if (collect(a, a->parked[i].peer, &r, &rows, &again_s) || agent_mono_ms() >= a->parked[i].until_ms) {
			reply_now(a, a->parked[i].request, &r);
			unpark(a, i);
		} else {
			a->parked[i].again_s = again_s;
		}
		berth_outbox_list_free(&rows);
	}
}

/* acks ride in front of a message whose sender says whose they are */
static void take_acks(struct berth_agent *a, const char *peer, const struct berth_frame_request *f)
{
	bool found;

	if (!f->n_acks || berth_store_begin(a->cfg.store))
		return;
	for (size_t i = 0; i < f->n_acks; i++)
		if (berth_store_outbox_ack(a->cfg.store, peer, f->acks + i * BERTH_ACK_LEN, &found)) {
			berth_store_rollback(a->cfg.store);
			return;
		}
	if (berth_store_commit(a->cfg.store))
		berth_store_rollback(a->cfg.store);
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

/* Those with an address of their own; what is left was for a reply that is gone. */
static void send_ephemeral(struct berth_agent *a)
{
	for (size_t i = 0; i < a->n_ephemeral && a->n_flight < IN_FLIGHT_MAX; i++) {
		const struct ephemeral *e = &a->ephemeral[i];

		if (e->uri && transmit(a, (struct in_flight){ 0 }, e->peer, e->uri, BERTH_FRAME_ENCRYPTED,
				       e->packed.p, e->packed.len))
			berth_log(BERTH_LOG_INFO, "send", "%s: %s", e->uri, berth_err_detail());
	}
	agent_drop_ephemeral(a, 0);
}

static void answer(struct berth_agent *a, uint64_t request, const char *peer, bool is_poll)
{
	struct berth_frame_reply r = { .status = BERTH_FRAME_STORED };
	struct berth_outbox_list rows = { 0 };
	int64_t again_s;

	for (size_t i = 0; i < a->n_ephemeral && r.n_msgs < BERTH_FRAME_MESSAGES_MAX; i++) {
		if (a->ephemeral[i].uri)
			continue;
		r.msgs[r.n_msgs].p = a->ephemeral[i].packed.p;
		r.msgs[r.n_msgs++].n = a->ephemeral[i].packed.len;
	}
	if (peer)
		collect(a, peer, &r, &rows, &again_s);
	if (is_poll && r.n_msgs == 0)
		park(a, request, peer);
	else
		reply_now(a, request, &r);
	berth_outbox_list_free(&rows);
}

void berth_agent_on_request(struct berth_agent *a, uint64_t request, const char *source,
			    const uint8_t *frame, size_t len)
{
	struct berth_received r = { 0 };
	struct berth_frame_request f;
	enum berth_err rc;

	a->wire_bytes += len + SP_OVERHEAD;
	if ((rc = berth_frame_request_decode(&f, frame, len))) {
		berth_log(BERTH_LOG_INFO, "frame", "from %s: %s", source, berth_err_detail());
		reply_status(a, request, rc == BERTH_E_SIZE ? BERTH_FRAME_TOO_BIG : BERTH_FRAME_REFUSED, 0);
		return;
	}
	if (a->quarantined) {
		reply_status(a, request, BERTH_FRAME_BUSY, QUARANTINE_RETRY_S);
		return;
	}
	rc = f.msg_len ? agent_receive(a, f.msg, f.msg_len, &r) : BERTH_OK;
	if (rc) {
		berth_log_err(BERTH_LOG_WARN, "busy", rc);
		agent_drop_ephemeral(a, 0);
		reply_status(a, request, BERTH_FRAME_BUSY, BUSY_RETRY_S);
	} else {
		/* acks are not signed: only a message that nobody has seen before
		 * vouches for those in front of it */
		if (r.sender && r.fresh)
			take_acks(a, r.sender, &f);
		answer(a, request, r.wants_reply && (r.fresh || !r.is_poll) ? r.sender : NULL, r.is_poll && r.fresh);
	}
	free(r.sender);
	agent_flush(a);
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

/* False: not all of them could be dealt with now. */
static bool take_messages(struct berth_agent *a, const char *uri, const struct berth_frame_reply *r)
{
	enum berth_err rc;
	bool all = true;

	for (size_t i = 0; i < r->n_msgs; i++) {
		struct berth_received got = { 0 };

		if (!(rc = agent_receive(a, r->msgs[i].p, r->msgs[i].n, &got)))
			owe_ack(a, uri, r->msgs[i].p, r->msgs[i].n);
		else
			berth_log_err(BERTH_LOG_WARN, "busy", rc);
		all &= !rc;
		free(got.sender);
	}
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

static void poll_result(struct berth_agent *a, bool ok)
{
	int64_t wait = 0;

	a->poll.flight = 0;
	a->poll.failures = ok ? 0 : a->poll.failures + 1;
	if (!ok) {
		uint32_t r;

		berth_random(&r, sizeof(r));
		wait = berth_backoff_s(a->poll.failures, r);
		if (wait > POLL_FAIL_MAX_S)
			wait = POLL_FAIL_MAX_S;
	}
	a->poll.next_ms = agent_mono_ms() + (uint64_t)wait * 1000;
}

/* The answer to an older poll, to another peer or before a restart, is none to this
 * one, or two of them would chase each other.  Nothing at once is not worth asking
 * again at once. */
static void poll_answered(struct berth_agent *a, uint64_t id, bool stored, size_t messages)
{
	if (id == a->poll.flight)
		poll_result(a, stored && (messages || agent_mono_ms() - a->poll.since_ms >= POLL_QUICK_MS));
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
		poll_answered(a, f.id, done, r.n_msgs);
	else if (f.seq == 0)
		;	/* sent once; whoever wanted it sent asks again */
	else if (done)
		row_done(a, &f);
	else if (rc == BERTH_E_NETPOL || (!rc && r.status >= BERTH_FRAME_REFUSED))
		give_up(a, f.seq, rc ? "E_NETPOL" : "refused by the peer");
	else if (!rc)
		row_later(a, &f, r.retry_after_s);
	free(f.peer);
	free(f.uri);
	agent_flush(a);
}

/* --- asking --- */
static void poll_clear(struct berth_agent *a)
{
	free(a->poll.identity);
	free(a->poll.peer);
	free(a->poll.uri);
	a->poll = (struct poll){ 0 };
}

/* Follows the record that steps write; an unchanged one changes nothing. */
enum berth_err agent_poll_load(struct berth_agent *a)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	const char *identity, *peer, *uri;
	bool found = false;
	enum berth_err rc = berth_store_get(a->cfg.store, BERTH_NS_POLL, "self", &text, &found);

	if (rc || !found) {
		if (!rc)
			poll_clear(a);
		goto out;
	}
	if ((rc = berth_json_parse_object(&v, (const char *)text.p, text.len, BERTH_JSON_MAX)) ||
	    (rc = berth_json_req_str(v, "identity", 64, &identity)) ||
	    (rc = berth_json_req_str(v, "peer", BERTH_OUTBOX_DID_MAX, &peer)) ||
	    (rc = berth_json_req_str(v, "uri", BERTH_OUTBOX_ENDPOINTS_MAX, &uri)))
		goto out;
	if (a->poll.peer && strcmp(a->poll.identity, identity) == 0 && strcmp(a->poll.peer, peer) == 0 &&
	    strcmp(a->poll.uri, uri) == 0)
		goto out;
	poll_clear(a);
	a->poll.identity = strdup(identity);
	a->poll.peer = strdup(peer);
	a->poll.uri = strdup(uri);
	/* most runs are over before: what comes, comes in the replies */
	a->poll.next_ms = agent_mono_ms() + POLL_DELAY_MS;
	if (!a->poll.identity || !a->poll.peer || !a->poll.uri) {
		poll_clear(a);
		rc = berth_fail(BERTH_E_NOMEM, "poll");
	}
out:
	berth_json_free(v);
	berth_buf_free(&text);
	return rc;
}

static enum berth_err poll_once(struct berth_agent *a)
{
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	const struct berth_identity *me = a->env.identity(&a->env, a->poll.identity);
	struct berth_buf packed = BERTH_BUF_INIT;
	struct berth_send *s;
	enum berth_err rc;

	if (!me)
		return berth_fail(BERTH_E_STORE, "poll for %s", a->poll.identity);
	if (!(rc = berth_effects_send(&a->env, &fx, me, a->poll.peer, a->poll.uri, BERTH_TYPE_EMPTY, NULL, NULL, &s))) {
		struct berth_pack p = { .mode = BERTH_PACK_AUTHCRYPT, .from = s->msg.from, .to = s->to,
			.resolver = a->env.resolver, .keyring = a->cfg.keys->keyring };

		if (!(rc = berth_pack(&packed, &p, &s->msg)))
			rc = transmit(a, (struct in_flight){ .poll = true }, a->poll.peer, a->poll.uri,
				      BERTH_FRAME_ENCRYPTED, packed.p, packed.len);
	}
	berth_buf_free(&packed);
	berth_effects_free(&fx);
	return rc;
}

static void poll_tick(struct berth_agent *a)
{
	enum berth_err rc;

	if (!a->poll.peer || a->poll.flight || agent_mono_ms() < a->poll.next_ms)
		return;
	a->poll.since_ms = agent_mono_ms();
	if ((rc = poll_once(a))) {
		berth_log_err(BERTH_LOG_INFO, "poll", rc);
		poll_result(a, false);
	} else {
		a->poll.flight = a->next_id;
	}
}

void agent_flush(struct berth_agent *a)
{
	if (a->quarantined)
		return;
	send_ephemeral(a);
	send_due(a);
	answer_parked(a);
}

static uint32_t sooner(uint32_t a_ms, uint64_t due_ms, uint64_t now_ms)
{
	uint64_t in = due_ms > now_ms ? due_ms - now_ms : 0;

	return in < a_ms ? (uint32_t)in : a_ms;
}

/* now_s is cut to whole seconds: at worst one of them too late */
static uint32_t wait_until(uint32_t a_ms, int64_t due_s, int64_t now_s)
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

	poll_tick(a);
	agent_flush(a);
	if (!berth_store_outbox_next(a->cfg.store, &next_s))
		in = wait_until(in, next_s, berth_agent_now_s(a));
	if (a->poll.peer && !a->poll.flight)
		in = sooner(in, a->poll.next_ms, now);
	for (size_t i = 0; i < a->n_parked; i++) {
		in = sooner(in, a->parked[i].until_ms, now);
		in = wait_until(in, a->parked[i].again_s, berth_agent_now_s(a));
	}
	return in;
}

void agent_outbound_free(struct berth_agent *a)
{
	poll_clear(a);
	agent_drop_ephemeral(a, 0);
	while (a->n_flight)
		flight_end(a, &a->flight[0]);
	while (a->n_parked)
		unpark(a, 0);
	while (a->n_acks)
		free(a->acks[--a->n_acks].uri);
}
