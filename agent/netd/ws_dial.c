/* SPDX-License-Identifier: Apache-2.0 */
/* WebSockets that we open.  curl has connected (to the address that was checked, and with
 * TLS verified); from here on it only carries octets. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/netd/http_dial.h"
#include "agent/netd/ws.h"
#include "did/base/rand.h"

#define CONNS_MAX 16	/* that we keep open */
#define RECORD ((size_t)16 << 10)	/* of TLS */

struct carrier {
	const struct berth_curl *curl;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *resolve;
	size_t staged;			/* what TLS wants to be given once more, and nothing else */
	uint8_t stage[RECORD];
};

static ssize_t octets(CURLcode rc, size_t n)
{
	if (rc == CURLE_OK)
		return (ssize_t)n;
	errno = rc == CURLE_AGAIN ? EAGAIN : EIO;
	return -1;
}

static ssize_t carrier_recv(void *arg, void *p, size_t n)
{
	struct carrier *k = arg;
	size_t got = 0;
	CURLcode rc = k->curl->easy_recv(k->easy, p, n, &got);

	return octets(rc, got);
}

/* OpenSSL takes a write that it could not finish again from the same place and of the same
 * length, or not at all; our queue moves and grows.  Whoever calls again begins with what
 * has not gone, and that is what is staged. */
static ssize_t carrier_send(void *arg, const void *p, size_t n)
{
	struct carrier *k = arg;
	size_t gone = 0;
	CURLcode rc;

	if (!k->staged) {
		k->staged = n < RECORD ? n : RECORD;
		memcpy(k->stage, p, k->staged);
	}
	rc = k->curl->easy_send(k->easy, k->stage, k->staged, &gone);
	if (rc == CURLE_OK)
		k->staged = 0;
	return octets(rc, gone);
}

static void carrier_close(void *arg)
{
	struct carrier *k = arg;

	k->curl->multi_remove_handle(k->multi, k->easy);
	k->curl->easy_cleanup(k->easy);
	k->curl->slist_free_all(k->resolve);
	free(k);
}

static const struct berth_netd_ws_io io = { carrier_recv, carrier_send, carrier_close };

static size_t clients(const struct berth_netd_ws *w)
{
	size_t n = 0;

	for (const struct berth_netd_ws_conn *c = w->conns; c; c = c->next)
		n += c->client && !c->ended;
	return n;
}

static bool make_request(struct berth_buf *out, const struct berth_curl *curl, const struct berth_http_uri *u,
			 char accept[BERTH_WS_ACCEPT_LEN + 1])
{
	char key[BERTH_WS_KEY_LEN + 1], both[BERTH_WS_KEY_LEN + sizeof(BERTH_WS_GUID)];
	uint8_t random[16], sha1[20];
	bool v6 = strchr(u->host, ':');

	berth_random(random, sizeof(random));
	berth_ws_key_text(key, random);
	snprintf(both, sizeof(both), "%s%s", key, BERTH_WS_GUID);
	curl->sha1((const uint8_t *)both, strlen(both), sha1);
	berth_ws_accept_text(accept, sha1);
	berth_buf_printf(out, "GET %s%s HTTP/1.1\r\nHost: %s%s%s:%u\r\n", *u->path == '/' ? "" : "/", u->path, v6 ? "[" : "",
			 u->host, v6 ? "]" : "", u->port);
	berth_buf_printf(out, "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
			 "Sec-WebSocket-Key: %s\r\n\r\n", key);
	return !out->bad;
}

/* Another SEND to the same place may have been quicker: one connection is enough. */
static struct berth_netd_ws_conn *other(const struct berth_netd_ws *w, const char *uri)
{
	struct berth_netd_ws_conn *c = w->conns;

	while (c && (c->ended || !c->client || strcmp(c->uri, uri) != 0))
		c = c->next;
	return c;
}

static struct berth_netd_ws_conn *begin(struct berth_netd_sending *s)
{
	struct berth_netd_http_dial *d = s->n->http_dial;
	struct carrier *k = calloc(1, sizeof(*k));
	struct berth_buf request = BERTH_BUF_INIT;
	struct berth_netd_ws_conn *c = NULL;
	char accept[BERTH_WS_ACCEPT_LEN + 1];
	curl_socket_t fd = CURL_SOCKET_BAD;

	if (!k || d->curl->easy_getinfo(s->easy, CURLINFO_ACTIVESOCKET, &fd) != CURLE_OK || fd == CURL_SOCKET_BAD ||
	    !make_request(&request, d->curl, &s->uri, accept)) {
		free(k);
		goto out;
	}
	k->curl = d->curl;
	k->multi = d->multi;
	k->easy = s->easy;
	k->resolve = s->resolve;
	s->easy = NULL;
	s->resolve = NULL;
	if ((c = berth_netd_ws_open(s->n->ws, &io, k, fd, &s->addr, s->text, request.p, request.len)))
		memcpy(c->accept, accept, sizeof(accept));
out:
	berth_buf_free(&request);
	return c;
}

bool berth_netd_ws_dialled(struct berth_netd_sending *s)
{
	struct berth_netd_ws_written m = { .of_send = true, .id = s->id };
	struct berth_netd_ws_conn *c;

	if (berth_netd_ws_start(s->n))
		return false;
	c = other(s->n->ws, s->text);
	if (!c && clients(s->n->ws) < CONNS_MAX)
		c = begin(s);
	return c && !c->ended && berth_netd_ws_write(c, m, s->f.msg, s->f.msg_len);
}
