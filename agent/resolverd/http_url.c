/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/resolverd/http_url.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static bool percents_ok(const char *s)
{
	for (; (s = strchr(s, '%')); s++)
		if (!isxdigit((unsigned char)s[1]) || !isxdigit((unsigned char)s[2]))
			return false;
	return true;
}

/* One or two dots, however they are written. */
static bool is_dots(const char *s, size_t n)
{
	unsigned dots = 0;

	for (; n; dots++) {
		size_t len = *s == '.' ? 1 : n >= 3 && strncasecmp(s, "%2e", 3) == 0 ? 3 : 0;

		if (!len)
			return false;
		s += len;
		n -= len;
	}
	return dots == 1 || dots == 2;
}

static bool has_dot_segment(const char *path)
{
	size_t n;

	for (; *path == '/'; path += n) {
		n = strcspn(++path, "/?");
		if (is_dots(path, n))
			return true;
	}
	return false;
}

enum berth_err berth_res_url_parse(struct berth_http_uri *u, const char *text)
{
	if (strlen(text) > BERTH_RES_URL_MAX || berth_http_uri_parse(u, text) || u->ws || !percents_ok(text) ||
	    has_dot_segment(u->path))
		return berth_fail(BERTH_E_TYPE, "%.120s is no URL that we ask for", text);
	return BERTH_OK;
}

/* Of the ports that browsers block, too, those above the ones http_uri.c knows. */
static const uint16_t foreign[] = {
	1719, 1720, 1723,		/* H.323, PPTP */
	2049, 3659, 4045,		/* NFS, SASL, lockd */
	4190, 5060, 5061,		/* sieve, SIP */
	6000, 6566,			/* X11, SANE */
	6665, 6666, 6667, 6668, 6669, 6679, 6697,	/* IRC */
	10080,				/* Amanda */
};

enum berth_err berth_res_url_check_port(const struct berth_http_uri *u)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++)
		if (u->port == foreign[i])
			return berth_fail(BERTH_E_NETPOL, "%.60s: port %u is not for HTTP", u->host, u->port);
	return berth_http_uri_check_port(u);
}
