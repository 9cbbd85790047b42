/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/http.h"
#include "agent/netd/ws.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "did/base/clock.h"
#include "did/base/log.h"

#define POOL_MAX ((size_t)16 << 10)	/* libmicrohttpd's memory of one connection */
#define PAUSE_MS 100			/* without room, before accepting again */
#define CROWDED_IDLE_MS 2000u		/* so long a silent connection stays when places run short */
#define ACCEPT_BURST 16
#define EVENTS 32

/* ---- connections */

static void cut(struct berth_netd_http_conn *c)
{
	if (!c->cut)
		shutdown(c->fd, SHUT_RDWR);
	c->cut = true;
}

static void forget(struct berth_netd_http_conn *c)
{
	struct berth_netd_http *h = c->h;
	struct berth_netd_http_conn **at = &h->conns;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	berth_limit_conn_end(&h->limit, &c->addr);
	free(c);
}

static void on_connection(void *cls, struct MHD_Connection *mc, void **context,
			  enum MHD_ConnectionNotificationCode code)
{
	struct berth_netd_http *h = cls;

	if (code == MHD_CONNECTION_NOTIFY_STARTED) {
		const union MHD_ConnectionInfo *info = h->mhd->get_connection_info(mc, MHD_CONNECTION_INFO_CONNECTION_FD);

		for (struct berth_netd_http_conn *c = h->conns; c && info; c = c->next)
			if (c->fd == info->connect_fd)
				*context = c;
	} else if (*context) {
		forget(*context);
		*context = NULL;
	}
}

/* libmicrohttpd does not look at a connection while its request is held, and it misses
 * an end that comes together with octets.  We want to know: no message is given to
 * nobody, and no place is kept for who has left. */
static bool watch_end(struct berth_netd_http_conn *c)
{
	struct epoll_event ev = { .events = EPOLLRDHUP | EPOLLET, .data.ptr = c };

	return epoll_ctl(c->h->epoll, EPOLL_CTL_ADD, c->fd, &ev) == 0;
}

static void take(struct berth_netd_http *h, const struct berth_netd_http_listener *at, int fd,
		 const struct sockaddr *sa, socklen_t sa_len)
{
	struct berth_netd_http_conn *c = calloc(1, sizeof(*c));
	uint64_t now = berth_clock_mono_ms();

	if (!c || berth_netaddr_from_sockaddr(&c->addr, sa) || berth_limit_conn(&h->limit, &c->addr, now)) {
		free(c);
		close(fd);
		return;
	}
	c->h = h;
	c->at = at;
	c->fd = fd;
	c->id = ++h->next_conn;
	c->idle_ms = now;
	c->deadline_ms = now + BERTH_NETD_HTTP_IDLE_MS;
	c->next = h->conns;
	h->conns = c;
	if (!watch_end(c)) {
		forget(c);
		close(fd);
		return;
	}
	/* On failure it closes fd; that it never reported the connection shows in c
	 * being the first still. */
	if (h->mhd->add_connection(at->tls ? h->secure.it : h->plain.it, fd, sa, sa_len) != MHD_YES && h->conns == c)
		forget(c);
}

static void watch_listeners(struct berth_netd_http *h, bool on)
{
	for (size_t i = 0; i < BERTH_NETD_HTTP_LISTENERS_MAX; i++) {
		struct epoll_event ev = { .events = on ? EPOLLIN : 0, .data.ptr = &h->listeners[i] };

		if (h->listeners[i].used)
			epoll_ctl(h->epoll, EPOLL_CTL_MOD, h->listeners[i].fd, &ev);
	}
	h->paused_until_ms = on ? 0 : berth_clock_mono_ms() + PAUSE_MS;
}

static void accept_some(struct berth_netd_http *h, const struct berth_netd_http_listener *at)
{
	for (int i = 0; i < ACCEPT_BURST; i++) {
		struct sockaddr_storage sa = { 0 };
		socklen_t len = sizeof(sa);
		int fd = accept4(at->fd, (struct sockaddr *)&sa, &len, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd >= 0) {
			take(h, at, fd, (struct sockaddr *)&sa, len);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
			berth_log(BERTH_LOG_WARN, "http-accept", "%s", strerror(errno));
			watch_listeners(h, false);
		}
		return;
	}
}

/* ---- listeners */

