/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json_string.h"

#include <string.h>

#include "did/base/hex.h"
#include "did/base/utf8.h"

enum berth_err berth_json_bad(const struct berth_json_cursor *c, const char *what)
{
	return berth_fail(BERTH_E_JSON, "%s: byte %zu", what, (size_t)(c->p - c->start));
}

static bool hex4(const struct berth_json_cursor *c, uint32_t *out)
{
	uint32_t v = 0;

	if (c->end - c->p < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		int digit = berth_hex_digit(c->p[i]);

		if (digit < 0)
			return false;
		v = v << 4 | (uint32_t)digit;
	}
	*out = v;
	return true;
}

static void keep(char **w, const char *p, size_t n)
{
	if (!*w)
		return;
	memcpy(*w, p, n);
	*w += n;
}

/* What follows "\u", one or two escapes. */
static enum berth_err unicode_escape(struct berth_json_cursor *c, char **w)
{
	uint32_t hi, lo;
	char utf8[4];

	if (!hex4(c, &hi))
		return berth_json_bad(c, "bad \\u escape");
	if (!hi)
		return berth_json_bad(c, "\\u0000");
	c->p += 4;
	if (hi >= 0xdc00 && hi <= 0xdfff)
		return berth_json_bad(c, "lone surrogate");
	if (hi >= 0xd800 && hi <= 0xdbff) {
		if (c->end - c->p < 2 || c->p[0] != '\\' || c->p[1] != 'u')
			return berth_json_bad(c, "lone surrogate");
		c->p += 2;
		if (!hex4(c, &lo) || lo < 0xdc00 || lo > 0xdfff)
			return berth_json_bad(c, "lone surrogate");
		c->p += 4;
		hi = 0x10000 + ((hi - 0xd800) << 10) + (lo - 0xdc00);
	}
	keep(w, utf8, berth_utf8_put(utf8, hi));
	return BERTH_OK;
}

static enum berth_err escape(struct berth_json_cursor *c, char **w)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *at;

	c->p++;
	if (berth_json_peek(c) == 'u') {
		c->p++;
		return unicode_escape(c, w);
	}
	at = berth_json_peek(c) > 0 ? strchr(from, *c->p) : NULL;
	if (!at)
		return berth_json_bad(c, "bad escape");
	keep(w, to + (at - from), 1);
	c->p++;
	return BERTH_OK;
}

/* Decodes up to the closing quote; nothing is longer decoded than written.  w NULL:
 * only checks. */
static enum berth_err decode(struct berth_json_cursor *c, char *w)
{
	enum berth_err rc;
	size_t n;

	for (;;) {
		n = berth_utf8_plain_run(c->p, c->end);
		keep(&w, c->p, n);
		c->p += n;
		if (berth_json_peek(c) == '"')
			break;
		if (berth_json_peek(c) == '\\') {
			rc = escape(c, &w);
			if (rc)
				return rc;
			continue;
		}
		if (berth_json_peek(c) < 0x20)
			return berth_json_bad(c, berth_json_peek(c) < 0 ? "unfinished string" : "control character");
		n = berth_utf8_next(c->p, (size_t)(c->end - c->p), NULL);
		if (!n)
			return berth_json_bad(c, "bad UTF-8");
		keep(&w, c->p, n);
		c->p += n;
	}
	c->p++;
	if (w)
		*w = '\0';
	return BERTH_OK;
}

/* Bytes to the closing quote, or to the end of the input. */
static size_t raw_length(const struct berth_json_cursor *c)
{
	const char *p = c->p;

	for (;;) {
		p += berth_utf8_plain_run(p, c->end);
		if (p == c->end || *p == '"')
			return (size_t)(p - c->p);
		p += *p == '\\' && p + 1 < c->end ? 2 : 1;
	}
}

void berth_json_string_measure(struct berth_json_string *out, const struct berth_json_cursor *c)
{
	out->room = berth_utf8_plain_run(c->p, c->end);
	out->plain = c->p + out->room < c->end && c->p[out->room] == '"';
	if (!out->plain)
		out->room = raw_length(c);
}

enum berth_err berth_json_string_take(struct berth_json_cursor *c, const struct berth_json_string *s, char *w)
{
	if (!s || !s->plain)
		return decode(c, w);
	if (w) {
		memcpy(w, c->p, s->room);
		w[s->room] = '\0';
	}
	c->p += s->room + 1;
	return BERTH_OK;
}
