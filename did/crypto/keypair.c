/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/keypair.h"

#include <string.h>

#include <sodium.h>

#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/crypto/edwards25519.h"
#include "did/crypto/key_memory.h"
#include "did/crypto/libs.h"
#include "did/crypto/p256_point.h"

#define GENERATE_TRIES 64	/* each fails with less than 2^-32 */

static const struct {
	const char *name;
	size_t size;
	bool sign, agree;
} types[BERTH_KEY__COUNT] = {
	[BERTH_KEY_ED25519] = { "ed25519", 32, true, false },
	[BERTH_KEY_X25519] = { "x25519", 32, false, true },
	[BERTH_KEY_P256] = { "p256", 32, true, true },
	[BERTH_KEY_P384] = { "p384", 48, true, true },
	[BERTH_KEY_P521] = { "p521", 66, true, true },
	[BERTH_KEY_SECP256K1] = { "secp256k1", 32, true, true },
};

static bool known(enum berth_key_type t)
{
	return t > BERTH_KEY_NONE && t < BERTH_KEY__COUNT;
}

static bool is_ec(enum berth_key_type t)
{
	return is_nist(t) || t == BERTH_KEY_SECP256K1;
}

size_t berth_key_size(enum berth_key_type t) { return known(t) ? types[t].size : 0; }
bool berth_key_can_sign(enum berth_key_type t) { return known(t) && types[t].sign; }
bool berth_key_can_agree(enum berth_key_type t) { return known(t) && types[t].agree; }

const char *berth_key_type_name(enum berth_key_type t)
{
	return known(t) ? types[t].name : "none";
}

enum berth_key_type berth_key_type_parse(const char *name)
{
	for (unsigned t = BERTH_KEY_NONE + 1; t < BERTH_KEY__COUNT; t++)
		if (!strcmp(name, types[t].name))
			return (enum berth_key_type)t;
	return BERTH_KEY_NONE;
}

/* ---- private keys ---- */

static enum berth_err nist_public(struct berth_privkey *k)
{
	const EC_GROUP *g = berth_libs()->group[k->type];
	BIGNUM *d = BN_secure_new();
	EC_POINT *q = EC_POINT_new(g);
	enum berth_err rc = BERTH_E_NOMEM;

	if (!d || !q || !BN_bin2bn(k->b, (int)k->len, d)) {
		rc = berth_no_memory();
		goto out;
	}
	BN_set_flags(d, BN_FLG_CONSTTIME);
	if (BN_is_zero(d) || BN_cmp(d, EC_GROUP_get0_order(g)) >= 0) {
		rc = berth_fail(BERTH_E_KEY, "private key: not in 1..n-1");
		goto out;
	}
	if (!EC_POINT_mul(g, q, d, NULL, NULL, NULL) ||
	    EC_POINT_point2oct(g, q, POINT_CONVERSION_UNCOMPRESSED, k->pub.b, k->pub.len, NULL) != k->pub.len) {
		rc = berth_fail(BERTH_E_INTERNAL, "private key: no public half");
		goto out;
	}
	rc = BERTH_OK;
out:
	BN_clear_free(d);
	EC_POINT_free(q);
	return rc;
}

static void k1_serialize(uint8_t *out, size_t len, const secp256k1_pubkey *pk)
{
	unsigned form = len == 33 ? SECP256K1_EC_COMPRESSED : SECP256K1_EC_UNCOMPRESSED;

	(void)secp256k1_ec_pubkey_serialize(berth_k1(), out, &len, pk, form);
}

static enum berth_err k1_public(struct berth_privkey *k)
{
	secp256k1_pubkey pk;

	if (!secp256k1_ec_pubkey_create(berth_k1(), &pk, k->b))
		return berth_fail(BERTH_E_KEY, "private key: not in 1..n-1");
	k1_serialize(k->pub.b, k->pub.len, &pk);
	return BERTH_OK;
}

static enum berth_err curve25519_public(struct berth_privkey *k)
{
	uint8_t sk[crypto_sign_SECRETKEYBYTES];

	if (k->type == BERTH_KEY_X25519)
		(void)crypto_scalarmult_base(k->pub.b, k->b);
	else
		(void)crypto_sign_seed_keypair(k->pub.b, sk, k->b);
	berth_wipe(sk, sizeof(sk));
	return BERTH_OK;
}

