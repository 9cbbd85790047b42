/* SPDX-License-Identifier: Apache-2.0 */
#include "did/ethr.h"

#include "did/base/json.h"
#include "did/crypto/keypair.h"
#include "tests/fakes/json.h"
#include "tests/unit/did/crypto/hex.h"

static void key_of(struct berth_pubkey *out, const char *hex)
{
	struct berth_privkey k;
	uint8_t b[32];

	unhex_to(b, 32, hex);
	CHECK_OK(berth_keypair_from_private(&k, BERTH_KEY_SECP256K1, b, 32));
	*out = k.pub;
	berth_privkey_wipe(&k);
}

static void accounts_of_keys(void **s)
{
	struct berth_json *root = test_json_file("tests/vectors/ethers/accounts.json");
	struct berth_eth_address a, again;
	struct berth_pubkey key;
	char text[BERTH_ETH_ADDRESS_LEN + 1];
	size_t count = 0;

	(void)s;
	berth_json_each(v, root) {
		key_of(&key, test_str(v, "privateKey") + 2);
		CHECK_OK(berth_eth_address_of(&a, &key));
		berth_eth_address_format(text, &a);
		assert_string_equal(text, test_str(v, "address"));
		CHECK_OK(berth_eth_address_parse(&again, text));
		CHECK(berth_eth_address_equal(&a, &again));
		count++;
	}
	VECTORS("ethers (accounts)", count, berth_json_len(root));
	CHECK(count > 100);
	CHECK_OK(berth_eth_address_of(&a, &key));
	key.type = BERTH_KEY_P256;
	CHECK_RC(BERTH_E_KEY, berth_eth_address_of(&a, &key));
	berth_json_free(root);
}

static void accounts_of_keys_once_more(void **s)
{
	struct berth_json *root = test_json_file("tests/vectors/ethereum/keyaddrtest.json");
	struct berth_eth_address a;
	struct berth_pubkey key;
	size_t count = 0;
	char text[BERTH_ETH_ADDRESS_LEN + 1];

	(void)s;
	berth_json_each(v, root) {
		key_of(&key, test_str(v, "key"));
		CHECK_OK(berth_eth_address_of(&a, &key));
		berth_eth_address_format(text, &a);
		CHECK(strcasecmp(text + 2, test_str(v, "addr")) == 0);
		count++;
	}
	VECTORS("ethereum (keyaddrtest)", count, berth_json_len(root));
	CHECK(count > 0);
	berth_json_free(root);
}

static void eip55(void **s)
{
	static const char *const good[] = {	/* of the EIP */
		"0x52908400098527886E0F7030069857D2E4169EE7", "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
		"0xde709f2102306220921060314715629080e2fb77", "0x27b1fdb04752bbc536007a920d24acb045561c26",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
		"0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
	};
	static const char *const bad[] = {
		"", "0x", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
		"0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedd", "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
		"0x5AAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg",
	};
	struct berth_eth_address a;
	char text[BERTH_ETH_ADDRESS_LEN + 1];

	(void)s;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_OK(berth_eth_address_parse(&a, good[i]));
		berth_eth_address_format(text, &a);
		assert_string_equal(text, good[i]);
	}
	CHECK_OK(berth_eth_address_parse(&a, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"));
	CHECK_OK(berth_eth_address_parse(&a, "0x5AAEB6053F3E94C9B9A09F33669435E7EF1BEAED"));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_TYPE, berth_eth_address_parse(&a, bad[i]));
}

