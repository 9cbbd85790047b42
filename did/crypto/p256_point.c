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

static bool y_of(BIGNUM *y, BIGNUM *x, bool odd, BN_CTX *ctx)
{
	const struct berth_p256 *c = berth_p256();
	BIGNUM *v = BN_CTX_get(ctx), *t = BN_CTX_get(ctx);

	return t && BN_to_montgomery(x, x, c->mont, ctx) && curve_at(v, x, ctx) && root(y, v, t, ctx) &&
	       BN_from_montgomery(y, y, c->mont, ctx) && (BN_is_odd(y) == odd || BN_sub(y, c->p, y));
}

enum berth_err berth_p256_decompress(uint8_t out[65], const uint8_t in[33])
{
	BN_CTX *ctx = BN_CTX_new();
	enum berth_err rc = BERTH_OK;
	BIGNUM *x, *y;

	if (!ctx)
		return berth_fail(BERTH_E_NOMEM, "P-256 key");
	BN_CTX_start(ctx);
	x = BN_CTX_get(ctx);
	y = BN_CTX_get(ctx);
	if (!y || !BN_bin2bn(in + 1, 32, x))
		rc = berth_fail(BERTH_E_NOMEM, "P-256 key");
	else if (BN_ucmp(x, berth_p256()->p) >= 0)
		rc = berth_fail(BERTH_E_KEY, "P-256 key: x is not below p");
	else if (!y_of(y, x, in[0] & 1, ctx) || BN_bn2binpad(y, out + 33, 32) != 32)
		rc = berth_fail(BERTH_E_NOMEM, "P-256 key");
	BN_CTX_end(ctx);
	BN_CTX_free(ctx);
	out[0] = 4;
	memcpy(out + 1, in + 1, 32);
	return rc;
}
