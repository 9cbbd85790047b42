/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/serve.h"

#include <stdio.h>
#include <stdlib.h>

#include "did/base/clock.h"
#include "did/base/log.h"

#define SEND_MS 30000			/* a peer that does not read its answer */
#define BUSY_RETRY_S 5
#define FLOOD_RETRY_S 2
#define OUT_HIGH ((size_t)4 << 20)	/* above it the core is behind: no new requests */

static void receive(struct berth_netd_slot *s)
{
	s->state = RECEIVING;
	atomic_fetch_add(&s->owner->n_receiving, 1);
	nng_aio_set_timeout(s->aio, NNG_DURATION_INFINITE);
	nng_ctx_recv(s->ctx, s->aio);
}

/* On a thread of nng's.  An answer that has been sent is no news to the main thread. */
static void on_aio(void *arg)
{
	struct berth_netd_slot *s = arg;

	if (s->state == ANSWERING && !nng_aio_result(s->aio))
		receive(s);
	else
		berth_ready_put(&s->owner->n->ready, &s->job);
}

static void slot_done(struct berth_job *job);

enum berth_err berth_netd_slot_add(struct berth_netd_listen *l)
{
	struct berth_netd_slot *s = calloc(1, sizeof(*s));
	int rv;

	if (!s)
		return berth_no_memory();
	s->owner = l;
	s->job.done = slot_done;
	if ((rv = nng_ctx_open(&s->ctx, l->sock))) {
		free(s);
		return berth_netd_nng_fault(rv, "context");
	}
	if ((rv = nng_aio_alloc(&s->aio, on_aio, s))) {
		nng_ctx_close(s->ctx);
		free(s);
		return berth_netd_nng_fault(rv, "aio");
	}
	l->n_slots++;
	receive(s);
	return BERTH_OK;
}

/* While requests are held there are still contexts that receive, up to the cap. */
static void top_up(struct berth_netd_listen *l)
{
	while (l->n_receiving == 0 && l->n_slots < l->n->cfg.requests_max)
		if (berth_netd_slot_add(l))
			return;
}

/* Hands msg to nng; without one the peer gets nothing and asks again. */
static void answer_msg(struct berth_netd_slot *s, nng_msg *msg)
{
	s->state = ANSWERING;
	nng_aio_set_msg(s->aio, msg);
	nng_aio_set_timeout(s->aio, SEND_MS);
	nng_ctx_send(s->ctx, s->aio);
}

static void answer_bytes(struct berth_netd_slot *s, const uint8_t *p, size_t n)
{
	nng_msg *msg;

	if (nng_msg_alloc(&msg, 0) == 0) {
		if (nng_msg_append(msg, p, n) == 0) {
			answer_msg(s, msg);
			return;
		}
		nng_msg_free(msg);
	}
	receive(s);
}

static void answer_status(struct berth_netd_slot *s, enum berth_frame_status status, uint32_t retry_after_s)
{
	struct berth_frame_reply r = { .status = status, .retry_after_s = retry_after_s };
	struct berth_buf b = BERTH_BUF_INIT;

	if (berth_frame_reply_encode(&b, &r) == BERTH_OK)
		answer_bytes(s, b.p, b.len);
	else
		receive(s);
	berth_buf_free(&b);
}

/* What netd says without asking the core. */
static enum berth_frame_status judge(const struct berth_netd_listen *l, const void *p, size_t n, bool *poll)
{
	struct berth_frame_request f;
	enum berth_err rc = berth_frame_request_decode(&f, p, n);

	*poll = f.media == BERTH_FRAME_POLL;
	if (rc == BERTH_E_SIZE || (!rc && f.msg_len > l->n->cfg.message_max))
		return BERTH_FRAME_TOO_BIG;
	return rc ? BERTH_FRAME_REFUSED : BERTH_FRAME_STORED;
}

static enum berth_err forward(struct berth_netd_slot *s, bool ipc, const void *p, size_t n)
{
	struct berth_netd_listen *l = s->owner;
	struct berth_net_request m = {
		.request = berth_netd_next_request(l->n), .transport = ipc ? BERTH_NET_IPC : BERTH_NET_TCP,
		.conn = s->conn, .frame = p, .frame_len = n
	};
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	if (ipc)
		snprintf(m.peer, sizeof(m.peer), "ipc");
	else
		berth_netaddr_text(m.peer, &s->addr);
	berth_net_request_encode(&b, &m);
	rc = berth_netd_tell(l->n, BERTH_NET_REQUEST, &b);
	s->request = m.request;
	return rc;
}

static struct berth_netd_slot **bucket_of(struct berth_netd_listen *l, uint64_t request)
{
	return &l->held[request % BERTH_NETD_BUCKETS];
}

static void hold(struct berth_netd_slot *s)
{
	struct berth_netd_listen *l = s->owner;
	struct berth_netd_slot **at = bucket_of(l, s->request);

	s->state = HELD;
	s->until_ms = berth_clock_mono_ms() + l->n->cfg.park_ms;
	if (!l->n_held++ || s->until_ms < l->held_ms)
		l->held_ms = s->until_ms;
	s->next = *at;
	*at = s;
}