static void quantities_and_data(void **s)
{
	static const char *const bad[] = {
		"", "0", "0x", "0x00", "0x01", "1", "0xg", "0X1", "0x10000000000000000", " 0x1", "0x1 ", "-0x1",
	};
	static const char *const bad_data[] = { "", "0", "00", "0x0", "0xgg", "0x0g", "0X00", "0x00 " };
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t four[4];
	uint64_t v;

	(void)s;
	CHECK_OK(berth_eth_quantity_parse(&v, "0x0"));
	CHECK(v == 0);
	CHECK_OK(berth_eth_quantity_parse(&v, "0xfFffffffffffffff"));
	CHECK(v == UINT64_MAX);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_TYPE, berth_eth_quantity_parse(&v, bad[i]));
	CHECK_OK(berth_eth_data_parse(&b, "0x", 4));
	CHECK_OK(berth_eth_data_parse(&b, "0x00fFA1b2", 4));
	CHECK(b.len == 4 && memcmp(b.p, "\x00\xff\xa1\xb2", 4) == 0);
	CHECK_RC(BERTH_E_SIZE, berth_eth_data_parse(&b, "0x00ffA1b200", 4));
	for (size_t i = 0; i < sizeof(bad_data) / sizeof(bad_data[0]); i++)
		CHECK_RC(BERTH_E_TYPE, berth_eth_data_parse(&b, bad_data[i], 4));
	CHECK(b.len == 4);
	CHECK_OK(berth_eth_data_fixed(four, 4, "0x00fFA1b2"));
	CHECK(memcmp(four, b.p, 4) == 0);
	CHECK_RC(BERTH_E_TYPE, berth_eth_data_fixed(four, 4, "0x00fFA1"));
	CHECK_RC(BERTH_E_TYPE, berth_eth_data_fixed(four, 4, "0x00fFA1b2c3"));
	CHECK_RC(BERTH_E_TYPE, berth_eth_data_fixed(four, 4, "00fFA1b2"));
	berth_buf_free(&b);
}

#define ADDRESS "0xb9c5714089478a327f09197987f16f9e5d936e8a"
#define KEY "0x0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"	/* of 1 */

static void dids(void **s)
{
	struct berth_json *root = test_json_file("tests/vectors/did-ethr/identifiers.json");
	struct berth_ethr_did d;
	struct berth_eth_address a;
	size_t count = 0;

	(void)s;
	CHECK_OK(berth_eth_address_parse(&a, ADDRESS));
	berth_json_each(v, berth_json_get(root, "equivalent")) {
		CHECK_OK(berth_ethr_did_parse(&d, berth_json_str(v)));
		CHECK(d.chain_id == 1 && d.key.type == BERTH_KEY_NONE && berth_eth_address_equal(&d.identity, &a));
		count++;
	}
	VECTORS("did-ethr (identifiers)", count, count);
	CHECK(count == 3);
	CHECK_OK(berth_ethr_did_parse(&d, "did:ethr:0xaa36a7:" KEY));
	CHECK(d.chain_id == 11155111 && strcmp(d.network, "0xaa36a7") == 0 && d.key.type == BERTH_KEY_SECP256K1);
	CHECK_OK(berth_eth_address_parse(&a, "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"));	/* ethers: "one" */
	CHECK(berth_eth_address_equal(&d.identity, &a));
	CHECK_OK(berth_ethr_did_parse(&d, "did:ethr:artis:tau1:" ADDRESS));
	CHECK(d.chain_id == 246785 && strcmp(d.network, "artis:tau1") == 0);
	CHECK_OK(berth_ethr_did_parse(&d, "did:ethr:dev:" ADDRESS));
	CHECK(d.chain_id == 0 && strcmp(d.network, "dev") == 0);
	CHECK_OK(berth_ethr_did_parse(&d, "did:ethr:0xB9C5714089478A327f09197987f16f9e5d936e8a"));	/* case says nothing */
	berth_json_free(root);
}

