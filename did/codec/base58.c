/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/base58.h"

#include <endian.h>
#include <stdint.h>
#include <string.h>

#include "did/base/secret.h"

#define CHARS_PER_LIMB 5
#define BASE58_LIMB 656356768u	/* 58^5 */
#define BYTES_PER_LIMB 4
#define LIMBS_MAX (BERTH_BASE58_TEXT_MAX / CHARS_PER_LIMB + 2)

/* What is read, which is most of it, is read in the largest limbs that the processor
 * multiplies: a text takes time by the square of how many they are. */
#ifdef __SIZEOF_INT128__
typedef uint64_t limb;
typedef unsigned __int128 two_limbs;
#define CHARS_AT_ONCE 10		/* 58^10 fits a limb */
#define big_endian htobe64
#else
typedef uint32_t limb;
typedef uint64_t two_limbs;
#define CHARS_AT_ONCE CHARS_PER_LIMB
#define big_endian htobe32
#endif
#define READ_LIMBS_MAX (BERTH_BASE58_TEXT_MAX / CHARS_AT_ONCE + 2)

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* A number in base 58^5, least limb first.  Limbs from n on were never written:
 * NUMBER() spares each short text the clearing of 6 KiB. */
struct number {
	uint32_t limb[LIMBS_MAX];
	size_t n;
};
/* The same in base 256^sizeof(limb). */
struct bytes {
	limb limb[READ_LIMBS_MAX];
	size_t n;
};
#define NUMBER(type, x) struct type x __attribute__((uninitialized)); (x).n = 0

/* x = x * factor + add */
static void mul_add(struct number *x, uint64_t factor, uint64_t add)
{
	for (size_t i = 0; i < x->n; i++) {
		add += x->limb[i] * factor;
		x->limb[i] = (uint32_t)(add % BASE58_LIMB);
		add /= BASE58_LIMB;
	}
	for (; add; add /= BASE58_LIMB)
		x->limb[x->n++] = (uint32_t)(add % BASE58_LIMB);
}

static void mul_add_bytes(struct bytes *x, limb factor, limb add)
{
	for (size_t i = 0; i < x->n; i++) {
		two_limbs v = (two_limbs)x->limb[i] * factor + add;

		x->limb[i] = (limb)v;
		add = (limb)(v >> 8 * sizeof(limb));
	}
	if (add)
		x->limb[x->n++] = add;
}

static void put_text(struct berth_buf *out, const struct number *x, size_t zeros)
{
	char text[CHARS_PER_LIMB];
	bool leading = true;

	while (zeros--)
		berth_buf_u8(out, (uint8_t)alphabet[0]);
	for (size_t i = x->n; i-- > 0;) {
		uint32_t v = x->limb[i];
		size_t skip = 0;

		for (size_t k = CHARS_PER_LIMB; k-- > 0; v /= 58)
			text[k] = alphabet[v % 58];
		while (leading && text[skip] == alphabet[0])
			skip++;
		leading = false;
		berth_buf_put(out, text + skip, sizeof(text) - skip);
	}
}

enum berth_err berth_base58_encode(struct berth_buf *out, const void *p, size_t n)
{
	const uint8_t *b = p;
	size_t zeros = 0;
	NUMBER(number, x);

	if (n > BERTH_BASE58_BYTES_MAX)
		return berth_fail(BERTH_E_SIZE, "base58: %zu bytes", n);
	while (zeros < n && !b[zeros])
		zeros++;
	for (size_t i = zeros; i < n;) {
		uint64_t factor = 1, add = 0;

		for (size_t k = 0; k < BYTES_PER_LIMB && i < n; k++, factor <<= 8)
			add = add << 8 | b[i++];
		mul_add(&x, factor, add);
	}
	put_text(out, &x, zeros);
	berth_wipe(x.limb, x.n * sizeof(x.limb[0]));
	return berth_buf_status(out);
}

