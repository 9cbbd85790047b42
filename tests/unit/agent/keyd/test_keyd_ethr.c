/* SPDX-License-Identifier: Apache-2.0 */
/* What keyd signs for did:ethr: fields in, a transaction to a registry that it was told of
 * when it was started, and to nobody else. */
#include "sealed.h"

#include "agent/ipc/keyd_proto.h"
#include "did/crypto/keccak.h"
#include "did/crypto/keypair.h"
#include "did/crypto/recover.h"
#include "did/ethr_tx.h"

#define REGISTRY "0xdCa7EF03e98e0DC2B855bE647C39ABe984fcF21B"
#define OTHER "0x03d5003bf0e79C5F5223588F347ebA39AfbC3818"

static struct berth_buf raw, hash;

static int with_registries(void **state)
{
	(void)state;
	return up_with("1337:" REGISTRY, "11155111:" OTHER);
}

static int done(void **state)
{
	berth_buf_free(&raw);
	berth_buf_free(&hash);
	return down(state);
}

static struct berth_pubkey made(const char *name, enum berth_key_type type, unsigned purposes)
{
	return ensure(name, type, BERTH_USAGE_SIGN, purposes).pub;
}

static struct berth_ethr_order order(const struct berth_pubkey *owner)
{
	static const uint8_t value[] = "https://hubs.example";
	struct berth_ethr_order o = {
		.call = { .function = BERTH_ETHR_SET_ATTRIBUTE, .name = "did/svc/Hub", .value = value,
			  .value_len = sizeof(value) - 1, .validity_s = 86400 },
		.nonce = 3, .gas_limit = 100000, .max_fee = 30, .max_priority_fee = 2
	};

	CHECK_OK(berth_ethr_registry_parse(&o.registry, "1337:" REGISTRY));
	if (owner)
		CHECK_OK(berth_eth_address_of(&o.call.identity, owner));
	return o;
}

static enum berth_err sign(const char *name, const struct berth_ethr_order *o)
{
	berth_buf_reset(&raw);
	berth_buf_reset(&hash);
	return keys->ops->sign_ethr(keys, name, o, &raw, &hash);
}

static void a_transaction_of_its_fields(void **state)
{
	struct berth_pubkey key = made("op-0-1", BERTH_KEY_SECP256K1, PURPOSE(ETHR));
	struct berth_ethr_order o = order(&key);
	struct berth_buf data = BERTH_BUF_INIT;
	struct berth_eth_address from;
	struct berth_eth_tx tx;
	uint8_t want[32];

	(void)state;
	for (int legacy = 0; legacy < 2; legacy++) {
		o.legacy = legacy;
		o.gas_price = legacy ? 30 : 0;
		o.max_fee = o.max_priority_fee = legacy ? 0 : 30;
		CHECK_OK(sign("op-0-1", &o));
		CHECK_OK(berth_eth_tx_parse(&tx, &from, raw.p, raw.len));
		CHECK(berth_eth_address_equal(&from, &o.call.identity));	/* the account of the key */
		CHECK(berth_eth_address_equal(&tx.to, &o.registry.address) && tx.chain_id == 1337);
		CHECK(tx.nonce == 3 && tx.gas_limit == 100000 && tx.legacy == legacy);
		CHECK(legacy ? tx.gas_price == 30 : tx.max_fee == 30 && tx.max_priority_fee == 30);
		berth_buf_reset(&data);
		CHECK_OK(berth_ethr_call_data(&data, &o.call, NULL));
		CHECK(data.len == tx.data_len && memcmp(data.p, tx.data, data.len) == 0);
		berth_keccak256(want, raw.p, raw.len);
		CHECK(hash.len == 32 && memcmp(hash.p, want, 32) == 0);
	}
	berth_buf_free(&data);
}