enum berth_err berth_keypair_from_private(struct berth_privkey *out, enum berth_key_type type,
					  const uint8_t *b, size_t len)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!known(type) || len != types[type].size)
		return berth_fail(BERTH_E_KEY, "private key: %zu bytes for %s", len, berth_key_type_name(type));
	berth_crypto_init();
	out->type = out->pub.type = type;
	out->len = len;
	memcpy(out->b, b, len);
	out->pub.len = is_ec(type) ? 1 + 2 * len : len;
	rc = is_nist(type) ? nist_public(out) :
	     type == BERTH_KEY_SECP256K1 ? k1_public(out) : curve25519_public(out);
	if (rc)
		berth_privkey_wipe(out);
	return rc;
}

enum berth_err berth_keypair_generate(struct berth_privkey *out, enum berth_key_type type)
{
	uint8_t b[BERTH_PRIVKEY_MAX];
	size_t n = berth_key_size(type);
	enum berth_err rc = BERTH_E_KEY;

	memset(out, 0, sizeof(*out));
	if (!known(type))
		return berth_fail(BERTH_E_KEY, "new key: unknown type");
	for (int i = 0; rc == BERTH_E_KEY && i < GENERATE_TRIES; i++) {
		berth_random(b, n);
		if (type == BERTH_KEY_P521)
			b[0] &= 1;	/* 521 bits in 66 bytes */
		rc = berth_keypair_from_private(out, type, b, n);
	}
	berth_wipe(b, sizeof(b));
	return rc == BERTH_E_KEY ? berth_fail(BERTH_E_KEYSTORE, "new key: no usable random numbers") : rc;
}

void berth_privkey_wipe(struct berth_privkey *k)
{
	berth_wipe(k, sizeof(*k));
}

/* ---- public keys ---- */

static enum berth_err ed25519_import(struct berth_pubkey *out, const uint8_t *b)
{
	memcpy(out->b, b, 32);
	return berth_ed25519_check_point(b);
}

/* An uncompressed point.  oct2point refuses coordinates >= p and points off the curve; the
 * encoding of infinity has been refused by its length.  The cofactor is 1. */
static enum berth_err nist_check(const struct berth_pubkey *k)
{
	const EC_GROUP *g = berth_libs()->group[k->type];
	EC_POINT *q;

	if (k->type == BERTH_KEY_P256)
		return berth_p256_check(k->b);
	if (!(q = berth_public_point(k->type)))
		return berth_no_memory();
	if (!EC_POINT_oct2point(g, q, k->b, k->len, berth_public_numbers()))
		return berth_fail(BERTH_E_KEY, "%s key: not on the curve", berth_key_type_name(k->type));
	return BERTH_OK;
}

static enum berth_err nist_decompress(struct berth_pubkey *k, const uint8_t *b, size_t len)
{
	const EC_GROUP *g = berth_libs()->group[k->type];
	EC_POINT *q;

	if (k->type == BERTH_KEY_P256)
		return berth_p256_decompress(k->b, b);
	if (!(q = berth_public_point(k->type)))
		return berth_no_memory();
	if (!EC_POINT_oct2point(g, q, b, len, berth_public_numbers()) ||
	    EC_POINT_point2oct(g, q, POINT_CONVERSION_UNCOMPRESSED, k->b, k->len, NULL) != k->len)
		return berth_fail(BERTH_E_KEY, "%s key: not on the curve", berth_key_type_name(k->type));
	return BERTH_OK;
}

static enum berth_err nist_import(struct berth_pubkey *out, const uint8_t *b, size_t len)
{
	if (len != out->len)
		return nist_decompress(out, b, len);
	memcpy(out->b, b, len);
	return nist_check(out);
}

static enum berth_err k1_import(struct berth_pubkey *out, const uint8_t *b, size_t len)
{
	secp256k1_pubkey pk;

	if (!secp256k1_ec_pubkey_parse(berth_k1(), &pk, b, len))
		return berth_fail(BERTH_E_KEY, "secp256k1 key: not on the curve");
	k1_serialize(out->b, out->len, &pk);
	return BERTH_OK;
}

