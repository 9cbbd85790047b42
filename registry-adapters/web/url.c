/* SPDX-License-Identifier: Apache-2.0 */
#include "url.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "berth/registry.h"

#define HOST_MAX 253
#define LABEL_MAX 63
#define HTTPS_PORT 443
#define HTTP_PORT 80
#define USER_PORTS 1024		/* those below are of services */

struct place {
	const char *host;
	size_t host_len;
	unsigned port;		/* 0: none given */
	const char *path;	/* "a:b"; "" without one */
};

static int fail(const char **why, const char *text)
{
	*why = text;
	return BERTH_REGISTRY_INVALID;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static bool is_unreserved(char c)
{
	return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || (c && strchr("-._~", c));
}

static bool is_label(const char *s, size_t n)
{
	if (n == 0 || n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_lower(s[i]) && !is_digit(s[i]) && s[i] != '-')
			return false;
	return true;
}

/* A name with a dot whose last label begins with a letter: 127.1, 0x7f.1 and 2130706433
 * are addresses to those who dial. */
static int check_host(const char *h, size_t n, const char **why)
{
	size_t start = 0, labels = 0;

	if (n > HOST_MAX)
		return fail(why, "did:web: a host of more than 253 characters");
	for (size_t i = 0; i <= n; i++) {
		if (i < n && h[i] != '.')
			continue;
		if (!is_label(h + start, i - start))
			return fail(why, "did:web: the host is no domain name in lower case");
		labels++;
		if (i < n)
			start = i + 1;
	}
	if (!is_lower(h[start]))
		return fail(why, "did:web: the host is an address");
	if (n - start == 9 && memcmp(h + start, "localhost", 9) == 0)
		return fail(why, "did:web: localhost");
	return labels > 1 ? BERTH_REGISTRY_OK : fail(why, "did:web: the host is not fully qualified");
}

/* Behind the host: "%3A" and digits, or nothing. */
static int read_port(struct place *p, const char *s, const char **end, const char **why)
{
	size_t digits;

	*end = s;
	if (*s != '%')
		return BERTH_REGISTRY_OK;
	if (s[1] != '3' || (s[2] != 'A' && s[2] != 'a'))
		return fail(why, "did:web: the host is no domain name in lower case");
	s += 3;
	digits = strspn(s, "0123456789");
	p->port = digits > 0 && digits <= 5 && s[0] != '0' ? (unsigned)strtoul(s, NULL, 10) : 0;
	if (p->port == 0 || p->port > 65535)
		return fail(why, "did:web: no such port");
	*end = s + digits;
	if (p->port < USER_PORTS && p->port != HTTPS_PORT && p->port != HTTP_PORT) {
		*why = "did:web: the port is another service's";
		return BERTH_REGISTRY_REFUSED;
	}
	return BERTH_REGISTRY_OK;
}

static int hex(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The octet of %XX, or -1: no such, one that needs no encoding, or one that somebody
 * might take for a separator, an end or another encoding. */
static int octet(const char *s)
{
	int high = hex(s[1]), low = high < 0 ? -1 : hex(s[2]), c = high * 16 + low;

	if (low < 0 || c < 0x20 || c == 0x7f || c == '/' || c == '\\' || c == '%' || (c < 0x80 && is_unreserved((char)c)))
		return -1;
	return c;
}

static int check_segment(const char *s, size_t n, const char **why)
{
	if (n == 0)
		return fail(why, "did:web: an empty path segment");
	if (strspn(s, ".") >= n)
		return fail(why, "did:web: a path segment of dots");
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '%' && (n - i < 3 || octet(s + i) < 0))
			return fail(why, "did:web: percent-encoding in the path");
		if (s[i] == '%')
			i += 2;
		else if (!is_unreserved(s[i]) || s[i] == '~')
			return fail(why, "did:web: a character that no DID has");
	}
	return BERTH_REGISTRY_OK;
}

static int check_path(const char *path, const char **why)
{
	int rc = BERTH_REGISTRY_OK;

	while (!rc) {
		size_t n = strcspn(path, ":");

		rc = check_segment(path, n, why);
		if (!path[n])
			break;
		path += n + 1;
	}
	return rc;
}

