/* SPDX-License-Identifier: Apache-2.0 */
#include "did/ethr_tx.h"

#include <dirent.h>

#include "did/base/json.h"
#include "did/codec/rlp.h"
#include "did/crypto/keccak.h"
#include "did/crypto/keypair.h"
#include "did/crypto/recover.h"
#include "tests/fakes/json.h"
#include "tests/unit/did/crypto/hex.h"

static void hex_is(const struct berth_buf *b, const char *hex)
{
	size_t n;
	uint8_t *want = unhex(hex + 2, &n);

	CHECK(b->len == n && memcmp(b->p, want, n) == 0);
	free(want);
}

static void private_key(struct berth_privkey *out, const char *hex)
{
	uint8_t b[32];

	unhex_to(b, 32, hex + 2);
	CHECK_OK(berth_keypair_from_private(out, BERTH_KEY_SECP256K1, b, 32));
}

/* As libsecp256k1 makes it, deterministically; and the recovery id by trial. */
static void sign(struct berth_eth_sig *sig, const struct berth_privkey *key, const uint8_t hash[32])
{
	CHECK_OK(berth_k1_sign_digest(sig->rs, key, hash));
	CHECK_OK(berth_k1_find_recovery(&sig->recovery, &key->pub, hash, sig->rs));
}

/* ---- the registry's functions, as ethers encodes them from its ABI ---- */

/* Call and value live as long as root and the returned block. */
static uint8_t *read_call(struct berth_ethr_call *c, const struct berth_json *v)
{
	static const uint8_t none;
	uint8_t *value = NULL;
	int64_t validity = 0;

	*c = (struct berth_ethr_call){ .function = berth_ethr_function_parse(test_str(v, "function")) };
	CHECK(c->function != BERTH_ETHR__END);
	assert_string_equal(berth_ethr_function_name(c->function), test_str(v, "function"));
	CHECK_OK(berth_eth_address_parse(&c->identity, test_str(v, "identity")));
	if (test_str(v, "party"))
		CHECK_OK(berth_eth_address_parse(&c->party, test_str(v, "party")));
	c->name = test_str(v, "name");
	if (test_str(v, "value"))
		value = unhex(test_str(v, "value") + 2, &c->value_len);
	c->value = value ? value : &none;
	CHECK_OK(berth_json_opt_int(v, "validity", 0, INT64_MAX, &validity));
	c->validity_s = (uint64_t)validity;
	return value;
}

static void check_call(const struct berth_json *v, const struct berth_eth_address *registry, const struct berth_privkey *key)
{
	const struct berth_json *want = berth_json_get(v, "signature");
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_ethr_call c;
	struct berth_eth_sig sig;
	uint8_t hash[32], bytes[32], *value = read_call(&c, v);
	int64_t nonce, y;

	CHECK_OK(berth_ethr_call_data(&b, &c, NULL));
	hex_is(&b, test_str(v, "data"));
	CHECK_OK(berth_json_req_int(v, "nonce", 0, INT64_MAX, &nonce));
	CHECK_OK(berth_ethr_meta_hash(hash, &c, registry, (uint64_t)nonce));
	unhex_to(bytes, 32, test_str(v, "hash") + 2);
	CHECK(memcmp(hash, bytes, 32) == 0);
	sign(&sig, key, hash);
	unhex_to(bytes, 32, test_str(want, "r") + 2);
	CHECK(memcmp(sig.rs, bytes, 32) == 0);
	unhex_to(bytes, 32, test_str(want, "s") + 2);
	CHECK(memcmp(sig.rs + 32, bytes, 32) == 0);
	CHECK_OK(berth_json_req_int(want, "yParity", 0, 1, &y));
	CHECK(sig.recovery == y);
	berth_buf_reset(&b);
	CHECK_OK(berth_ethr_call_data(&b, &c, &sig));
	hex_is(&b, test_str(v, "signedData"));
	berth_buf_free(&b);
	free(value);
}

