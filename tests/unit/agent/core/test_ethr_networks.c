/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/ethr_networks.h"

#include "tests/check.h"

#define ONE "0xdCa7EF03e98e0DC2B855bE647C39ABe984fcF21B"
#define TWO "0x03d5003bf0e79C5F5223588F347ebA39AfbC3818"
#define IDENTITY "0xb9c5714089478a327f09197987f16f9e5d936e8a"
#define ADAPTER "[adapter a]\npath = /a.so\n"

static enum berth_err find(struct berth_ethr_registry *r, const char *conf, const char *did)
{
	struct berth_config *cfg;
	struct berth_ethr_did d;
	enum berth_err rc;

	CHECK_OK(berth_config_parse(&cfg, "test", conf, strlen(conf)));
	CHECK_OK(berth_ethr_did_parse(&d, did));
	rc = berth_ethr_registry_of(r, cfg, &d);
	berth_config_free(cfg);
	return rc;
}

static void finds(uint64_t chain, const char *address, const char *conf, const char *did)
{
	struct berth_ethr_registry r;
	char text[BERTH_ETH_ADDRESS_LEN + 1];

	CHECK_OK(find(&r, conf, did));
	berth_eth_address_format(text, &r.address);
	assert_string_equal(address, text);
	assert_int_equal(chain, r.chain_id);
}

static void a_network_is_found_by_name_and_by_number(void **state)
{
	static const char conf[] = "[adapter web]\npath = /web.so\n" ADAPTER "network = mainnet 1 " ONE " https://a.test\n"
				   "[adapter b]\npath = /b.so\nnetwork-x = dev 1337 " TWO " http://b.test/rpc\n"
				   "network-y = rsk:testnet 31 " ONE "\thttp://c.test\n";
	struct berth_ethr_registry r;

	(void)state;
	finds(1, ONE, conf, "did:ethr:" IDENTITY);
	finds(1, ONE, conf, "did:ethr:mainnet:" IDENTITY);
	finds(1, ONE, conf, "did:ethr:0x1:" IDENTITY);
	finds(1337, TWO, conf, "did:ethr:dev:" IDENTITY);
	finds(1337, TWO, conf, "did:ethr:0x539:" IDENTITY);
	finds(31, ONE, conf, "did:ethr:rsk:testnet:" IDENTITY);
	CHECK_RC(BERTH_E_RESOLVE, find(&r, conf, "did:ethr:sepolia:" IDENTITY));
	CHECK_RC(BERTH_E_RESOLVE, find(&r, conf, "did:ethr:0x2:" IDENTITY));
	CHECK_RC(BERTH_E_RESOLVE, find(&r, "", "did:ethr:" IDENTITY));
}

static void networks_that_are_none_are_e_config(void **state)
{
	static const char *const bad[] = {
		"dev", "dev 1337", "dev 1337 " ONE, "dev 0x539 " ONE " https://a.test", "dev 1337 0x12 https://a.test",
		"dev 1337 " ONE "00 https://a.test", "dev 0 " ONE " https://a.test", "dev 111111111111111111111111 " ONE " https://a.test",
		"dev 1337 0xDca7EF03e98e0DC2B855bE647C39ABe984fcF21B https://a.test",	/* EIP-55 */
		"ddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd 1337 " ONE " https://a.test",
	};
	struct berth_ethr_registry r;
	char conf[512];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(conf, sizeof(conf), ADAPTER "network = %s\n", bad[i]);
		CHECK_RC(BERTH_E_CONFIG, find(&r, conf, "did:ethr:dev:" IDENTITY));
	}
	finds(1337, ONE, ADAPTER "network = dev 1337 " ONE " https://a.test\n", "did:ethr:dev:" IDENTITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_network_is_found_by_name_and_by_number),
		cmocka_unit_test(networks_that_are_none_are_e_config),
	};

	return cmocka_run_group_tests_name("ethr_networks", tests, NULL, NULL);
}
