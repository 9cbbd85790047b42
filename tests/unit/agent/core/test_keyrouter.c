/* SPDX-License-Identifier: Apache-2.0 */
/* Several keystores as one: sealed files in this process. */
#include "agent/core/keyrouter.h"

#include <stdio.h>

#include "agent/protocol/onboarding.h"
#include "did/base/secret.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/ethr_tx.h"
#include "tests/check.h"
#include "tests/fakes/keys_local.h"
#include "tests/fakes/tmpdir.h"

#define STORES 3
#define PASSPHRASE "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
#define VC BERTH_PURPOSE_BIT(BERTH_SIGN_VC)

static char dir[TMPDIR_LEN];
static struct berth_keystore *ks[STORES];
static struct berth_keys *store[STORES], *keys;
static struct berth_keyrouter *router;

static const char *const hsm[] = { "issuer", "root" }, *const device[] = { "device" };

static struct berth_keystore *open_store(int i)
{
	char uri[192];
	const struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = test_path(dir, "pass"), .create = true };
	struct berth_keystore *out;

	snprintf(uri, sizeof(uri), "soft:%s/%d", dir, i);
	CHECK_OK(berth_keystore_open(&out, &cfg));
	return out;
}

static int up(void **state)
{
	(void)state;
	berth_crypto_init();
	test_tmpdir(dir);
	test_write_file(test_path(dir, "pass"), PASSPHRASE, strlen(PASSPHRASE), 0600);
	for (int i = 0; i < STORES; i++) {
		ks[i] = open_store(i);
		store[i] = test_keys_local_new(ks[i], i == 2 ? BERTH_CUSTODY_HARDWARE : BERTH_CUSTODY_SEALED);
	}
	CHECK_OK(berth_keyrouter_new(&router));
	CHECK_OK(berth_keyrouter_add(router, "main", store[0], NULL, 0));
	CHECK_OK(berth_keyrouter_add(router, "hsm", store[1], hsm, 2));
	CHECK_OK(berth_keyrouter_add(router, "tpm", store[2], device, 1));
	keys = berth_keyrouter_keys(router);
	return 0;
}

static int down(void **state)
{
	(void)state;
	berth_keyrouter_free(router);
	for (int i = 0; i < STORES; i++) {
		test_keys_local_free(store[i]);
		berth_keystore_close(ks[i]);
	}
	test_tmpdir_remove(dir);
	return 0;
}

static struct berth_key_info make(const char *name, enum berth_key_type type, enum berth_usage usage)
{
	struct berth_key_info info;

	CHECK_OK(keys->ops->ensure(keys, name, type, usage, usage == BERTH_USAGE_SIGN ? VC : 0, &info));
	return info;
}

/* ---- where things go ---- */

