/* SPDX-License-Identifier: Apache-2.0 */
/* One POST, or a WebSocket's connection, as curl is told it: to the number that was checked, for the name in its URL;
 * the socket it asks for is refused when it is for any other. */
#include "agent/netd/http_dial.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#define CONNECT_MS 15000L
#define HEADERS_MAX ((size_t)16 << 10)	/* of an answer */
#define CACHED_AGE_S 50L
#define RESOLVE_MAX (BERTH_NETPOL_NAME_MAX + BERTH_NETADDR_TEXT_MAX + 12)

/* ---- what curl calls */

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct berth_netd_sending *s = arg;

	berth_http_end_line(&s->head, p, size * n);
	s->too_much |= s->head.bytes > HEADERS_MAX;
	return s->too_much ? 0 : size * n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct berth_netd_sending *s = arg;

	if (s->body.len + n > BERTH_FRAME_MESSAGE_MAX)
		s->too_much = true;
	else
		berth_buf_put(&s->body, p, size * n);
	return s->too_much || s->body.bad ? 0 : size * n;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct berth_netd_sending *s = arg;
	struct berth_netaddr a;

	if (purpose != CURLSOCKTYPE_IPCXN || berth_netaddr_from_sockaddr(&a, &sa->addr) ||
	    memcmp(&a, &s->addr, sizeof(a)) != 0 || berth_netpol_check(&s->n->cfg.policy, &a)) {
		s->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

/* ---- what curl is told */

static bool add_line(const struct berth_curl *curl, struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl->slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool add_headers(struct berth_netd_sending *s, const struct berth_curl *curl)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char type[80];
	bool ok;

	snprintf(type, sizeof(type), "Content-Type: %s", berth_http_type_of(s->f.media));
	berth_buf_str(&b, BERTH_HTTP_ACKS ": ");
	berth_http_acks_encode(&b, s->f.acks, s->f.n_acks);
	ok = !b.bad && add_line(curl, &s->headers, type) && add_line(curl, &s->headers, berth_buf_cstr(&b)) &&
	     add_line(curl, &s->headers, "Expect:") && add_line(curl, &s->headers, "Accept:");
	berth_buf_free(&b);
	return ok;
}

/* The number that was checked, for the name that curl reads in the URL.  `+`: it ages
 * like any answer, or the names of all peers ever would be kept. */
static bool pin(struct berth_netd_sending *s, const struct berth_curl *curl)
{
	char line[RESOLVE_MAX + 1], number[BERTH_NETADDR_TEXT_MAX + 1];

	if (strchr(s->uri.host, ':'))
		return true;	/* it is one */
	berth_netaddr_text(number, &s->addr);
	snprintf(line, sizeof(line), berth_netaddr_is_v4(&s->addr) ? "+%s:%u:%s" : "+%s:%u:[%s]", s->uri.host, s->uri.port,
		 number);
	return add_line(curl, &s->resolve, line);
}

/* Whom we believe, and who we are: curl reads the files itself. */
static bool set_tls(struct berth_netd_sending *s, const struct berth_curl *curl)
{
	const struct berth_net_tls *t = &s->n->cfg.tls;
	CURL *e = s->easy;

#define SET(option, value) (curl->easy_setopt(e, option, value) == CURLE_OK)
	return SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) &&
	       (!t->ca[0] || (SET(CURLOPT_CAINFO, t->ca) && SET(CURLOPT_CAPATH, NULL))) &&
	       (!t->certificate[0] || (SET(CURLOPT_SSLCERT, t->certificate) && SET(CURLOPT_SSLKEY, t->key)));
#undef SET
}

/* Where to, and nowhere else. */
static bool set_way(struct berth_netd_sending *s, const struct berth_curl *curl, const char *url, uint32_t left_ms)
{
	CURL *e = s->easy;

#define SET(option, value) (curl->easy_setopt(e, option, value) == CURLE_OK)
	return SET(CURLOPT_URL, url) && SET(CURLOPT_PROTOCOLS_STR, "http,https") &&
	       SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_PROXY, "") && SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) &&
	       SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS) && SET(CURLOPT_TIMEOUT_MS, (long)left_ms) &&
	       SET(CURLOPT_RESOLVE, s->resolve) && SET(CURLOPT_OPENSOCKETFUNCTION, on_socket) &&
	       SET(CURLOPT_OPENSOCKETDATA, s) && SET(CURLOPT_PRIVATE, s) && (!s->uri.tls || set_tls(s, curl));
}

static bool set_message(struct berth_netd_sending *s, const struct berth_curl *curl)
{
	CURL *e = s->easy;

	return SET(CURLOPT_MAXAGE_CONN, CACHED_AGE_S) && SET(CURLOPT_HTTPHEADER, s->headers) && SET(CURLOPT_POST, 1L) &&
	       SET(CURLOPT_POSTFIELDSIZE, (long)s->f.msg_len) && SET(CURLOPT_POSTFIELDS, (const char *)s->f.msg) &&
	       SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, s) &&
	       SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, s);
}

/* A connection of its own, on which curl says nothing: "ws" becomes "http". */
static bool set_connection(struct berth_netd_sending *s, const struct berth_curl *curl, uint32_t left_ms)
{
	CURL *e = s->easy;
	char url[BERTH_NET_URI_MAX + 8];

	snprintf(url, sizeof(url), "http%s", s->text + 2);
	return set_way(s, curl, url, left_ms) && SET(CURLOPT_CONNECT_ONLY, 1L) && SET(CURLOPT_FRESH_CONNECT, 1L);
#undef SET
}

bool berth_netd_http_post(struct berth_netd_sending *s, uint32_t left_ms)
{
	const struct berth_curl *curl = s->n->http_dial->curl;

	if (!pin(s, curl) || !(s->easy = curl->easy_init()))
		return false;
	if (s->uri.ws)
		return set_connection(s, curl, left_ms);
	return add_headers(s, curl) && set_way(s, curl, s->text, left_ms) && set_message(s, curl);
}
