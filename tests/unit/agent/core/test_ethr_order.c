/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/core/ethr_order.h"

#include "tests/check.h"

#define REGISTRY "1337:0x3e2c4eBAf62fDe37E371A455b0e3059A7d29Aff3"
#define ADDRESS "0xb9c5714089478a327f09197987f16f9e5d936e8a"

static struct berth_json *parse(const char *text)
{
	struct berth_json *j;

	CHECK_OK(berth_json_parse_object(&j, text, strlen(text), BERTH_JSON_MAX));
	return j;
}

/* What is read is written the same. */
static void orders_go_both_ways(void **state)
{
	static const char *const orders[] = {
		"{\"registry\":\"" REGISTRY "\",\"function\":\"changeOwner\",\"identity\":\"" ADDRESS "\",\"nonce\":\"0x0\",\"gas\":\"0xf000\",\"gasPrice\":\"0x1\"}",
		"{\"registry\":\"" REGISTRY "\",\"function\":\"changeOwner\",\"identity\":\"" ADDRESS "\",\"party\":\"" ADDRESS "\",\"nonce\":\"0x7\",\"meta\":true}",
		"{\"registry\":\"" REGISTRY "\",\"function\":\"addDelegate\",\"identity\":\"" ADDRESS "\",\"party\":\"" ADDRESS "\",\"label\":\"veriKey\","
		"\"nonce\":\"0x7\",\"validity\":\"0x10\",\"gas\":\"0xf000\",\"maxFeePerGas\":\"0x2\",\"maxPriorityFeePerGas\":\"0x1\"}",
		"{\"registry\":\"" REGISTRY "\",\"function\":\"revokeAttribute\",\"identity\":\"" ADDRESS "\",\"label\":\"did/svc/Hub\",\"value\":\"0x6162\","
		"\"nonce\":\"0xffffffffffffffff\",\"gas\":\"0xf000\",\"maxFeePerGas\":\"0x2\",\"owner\":\"0x"
		"11111111111111111111111111111111111111111111111111111111111111112222222222222222222222222222222222222222222222222222222222222222" "01\"}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct berth_json *in = parse(orders[i]), *out;
		struct berth_ethr_order_json o;

		CHECK_OK(berth_ethr_order_read(&o, in));
		CHECK_OK(berth_ethr_order_check(&o.order));
		CHECK_OK(berth_ethr_order_write(&out, &o.order));
		CHECK(berth_json_equal(in, out));
		berth_json_free(out);
		berth_json_free(in);
		berth_ethr_order_json_free(&o);
	}
}

static void every_member_is_checked(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"registry\":\"" REGISTRY "\",\"function\":\"changeOwner\",\"identity\":\"" ADDRESS "\"}",
#define WITH(member) "{\"registry\":\"" REGISTRY "\",\"function\":\"changeOwner\",\"identity\":\"" ADDRESS "\",\"nonce\":\"0x0\"," member "}"
		WITH("\"value\":\"0x0\""), WITH("\"gas\":7"), WITH("\"gas\":\"0x10000000000000000\""), WITH("\"gas\":\"0x00\""),
		WITH("\"party\":\"0x12\""), WITH("\"label\":\"123456789012345678901234567890123\""), WITH("\"owner\":\"0x1122\""),
		WITH("\"meta\":\"yes\""), WITH("\"chainId\":\"0x1\""), WITH("\"data\":\"0x\""), WITH("\"party\":null"),
	};
	struct berth_json *good = parse(WITH("\"gas\":\"0xffffffffffffffff\""));
	struct berth_ethr_order_json o;

	(void)state;
	CHECK_OK(berth_ethr_order_read(&o, good));
	CHECK(o.order.gas_limit == UINT64_MAX);
	berth_ethr_order_json_free(&o);
	berth_json_free(good);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct berth_json *in = parse(bad[i]);

		CHECK_RC(BERTH_E_TYPE, berth_ethr_order_read(&o, in));
		berth_json_free(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_go_both_ways),
		cmocka_unit_test(every_member_is_checked),
	};

	return cmocka_run_group_tests_name("ethr_order", tests, NULL, NULL);
}
