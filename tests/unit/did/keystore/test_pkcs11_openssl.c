/* SPDX-License-Identifier: Apache-2.0 */
/* What a token signs and agrees, in the hands of OpenSSL. */
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include "did/crypto/sign.h"
#include "tests/unit/did/keystore/pkcs11_token.h"

static EVP_PKEY *openssl_public(const char *group, const struct berth_pubkey *pub)
{
	OSSL_PARAM p[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)(uintptr_t)group, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)pub->b, pub->len),
		OSSL_PARAM_construct_end(),
	};
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	EVP_PKEY *k = NULL;

	assert_int_equal(EVP_PKEY_fromdata_init(c), 1);
	assert_int_equal(EVP_PKEY_fromdata(c, &k, EVP_PKEY_PUBLIC_KEY, p), 1);
	EVP_PKEY_CTX_free(c);
	return k;
}

static int openssl_verify(EVP_PKEY *k, const EVP_MD *md, const void *msg, size_t len, const uint8_t *sig, size_t n)
{
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	int ok;

	assert_int_equal(EVP_DigestVerifyInit(c, NULL, md, NULL, k), 1);
	ok = EVP_DigestVerify(c, sig, n, msg, len);
	EVP_MD_CTX_free(c);
	return ok;
}

static size_t to_der(uint8_t *out, const uint8_t *sig, size_t each)
{
	ECDSA_SIG *s = ECDSA_SIG_new();
	uint8_t *at = out;

	ECDSA_SIG_set0(s, BN_bin2bn(sig, (int)each, NULL), BN_bin2bn(sig + each, (int)each, NULL));
	int n = i2d_ECDSA_SIG(s, &at);

	ECDSA_SIG_free(s);
	return (size_t)n;
}

static void openssl_verifies_what_a_token_signs(void **state)
{
	static const struct { enum berth_key_type type; const char *group, *md; } kinds[] = {
		{ BERTH_KEY_P256, "P-256", "SHA256" }, { BERTH_KEY_P384, "P-384", "SHA384" },
		{ BERTH_KEY_P521, "P-521", "SHA512" }, { BERTH_KEY_SECP256K1, "secp256k1", "SHA256" },
	};
	static const uint8_t msg[] = "signed in a token";
	struct berth_keystore *ks;
	struct berth_key_info info;
	uint8_t sig[BERTH_SIG_MAX], der[BERTH_SIG_MAX + 16];
	size_t n;
	EVP_PKEY *k;

	(void)state;
	CHECK_OK(try_open(&ks, true));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		CHECK_OK(berth_keystore_generate(ks, berth_key_type_name(kinds[i].type), kinds[i].type, BERTH_USAGE_SIGN, &info));
		CHECK_OK(berth_keystore_sign(ks, info.name, msg, sizeof(msg), sig, &n));
		k = openssl_public(kinds[i].group, &info.pub);
		const EVP_MD *md = EVP_get_digestbyname(kinds[i].md);
		size_t m = to_der(der, sig, n / 2);

		CHECK(openssl_verify(k, md, msg, sizeof(msg), der, m) == 1);
		CHECK(openssl_verify(k, md, msg, sizeof(msg) - 1, der, m) == 0);
		EVP_PKEY_free(k);
	}
	CHECK_OK(berth_keystore_generate(ks, "ed", BERTH_KEY_ED25519, BERTH_USAGE_SIGN, &info));
	CHECK_OK(berth_keystore_sign(ks, "ed", msg, sizeof(msg), sig, &n));
	k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, info.pub.b, info.pub.len);
	CHECK(openssl_verify(k, NULL, msg, sizeof(msg), sig, n) == 1);
	CHECK(openssl_verify(k, NULL, msg, sizeof(msg) - 1, sig, n) != 1);
	EVP_PKEY_free(k);
	berth_keystore_close(ks);
}

static size_t openssl_agree(uint8_t *z, EVP_PKEY *mine, EVP_PKEY *theirs)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(mine, NULL);
	size_t n = BERTH_ECDH_MAX;

	assert_int_equal(EVP_PKEY_derive_init(c), 1);
	assert_int_equal(EVP_PKEY_derive_set_peer(c, theirs), 1);
	assert_int_equal(EVP_PKEY_derive(c, z, &n), 1);
	EVP_PKEY_CTX_free(c);
	return n;
}

static void openssl_agrees_with_a_token(void **state)
{
	static const struct { enum berth_key_type type; const char *group; } kinds[] = {
		{ BERTH_KEY_P256, "P-256" }, { BERTH_KEY_P384, "P-384" }, { BERTH_KEY_P521, "P-521" },
		{ BERTH_KEY_SECP256K1, "secp256k1" }, { BERTH_KEY_X25519, NULL },
	};
	struct berth_keystore *ks;

	(void)state;
	CHECK_OK(try_open(&ks, true));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint8_t ours[BERTH_ECDH_MAX], theirs[BERTH_ECDH_MAX], raw[BERTH_PUBKEY_MAX];
		struct berth_key_info info;
		struct berth_pubkey pub;
		size_t n, m = sizeof(raw);
		const char *group = kinds[i].group;

		CHECK_OK(berth_keystore_generate(ks, berth_key_type_name(kinds[i].type), kinds[i].type, BERTH_USAGE_AGREE, &info));
		EVP_PKEY *mine = group ? EVP_EC_gen(group) : EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
		EVP_PKEY *token_key = group ? openssl_public(group, &info.pub)
			: EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, info.pub.b, info.pub.len);

		assert_int_equal(EVP_PKEY_get_octet_string_param(mine, OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof(raw), &m), 1);
		CHECK_OK(berth_pubkey_import(&pub, kinds[i].type, raw, m));
		CHECK_OK(berth_keystore_ecdh(ks, info.name, &pub, ours, &n));
		CHECK(openssl_agree(theirs, mine, token_key) == n);
		assert_memory_equal(ours, theirs, n);
		EVP_PKEY_free(mine);
		EVP_PKEY_free(token_key);
	}
	berth_keystore_close(ks);
}

static void a_point_of_low_order_is_e_decrypt(void **state)
{
	struct berth_keystore *ks;
	struct berth_pubkey zero = { .type = BERTH_KEY_X25519, .len = 32 };
	uint8_t z[BERTH_ECDH_MAX];
	size_t n = 7;

	(void)state;
	make(&ks);
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_ecdh(ks, "a", &zero, z, &n));
	zero.b[0] = 1;
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_ecdh(ks, "a", &zero, z, &n));
	CHECK(n == 0);
	CHECK_OK(agree(ks));
	berth_keystore_close(ks);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(openssl_verifies_what_a_token_signs),
		T(openssl_agrees_with_a_token),
		T(a_point_of_low_order_is_e_decrypt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
