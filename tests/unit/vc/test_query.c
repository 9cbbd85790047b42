/* SPDX-License-Identifier: Apache-2.0 */
/* Both query languages: other people's queries, caps, wallets, and results as JSON; the
 * languages are in test_query_dcql.c and test_query_pex.c. */
#include "tests/fakes/alloc.h"
#include "tests/unit/vc/wallet.h"

/* ---- vectors ---- */

struct vector {
	const char *path;
	bool pex;
	const char *want;	/* NULL: E_NOMATCH, of what we never hold */
};

#define LIC "/credentialSchema/id /issuer /credentialSubject/dob"

static const struct vector vectors[] = {
	{ DCQL "query_lang/simple.json", false, "my_credential: doe /family_name /given_name /address/street_address" },
	{ DCQL "query_lang/value_matching_simple.json", false,
	  "my_credential: doe /family_name /given_name /address/street_address /postal_code" },
	{ DCQL "query_lang/claims_alternatives.json", false, "pid: doe /family_name /locality /region /date_of_birth | "
	  "smith /family_name /postal_code /date_of_birth" },
	{ DCQL "query_lang/simple_mdoc.json", false, NULL },
	{ DCQL "query_lang/multi_credentials.json", false, NULL },
	{ DCQL "request/dcql_jwt_vc.json", false, "example_jwt_vc: id-jwt /credentialSubject/family_name "
	  "/credentialSubject/given_name" },
	{ DCQL "request/dcql_ldp_vc.json", false, "example_ldp_vc: id-ldp /credentialSubject/family_name "
	  "/credentialSubject/given_name /credentialSubject/birthdate /credentialSubject/address/street_address "
	  "/credentialSubject/address/locality /credentialSubject/address/postal_code /credentialSubject/address/country" },
	{ PEX "presentation-definition/minimal_example.json", true, "wa_driver_license: uribe "
	  "/credentialSubject/dateOfBirth | license /credentialSubject/dob | citizen /credentialSubject/dob" },
	{ PEX "presentation-definition/pd_filter.json", true, "A specific type of VC: degree /type" },
	{ PEX "presentation-definition/pd_filter2_simplified.json", true, "any type of credit card from any bank: card "
	  "/termsOfUse/type /termsOfUse/trustScheme /type" },
	{ PEX "presentation-definition/input_descriptors_example.json", true, "banking_input_1: bank /credentialSchema/id "
	  "/issuer /credentialSubject/account/0/id /credentialSubject/account/0/route" },
	{ PEX "presentation-definition/input_descriptor_id_tokens_example.json", true, "employment_input_xyz_gov: office "
	  "/credentialSchema/id /status" },
	{ PEX "presentation-definition/single_group_example.json", true, "citizenship_input_1: citizen " LIC },
	{ PEX "presentation-definition/multi_group_example.json", true, "banking_input_2: bank /credentialSchema/id /issuer "
	  "/credentialSubject/account/0/id /credentialSubject/account/0/route; employment_input: job /credentialSchema "
	  "/jobs/0/active; drivers_license_input_1: license " LIC },
};

static size_t queries(bool pex)
{
	size_t passed = 0;

	for (size_t i = 0; i < N(vectors); i++) {
		struct berth_json *doc;
		char *text = NULL;
		enum berth_err rc;

		if (vectors[i].pex != pex)
			continue;
		doc = test_json_file(vectors[i].path);
		rc = ask(doc, pex, &text);
		if (vectors[i].want ? rc || strcmp(text, vectors[i].want) : rc != BERTH_E_NOMATCH)
			fail_msg("%s: %s %s", vectors[i].path, berth_err_name(rc), text ? text : berth_err_detail());
		passed++;
		free(text);
		berth_json_free(doc);
	}
	return passed;
}

/* submission_requirements alone: over descriptors that the wallet answers all. */
static void requirement(const char *file, const char *want)
{
	static const char descriptors[] = "[{\"id\":\"a1\",\"group\":[\"A\"],\"constraints\":{}},"
		"{\"id\":\"a2\",\"group\":[\"A\"],\"constraints\":{\"fields\":[{\"path\":[\"$.nothing\"]}]}},"
		"{\"id\":\"b1\",\"group\":[\"B\"],\"constraints\":{\"fields\":[{\"path\":[\"$.jobs\"]}]}},"
		"{\"id\":\"b2\",\"group\":[\"B\"],\"constraints\":{\"fields\":[{\"path\":[\"$.vct\"]},{\"path\":[\"$.jobs\"]}]}}]";
	struct berth_json *doc = test_json_file(file);
	char *text;

	CHECK_OK(berth_json_set_str(doc, "id", "x"));
	CHECK_OK(berth_json_set(doc, "input_descriptors", test_json(descriptors)));
	CHECK_OK(ask(doc, true, &text));
	assert_string_equal(text, want);
	free(text);
	berth_json_free(doc);
}

