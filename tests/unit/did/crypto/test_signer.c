/* SPDX-License-Identifier: Apache-2.0 */
/* A kept key signs what the same key signs elsewhere. */
#include <openssl/crypto.h>

#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/crypto/signer.h"
#include "tests/check.h"
#include "tests/fakes/alloc.h"

#define TIMES 2000	/* r or s is shorter than the field in one of 128 */

/* Before every other test: it must be what sets no memory up. */
static void a_key_that_signs_once_sets_no_memory_up(void **state)
{
	static const enum berth_key_type types[] = { BERTH_KEY_P256, BERTH_KEY_P384, BERTH_KEY_P521 };
	uint8_t sig[BERTH_SIG_MAX];
	struct berth_privkey k;
	size_t n;

	(void)state;
	for (size_t t = 0; t < 3; t++) {
		CHECK_OK(berth_keypair_generate(&k, types[t]));
		CHECK_OK(berth_signer_once(sig, &n, &k, "abc", 3));
		CHECK(n == 2 * berth_key_size(types[t]));
		CHECK_OK(berth_verify(&k.pub, "abc", 3, sig, n));
		CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, "abd", 3, sig, n));
		berth_privkey_wipe(&k);
	}
	CHECK(!CRYPTO_secure_malloc_initialized());
}

static void signatures_verify_and_have_the_low_s(void **state)
{
	static const enum berth_key_type types[] = { BERTH_KEY_P256, BERTH_KEY_P384, BERTH_KEY_P521 };

	(void)state;
	for (size_t t = 0; t < 3; t++) {
		size_t n, n2, shorter = 0, size = berth_key_size(types[t]), times = t ? 100 : TIMES;
		uint8_t sig[BERTH_SIG_MAX], low[BERTH_SIG_MAX];
		struct berth_signer *s;
		struct berth_privkey k;

		CHECK_OK(berth_keypair_generate(&k, types[t]));
		CHECK_OK(berth_signer_new(&s, &k));
		for (size_t i = 0; i < times; i++) {
			CHECK_OK(berth_signer_sign(s, sig, &n, &i, sizeof(i)));
			CHECK(n == 2 * size);
			if (i < 50)
				CHECK_OK(berth_verify(&k.pub, &i, sizeof(i), sig, n));
			CHECK_OK(berth_ecdsa_from_rs(low, &n2, types[t], sig, size, sig + size, size));
			assert_memory_equal(sig, low, n);
			shorter += sig[0] == 0 || sig[size] == 0;
			if (sig[0] == 0 || sig[size] == 0)
				CHECK_OK(berth_verify(&k.pub, &i, sizeof(i), sig, n));
		}
		CHECK(t || shorter > 0);
		sig[0] ^= 1;
		CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, "", 0, sig, n));
		berth_signer_free(s);
		berth_privkey_wipe(&k);
	}
}

static void the_scalar_lies_in_guarded_memory(void **state)
{
	struct berth_signer *s;
	struct berth_privkey k;
	size_t before;

	(void)state;
	berth_signer_init();
	CHECK(CRYPTO_secure_malloc_initialized());
	before = CRYPTO_secure_used();
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
	CHECK_OK(berth_signer_new(&s, &k));
	CHECK(CRYPTO_secure_used() >= before + k.len);
	berth_signer_free(s);
	CHECK(CRYPTO_secure_used() == before);
	berth_privkey_wipe(&k);
}

static void others_sign_as_they_are(void **state)
{
	static const enum berth_key_type types[] = { BERTH_KEY_ED25519, BERTH_KEY_X25519, BERTH_KEY_SECP256K1 };
	struct berth_signer *s = (struct berth_signer *)1;
	uint8_t sig[BERTH_SIG_MAX];
	struct berth_privkey k;
	size_t n = 1;

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		CHECK(!berth_signer_helps(types[i]));
		CHECK_OK(berth_keypair_generate(&k, types[i]));
		CHECK_RC(BERTH_E_KEY, berth_signer_new(&s, &k));
		CHECK(!s);
		CHECK_RC(BERTH_E_KEY, berth_signer_once(sig, &n, &k, "abc", 3));
		CHECK(n == 0);
		berth_privkey_wipe(&k);
	}
	CHECK(berth_signer_helps(BERTH_KEY_P256) && !berth_signer_helps(BERTH_KEY_NONE));
	berth_signer_free(NULL);
}

static enum berth_err once(void *arg)
{
	struct berth_signer *s;
	enum berth_err rc = berth_signer_new(&s, arg);

	berth_signer_free(s);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	struct berth_privkey k;

	(void)state;
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
	CHECK(test_every_allocation_fails(once, &k) > 0);
	berth_privkey_wipe(&k);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_that_signs_once_sets_no_memory_up),
		cmocka_unit_test(signatures_verify_and_have_the_low_s),
		cmocka_unit_test(the_scalar_lies_in_guarded_memory),
		cmocka_unit_test(others_sign_as_they_are),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