static void calls_and_meta_transactions(void **s)
{
	struct berth_json *root = test_json_file("tests/vectors/ethr-did-registry/calls.json");
	struct berth_eth_address registry;
	struct berth_privkey key;
	size_t count = 0;

	(void)s;
	CHECK_OK(berth_eth_address_parse(&registry, test_str(root, "registry")));
	private_key(&key, test_str(root, "privateKey"));
	berth_json_each(v, berth_json_get(root, "calls")) {
		check_call(v, &registry, &key);
		count++;
	}
	VECTORS("ethr-did-registry (calls)", count, count);
	CHECK(count == 10);
	berth_privkey_wipe(&key);
	berth_json_free(root);
}

static void only_the_arguments_that_it_has(void **s)
{
	static const uint8_t value[BERTH_ETHR_VALUE_MAX + 1];
	static const struct berth_eth_address who = { { 1 } };
	static const char name33[] = "123456789012345678901234567890123";
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t hash[32];
	const struct { enum berth_err rc; struct berth_ethr_call c; } cases[] = {
		{ BERTH_OK, { .function = BERTH_ETHR_CHANGE_OWNER } },
		{ BERTH_E_TYPE, { .function = 0 } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR__END } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR_CHANGE_OWNER, .name = "veriKey" } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR_CHANGE_OWNER, .validity_s = 1 } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR_CHANGE_OWNER, .value = value, .value_len = 1 } },
		{ BERTH_OK, { .function = BERTH_ETHR_ADD_DELEGATE, .name = "veriKey", .party = who, .validity_s = 1 } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR_ADD_DELEGATE, .party = who, .validity_s = 1 } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR_ADD_DELEGATE, .name = "", .party = who, .validity_s = 1 } },
		{ BERTH_OK, { .function = BERTH_ETHR_REVOKE_DELEGATE, .name = "veriKey", .party = who } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR_REVOKE_DELEGATE, .name = "veriKey", .party = who, .validity_s = 1 } },
		{ BERTH_OK, { .function = BERTH_ETHR_SET_ATTRIBUTE, .name = name33 + 1, .value = value, .value_len = 3 } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR_SET_ATTRIBUTE, .name = name33, .value = value, .value_len = 3 } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR_SET_ATTRIBUTE, .name = "x", .party = who } },
		{ BERTH_OK, { .function = BERTH_ETHR_SET_ATTRIBUTE, .name = "x", .value = value, .value_len = sizeof(value) - 1 } },
		{ BERTH_E_SIZE, { .function = BERTH_ETHR_SET_ATTRIBUTE, .name = "x", .value = value, .value_len = sizeof(value) } },
		{ BERTH_OK, { .function = BERTH_ETHR_REVOKE_ATTRIBUTE, .name = "x", .value = value, .value_len = 3 } },
		{ BERTH_E_TYPE, { .function = BERTH_ETHR_REVOKE_ATTRIBUTE, .name = "x", .validity_s = 3 } },
	};

	(void)s;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		CHECK_RC(cases[i].rc, berth_ethr_call_data(&b, &cases[i].c, NULL));
		CHECK_RC(cases[i].rc, berth_ethr_meta_hash(hash, &cases[i].c, &who, 0));
	}
	CHECK(berth_ethr_function_parse("transfer") == BERTH_ETHR__END);
	assert_string_equal(berth_ethr_function_name(BERTH_ETHR__END), "");
	berth_buf_free(&b);
}

/* ---- transactions ---- */

static uint64_t number_of(const struct berth_json *v, const char *key)
{
	const struct berth_json *m = berth_json_get(v, key);
	const char *text = berth_json_str(m);

	return text ? strtoull(text, NULL, 0) : (uint64_t)berth_json_num(m);
}

static bool fits(const struct berth_json *v, const char *key)
{
	const char *text = test_str(v, key);

	return !text || strlen(text) <= 2 + 16;
}

