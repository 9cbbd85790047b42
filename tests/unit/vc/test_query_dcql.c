/* SPDX-License-Identifier: Apache-2.0 */
/* DCQL over the test wallet. */
#include "tests/unit/vc/wallet.h"

#define ONE(more) "{\"credentials\":[" CRED("q", more) "]}"

static void dcql_claims(void **state)
{
	(void)state;
	expect("{\"dcql_query\":" ONE(",\"claims\":[{\"path\":[\"family_name\"],\"values\":[\"Smith\",\"Doe\"]}]") "}", false,
	       "q: doe /family_name | smith /family_name | john /family_name");
	expect(ONE(",\"claims\":[{\"path\":[\"nationalities\",null]}]"), false, "q: doe /nationalities/0 /nationalities/1");
	expect(ONE(",\"claims\":[{\"path\":[\"nationalities\",null],\"values\":[\"DE\"]}]"), false, "q: doe /nationalities/1");
	expect(ONE(",\"claims\":[{\"path\":[\"age\"],\"values\":[84]}]"), false, "q: doe /age");
	/* type and value */
	expect_rc(BERTH_E_NOMATCH, ONE(",\"claims\":[{\"path\":[\"age\"],\"values\":[\"84\"]}]"), false);
	expect_rc(BERTH_E_NOMATCH, ONE(",\"claims\":[{\"path\":[\"age\",\"x\"]}]"), false);
	expect_rc(BERTH_E_NOMATCH, ONE(",\"claims\":[{\"path\":[\"family_name\"]},{\"path\":[\"nothing\"]}]"), false);
	/* without claims, nothing that can be withheld */
	expect(ONE(",\"multiple\":true,\"claims\":[{\"path\":[\"jobs\",0,\"active\"]}]"), false, "q: job /jobs/0/active");
	expect("{\"credentials\":[{\"id\":\"q\",\"format\":\"dc+sd-jwt\",\"meta\":{\"vct_values\":[\"urn:job\"]}}]}", false, "q: job");
	expect("{\"credentials\":[{\"id\":\"q\",\"format\":\"dc+sd-jwt\",\"meta\":{\"vct_values\":[\"urn:x\",\"urn:job\"]}}],"
	       "\"unknown\":1}", false, "q: job");
}

static void dcql_types_and_formats(void **state)
{
	(void)state;
	expect("{\"credentials\":[{\"id\":\"q\",\"format\":\"jwt_vc_json\",\"meta\":{\"type_values\":[[\"Nothing\"],"
	       "[\"VerifiableCredential\",\"<the type of VC e.g. degree certificate>\"]]}}]}", false, "q: degree");
	expect("{\"credentials\":[{\"id\":\"q\",\"format\":\"ldp_vc\",\"meta\":{\"type_values\":[["
	       "\"https://www.w3.org/2018/credentials#VerifiableCredential\",\"IDCredential\"]]}}]}", false, "q: id-ldp");
	expect_rc(BERTH_E_NOMATCH, "{\"credentials\":[{\"id\":\"q\",\"format\":\"ldp_vc\",\"meta\":{\"type_values\":"
		  "[[\"IDCredential\",\"Other\"]]}}]}", false);
	expect_rc(BERTH_E_NOMATCH, "{\"credentials\":[{\"id\":\"q\",\"format\":\"of_the_future\",\"meta\":{}}]}", false);
}

/* A credential with no key or DID of a holder. */
static void dcql_holder_binding(void **state)
{
	(void)state;
	expect(ONE(",\"require_cryptographic_holder_binding\":false,\"claims\":[{\"path\":[\"name\"]}]"), false, "q: job /name");
	expect(ONE(",\"claims\":[{\"path\":[\"name\"]}]"), false, "q: job /name");
	expect_rc(BERTH_E_NOMATCH, ONE(",\"require_cryptographic_holder_binding\":true,\"claims\":[{\"path\":[\"name\"]}]"), false);
	expect(ONE(",\"require_cryptographic_holder_binding\":true"), false, "q: doe | smith");
}

static void dcql_authorities(void **state)
{
	(void)state;
	expect_rc(BERTH_E_NOMATCH, ONE(",\"trusted_authorities\":[{\"type\":\"aki\",\"values\":[\"s9tIpPmhxdiuNkHMEWNpYim8S8Y\"]}]"),
		  false);
	expect("{\"credentials\":[{\"id\":\"q\",\"format\":\"jwt_vc_json\",\"meta\":{},\"trusted_authorities\":[{\"type\":\"aki\","
	       "\"values\":[\"x\"]},{\"type\":\"openid_federation\",\"values\":[\"https://example.gov/issuers/565049\"]}]}]}", false,
	       "q: id-jwt");
}

