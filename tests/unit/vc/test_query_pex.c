/* SPDX-License-Identifier: Apache-2.0 */
/* Presentation Exchange over the test wallet. */
#include "tests/unit/vc/wallet.h"

static void pex_fields(void **state)
{
	(void)state;
	/* the first path that has it; its first value only */
	expect(DEF(DESC("a", FIELDS("{\"path\":[\"$.none\",\"$.jobs[*].title\",\"$.name\"]}"))), true, "a: job /jobs/0/title");
	expect_rc(BERTH_E_NOMATCH, DEF(DESC("a", FIELDS(FIELD("$.jobs[*].active", ",\"filter\":{\"const\":false}")))), true);
	expect(DEF(DESC("a", FIELDS("{\"path\":[\"$.name\",\"$.jobs[1].active\"],\"filter\":{\"type\":\"boolean\"}}"))), true,
	       "a: job /jobs/1/active");
	/* what is optional is not asked of the holder */
	expect(DEF(DESC("a", FIELDS(FIELD("$.jobs", "") "," FIELD("$.name", ",\"optional\":true")))), true, "a: job /jobs");
	expect(DEF(DESC("a", FIELDS(FIELD("$.jobs", "") "," FIELD("$.none", ",\"optional\":true")))), true, "a: job /jobs");
	expect_rc(BERTH_E_NOMATCH, DEF(DESC("a", FIELDS(FIELD("$.jobs", "") "," FIELD("$.none", "")))), true);
	expect("{\"presentation_definition\":" DEF(DESC("a", FIELDS(FIELD("$..title", "")))) ",\"comment\":1}", true,
	       "a: job /jobs/0/title");
	/* of a VC-JWT the claims, or the credential in it */
	expect(DEF(DESC("a", FIELDS(FIELD("$.vc.credentialSubject.birthdate", "")))), true, "a: id-jwt /vc/credentialSubject/birthdate");
	expect(DEF(DESC("a", FIELDS(FIELD("$.credentialSubject.dateOfBirth", "")))), true, "a: uribe /credentialSubject/dateOfBirth");
}

static void pex_formats(void **state)
{
	static const char any[] = "\"constraints\":{" FIELDS(FIELD("$.credentialSubject.birthdate", "")) "}";
	static const struct { const char *format, *want; } cases[] = {
		{ "{\"ldp_vc\":{\"proof_type\":[\"DataIntegrityProof\"]}}", "a: id-ldp /credentialSubject/birthdate" },
		{ "{\"ldp_vc\":{\"proof_type\":[\"eddsa-rdfc-2022\"]}}", "a: id-ldp /credentialSubject/birthdate" },
		{ "{\"ldp_vc\":{\"proof_type\":[\"JsonWebSignature2020\"]}}", NULL },
		{ "{\"jwt_vc\":{\"alg\":[\"ES256\",\"EdDSA\"]}}", "a: id-jwt /credentialSubject/birthdate" },
		{ "{\"jwt_vc\":{\"alg\":[\"ES256\"]}}", NULL },
		{ "{\"jwt_vp\":{\"alg\":[\"EdDSA\"]},\"mso_mdoc\":{\"alg\":[\"ES256\"]}}", NULL },
		{ "{\"jwt_vc_json\":{}}", "a: id-jwt /credentialSubject/birthdate" },
	};
	char query[1024];

	(void)state;
	for (size_t i = 0; i < N(cases); i++)
		for (int top = 0; top < 2; top++) {
			snprintf(query, sizeof(query), "{\"id\":\"d\"%s%s,\"input_descriptors\":[{\"id\":\"a\"%s%s,%s}]}",
				 top ? ",\"format\":" : "", top ? cases[i].format : "", top ? "" : ",\"format\":",
				 top ? "" : cases[i].format, any);
			if (cases[i].want)
				expect(query, true, cases[i].want);
			else
				expect_rc(BERTH_E_NOMATCH, query, true);
		}
}