static void a_key_is_made_where_its_identity_is_claimed(void **state)
{
	static const struct { const char *name; int in; } want[] = {
		{ "issuer-sign", 1 }, { "root-sign", 1 }, { "maker-sign", 0 }, { "maker-agree", 0 }, { "owner-sign", 0 },
		{ "rendezvous-sign", 0 }, { "to-0011223344556677-1-sign", 0 }, { "factory-sign", 2 }, { "factory-agree2", 2 },
		{ "op-3-1-sign", 2 }, { "op-3-1-ak", 2 }, { "lookup-agree", 2 }, { "ak", 2 }, { "issuers-sign", 0 },
		{ "ak-sign", 0 }, { "roo", 0 }, { "something.else", 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		make(want[i].name, BERTH_KEY_P256, BERTH_USAGE_SIGN);
		for (int s = 0; s < STORES; s++)
			CHECK(berth_keystore_has(ks[s], want[i].name) == (s == want[i].in));
		CHECK(keys->ops->home(keys, want[i].name) == store[want[i].in]);
		CHECK_OK(keys->ops->remove(keys, want[i].name));
		CHECK(!berth_keystore_has(ks[want[i].in], want[i].name));
	}
}

static void an_identity_says_the_custody_of_its_store(void **state)
{
	(void)state;
	assert_int_equal(berth_keys_custody(keys, BERTH_ID_FACTORY), BERTH_CUSTODY_HARDWARE);
	assert_int_equal(berth_keys_custody(keys, "op-0-1"), BERTH_CUSTODY_HARDWARE);
	assert_int_equal(berth_keys_custody(keys, BERTH_ID_ISSUER), BERTH_CUSTODY_SEALED);
	assert_int_equal(berth_keys_custody(keys, BERTH_ID_MAKER), BERTH_CUSTODY_SEALED);
	assert_string_equal(keys->ops->home(keys, BERTH_ID_ROOT)->name, "hsm");
	assert_string_equal(keys->ops->at(keys, 2)->name, "tpm");
	assert_null(keys->ops->at(keys, 3));
}

static void a_kid_signs_with_the_key_of_the_store_it_was_bound_in(void **state)
{
	const char payload[] = "{\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],"
			       "\"type\":[\"VerifiableCredential\"],\"issuer\":\"did:example:a\"}";
	struct berth_key_info issuer = make("issuer-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN);
	struct berth_key_info maker = make("maker-sign", BERTH_KEY_ED25519, BERTH_USAGE_SIGN);
	struct berth_buf header = BERTH_BUF_INIT, sig = BERTH_BUF_INIT, input = BERTH_BUF_INIT;
	struct berth_keyring *ring = keys->keyring;
	struct berth_pubkey pub;

	(void)state;
	CHECK_OK(keys->ops->bind(keys, "did:example:a#1", "issuer-sign"));
	CHECK_OK(keys->ops->bind(keys, "did:example:b#1", "maker-sign"));
	CHECK_OK(ring->ops->find(ring, "did:example:a#1", &pub));
	CHECK(berth_pubkey_equal(&pub, &issuer.pub));
	CHECK_OK(ring->ops->find(ring, "did:example:b#1", &pub));
	CHECK(berth_pubkey_equal(&pub, &maker.pub));
	CHECK_OK(ring->ops->sign(ring, "did:example:a#1", BERTH_SIGN_VC, payload, strlen(payload), &header, &sig));
	CHECK_OK(berth_purpose_input(&input, &(size_t){ 0 }, BERTH_SIGN_VC, "did:example:a#1", BERTH_KEY_P256, payload, strlen(payload)));
	CHECK_OK(berth_verify(&issuer.pub, input.p, input.len, sig.p, sig.len));
	CHECK_RC(BERTH_E_KEYSTORE, ring->ops->find(ring, "did:example:c#1", &pub));
	CHECK_RC(BERTH_E_KEYSTORE, ring->ops->sign(ring, "did:example:c#1", BERTH_SIGN_VC, "{}", 2, &header, &sig));
	berth_buf_free(&header);
	berth_buf_free(&sig);
	berth_buf_free(&input);
}

static void records_and_counters_are_the_first_stores(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT, pt = BERTH_BUF_INIT;
	uint64_t value, there;
	bool protected_;

	(void)state;
	CHECK_OK(keys->ops->counter_step(keys, BERTH_COUNTER_EPOCH, &value));
	assert_int_equal(value, 1);
	CHECK_OK(berth_keystore_counter_read(ks[0], BERTH_COUNTER_EPOCH, &there, &protected_));
	assert_int_equal(there, 1);
	CHECK_OK(berth_keystore_counter_read(ks[1], BERTH_COUNTER_EPOCH, &there, &protected_));
	assert_int_equal(there, 0);
	CHECK_OK(keys->ops->seal(keys, "label", -1, "secret", 6, &box));
	CHECK_OK(berth_keystore_unseal(ks[0], "label", -1, box.p, box.len, &pt));
	CHECK_RC(BERTH_E_DECRYPT, berth_keystore_unseal(ks[1], "label", -1, box.p, box.len, &pt));
	berth_buf_reset(&pt);
	CHECK_OK(keys->ops->unseal(keys, "label", -1, box.p, box.len, &pt));
	assert_int_equal(pt.len, 6);
	berth_buf_free(&box);
	berth_buf_free(&pt);
}

static void what_a_store_can_make_is_asked_of_that_store(void **state)
{
	(void)state;
	CHECK(keys->ops->can(keys, "issuer", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
	assert_int_equal(berth_sign_type(keys, BERTH_ID_ISSUER), BERTH_KEY_ED25519);
	test_keys_local_die(store[1], 1);
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->remove(keys, "issuer-sign"));
	CHECK(!keys->ops->can(keys, "issuer", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
	CHECK(keys->ops->can(keys, "maker", BERTH_KEY_ED25519, BERTH_USAGE_SIGN));
}

static void evidence_is_of_one_device(void **state)
{
	struct berth_buf a = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	const uint8_t nonce[32] = { 1 };

	(void)state;
	make("issuer-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN);
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->certify(keys, "issuer-sign", "ak", nonce, &a, &b));
	CHECK_RC(BERTH_E_KEY, keys->ops->certify(keys, "factory-sign", "ak", nonce, &a, &b));	/* no TPM here */
	CHECK_RC(BERTH_E_KEY, keys->ops->ek(keys, &a, &b));
	berth_buf_free(&a);
	berth_buf_free(&b);
}

/* A transaction is signed where the key is. */
static void a_transaction_is_of_the_store_of_its_key(void **state)
{
	struct berth_key_info info = make("issuer-ethr", BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN);
	struct berth_buf raw = BERTH_BUF_INIT, hash = BERTH_BUF_INIT;
	struct berth_ethr_order o = {
		.registry = { 1337, { { 1 } } }, .call = { .function = BERTH_ETHR_CHANGE_OWNER, .party = { { 2 } } },
		.gas_limit = 50000, .max_fee = 1
	};
	struct berth_eth_address from, want;
	struct berth_eth_tx tx;

	(void)state;
	CHECK(berth_keystore_has(ks[1], "issuer-ethr") && !berth_keystore_has(ks[0], "issuer-ethr"));
	CHECK_OK(keys->ops->sign_ethr(keys, "issuer-ethr", &o, &raw, &hash));
	CHECK_OK(berth_eth_tx_parse(&tx, &from, raw.p, raw.len));
	CHECK_OK(berth_eth_address_of(&want, &info.pub));
	CHECK(berth_eth_address_equal(&from, &want) && hash.len == 32);
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->sign_ethr(keys, "factory-ethr", &o, &raw, &hash));
	berth_buf_free(&raw);
	berth_buf_free(&hash);
}

/* ---- one that fails ---- */

static void c143_a_store_that_is_gone_costs_its_own_calls(void **state)
{
	struct berth_key_info info;
	uint64_t value;

	(void)state;
	make("issuer-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN);
	CHECK_OK(keys->ops->bind(keys, "did:example:a#1", "issuer-sign"));
	assert_int_equal(keys->ops->state(keys), BERTH_KEYSTORE_FINE);
	test_keys_local_die(store[1], 1);
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "issuer-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, VC, &info));
	CHECK_RC(BERTH_E_KEYSTORE, keys->ops->ensure(keys, "root-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN, VC, &info));
	CHECK(!berth_keystore_has(ks[0], "root-sign"));	/* and not in another one instead */
	make("maker-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN);
	make("factory-sign", BERTH_KEY_P256, BERTH_USAGE_SIGN);
	CHECK_OK(keys->ops->counter_step(keys, BERTH_COUNTER_EPOCH, &value));
	assert_int_equal(keys->ops->state(keys), BERTH_KEYSTORE_SILENT);
	assert_int_equal(store[0]->ops->state(store[0]), BERTH_KEYSTORE_FINE);
}

/* ---- claims ---- */

static void claims_that_do_not_go_together_are_e_config(void **state)
{
	static const char *const again[] = { "owner", "root" }, *const none[] = { "pets" }, *const owner[] = { "owner" };
	struct berth_keyrouter *r;

	(void)state;
	CHECK_RC(BERTH_E_CONFIG, berth_keyrouter_add(router, "d", store[0], again, 2));
	CHECK_RC(BERTH_E_CONFIG, berth_keyrouter_add(router, "d", store[0], NULL, 0));
	CHECK_OK(berth_keyrouter_new(&r));
	CHECK_RC(BERTH_E_CONFIG, berth_keyrouter_add(r, "main", store[0], owner, 1));
	CHECK_OK(berth_keyrouter_add(r, "main", store[0], NULL, 0));
	CHECK_RC(BERTH_E_CONFIG, berth_keyrouter_add(r, "d", store[1], none, 1));
	CHECK_OK(berth_keyrouter_add(r, "d", store[1], owner, 1));
	berth_keyrouter_free(r);
}

static void there_are_no_more_stores_than_the_most(void **state)
{
	static const char *const words[] = { "device", "owner", "pairwise", "rendezvous", "maker", "issuer", "root" };
	struct berth_keyrouter *r;

	(void)state;
	CHECK_OK(berth_keyrouter_new(&r));
	CHECK_OK(berth_keyrouter_add(r, "main", store[0], NULL, 0));
	for (size_t i = 0; i < BERTH_KEYROUTER_MAX - 1; i++)
		CHECK_OK(berth_keyrouter_add(r, "d", store[1], &words[i], 1));
	CHECK_RC(BERTH_E_CONFIG, berth_keyrouter_add(r, "d", store[1], words, 1));
	berth_keyrouter_free(r);
}

static void a_key_in_a_store_that_does_not_claim_it_is_e_keystore(void **state)
{
	(void)state;
	CHECK_OK(berth_keyrouter_check(router, 1, "issuer-sign"));
	CHECK_OK(berth_keyrouter_check(router, 0, "maker-sign"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyrouter_check(router, 0, "issuer-sign"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyrouter_check(router, 1, "maker-sign"));
	CHECK_RC(BERTH_E_KEYSTORE, berth_keyrouter_check(router, 0, "op-0-1-ak"));
}

#define T(f) cmocka_unit_test_setup_teardown(f, up, down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_key_is_made_where_its_identity_is_claimed),
		T(an_identity_says_the_custody_of_its_store),
		T(a_kid_signs_with_the_key_of_the_store_it_was_bound_in),
		T(records_and_counters_are_the_first_stores),
		T(what_a_store_can_make_is_asked_of_that_store),
		T(evidence_is_of_one_device),
		T(a_transaction_is_of_the_store_of_its_key),
		T(c143_a_store_that_is_gone_costs_its_own_calls),
		T(claims_that_do_not_go_together_are_e_config),
		T(there_are_no_more_stores_than_the_most),
		T(a_key_in_a_store_that_does_not_claim_it_is_e_keystore),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
