/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/base64url.h"

#include <string.h>

#include "did/base/secret.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* One more than the six bits of a character; 0 when it is not in the alphabet. */
static const uint8_t plus_one[256] = {
	['A'] = 1, ['B'] = 2, ['C'] = 3, ['D'] = 4, ['E'] = 5, ['F'] = 6, ['G'] = 7, ['H'] = 8,
	['I'] = 9, ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
	['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
	['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
	['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
	['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
	['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64,
};

static size_t encoded_len(size_t n)
{
	return n / 3 * 4 + (n % 3 ? n % 3 + 1 : 0);
}

static size_t decoded_len(size_t n)
{
	return n / 4 * 3 + n % 4 * 3 / 4;
}

void berth_b64url_encode(struct berth_buf *out, const void *p, size_t n)
{
	const uint8_t *b = p;
	char *w = (char *)berth_buf_grow(out, encoded_len(n));
	unsigned v;

	if (!w)
		return;
	for (; n >= 3; n -= 3, b += 3) {
		v = (unsigned)b[0] << 16 | (unsigned)b[1] << 8 | b[2];
		*w++ = alphabet[v >> 18];
		*w++ = alphabet[v >> 12 & 63];
		*w++ = alphabet[v >> 6 & 63];
		*w++ = alphabet[v & 63];
	}
	if (n == 0)
		return;
	v = (unsigned)b[0] << 16 | (n == 2 ? (unsigned)b[1] << 8 : 0);
	*w++ = alphabet[v >> 18];
	*w++ = alphabet[v >> 12 & 63];
	if (n == 2)
		*w = alphabet[v >> 6 & 63];
}

/* The characters of one group of up to four, from the top bit down; what is wrong
 * with them shows in the upper bits of *bad. */
static unsigned group(const char *s, size_t n, unsigned *bad)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned six = plus_one[(unsigned char)s[i]] - 1u;

		*bad |= six & ~63u;
		v |= (six & 63) << (18 - 6 * i);
	}
	return v;
}

/* s has a possible length; what is wrong is found out at the end. */
static enum berth_err decode(uint8_t *w, const char *s, size_t n)
{
	unsigned bad = 0, v;

	for (; n >= 4; n -= 4, s += 4) {
		v = group(s, 4, &bad);
		*w++ = (uint8_t)(v >> 16);
		*w++ = (uint8_t)(v >> 8 & 0xff);
		*w++ = (uint8_t)(v & 0xff);
	}
	if (n) {
		v = group(s, n, &bad);
		*w++ = (uint8_t)(v >> 16);
		if (n == 3)
			*w = (uint8_t)(v >> 8 & 0xff);
		bad |= v & (n == 3 ? 0xffu : 0xffffu);
	}
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
	w = berth_buf_grow(out, decoded_len(n));
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

typedef enum berth_err decode_fn(uint8_t *w, const char *s, size_t n);

static enum berth_err decode_fixed(void *out, size_t want, const char *s, size_t n, decode_fn *fn)
{
	enum berth_err rc;

	memset(out, 0, want);
	if (n != encoded_len(want))
		return bad_length(n);
	rc = fn(out, s, n);
	if (rc)
		berth_wipe(out, want);
	return rc;
}

enum berth_err berth_b64url_decode_fixed(void *out, size_t want, const char *s, size_t n)
{
	return decode_fixed(out, want, s, n, decode);
}

/* ---- for private keys ---- */

/* In constant time: the content decides neither a branch nor an address.  A mask
 * is 0 or ~0. */
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

void berth_b64url_encode_ct(struct berth_buf *out, const void *p, size_t n)
{
	const uint8_t *b = p;
	uint8_t *w = berth_buf_grow(out, encoded_len(n));
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

static enum berth_err decode_ct(uint8_t *w, const char *s, size_t n)
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

enum berth_err berth_b64url_decode_fixed_ct(void *out, size_t want, const char *s, size_t n)
{
	return decode_fixed(out, want, s, n, decode_ct);
}

enum berth_err berth_json_set_b64url(struct berth_json *obj, const char *key, const void *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_b64url_encode(&text, p, n);
	if (!(rc = berth_buf_status(&text)))
		rc = berth_json_set_str(obj, key, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}