/* Paths are compared as they were sent. */
static size_t leave_escaped(void *cls, struct MHD_Connection *mc, char *s)
{
	(void)cls, (void)mc;
	return strlen(s);
}

/* options: of TLS, or NULL. */
static enum berth_err start_daemon(struct berth_netd_http *h, struct berth_netd_http_daemon *d,
				   struct MHD_OptionItem *options)
{
	struct MHD_OptionItem none = { MHD_OPTION_END, 0, NULL };
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = d };
	const union MHD_DaemonInfo *info;

	d->it = h->mhd->start_daemon(
		MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE | (options ? MHD_USE_TLS : 0), 0, NULL, NULL,
		berth_netd_http_on_request, h, MHD_OPTION_CONNECTION_LIMIT, (unsigned)BERTH_NET_CONNS_MAX,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, POOL_MAX, MHD_OPTION_CONNECTION_TIMEOUT, 0u,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_NOTIFY_CONNECTION, on_connection, h,
		MHD_OPTION_NOTIFY_COMPLETED, berth_netd_http_on_completed, h,
		MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, h, MHD_OPTION_ARRAY, options ? options : &none, MHD_OPTION_END);
	info = d->it ? h->mhd->get_daemon_info(d->it, MHD_DAEMON_INFO_EPOLL_FD) : NULL;
	if (!info)
		return berth_fail(BERTH_E_UNAVAILABLE, "http: libmicrohttpd does not start");
	if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, info->epoll_fd, &ev))
		return berth_fail(BERTH_E_UNAVAILABLE, "http: epoll: %s", strerror(errno));
	return BERTH_OK;
}

static enum berth_err start_tls(struct berth_netd_http *h)
{
	struct berth_netd_http_tls tls;
	enum berth_err rc = berth_netd_http_tls_read(&tls, &h->n->cfg.tls);

	if (!rc)
		rc = start_daemon(h, &h->secure, tls.options);
	berth_netd_http_tls_forget(&tls);
	if (rc == BERTH_E_UNAVAILABLE)
		rc = berth_fail(BERTH_E_CONFIG, "https: %.200s and its key are not taken", h->n->cfg.tls.certificate);
	return rc;
}

static enum berth_err start(struct berth_netd *n)
{
	struct berth_netd_http *h = calloc(1, sizeof(*h));
	enum berth_err rc;

	if (!h || berth_limit_init(&h->limit)) {
		free(h);
		return berth_no_memory();
	}
	h->n = n;
	h->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (h->epoll < 0)
		rc = berth_fail(BERTH_E_UNAVAILABLE, "http: epoll: %s", strerror(errno));
	else if (!(rc = berth_mhd_load(&h->mhd)))
		rc = start_daemon(h, &h->plain, NULL);
	if (rc) {
		if (h->epoll >= 0)
			close(h->epoll);
		berth_limit_free(&h->limit);
		free(h);
		return rc;
	}
	n->http = h;
	berth_netd_http_limits(n);
	berth_netd_bound_memory(n, false);
	return BERTH_OK;
}

static enum berth_err add(struct berth_netd_http *h, struct berth_netd_http_listener *at,
			  struct berth_http_uri *u, const struct berth_netaddr *a, const char *uri)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = at };
	enum berth_err rc = berth_netd_http_bind(&at->fd, &u->port, a);

	if (rc)
		return rc;
	if (epoll_ctl(h->epoll, EPOLL_CTL_ADD, at->fd, &ev)) {
		close(at->fd);
		return berth_fail(BERTH_E_UNAVAILABLE, "http: epoll: %s", strerror(errno));
	}
	snprintf(at->uri, sizeof(at->uri), "%s", uri);
	at->path = *u->path ? at->uri + (u->path - uri) : "/";
	at->tls = u->tls;
	at->ws = u->ws;
	at->used = true;
	return BERTH_OK;
}

enum berth_err berth_netd_http_listen_add(struct berth_netd *n, const char *uri, char bound[BERTH_NET_URI_MAX + 1])
{
	struct berth_http_uri u;
	struct berth_netaddr a;
	enum berth_err rc = berth_netd_http_listen_uri(&u, &a, uri);
	size_t i = 0;

