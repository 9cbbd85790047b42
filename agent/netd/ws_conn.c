/* SPDX-License-Identifier: Apache-2.0 */
/* An open WebSocket: messages to the core and from it, and the pings that tell us what
 * has arrived and whether anybody is still there. */
#include "agent/netd/ws_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "did/base/clock.h"
#include "did/base/log.h"
#include "did/base/rand.h"

#define PONG_MS 20000u			/* to answer a ping */
#define LEFT_MS 1000u			/* for what is still on its way through TLS */
#define OPEN_MAX 4u			/* requests that the core has not answered, of one connection */
#define OUT_MAX ((size_t)2 << 20)	/* whoever does not read loses the connection */
#define OUT_HIGH ((size_t)4 << 20)	/* above it the core is behind: no new requests */
#define PARTS_ALL_MAX ((size_t)4 << 20)	/* half-read messages, of all connections */
#define PARTS_SOURCE_MAX ((size_t)2 << 20)	/* of one address */
#define CHUNK ((size_t)16 << 10)
#define CHUNKS_AT_ONCE 4
#define PING_LEN 8

/* ---- out */

/* What has left makes room, or a peer that is never quite done reading would let it grow. */
static void compact(struct berth_netd_ws_conn *c)
{
	if (c->greeting || c->out_at < c->out.len / 2)
		return;
	memmove(c->out.p, c->out.p + c->out_at, c->out.len - c->out_at);
	c->out.len -= c->out_at;
	c->out_at = 0;
}

static void put(struct berth_netd_ws_conn *c, enum berth_ws_op op, const void *p, size_t n)
{
	uint8_t mask[BERTH_WS_MASK_LEN];

	if (c->out_at)
		compact(c);
	if (c->client)
		berth_random(mask, sizeof(mask));
	berth_ws_put(&c->out, op, c->client ? mask : NULL, p, n);
}

/* Behind everything that was written: whoever answers it has read that. */
void ws_conn_ping(struct berth_netd_ws_conn *c)
{
	uint8_t value[PING_LEN];

	for (int i = 0; i < PING_LEN; i++)
		value[i] = (uint8_t)(c->written >> (56 - 8 * i));
	put(c, BERTH_WS_PING, value, sizeof(value));
	c->pinged = c->written;
	c->ping_until_ms = berth_clock_mono_ms() + PONG_MS;
}

/* No frame leaves before the greeting is over. */
size_t ws_conn_may_leave(const struct berth_netd_ws_conn *c)
{
	return (c->greeting ? c->greeting : c->out.len) - c->out_at;
}

void ws_conn_flush(struct berth_netd_ws_conn *c)
{
	while (!c->ended && ws_conn_may_leave(c)) {
		ssize_t n = c->io->send(c->io_arg, c->out.p + c->out_at, ws_conn_may_leave(c));

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0)
			berth_netd_ws_end(c);
		else
			c->out_at += (size_t)n;
	}
	if (c->greeting)
		return;
	berth_buf_reset(&c->out);
	c->out_at = 0;
}

/* Says why, as far as that goes at once, and ends. */
void ws_conn_close(struct berth_netd_ws_conn *c, unsigned why)
{
	const uint8_t code[2] = { (uint8_t)(why >> 8), (uint8_t)why };

	put(c, BERTH_WS_CLOSE, code, sizeof(code));
	ws_conn_flush(c);
	berth_netd_ws_end(c);
}

bool berth_netd_ws_write(struct berth_netd_ws_conn *c, struct berth_netd_ws_written m, const void *p, size_t n)
{
	if (c->n_unconfirmed == BERTH_NETD_WS_UNCONFIRMED_MAX || c->out.len - c->out_at + n > OUT_MAX)
		return false;
	put(c, c->kind, p, n);
	if (c->out.bad)
		return false;
	m.octets = (uint32_t)n;
	c->unconfirmed[c->n_unconfirmed++] = m;
	c->written++;
	c->used_ms = berth_clock_mono_ms();
	if (!c->ping_until_ms)
		ws_conn_ping(c);
	ws_conn_flush(c);
	return true;
}

/* ---- to the core */

static void tell(struct berth_netd *n, enum berth_net_op op, uint64_t request)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_net_gone_encode(&b, request);
	if (berth_netd_tell(n, op, &b))
		berth_log_err(BERTH_LOG_WARN, "netd.gone", BERTH_E_QUOTA);
}

void ws_conn_result(struct berth_netd *n, const struct berth_netd_ws_written *w, enum berth_err code)
{
	struct berth_frame_reply stored = { .status = BERTH_FRAME_STORED };
	struct berth_net_result m = { .id = w->id, .code = code, .sent = w->octets };
	struct berth_buf frame = BERTH_BUF_INIT;

	if (!code && (m.code = berth_frame_reply_encode(&frame, &stored)) == BERTH_OK) {
		m.frame = frame.p;
		m.frame_len = frame.len;
	}
	berth_netd_result(n, &m);
	berth_buf_free(&frame);
}

