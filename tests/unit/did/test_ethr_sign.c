/* SPDX-License-Identifier: Apache-2.0 */
#include "did/ethr_sign.h"

#include <sys/stat.h>
#include <unistd.h>

#include "did/base/json.h"
#include "did/crypto/keccak.h"
#include "did/crypto/keypair.h"
#include "did/ethr_tx.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"
#include "tests/unit/did/crypto/hex.h"

static struct berth_keystore *ks;
static struct berth_json *root;
static char dir[64];

/* A sealed file with the key of the vectors, and one of another type. */
static int setup(void **s)
{
	char pass[96], uri[96];
	struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = true };
	struct berth_privkey key;
	uint8_t b[32];
	size_t n;
	char *text = test_read_file("tests/vectors/ethr-did-registry/calls.json", &n);
	FILE *f;

	(void)s;
	CHECK_OK(berth_json_parse(&root, text, n, BERTH_JSON_MAX));
	free(text);
	snprintf(dir, sizeof(dir), "/tmp/berth-ethr.XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(pass, sizeof(pass), "%s/pass", dir);
	snprintf(uri, sizeof(uri), "soft:%s/keys", dir);
	assert_non_null(f = fopen(pass, "w"));
	fputs("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n", f);
	fclose(f);
	chmod(pass, 0600);
	CHECK_OK(berth_keystore_open(&ks, &cfg));
	unhex_to(b, 32, test_str(root, "privateKey") + 2);
	CHECK_OK(berth_keypair_from_private(&key, BERTH_KEY_SECP256K1, b, 32));
	CHECK_OK(berth_keystore_import(ks, "owner", &key, BERTH_USAGE_SIGN));
	CHECK_OK(berth_keystore_generate(ks, "p256", BERTH_KEY_P256, BERTH_USAGE_SIGN, NULL));
	berth_privkey_wipe(&key);
	return 0;
}

static int teardown(void **s)
{
	static const char *const files[] = { "keys", "pass", "keys.lock" };
	char at[96];

	(void)s;
	berth_keystore_close(ks);
	berth_json_free(root);
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		snprintf(at, sizeof(at), "%s/%s", dir, files[i]);
		unlink(at);
	}
	rmdir(dir);
	return 0;
}

static uint64_t number_of(const struct berth_json *v, const char *key)
{
	const struct berth_json *m = berth_json_get(v, key);

	return berth_json_str(m) ? strtoull(berth_json_str(m), NULL, 0) : (uint64_t)berth_json_num(m);
}

/* The vector's i-th call.  value is the caller's to free. */
static uint8_t *order_of(struct berth_ethr_order *o, size_t i)
{
	const struct berth_json *v = berth_json_at(berth_json_get(root, "calls"), i);
	uint8_t *value = unhex(test_str(v, "value") ? test_str(v, "value") + 2 : "", &o->call.value_len);

	o->registry.chain_id = 1337;
	CHECK_OK(berth_eth_address_parse(&o->registry.address, test_str(root, "registry")));
	o->call.function = berth_ethr_function_parse(test_str(v, "function"));
	CHECK_OK(berth_eth_address_parse(&o->call.identity, test_str(v, "identity")));
	if (test_str(v, "party"))
		CHECK_OK(berth_eth_address_parse(&o->call.party, test_str(v, "party")));
	o->call.name = test_str(v, "name");
	o->call.value = value;
	o->call.validity_s = number_of(v, "validity");
	return value;
}

static void signs_what_ethers_does(size_t i, size_t call)
{
	const struct berth_json *v = berth_json_at(berth_json_get(root, "transactions"), i);
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_ethr_order o = { 0 };
	uint8_t hash[32], want[32], *value = order_of(&o, call);
	size_t n;
	uint8_t *raw = unhex(test_str(v, "raw") + 2, &n);

	o.registry.chain_id = number_of(v, "chainId");
	o.nonce = number_of(v, "nonce");
	o.gas_limit = number_of(v, "gasLimit");
	o.legacy = number_of(v, "type") == 0;
	o.gas_price = number_of(v, "gasPrice");
	o.max_fee = number_of(v, "maxFeePerGas");
	o.max_priority_fee = number_of(v, "maxPriorityFeePerGas");
	berth_buf_str(&out, "before");
	CHECK_OK(berth_ethr_sign(ks, "owner", &o, &out, hash));
	CHECK(out.len == n + 6 && memcmp(out.p + 6, raw, n) == 0);
	unhex_to(want, 32, test_str(v, "hash") + 2);
	CHECK(memcmp(hash, want, 32) == 0);
	berth_buf_free(&out);
	free(raw);
	free(value);
}

static void transactions(void **s)
{
	(void)s;
	signs_what_ethers_does(0, 5);
	signs_what_ethers_does(1, 5);
	signs_what_ethers_does(2, 0);
	signs_what_ethers_does(3, 3);
}

static void a_signature_for_anothers_transaction(void **s)
{
	const struct berth_json *calls = berth_json_get(root, "calls");
	struct berth_buf out = BERTH_BUF_INIT;
	uint8_t hash[32], want[64];

	(void)s;
	for (size_t i = 0; i < berth_json_len(calls); i++) {
		const struct berth_json *v = berth_json_at(calls, i);
		struct berth_ethr_order o = { .meta = true, .nonce = number_of(v, "nonce") };
		uint8_t *value = order_of(&o, i);

		berth_buf_reset(&out);
		CHECK_OK(berth_ethr_sign(ks, "owner", &o, &out, hash));
		unhex_to(want, 32, test_str(v, "hash") + 2);
		CHECK(memcmp(hash, want, 32) == 0);
		unhex_to(want, 32, test_str(berth_json_get(v, "signature"), "r") + 2);
		unhex_to(want + 32, 32, test_str(berth_json_get(v, "signature"), "s") + 2);
		CHECK(out.len == 65 && memcmp(out.p, want, 64) == 0);
		CHECK(out.p[64] == number_of(berth_json_get(v, "signature"), "yParity"));
		free(value);
	}
	berth_buf_free(&out);
}

