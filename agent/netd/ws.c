/* SPDX-License-Identifier: Apache-2.0 */
/* All WebSockets that are open: turns of the loop, what the core wants of one, and how long
 * each may be silent. */
#include "agent/netd/ws_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>


#define KEEPALIVE_MS 30000u		/* silence before we ask */
#define IDLE_MS 120000u			/* one that we dialled, without a message either way */
#define CROWDED_IDLE_MS 60000u		/* one of a peer, when places run short */
#define MESSAGE_MS 60000u		/* for a message from its first octet to its last */
#define EVENTS 16

/* ---- what the core wants */

bool berth_netd_ws_send(struct berth_netd *n, const struct berth_net_send *m)
{
	struct berth_netd_ws_conn *c = n->ws ? n->ws->conns : NULL;
	struct berth_netd_ws_written w = { .of_send = true, .id = m->id };
	struct berth_frame_request f;

	while (c && (c->ended || !c->client || strcmp(c->uri, m->uri) != 0))
		c = c->next;
	if (!c || berth_frame_request_decode(&f, m->frame, m->frame_len) || f.msg_len == 0)
		return false;
	if (!berth_netd_ws_write(c, w, f.msg, f.msg_len))
		ws_conn_result(n, &w, berth_fail(BERTH_E_QUOTA, "%.100s: too much is under way", c->uri));
	return true;
}

/* Busy and refused have no word of their own here; the peer knows by our going that the
 * message is not stored. */
bool berth_netd_ws_reply(struct berth_netd *n, uint64_t request, const struct berth_frame_reply *f)
{
	struct berth_netd_ws_conn *c = n->ws ? n->ws->conns : NULL;
	struct berth_netd_ws_written m = { .id = request };

	while (c && (c->ended || c->request != request))
		c = c->next;
	if (!c)
		return false;
	if (c->open) {
		c->open--;
		berth_limit_open_end(&n->ws->limit, &c->addr);
	}
	if (f->status != BERTH_FRAME_STORED) {
		ws_conn_close(c, f->status == BERTH_FRAME_BUSY ? WS_CLOSE_LATER : WS_CLOSE_POLICY);
		return true;
	}
	ws_conn_answer_ping(c);
	for (size_t i = 0; i < f->n_msgs && !c->ended; i++)
		if (!berth_netd_ws_write(c, m, f->msgs[i].p, f->msgs[i].n))
			ws_conn_close(c, WS_CLOSE_LATER);	/* what was not confirmed comes again */
	return true;
}

/* ---- a turn */

static void watch(struct berth_netd_ws_conn *c)
{
	struct epoll_event ev = { .data.ptr = c,
		.events = (c->stalled ? 0u : EPOLLIN) | (ws_conn_may_leave(c) ? EPOLLOUT : 0u) };

	if (c->ended || ev.events == c->events)
		return;
	if (epoll_ctl(c->w->epoll, EPOLL_CTL_MOD, c->fd, &ev))
		berth_netd_ws_end(c);
	c->events = ev.events;
}

/* What has been heard in this turn is younger than the turn's time. */
static uint64_t since(uint64_t then, uint64_t now) { return now > then ? now - then : 0; }

static void judge_time(struct berth_netd_ws_conn *c, bool crowded, uint64_t now)
{
	uint64_t unused = since(c->used_ms, now);

	if (c->ended)
		return;
	if (c->ping_until_ms && now >= c->ping_until_ms)
		berth_netd_ws_end(c);	/* half open, or it does not read */
	else if (c->begun_ms && since(c->begun_ms, now) > MESSAGE_MS)
		ws_conn_close(c, WS_CLOSE_POLICY);
	else if (c->n_unconfirmed == 0 && c->open == 0 &&
		 ((c->client && unused > IDLE_MS) || (!c->client && crowded && unused > CROWDED_IDLE_MS)))
		ws_conn_close(c, WS_CLOSE_GOING);
	else if (!c->ping_until_ms && since(c->heard_ms, now) > KEEPALIVE_MS)
		ws_conn_ping(c);
}

static void sweep(struct berth_netd_ws *w)
{
	for (struct berth_netd_ws_conn **at = &w->conns, *c; (c = *at);) {
		if (!c->ended) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		berth_ws_in_free(&c->in);
		berth_buf_free(&c->unread);
		berth_buf_free(&c->out);
		free(c);
	}
}

int berth_netd_ws_fd(const struct berth_netd *n) { return n->ws ? n->ws->epoll : -1; }

int berth_netd_ws_tick(struct berth_netd *n, uint64_t now_ms)
{
	struct berth_netd_ws *w = n->ws;
	struct epoll_event ev[EVENTS];
	size_t conns = 0;
	bool soon = false;
	int got;

	if (!w)
		return -1;
	got = epoll_wait(w->epoll, ev, EVENTS, 0);
	for (int i = 0; i < got; i++) {
		struct berth_netd_ws_conn *c = ev[i].data.ptr;

		if (!c->ended && (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
			ws_conn_readable(c);
		if (!c->ended && (ev[i].events & EPOLLOUT))
			ws_conn_flush(c);
	}
	for (struct berth_netd_ws_conn *c = w->conns; c; c = c->next)
		conns += !c->client;
	for (struct berth_netd_ws_conn *c = w->conns; c; c = c->next) {
		if (!c->ended)
			ws_conn_again(c);
		judge_time(c, conns > n->cfg.conns_max / 4 * 3, now_ms);
		if (!c->ended)
			ws_conn_flush(c);
		watch(c);
		soon |= c->ended || c->stalled || c->ping_until_ms || c->begun_ms;
	}
	sweep(w);
	return soon ? BERTH_NETD_SOON_MS : w->conns ? BERTH_NETD_LATER_MS : -1;
}

/* ---- the first of them */

void berth_netd_ws_limits(struct berth_netd *n)
{
	if (!n->ws)
		return;
	n->ws->limit.conns_max = n->cfg.conns_max;
	n->ws->limit.conns_source_max = n->cfg.conns_source_max;
	n->ws->limit.open_source_max = n->cfg.requests_max / 2 + 1;
	n->ws->limit.rate_per_s = n->cfg.rate_per_s;
	n->ws->limit.burst = n->cfg.burst;
}

enum berth_err berth_netd_ws_start(struct berth_netd *n)
{
	struct berth_netd_ws *w;

	if (n->ws)
		return BERTH_OK;
	if (!(w = calloc(1, sizeof(*w))) || berth_limit_init(&w->limit)) {
		free(w);
		return berth_no_memory();
	}
	if ((w->epoll = epoll_create1(EPOLL_CLOEXEC)) < 0) {
		berth_limit_free(&w->limit);
		free(w);
		return berth_fail(BERTH_E_UNAVAILABLE, "websocket: epoll: %s", strerror(errno));
	}
	w->n = n;
	n->ws = w;
	berth_netd_ws_limits(n);
	return BERTH_OK;
}
