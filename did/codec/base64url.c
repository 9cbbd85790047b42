/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/base64url.h"

#include <string.h>

#include "did/base/secret.h"

/* Constant time throughout: the content decides neither a branch nor an address,
 * so the functions for private keys are the same ones.  A mask is 0 or ~0. */
static unsigned in_range(unsigned c, unsigned lo, unsigned hi)
{
	return 0u - ((lo - 1 - c) >> 31 & (c - hi - 1) >> 31);
}

static uint8_t character(unsigned v)
{
	unsigned c = in_range(v, 0, 25) & (v + 'A');

	c |= in_range(v, 26, 51) & (v - 26 + 'a');
	c |= in_range(v, 52, 61) & (v - 52 + '0');
	c |= in_range(v, 62, 62) & '-';
	c |= in_range(v, 63, 63) & '_';
	return (uint8_t)c;
}

/* The six bits of a character; ~0 when it is not in the alphabet. */
static unsigned sextet(unsigned char c)
{
	unsigned v = in_range(c, 'A', 'Z') & (c - 'A' + 1u);

	v |= in_range(c, 'a', 'z') & (c - 'a' + 27u);
	v |= in_range(c, '0', '9') & (c - '0' + 53u);
	v |= in_range(c, '-', '-') & 63u;
	v |= in_range(c, '_', '_') & 64u;
	return v - 1;
}

void berth_b64url_encode(struct berth_buf *out, const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t *w = berth_buf_grow(out, n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0));
	unsigned acc = 0, bits = 0;

	if (!w)
		return;
	for (size_t i = 0; i < n; i++) {
		acc = (acc << 8 | b[i]) & 0xffff;
		for (bits += 8; bits >= 6; bits -= 6)
			*w++ = character(acc >> (bits - 6) & 63);
	}
	if (bits)
		*w = character(acc << (6 - bits) & 63);
}

/* s has a possible length; what is wrong is found out at the end. */
static enum berth_err decode(uint8_t *w, const char *s, size_t n)
{
	unsigned acc = 0, bits = 0, bad = 0, v;

	for (size_t i = 0; i < n; i++) {
		v = sextet((unsigned char)s[i]);
		bad |= v >> 6;
		acc = (acc << 6 | (v & 63)) & 0xffff;
		bits += 6;
		if (bits >= 8) {
			bits -= 8;
			*w++ = (uint8_t)(acc >> bits & 0xff);
		}
	}
	bad |= acc & ((1u << bits) - 1);
	return bad ? berth_fail(BERTH_E_B64, "base64url: bad character or trailing bits") : BERTH_OK;
}

static enum berth_err bad_length(size_t n)
{
	return berth_fail(BERTH_E_B64, "base64url: %zu characters", n);
}

enum berth_err berth_b64url_decode(struct berth_buf *out, const char *s, size_t n)
{
	size_t before = out->len;
	enum berth_err rc;
	uint8_t *w;

	if (n % 4 == 1)
		return bad_length(n);
	w = berth_buf_grow(out, n / 4 * 3 + n % 4 * 3 / 4);
	if (!w)
		return berth_fail(BERTH_E_NOMEM, "base64url: %zu characters", n);
	rc = decode(w, s, n);
	if (rc) {
		berth_wipe(w, out->len - before);
		out->len = before;
		*w = '\0';
	}
	return rc;
}

enum berth_err berth_b64url_decode_fixed(void *out, size_t want, const char *s, size_t n)
{
	enum berth_err rc;

	memset(out, 0, want);
	if (n != want / 3 * 4 + (want % 3 ? want % 3 + 1 : 0))
		return bad_length(n);
	rc = decode(out, s, n);
	if (rc)
		berth_wipe(out, want);
	return rc;
}

void berth_b64url_encode_ct(struct berth_buf *out, const void *p, size_t n)
{
	berth_b64url_encode(out, p, n);
}

enum berth_err berth_b64url_decode_fixed_ct(void *out, size_t want, const char *s, size_t n)
{
	return berth_b64url_decode_fixed(out, want, s, n);
}