/* What else is in that folder: credentials, which are in the wallet, and what
 * surrounds queries.  It is JSON, but for two files that their authors have shortened. */
static size_t others_of_openid4vp(void)
{
	static const char *const files[] = {
		"credentials/jwt_vc.json", "credentials/ldp_vc.json", "credentials/sd_jwt_vc_unsecured.json",
		"request/request_header_client_id_did.json", "response/ldp_vc.json", "response/kb_jwt_unsecured.json",
		"client_metadata/w3c_jwt_verifier_metadata.json", "client_metadata/w3c_ldp_verifier_metadata.json",
		"client_metadata/sd_jwt_vc_verifier_metadata.json",
		"digital_credentials_api/signed_request_payload.elided.txt",
		"digital_credentials_api/signed_request_payload_compact.elided.txt"
	};

	for (size_t i = 0; i < N(files); i++) {
		struct berth_json *j;
		char path[256], *text;
		size_t n;

		snprintf(path, sizeof(path), DCQL "%s", files[i]);
		text = test_read_file(path, &n);
		CHECK_RC(strstr(path, "elided") ? BERTH_E_JSON : BERTH_OK, berth_json_parse(&j, text, n, BERTH_QUERY_MAX));
		if (j)	/* and none of it is a query */
			expect_rc(BERTH_E_TYPE, text, false);
		berth_json_free(j);
		free(text);
	}
	return N(files);
}

static void all_vectors(void **state)
{
	size_t n;

	(void)state;
	requirement(PEX "submission-requirements/pick_1_example.json", "b1: job /jobs");
	requirement(PEX "submission-requirements/pick_2_example.json", "b1: job /jobs; b2: job /vct /jobs");
	requirement(PEX "submission-requirements/pick_3_example.json", "b1: job /jobs; b2: job /vct /jobs");
	n = 3 + queries(true);		/* presentation-submission/: nothing here reads one */
	VECTORS("presentation-exchange", n, 10);
	assert_int_equal(n, 10);
	n = queries(false) + others_of_openid4vp();
	VECTORS("dcql-openid4vp", n, 18);
	assert_int_equal(n, 18);
}

/* ---- caps ---- */

/* each, n times, with a number at its # */
static char *repeated(const char *before, const char *each, size_t n, const char *behind)
{
	struct berth_buf b = BERTH_BUF_INIT;
	const char *hole = strchr(each, '#');
	size_t first = hole ? (size_t)(hole - each) : strlen(each);

	berth_buf_str(&b, before);
	for (size_t i = 0; i < n; i++) {
		berth_buf_printf(&b, "%s%.*s", i ? "," : "", (int)first, each);
		if (hole)
			berth_buf_printf(&b, "%zu%s", i, hole + 1);
	}
	berth_buf_str(&b, behind);
	return test_take(&b);
}

static void cap(enum berth_err want, bool pex, char *query)
{
	struct berth_json *doc = test_json(query);
	char *text;
	enum berth_err rc = ask(doc, pex, &text);

	if (rc != want)
		fail_msg("%.200s... -> %s (%s)", query, berth_err_name(rc), berth_err_detail());
	free(text);
	free(query);
	berth_json_free(doc);
}

static void caps(void **state)
{
	(void)state;
	cap(BERTH_OK, false, repeated("{\"credentials\":[", CRED("q#", ""), 64, "]}"));
	cap(BERTH_E_SIZE, false, repeated("{\"credentials\":[", CRED("q#", ""), 65, "]}"));
	cap(BERTH_E_NOMATCH, false, repeated("{\"credentials\":[{\"id\":\"a\",\"format\":\"dc+sd-jwt\",\"meta\":{},\"claims\":[",
					     "{\"path\":[\"c#\"]}", 64, "]}]}"));
	cap(BERTH_E_SIZE, false, repeated("{\"credentials\":[{\"id\":\"a\",\"format\":\"dc+sd-jwt\",\"meta\":{},\"claims\":[",
					  "{\"path\":[\"c#\"]}", 65, "]}]}"));
	cap(BERTH_E_NOMATCH, true, repeated(
		"{\"id\":\"d\",\"input_descriptors\":[{\"id\":\"a\",\"constraints\":{\"fields\":[{\"path\":[", "\"$.x#\"", 16, "]}]}}]}"));
	cap(BERTH_E_SIZE, true, repeated(
		"{\"id\":\"d\",\"input_descriptors\":[{\"id\":\"a\",\"constraints\":{\"fields\":[{\"path\":[", "\"$.x#\"", 17, "]}]}}]}"));
	cap(BERTH_E_SIZE, false, repeated("{\"credentials\":[" DOE "],\"credential_sets\":[{\"options\":[", "[\"doe\",\"doe\"]", 100, "]}]}"));
}

