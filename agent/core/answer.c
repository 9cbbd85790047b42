/* SPDX-License-Identifier: Apache-2.0 */
/* What is answered: requests from the network, at once or, when somebody asks for
 * messages and there are none, parked until there are. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "did/base/log.h"

static bool is_socket(enum berth_link link) { return link == BERTH_LINK_WS; }
static bool is_http(enum berth_link link) { return link == BERTH_LINK_HTTP || link == BERTH_LINK_HTTP_ACKS; }
static size_t messages_max(enum berth_link link) { return is_http(link) ? 1 : BERTH_FRAME_MESSAGES_MAX; }

/* How many of the rows, room of them, may go now.  *again_s: when the first of those that have to stay
 * may, INT64_MAX: none has to. */
static size_t may_go(struct berth_agent *a, const struct berth_outbox_row *rows, size_t room, int64_t *again_s)
{
	int64_t now = berth_agent_now_s(a);
	size_t bytes = 0, n = 0;

	*again_s = INT64_MAX;
	for (; n < room; n++) {
		const struct berth_outbox_row *row = &rows[n];

		/* one that was handed over a moment ago waits for its ack, and those
		 * behind it for their turn */
		if (agent_row_in_flight(a, row->seq))
			*again_s = now + 1;
		else if (row->tries && row->next_s > now && row->next_s < BERTH_OUTBOX_ASLEEP)
			*again_s = row->next_s;
		if (*again_s != INT64_MAX || bytes + row->body_len > REPLY_BYTES_MAX)
			break;
		bytes += row->body_len;
	}
	return n;
}

/* Before the octets of these rows leave. */
static enum berth_err mark_sent(struct berth_agent *a, const struct berth_outbox_row *rows, size_t n)
{
	enum berth_err rc = berth_store_begin_plain(a->cfg.store);
	uint8_t ack[BERTH_ACK_LEN];

	for (size_t i = 0; !rc && i < n; i++) {
		berth_frame_ack(ack, rows[i].body, rows[i].body_len);
		rc = berth_store_outbox_sent(a->cfg.store, &rows[i], ack, berth_agent_now_s(a));
	}
	if (!rc)
		rc = berth_store_commit(a->cfg.store);
	berth_store_rollback(a->cfg.store);
	return rc;
}

/* Those of the thread, or all, to the front of the list; how many. */
static size_t of_thread(struct berth_outbox_list *rows, const char *thread)
{
	size_t n = 0;

	for (size_t i = 0; i < rows->n; i++)
		if (!thread || strcmp(thread, rows->rows[i].thid) == 0) {
			struct berth_outbox_row row = rows->rows[i];

			rows->rows[i] = rows->rows[n];
			rows->rows[n++] = row;
		}
	return n;
}

/* Puts what waits for the peer (in one thread, or NULL) into a reply; how many. */
static size_t collect(struct berth_agent *a, uint64_t request, enum berth_link link, const char *peer, const char *thread,
		      struct berth_frame_reply *reply, struct berth_outbox_list *rows, uint64_t *again_ms)
{
	int64_t again_s = berth_agent_now_s(a) + 1;	/* should the store fail */
	uint8_t ack[BERTH_ACK_LEN];
	size_t n = 0, room = messages_max(link) - reply->n_msgs;

	if (is_socket(link) && room > GIVEN_MAX - a->n_given)
		room = GIVEN_MAX - a->n_given;	/* confirmations are counted: none may be forgotten */

	*again_ms = agent_parked_ms(a, again_s);
	if (berth_store_outbox_for_peer(a->cfg.store, peer, berth_agent_now_s(a), BERTH_FRAME_MESSAGES_MAX, rows))
		return 0;
	n = of_thread(rows, thread);
	n = may_go(a, rows->rows, n < room ? n : room, &again_s);
	if (n && (agent_wraps_read(a, rows->rows, n) || mark_sent(a, rows->rows, n)))
		return 0;
	agent_wraps_written(a, rows->rows, n);
	*again_ms = agent_parked_ms(a, again_s);
	for (size_t i = 0; i < n; i++) {
		const struct berth_outbox_row *row = &rows->rows[i];

		if (link == BERTH_LINK_HTTP || is_socket(link)) {
			berth_frame_ack(ack, row->body, row->body_len);
			agent_given_note(a, request, peer, ack);
		}
		reply->msgs[reply->n_msgs].p = row->body;
		reply->msgs[reply->n_msgs++].n = row->body_len;
	}
	return n;
}

/* On a socket what will be confirmed is counted in order, also what is in no outbox. */
static void note_other(struct berth_agent *a, uint64_t request, enum berth_link link)
{
	if (is_socket(link))
		agent_given_note(a, request, "", (uint8_t[BERTH_ACK_LEN]){ 0 });
}

/* What waits at us as its mediator; when to offer it again. */
static uint64_t offer_queue(struct berth_agent *a, uint64_t request, enum berth_link link, const char *peer,
			    struct berth_frame_reply *reply, struct berth_buf *offer)
{
	uint64_t again_ms = agent_mediate_offer(a, peer, reply, offer);

