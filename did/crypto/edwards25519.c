/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/edwards25519.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>

#include "did/crypto/jacobi.h"
#include "did/crypto/libs.h"

/* y < 2^255 - 19, the sign bit aside. */
static bool is_canonical(const uint8_t b[32])
{
	if ((b[31] & 0x7f) != 0x7f)
		return true;
	for (size_t i = 30; i > 0; i--)
		if (b[i] != 0xff)
			return true;
	return b[0] < 0xed;
}

/* The y of the eight points of small order, of which three pairs share one
 * (order 8 twice, order 4) and y = 1, -1 stand alone. */
static bool has_small_order(const uint8_t b[32])
{
	static const uint8_t y[5][32] = {
		{ 0 }, { 1 },
		{ 0xec, [1 ... 30] = 0xff, 0x7f },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0,
		  0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53, 0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f,
		  0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac, 0x03, 0x7a },
	};
	uint8_t abs[32];

	memcpy(abs, b, 32);
	abs[31] &= 0x7f;
	for (size_t i = 0; i < 5; i++)
		if (!memcmp(abs, y[i], 32))
			return true;
	return false;
}

/* y, without the sign of x. */
static bool read_y(BIGNUM *y, const uint8_t b[32])
{
	uint8_t abs[32];

	memcpy(abs, b, 32);
	abs[31] &= 0x7f;
	return BN_lebin2bn(abs, 32, y) != NULL;
}

static void to_words(uint64_t out[BERTH_JACOBI_WORDS], const uint8_t b[32])
{
	for (size_t i = 0; i < 32; i++)
		out[i / 8] = i % 8 ? out[i / 8] | (uint64_t)b[i] << i % 8 * 8 : b[i];
}

static int symbol_of(const BIGNUM *v)
{
	uint64_t a[BERTH_JACOBI_WORDS], n[BERTH_JACOBI_WORDS];
	uint8_t b[32];

	if (BN_bn2lebinpad(v, b, 32) != 32)
		return -2;
	to_words(a, b);
	if (BN_bn2lebinpad(berth_edwards25519()->p, b, 32) != 32)
		return -2;
	to_words(n, b);
	return berth_jacobi(a, n);
}

/* RFC 8032 5.1.3: x^2 = (y^2 - 1) / (d y^2 + 1).  There is such an x if and only if the
 * product of the two is a square as well: its Jacobi symbol is 1 (0 would be x = 0,
 * which is of small order).  -2: no memory. */
static int jacobi_of_x2(const uint8_t b[32])
{
	const struct berth_edwards25519 *c = berth_edwards25519();
	BN_CTX *ctx = berth_public_numbers();
	BIGNUM *y2, *v;
	int symbol = -2;

	if (!ctx)
		return symbol;
	BN_CTX_start(ctx);
	y2 = BN_CTX_get(ctx);
	v = BN_CTX_get(ctx);
	if (v && read_y(y2, b) && BN_mod_sqr(y2, y2, c->p, ctx) &&
	    BN_mod_mul(v, y2, c->d, c->p, ctx) && BN_add_word(v, 1) &&
	    BN_sub(y2, y2, BN_value_one()) && BN_nnmod(y2, y2, c->p, ctx) && BN_mod_mul(v, v, y2, c->p, ctx))
		symbol = symbol_of(v);
	BN_CTX_end(ctx);
	return symbol;
}

enum berth_err berth_ed25519_check_point(const uint8_t b[32])
{
	int symbol;

	if (!is_canonical(b))
		return berth_fail(BERTH_E_KEY, "Ed25519 key: not canonical");
	if (has_small_order(b))
		return berth_fail(BERTH_E_KEY, "Ed25519 key: of small order");
	if ((symbol = jacobi_of_x2(b)) == 1)
		return BERTH_OK;
	return symbol == -2 ? berth_no_memory() :
			      berth_fail(BERTH_E_KEY, "Ed25519 key: not on the curve");
}

/* RFC 7748 4.1: "(u, v) = ((1+y)/(1-y), sqrt(-486664)*u/x)".  y = 1 is of small order. */
enum berth_err berth_ed25519_to_montgomery(uint8_t u[32], const uint8_t b[32])
{
	const BIGNUM *p = berth_edwards25519()->p;
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *y = BN_new(), *inverse = BN_new();
	bool ok = ctx && y && inverse && read_y(y, b) && BN_sub(inverse, BN_value_one(), y) &&
		  BN_nnmod(inverse, inverse, p, ctx) && BN_mod_inverse(inverse, inverse, p, ctx) &&
		  BN_add_word(y, 1) && BN_mod_mul(y, y, inverse, p, ctx) && BN_bn2lebinpad(y, u, 32) == 32;

	BN_free(y);
	BN_free(inverse);
	BN_CTX_free(ctx);
	return ok ? BERTH_OK : berth_no_memory();
}