static void dcql_credential_sets(void **state)
{
	(void)state;
	expect(SETS("{\"options\":[[\"doe\"],[\"job\"]]}"), false, "doe: smith /family_name");
	expect(SETS("{\"options\":[[\"none\"],[\"doe\",\"none\"],[\"job\",\"doe\"]]}"), false,
	       "doe: smith /family_name; job: job /jobs");
	expect(SETS("{\"options\":[[\"doe\"]]},{\"options\":[[\"none\"],[\"job\"]],\"required\":false}"), false,
	       "doe: smith /family_name; job?: job /jobs");
	expect(SETS("{\"options\":[[\"doe\"]]},{\"options\":[[\"none\"]],\"required\":false}"), false, "doe: smith /family_name");
	expect_rc(BERTH_E_NOMATCH, SETS("{\"options\":[[\"doe\"]]},{\"options\":[[\"none\"]]}"), false);
	expect_rc(BERTH_E_NOMATCH, SETS("{\"options\":[[\"none\"]],\"required\":false}"), false);
	expect_rc(BERTH_E_NOMATCH, "{\"credentials\":[" DOE "," NONE "]}", false);
}

static void dcql_that_is_none(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"credentials\":[]}", "{\"credentials\":{}}", "{\"credentials\":[1]}", "{\"credentials\":[{}]}",
		"{\"credentials\":[{\"id\":\"a b\",\"format\":\"x\",\"meta\":{}}]}", "{\"credentials\":[{\"id\":\"\",\"format\":\"x\",\"meta\":{}}]}",
		"{\"credentials\":[{\"id\":\"a\",\"meta\":{}}]}", "{\"credentials\":[{\"id\":\"a\",\"format\":\"x\"}]}",
		"{\"credentials\":[{\"id\":\"a\",\"format\":\"x\",\"meta\":[]}]}",
		"{\"credentials\":[" CRED("a", "") "," CRED("a", "") "]}",
		ONE(",\"multiple\":1"), ONE(",\"claims\":[]"), ONE(",\"claims\":[{}]"), ONE(",\"claims\":[{\"path\":[]}]"),
		ONE(",\"claims\":[{\"path\":\"a\"}]"), ONE(",\"claims\":[{\"path\":[-1]}]"), ONE(",\"claims\":[{\"path\":[1.5]}]"),
		ONE(",\"claims\":[{\"path\":[true]}]"), ONE(",\"claims\":[{\"path\":[\"a\"],\"values\":[]}]"),
		ONE(",\"claims\":[{\"path\":[\"a\"],\"values\":[1.5]}]"), ONE(",\"claims\":[{\"path\":[\"a\"],\"values\":[{}]}]"),
		ONE(",\"claims\":[{\"path\":[\"a\"],\"id\":\"x y\"}]"),
		ONE(",\"claims\":[{\"path\":[\"a\"],\"id\":\"x\"},{\"path\":[\"b\"],\"id\":\"x\"}]"),
		ONE(",\"claim_sets\":[[\"a\"]]"), ONE(",\"claims\":[{\"path\":[\"a\"]}],\"claim_sets\":[[\"a\"]]"),
		ONE(",\"claims\":[{\"path\":[\"a\"],\"id\":\"a\"}],\"claim_sets\":[[\"b\"]]"),
		ONE(",\"claims\":[{\"path\":[\"a\"],\"id\":\"a\"}],\"claim_sets\":[[]]"),
		ONE(",\"claims\":[{\"path\":[\"a\"],\"id\":\"a\"}],\"claim_sets\":[]"),
		ONE(",\"trusted_authorities\":[]"), ONE(",\"trusted_authorities\":[{\"type\":\"aki\"}]"),
		ONE(",\"trusted_authorities\":[{\"values\":[\"a\"]}]"), ONE(",\"require_cryptographic_holder_binding\":\"yes\""),
		"{\"credentials\":[{\"id\":\"a\",\"format\":\"x\",\"meta\":{\"vct_values\":[]}}]}",
		"{\"credentials\":[{\"id\":\"a\",\"format\":\"x\",\"meta\":{\"vct_values\":[1]}}]}",
		"{\"credentials\":[{\"id\":\"a\",\"format\":\"x\",\"meta\":{\"type_values\":[\"a\"]}}]}",
		SETS(""), SETS("{}"), SETS("{\"options\":[]}"), SETS("{\"options\":[[]]}"), SETS("{\"options\":[\"doe\"]}"),
		SETS("{\"options\":[[\"who\"]]}"), SETS("{\"options\":[[\"doe\"]],\"required\":1}"),
		"{\"dcql_query\":[]}", "[]",
	};

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		expect_rc(BERTH_E_TYPE, bad[i], false);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dcql_claims),
		cmocka_unit_test(dcql_types_and_formats),
		cmocka_unit_test(dcql_holder_binding),
		cmocka_unit_test(dcql_authorities),
		cmocka_unit_test(dcql_credential_sets),
		cmocka_unit_test(dcql_that_is_none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