	if (reply->n_msgs)
		note_other(a, request, link);
	return again_ms;
}

static void reply_now(struct berth_agent *a, uint64_t request, struct berth_frame_reply *reply)
{
	struct berth_buf frame = BERTH_BUF_INIT;

	berth_agent_batch_begin(a);
	if (berth_frame_reply_encode(&frame, reply))
		berth_log(BERTH_LOG_INFO, "reply", "%s", berth_err_detail());
	else
		agent_reply_later(a, request, &frame);
	berth_buf_free(&frame);
	berth_agent_batch_end(a);
}

static void reply_status(struct berth_agent *a, uint64_t request, enum berth_frame_status status, uint32_t after)
{
	struct berth_frame_reply r = { .status = status, .retry_after_s = after };

	reply_now(a, request, &r);
}

/* At most one parked request a peer: an older one is answered empty. */
static void park(struct berth_agent *a, struct parked p, const char *peer, const char *thread)
{
	uint32_t ms = p.link == BERTH_LINK_NNG ? BERTH_AGENT_PARK_MS : BERTH_AGENT_PARK_HTTP_MS;
	struct parked *older = agent_parked_of(a, peer);

	p.until_ms = is_socket(p.link) ? UINT64_MAX : agent_mono_ms() + ms;
	if (older) {
		if (!is_socket(older->link))
			reply_status(a, older->request, BERTH_FRAME_STORED, 0);
		agent_parked_remove(a, (size_t)(older - a->parked));
	}
	if (a->n_parked == BERTH_AGENT_PARKED_MAX || !(p.peer = strdup(peer)) || (thread && !(p.thread = strdup(thread)))) {
		free(p.peer);
		if (!is_socket(p.link))
			reply_status(a, p.request, BERTH_FRAME_STORED, 0);
		return;
	}
	agent_parked_add(a, &p);
}

void berth_agent_on_gone(struct berth_agent *a, uint64_t request)
{
	agent_given_gone(a, request);
	agent_held_gone(a, request);
	agent_owed_gone(a, request);
	for (size_t i = a->n_parked; i-- > 0;)	/* a socket may be several peers' */
		if (a->parked[i].request == request) {
			agent_mediate_gone(a, a->parked[i].peer);
			agent_parked_remove(a, i);
		}
}

void berth_agent_on_all_gone(struct berth_agent *a)
{
	agent_given_free(a);
	agent_owed_free(a);
	for (size_t i = 0; i < a->n_parked; i++)
		agent_mediate_gone(a, a->parked[i].peer);
	agent_parked_free(a);
	a->browsing = false;
}

/* True: it is answered, and waits no more. */
static bool answer_one(struct berth_agent *a, struct parked *p, bool news)
{
	struct berth_frame_reply r = { .status = BERTH_FRAME_STORED };
	struct berth_outbox_list rows = { 0 };
	struct berth_buf offer = BERTH_BUF_INIT;
	bool over;

	p->look = false;
	collect(a, p->request, p->link, p->peer, p->thread, &r, &rows, &p->again_ms);
	if (r.n_msgs == 0 && (news || (p->offer_ms && agent_mono_ms() >= p->offer_ms)))
		p->offer_ms = offer_queue(a, p->request, p->link, p->peer, &r, &offer);
	over = r.n_msgs || agent_mono_ms() >= p->until_ms;
	if (over)
		reply_now(a, p->request, &r);
	p->look = over && is_socket(p->link);	/* it goes on waiting, for what did not fit */
	berth_outbox_list_free(&rows);
	berth_buf_free(&offer);
	return over && !is_socket(p->link);
}

void agent_answer_parked(struct berth_agent *a)
{
	uint64_t moved = berth_store_outbox_moved(a->cfg.store), now_ms = agent_mono_ms();
	bool news = a->queue_news, all = news || moved != a->moved;
	size_t n = agent_parked_begin(a, all);

	a->queue_news = false;
	a->moved = moved;
	for (size_t i = n; i-- > 0;) {
		struct parked *p = &a->parked[i];

		if ((all || p->look || now_ms >= agent_parked_due(p)) && answer_one(a, p, news))
			agent_parked_remove(a, i);
	}
	agent_parked_end(a, n);
}

/* acks ride in front of a message whose sender says whose they are */
static void take_acks(struct berth_agent *a, const char *peer, const struct berth_frame_request *f)
{
	size_t gone;

	if (!f->n_acks || berth_store_begin_plain(a->cfg.store))
		return;
	agent_parked_look(a, peer);	/* those behind may go */
	if (berth_store_outbox_acks(a->cfg.store, peer, f->acks, f->n_acks, &gone) || berth_store_commit(a->cfg.store))
		berth_store_rollback(a->cfg.store);
}

