/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/dnssd.h"

#include <arpa/inet.h>
#include <arpa/nameser.h>
#include <string.h>
#include <strings.h>

#include "agent/protocol/hints.h"

#define QR 0x8000u
#define RCODE 0x000fu
#define IN 1u

/* libc follows the pointers of compressed names and tells loops. */
static enum berth_err name_at(char *out, const struct berth_dnssd *d, struct berth_cur *c)
{
	int n = c->bad ? -1 : ns_name_uncompress(d->p, d->end, c->p, out, BERTH_DNSSD_NAME_MAX + 1);

	if (n < 0 || !berth_cur_bytes(c, (size_t)n)) {
		c->bad = true;
		return berth_fail(BERTH_E_TYPE, "DNS: a name");
	}
	return BERTH_OK;
}

enum berth_err berth_dnssd_open(struct berth_dnssd *d, const uint8_t *p, size_t n)
{
	char name[BERTH_DNSSD_NAME_MAX + 1];
	uint16_t flags, questions;

	*d = (struct berth_dnssd){ .p = p, .end = p + n, .at = berth_cur(p, n) };
	if (n > BERTH_DNSSD_ANSWER_MAX)
		return berth_fail(BERTH_E_TYPE, "DNS: an answer of %zu octets", n);
	berth_cur_be16(&d->at);
	flags = berth_cur_be16(&d->at);
	questions = berth_cur_be16(&d->at);
	d->left = berth_cur_be16(&d->at);
	berth_cur_be32(&d->at);
	if (d->at.bad || !(flags & QR) || questions != 1 || name_at(name, d, &d->at))
		return berth_fail(BERTH_E_TYPE, "DNS: no answer to a question");
	berth_cur_be32(&d->at);
	if (d->left > BERTH_DNSSD_RECORDS_MAX)
		d->left = BERTH_DNSSD_RECORDS_MAX;
	if (d->at.bad)
		return berth_fail(BERTH_E_TYPE, "DNS: a question that is cut off");
	return flags & RCODE ? berth_fail(BERTH_E_NOMATCH, "DNS: code %u", flags & RCODE) : BERTH_OK;
}

bool berth_dnssd_next(struct berth_dnssd *d, const char *name, enum berth_dnssd_type type, struct berth_cur *data)
{
	char owner[BERTH_DNSSD_NAME_MAX + 1];
	uint16_t is, class;

	while (d->left && !name_at(owner, d, &d->at)) {
		d->left--;
		is = berth_cur_be16(&d->at);
		class = berth_cur_be16(&d->at);
		berth_cur_be32(&d->at);
		*data = berth_cur_vec16(&d->at, UINT16_MAX);
		if (d->at.bad)
			return false;
		if (is == type && class == IN && strcasecmp(owner, name) == 0)
			return true;
	}
	return false;
}

enum berth_err
berth_dnssd_ptr(char name[BERTH_DNSSD_NAME_MAX + 1], const struct berth_dnssd *d, struct berth_cur data)
{
	enum berth_err rc = name_at(name, d, &data);

	return rc || berth_cur_done(&data) ? rc : berth_fail(BERTH_E_TYPE, "DNS: octets behind a name");
}

static bool is_host(const char *s)
{
	return s[0] && s[0] != '.' && strlen(s) <= BERTH_NETPOL_NAME_MAX &&
	       strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == strlen(s);
}

/* Of several servers for one service the first is taken: an agent has one. */
enum berth_err berth_dnssd_srv(struct berth_dnssd_srv *out, const struct berth_dnssd *d, struct berth_cur data)
{
	char host[BERTH_DNSSD_NAME_MAX + 1];
	enum berth_err rc;

	*out = (struct berth_dnssd_srv){ .port = 0 };
	berth_cur_be32(&data);	/* priority, weight */
	out->port = berth_cur_be16(&data);
	if ((rc = berth_dnssd_ptr(host, d, data)))
		return rc;
	if (!is_host(host) || !out->port)
		return berth_fail(BERTH_E_NOMATCH, "DNS: %.80s is no host to be dialled", host);
	memcpy(out->host, host, strlen(host) + 1);
	return BERTH_OK;
}