/* The first n of those that were written have arrived. */
static void confirm(struct berth_netd_ws_conn *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c->unconfirmed[i].of_send)
			ws_conn_result(c->w->n, &c->unconfirmed[i], BERTH_OK);
		else
			tell(c->w->n, BERTH_NET_SENT, c->unconfirmed[i].id);
	}
	c->n_unconfirmed -= n;
	memmove(c->unconfirmed, c->unconfirmed + n, c->n_unconfirmed * sizeof(c->unconfirmed[0]));
}

static void on_pong(struct berth_netd_ws_conn *c, const uint8_t *p, size_t n)
{
	uint64_t value = 0;

	for (size_t i = 0; i < n && n == PING_LEN; i++)
		value = value << 8 | p[i];
	if (n != PING_LEN || !c->ping_until_ms || value != c->pinged)
		return;		/* nobody asked for that one */
	c->ping_until_ms = 0;
	confirm(c, c->n_unconfirmed - (size_t)(c->written - value));
	if (c->n_unconfirmed)
		ws_conn_ping(c);
}

static enum berth_err forward(struct berth_netd_ws_conn *c, const uint8_t *p, size_t n)
{
	struct berth_frame_request f = { .media = BERTH_FRAME_ENCRYPTED, .msg = p, .msg_len = n };
	struct berth_net_request m = { .request = c->request, .transport = BERTH_NET_WS, .conn = c->conn };

	return berth_netd_forward(c->w->n, &m, &f, &c->addr);
}

/* There is no way to say "busy": who sends faster than it may is read from more slowly. */
static bool deliver(struct berth_netd_ws_conn *c, const uint8_t *p, size_t n)
{
	struct berth_netd_ws *w = c->w;

	if (c->asked || c->open == OPEN_MAX || w->n->core.out.len >= OUT_HIGH ||
	    berth_limit_open(&w->limit, &c->addr, berth_clock_mono_ms()))
		return false;
	if (forward(c, p, n)) {
		berth_limit_open_end(&w->limit, &c->addr);
		return false;
	}
	c->open++;
	c->known = true;
	c->used_ms = berth_clock_mono_ms();
	berth_buf_free(&c->in.message);		/* it counts no longer */
	return true;
}

/* ---- in */

/* A pong says that everything in front of the ping is stored, as who sent it will forget
 * it.  What comes behind the ping waits meanwhile: the core's answers do not say to which
 * message they are. */
void ws_conn_answer_ping(struct berth_netd_ws_conn *c)
{
	if (!c->asked || c->open)
		return;
	c->asked = false;
	if (c->out.len - c->out_at < CHUNK)
		put(c, BERTH_WS_PONG, c->ping, c->ping_len);
}

static void on_ping(struct berth_netd_ws_conn *c, const uint8_t *p, size_t n)
{
	memcpy(c->ping, p, n);
	c->ping_len = n;
	c->asked = true;
	ws_conn_answer_ping(c);
}

static void on_event(struct berth_netd_ws_conn *c, const struct berth_ws_event *ev)
{
	switch (ev->op) {
	case BERTH_WS_PING: on_ping(c, ev->p, ev->n); break;
	case BERTH_WS_PONG: on_pong(c, ev->p, ev->n); break;
	case BERTH_WS_CLOSE: ws_conn_close(c, WS_CLOSE_GOING); break;
	default:
		c->kind = ev->op;
		if (ev->n == 0)
			ws_conn_close(c, WS_CLOSE_POLICY);
		else
			c->stalled = !deliver(c, ev->p, ev->n);
	}
}

/* Whoever sends all but the last octet holds our memory meanwhile. */
static bool room(const struct berth_netd_ws_conn *c)
{
	size_t all = 0, source = 0;

	for (const struct berth_netd_ws_conn *o = c->w->conns; o; o = o->next) {
		all += o->in.message.len;
		if (memcmp(&o->addr, &c->addr, sizeof(c->addr)) == 0)
			source += o->in.message.len;
	}
	return all <= PARTS_ALL_MAX && source <= PARTS_SOURCE_MAX;
}

/* As far as it goes; the rest stays unread. */
static void feed(struct berth_netd_ws_conn *c, const uint8_t *p, size_t n)
{
	struct berth_ws_event ev;
	enum berth_err rc = BERTH_OK;
	size_t at = 0, used;

	while (!c->ended && !c->stalled && at < n && !(rc = berth_ws_take(&c->in, p + at, n - at, &used, &ev))) {
		at += used;
		if (ev.is)
			on_event(c, &ev);
	}
	if (!c->ended && rc) {
		berth_log(c->client ? BERTH_LOG_INFO : BERTH_LOG_DEBUG, "netd.ws", "%s", berth_err_detail());
		ws_conn_close(c, rc == BERTH_E_SIZE ? WS_CLOSE_TOO_BIG : rc == BERTH_E_ENV ? WS_CLOSE_PROTOCOL : WS_CLOSE_LATER);
	} else if (!c->ended && !room(c)) {
		ws_conn_close(c, WS_CLOSE_LATER);
	} else if (!c->ended) {
		berth_buf_put(&c->unread, p + at, n - at);
		if (c->unread.bad)
			berth_netd_ws_end(c);
	}
	if (c->in.op == BERTH_WS_MORE && c->in.n_head == 0)
		c->begun_ms = 0;
	else if (!c->begun_ms)
		c->begun_ms = berth_clock_mono_ms();
}