void agent_answer(struct berth_agent *a, uint64_t request, enum berth_link link, const char *peer, const char *thread,
		  bool is_poll)
{
	struct berth_frame_reply r = { .status = BERTH_FRAME_STORED };
	struct berth_outbox_list rows = { 0 };
	struct berth_buf offer = BERTH_BUF_INIT;
	struct parked p = { .request = request, .link = link, .again_ms = UINT64_MAX };

	if (agent_wraps_fill(a)) {
		agent_reply_busy(a, request);
		return;
	}
	for (size_t i = 0; i < a->n_ephemeral && r.n_msgs < messages_max(link); i++) {
		if (a->ephemeral[i].uri || a->ephemeral[i].request != request)
			continue;	/* goes by itself, at the end of the batch, or with another's */
		r.msgs[r.n_msgs].p = a->ephemeral[i].packed.p;
		r.msgs[r.n_msgs++].n = a->ephemeral[i].packed.len;
		note_other(a, request, link);
	}
	if (peer)
		collect(a, request, link, peer, thread, &r, &rows, &p.again_ms);
	if (is_poll && r.n_msgs == 0)
		p.offer_ms = offer_queue(a, request, link, peer, &r, &offer);
	p.look = r.n_msgs > 0;	/* for what did not fit */
	if (peer && is_socket(link))
		park(a, p, peer, thread);
	if (is_poll && r.n_msgs == 0 && !is_socket(link))
		park(a, p, peer, thread);
	else
		reply_now(a, request, &r);
	agent_drop_replied(a, request);
	berth_outbox_list_free(&rows);
	berth_buf_free(&offer);
}

void agent_reply_busy(struct berth_agent *a, uint64_t request)
{
	reply_status(a, request, BERTH_FRAME_BUSY, BUSY_RETRY_S);
}

bool agent_hears(const struct berth_agent *a)
{
	return !a->quarantined && !a->counters_behind && !a->unread && !a->closed;
}

/* The frame, if one may be looked at now; false: it has its answer. */
static bool may_take(struct berth_agent *a, uint64_t request, const char *source, const uint8_t *frame, size_t len,
		     struct berth_frame_request *f)
{
	enum berth_err rc = berth_frame_request_decode(f, frame, len);

	if (rc) {
		berth_log(BERTH_LOG_INFO, "frame", "from %s: %s", source, berth_err_detail());
		reply_status(a, request, rc == BERTH_E_SIZE ? BERTH_FRAME_TOO_BIG : BERTH_FRAME_REFUSED, 0);
	} else if (a->quarantined) {
		reply_status(a, request, BERTH_FRAME_BUSY, QUARANTINE_RETRY_S);
	} else if (a->counters_behind || a->unread) {
		agent_reply_busy(a, request);
	} else if (a->closed) {
		reply_status(a, request, BERTH_FRAME_REFUSED, 0);
	} else {
		return true;
	}
	return false;
}

/* missed: a DID had to be looked up. */
static enum berth_err receive(struct berth_agent *a, uint64_t request, enum berth_link link, const char *source,
			      const struct berth_frame_request *f, struct berth_received *r, bool *missed)
{
	enum berth_err rc;

	agent_lookups_begin(a, source);
	a->env.held = !is_http(link);
	a->answering = request;
	rc = f->msg_len ? agent_receive(a, f->msg, f->msg_len, r) : BERTH_OK;
	a->answering = 0;
	a->env.held = false;
	*missed = agent_lookups_end(a);
	return rc;
}

void agent_take_request(struct berth_agent *a, uint64_t request, enum berth_link link, const char *source,
			const uint8_t *frame, size_t len)
{
	struct berth_received r = { 0 };
	struct berth_frame_request f;
	size_t ephemeral, asked = a->n_asked;
	enum berth_err rc;
	bool missed;

	if (a->n_ephemeral > EPHEMERAL_MAX / 2)
		agent_owed_give(a);	/* they go with answers, and this one needs room */
	ephemeral = a->n_ephemeral;
	if (!may_take(a, request, source, frame, len, &f))
		return;
	if ((rc = receive(a, request, link, source, &f, &r, &missed))) {
		agent_drop_ephemeral(a, ephemeral);
		if (!missed || !agent_hold(a, request, link, source, frame, len)) {
			berth_log_err(BERTH_LOG_WARN, "busy", rc);
			agent_reply_busy(a, request);
		}
	} else if (a->counters_behind) {	/* it is stored, but nobody may know yet */
		agent_drop_ephemeral(a, ephemeral);
		agent_reply_busy(a, request);
	} else {
		/* acks are not signed: only a message that nobody has seen before
		 * vouches for those in front of it */
		if (r.sender && r.fresh)
			take_acks(a, r.sender, &f);
		agent_answer_in_turn(a, request, link, &r, a->n_asked != asked);
	}
	agent_received_free(&r);
}

void berth_agent_on_request(struct berth_agent *a, uint64_t request, enum berth_link link, const char *source,
			    const uint8_t *frame, size_t len)
{
	a->wire_bytes += len + SP_OVERHEAD;
	agent_ahead_inside(a);
	berth_agent_batch_begin(a);
	agent_take_request(a, request, link, source, frame, len);
	berth_agent_batch_end(a);
}
