/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/sign.h"

#include <string.h>

#include <sodium.h>

#include "did/base/secret.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/libs.h"
#include "did/crypto/signer.h"
#include "did/crypto/verifier.h"

#define DER_MAX 144	/* SEQUENCE { INTEGER, INTEGER } of 521 bits each */

size_t berth_sign_digest(uint8_t out[BERTH_SHA512_LEN], enum berth_key_type type, const void *msg, size_t len)
{
	switch (type) {
	case BERTH_KEY_P384:
		berth_sha384(out, msg, len);
		return BERTH_SHA384_LEN;
	case BERTH_KEY_P521:
		berth_sha512(out, msg, len);
		return BERTH_SHA512_LEN;
	default:
		berth_sha256(out, msg, len);
		return BERTH_SHA256_LEN;
	}
}

/* ---- signing ---- */

static enum berth_err ed25519_sign(uint8_t *sig, const struct berth_privkey *key, const void *msg, size_t len)
{
	uint8_t sk[crypto_sign_SECRETKEYBYTES];
	int rc;

	memcpy(sk, key->b, 32);
	memcpy(sk + 32, key->pub.b, 32);
	rc = crypto_sign_detached(sig, NULL, msg, len, sk);
	berth_wipe(sk, sizeof(sk));
	return rc ? berth_fail(BERTH_E_INTERNAL, "Ed25519 signature") : BERTH_OK;
}

static enum berth_err k1_sign(uint8_t *sig, const struct berth_privkey *key, const uint8_t h[32])
{
	secp256k1_ecdsa_signature s;

	if (!secp256k1_ecdsa_sign(berth_k1(), &s, h, key->b, NULL, NULL))
		return berth_fail(BERTH_E_KEY, "secp256k1 signature");
	(void)secp256k1_ecdsa_signature_serialize_compact(berth_k1(), sig, &s);
	return BERTH_OK;
}

/* r, s into their places, s replaced by n - s where that is lower. */
static enum berth_err put_low_s(uint8_t *sig, enum berth_key_type type, const BIGNUM *r, const BIGNUM *s)
{
	const BIGNUM *order = EC_GROUP_get0_order(berth_libs()->group[type]);
	int n = (int)berth_key_size(type);
	BIGNUM *low = BN_new(), *half = BN_new();
	enum berth_err rc = BERTH_OK;

	if (!low || !half || !BN_copy(low, s) || !BN_rshift1(half, order) ||
	    (BN_cmp(s, half) > 0 && !BN_sub(low, order, s)))
		rc = berth_no_memory();
	else if (BN_is_zero(r) || BN_is_zero(s) || BN_cmp(r, order) >= 0 || BN_cmp(s, order) >= 0 ||
		 BN_bn2binpad(r, sig, n) != n || BN_bn2binpad(low, sig + n, n) != n)
		rc = berth_fail(BERTH_E_SIG, "signature: r or s not in 1..n-1");
	BN_free(low);
	BN_free(half);
	return rc;
}

enum berth_err berth_sign(uint8_t *sig, size_t *sig_len, const struct berth_privkey *key,
			  const void *msg, size_t len)
{
	uint8_t h[BERTH_SHA256_LEN];
	enum berth_err rc;

	*sig_len = 0;
	if (!berth_key_can_sign(key->type))
		return berth_fail(BERTH_E_KEY, "%s keys do not sign", berth_key_type_name(key->type));
	if (is_nist(key->type))
		return berth_signer_once(sig, sig_len, key, msg, len);
	if (key->type == BERTH_KEY_ED25519) {
		rc = ed25519_sign(sig, key, msg, len);
	} else {
		berth_sha256(h, msg, len);
		rc = k1_sign(sig, key, h);
	}
	if (rc == BERTH_OK)
		*sig_len = 2 * berth_key_size(key->type);
	return rc;
}

/* ---- verifying ---- */

static bool k1_verify(const struct berth_pubkey *key, const uint8_t h[32], const uint8_t *sig)
{
	const secp256k1_context *ctx = berth_k1();
	secp256k1_ecdsa_signature s;
	secp256k1_pubkey pk;

	if (!secp256k1_ec_pubkey_parse(ctx, &pk, key->b, key->len) ||
	    !secp256k1_ecdsa_signature_parse_compact(ctx, &s, sig))
		return false;
	(void)secp256k1_ecdsa_signature_normalize(ctx, &s, &s);	/* it verifies low s only */
	return secp256k1_ecdsa_verify(ctx, &s, h, &pk) == 1;
}

