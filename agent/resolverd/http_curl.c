/* SPDX-License-Identifier: Apache-2.0 */
/* One exchange as curl is told it: to the number that was checked, whatever name is in its
 * URL; the socket it asks for is refused when it is for any other.  A kept connection is
 * used again only for the same number, because curl goes by CONNECT_TO there. */
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "agent/resolverd/http_internal.h"
#include "did/base/secret.h"

#define CONNECT_MS 15000L
#define CONNECT_FIRST_MS 5000L	/* where another address is left to try */
#define STALL_BYTES 64L		/* a second; below that it stands still */
#define CACHED_MAX 16L		/* connections kept for what comes next */
#define CACHED_AGE_S 50L
#define CACHED_LIFE_S 600L	/* then certificates are looked at again */
#define AGENT "berth"
#define TARGET_MAX (BERTH_NETADDR_TEXT_MAX + 16)

/* ---- what curl calls */

static int on_interest(CURL *easy, curl_socket_t fd, int what, void *arg, void *seen)
{
	const struct berth_res_http *h = arg;

	(void)easy, (void)seen;
	return berth_curl_watch(h->epoll, fd, what);
}

static size_t on_header(char *p, size_t size, size_t n, void *arg)
{
	struct berth_res_exchange *x = arg;

	x->too_much |= !berth_res_head_line(&x->head, p, size * n);
	return x->too_much || x->head.encoded ? 0 : size * n;
}

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
	struct berth_res_exchange *x = arg;

	n *= size;
	x->too_much |= n > x->max_bytes - x->reply.len;
	x->no_room |= x->h->held + n > BERTH_RES_HELD_MAX;
	if (x->too_much || x->no_room)
		return 0;
	berth_buf_put(&x->reply, p, n);
	if (x->reply.bad)
		return 0;
	x->h->held += n;
	return n;
}

static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *sa)
{
	struct berth_res_exchange *x = arg;
	struct berth_netaddr a;

	if (purpose != CURLSOCKTYPE_IPCXN || berth_netaddr_from_sockaddr(&a, &sa->addr) ||
	    memcmp(&a, &x->addr, sizeof(a)) != 0 || berth_netpol_check(&x->h->policy->addresses, &a)) {
		x->forbidden = true;
		return CURL_SOCKET_BAD;
	}
	return socket(sa->family, sa->socktype | SOCK_CLOEXEC, sa->protocol);
}

/* ---- what curl is told */

static bool add(const struct berth_curl *curl, struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl->slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

static void target_of(char out[TARGET_MAX + 1], const char *before, const struct berth_netaddr *a, uint16_t port)
{
	char number[BERTH_NETADDR_TEXT_MAX + 1];

	berth_netaddr_text(number, a);
	snprintf(out, TARGET_MAX + 1, berth_netaddr_is_v4(a) ? "%s%s:%u" : "%s[%s]:%u", before, number, port);
}

#define SET(option, value) (curl->easy_setopt(e, option, value) == CURLE_OK)

/* To the number; through a proxy it is the proxy's, and the name goes to that. */
static bool set_target(struct berth_res_exchange *x, const struct berth_curl *curl, CURL *e)
{
	const struct berth_res_http_policy *p = x->h->policy;
	char target[TARGET_MAX + 1];

	if (p->proxy.host[0]) {
		target_of(target, "http://", &x->addr, p->proxy.port);
		return SET(CURLOPT_PROXY, target) && SET(CURLOPT_NOPROXY, "") && SET(CURLOPT_HTTPPROXYTUNNEL, 1L) &&
		       SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	}
	target_of(target, "::", &x->addr, x->uri.port);
	return add(curl, &x->connect_to, target) && SET(CURLOPT_CONNECT_TO, x->connect_to) && SET(CURLOPT_PROXY, "") &&
	       SET(CURLOPT_NOPROXY, "*");
}

/* And nowhere else, for no longer than that. */
static bool set_way(struct berth_res_exchange *x, const struct berth_curl *curl, CURL *e, uint32_t left_ms)
{
	const long wait_ms = x->tried < x->name.n_addrs ? CONNECT_FIRST_MS : CONNECT_MS;

	return SET(CURLOPT_URL, x->url) && SET(CURLOPT_PROTOCOLS_STR, x->uri.tls ? "https" : "http") &&
	       SET(CURLOPT_PATH_AS_IS, 1L) && SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L) && SET(CURLOPT_NOSIGNAL, 1L) &&
	       SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1) && SET(CURLOPT_CONNECTTIMEOUT_MS, wait_ms) &&
	       SET(CURLOPT_TIMEOUT_MS, (long)left_ms) && SET(CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES) &&
	       SET(CURLOPT_LOW_SPEED_TIME, (long)x->h->policy->stall_s) && SET(CURLOPT_MAXAGE_CONN, CACHED_AGE_S) &&
	       SET(CURLOPT_MAXLIFETIME_CONN, CACHED_LIFE_S) &&
	       SET(CURLOPT_OPENSOCKETFUNCTION, on_socket) && SET(CURLOPT_OPENSOCKETDATA, x) && SET(CURLOPT_PRIVATE, x) &&
	       SET(CURLOPT_ERRORBUFFER, x->error);
}