static bool is_sec1(enum berth_key_type type, const uint8_t *b, size_t len)
{
	size_t n = types[type].size;

	return (len == 1 + n && (b[0] == 2 || b[0] == 3)) || (len == 1 + 2 * n && b[0] == 4);
}

static enum berth_err import(struct berth_pubkey *out, const uint8_t *b, size_t len)
{
	size_t n = types[out->type].size;

	if (is_ec(out->type) ? !is_sec1(out->type, b, len) : len != n)
		return berth_fail(BERTH_E_KEY, "%s key: no encoding has this form and length (%zu)",
				  berth_key_type_name(out->type), len);
	out->len = is_ec(out->type) ? 1 + 2 * n : n;
	if (is_nist(out->type))
		return nist_import(out, b, len);
	if (out->type == BERTH_KEY_SECP256K1)
		return k1_import(out, b, len);
	if (out->type == BERTH_KEY_ED25519)
		return ed25519_import(out, b);
	memcpy(out->b, b, n);
	return BERTH_OK;
}

enum berth_err berth_pubkey_import(struct berth_pubkey *out, enum berth_key_type type,
				   const uint8_t *b, size_t len)
{
	struct berth_pubkey k = { .type = type };
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (!known(type))
		return berth_fail(BERTH_E_KEY, "public key: unknown type");
	if (berth_key_recall(out, type, type, b, len))
		return BERTH_OK;
	rc = import(&k, b, len);
	if (rc == BERTH_OK) {
		*out = k;
		berth_key_remember(&k, type, b, len);
	}
	return rc;
}

enum berth_err berth_pubkey_unchecked(struct berth_pubkey *out, enum berth_key_type type,
				      const uint8_t *b, size_t len)
{
	size_t n = berth_key_size(type);

	memset(out, 0, sizeof(*out));
	if (!berth_key_can_agree(type) || (is_ec(type) ? len != 1 + 2 * n || b[0] != 4 : len != n))
		return berth_fail(BERTH_E_KEY, "%s key: %zu bytes are none that agrees", berth_key_type_name(type), len);
	out->type = type;
	out->len = len;
	memcpy(out->b, b, len);
	return BERTH_OK;
}

enum berth_err berth_pubkey_import_xy(struct berth_pubkey *out, enum berth_key_type type,
				      const uint8_t *x, const uint8_t *y, size_t each)
{
	uint8_t b[BERTH_PUBKEY_MAX] = { 4 };

	memset(out, 0, sizeof(*out));
	if (!is_ec(type) || each != types[type].size)
		return berth_fail(BERTH_E_KEY, "%s key: coordinates of %zu bytes",
				  berth_key_type_name(type), each);
	memcpy(b + 1, x, each);
	memcpy(b + 1 + each, y, each);
	return berth_pubkey_import(out, type, b, 1 + 2 * each);
}

size_t berth_pubkey_compress(uint8_t out[BERTH_PUBKEY_MAX], const struct berth_pubkey *key)
{
	size_t n = berth_key_size(key->type);

	if (!is_ec(key->type)) {
		memcpy(out, key->b, key->len);
		return key->len;
	}
	out[0] = 2 + (key->b[key->len - 1] & 1);
	memcpy(out + 1, key->b + 1, n);
	return 1 + n;
}

enum berth_err berth_pubkey_ed25519_to_x25519(struct berth_pubkey *out, const struct berth_pubkey *ed)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (ed->type != BERTH_KEY_ED25519)
		return berth_fail(BERTH_E_KEY, "%s key: has no X25519 twin", berth_key_type_name(ed->type));
	if (berth_key_recall(out, BERTH_KEY_ED25519, BERTH_KEY_X25519, ed->b, ed->len))
		return BERTH_OK;
	if ((rc = berth_ed25519_to_montgomery(out->b, ed->b)))
		return rc;
	out->type = BERTH_KEY_X25519;
	out->len = 32;
	berth_key_remember(out, BERTH_KEY_ED25519, ed->b, ed->len);
	return BERTH_OK;
}

bool berth_pubkey_equal(const struct berth_pubkey *a, const struct berth_pubkey *b)
{
	return a->type == b->type && a->len == b->len && !memcmp(a->b, b->b, a->len);
}