static void a_signature_for_anothers_transaction(void **state)
{
	struct berth_pubkey key = made("op-0-1", BERTH_KEY_SECP256K1, PURPOSE(ETHR)), found;
	struct berth_ethr_order o = order(&key);
	uint8_t want[32];

	(void)state;
	o.meta = true;
	o.gas_limit = o.max_fee = o.max_priority_fee = 0;
	CHECK_OK(sign("op-0-1", &o));
	CHECK_OK(berth_ethr_meta_hash(want, &o.call, &o.registry.address, o.nonce));
	CHECK(hash.len == 32 && memcmp(hash.p, want, 32) == 0 && raw.len == 65);
	CHECK_OK(berth_k1_recover(&found, want, raw.p, raw.p[64]));
	CHECK(berth_pubkey_equal(&found, &key));
}

/* Chain and address together are what it was told of. */
static void only_to_the_registries_it_was_told_of(void **state)
{
	struct berth_pubkey key = made("op-0-1", BERTH_KEY_SECP256K1, PURPOSE(ETHR));
	struct berth_ethr_order o = order(&key), meta = o;

	(void)state;
	CHECK_OK(sign("op-0-1", &o));
	CHECK_OK(berth_ethr_registry_parse(&o.registry, "1337:" OTHER));
	CHECK_RC(BERTH_E_AUTHZ, sign("op-0-1", &o));
	CHECK(raw.len == 0 && hash.len == 0);
	CHECK_OK(berth_ethr_registry_parse(&o.registry, "1:" REGISTRY));
	CHECK_RC(BERTH_E_AUTHZ, sign("op-0-1", &o));
	CHECK_OK(berth_ethr_registry_parse(&o.registry, "11155111:" OTHER));
	CHECK_OK(sign("op-0-1", &o));
	meta.meta = true;
	meta.gas_limit = meta.max_fee = meta.max_priority_fee = 0;
	CHECK_OK(sign("op-0-1", &meta));
	meta.registry.address.b[19] ^= 1;
	CHECK_RC(BERTH_E_AUTHZ, sign("op-0-1", &meta));
}

static void nothing_dearer_than_it_was_told(void **state)
{
	struct berth_pubkey key = made("op-0-1", BERTH_KEY_SECP256K1, PURPOSE(ETHR));
	struct berth_ethr_order o = order(&key);

	(void)state;
	o.max_fee = BERTH_KEYCLIENT_FEE_GWEI * UINT64_C(1000000000);
	CHECK_OK(sign("op-0-1", &o));
	o.max_fee++;
	CHECK_RC(BERTH_E_QUOTA, sign("op-0-1", &o));
	o.legacy = true;
	o.gas_price = o.max_fee;
	o.max_fee = o.max_priority_fee = 0;
	CHECK_RC(BERTH_E_QUOTA, sign("op-0-1", &o));
	o.gas_price--;
	CHECK_OK(sign("op-0-1", &o));
}

static void with_no_registry_there_is_no_transaction(void **state)
{
	struct berth_pubkey key;
	struct berth_ethr_order o;

	(void)state;
	up_with(NULL, NULL);
	key = made("op-0-1", BERTH_KEY_SECP256K1, PURPOSE(ETHR));
	o = order(&key);
	CHECK_RC(BERTH_E_AUTHZ, sign("op-0-1", &o));
	done(NULL);
	up_with("1337:" REGISTRY, NULL);
	key = made("op-0-1", BERTH_KEY_SECP256K1, PURPOSE(ETHR));
	o = order(&key);
	CHECK_OK(sign("op-0-1", &o));
	done(NULL);
}

static void only_keys_that_were_made_for_it(void **state)
{
	struct berth_pubkey key = made("op-0-1", BERTH_KEY_SECP256K1, PURPOSE(ETHR));
	struct berth_ethr_order o = order(&key);

	(void)state;
	made("op-0-2", BERTH_KEY_SECP256K1, PURPOSE(VC) | PURPOSE(DIDCOMM));
	made("op-0-3", BERTH_KEY_P256, PURPOSE(ETHR));
	CHECK_OK(sign("op-0-1", &o));
	CHECK_RC(BERTH_E_AUTHZ, sign("op-0-2", &o));
	CHECK_RC(BERTH_E_KEY, sign("op-0-3", &o));
	CHECK_RC(BERTH_E_KEYSTORE, sign("op-0-4", &o));
	CHECK(raw.len == 0 && hash.len == 0);
}