/* data is the caller's. */
static uint8_t *read_tx(struct berth_eth_tx *tx, const struct berth_json *v)
{
	uint8_t *data = unhex(test_str(v, "data") ? test_str(v, "data") + 2 : "", &tx->data_len);

	tx->data = data;
	tx->chain_id = number_of(v, "chainId");
	tx->nonce = number_of(v, "nonce");
	tx->gas_limit = number_of(v, "gasLimit");
	tx->gas_price = number_of(v, "gasPrice");
	tx->max_fee = number_of(v, "maxFeePerGas");
	tx->max_priority_fee = number_of(v, "maxPriorityFeePerGas");
	CHECK_OK(berth_eth_address_parse(&tx->to, test_str(v, "to")));
	return data;
}

static void same_tx(const struct berth_eth_tx *a, const struct berth_eth_tx *b)
{
	CHECK(a->chain_id == b->chain_id && a->nonce == b->nonce && a->gas_limit == b->gas_limit && a->legacy == b->legacy);
	CHECK(a->legacy ? a->gas_price == b->gas_price
			: a->max_fee == b->max_fee && a->max_priority_fee == b->max_priority_fee);
	CHECK(berth_eth_address_equal(&a->to, &b->to));
	CHECK(a->data_len == b->data_len && memcmp(a->data, b->data, a->data_len) == 0);
}

static void check_tx(const struct berth_eth_tx *tx, const struct berth_privkey *key, const char *bare, const char *raw)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_eth_address from, want;
	struct berth_eth_tx again;
	struct berth_eth_sig sig;
	uint8_t hash[32];

	berth_eth_tx_unsigned(&b, tx);
	hex_is(&b, bare);
	CHECK_OK(berth_eth_tx_hash(hash, tx));
	sign(&sig, key, hash);
	berth_buf_reset(&b);
	berth_eth_tx_signed(&b, tx, &sig);
	hex_is(&b, raw);
	CHECK_OK(berth_eth_tx_parse(&again, &from, b.p, b.len));
	same_tx(&again, tx);
	CHECK_OK(berth_eth_address_of(&want, &key->pub));
	CHECK(berth_eth_address_equal(&from, &want));
	berth_buf_free(&b);
}

/* Those that move no value and whose fees are numbers a wallet would pay. */
static bool is_ours(const struct berth_json *v)
{
	return test_str(v, "to") && !berth_json_get(v, "value") && number_of(v, "chainId") && fits(v, "gasPrice") &&
	       fits(v, "maxFeePerGas") && fits(v, "maxPriorityFeePerGas") && fits(v, "gasLimit") && fits(v, "chainId");
}

static void ethers_transactions(void **s)
{
	struct berth_json *root = test_json_file("tests/vectors/ethers/transactions.json");
	size_t legacy = 0, london = 0;

	(void)s;
	berth_json_each(v, root) {
		const struct berth_json *t = berth_json_get(v, "transaction");
		struct berth_eth_tx tx = { .legacy = true };
		struct berth_privkey key;
		uint8_t *data;

		if (!is_ours(t))
			continue;
		private_key(&key, test_str(v, "privateKey"));
		data = read_tx(&tx, t);
		check_tx(&tx, &key, test_str(v, "unsignedEip155"), test_str(v, "signedEip155"));
		legacy++;
		if (!berth_json_get(t, "accessList") && *test_str(v, "unsignedLondon")) {
			tx.legacy = false;
			check_tx(&tx, &key, test_str(v, "unsignedLondon"), test_str(v, "signedLondon"));
			london++;
		}
		berth_privkey_wipe(&key);
		free(data);
	}
	VECTORS("ethers (EIP-155 transactions without value)", legacy, legacy);
	VECTORS("ethers (EIP-1559 transactions without value)", london, london);
	CHECK(legacy >= 20 && london >= 10);
	berth_json_free(root);
}

