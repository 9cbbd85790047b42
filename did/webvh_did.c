/* SPDX-License-Identifier: Apache-2.0 */
#include "did/webvh_did.h"

#include <string.h>

#include "did/base/chars.h"
#include "did/base/hex.h"
#include "did/codec/did_text.h"

#define LABEL_MAX 63
#define PORT_DIGITS_MIN 2	/* the method's ABNF */
#define PORT_DIGITS_MAX 5

static const char base58[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
static const char digits[] = "0123456789";

bool berth_webvh_is_hash(const char *text)
{
	return strlen(text) == BERTH_WEBVH_HASH_LEN && strspn(text, base58) == BERTH_WEBVH_HASH_LEN;
}

/* The character at *s of a DID's text, decoded; *s moves on. */
static uint8_t next_char(const char **s)
{
	uint8_t c = (uint8_t)**s;

	if (c == '%') {
		c = (uint8_t)(berth_hex_digit((*s)[1]) << 4 | berth_hex_digit((*s)[2]));
		*s += 2;
	}
	(*s)++;
	return c;
}

/* ---- host and port ---- */

/* What a resolver of names might take for an address: 127.0.0.1, 0x7f.1, 2130706433. */
static bool ends_in_number(const char *host)
{
	const char *dot = strrchr(host, '.'), *last = dot ? dot + 1 : host;

	return last[strspn(last, digits)] == '\0' || strncmp(last, "0x", 2) == 0;
}

static bool is_name(const char *host)
{
	const char *s = host;
	size_t labels = 0, n;

	do {
		n = berth_chars_span(s, BERTH_CHARS_LOWER | BERTH_CHARS_DIGIT | BERTH_CHARS_HYPHEN);
		if (n == 0 || n > LABEL_MAX || s[0] == '-' || s[n - 1] == '-')
			return false;
		labels++;
		s += n;
	} while (*s == '.' && *++s);
	return *s == '\0' && s[-1] != '.' && labels >= 2 && !ends_in_number(host);
}

static bool read_port(unsigned *port, const char *text)
{
	size_t n = strlen(text);

	*port = 0;
	if (n < PORT_DIGITS_MIN || n > PORT_DIGITS_MAX || strspn(text, digits) != n || text[0] == '0')
		return false;
	for (; *text; text++)
		*port = *port * 10 + (unsigned)(*text - '0');
	return *port <= 65535;
}

/* The first segment, decoded into host; what is behind its ':' is the port. */
static bool read_host(struct berth_webvh_did *d, const char *s, const char *end)
{
	char text[BERTH_WEBVH_HOST_MAX + 1 + PORT_DIGITS_MAX + 1];
	size_t n = 0;
	char *colon;

	while (s < end) {
		uint8_t c = next_char(&s);

		if (n == sizeof(text) - 1 || c <= ' ' || c >= 0x7f)
			return false;
		text[n++] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
	}
	text[n] = '\0';
	colon = strchr(text, ':');
	if (colon)
		*colon++ = '\0';
	if (strlen(text) > BERTH_WEBVH_HOST_MAX || !is_name(text))
		return false;
	memcpy(d->host, text, strlen(text) + 1);
	return !colon || read_port(&d->port, colon);
}

/* ---- the path ---- */

static bool is_segment(const char *s, const char *end)
{
	uint8_t c = 0, first = 0;
	bool dots = true;
	size_t n = 0;

	for (; s < end; n++) {
		c = next_char(&s);
		if (n == 0)
			first = c;
		if (c < ' ' || c == 0x7f || c == '/' || c == '\\')
			return false;
		dots = dots && c == '.';
	}
	return n > 0 && first != ' ' && c != ' ' && !(dots && n <= 2);
}

static bool is_path(const char *s)
{
	while (*s) {
		size_t n = strcspn(s, ":");

		if (!is_segment(s, s + n))
			return false;
		s += n;
		if (*s == ':' && *++s == '\0')
			return false;
	}
	return true;
}

/* ---- the whole ---- */

static enum berth_err read_location(struct berth_webvh_did *out, const char *location)
{
	size_t n = strcspn(location, ":");

	out->location = location;
	out->path = location + n + (location[n] == ':');
	if (!read_host(out, location, location + n))
		return berth_fail(BERTH_E_DID, "did:webvh: no name of a host, or a port that is none");
	if (location[n] == ':' && (!*out->path || !is_path(out->path)))
		return berth_fail(BERTH_E_DID, "did:webvh: a path segment that is none");
	return BERTH_OK;
}

enum berth_err berth_webvh_did_parse(struct berth_webvh_did *out, const char *did)
{
	const char *scid = did + strlen(BERTH_WEBVH_PREFIX);
	char text[BERTH_WEBVH_HASH_LEN + 1];
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!berth_is_did(did) || strncmp(did, BERTH_WEBVH_PREFIX, strlen(BERTH_WEBVH_PREFIX)) != 0)
		return berth_fail(BERTH_E_DID, "not a did:webvh");
	if (strcspn(scid, ":") != BERTH_WEBVH_HASH_LEN || scid[BERTH_WEBVH_HASH_LEN] != ':')
		return berth_fail(BERTH_E_DID, "did:webvh: no SCID");
	memcpy(text, scid, BERTH_WEBVH_HASH_LEN);
	text[BERTH_WEBVH_HASH_LEN] = '\0';
	if (strspn(text, base58) != BERTH_WEBVH_HASH_LEN)
		return berth_fail(BERTH_E_DID, "did:webvh: an SCID that is not base58btc");
	if ((rc = read_location(out, scid + BERTH_WEBVH_HASH_LEN + 1)))
		return rc;
	memcpy(out->scid, text, sizeof(text));
	return BERTH_OK;
}

bool berth_webvh_same(const char *a, const char *b)
{
	struct berth_webvh_did x, y;

	return !berth_webvh_did_parse(&x, a) && !berth_webvh_did_parse(&y, b) && strcmp(x.scid, y.scid) == 0;
}

static bool is_unreserved(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

/* RFC 3986 6.2.2: what need not be encoded is not, and digits are upper case. */
static void put_path(struct berth_buf *out, const char *s)
{
	while (*s) {
		uint8_t c;

		if (*s == ':') {
			berth_buf_u8(out, '/');
			s++;
			continue;
		}
		c = next_char(&s);
		if (is_unreserved(c))
			berth_buf_u8(out, c);
		else
			berth_buf_printf(out, "%%%02X", c);
	}
	berth_buf_u8(out, '/');
}

enum berth_err berth_webvh_url(struct berth_buf *out, const struct berth_webvh_did *d, const char *file, bool well_known)
{
	berth_buf_printf(out, "https://%s", d->host);
	if (d->port)
		berth_buf_printf(out, ":%u", d->port);
	berth_buf_u8(out, '/');
	if (*d->path)
		put_path(out, d->path);
	else if (well_known)
		berth_buf_str(out, ".well-known/");
	berth_buf_str(out, file);
	return berth_buf_status(out);
}
