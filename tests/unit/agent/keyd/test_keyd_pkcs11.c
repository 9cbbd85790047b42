/* SPDX-License-Identifier: Apache-2.0 */
/* keyd in a process of its own, confined as in the daemon, with tokens of two modules: it
 * makes keys, signs and steps a counter, and finds them again. */
#include "child.h"
#include "envelopes.h"

#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "tests/fakes/tmpdir.h"
#include "tests/fakes/token.h"

#define DID "did:example:factory"
#define KID DID "#key-1"
#define PAYLOAD "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"]," \
		"\"type\":[\"VerifiableCredential\"],\"issuer\":\"" DID "\"}"
#define VC BERTH_PURPOSE_BIT(BERTH_SIGN_VC)

static struct test_token token;
static struct berth_keys *keys;

static void up(const char *module_dir)
{
	const struct berth_keystore_config cfg = { .uri = test_token_uri(&token, NULL), .module_dir = { module_dir },
						   .create = true };

	CHECK_OK(berth_keyclient_new(&kc, &cfg));
	CHECK_OK(berth_keyclient_attach(kc, start()));
	keys = berth_keyclient_keys(kc);
}

static void down(void)
{
	berth_keyclient_free(kc);
	kc = NULL;
	CHECK_OK(ended());
}

static void signs(const struct berth_pubkey *pub)
{
	struct berth_buf input = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	struct berth_keyring *ring = berth_keyclient_keys(kc)->keyring;

	CHECK_OK(keys->ops->bind(keys, KID, "issuer-sign"));
	CHECK_OK(ring->ops->sign(ring, KID, BERTH_SIGN_VC, PAYLOAD, strlen(PAYLOAD), &input, &sig));
	berth_buf_u8(&input, '.');
	berth_b64url_encode(&input, PAYLOAD, strlen(PAYLOAD));
	CHECK_OK(berth_verify(pub, input.p, input.len, sig.p, sig.len));
	berth_buf_free(&input);
	berth_buf_free(&sig);
}

static void makes_signs_and_finds_again(enum berth_key_type type)
{
	struct berth_key_info info, again;
	uint64_t value;
	bool protected_;

	up(NULL);
	assert_int_equal(keys->custody, BERTH_CUSTODY_SEALED);
	CHECK_OK(keys->ops->ensure(keys, "issuer-sign", type, BERTH_USAGE_SIGN, VC, &info));
	assert_int_equal(info.custody, BERTH_CUSTODY_HARDWARE);
	signs(&info.pub);
	CHECK_OK(keys->ops->counter_step(keys, BERTH_COUNTER_EPOCH, &value));
	down();
	up(NULL);
	CHECK_OK(keys->ops->ensure(keys, "issuer-sign", type, BERTH_USAGE_SIGN, VC, &again));
	CHECK(berth_pubkey_equal(&info.pub, &again.pub));
	signs(&info.pub);
	CHECK_OK(keys->ops->counter_read(keys, BERTH_COUNTER_EPOCH, &value, &protected_));
	assert_int_equal(value, 1);
	CHECK_OK(keys->ops->remove(keys, "issuer-sign"));
	down();
}

static void softhsm_works_when_confined(void **state)
{
	(void)state;
	test_token_softhsm(&token);
	makes_signs_and_finds_again(BERTH_KEY_ED25519);
	up(NULL);
	CHECK(keys->ops->can(keys, "any", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
	CHECK(keys->ops->can(keys, "any", BERTH_KEY_P256, BERTH_USAGE_AGREE));
	CHECK(!keys->ops->can(keys, "any", BERTH_KEY_P256, BERTH_USAGE_ATTEST));
	envelopes_on(BERTH_KEY_X25519);
	envelopes_on(BERTH_KEY_P384);
	envelopes_on(BERTH_KEY_P521);
	down();
	test_token_end(&token);
}

static void tpm2_pkcs11_works_when_confined(void **state)
{
	(void)state;
	test_token_tpm2(&token);
	makes_signs_and_finds_again(BERTH_KEY_P256);
	up(NULL);
	CHECK(!keys->ops->can(keys, "any", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
	CHECK(keys->ops->can(keys, "any", BERTH_KEY_P256, BERTH_USAGE_SIGN));
	CHECK(!keys->ops->can(keys, "any", BERTH_KEY_P256, BERTH_USAGE_AGREE));
	down();
	test_token_end(&token);
}

static void a_folder_that_is_none_is_e_keystore(void **state)
{
	struct berth_keystore_config cfg = { .module_dir = { "/nowhere" }, .create = true };

	(void)state;
	test_token_softhsm(&token);
	cfg.uri = test_token_uri(&token, NULL);
	CHECK_OK(berth_keyclient_new(&kc, &cfg));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyclient_attach(kc, start()));
	down();
	up(token.dir);
	down();
	test_token_end(&token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(softhsm_works_when_confined),
		cmocka_unit_test(tpm2_pkcs11_works_when_confined),
		cmocka_unit_test(a_folder_that_is_none_is_e_keystore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
