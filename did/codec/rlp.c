/* SPDX-License-Identifier: Apache-2.0 */
/* A header is one byte: the string itself below 0x80, 0x80 + length or 0xc0 + length up
 * to 55 bytes, and above that 0xb7 or 0xf7 + the number of bytes that the length takes. */
#include "did/codec/rlp.h"

#define SHORT_MAX 55
#define STRING 0x80
#define LIST 0xc0

/* ---- writing ---- */

static size_t be_bytes(uint8_t out[8], uint64_t v)
{
	size_t n = 0;

	for (int shift = 56; shift >= 0; shift -= 8)
		if (n || v >> shift)
			out[n++] = (uint8_t)(v >> shift);
	return n;
}

static void put_header(struct berth_buf *out, unsigned kind, size_t len)
{
	uint8_t be[8];
	size_t n;

	if (len <= SHORT_MAX) {
		berth_buf_u8(out, (uint8_t)(kind + len));
		return;
	}
	n = be_bytes(be, len);
	berth_buf_u8(out, (uint8_t)(kind + SHORT_MAX + n));
	berth_buf_put(out, be, n);
}

void berth_rlp_put_bytes(struct berth_buf *out, const void *p, size_t n)
{
	if (n != 1 || *(const uint8_t *)p >= STRING)
		put_header(out, STRING, n);
	berth_buf_put(out, p, n);
}

void berth_rlp_put_number(struct berth_buf *out, const void *be, size_t n)
{
	const uint8_t *p = be;

	for (; n && *p == 0; n--)
		p++;
	berth_rlp_put_bytes(out, p, n);
}

void berth_rlp_put_u64(struct berth_buf *out, uint64_t v)
{
	uint8_t be[8];
	size_t n = be_bytes(be, v);

	berth_rlp_put_bytes(out, be, n);
}

void berth_rlp_put_list(struct berth_buf *out, const struct berth_buf *items)
{
	out->bad |= items->bad;
	put_header(out, LIST, items->len);
	berth_buf_put(out, items->p, items->len);
}

/* ---- reading ---- */

/* A length of n bytes: no zero in front, and none that the short form could say. */
static size_t long_length(struct berth_cur *c, size_t n)
{
	const uint8_t *p = berth_cur_bytes(c, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	if (!p || p[0] == 0 || v <= SHORT_MAX || v > c->n)
		c->bad = true;
	return c->bad ? 0 : (size_t)v;
}

struct berth_rlp berth_rlp_next(struct berth_cur *c)
{
	struct berth_rlp v = { 0 };
	const uint8_t *first = berth_cur_bytes(c, 1), *body;
	size_t len;

	if (!first)
		return v;
	if (*first < STRING) {
		v.in = berth_cur(first, 1);
		return v;
	}
	len = *first - (*first < LIST ? STRING : LIST);
	if (len > SHORT_MAX)
		len = long_length(c, len - SHORT_MAX);
	body = berth_cur_bytes(c, len);
	if (body && *first < LIST && len == 1 && *body < STRING)
		c->bad = true;	/* it says itself */
	if (c->bad)
		return v;
	v.is_list = *first >= LIST;
	v.in = berth_cur(body, len);
	return v;
}

static struct berth_cur next_of_kind(struct berth_cur *c, bool list)
{
	struct berth_rlp v = berth_rlp_next(c);

	if (v.is_list != list)
		c->bad = true;
	return c->bad ? berth_cur(NULL, 0) : v.in;
}

struct berth_cur berth_rlp_string(struct berth_cur *c)
{
	return next_of_kind(c, false);
}

struct berth_cur berth_rlp_list(struct berth_cur *c)
{
	return next_of_kind(c, true);
}

uint64_t berth_rlp_u64(struct berth_cur *c)
{
	struct berth_cur s = berth_rlp_string(c);
	uint64_t v = 0;

	if (s.n > 8 || (s.n && s.p[0] == 0))
		c->bad = true;
	for (size_t i = 0; !c->bad && i < s.n; i++)
		v = v << 8 | s.p[i];
	return v;
}