/* And such a key signs nothing else: no bytes come to it from outside. */
static void a_key_of_transactions_signs_no_text(void **state)
{

	(void)state;
	made("op-0-1", BERTH_KEY_SECP256K1, PURPOSE(ETHR));
	CHECK_OK(keys->ops->bind(keys, "did:example:a#k", "op-0-1"));
	CHECK_RC(BERTH_E_AUTHZ, ring->ops->sign(ring, "did:example:a#k", BERTH_SIGN_ETHR, "{}", 2, &raw, &hash));
	CHECK_RC(BERTH_E_AUTHZ, ring->ops->sign(ring, "did:example:a#k", BERTH_SIGN_VC, "{}", 2, &raw, &hash));
	CHECK(raw.len == 0 && hash.len == 0);
}

/* A core that was taken over does not ask whether an order can be meant. */
static enum berth_err ask_keyd(const char *name, const struct berth_ethr_order *o)
{
	const struct berth_keyd_request r = { .op = BERTH_KEYD_SIGN_ETHR, .name = name, .ethr = *o };
	struct berth_buf request = BERTH_BUF_INIT, answer = BERTH_BUF_INIT;
	struct berth_ipc ipc;
	enum berth_err rc;

	berth_ipc_init(&ipc, dup(berth_keyclient_fd(kc)));
	ipc.seq = 1000;
	berth_keyd_encode(&request, &r);
	rc = berth_ipc_call(&ipc, BERTH_KEYD_SIGN_ETHR, &request, 5000, &answer);
	berth_ipc_close(&ipc);
	berth_buf_free(&request);
	berth_buf_free(&answer);
	return rc;
}

static void keyd_judges_the_order_itself(void **state)
{
	struct berth_pubkey key = made("op-0-1", BERTH_KEY_SECP256K1, PURPOSE(ETHR));
	struct berth_ethr_order good = order(&key), o = good;

	(void)state;
	CHECK_OK(ask_keyd("op-0-1", &o));
	o.gas_limit = BERTH_ETHR_GAS_MAX + 1;
	CHECK_RC(BERTH_E_TYPE, ask_keyd("op-0-1", &o));
	o = good;
	o.gas_price = 1;
	CHECK_RC(BERTH_E_TYPE, ask_keyd("op-0-1", &o));
	o = good;
	o.call.party = o.call.identity;
	CHECK_RC(BERTH_E_TYPE, ask_keyd("op-0-1", &o));
	o = good;
	o.call.name = NULL;
	CHECK_RC(BERTH_E_TYPE, ask_keyd("op-0-1", &o));
	CHECK_OK(ask_keyd("op-0-1", &good));
	/* and what cannot be meant does not leave a core that was not */
	CHECK_RC(BERTH_E_TYPE, sign("op-0-1", &o));
}

static void registries_are_told_at_the_start(void **state)
{
	const struct berth_keystore_config cfg = { .uri = uri, .passphrase_file = pass, .create = true };
	struct berth_keyclient *c;

	(void)state;
	CHECK_OK(berth_keyclient_new(&c, &cfg));
	CHECK_RC(BERTH_E_CONFIG, berth_keyclient_allow_registry(c, REGISTRY));
	for (int i = 0; i < BERTH_KEYD_REGISTRIES_MAX; i++)
		CHECK_OK(berth_keyclient_allow_registry(c, "1:" REGISTRY));
	CHECK_RC(BERTH_E_CONFIG, berth_keyclient_allow_registry(c, "1:" REGISTRY));
	berth_keyclient_free(c);
}

#define WITH_REGISTRIES(t) cmocka_unit_test_setup_teardown(t, with_registries, done)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_REGISTRIES(a_transaction_of_its_fields),
		WITH_REGISTRIES(a_signature_for_anothers_transaction),
		WITH_REGISTRIES(only_to_the_registries_it_was_told_of),
		WITH_REGISTRIES(nothing_dearer_than_it_was_told),
		cmocka_unit_test(with_no_registry_there_is_no_transaction),
		WITH_REGISTRIES(only_keys_that_were_made_for_it),
		WITH_REGISTRIES(a_key_of_transactions_signs_no_text),
		WITH_REGISTRIES(keyd_judges_the_order_itself),
		cmocka_unit_test(registries_are_told_at_the_start),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