/* r || s as libcrypto wants it; 0 when that cannot be. */
static size_t to_der(uint8_t der[DER_MAX], const uint8_t *sig, size_t n)
{
	ECDSA_SIG *rs = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(sig, (int)n, NULL), *s = BN_bin2bn(sig + n, (int)n, NULL);
	uint8_t *p = der;
	int len = 0;

	if (rs && r && s && ECDSA_SIG_set0(rs, r, s) == 1) {
		r = s = NULL;	/* rs has them */
		len = i2d_ECDSA_SIG(rs, NULL) <= DER_MAX ? i2d_ECDSA_SIG(rs, &p) : 0;
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(rs);
	return len > 0 ? (size_t)len : 0;
}

static bool nist_verify(const struct berth_pubkey *key, const uint8_t *h, size_t h_len, const uint8_t *sig)
{
	uint8_t der[DER_MAX];
	size_t der_len = to_der(der, sig, berth_key_size(key->type));
	EVP_PKEY_CTX *ctx = der_len > 0 ? berth_verifier(key) : NULL;

	return ctx && EVP_PKEY_verify(ctx, der, der_len, h, h_len) == 1;
}

enum berth_err berth_verify(const struct berth_pubkey *key, const void *msg, size_t len,
			    const uint8_t *sig, size_t sig_len)
{
	uint8_t h[BERTH_SHA512_LEN];
	size_t h_len;
	bool good;

	if (!berth_key_can_sign(key->type))
		return berth_fail(BERTH_E_KEY, "%s keys do not sign", berth_key_type_name(key->type));
	if (sig_len != 2 * berth_key_size(key->type))
		return berth_fail(BERTH_E_SIG, "%s signature: %zu bytes", berth_key_type_name(key->type), sig_len);
	if (key->type == BERTH_KEY_ED25519) {
		/* not libcrypto: it takes keys and R of small order */
		good = crypto_sign_verify_detached(sig, msg, len, key->b) == 0;
	} else {
		h_len = berth_sign_digest(h, key->type, msg, len);
		good = key->type == BERTH_KEY_SECP256K1 ? k1_verify(key, h, sig) : nist_verify(key, h, h_len, sig);
	}
	return good ? BERTH_OK : berth_fail(BERTH_E_SIG, "%s signature does not verify",
					    berth_key_type_name(key->type));
}

/* ---- other forms ---- */

static enum berth_err k1_low_s(uint8_t *sig)
{
	const secp256k1_context *ctx = berth_k1();
	static const uint8_t zero[32];
	secp256k1_ecdsa_signature s;

	if (!memcmp(sig, zero, 32) || !memcmp(sig + 32, zero, 32) ||
	    !secp256k1_ecdsa_signature_parse_compact(ctx, &s, sig))
		return berth_fail(BERTH_E_SIG, "signature: r or s not in 1..n-1");
	(void)secp256k1_ecdsa_signature_normalize(ctx, &s, &s);
	(void)secp256k1_ecdsa_signature_serialize_compact(ctx, sig, &s);
	return BERTH_OK;
}

static bool left_pad(uint8_t *out, size_t n, const uint8_t *b, size_t len)
{
	for (; len > n && *b == 0; len--)
		b++;
	if (len > n)
		return false;
	memset(out, 0, n - len);
	memcpy(out + n - len, b, len);
	return true;
}

enum berth_err berth_ecdsa_from_rs(uint8_t *sig, size_t *sig_len, enum berth_key_type type,
				   const uint8_t *r, size_t r_len, const uint8_t *s, size_t s_len)
{
	size_t n = berth_key_size(type);
	BIGNUM *br = NULL, *bs = NULL;
	enum berth_err rc;

	*sig_len = 0;
	if (!is_nist(type) && type != BERTH_KEY_SECP256K1)
		return berth_fail(BERTH_E_KEY, "%s has no ECDSA", berth_key_type_name(type));
	if (!left_pad(sig, n, r, r_len) || !left_pad(sig + n, n, s, s_len))
		return berth_fail(BERTH_E_SIG, "signature: r or s longer than the field");
	if (type == BERTH_KEY_SECP256K1) {
		rc = k1_low_s(sig);
	} else {
		br = BN_bin2bn(sig, (int)n, NULL);
		bs = BN_bin2bn(sig + n, (int)n, NULL);
		rc = br && bs ? put_low_s(sig, type, br, bs) : berth_no_memory();
	}
	BN_free(br);
	BN_free(bs);
	if (rc == BERTH_OK)
		*sig_len = 2 * n;
	return rc;
}