/* Zeros, then the number in what is left of n bytes. */
static void put_bytes(struct berth_buf *out, const struct bytes *x, size_t zeros, size_t n)
{
	uint8_t *at = berth_buf_grow(out, n);

	if (!at)
		return;
	memset(at, 0, zeros);
	for (const limb *v = x->limb; n - zeros >= sizeof(*v); v++) {
		limb be = big_endian(*v);

		n -= sizeof(be);
		memcpy(at + n, &be, sizeof(be));
	}
	for (limb v = n > zeros ? x->limb[x->n - 1] : 0; n > zeros; v >>= 8)
		at[--n] = (uint8_t)v;
}

/* The value of each digit and one more; 0 for what is none. */
static const uint8_t digits[256] = {
	['1'] = 1, ['2'] = 2, ['3'] = 3, ['4'] = 4, ['5'] = 5, ['6'] = 6, ['7'] = 7, ['8'] = 8, ['9'] = 9, ['A'] = 10,
	['B'] = 11, ['C'] = 12, ['D'] = 13, ['E'] = 14, ['F'] = 15, ['G'] = 16, ['H'] = 17, ['J'] = 18, ['K'] = 19, ['L'] = 20,
	['M'] = 21, ['N'] = 22, ['P'] = 23, ['Q'] = 24, ['R'] = 25, ['S'] = 26, ['T'] = 27, ['U'] = 28, ['V'] = 29, ['W'] = 30,
	['X'] = 31, ['Y'] = 32, ['Z'] = 33, ['a'] = 34, ['b'] = 35, ['c'] = 36, ['d'] = 37, ['e'] = 38, ['f'] = 39, ['g'] = 40,
	['h'] = 41, ['i'] = 42, ['j'] = 43, ['k'] = 44, ['m'] = 45, ['n'] = 46, ['o'] = 47, ['p'] = 48, ['q'] = 49, ['r'] = 50,
	['s'] = 51, ['t'] = 52, ['u'] = 53, ['v'] = 54, ['w'] = 55, ['x'] = 56, ['y'] = 57, ['z'] = 58,
};

/* Up to a limb of digits; *factor is 58 to the power of how many.  False for a
 * character outside the alphabet. */
static bool read_digits(limb *v, limb *factor, const char *s, size_t n)
{
	*v = 0;
	*factor = 1;
	for (size_t i = 0; i < n; i++, *factor *= 58) {
		uint8_t d = digits[(uint8_t)s[i]];

		if (d == 0)
			return false;
		*v = *v * 58 + d - 1;
	}
	return true;
}

static bool read_text(struct bytes *x, const char *s, size_t n)
{
	limb factor, v;

	for (size_t k; n > 0; s += k, n -= k) {
		k = n < CHARS_AT_ONCE ? n : CHARS_AT_ONCE;
		if (!read_digits(&v, &factor, s, k))
			return false;
		mul_add_bytes(x, factor, v);
	}
	return true;
}

/* How many bytes a number has. */
static size_t bytes_of(const struct bytes *x)
{
	size_t n = x->n * sizeof(limb);

	while (n > 0 && !(uint8_t)(x->limb[(n - 1) / sizeof(limb)] >> (n - 1) % sizeof(limb) * 8))
		n--;
	return n;
}

enum berth_err berth_base58_decode(struct berth_buf *out, const char *s, size_t n)
{
	enum berth_err rc = BERTH_OK;
	size_t zeros = 0, len;
	NUMBER(bytes, x);

	if (n > BERTH_BASE58_TEXT_MAX)
		return berth_fail(BERTH_E_SIZE, "base58: %zu characters", n);
	while (zeros < n && s[zeros] == alphabet[0])
		zeros++;
	if (!read_text(&x, s + zeros, n - zeros))
		rc = berth_fail(BERTH_E_B64, "base58: bad character");
	len = zeros + bytes_of(&x);
	if (!rc && len > BERTH_BASE58_BYTES_MAX)
		rc = berth_fail(BERTH_E_SIZE, "base58: %zu bytes", len);
	if (!rc) {
		put_bytes(out, &x, zeros, len);
		rc = berth_buf_status(out);
	}
	berth_wipe(x.limb, x.n * sizeof(x.limb[0]));
	return rc;
}
