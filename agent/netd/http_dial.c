/* SPDX-License-Identifier: Apache-2.0 */
/* Our POSTs: where each goes, and what its answer means.  The policy decides about the
 * number that a name has; http_post.c holds curl to it. */
#include <stdio.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "agent/netd/http_dial.h"
#include "agent/netd/tls.h"
#include "agent/netd/ws.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define SENDS_MAX 64
#define DEADLINE_MS 60000
#define CACHED_MAX 8L			/* connections kept for the next message */
#define EVENTS 16

/* All one host may get from us, whoever names it in a document (C084). */
#define HOST_OPEN_MAX 16

/* ---- the end of one */

static void sending_free(struct berth_netd_sending *s)
{
	struct berth_netd_http_dial *d = s->n->http_dial;
	struct berth_netd_sending **at = &d->sendings;

	while (*at != s)
		at = &(*at)->next;
	*at = s->next;
	d->n_sendings--;
	if (s->easy) {
		d->curl->multi_remove_handle(d->multi, s->easy);
		d->curl->easy_cleanup(s->easy);
	}
	d->curl->slist_free_all(s->headers);
	d->curl->slist_free_all(s->resolve);
	if (s->counted)
		berth_limit_open_end(&d->hosts, &s->addr);
	berth_buf_free(&s->frame);
	berth_buf_free(&s->body);
	free(s);
}

/* Octets that left; a long body goes after what curl counts as the request. */
static uint32_t sent(const struct berth_netd_sending *s)
{
	long n = 0;

	if (!s->easy || s->n->http_dial->curl->easy_getinfo(s->easy, CURLINFO_REQUEST_SIZE, &n) != CURLE_OK || n <= 0)
		return 0;
	return (uint32_t)((size_t)n < s->f.msg_len ? (size_t)n + s->f.msg_len : (size_t)n);
}

static void finish(struct berth_netd_sending *s, enum berth_err code, const struct berth_buf *reply)
{
	struct berth_net_result m = { .id = s->id, .code = code, .later = s->unverified, .sent = sent(s),
		.received = (uint32_t)(s->head.bytes + s->body.len) };

	if (!code) {
		m.frame = reply->p;
		m.frame_len = reply->len;
	}
	if (!s->told)
		berth_netd_result(s->n, &m);
	s->told = true;
	if (!s->naming)
		sending_free(s);	/* the name service still has the other ones */
}

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *arg, void *seen)
{
	const struct berth_netd_http_dial *d = arg;

	(void)easy, (void)seen;
	return berth_curl_watch(d->epoll, fd, what);
}

/* ---- one request */

static enum berth_err post(struct berth_netd_sending *s)
{
	struct berth_netd_http_dial *d = s->n->http_dial;
	uint64_t now = berth_clock_mono_ms();
	enum berth_err rc;

	if (now >= s->until_ms)
		return berth_fail(BERTH_E_UNAVAILABLE, "%.60s: no answer in time", s->uri.host);
	if ((rc = berth_limit_open(&d->hosts, &s->addr, now)))
		return rc;
	s->counted = true;
	if (!berth_netd_http_post(s, (uint32_t)(s->until_ms - now)) ||
	    d->curl->multi_add_handle(d->multi, s->easy) != CURLM_OK)
		return berth_no_memory();
	return BERTH_OK;
}

/* Where it goes: a checked address, or a question. */
static enum berth_err route(struct berth_netd_sending *s)
{
	bool found = false;
	enum berth_err rc;

	/* whoever wrote the document chose the words */
	if (berth_http_uri_parse(&s->uri, s->text))
		return berth_fail(BERTH_E_NETPOL, "%.120s is no endpoint we dial", s->text);
	if ((rc = berth_http_uri_check_port(&s->uri)) ||
	    (rc = berth_netpol_lookup(&s->n->cfg.policy, s->uri.host, &s->addr, &found)) ||
	    (s->uri.tls && (rc = berth_netd_tls_clock(&s->n->cfg))))
		return rc;
	if (found)
		return post(s);
	memcpy(s->name.host, s->uri.host, sizeof(s->name.host));
	s->naming = true;
	if ((rc = berth_netd_ask(s->n, &s->name)))
		s->naming = false;
	return rc;
}

static void was_named(struct berth_job *job)
{
	struct berth_netd_sending *s = (struct berth_netd_sending *)(void *)((char *)job - offsetof(struct berth_netd_sending, name.job));
	enum berth_err rc = s->name.rc;

	s->naming = false;
	if (rc)
		rc = berth_fail(rc, "%.60s: no address", s->uri.host);	/* said on another thread */
	if (s->told)
		sending_free(s);
	else if (rc || (rc = berth_netpol_pick(&s->n->cfg.policy, s->name.addrs, s->name.n_addrs, &s->addr)) || (rc = post(s)))
		finish(s, rc, NULL);
}

