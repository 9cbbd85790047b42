/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/base58.h"

#include <stdint.h>
#include <string.h>

#include "did/base/secret.h"

#define CHARS_PER_LIMB 5
#define BASE58_LIMB 656356768u	/* 58^5 */
#define BYTES_PER_LIMB 4
#define BASE256_LIMB (UINT64_C(1) << 32)
#define LIMBS_MAX (BERTH_BASE58_TEXT_MAX / CHARS_PER_LIMB + 2)

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/* A number in base 58^5 or 2^32, least limb first.  Limbs from n on were never
 * written: NUMBER() spares each short text the clearing of 6 KiB. */
struct number {
	uint32_t limb[LIMBS_MAX];
	size_t n;
};
#define NUMBER(x) struct number x __attribute__((uninitialized)); (x).n = 0

static void wipe(struct number *x)
{
	berth_wipe(x->limb, x->n * sizeof(x->limb[0]));
}

/* x = x * factor + add; inline, so that base is a constant where it matters. */
static inline void mul_add(struct number *x, uint64_t base, uint64_t factor, uint64_t add)
{
	for (size_t i = 0; i < x->n; i++) {
		add += x->limb[i] * factor;
		x->limb[i] = (uint32_t)(add % base);
		add /= base;
	}
	for (; add; add /= base)
		x->limb[x->n++] = (uint32_t)(add % base);
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
	NUMBER(x);

	if (n > BERTH_BASE58_BYTES_MAX)
		return berth_fail(BERTH_E_SIZE, "base58: %zu bytes", n);
	while (zeros < n && !b[zeros])
		zeros++;
	for (size_t i = zeros; i < n;) {
		uint64_t factor = 1, add = 0;

		for (size_t k = 0; k < BYTES_PER_LIMB && i < n; k++, factor <<= 8)
			add = add << 8 | b[i++];
		mul_add(&x, BASE58_LIMB, factor, add);
	}
	put_text(out, &x, zeros);
	wipe(&x);
	return berth_buf_status(out);
}

/* Zeros, then the number in what is left of n bytes. */
static void put_bytes(struct berth_buf *out, const struct number *x, size_t zeros, size_t n)
{
	uint8_t *at = berth_buf_grow(out, n);

	if (!at)
		return;
	memset(at, 0, zeros);
	for (size_t i = n - zeros; i-- > 0;)
		at[n - 1 - i] = (uint8_t)(x->limb[i / BYTES_PER_LIMB] >> i % BYTES_PER_LIMB * 8);
}

/* The value of a digit, 58 or more for what is none.  The alphabet is four runs of
 * ASCII: digits without 0, capitals without I and O, small letters without l. */
static unsigned digit(char c)
{
	if (c >= '1' && c <= '9')
		return (unsigned)(c - '1');
	if (c >= 'A' && c <= 'Z' && c != 'I' && c != 'O')
		return (unsigned)(c - 'A') + 9 - (c > 'I') - (c > 'O');
	if (c >= 'a' && c <= 'z' && c != 'l')
		return (unsigned)(c - 'a') + 33 - (c > 'l');
	return 58;
}

/* False for a character outside the alphabet. */
static bool read_text(struct number *x, const char *s, size_t n)
{
	for (size_t i = 0; i < n;) {
		uint64_t factor = 1, add = 0;

		for (size_t k = 0; k < CHARS_PER_LIMB && i < n; k++, factor *= 58) {
			unsigned v = digit(s[i++]);

			if (v >= 58)
				return false;
			add = add * 58 + v;
		}
		mul_add(x, BASE256_LIMB, factor, add);
	}
	return true;
}

enum berth_err berth_base58_decode(struct berth_buf *out, const char *s, size_t n)
{
	enum berth_err rc = BERTH_OK;
	size_t zeros = 0, bytes;
	NUMBER(x);

	if (n > BERTH_BASE58_TEXT_MAX)
		return berth_fail(BERTH_E_SIZE, "base58: %zu characters", n);
	while (zeros < n && s[zeros] == alphabet[0])
		zeros++;
	if (!read_text(&x, s + zeros, n - zeros))
		rc = berth_fail(BERTH_E_B64, "base58: bad character");
	bytes = zeros + x.n * BYTES_PER_LIMB - (x.n ? (size_t)__builtin_clz(x.limb[x.n - 1]) / 8 : 0);
	if (!rc && bytes > BERTH_BASE58_BYTES_MAX)
		rc = berth_fail(BERTH_E_SIZE, "base58: %zu bytes", bytes);
	if (!rc) {
		put_bytes(out, &x, zeros, bytes);
		rc = berth_buf_status(out);
	}
	wipe(&x);
	return rc;
}
