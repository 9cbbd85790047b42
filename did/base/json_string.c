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

/* At most where it stands. */
static void keep(char **w, const char *p, size_t n)
{
	memmove(*w, p, n);
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

/* Up to the closing quote, of which not all stands for itself. */
static enum berth_err decode(struct berth_json_cursor *c, char **w)
{
	enum berth_err rc;
	size_t n;

	for (;;) {
		n = berth_utf8_plain_run(c->p, c->end);
		keep(w, c->p, n);
		c->p += n;
		if (berth_json_peek(c) == '"')
			return BERTH_OK;
		if (berth_json_peek(c) == '\\') {
			rc = escape(c, w);
			if (rc)
				return rc;
			continue;
		}
		if (berth_json_peek(c) < 0x20)
			return berth_json_bad(c, berth_json_peek(c) < 0 ? "unfinished string" : "control character");
		n = berth_utf8_next(c->p, (size_t)(c->end - c->p), NULL);
		if (!n)
			return berth_json_bad(c, "bad UTF-8");
		keep(w, c->p, n);
		c->p += n;
	}
}

enum berth_err berth_json_string_read(struct berth_json_cursor *c, struct berth_json_text *out)
{
	char *w = ++c->p;
	size_t n = berth_utf8_plain_run(c->p, c->end);
	enum berth_err rc;

	out->s = w;
	out->plain = c->p + n < c->end && c->p[n] == '"';
	if (out->plain) {
		w = c->p += n;
	} else {
		rc = decode(c, &w);
		if (rc)
			return rc;
	}
	out->len = (size_t)(w - out->s);
	*w = '\0';
	c->p++;
	return BERTH_OK;
}
