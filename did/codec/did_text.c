/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/did_text.h"

#include <stdint.h>
#include <string.h>

#include "did/base/hex.h"
#include "did/base/sixteen.h"

/* Where a character may stand: in a method-specific id (with ':'), in a path (RFC 3986
 * pchar and '/'), in a query or fragment, in a method's name. */
#define ID 1
#define PATH 2
#define QUERY 4
#define METHOD 8

static const uint8_t places[256] = {
	['a' ... 'z'] = ID | PATH | QUERY | METHOD, ['0' ... '9'] = ID | PATH | QUERY | METHOD, ['A' ... 'Z'] = ID | PATH | QUERY,
	['.'] = ID | PATH | QUERY, ['-'] = ID | PATH | QUERY, ['_'] = ID | PATH | QUERY, [':'] = ID | PATH | QUERY,
	['~'] = PATH | QUERY, ['!'] = PATH | QUERY, ['$'] = PATH | QUERY, ['&'] = PATH | QUERY, ['\''] = PATH | QUERY,
	['('] = PATH | QUERY, [')'] = PATH | QUERY, ['*'] = PATH | QUERY, ['+'] = PATH | QUERY, [','] = PATH | QUERY,
	[';'] = PATH | QUERY, ['='] = PATH | QUERY, ['@'] = PATH | QUERY, ['/'] = PATH | QUERY, ['?'] = QUERY,
};

static bool is_pct_encoded(const char *s)
{
	return s[0] == '%' && berth_hex_digit(s[1]) >= 0 && berth_hex_digit(s[2]) >= 0;
}

static bool fits(char c, uint8_t place)
{
	return places[(uint8_t)c] & place;
}

/* All ones for each of the bytes that may stand anywhere in a DID URL but in a method's name:
 * letters, '-' to ':' but for '/', '_'. */
static inline sixteen common(sixteen x)
{
	return sixteen_among(x | 0x20, 'z', 26) | (sixteen_among(x, ':', 14) & ~(sixteen)(x == '/')) | (sixteen)(x == '_');
}

/* How many bytes at s are such, or fewer: a did:peer is long and is looked at often. */
static size_t common_run(const char *s)
{
	size_t len = strnlen(s, BERTH_DID_URL_MAX);

	return len < sizeof(sixteen) ? 0 : sixteen_span(s, len, common);
}

/* How many bytes at s may stand there, pct-encoded ones counted as three.  The end of s
 * fits nowhere. */
static size_t run(const char *s, uint8_t place)
{
	size_t n = common_run(s);

	while (n <= BERTH_DID_URL_MAX) {
		if (fits(s[n], place))
			n++;
		else if (is_pct_encoded(s + n))
			n += 3;
		else
			break;
	}
	return n;
}

/* What may stand behind a DID: nothing, a path, a query or a fragment. */
static bool ends(char c) { return c == '\0' || c == '/' || c == '?' || c == '#'; }

static bool has_scheme(const char *s) { return s[0] == 'd' && s[1] == 'i' && s[2] == 'd' && s[3] == ':'; }

static size_t measure(const char *did_url)
{
	size_t method, id, n;

	if (!has_scheme(did_url))
		return 0;
	for (method = 0; fits(did_url[4 + method], METHOD) && method <= BERTH_DID_METHOD_MAX; method++)
		;
	if (method == 0 || method > BERTH_DID_METHOD_MAX || did_url[4 + method] != ':')
		return 0;
	/* DID Core 3.1: method-specific-id = *( *idchar ":" ) 1*idchar */
	id = run(did_url + 5 + method, ID);
	n = 5 + method + id;
	if (id == 0 || n > BERTH_DID_URL_MAX || did_url[n - 1] == ':')
		return 0;
	return ends(did_url[n]) ? n : 0;
}

/* The length of the short form within a DID of len bytes. */
static size_t short_len(const char *did, size_t len)
{
	static const char peer4[] = "did:peer:4";
	const char *colon;

	if (len < sizeof(peer4) || memcmp(did, peer4, sizeof(peer4) - 1) != 0)
		return len;
	colon = memchr(did + sizeof(peer4) - 1, ':', len - (sizeof(peer4) - 1));
	return colon ? (size_t)(colon - did) : len;
}

/* The two DIDs that were looked at last, with their short forms: one message names ours and
 * the peer's, a dozen times each. */
struct seen { size_t shorter, len; char did[1024]; };
static _Thread_local struct seen seen[2];
static _Thread_local size_t latest;

/* 0: it is another DID, or none */
static size_t len_as(const struct seen *s, const char *did_url)
{
	if (!s->len || strncmp(did_url, s->did, s->shorter) != 0)
		return 0;
	if (ends(did_url[s->shorter]))
		return s->shorter;
	if (strncmp(did_url + s->shorter, s->did + s->shorter, s->len - s->shorter) != 0)
		return 0;
	return ends(did_url[s->len]) ? s->len : 0;
}