/* Whom we believe.  Without a folder of authorities curl reads their file once for all
 * connections. */
static bool set_tls(struct berth_res_exchange *x, const struct berth_curl *curl, CURL *e)
{
	const char *ca = x->h->policy->ca_file;

	return SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
	       SET(CURLOPT_SSL_VERIFYHOST, 2L) && SET(CURLOPT_CAPATH, NULL) && (!ca[0] || SET(CURLOPT_CAINFO, ca));
}

static bool set_request(struct berth_res_exchange *x, const struct berth_curl *curl, CURL *e)
{
	const char *end = berth_buf_cstr(&x->lines) + x->lines.len;

	for (const char *line = berth_buf_cstr(&x->lines); line < end; line += strlen(line) + 1)
		if (!add(curl, &x->headers, line))
			return false;
	if (!SET(CURLOPT_HTTPHEADER, x->headers) || !SET(CURLOPT_USERAGENT, AGENT))
		return false;
	if (strcmp(x->method, "GET") == 0)
		return SET(CURLOPT_HTTPGET, 1L);
	if (strcmp(x->method, "DELETE") == 0)
		return SET(CURLOPT_HTTPGET, 1L) && SET(CURLOPT_CUSTOMREQUEST, x->method);
	return SET(CURLOPT_POST, 1L) && SET(CURLOPT_CUSTOMREQUEST, x->method) &&
	       SET(CURLOPT_POSTFIELDSIZE, (long)x->body.len) && SET(CURLOPT_POSTFIELDS, berth_buf_cstr(&x->body));
}

static bool set_reply(struct berth_res_exchange *x, const struct berth_curl *curl, CURL *e)
{
	return SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, x) &&
	       SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, x) &&
	       SET(CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)x->max_bytes);
}
#undef SET

bool berth_res_curl_run(struct berth_res_exchange *x, uint32_t left_ms)
{
	const struct berth_curl *curl = x->h->curl;
	CURL *e = x->easy = curl->easy_init();

	return e && set_target(x, curl, e) && set_way(x, curl, e, left_ms) && set_tls(x, curl, e) &&
	       set_request(x, curl, e) && set_reply(x, curl, e) && curl->multi_add_handle(x->h->multi, e) == CURLM_OK;
}

void berth_res_curl_stop(struct berth_res_exchange *x)
{
	const struct berth_curl *curl = x->h->curl;

	if (x->easy) {
		curl->multi_remove_handle(x->h->multi, x->easy);
		curl->easy_cleanup(x->easy);
	}
	for (struct curl_slist *l = x->headers; l; l = l->next)
		berth_wipe(l->data, strlen(l->data));	/* Authorization */
	curl->slist_free_all(x->headers);
	curl->slist_free_all(x->connect_to);
	x->easy = NULL;
	x->headers = x->connect_to = NULL;
}

/* ---- its outcome */

/* A connection that broke in the handshake is no word about whom it was with.  curl has one
 * code for that and for a peer that wants less than TLS 1.2, of which OpenSSL says
 * "error:" and what. */
static bool is_broken(const char *error)
{
	return !strstr(error, "error:") || strstr(error, "unexpected eof");
}

/* There was somebody, and TLS did not come to an end with him that satisfied us. */
static bool is_tls(CURLcode why, const char *error)
{
	if (why == CURLE_SSL_CONNECT_ERROR)
		return !is_broken(error);
	return why == CURLE_PEER_FAILED_VERIFICATION || why == CURLE_SSL_CACERT_BADFILE || why == CURLE_SSL_CIPHER ||
	       why == CURLE_SSL_ISSUER_ERROR;
}

/* Printable, or it is not passed on. */
static void copy_type(struct berth_res_exchange *x, const char *type)
{
	size_t n = type ? strnlen(type, BERTH_RES_TYPE_MAX + 1) : 0;

	for (size_t i = 0; i < n; i++)
		if (type[i] < ' ' || type[i] > '~')
			return;
	if (n <= BERTH_RES_TYPE_MAX && n)
		memcpy(x->type, type, n + 1);
}