/* Rules within each other; and rules that contradict each other over many items. */
static void searches_end(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char *text;

	(void)state;
	for (int deep = BERTH_QUERY_DEPTH_MAX; deep <= BERTH_QUERY_DEPTH_MAX + 1; deep++) {
		berth_buf_str(&b, "{\"id\":\"d\",\"input_descriptors\":[{\"id\":\"i\",\"group\":[\"A\"],\"constraints\":{}}],"
			      "\"submission_requirements\":[");
		for (int i = 1; i < deep; i++)
			berth_buf_str(&b, "{\"rule\":\"all\",\"from_nested\":[");
		berth_buf_str(&b, "{\"rule\":\"all\",\"from\":\"A\"}");
		for (int i = 1; i < deep; i++)
			berth_buf_str(&b, "]}");
		berth_buf_str(&b, "]}");
		cap(deep > BERTH_QUERY_DEPTH_MAX ? BERTH_E_SIZE : BERTH_OK, true, test_take(&b));
	}
	text = repeated("{\"id\":\"d\",\"submission_requirements\":[{\"rule\":\"pick\",\"count\":20,\"from\":\"A\"},"
			"{\"rule\":\"pick\",\"count\":19,\"from\":\"A\"}],\"input_descriptors\":[",
			"{\"id\":\"i#\",\"group\":[\"A\"],\"constraints\":{}}", 40, "]}");
	cap(BERTH_E_SIZE, true, text);
}

/* Every prefix of a query is no query. */
static void truncations(void **state)
{
	static const struct { const char *text; bool pex; } queries_[] = {
		{ SETS("{\"options\":[[\"doe\"]],\"required\":true}"), false },
		{ REQS("{\"rule\":\"pick\",\"count\":1,\"from\":\"A\"}", TWO), true },
	};

	(void)state;
	for (size_t i = 0; i < N(queries_); i++)
		for (size_t n = 0; n < strlen(queries_[i].text); n++) {
			char *exact = malloc(n ? n : 1);
			struct berth_json *j;

			memcpy(exact, queries_[i].text, n);
			CHECK_RC(BERTH_E_JSON, berth_json_parse(&j, exact, n, BERTH_QUERY_MAX));
			free(exact);
		}
}

/* ---- wallets and results ---- */

static void wallets(void **state)
{
	struct berth_wallet w = { 0 };
	bool has_key;

	(void)state;
	CHECK_RC(BERTH_E_VC, berth_wallet_add(&w, NULL, "{}", 2));
	CHECK_RC(BERTH_E_JSON, berth_wallet_add(&w, NULL, "{", 1));
	CHECK_RC(BERTH_E_ENV, berth_wallet_add(&w, NULL, "abc", 3));
	CHECK_RC(BERTH_E_ENV, berth_wallet_add(&w, NULL, "", 0));
	CHECK_RC(BERTH_E_JSON, berth_wallet_add(&w, NULL, "{\"type\":\"X\"}\0 behind", 20));
	CHECK(w.n == 0);
	for (size_t i = 0; i < BERTH_WALLET_MAX; i++)
		CHECK_OK(berth_wallet_add(&w, NULL, "{\"type\":\"X\"}", 12));
	CHECK_RC(BERTH_E_SIZE, berth_wallet_add(&w, NULL, "{\"type\":\"X\"}", 12));
	berth_wallet_free(&w);
	assert_string_equal(berth_wallet_issuer(&wallet.items[2]), "https://example.gov/issuers/565049");
	assert_string_equal(berth_wallet_holder(&wallet.items[2], &has_key), "did:example:ebfeb1f712ebc6f1c276e12ec21");
	assert_string_equal(berth_wallet_holder(&wallet.items[0], &has_key), "did:example:h#1");
	CHECK(wallet.items[0].format == BERTH_FORMAT_DC_SD_JWT && wallet.items[2].format == BERTH_FORMAT_VC_JWT1 &&
	      wallet.items[3].format == BERTH_FORMAT_DI && wallet.items[4].format == BERTH_FORMAT_VC_JWT1);
	CHECK(wallet.items[0].n_withheld == 11 && wallet.items[2].n_withheld == 0);
}

