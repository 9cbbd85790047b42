/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/agree.h"

#include <string.h>

#include <secp256k1_ecdh.h>
#include <sodium.h>

#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/crypto/libs.h"

static enum berth_err x25519(uint8_t *z, const struct berth_privkey *mine, const struct berth_pubkey *theirs)
{
	/* RFC 7748 6.1: "MAY check, without leaking extra information about the
	 * value of K, whether K is the all-zero value and abort if so" */
	if (crypto_scalarmult(z, mine->b, theirs->b) != 0)
		return berth_fail(BERTH_E_DECRYPT, "X25519: the shared secret is zero");
	return BERTH_OK;
}

static int copy_x(unsigned char *out, const unsigned char *x, const unsigned char *y, void *data)
{
	(void)y;
	(void)data;
	memcpy(out, x, 32);
	return 1;
}

static enum berth_err k1(uint8_t *z, const struct berth_privkey *mine, const struct berth_pubkey *theirs)
{
	secp256k1_pubkey pk;

	if (!secp256k1_ec_pubkey_parse(berth_k1(), &pk, theirs->b, theirs->len) ||
	    !secp256k1_ecdh(berth_k1(), z, &pk, mine->b, copy_x, NULL))
		return berth_fail(BERTH_E_KEY, "secp256k1 agreement");
	return BERTH_OK;
}

/* What EVP_PKEY_derive() does inside for a curve with cofactor 1, without making
 * two EVP_PKEYs first, which costs as much again.  A single point is multiplied
 * in constant time whatever the curve. */
static enum berth_err nist(uint8_t *z, size_t n, const struct berth_privkey *mine,
			   const struct berth_pubkey *theirs)
{
	const EC_GROUP *g = berth_libs()->group[mine->type];
	EC_POINT *q = berth_public_point(mine->type), *r = EC_POINT_new(g);
	BIGNUM *d = BN_secure_new(), *x = BN_secure_new();
	enum berth_err rc = BERTH_OK;

	if (!q || !r || !d || !x || !BN_bin2bn(mine->b, (int)mine->len, d)) {
		rc = berth_no_memory();
		goto out;
	}
	BN_set_flags(d, BN_FLG_CONSTTIME);
	if (!EC_POINT_oct2point(g, q, theirs->b, theirs->len, berth_public_numbers()) ||
	    !EC_POINT_mul(g, r, NULL, q, d, NULL) ||
	    !EC_POINT_get_affine_coordinates(g, r, x, NULL, NULL) ||
	    BN_bn2binpad(x, z, (int)n) != (int)n)
		rc = berth_fail(BERTH_E_KEY, "%s agreement", berth_key_type_name(mine->type));
out:
	EC_POINT_clear_free(r);
	BN_clear_free(d);
	BN_clear_free(x);
	return rc;
}

enum berth_err berth_ecdh(uint8_t *z, size_t *z_len, const struct berth_privkey *mine,
			  const struct berth_pubkey *theirs)
{
	size_t n = berth_key_size(mine->type);
	enum berth_err rc;

	*z_len = 0;
	if (!berth_key_can_agree(mine->type) || mine->type != theirs->type)
		return berth_fail(BERTH_E_KEY, "key agreement between %s and %s",
				  berth_key_type_name(mine->type), berth_key_type_name(theirs->type));
	rc = mine->type == BERTH_KEY_X25519 ? x25519(z, mine, theirs) :
	     mine->type == BERTH_KEY_SECP256K1 ? k1(z, mine, theirs) : nist(z, n, mine, theirs);
	if (rc)
		berth_wipe(z, n);
	else
		*z_len = n;
	return rc;
}