static void request(struct berth_netd_slot *s, const void *p, size_t n)
{
	struct berth_netd_listen *l = s->owner;
	enum berth_frame_status status;
	bool ipc = false;
	enum berth_err rc = berth_netd_admit(s, &ipc);

	if (rc == BERTH_E_UNAVAILABLE) {	/* it has gone already */
		receive(s);
		return;
	}
	if (rc) {
		answer_status(s, BERTH_FRAME_BUSY, FLOOD_RETRY_S);
		return;
	}
	status = judge(l, p, n, &s->poll);
	if (status == BERTH_FRAME_STORED && l->n->core.out.len < OUT_HIGH && !forward(s, ipc, p, n)) {
		hold(s);
		return;
	}
	berth_netd_release(s);
	if (status == BERTH_FRAME_STORED)
		answer_status(s, BERTH_FRAME_BUSY, BUSY_RETRY_S);
	else
		answer_status(s, status, 0);
}

static void received(struct berth_netd_slot *s)
{
	nng_msg *msg;

	atomic_fetch_sub(&s->owner->n_receiving, 1);
	if (nng_aio_result(s->aio))
		return;	/* closing, or no memory: top_up() makes another */
	msg = nng_aio_get_msg(s->aio);
	nng_aio_set_msg(s->aio, NULL);
	s->conn = (uint32_t)nng_pipe_id(nng_msg_get_pipe(msg));
	request(s, nng_msg_body(msg), nng_msg_len(msg));
	nng_msg_free(msg);
}

static void slot_done(struct berth_job *job)
{
	struct berth_netd_slot *s = (struct berth_netd_slot *)(void *)job;

	if (s->state == RECEIVING) {
		received(s);
	} else if (s->state == ANSWERING) {	/* it could not be sent */
		nng_msg_free(nng_aio_get_msg(s->aio));
		nng_aio_set_msg(s->aio, NULL);
		if (nng_aio_result(s->aio) == NNG_ECLOSED)
			return;
		receive(s);
	}
	top_up(s->owner);
}

/* Takes a held slot out of the core's hands. */
static void unhold(struct berth_netd_slot *s)
{
	struct berth_netd_slot **at = bucket_of(s->owner, s->request);

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	s->owner->n_held--;
	berth_netd_release(s);
}

static void tell_gone(struct berth_netd_slot *s)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_net_gone_encode(&b, s->request);
	if (berth_netd_tell(s->owner->n, BERTH_NET_GONE, &b))
		berth_log_err(BERTH_LOG_WARN, "netd.gone", BERTH_E_QUOTA);
}

void berth_netd_conn_gone(struct berth_netd_listen *l, uint32_t conn)
{
	struct berth_netd_slot *next;

	for (size_t i = 0; i < BERTH_NETD_BUCKETS; i++)
		for (struct berth_netd_slot *s = l->held[i]; s; s = next) {
			next = s->next;
			if (s->conn != conn)
				continue;
			unhold(s);
			tell_gone(s);
			receive(s);	/* forgets what it held */
		}
}

void berth_netd_listen_reply(struct berth_netd *n, const struct berth_net_reply *m)
{
	for (struct berth_netd_slot *s = *bucket_of(n->listen, m->request); s; s = s->next)
		if (s->request == m->request) {
			unhold(s);
			answer_bytes(s, m->frame, m->frame_len);
			return;
		}
}

/* The core did not answer in time.  Nothing may be called stored that it did not
 * say it stored. */
static void give_up(struct berth_netd_slot *s)
{
	unhold(s);
	tell_gone(s);
	if (s->poll)
		answer_status(s, BERTH_FRAME_STORED, 0);
	else
		answer_status(s, BERTH_FRAME_BUSY, BUSY_RETRY_S);
}

bool berth_netd_holds(const struct berth_netd_listen *l, uint32_t conn)
{
	for (size_t i = 0; i < BERTH_NETD_BUCKETS; i++)
		for (const struct berth_netd_slot *s = l->held[i]; s; s = s->next)
			if (s->conn == conn)
				return true;
	return false;
}

static void give_up_late(struct berth_netd_listen *l, uint64_t now_ms)
{
	struct berth_netd_slot *next;

	if (!l->n_held || now_ms < l->held_ms)
		return;
	l->held_ms = UINT64_MAX;
	for (size_t i = 0; i < BERTH_NETD_BUCKETS; i++)
		for (struct berth_netd_slot *s = l->held[i]; s; s = next) {
			next = s->next;
			if (now_ms >= s->until_ms)
				give_up(s);
			else if (s->until_ms < l->held_ms)
				l->held_ms = s->until_ms;
		}
}

int berth_netd_listen_tick(struct berth_netd *n, uint64_t now_ms)
{
	struct berth_netd_listen *l = n->listen;

	give_up_late(l, now_ms);
	berth_netd_close_silent(l, now_ms);
	if (l->n_held && l->held_ms < now_ms + BERTH_NETD_LATER_MS)
		return (int)(l->held_ms - now_ms);
	return l->n_slots ? BERTH_NETD_LATER_MS : -1;
}