static void registry_transactions(void **s)
{
	struct berth_json *root = test_json_file("tests/vectors/ethr-did-registry/calls.json");
	struct berth_privkey key;
	size_t count = 0;

	(void)s;
	private_key(&key, test_str(root, "privateKey"));
	berth_json_each(v, berth_json_get(root, "transactions")) {
		struct berth_eth_tx tx = { .legacy = number_of(v, "type") == 0 };
		uint8_t hash[32], want[32], *data = read_tx(&tx, v);
		size_t n;
		uint8_t *raw = unhex(test_str(v, "raw") + 2, &n);

		check_tx(&tx, &key, test_str(v, "unsigned"), test_str(v, "raw"));
		berth_keccak256(hash, raw, n);
		unhex_to(want, 32, test_str(v, "hash") + 2);
		CHECK(memcmp(hash, want, 32) == 0);
		free(raw);
		free(data);
		count++;
	}
	VECTORS("ethr-did-registry (transactions)", count, count);
	CHECK(count == 4);
	berth_privkey_wipe(&key);
	berth_json_free(root);
}

/* The example of EIP-155 moves value, so it is put together here: what is below ours. */
static void eip155_example(void **s)
{
	struct berth_json *root = test_json_file("tests/vectors/ethereum-eip/eip155-example.json");
	struct berth_buf items = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	struct berth_eth_address to, from;
	struct berth_eth_tx tx;
	struct berth_privkey key;
	uint8_t hash[32], want[32], rs[64], recovery;
	size_t n;
	uint8_t *raw = unhex(test_str(root, "signed") + 2, &n);

	(void)s;
	CHECK_OK(berth_eth_address_parse(&to, test_str(root, "to")));
	berth_rlp_put_u64(&items, number_of(root, "nonce"));
	berth_rlp_put_u64(&items, number_of(root, "gasPrice"));
	berth_rlp_put_u64(&items, number_of(root, "gasLimit"));
	berth_rlp_put_bytes(&items, to.b, 20);
	berth_rlp_put_u64(&items, number_of(root, "value"));
	berth_rlp_put_bytes(&items, "", 0);
	berth_rlp_put_u64(&items, number_of(root, "chainId"));
	berth_rlp_put_u64(&items, 0);
	berth_rlp_put_u64(&items, 0);
	berth_rlp_put_list(&b, &items);
	hex_is(&b, test_str(root, "signing_data"));
	berth_keccak256(hash, b.p, b.len);
	unhex_to(want, 32, test_str(root, "signing_hash") + 2);
	CHECK(memcmp(hash, want, 32) == 0);
	private_key(&key, test_str(root, "private_key"));
	CHECK_OK(berth_k1_sign_digest(rs, &key, hash));
	CHECK_OK(berth_k1_find_recovery(&recovery, &key.pub, hash, rs));
	CHECK(recovery == number_of(root, "v") - 37);
	CHECK(memcmp(raw + n - 65, rs, 32) == 0 && memcmp(raw + n - 32, rs + 32, 32) == 0);
	CHECK_RC(BERTH_E_TYPE, berth_eth_tx_parse(&tx, &from, raw, n));	/* it moves value */
	VECTORS("ethereum-eip (eip155)", 1, 1);
	berth_privkey_wipe(&key);
	berth_buf_free(&items);
	berth_buf_free(&b);
	free(raw);
	berth_json_free(root);
}

/* Transactions that nodes must refuse are none of ours either. */
static void refused(const char *path, size_t *count)
{
	struct berth_json *root = test_json_file(path);
	struct berth_eth_address from;
	struct berth_eth_tx tx;

	berth_json_each(v, root) {
		const char *hex = test_str(v, "txbytes");
		size_t n;
		uint8_t *raw = unhex(strncmp(hex, "0x", 2) == 0 ? hex + 2 : hex, &n);

		CHECK_RC(BERTH_E_TYPE, berth_eth_tx_parse(&tx, &from, raw, n));
		free(raw);
		++*count;
	}
	berth_json_free(root);
}