/* The first of a key counts (RFC 6763, 6.4).  What is not visible ASCII goes into no URI. */
static enum berth_err value_of(char *out, size_t max, const uint8_t *p, size_t n)
{
	if (out[0])
		return BERTH_OK;
	if (n > max)
		return berth_fail(BERTH_E_TYPE, "DNS: a value of %zu octets", n);
	for (size_t i = 0; i < n; i++)
		if (p[i] <= ' ' || p[i] > '~')
			return berth_fail(BERTH_E_TYPE, "DNS: a value that is no plain text");
	memcpy(out, p, n);
	out[n] = '\0';
	return BERTH_OK;
}

static enum berth_err one_string(struct berth_dnssd_txt *t, const uint8_t *p, size_t n)
{
	const struct { const char *key; char *value; size_t max; } known[] = {
		{ "did=", t->did, sizeof(t->did) - 1 },
		{ "scheme=", t->scheme, sizeof(t->scheme) - 1 },
		{ "path=", t->path, sizeof(t->path) - 1 },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		size_t k = strlen(known[i].key);

		if (n >= k && strncasecmp((const char *)p, known[i].key, k) == 0)
			return value_of(known[i].value, known[i].max, p + k, n - k);
	}
	return BERTH_OK;
}

static const struct { const char *scheme; bool tls, path; } schemes[] = {
	{ "nng+tcp", false, false }, { "nng+tls", true, false }, { "http", false, true },
	{ "https", true, true }, { "ws", false, true }, { "wss", true, true },
};

static int scheme_of(const struct berth_dnssd_txt *t)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strcmp(schemes[i].scheme, t->scheme) == 0)
			return (int)i;
	return -1;
}

static enum berth_err judge(const struct berth_dnssd_txt *t)
{
	int s = scheme_of(t);

	if (strncmp(t->did, "did:", 4) != 0)
		return berth_fail(BERTH_E_NOMATCH, "DNS: a service without a DID");
	if (s < 0 || (t->path[0] && (!schemes[s].path || t->path[0] != '/')))
		return berth_fail(BERTH_E_TYPE, "DNS: %s and %.40s make no URI", t->scheme, t->path);
	return BERTH_OK;
}

enum berth_err berth_dnssd_txt(struct berth_dnssd_txt *out, struct berth_cur data)
{
	enum berth_err rc = data.n > BERTH_DNSSD_TXT_MAX ? berth_fail(BERTH_E_TYPE, "DNS: %zu octets of text", data.n) : BERTH_OK;

	*out = (struct berth_dnssd_txt){ .did = "" };
	while (!rc && data.n && !data.bad) {
		size_t n = berth_cur_u8(&data);
		const uint8_t *p = berth_cur_bytes(&data, n);

		rc = p ? one_string(out, p, n) : berth_fail(BERTH_E_TYPE, "DNS: text that is cut off");
	}
	if (!out->scheme[0])
		memcpy(out->scheme, "nng+tcp", sizeof("nng+tcp"));
	return rc ? rc : judge(out);
}

enum berth_err
berth_dnssd_address(char out[BERTH_NETADDR_TEXT_MAX + 1], enum berth_dnssd_type type, struct berth_cur data)
{
	size_t n = type == BERTH_DNSSD_A ? 4 : 16;
	const uint8_t *p = berth_cur_bytes(&data, n);

	if (!p || !berth_cur_done(&data) || !inet_ntop(n == 4 ? AF_INET : AF_INET6, p, out, BERTH_NETADDR_TEXT_MAX + 1))
		return berth_fail(BERTH_E_TYPE, "DNS: an address");
	return BERTH_OK;
}

bool berth_dnssd_needs_name(const struct berth_dnssd_txt *t) { return schemes[scheme_of(t)].tls; }

bool berth_dnssd_hint(struct berth_buf *out, const struct berth_dnssd_txt *t, const char *host, uint16_t port)
{
	bool v6 = strchr(host, ':') != NULL;
	struct berth_buf uri = BERTH_BUF_INIT;
	bool fits;

	berth_buf_printf(&uri, "%s://%s%s%s:%u%s", t->scheme, v6 ? "[" : "", host, v6 ? "]" : "", port, t->path);
	fits = uri.len <= BERTH_HINT_URI_MAX;
	if (fits)
		berth_buf_printf(out, "%s %s\n", t->did, berth_buf_cstr(&uri));
	berth_buf_free(&uri);
	return fits;
}