static void remember(const char *did, size_t n)
{
	struct seen *s;

	if (n == 0 || n > sizeof(s->did))
		return;
	s = &seen[latest ^= 1];
	memcpy(s->did, did, n);
	s->len = n;
	s->shorter = short_len(did, n);
}

size_t berth_did_len(const char *did_url)
{
	size_t n;

	if (!did_url)
		return 0;
	if ((n = len_as(&seen[latest], did_url)))
		return n;
	if ((n = len_as(&seen[latest ^ 1], did_url))) {
		latest ^= 1;
		return n;
	}
	n = measure(did_url);
	remember(did_url, n);
	return n;
}

bool berth_is_did(const char *text)
{
	size_t n = berth_did_len(text);

	return n > 0 && text[n] == '\0';
}

/* RFC 3986: path-abempty, then query, then fragment; returns the fragment (past
 * its '#'), "" when there is none, NULL when the text is no such thing. */
static const char *fragment_of(const char *rest)
{
	const char *fragment = "";

	rest += run(rest, PATH);
	if (*rest == '?') {
		rest++;
		rest += run(rest, QUERY);
	}
	if (*rest == '#') {
		fragment = ++rest;
		rest += run(rest, QUERY);
	}
	return *rest == '\0' ? fragment : NULL;
}

/* NULL: no DID URL. */
static const char *fragment_in(const char *text)
{
	size_t n = berth_did_len(text);

	return n > 0 && strnlen(text + n, BERTH_DID_URL_MAX) <= BERTH_DID_URL_MAX - n ? fragment_of(text + n) : NULL;
}

bool berth_is_did_url(const char *text) { return fragment_in(text); }

bool berth_is_relative_did_url(const char *text)
{
	return *text && memchr("/?#", *text, 3) && strnlen(text, BERTH_DID_URL_MAX + 1) <= BERTH_DID_URL_MAX &&
	       fragment_of(text) != NULL;
}

bool berth_is_kid(const char *text)
{
	const char *fragment = fragment_in(text);

	return fragment && *fragment;
}

/* Where a DID may end within a text, or its short form: at one of "/?#", or a did:peer:4 at
 * its second ':'. */
static bool may_end(const char *s, size_t n)
{
	return s[n] == '/' || s[n] == '?' || s[n] == '#' || (s[n] == ':' && n >= sizeof("did:peer:4") - 1);
}

#define LOOK 16		/* two DIDs that are not the same mostly differ before */

/* Two texts are no two forms of one DID if they differ before either DID can have ended. */
static bool differ(const char *a, const char *b)
{
	size_t n = 0;

	for (; n < LOOK && a[n] && a[n] == b[n]; n++)
		if (may_end(a, n))
			return false;
	return n < LOOK && !memchr("/?#:", a[n], 5) && !memchr("/?#:", b[n], 5);
}

/* la, lb: how long the DIDs are, if they are the same */
static bool same(const char *a, const char *b, size_t *la, size_t *lb)
{
	size_t n;

	if (!a || !b)
		return false;
	if (strcmp(a, b) == 0)		/* as most are spelled, and long ones take their time */
		return (*la = *lb = berth_did_len(a)) > 0;
	if (differ(a, b) || (*la = berth_did_len(a)) == 0)
		return false;
	*lb = strncmp(a, b, *la) == 0 && ends(b[*la]) ? *la : berth_did_len(b);
	n = *lb ? short_len(a, *la) : 0;
	return n && n == short_len(b, *lb) && strncmp(a, b, n) == 0;
}

bool berth_did_same(const char *a, const char *b)
{
	size_t la, lb;

	return same(a, b, &la, &lb);
}

/* Fragments are what mostly differs between DID URLs of one DID, which is long. */
static bool fragments_differ(const char *a, const char *b)
{
	const char *fa = strchr(a, '#'), *fb = strchr(b, '#');

	return fa && fb ? strcmp(fa, fb) != 0 : fa != fb;
}

bool berth_did_url_same(const char *a, const char *b)
{
	size_t la, lb;

	return a && b && !fragments_differ(a, b) && same(a, b, &la, &lb) && strcmp(a + la, b + lb) == 0;
}

size_t berth_did_short_len(const char *did)
{
	size_t n = berth_did_len(did);

	return n > 0 && did[n] == '\0' ? short_len(did, n) : 0;
}

enum berth_err berth_did_short(struct berth_buf *out, const char *did)
{
	size_t n = berth_did_short_len(did);

	if (n == 0)
		return berth_fail(BERTH_E_DID, "not a DID");
	berth_buf_put(out, did, n);
	return berth_buf_status(out);
}