static void expired_ones_do_not_count(void **state)
{
	struct berth_json *doc = test_json(DEF(DESC("a", FIELDS(FIELD("$.credentialSubject.dateOfBirth", "")))));
	struct berth_answer a;
	struct berth_query *q;

	(void)state;
	CHECK_OK(berth_query_pex(&q, doc));
	CHECK_OK(berth_query_match(&a, q, &wallet, 1673585101));	/* its nbf */
	berth_answer_free(&a);
	CHECK_RC(BERTH_E_NOMATCH, berth_query_match(&a, q, &wallet, 1673585100));
	CHECK_RC(BERTH_E_NOMATCH, berth_query_match(&a, q, &wallet, 2580130080));	/* its exp */
	CHECK_OK(berth_query_match(&a, q, &wallet, -1));
	berth_answer_free(&a);
	berth_query_free(q);
	berth_json_free(doc);
}

static void as_json(void **state)
{
	struct berth_json *doc = test_json(DEF(DESC("a", FIELDS(FIELD("$.jobs[0].title", "")))));
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *j;
	struct berth_answer a;
	struct berth_query *q;

	(void)state;
	CHECK_OK(berth_query_pex(&q, doc));
	CHECK(berth_query_is_pex(q));
	CHECK_OK(berth_query_match(&a, q, &wallet, NOW));
	j = berth_answer_json(&a, &wallet);
	CHECK_OK(berth_json_print(&b, j));
	assert_string_equal(berth_buf_cstr(&b), "{\"matches\":[{\"id\":\"a\",\"optional\":false,\"multiple\":false,\"credentials\":"
			    "[{\"credential\":12,\"name\":\"job\",\"format\":\"dc+sd-jwt\",\"holderBinding\":false,\"claims\":"
			    "[\"/jobs/0/title\"]}]}]}");
	berth_json_free(j);
	berth_buf_reset(&b);
	CHECK_OK(berth_query_submission(&j, q, &a, &wallet, "s"));
	CHECK_OK(berth_json_print(&b, j));
	assert_string_equal(berth_buf_cstr(&b), "{\"id\":\"s\",\"definition_id\":\"d\",\"descriptor_map\":[{\"id\":\"a\",\"format\":"
			    "\"dc+sd-jwt\",\"path\":\"$\"}]}");
	berth_json_free(j);
	berth_buf_free(&b);
	berth_answer_free(&a);
	berth_query_free(q);
	berth_json_free(doc);
}

struct run { const char *query; bool pex; };

static enum berth_err one_run(void *arg)
{
	const struct run *r = arg;
	struct berth_json *doc = NULL, *j = NULL;
	struct berth_answer a = { 0 };
	struct berth_query *q = NULL;
	enum berth_err rc;

	if ((rc = berth_json_parse(&doc, r->query, strlen(r->query), BERTH_QUERY_MAX)) ||
	    (rc = r->pex ? berth_query_pex(&q, doc) : berth_query_dcql(&q, doc)) ||
	    (rc = berth_query_match(&a, q, &wallet, NOW)))
		goto out;
	if (!(j = berth_answer_json(&a, &wallet)))
		rc = BERTH_E_NOMEM;
	berth_json_free(j);
	if (!rc && !(rc = berth_query_submission(&j, q, &a, &wallet, "s")))
		berth_json_free(j);
out:
	berth_answer_free(&a);
	berth_query_free(q);
	berth_json_free(doc);
	return rc;
}

static void without_memory(void **state)
{
	struct run pex = { REQS("{\"rule\":\"pick\",\"count\":1,\"from\":\"A\"}", TWO), true };
	struct run dcql = { SETS("{\"options\":[[\"doe\"]]},{\"options\":[[\"none\"],[\"job\"]],\"required\":false}"), false };

	(void)state;
	CHECK(test_every_allocation_fails(one_run, &pex) > 50);
	CHECK(test_every_allocation_fails(one_run, &dcql) > 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_vectors),
		cmocka_unit_test(caps),
		cmocka_unit_test(searches_end),
		cmocka_unit_test(truncations),
		cmocka_unit_test(wallets),
		cmocka_unit_test(expired_ones_do_not_count),
		cmocka_unit_test(as_json),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