/* ---- its outcome */

/* 307 is the one redirection that DIDComm knows: once, and judged like any endpoint. */
static bool follow(struct berth_netd_sending *s, long status)
{
	struct berth_netd_http_dial *d = s->n->http_dial;
	char *to = NULL;
	enum berth_err rc;

	if (status != 307 || s->moved || d->curl->easy_getinfo(s->easy, CURLINFO_REDIRECT_URL, &to) || !to)
		return false;
	if (strlen(to) > BERTH_NET_URI_MAX || !berth_uri_is_http(to) || (s->uri.tls && strncmp(to, "https:", 6) != 0))
		return false;
	snprintf(s->text, sizeof(s->text), "%s", to);
	d->curl->multi_remove_handle(d->multi, s->easy);
	d->curl->easy_cleanup(s->easy);
	d->curl->slist_free_all(s->headers);
	d->curl->slist_free_all(s->resolve);
	s->easy = NULL;
	s->headers = s->resolve = NULL;
	berth_limit_open_end(&d->hosts, &s->addr);
	berth_buf_reset(&s->body);
	s->counted = false;
	s->moved = true;
	if ((rc = route(s)))
		finish(s, rc, NULL);
	return true;
}

/* A WebSocket's connection: it has the RESULT of the message from now on. */
static void connected(struct berth_netd_sending *s)
{
	if (!berth_netd_ws_dialled(s)) {
		finish(s, berth_fail(BERTH_E_UNAVAILABLE, "%.60s: no WebSocket to be had", s->uri.host), NULL);
		return;
	}
	s->told = true;
	sending_free(s);
}

static void answered(struct berth_netd_sending *s)
{
	const struct berth_curl *curl = s->n->http_dial->curl;
	struct berth_http_answer a = { .body = s->body.p, .body_len = s->body.len };
	struct berth_buf frame = BERTH_BUF_INIT;
	curl_off_t after = 0;
	char *type = NULL;
	enum berth_err rc;

	if (s->uri.ws) {
		connected(s);
		return;
	}
	if (!s->head.complete) {	/* curl takes that for an answer without a body */
		finish(s, berth_fail(BERTH_E_UNAVAILABLE, "%.60s: the answer ends in its head", s->uri.host), NULL);
		return;
	}
	if (curl->easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &a.status) == CURLE_OK && follow(s, a.status))
		return;
	if (curl->easy_getinfo(s->easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK)
		a.type = type;
	if (curl->easy_getinfo(s->easy, CURLINFO_RETRY_AFTER, &after) == CURLE_OK)
		a.retry_after_s = after;
	if (a.status < 200 || a.status > 299)
		berth_log(BERTH_LOG_INFO, "netd.http", "%.60s answers %ld", s->uri.host, a.status);
	rc = berth_http_answer_frame(&frame, &a);
	finish(s, rc, &frame);
	berth_buf_free(&frame);
}

/* There was somebody, and TLS did not come to an end with him that satisfied both. */
static bool is_tls(CURLcode why)
{
	return why == CURLE_PEER_FAILED_VERIFICATION || why == CURLE_SSL_CONNECT_ERROR || why == CURLE_SSL_CERTPROBLEM ||
	       why == CURLE_SSL_CACERT_BADFILE || why == CURLE_SSL_CIPHER || why == CURLE_SSL_ISSUER_ERROR;
}

static void failed(struct berth_netd_sending *s, CURLcode why)
{
	const char *text = s->n->http_dial->curl->easy_strerror(why);

	s->unverified = is_tls(why);
	if (s->forbidden)
		finish(s, berth_fail(BERTH_E_NETPOL, "%.60s is not where we may connect to", s->uri.host), NULL);
	else if (s->too_much)
		finish(s, berth_fail(BERTH_E_SIZE, "%.60s answers more than we read", s->uri.host), NULL);
	else
		finish(s, berth_fail(s->unverified ? BERTH_E_NETPOL : BERTH_E_UNAVAILABLE, "%.60s: %s", s->uri.host, text), NULL);
}

static void outcomes(struct berth_netd_http_dial *d)
{
	struct berth_netd_sending *s;
	CURLMsg *m;
	int left;

	while ((m = d->curl->multi_info_read(d->multi, &left))) {
		CURLcode result = m->data.result;

		if (m->msg != CURLMSG_DONE || d->curl->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&s) != CURLE_OK)
			continue;
		if (result == CURLE_OK)
			answered(s);
		else
			failed(s, result);
	}
}

/* ---- the life of it */

void berth_netd_http_dial_limits(struct berth_netd *n)
{
	if (n->http_dial)
		berth_limit_rate(&n->http_dial->hosts, n->cfg.host_rate_per_s);
}