static int parse(struct place *p, const char *did, const char **why)
{
	const char *end;
	int rc;

	*p = (struct place){ 0 };
	if (strncmp(did, "did:web:", 8) != 0)
		return fail(why, "did:web: another method's DID");
	if (strlen(did) > WEB_URL_MAX - 64)	/* scheme and file name */
		return fail(why, "did:web: too long");
	p->host = did + 8;
	p->host_len = strcspn(p->host, ":%");
	if ((rc = check_host(p->host, p->host_len, why)) || (rc = read_port(p, p->host + p->host_len, &end, why)))
		return rc;
	if (*end && *end != ':')
		return fail(why, "did:web: no such port");
	p->path = *end ? end + 1 : end;
	return *end ? check_path(p->path, why) : BERTH_REGISTRY_OK;
}

/* https://HOST[:PORT] and /SEGMENT for each; its length */
static size_t put_base(char *out, const struct place *p)
{
	int n = snprintf(out, WEB_URL_MAX + 1, "https://%.*s", (int)p->host_len, p->host);

	if (p->port)
		n += snprintf(out + n, WEB_URL_MAX + 1 - (size_t)n, ":%u", p->port);
	if (*p->path)
		n += snprintf(out + n, WEB_URL_MAX + 1 - (size_t)n, "/%s", p->path);
	for (char *c = *p->path ? strrchr(out, '/') : NULL; c && *c; c++)
		if (*c == ':')
			*c = '/';
	return (size_t)n;
}

int web_url_document(char *out, const char *did, const char **why)
{
	struct place p;
	int rc = parse(&p, did, why);
	size_t n;

	if (rc)
		return rc;
	n = put_base(out, &p);
	snprintf(out + n, WEB_URL_MAX + 1 - n, "%s/did.json", *p.path ? "" : "/.well-known");
	return BERTH_REGISTRY_OK;
}

/* "/a/b?c": RFC 3986 characters, no way up, no empty segment but the last. */
static bool is_path(const char *s)
{
	const char *query = strchr(s, '?');

	if (*s != '/')
		return false;
	for (const char *c = s; *c; c++) {
		if (*c == '%' ? octet(c) < 0 : !is_unreserved(*c) && !strchr("/!$&'()*+,;=:@?", *c))
			return false;
		if (*c == '/' && (!query || c < query) && (c[1] == '/' || (c[1] == '.' && strspn(c + 1, ".") == strcspn(c + 1, "/?"))))
			return false;
	}
	return true;
}

int web_url_resource(char *out, const char *did, const char *resource, const char **why)
{
	struct place p;
	int rc, written;
	size_t n = 0;

	if (strncmp(resource, "https://", 8) != 0 && strncmp(resource, "http://", 7) != 0) {
		if ((rc = parse(&p, did, why)))
			return rc;
		if (!is_path(resource))
			return fail(why, "did:web: no path and no https URL");
		n = put_base(out, &p);
		if (strcmp(resource, "/whois") == 0)
			resource = "/whois.vp";
	}
	written = snprintf(out + n, WEB_URL_MAX + 1 - n, "%s", resource);
	return (size_t)written > WEB_URL_MAX - n ? fail(why, "did:web: too long") : BERTH_REGISTRY_OK;
}

int web_url_file(char *out, const char *did, const char **why)
{
	struct place p;
	int rc = parse(&p, did, why);
	size_t n;

	if (rc)
		return rc;
	n = (size_t)snprintf(out, WEB_URL_MAX + 1, "%.*s", (int)p.host_len, p.host);
	if (p.port)
		n += (size_t)snprintf(out + n, WEB_URL_MAX + 1 - n, "%%3A%u", p.port);
	out[n++] = '/';
	for (const char *s = p.path; *s; s++) {
		if (*s == '%') {
			out[n++] = (char)octet(s);
			s += 2;
		} else {
			out[n++] = *s == ':' ? '/' : *s;
		}
	}
	snprintf(out + n, WEB_URL_MAX + 1 - n, "%sdid.json", *p.path ? "/" : ".well-known/");
	return BERTH_REGISTRY_OK;
}
