/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/http_uri.h"

#include <string.h>

#define FIRST_FREE_PORT 1024

static const struct scheme {
	const char *text;
	bool tls, ws;
} schemes[] = {
	{ "http://", false, false }, { "https://", true, false }, { "ws://", false, true }, { "wss://", true, true },
};

static const struct scheme *scheme_of(const char *text)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(text, schemes[i].text, strlen(schemes[i].text)) == 0)
			return &schemes[i];
	return NULL;
}

static enum berth_err refuse(const char *text)
{
	return berth_fail(BERTH_E_CONFIG, "%.120s is not http[s]:// or ws[s]://host[:port][/path]", text);
}

bool berth_uri_is_http(const char *text)
{
	const struct scheme *s = scheme_of(text);

	return s && !s->ws;
}

bool berth_uri_is_ws(const char *text)
{
	const struct scheme *s = scheme_of(text);

	return s && s->ws;
}

/* Octets that no URI has, and those that start what we do not take. */
static bool clean(const char *text)
{
	for (const char *p = text; *p; p++)
		if (*p <= ' ' || *p > '~' || strchr("\\\"<>^`{|}#@", *p))
			return false;
	return true;
}

static bool parse_port(uint16_t *port, const char *s, size_t n)
{
	unsigned v = 0;

	if (n == 0 || n > 5)
		return false;
	for (; n && *s >= '0' && *s <= '9'; s++, n--)
		v = v * 10 + (unsigned)(*s - '0');
	*port = (uint16_t)v;
	return n == 0 && v <= 65535;
}

enum berth_err berth_http_uri_parse(struct berth_http_uri *u, const char *text)
{
	const struct scheme *s = scheme_of(text);
	const char *host, *end, *stop;
	bool bracket;

	*u = (struct berth_http_uri){ 0 };
	if (!s || !clean(text))
		return refuse(text);
	u->tls = s->tls;
	u->ws = s->ws;
	host = text + strlen(s->text);
	stop = u->path = host + strcspn(host, "/?");
	bracket = *host == '[';
	host += bracket;
	end = memchr(host, bracket ? ']' : ':', (size_t)(stop - host));
	if ((bracket && !end) || (!end && !(end = stop)) || end == host || (size_t)(end - host) > BERTH_NETPOL_NAME_MAX)
		return refuse(text);
	memcpy(u->host, host, (size_t)(end - host));
	end += bracket;
	u->port = u->tls ? 443 : 80;
	if (strpbrk(u->host, "[]") || (end != stop && (*end != ':' || !parse_port(&u->port, end + 1, (size_t)(stop - end - 1)))))
		return refuse(text);
	return BERTH_OK;
}

enum berth_err berth_http_uri_check_port(const struct berth_http_uri *u)
{
	if (u->port >= FIRST_FREE_PORT || u->port == 80 || u->port == 443)
		return BERTH_OK;
	return berth_fail(BERTH_E_NETPOL, "%.60s: port %u is not for HTTP", u->host, u->port);
}