static enum berth_err start(struct berth_netd *n)
{
	struct berth_netd_http_dial *d = calloc(1, sizeof(*d));
	enum berth_err rc;

	if (!d)
		return berth_no_memory();
	d->n = n;
	d->epoll = -1;
	berth_netd_bound_memory(n, true);
	if ((rc = berth_curl_load(&d->curl)) || (rc = berth_limit_init(&d->hosts)))
		goto out;
	d->epoll = epoll_create1(EPOLL_CLOEXEC);
	rc = berth_fail(BERTH_E_UNAVAILABLE, "http: libcurl does not start");
	if (d->epoll < 0 || d->curl->global_init(CURL_GLOBAL_SSL) || !(d->multi = d->curl->multi_init()) ||
	    d->curl->multi_setopt(d->multi, CURLMOPT_SOCKETFUNCTION, on_interest) != CURLM_OK ||
	    d->curl->multi_setopt(d->multi, CURLMOPT_SOCKETDATA, d) != CURLM_OK ||
	    d->curl->multi_setopt(d->multi, CURLMOPT_MAXCONNECTS, CACHED_MAX) != CURLM_OK)
		goto out;
	d->hosts.conns_max = SENDS_MAX;
	d->hosts.open_source_max = HOST_OPEN_MAX;
	n->http_dial = d;
	berth_netd_http_dial_limits(n);
	return BERTH_OK;
out:
	if (d->epoll >= 0)
		close(d->epoll);
	berth_limit_free(&d->hosts);
	free(d);
	return rc;
}

static enum berth_err prepare(struct berth_netd_sending *s, const struct berth_net_send *m)
{
	enum berth_err rc;

	berth_buf_put(&s->frame, m->frame, m->frame_len);
	if ((rc = berth_buf_status(&s->frame)) || (rc = berth_frame_request_decode(&s->f, s->frame.p, s->frame.len)))
		return rc;
	if (s->f.msg_len == 0)
		return berth_fail(BERTH_E_ENV, "http: a request without a message");
	return route(s);
}

void berth_netd_http_send(struct berth_netd *n, const struct berth_net_send *m)
{
	struct berth_net_result failure = { .id = m->id };
	struct berth_netd_sending *s = NULL;
	enum berth_err rc;

	if (!n->http_dial && (failure.code = start(n))) {
		berth_netd_result(n, &failure);
		return;
	}
	if (n->http_dial->n_sendings == SENDS_MAX || !(s = calloc(1, sizeof(*s)))) {
		failure.code = berth_fail(BERTH_E_QUOTA, "%zu requests are open", n->http_dial->n_sendings);
		berth_netd_result(n, &failure);
		return;
	}
	s->n = n;
	s->id = m->id;
	s->name.job.done = was_named;
	s->until_ms = berth_clock_mono_ms() + (m->deadline_ms ? m->deadline_ms : DEADLINE_MS);
	memcpy(s->text, m->uri, sizeof(s->text));
	s->next = n->http_dial->sendings;
	n->http_dial->sendings = s;
	n->http_dial->n_sendings++;
	if ((rc = prepare(s, m)))
		finish(s, rc, NULL);
}

int berth_netd_http_dial_fd(const struct berth_netd *n) { return n->http_dial ? n->http_dial->epoll : -1; }

static bool naming(struct berth_netd_http_dial *d, uint64_t now_ms)
{
	bool any = false;

	for (struct berth_netd_sending *s = d->sendings; s; s = s->next) {	/* stays: the name service has it */
		any |= s->naming;
		if (s->naming && !s->told && now_ms >= s->until_ms)
			finish(s, berth_fail(BERTH_E_UNAVAILABLE, "%.60s: no address in time", s->uri.host), NULL);
	}
	return any;
}

int berth_netd_http_dial_tick(struct berth_netd *n, uint64_t now_ms)
{
	struct berth_netd_http_dial *d = n->http_dial;
	struct epoll_event ev[EVENTS];
	int got, running;
	long wait = -1;

	if (!d)
		return -1;
	got = epoll_wait(d->epoll, ev, EVENTS, 0);
	for (int i = 0; i < got; i++)
		d->curl->multi_socket_action(d->multi, ev[i].data.fd,
					     (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) |
					     (ev[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0), &running);
	d->curl->multi_socket_action(d->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	outcomes(d);
	d->curl->multi_timeout(d->multi, &wait);
	if (naming(d, now_ms) && (wait < 0 || wait > BERTH_NETD_SOON_MS))
		wait = BERTH_NETD_SOON_MS;
	return wait > BERTH_NETD_LATER_MS ? BERTH_NETD_LATER_MS : (int)wait;
}