static void pex_constraints(void **state)
{
	(void)state;
	/* limited to what is asked for: only what can withhold the rest */
	expect_rc(BERTH_E_NOMATCH, DEF(DESC("a", "\"limit_disclosure\":\"required\"," FIELDS(FIELD("$.termsOfUse", "")))), true);
	expect(DEF(DESC("a", "\"limit_disclosure\":\"preferred\"," FIELDS(FIELD("$.termsOfUse", "")))), true, "a: card /termsOfUse");
	expect(DEF(DESC("a", "\"limit_disclosure\":\"required\"," FIELDS(FIELD("$.name", "")))), true, "a: job /name");
	/* nothing of ours derives predicates */
	expect_rc(BERTH_E_NOMATCH, DEF(DESC("a", FIELDS(FIELD("$.age", ",\"filter\":{\"minimum\":18},\"predicate\":\"required\"")))),
		  true);
	expect(DEF(DESC("a", FIELDS(FIELD("$.age", ",\"filter\":{\"minimum\":18},\"predicate\":\"preferred\"")))), true, "a: doe /age");
	expect_rc(BERTH_E_NOMATCH, DEF(DESC("a", "\"subject_is_issuer\":\"required\"")), true);
	expect(DEF(DESC("a", "\"is_holder\":[{\"field_id\":[\"n\"],\"directive\":\"required\"}],"
			FIELDS(FIELD("$.given_name", ",\"id\":\"n\"")))), true, "a: doe /given_name | smith /given_name");
	expect(DEF(DESC("a", "\"same_subject\":[{\"field_id\":[\"n\",\"d\"],\"directive\":\"required\"}],"
			FIELDS(FIELD("$.credentialSubject.dob", ",\"id\":\"n\"") "," FIELD("$.issuer", ",\"id\":\"d\"")))), true,
	       "a: license /credentialSubject/dob /issuer | citizen /credentialSubject/dob /issuer");
	expect(DEF(DESC("a", "\"same_subject\":[{\"field_id\":[\"of-another\"],\"directive\":\"preferred\"}]," FIELDS(FIELD("$.name", "")))),
	       true, "a: job /name");
	expect_rc(BERTH_E_NOMATCH, DEF(DESC("a", "\"is_holder\":[{\"field_id\":[\"n\"],\"directive\":\"required\"}],"
					    FIELDS(FIELD("$.name", ",\"id\":\"n\"")))), true);
	expect(DEF(DESC("a", "\"statuses\":{\"active\":{\"directive\":\"required\"},\"revoked\":{\"directive\":\"disallowed\"}},"
			FIELDS(FIELD("$.name", "")))), true, "a: job /name");
}

static void pex_requirements(void **state)
{
	(void)state;
	expect(REQS("{\"rule\":\"pick\",\"count\":1,\"from\":\"A\"}", TWO), true, "i1: job /name");
	expect(REQS("{\"rule\":\"pick\",\"min\":2,\"from\":\"A\"}", TWO), true, "i1: job /name; i2: job /jobs");
	expect_rc(BERTH_E_NOMATCH, REQS("{\"rule\":\"pick\",\"min\":3,\"from\":\"A\"}", TWO), true);
	expect_rc(BERTH_E_NOMATCH, REQS("{\"rule\":\"all\",\"from\":\"A\"}", TWO), true);
	expect(REQS("{\"rule\":\"all\",\"from\":\"B\"}", TWO), true, "i2: job /jobs; i3: card /termsOfUse");
	/* exactly one of each group: i1 and i2 would be two of A */
	expect(REQS("{\"rule\":\"pick\",\"count\":1,\"from\":\"A\"},{\"rule\":\"pick\",\"count\":1,\"from\":\"B\"}", TWO), true,
	       "i1: job /name; i3: card /termsOfUse");
	expect_rc(BERTH_E_NOMATCH, REQS("{\"rule\":\"all\",\"from\":\"B\"},{\"rule\":\"pick\",\"count\":1,\"from\":\"A\"},"
					"{\"rule\":\"pick\",\"count\":1,\"from\":\"B\"}", TWO), true);
	expect(REQS("{\"rule\":\"pick\",\"max\":1,\"from\":\"B\"}", TWO), true, "i2: job /jobs");
	expect(REQS("{\"rule\":\"pick\",\"min\":0,\"from\":\"B\"},{\"rule\":\"pick\",\"count\":1,\"from\":\"A\"}", TWO), true,
	       "i1: job /name; i3?: card /termsOfUse");
	expect(REQS("{\"rule\":\"pick\",\"count\":1,\"from_nested\":[{\"rule\":\"all\",\"from\":\"C\"},{\"rule\":\"pick\",\"count\":2,"
		    "\"from\":\"B\"}]}", TWO), true, "i2: job /jobs; i3: card /termsOfUse");
	expect(REQS("{\"rule\":\"all\",\"from_nested\":[{\"rule\":\"pick\",\"count\":1,\"from\":\"A\"},{\"rule\":\"pick\",\"min\":1,"
		    "\"from\":\"B\"}]}", TWO), true, "i1: job /name; i3: card /termsOfUse");
}