static void malformed_transactions(void **s)
{
	static const char *const folders[] = { "ttWrongRLP", "ttAddress" };
	size_t count = 0;
	char path[512];

	(void)s;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char folder[128];
		DIR *d;
		struct dirent *entry;

		snprintf(folder, sizeof(folder), "tests/vectors/ethereum/TransactionTests/%s", folders[i]);
		assert_non_null(d = opendir(folder));
		while ((entry = readdir(d)))
			if (entry->d_name[0] != '.') {
				snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
				refused(path, &count);
			}
		closedir(d);
	}
	VECTORS("ethereum (ttWrongRLP, ttAddress)", count, count);
	CHECK(count >= 40);
}

static void every_truncation_and_every_byte(void **s)
{
	struct berth_json *root = test_json_file("tests/vectors/ethr-did-registry/calls.json");
	struct berth_eth_address from, right;
	struct berth_eth_tx tx;
	size_t n, other = 0;

	(void)s;
	CHECK_OK(berth_eth_address_parse(&right, test_str(root, "owner")));
	berth_json_each(v, berth_json_get(root, "transactions")) {
		uint8_t *raw = unhex(test_str(v, "raw") + 2, &n);

		for (size_t i = 0; i < n; i++) {
			uint8_t *exact = malloc(i ? i : 1);

			memcpy(exact, raw, i);
			CHECK_RC(BERTH_E_TYPE, berth_eth_tx_parse(&tx, &from, exact, i));
			free(exact);
			raw[i] ^= 1;
			/* whatever it says then, this key did not sign it */
			if (!berth_eth_tx_parse(&tx, &from, raw, n)) {
				CHECK(!berth_eth_address_equal(&from, &right));
				other++;
			}
			raw[i] ^= 1;
		}
		free(raw);
	}
	CHECK(other > 100);
	berth_json_free(root);
}

static void recovery_ids(void **s)
{
	struct berth_privkey key, stranger;
	struct berth_pubkey found;
	uint8_t hash[32] = { 7 }, rs[64], zero[64] = { 0 }, recovery;

	(void)s;
	CHECK_OK(berth_keypair_generate(&key, BERTH_KEY_SECP256K1));
	CHECK_OK(berth_keypair_generate(&stranger, BERTH_KEY_SECP256K1));
	CHECK_OK(berth_k1_sign_digest(rs, &key, hash));
	CHECK_OK(berth_k1_find_recovery(&recovery, &key.pub, hash, rs));
	CHECK_OK(berth_k1_recover(&found, hash, rs, recovery));
	CHECK(berth_pubkey_equal(&found, &key.pub));
	CHECK_OK(berth_k1_recover(&found, hash, rs, recovery ^ 1));
	CHECK(!berth_pubkey_equal(&found, &key.pub));
	CHECK_RC(BERTH_E_SIG, berth_k1_find_recovery(&recovery, &stranger.pub, hash, rs));
	CHECK_RC(BERTH_E_SIG, berth_k1_recover(&found, hash, zero, 0));
	CHECK_RC(BERTH_E_SIG, berth_k1_recover(&found, hash, rs, 4));
	key.type = BERTH_KEY_P256;
	CHECK_RC(BERTH_E_KEY, berth_k1_sign_digest(rs, &key, hash));
	berth_privkey_wipe(&key);
	berth_privkey_wipe(&stranger);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls_and_meta_transactions),
		cmocka_unit_test(only_the_arguments_that_it_has),
		cmocka_unit_test(ethers_transactions),
		cmocka_unit_test(registry_transactions),
		cmocka_unit_test(eip155_example),
		cmocka_unit_test(malformed_transactions),
		cmocka_unit_test(every_truncation_and_every_byte),
		cmocka_unit_test(recovery_ids),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