static void answered(struct berth_res_exchange *x)
{
	const struct berth_curl *curl = x->h->curl;
	char *type = NULL;
	long code = 0;

	if (!x->head.end.complete) {	/* curl takes that for a reply without a body */
		berth_res_exchange_end(x, BERTH_REGISTRY_UNAVAILABLE,
				       berth_fail(BERTH_E_UNAVAILABLE, "%.60s: the reply ends in its head", x->uri.host));
		return;
	}
	if (curl->easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type) == CURLE_OK)
		copy_type(x, type);
	if (curl->easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK)
		x->code = (uint32_t)code;
	berth_res_exchange_end(x, BERTH_REGISTRY_OK, BERTH_OK);
}

/* Nothing of ours has gone anywhere. */
static bool is_unreached(const struct berth_res_exchange *x, CURLcode why)
{
	curl_off_t connected_us = 0;

	return why == CURLE_COULDNT_CONNECT ||
	       (why == CURLE_OPERATION_TIMEDOUT &&
		x->h->curl->easy_getinfo(x->easy, CURLINFO_CONNECT_TIME_T, &connected_us) == CURLE_OK && connected_us == 0);
}

static void failed(struct berth_res_exchange *x, CURLcode why)
{
	const char *host = x->uri.host, *text = x->error[0] ? x->error : x->h->curl->easy_strerror(why);

	if (!x->forbidden && is_unreached(x, why) && berth_res_exchange_elsewhere(x))
		return;
	if (x->forbidden)
		berth_res_exchange_end(x, BERTH_REGISTRY_REFUSED,
				       berth_fail(BERTH_E_NETPOL, "%.60s is not where we may connect to", host));
	else if (x->too_much || why == CURLE_FILESIZE_EXCEEDED)
		berth_res_exchange_end(x, BERTH_REGISTRY_TOO_BIG,
				       berth_fail(BERTH_E_SIZE, "%.60s answers more than %zu octets", host, x->max_bytes));
	else if (x->head.encoded)
		berth_res_exchange_end(x, BERTH_REGISTRY_REFUSED,
				       berth_fail(BERTH_E_NETPOL, "%.60s answers in a coding we did not ask for", host));
	else if (is_tls(why, x->error))
		berth_res_exchange_end(x, BERTH_REGISTRY_REFUSED, berth_fail(BERTH_E_NETPOL, "%.60s: %s", host, text));
	else if (x->reply.bad || x->no_room)
		berth_res_exchange_end(x, BERTH_REGISTRY_UNAVAILABLE,
				       berth_fail(BERTH_E_NOMEM, "%.60s: no room for what it answers", host));
	else
		berth_res_exchange_end(x, BERTH_REGISTRY_UNAVAILABLE,
				       berth_fail(BERTH_E_UNAVAILABLE, "%.60s: %s", host, text));
}

void berth_res_curl_outcomes(struct berth_res_http *h)
{
	struct berth_res_exchange *x;
	CURLMsg *m;
	int left, running;

	if (!h->multi)
		return;
	h->curl->multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	while ((m = h->curl->multi_info_read(h->multi, &left))) {
		CURLcode result = m->data.result;

		if (m->msg != CURLMSG_DONE || h->curl->easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&x) != CURLE_OK)
			continue;
		if (result == CURLE_OK)
			answered(x);
		else
			failed(x, result);
	}
}

/* ---- the life of it */

enum berth_err berth_res_curl_start(struct berth_res_http *h)
{
	const struct berth_curl *curl;
	enum berth_err rc = berth_curl_load(&curl);
	CURLM *multi;

	if (rc)
		return rc;
	if (curl->global_init(CURL_GLOBAL_SSL) || !(multi = curl->multi_init()))
		return berth_fail(BERTH_E_UNAVAILABLE, "http: libcurl does not start");
	if (curl->multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_interest) != CURLM_OK ||
	    curl->multi_setopt(multi, CURLMOPT_SOCKETDATA, h) != CURLM_OK ||
	    curl->multi_setopt(multi, CURLMOPT_MAXCONNECTS, CACHED_MAX) != CURLM_OK) {
		curl->multi_cleanup(multi);
		return berth_fail(BERTH_E_UNAVAILABLE, "http: libcurl does not start");
	}
	h->curl = curl;
	h->multi = multi;
	return BERTH_OK;
}

void berth_res_curl_events(struct berth_res_http *h, int fd, uint32_t events)
{
	int what = (events & (EPOLLIN | EPOLLHUP | EPOLLERR) ? CURL_CSELECT_IN : 0) | (events & EPOLLOUT ? CURL_CSELECT_OUT : 0);
	int running;

	h->curl->multi_socket_action(h->multi, fd, what, &running);
}

long berth_res_curl_timeout_ms(const struct berth_res_http *h)
{
	long wait = -1;

	if (h->multi)
		h->curl->multi_timeout(h->multi, &wait);
	return wait;
}

void berth_res_curl_free(struct berth_res_http *h)
{
	if (h->multi)
		h->curl->multi_cleanup(h->multi);
	h->multi = NULL;
}