	bound[0] = '\0';
	if (rc || (!n->http && (rc = start(n))))
		return rc;
	if (u.tls && !n->http->secure.it && (rc = start_tls(n->http)))
		return rc;
	if (u.tls && !n->tls) {
		n->tls = true;
		berth_netd_bound_memory(n, false);
	}
	while (i < BERTH_NETD_HTTP_LISTENERS_MAX && n->http->listeners[i].used)
		i++;
	if (i == BERTH_NETD_HTTP_LISTENERS_MAX)
		return berth_fail(BERTH_E_CONFIG, "listen: more than %d URIs", BERTH_NETD_HTTP_LISTENERS_MAX);
	if (!(rc = add(n->http, &n->http->listeners[i], &u, &a, uri)))
		berth_netd_http_bound_uri(bound, &u);
	return rc;
}

bool berth_netd_http_listen_remove(struct berth_netd *n, const char *uri)
{
	for (size_t i = 0; n->http && i < BERTH_NETD_HTTP_LISTENERS_MAX; i++) {
		struct berth_netd_http_listener *at = &n->http->listeners[i];

		if (!at->used || strcmp(at->uri, uri) != 0)
			continue;
		for (struct berth_netd_http_conn *c = n->http->conns; c; c = c->next)
			if (c->at == at) {
				(void)berth_netd_http_left(c);
				cut(c);
			}
		close(at->fd);
		at->used = false;
		return true;
	}
	return false;
}

void berth_netd_http_limits(struct berth_netd *n)
{
	struct berth_limit *l = n->http ? &n->http->limit : NULL;

	if (!l)
		return;
	l->conns_max = n->cfg.conns_max;
	l->conns_source_max = n->cfg.conns_source_max;
	l->open_source_max = n->cfg.requests_max / 2 + 1;
	l->rate_per_s = n->cfg.rate_per_s;
	l->burst = n->cfg.burst;
}

/* ---- the loop */

int berth_netd_http_fd(const struct berth_netd *n) { return n->http ? n->http->epoll : -1; }

static void judge_time(struct berth_netd_http *h, uint64_t now)
{
	bool crowded = h->limit.conns > h->limit.conns_max / 4 * 3;

	for (struct berth_netd_http_conn *c = h->conns; c; c = c->next) {
		if (c->upgraded)
			continue;
		if (c->rq && c->rq->state == HELD) {
			if (now >= c->rq->until_ms)
				berth_netd_http_late(c);
		} else if (now >= c->deadline_ms || (crowded && !c->rq && now - c->idle_ms > CROWDED_IDLE_MS)) {
			cut(c);
		}
	}
	if (h->paused_until_ms && now >= h->paused_until_ms)
		watch_listeners(h, true);
}

static void look(struct berth_netd_http *h, const struct epoll_event *ev)
{
	struct berth_netd_http_conn *c;
	void *tag = ev->data.ptr;

	if (tag == &h->plain || tag == &h->secure)
		return;
	for (size_t i = 0; i < BERTH_NETD_HTTP_LISTENERS_MAX; i++)
		if (tag == &h->listeners[i]) {
			if (h->listeners[i].used)
				accept_some(h, tag);
			return;
		}
	c = tag;	/* freed only in run() below */
	if (c->ws)
		berth_netd_ws_left(c->ws);
	else if (!c->upgraded && !berth_netd_http_left(c))
		cut(c);
}

/* How soon that one wants to be run again. */
static int run(struct berth_netd_http *h, struct berth_netd_http_daemon *d, int wait_ms)
{
	MHD_UNSIGNED_LONG_LONG wait;

	if (!d->it)
		return wait_ms;
	h->mhd->run(d->it);
	return h->mhd->get_timeout(d->it, &wait) == MHD_YES && wait < (unsigned)wait_ms ? (int)wait : wait_ms;
}

int berth_netd_http_tick(struct berth_netd *n, uint64_t now_ms)
{
	struct berth_netd_http *h = n->http;
	struct epoll_event ev[EVENTS];
	int got, wait_ms = BERTH_NETD_SOON_MS;

	if (!h)
		return -1;
	got = epoll_wait(h->epoll, ev, EVENTS, 0);
	for (int i = 0; i < got; i++)
		look(h, &ev[i]);
	judge_time(h, now_ms);
	wait_ms = run(h, &h->plain, wait_ms);
	wait_ms = run(h, &h->secure, wait_ms);
	if (h->paused_until_ms)
		return wait_ms < PAUSE_MS ? wait_ms : PAUSE_MS;
	return wait_ms < BERTH_NETD_SOON_MS || h->conns ? wait_ms : -1;
}
