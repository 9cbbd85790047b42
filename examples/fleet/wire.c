/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <errno.h>
#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/ipc/frame.h"
#include "did/base/clock.h"
#include "examples/fleet/gateways.h"

#define RESEND_MS 600000	/* as berth-netd: the outbox repeats, not nng */
#define DEADLINE_MS 60000

/* One request, until its answer has been handed to the agent. */
struct fleet_sending {
	struct fleet_sending *next;
	struct fleet_gateway *gateway;
	struct berth_agent *agent;	/* that asked; it may have been switched off since */
	uint64_t id;
	nng_ctx ctx;
	nng_aio *out, *in;		/* asked for at the same time: nng calls back once */
	nng_msg *msg;
	int rv;
};

/* ---- what nng has done with, from its threads to the gateway's ---- */
void fleet_wait_init(struct fleet_worker *w)
{
	pthread_condattr_t a;

	pthread_condattr_init(&a);
	pthread_condattr_setclock(&a, CLOCK_MONOTONIC);
	pthread_cond_init(&w->some, &a);
	w->last = &w->first;
}

void fleet_wait(struct fleet_worker *w, uint64_t until_ms)
{
	struct timespec t;
	uint64_t now = berth_clock_mono_ms(), wait = until_ms > now ? until_ms - now : 0;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_sec += (time_t)(wait / 1000);
	t.tv_nsec += (long)(wait % 1000) * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	pthread_mutex_lock(&w->lock);
	while (!w->first && pthread_cond_timedwait(&w->some, &w->lock, &t) != ETIMEDOUT)
		;
	pthread_mutex_unlock(&w->lock);
}

static void on_aio(void *arg)
{
	struct fleet_sending *s = arg;
	struct fleet_worker *w = s->gateway->worker;

	s->rv = nng_aio_result(s->in);
	s->msg = s->rv ? NULL : nng_aio_get_msg(s->in);
	s->next = NULL;
	pthread_mutex_lock(&w->lock);
	*w->last = s;
	w->last = &s->next;
	pthread_cond_signal(&w->some);
	pthread_mutex_unlock(&w->lock);
}

static void sending_free(struct fleet_sending *s)
{
	nng_msg_free(s->msg);
	nng_ctx_close(s->ctx);
	nng_aio_wait(s->out);
	if (nng_aio_result(s->out))
		nng_msg_free(nng_aio_get_msg(s->out));
	nng_aio_free(s->out);
	nng_aio_free(s->in);
	free(s);
}

static void hand_over(struct fleet_sending *s)
{
	struct fleet_gateway *g = s->gateway;
	const uint8_t *p = s->rv ? NULL : nng_msg_body(s->msg);
	size_t n = s->rv ? 0 : nng_msg_len(s->msg);
	struct berth_frame_reply r;
	enum berth_err rc = s->rv ? berth_fail(BERTH_E_UNAVAILABLE, "%s", nng_strerror(s->rv)) : berth_frame_reply_decode(&r, p, n);

	atomic_fetch_add(&fleet.unanswered, rc ? 1u : 0u);
	atomic_fetch_add(&fleet.busy, !rc && r.status == BERTH_FRAME_BUSY ? 1u : 0u);
	berth_agent_batch_begin(g->agent);
	berth_agent_on_result(g->agent, s->id, rc, p, n);
	berth_agent_batch_end(g->agent);
	fleet_gateway_tick(g);
}

void fleet_take_results(struct fleet_worker *w)
{
	struct fleet_sending *s, *next;

	pthread_mutex_lock(&w->lock);
	s = w->first;
	w->first = NULL;
	w->last = &w->first;
	pthread_mutex_unlock(&w->lock);
	for (; s; s = next) {
		next = s->next;
		if (s->gateway->agent && s->gateway->agent == s->agent)
			hand_over(s);
		sending_free(s);
	}
}

/* ---- links: one a URI, dialled from the gateway's own address ---- */

/* 127.X.Y.Z, as a number: as text it would be a question to nng's name service. */
static nng_sockaddr address_of(const struct fleet_gateway *g)
{
	uint32_t host = 127u << 24 | (uint32_t)(1 + g->index / 62500) << 16 | (uint32_t)(1 + g->index / 250 % 250) << 8 |
			(uint32_t)(1 + g->index % 250);

	return (nng_sockaddr){ .s_in = { .sa_family = NNG_AF_INET, .sa_addr = htonl(host) } };
}

static nng_socket *link_to(struct fleet_gateway *g, const char *uri)
{
	const char *port = strrchr(uri, ':');
	nng_sockaddr from = address_of(g);
	struct fleet_link *l;
	char url[80];
	nng_dialer d;

	for (size_t i = 0; i < g->n_links; i++)
		if (strcmp(g->links[i].uri, uri) == 0)
			return &g->links[i].sock;
	fleet_need(g->n_links < FLEET_LINKS_MAX && port, "more links than a gateway has");
	l = &g->links[g->n_links++];
	snprintf(url, sizeof(url), "tcp://127.0.0.1%s", port);
	l->uri = strdup(uri);
	fleet_need(l->uri && !nng_req0_open(&l->sock) &&
		   !nng_socket_set_ms(l->sock, NNG_OPT_REQ_RESENDTIME, RESEND_MS) &&
		   !nng_socket_set_size(l->sock, NNG_OPT_RECVMAXSZ, BERTH_FRAME_REPLY_MAX + 64) &&
		   !nng_dialer_create(&d, l->sock, url) && !nng_dialer_set_addr(d, NNG_OPT_LOCADDR, &from) &&
		   !nng_dialer_start(d, NNG_FLAG_NONBLOCK), url);
	return &l->sock;
}

void fleet_links_close(struct fleet_gateway *g, size_t keep)
{
	size_t gone = g->n_links > keep ? g->n_links - keep : 0;

	for (size_t i = 0; i < gone; i++) {
		nng_close(g->links[i].sock);
		free(g->links[i].uri);
	}
	g->n_links -= gone;
	memmove(g->links, g->links + gone, g->n_links * sizeof(g->links[0]));
}

static enum berth_err wire_send(struct berth_transport *t, uint64_t id, const char *uri, const struct berth_buf *frame)
{
	struct fleet_gateway *g = (struct fleet_gateway *)t;
	struct fleet_sending *s = calloc(1, sizeof(*s));
	nng_msg *msg;

	fleet_need(s && !nng_msg_alloc(&msg, 0) && !nng_msg_append(msg, frame->p, frame->len) &&
		   !nng_ctx_open(&s->ctx, *link_to(g, uri)) && !nng_aio_alloc(&s->out, NULL, NULL) &&
		   !nng_aio_alloc(&s->in, on_aio, s), "a request");
	s->gateway = g;
	s->agent = g->agent;
	s->id = id;
	atomic_fetch_add(&fleet.frames, 1);
	nng_aio_set_timeout(s->out, DEADLINE_MS);
	nng_aio_set_timeout(s->in, DEADLINE_MS);
	nng_aio_set_msg(s->out, msg);
	nng_ctx_send(s->ctx, s->out);
	nng_ctx_recv(s->ctx, s->in);
	return BERTH_OK;
}

/* Nobody can dial a gateway. */
static enum berth_err wire_reply(struct berth_transport *t, uint64_t request, const struct berth_buf *frame)
{
	(void)t;
	(void)request;
	(void)frame;
	return BERTH_OK;
}

const struct berth_transport_ops fleet_wire = { .send = wire_send, .reply = wire_reply };