/* Somebody pays for what the owner signed. */
static void a_call_that_the_owner_signed(void **s)
{
	struct berth_buf sig = BERTH_BUF_INIT, raw = BERTH_BUF_INIT, data = BERTH_BUF_INIT;
	struct berth_ethr_order o = { .meta = true, .nonce = 3 };
	struct berth_eth_address from, owner;
	struct berth_eth_tx tx;
	uint8_t hash[32], again[32], *value = order_of(&o, 5);

	(void)s;
	CHECK_OK(berth_eth_address_parse(&owner, test_str(root, "owner")));
	CHECK_OK(berth_keystore_generate(ks, "payer", BERTH_KEY_SECP256K1, BERTH_USAGE_SIGN, NULL));
	CHECK_OK(berth_ethr_sign(ks, "owner", &o, &sig, hash));
	o.meta = false;
	o.relayed = true;
	memcpy(o.owner.rs, sig.p, 64);
	o.owner.recovery = sig.p[64];
	o.gas_limit = 100000;
	o.max_fee = 1;
	CHECK_OK(berth_ethr_sign(ks, "payer", &o, &raw, hash));
	CHECK_OK(berth_eth_tx_parse(&tx, &from, raw.p, raw.len));
	CHECK(!berth_eth_address_equal(&from, &owner) && berth_eth_address_equal(&tx.to, &o.registry.address));
	CHECK_OK(berth_ethr_call_data(&data, &o.call, &o.owner));
	CHECK(data.len == tx.data_len && memcmp(data.p, tx.data, data.len) == 0);
	berth_keccak256(again, raw.p, raw.len);
	CHECK(memcmp(hash, again, 32) == 0);
	berth_buf_free(&sig);
	berth_buf_free(&raw);
	berth_buf_free(&data);
	free(value);
}

/* Each refusal, and the same order without what was wrong with it. */
static void orders_that_cannot_be_meant(void **s)
{
	struct berth_ethr_order good = { .gas_limit = 100000, .max_fee = 2, .max_priority_fee = 1 }, o, meta;
	struct berth_buf out = BERTH_BUF_INIT;
	uint8_t hash[32], *value = order_of(&good, 5);

	(void)s;
#define REFUSED(base, change) do { \
		o = base; \
		CHECK_OK(berth_ethr_sign(ks, "owner", &o, &out, hash)); \
		berth_buf_reset(&out); \
		change; \
		CHECK_RC(BERTH_E_TYPE, berth_ethr_sign(ks, "owner", &o, &out, hash)); \
		CHECK(out.len == 0); \
	} while (0)
	REFUSED(good, o.registry.chain_id = 0);
	REFUSED(good, o.registry.chain_id = BERTH_ETH_CHAIN_MAX + 1);
	REFUSED(good, o.gas_limit = BERTH_ETHR_GAS_MIN - 1);
	REFUSED(good, o.gas_limit = BERTH_ETHR_GAS_MAX + 1);
	REFUSED(good, o.gas_price = 1);
	REFUSED(good, o.legacy = true);
	REFUSED(good, o.max_priority_fee = 3);
	REFUSED(good, o.call.function = 0);
	REFUSED(good, o.call.name = NULL);
	REFUSED(good, o.call.party = o.call.identity);
	REFUSED(good, (o.relayed = true, o.owner.recovery = 2));
	meta = good;
	meta.meta = true;
	meta.gas_limit = meta.max_fee = meta.max_priority_fee = 0;
	REFUSED(meta, o.gas_limit = 100000);
	REFUSED(meta, o.max_fee = 1);
	REFUSED(meta, o.relayed = true);
	REFUSED(meta, o.registry.chain_id = 0);
#undef REFUSED
	CHECK_RC(BERTH_E_KEY, berth_ethr_sign(ks, "p256", &good, &out, hash));
	CHECK_RC(BERTH_E_KEYSTORE, berth_ethr_sign(ks, "none", &good, &out, hash));
	CHECK_RC(BERTH_E_KEY, berth_ethr_sign(ks, "p256", &meta, &out, hash));
	CHECK(out.len == 0);
	berth_buf_free(&out);
	free(value);
}

static enum berth_err sign_once(void *arg)
{
	struct berth_buf out = BERTH_BUF_INIT;
	uint8_t hash[32];
	enum berth_err rc = berth_ethr_sign(ks, "owner", arg, &out, hash);

	berth_buf_free(&out);
	return rc;
}

static void c015_every_allocation_may_fail(void **s)
{
	struct berth_ethr_order o = { .gas_limit = 100000, .max_fee = 2 }, meta = { .meta = true };
	uint8_t *value = order_of(&o, 7), *other = order_of(&meta, 7);

	(void)s;
	CHECK(test_every_allocation_fails(sign_once, &o) > 3);
	CHECK(test_every_allocation_fails(sign_once, &meta) > 1);
	free(value);
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transactions),
		cmocka_unit_test(a_signature_for_anothers_transaction),
		cmocka_unit_test(a_call_that_the_owner_signed),
		cmocka_unit_test(orders_that_cannot_be_meant),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