static void pex_that_is_none(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"id\":\"d\"}", "{\"input_descriptors\":[]}", DEF(""), DEF("1"), DEF("{\"id\":\"a\"}"), DEF("{\"constraints\":{}}"),
		DEF(DESC("a", "") "," DESC("a", "")), DEF(DESC("a", "\"fields\":1")), DEF(DESC("a", FIELDS("1"))), DEF(DESC("a", FIELDS("{}"))),
		DEF(DESC("a", FIELDS("{\"path\":[]}"))), DEF(DESC("a", FIELDS("{\"path\":[1]}"))), DEF(DESC("a", FIELDS(FIELD("name", "")))),
		DEF(DESC("a", FIELDS(FIELD("$[?(@.a)]", "")))), DEF(DESC("a", FIELDS(FIELD("$.a", ",\"filter\":1")))),
		DEF(DESC("a", FIELDS(FIELD("$.a", ",\"filter\":{\"pattern\":\"(?=a)\"}")))),
		DEF(DESC("a", FIELDS(FIELD("$.a", ",\"predicate\":\"required\"")))),
		DEF(DESC("a", FIELDS(FIELD("$.a", ",\"filter\":{},\"predicate\":\"maybe\"")))),
		DEF(DESC("a", FIELDS(FIELD("$.a", ",\"optional\":\"yes\"")))), DEF(DESC("a", FIELDS(FIELD("$.a", ",\"intent_to_retain\":1")))),
		DEF(DESC("a", FIELDS(FIELD("$.a", ",\"id\":\"f\""))) "," DESC("b", FIELDS(FIELD("$.a", ",\"id\":\"f\"")))),
		DEF(DESC("a", "\"limit_disclosure\":\"maybe\"")), DEF(DESC("a", "\"subject_is_issuer\":true")),
		DEF(DESC("a", "\"is_holder\":[{\"field_id\":[\"f\"],\"directive\":\"required\"}]")), DEF(DESC("a", "\"is_holder\":[{}]")),
		DEF(DESC("a", "\"same_subject\":[{\"field_id\":[\"f\"],\"directive\":\"required\"}]")),
		DEF(DESC("a", "\"statuses\":{\"revoked\":{\"directive\":\"required\"}}")),
		DEF(DESC("a", "\"statuses\":{\"active\":{\"directive\":\"perhaps\"}}")), DEF(DESC("a", "\"statuses\":{\"active\":{}}")),
		"{\"id\":\"d\",\"format\":{},\"input_descriptors\":[" DESC("a", "") "]}",
		"{\"id\":\"d\",\"format\":{\"jwt_vc\":[]},\"input_descriptors\":[" DESC("a", "") "]}",
		REQS("", TWO), REQS("1", TWO), REQS("{\"from\":\"A\"}", TWO), REQS("{\"rule\":\"some\",\"from\":\"A\"}", TWO),
		REQS("{\"rule\":\"all\"}", TWO), REQS("{\"rule\":\"all\",\"from\":\"A\",\"from_nested\":[{\"rule\":\"all\",\"from\":\"A\"}]}", TWO),
		REQS("{\"rule\":\"all\",\"from\":\"Z\"}", TWO), REQS("{\"rule\":\"all\",\"from_nested\":[]}", TWO),
		REQS("{\"rule\":\"pick\",\"count\":0,\"from\":\"A\"}", TWO), REQS("{\"rule\":\"pick\",\"min\":-1,\"from\":\"A\"}", TWO),
		REQS("{\"rule\":\"pick\",\"min\":2,\"max\":1,\"from\":\"A\"}", TWO), REQS("{\"rule\":\"pick\",\"count\":1.5,\"from\":\"A\"}", TWO),
		REQS("{\"rule\":\"pick\",\"count\":1,\"min\":2,\"from\":\"A\"}", TWO),
		REQS("{\"rule\":\"all\",\"from\":\"A\"}", G("i", "\"A\"", "$.a") "," DESC("ungrouped", "")),
		REQS("{\"rule\":\"all\",\"from\":\"A\"}", "{\"id\":\"i\",\"group\":\"A\",\"constraints\":{}}"),
		REQS("{\"rule\":\"all\",\"from\":\"A\"}", "{\"id\":\"i\",\"group\":[1],\"constraints\":{}}"),
		"{\"presentation_definition\":1}", "[]",
	};

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		expect_rc(BERTH_E_TYPE, bad[i], true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pex_fields),
		cmocka_unit_test(pex_formats),
		cmocka_unit_test(pex_constraints),
		cmocka_unit_test(pex_requirements),
		cmocka_unit_test(pex_that_is_none),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