static void not_dids_of_it(void **s)
{
	static const char *const bad[] = {
		"", "did:ethr:", "did:ethr", "did:eth:" ADDRESS, "did:ethr:0x1:", "did:ethr::" ADDRESS,
		"did:ethr:mainnet", "did:ethr:0x0:" ADDRESS, "did:ethr:0x01:" ADDRESS, "did:ethr:0x:" ADDRESS,
		"did:ethr:0x10000000000000000:" ADDRESS, "did:ethr:0xffffffffffffffff:" ADDRESS,
		"did:ethr:" ADDRESS "0", "did:ethr:" ADDRESS "#controller", "did:ethr:0xb9c5714089478a327f09197987f16f9e5d936e8",
		"did:ethr:b9c5714089478a327f09197987f16f9e5d936e8a", "did:ethr:0X" "b9c5714089478a327f09197987f16f9e5d936e8a",
	};
	struct berth_ethr_did d, zero;

	(void)s;
	memset(&zero, 0, sizeof(zero));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_RC(BERTH_E_DID, berth_ethr_did_parse(&d, bad[i]));
		CHECK(memcmp(&d, &zero, sizeof(d)) == 0);
	}
	/* 0x05 || x: no point */
	CHECK_RC(BERTH_E_KEY, berth_ethr_did_parse(&d, "did:ethr:0x0579be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"));
	CHECK(memcmp(&d, &zero, sizeof(d)) == 0);
}

static void every_truncation_of_a_did(void **s)
{
	static const char did[] = "did:ethr:0x5:" KEY;
	struct berth_ethr_did d;

	(void)s;
	CHECK_OK(berth_ethr_did_parse(&d, did));
	for (size_t n = 0; n < sizeof(did) - 1; n++) {
		char *exact = strndup(did, n);

		if (n == strlen("did:ethr:0x5:") + 42)
			CHECK_OK(berth_ethr_did_parse(&d, exact));	/* as long as an address is */
		else
			CHECK_RC(BERTH_E_DID, berth_ethr_did_parse(&d, exact));
		free(exact);
	}
}

static void a_did_is_made_of_an_account(void **s)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_eth_address a;
	struct berth_ethr_did d;

	(void)s;
	CHECK_OK(berth_eth_address_parse(&a, ADDRESS));
	berth_ethr_did_format(&b, NULL, &a);
	CHECK(strcasecmp(berth_buf_cstr(&b), "did:ethr:" ADDRESS) == 0);
	berth_buf_reset(&b);
	berth_ethr_did_format(&b, "sepolia", &a);
	CHECK_OK(berth_ethr_did_parse(&d, berth_buf_cstr(&b)));
	CHECK(d.chain_id == 11155111 && berth_eth_address_equal(&d.identity, &a));
	berth_buf_free(&b);
}

static void registries(void **s)
{
	static const char *const bad[] = {
		"", ":", "1", "1:", ADDRESS, ":" ADDRESS, "0:" ADDRESS, "01:" ADDRESS, "-1:" ADDRESS, "0x1:" ADDRESS,
		"1 :" ADDRESS, "1: " ADDRESS, "9999999999999999999:" ADDRESS, "1:0xDCA7ef03e98e0dc2b855be647c39abe984fcf21b",
		"99999999999999999999999:" ADDRESS,
	};
	struct berth_ethr_registry r;
	struct berth_eth_address a;

	(void)s;
	CHECK_OK(berth_ethr_registry_parse(&r, "1337:0xdca7ef03e98e0dc2b855be647c39abe984fcf21b"));
	CHECK_OK(berth_eth_address_parse(&a, "0xdCa7EF03e98e0DC2B855bE647C39ABe984fcF21B"));
	CHECK(r.chain_id == 1337 && berth_eth_address_equal(&r.address, &a));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_CONFIG, berth_ethr_registry_parse(&r, bad[i]));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accounts_of_keys),
		cmocka_unit_test(accounts_of_keys_once_more),
		cmocka_unit_test(eip55),
		cmocka_unit_test(quantities_and_data),
		cmocka_unit_test(dids),
		cmocka_unit_test(not_dids_of_it),
		cmocka_unit_test(every_truncation_of_a_did),
		cmocka_unit_test(a_did_is_made_of_an_account),
		cmocka_unit_test(registries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