/* Their answer to our request, and perhaps the first frames. */
static void greet(struct berth_netd_ws_conn *c, const uint8_t *p, size_t n)
{
	struct berth_buf rest = BERTH_BUF_INIT;
	size_t end = 0;
	int status;

	berth_buf_put(&c->unread, p, n);
	if (c->unread.bad || berth_ws_answer(berth_buf_cstr(&c->unread), c->unread.len, c->accept, &end, &status)) {
		berth_log(BERTH_LOG_INFO, "netd.ws", "%.100s: %s", c->uri, berth_err_detail());
		berth_netd_ws_end(c);
	}
	if (!end)
		return;
	rest = c->unread;
	c->unread = (struct berth_buf)BERTH_BUF_INIT;
	c->greeting = 0;
	feed(c, rest.p + end, rest.len - end);
	berth_buf_free(&rest);
}

void ws_conn_readable(struct berth_netd_ws_conn *c)
{
	uint8_t chunk[CHUNK];

	for (int i = 0; i < CHUNKS_AT_ONCE && !c->ended && !c->stalled; i++) {
		ssize_t n = c->io->recv(c->io_arg, chunk, sizeof(chunk));

		if (n < 0 && errno == EAGAIN)
			return;
		if (n <= 0) {
			berth_netd_ws_end(c);
			return;
		}
		c->heard_ms = berth_clock_mono_ms();
		if (c->greeting)
			greet(c, chunk, (size_t)n);
		else
			feed(c, chunk, (size_t)n);
	}
}

/* A message that stalled goes now, or not yet; what came behind it follows. */
void ws_conn_again(struct berth_netd_ws_conn *c)
{
	struct berth_buf rest = c->unread;

	if (!c->stalled || !deliver(c, c->in.message.p, c->in.message.len))
		return;
	c->stalled = false;
	c->unread = (struct berth_buf)BERTH_BUF_INIT;
	feed(c, rest.p, rest.len);
	berth_buf_free(&rest);
}

/* ---- the life of one */

struct berth_netd_ws_conn *
berth_netd_ws_open(struct berth_netd_ws *w, const struct berth_netd_ws_io *io, void *arg, int fd,
		   const struct berth_netaddr *a, const char *uri, const void *p, size_t n)
{
	struct berth_netd_ws_conn *c = calloc(1, sizeof(*c));
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = c };

	if (!c || epoll_ctl(w->epoll, EPOLL_CTL_ADD, fd, &ev)) {
		free(c);
		io->close(arg);
		return NULL;
	}
	c->w = w;
	c->io = io;
	c->io_arg = arg;
	c->fd = fd;
	c->events = ev.events;
	c->addr = *a;
	c->client = uri != NULL;
	memcpy(c->uri, uri ? uri : "", uri ? strlen(uri) + 1 : 1);
	c->kind = BERTH_WS_TEXT;
	c->in = (struct berth_ws_in){ .masked = !c->client, .message_max = w->n->cfg.message_max };
	c->request = berth_netd_next_request(w->n);
	c->conn = ++w->next_conn;
	c->heard_ms = c->used_ms = berth_clock_mono_ms();
	c->next = w->conns;
	w->conns = c;
	if (c->client) {
		berth_buf_put(&c->out, p, n);
		c->greeting = n;
		ws_conn_flush(c);
	} else {
		feed(c, p, n);
	}
	return c;
}

void berth_netd_ws_end(struct berth_netd_ws_conn *c)
{
	if (c->ended)
		return;
	c->ended = true;
	epoll_ctl(c->w->epoll, EPOLL_CTL_DEL, c->fd, NULL);
	for (size_t i = 0; i < c->n_unconfirmed; i++)
		if (c->unconfirmed[i].of_send) {
			enum berth_err rc = berth_fail(BERTH_E_UNAVAILABLE, "%.100s: closed before it was confirmed", c->uri);

			ws_conn_result(c->w->n, &c->unconfirmed[i], rc);
		}
	for (; c->open; c->open--)
		berth_limit_open_end(&c->w->limit, &c->addr);
	if (c->known)
		tell(c->w->n, BERTH_NET_GONE, c->request);
	c->io->close(c->io_arg);
}

void berth_netd_ws_left(struct berth_netd_ws_conn *c)
{
	if (c->ended)
		return;
	ws_conn_ping(c);	/* nobody will answer */
	c->ping_until_ms = berth_clock_mono_ms() + LEFT_MS;
}
