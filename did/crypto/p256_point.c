/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/p256_point.h"

#include <stdbool.h>
#include <string.h>

#include <openssl/bn.h>

#include "did/crypto/libs.h"

/* Numbers modulo p are in Montgomery's form until the last step. */
static bool times(BIGNUM *r, const BIGNUM *a, const BIGNUM *b, BN_CTX *ctx)
{
	return BN_mod_mul_montgomery(r, a, b, berth_p256()->mont, ctx);
}

/* y^2 = x^3 + ax + b (SEC 1 2.3.4), as (x^2 + a) x + b */
static bool curve_at(BIGNUM *r, const BIGNUM *x, BN_CTX *ctx)
{
	const struct berth_p256 *c = berth_p256();

	return times(r, x, x, ctx) && BN_mod_add_quick(r, r, c->a, c->p) && times(r, r, x, ctx) &&
	       BN_mod_add_quick(r, r, c->b, c->p);
}

/* r = r^(2^n) k */
static bool square_on(BIGNUM *r, int n, const BIGNUM *k, BN_CTX *ctx)
{
	bool ok = true;

	while (ok && n-- > 0)
		ok = times(r, r, r, ctx);
	return ok && (!k || times(r, r, k, ctx));
}

/* p = 3 mod 4: the root of a square v is v^((p + 1) / 4), and
 * (p + 1) / 4 = 2^254 - 2^222 + 2^190 + 2^94: 32 ones, 31 zeros and a one, 95 zeros and
 * a one, 94 zeros.  What comes of a v that is no square is the root of nothing. */
static bool root(BIGNUM *r, const BIGNUM *v, BIGNUM *t, BN_CTX *ctx)
{
	bool ok = BN_copy(r, v) && square_on(r, 1, v, ctx);

	for (int ones = 2; ok && ones < 32; ones *= 2)
		ok = BN_copy(t, r) && square_on(r, ones, t, ctx);
	return ok && square_on(r, 32, v, ctx) && square_on(r, 96, v, ctx) && square_on(r, 94, NULL, ctx);
}

/* False: not below p, or no memory. */
static bool coordinate(BIGNUM *r, const uint8_t b[32], BN_CTX *ctx)
{
	const struct berth_p256 *c = berth_p256();

	return BN_bin2bn(b, 32, r) && BN_ucmp(r, c->p) < 0 && BN_to_montgomery(r, r, c->mont, ctx);
}

/* All that these leave is below p: equal numbers are equal. */
static bool is_root(const BIGNUM *y, const BIGNUM *v, BIGNUM *t, BN_CTX *ctx)
{
	return times(t, y, y, ctx) && BN_ucmp(t, v) == 0;
}

static bool is_point(const uint8_t in[65], BN_CTX *ctx)
{
	BIGNUM *x = BN_CTX_get(ctx), *y = BN_CTX_get(ctx), *v = BN_CTX_get(ctx);

	return v && coordinate(x, in + 1, ctx) && coordinate(y, in + 33, ctx) && curve_at(v, x, ctx) && is_root(y, v, x, ctx);
}

static bool put_y(uint8_t out[32], const uint8_t in[33], BN_CTX *ctx)
{
	BIGNUM *x = BN_CTX_get(ctx), *y = BN_CTX_get(ctx), *v = BN_CTX_get(ctx), *t = BN_CTX_get(ctx);
	const struct berth_p256 *c = berth_p256();

	return t && coordinate(x, in + 1, ctx) && curve_at(v, x, ctx) && root(y, v, t, ctx) && is_root(y, v, t, ctx) &&
	       BN_from_montgomery(y, y, c->mont, ctx) && (BN_is_odd(y) == (in[0] & 1) || BN_sub(y, c->p, y)) &&
	       BN_bn2binpad(y, out, 32) == 32;
}

static enum berth_err end(BN_CTX *ctx, bool ok)
{
	BN_CTX_end(ctx);
	return ok ? BERTH_OK : berth_fail(BERTH_E_KEY, "p256 key: not on the curve");
}

enum berth_err berth_p256_check(const uint8_t in[65])
{
	BN_CTX *ctx = berth_public_numbers();

	if (!ctx)
		return berth_no_memory();
	BN_CTX_start(ctx);
	return end(ctx, is_point(in, ctx));
}

enum berth_err berth_p256_decompress(uint8_t out[65], const uint8_t in[33])
{
	BN_CTX *ctx = berth_public_numbers();

	if (!ctx)
		return berth_no_memory();
	out[0] = 4;
	memcpy(out + 1, in + 1, 32);
	BN_CTX_start(ctx);
	return end(ctx, put_y(out + 33, in, ctx));
}
