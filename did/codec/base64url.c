/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/base64url.h"

#include <string.h>

#include "did/base/secret.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* The six bits of a character with GOOD above them; 0 when it is not in the alphabet. */
#define GOOD 0x40u
static const uint8_t six_bits[256] = {
	['A'] = 64, ['B'] = 65, ['C'] = 66, ['D'] = 67, ['E'] = 68, ['F'] = 69, ['G'] = 70, ['H'] = 71,
	['I'] = 72, ['J'] = 73, ['K'] = 74, ['L'] = 75, ['M'] = 76, ['N'] = 77, ['O'] = 78, ['P'] = 79,
	['Q'] = 80, ['R'] = 81, ['S'] = 82, ['T'] = 83, ['U'] = 84, ['V'] = 85, ['W'] = 86, ['X'] = 87,
	['Y'] = 88, ['Z'] = 89, ['a'] = 90, ['b'] = 91, ['c'] = 92, ['d'] = 93, ['e'] = 94, ['f'] = 95,
	['g'] = 96, ['h'] = 97, ['i'] = 98, ['j'] = 99, ['k'] = 100, ['l'] = 101, ['m'] = 102, ['n'] = 103,
	['o'] = 104, ['p'] = 105, ['q'] = 106, ['r'] = 107, ['s'] = 108, ['t'] = 109, ['u'] = 110, ['v'] = 111,
	['w'] = 112, ['x'] = 113, ['y'] = 114, ['z'] = 115, ['0'] = 116, ['1'] = 117, ['2'] = 118, ['3'] = 119,
	['4'] = 120, ['5'] = 121, ['6'] = 122, ['7'] = 123, ['8'] = 124, ['9'] = 125, ['-'] = 126, ['_'] = 127,
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

/* The characters of one group of two to four, from the top bit down.  *good loses its
 * bit when one of them is none. */
static unsigned group(const char *s, size_t n, unsigned *good)
{
	unsigned v = 0;

	for (size_t i = 0; i < n; i++) {
		unsigned six = six_bits[(unsigned char)s[i]];

		*good &= six;
		v |= (six & 63) << (18 - 6 * i);
	}
	return v;
}

/* s has a possible length; what is wrong is found out at the end. */
static enum berth_err decode(uint8_t *w, const char *s, size_t n)
{
	unsigned good = GOOD, rest = 0, v;

	for (; n >= 4; n -= 4, s += 4) {
		unsigned a = six_bits[(unsigned char)s[0]], b = six_bits[(unsigned char)s[1]];
		unsigned c = six_bits[(unsigned char)s[2]], d = six_bits[(unsigned char)s[3]];

		good &= a & b & c & d;
		v = (a << 18) + (b << 12) + (c << 6) + d - ((GOOD << 18) + (GOOD << 12) + (GOOD << 6) + GOOD);
		*w++ = (uint8_t)(v >> 16);
		*w++ = (uint8_t)(v >> 8 & 0xff);
		*w++ = (uint8_t)(v & 0xff);
	}
	if (n) {
		v = group(s, n, &good);
		*w++ = (uint8_t)(v >> 16);
		if (n == 3)
			*w = (uint8_t)(v >> 8 & 0xff);
		rest = v & (n == 3 ? 0xffu : 0xffffu);
	}
	return good && !rest ? BERTH_OK : berth_fail(BERTH_E_B64, "base64url: bad character or trailing bits");
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

enum berth_err berth_json_push_b64url(struct berth_json *arr, const void *p, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_b64url_encode(&text, p, n);
	if (!(rc = berth_buf_status(&text)))
		rc = berth_json_push_str(arr, berth_buf_cstr(&text));
	berth_buf_free(&text);
	return rc;
}
