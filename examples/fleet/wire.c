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

/* The outbox repeats, not nng: as in berth-netd, but with no timer at all.  nng has one sorted
 * list of them for a process, and a thousand gateways would walk along each other's. */
#define RESEND_MS NNG_DURATION_INFINITE
#define DEADLINE_MS 60000

struct fleet_link {
	char *uri;
	struct berth_netd_reqs reqs;	/* as berth-netd's links */
	size_t n_open;
	bool closed;
};

/* One request, until its answer has been handed to the agent. */
struct fleet_sending {
	struct fleet_sending *next;
	struct fleet_gateway *gateway;
	struct fleet_link *link;
	struct berth_agent *agent;	/* that asked; it may have been switched off since */
	struct berth_netd_req *req;
	uint64_t id;
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

/* Whoever puts the first one there rings: the worker takes all there are. */
static void on_answer(void *arg)
{
	struct fleet_sending *s = arg;
	struct fleet_worker *w = s->gateway->worker;
	bool first;

	s->next = NULL;
	pthread_mutex_lock(&w->lock);
	first = !w->first;
	*w->last = s;
	w->last = &s->next;
	pthread_mutex_unlock(&w->lock);
	if (first)
		pthread_cond_signal(&w->some);
}

static void link_end(struct fleet_link *l)
{
	if (!l->closed || l->n_open)
		return;
	free(l->uri);
	free(l);
}

static void hand_over(struct fleet_sending *s, int rv, nng_msg *msg)
{
	struct fleet_gateway *g = s->gateway;
	const uint8_t *p = rv ? NULL : nng_msg_body(msg);
	size_t n = rv ? 0 : nng_msg_len(msg);
	struct berth_frame_reply r;
	enum berth_err rc = rv ? berth_fail(BERTH_E_UNAVAILABLE, "%s", nng_strerror(rv)) : berth_frame_reply_decode(&r, p, n);

	atomic_fetch_add(&fleet.unanswered, rc ? 1u : 0u);
	atomic_fetch_add(&fleet.busy, !rc && r.status == BERTH_FRAME_BUSY ? 1u : 0u);
	berth_agent_batch_begin(g->agent);
	berth_agent_on_result(g->agent, s->id, rc, p, n);
	berth_agent_batch_end(g->agent);
	fleet_gateway_tick(g);
}

static void take_result(struct fleet_sending *s)
{
	nng_msg *msg;
	bool sent;
	int rv = berth_netd_req_end(&s->link->reqs, s->req, &msg, &sent);

	if (s->gateway->agent && s->gateway->agent == s->agent)
		hand_over(s, rv, msg);
	nng_msg_free(msg);
	s->link->n_open--;
	link_end(s->link);
	free(s);
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
		take_result(s);
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

static void dial(struct fleet_link *l, const struct fleet_gateway *g)
{
	nng_socket *sock = &l->reqs.sock;
	nng_sockaddr from = address_of(g);
	char url[80];
	nng_dialer d;

	snprintf(url, sizeof(url), "tcp://127.0.0.1%s", strrchr(l->uri, ':'));
	fleet_need(!nng_req0_open(sock) && !nng_socket_set_ms(*sock, NNG_OPT_REQ_RESENDTIME, RESEND_MS) &&
		   !nng_socket_set_size(*sock, NNG_OPT_RECVMAXSZ, BERTH_FRAME_REPLY_MAX + 64) &&
		   !nng_dialer_create(&d, *sock, url) && !nng_dialer_set_addr(d, NNG_OPT_LOCADDR, &from) &&
		   !nng_dialer_start(d, NNG_FLAG_NONBLOCK), url);
}

static struct fleet_link *link_to(struct fleet_gateway *g, const char *uri)
{
	struct fleet_link *l = NULL;

	for (size_t i = 0; i < g->n_links; i++)
		if (strcmp(g->links[i]->uri, uri) == 0)
			return g->links[i];
	fleet_need(g->n_links < FLEET_LINKS_MAX && strrchr(uri, ':') && (l = calloc(1, sizeof(*l))) && (l->uri = strdup(uri)), "a link");
	dial(l, g);
	g->links[g->n_links++] = l;
	return l;
}

static void close_first(struct fleet_gateway *g, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct fleet_link *l = g->links[i];

		berth_netd_reqs_drop(&l->reqs);
		nng_close(l->reqs.sock);
		l->closed = true;
		link_end(l);	/* or with the last of its requests */
	}
	g->n_links -= n;
	memmove(g->links, g->links + n, g->n_links * sizeof(g->links[0]));
}

/* berth-netd closes them after two minutes, when all of this is over: so do we, unless we
 * have not the descriptors to wait so long. */
void fleet_links_idle(struct fleet_gateway *g)
{
	size_t idle = g->n_links > 1 ? g->n_links - 1 : 0;

	if (atomic_fetch_sub(&fleet.links_spare, (long)idle) < (long)idle)
		close_first(g, idle);
}

void fleet_links_close(struct fleet_gateway *g) { close_first(g, g->n_links); }

static enum berth_err wire_send(struct berth_transport *t, uint64_t id, const char *uri, const struct berth_buf *frame)
{
	struct fleet_gateway *g = (struct fleet_gateway *)t;
	struct fleet_sending *s = calloc(1, sizeof(*s));
	nng_msg *msg;

	fleet_need(s && !nng_msg_alloc(&msg, 0) && !nng_msg_append(msg, frame->p, frame->len), "a request");
	*s = (struct fleet_sending){ .gateway = g, .link = link_to(g, uri), .agent = g->agent, .id = id };
	s->link->n_open++;
	atomic_fetch_add(&fleet.frames, 1);
	fleet_need(!berth_netd_req_begin(&s->req, &s->link->reqs, msg, DEADLINE_MS, on_answer, s), "a request");
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
