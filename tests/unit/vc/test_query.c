/* SPDX-License-Identifier: Apache-2.0 */
/* Presentation Exchange and DCQL over one test wallet. */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"
#include "tests/fakes/party.h"

#include "did/base/secret.h"
#include "vc/query.h"
#include "vc/sd_jwt.h"

#define PEX "tests/vectors/presentation-exchange/"
#define DCQL "tests/vectors/dcql-openid4vp/"
#define NOW INT64_C(1795440600)	/* 2026-11-23T13:30:00Z */
#define N(a) (sizeof(a) / sizeof(*(a)))

static struct berth_keyring *kr;
static struct test_party issuer, holder;
static struct berth_wallet wallet;

/* ---- the wallet ---- */

static void add(const char *name, const char *text)
{
	CHECK_OK(berth_wallet_add(&wallet, name, text, strlen(text)));
}

static void add_sd(const char *name, const char *claims, const char *const *pointers, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *j = test_json(claims);

	CHECK_OK(berth_sd_issue(&b, kr, issuer.kid, j, pointers, n, 0));
	add(name, berth_buf_cstr(&b));
	berth_buf_free(&b);
	berth_json_free(j);
}

static void add_jwt(const char *name, const char *typ, const char *payload)
{
	char *header, *token;

	CHECK(asprintf(&header, "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"%s\"}", issuer.kid, typ) > 0);
	token = test_party_forge(&issuer, header, payload);
	add(name, token);
	free(header);
	free(token);
}

#define PID "\"vct\":\"https://credentials.example.com/identity_credential\",\"cnf\":{\"kid\":\"did:example:h#1\"}"

static void add_identities(void)
{
	static const char *const all[] = { "/given_name", "/family_name", "/address", "/address/street_address",
		"/address/country", "/postal_code", "/locality", "/region", "/date_of_birth", "/nationalities/0", "/nationalities/1" };
	static const char *const some[] = { "/given_name", "/family_name", "/postal_code", "/date_of_birth" };

	add_sd("doe", "{" PID ",\"given_name\":\"John\",\"family_name\":\"Doe\",\"address\":{\"street_address\":\"1 Main\","
	       "\"country\":\"US\"},\"postal_code\":\"90210\",\"locality\":\"LA\",\"region\":\"CA\",\"date_of_birth\":"
	       "\"1940-01-01\",\"nationalities\":[\"US\",\"DE\"],\"age\":84}", all, N(all));
	add_sd("smith", "{" PID ",\"given_name\":\"Jane\",\"family_name\":\"Smith\",\"postal_code\":\"10115\",\"date_of_birth\":"
	       "\"1950-01-01\"}", some, N(some));
}

/* The credentials of the vectors, as whoever holds them would have them. */
static void add_foreign(void)
{
	size_t n;
	char *text = test_read_file(DCQL "credentials/jwt_vc.json", &n);
	struct berth_json *vp = test_json_file(PEX "presentation-submission/appendix_JWT_example.json");

	add_jwt("id-jwt", "JWT", text);
	free(text);
	text = test_read_file(DCQL "credentials/ldp_vc.json", &n);
	add("id-ldp", text);
	free(text);
	add("uribe", berth_json_str(berth_json_at(berth_json_get(berth_json_get(vp, "vp"), "verifiableCredential"), 0)));
	berth_json_free(vp);
}

#define VC "\"@context\":[\"https://www.w3.org/ns/credentials/v2\"],\"type\":[\"VerifiableCredential\"]"

/* What the definitions of the vectors ask for. */
static void add_asked_for(void)
{
	static const char *const job[] = { "/jobs", "/jobs/0", "/jobs/0/active", "/jobs/0/title", "/name" };

	add_jwt("degree", "vc+jwt", "{\"type\":[\"VerifiableCredential\",\"<the type of VC e.g. degree certificate>\"],"
		"\"issuer\":\"did:example:u\",\"credentialSubject\":{\"id\":\"did:example:h\"}}");
	add_jwt("card", "vc+jwt", "{\"type\":\"creditCard\",\"termsOfUse\":{\"type\":\"https://train.trust-scheme.de/info\","
		"\"trustScheme\":\"worldbankfederation.com\"},\"issuer\":\"did:example:b\"}");
	add_jwt("bank", "vc+jwt", "{" VC ",\"credentialSchema\":{\"id\":\"https://bank-schemas.org/2.0.0/accounts.json\"},"
		"\"issuer\":\"did:example:456\",\"credentialSubject\":{\"account\":[{\"id\":\"DE89370400440532013000\","
		"\"route\":\"123456789\"},{\"id\":\"2\",\"route\":\"2\"}]}}");
	add_jwt("office", "vc+jwt", "{" VC ",\"status\":\"active\",\"credentialSchema\":{\"id\":"
		"\"https://login.idp.com/xyz.gov/.well-known/openid-configuration\"}}");
	add_jwt("license", "vc+jwt", "{" VC ",\"credentialSchema\":{\"id\":\"https://schema.eu/claims/DriversLicense.json\"},"
		"\"issuer\":\"did:example:gov1\",\"credentialSubject\":{\"dob\":\"1990-02-03\"}}");
	add_jwt("citizen", "vc+jwt", "{" VC ",\"credentialSchema\":{\"id\":\"https://eu.com/claims/DriversLicense.json\"},"
		"\"issuer\":\"did:example:gov2\",\"credentialSubject\":{\"dob\":\"1990-02-03\"}}");
	add_jwt("passport", "vc+jwt", "{" VC ",\"credentialSchema\":{\"id\":"
		"\"hub://did:foo:123/Collections/schema.us.gov/passport.json\"},\"credentialSubject\":{\"birth_date\":\"1990-02-03\"}}");
	add_sd("job", "{\"vct\":\"urn:job\",\"credentialSchema\":\"https://business-standards.org/schemas/employment-history.json\","
	       "\"jobs\":[{\"active\":true,\"title\":\"smith\"},{\"active\":false}],\"name\":\"J\"}", job, N(job));
}

/* The claims of one that nobody has signed yet. */
static void add_unsecured(void)
{
	static const char *const all[] = { "/family_name", "/given_name", "/birthdate" };
	size_t n;
	char *text = test_read_file(DCQL "credentials/sd_jwt_vc_unsecured.json", &n);

	add_sd("john", text, all, N(all));
	free(text);
}

static int setup(void **state)
{
	(void)state;
	berth_crypto_init();
	CHECK_OK(berth_keyring_local_new(&kr));
	test_party_make(&issuer, kr, PARTY_KEY_ED25519, "issuer");
	test_party_make(&holder, kr, PARTY_KEY_P256, "holder");
	add_identities();
	add_foreign();
	add_asked_for();
	add_unsecured();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_wallet_free(&wallet);
	berth_keyring_free(kr);
	return 0;
}

/* ---- answers as text ---- */

/* "id: name /claim /claim | name ...; id? (optional): ..." */
static char *text_of(const struct berth_answer *a)
{
	struct berth_buf b = BERTH_BUF_INIT;

	for (size_t i = 0; i < a->n; i++) {
		berth_buf_printf(&b, "%s%s%s:", i ? "; " : "", a->items[i].id, a->items[i].optional ? "?" : "");
		for (size_t k = 0; k < a->items[i].n; k++) {
			const struct berth_answer_credential *c = &a->items[i].credentials[k];

			berth_buf_printf(&b, "%s %s", k ? " |" : "", wallet.items[c->index].name);
			for (size_t c_i = 0; c_i < c->n_claims; c_i++)
				berth_buf_printf(&b, " %s", c->claims[c_i]);
		}
	}
	return test_take(&b);
}

static enum berth_err ask(const struct berth_json *doc, bool pex, char **text)
{
	struct berth_answer a = { 0 };
	struct berth_query *q;
	enum berth_err rc = pex ? berth_query_pex(&q, doc) : berth_query_dcql(&q, doc);

	*text = NULL;
	if (rc)
		return rc;
	if (!(rc = berth_query_match(&a, q, &wallet, NOW)))
		*text = text_of(&a);
	berth_answer_free(&a);
	berth_query_free(q);
	return rc;
}

static void expect(const char *query, bool pex, const char *want)
{
	struct berth_json *doc = test_json(query);
	char *text;

	CHECK_OK(ask(doc, pex, &text));
	if (strcmp(text, want) != 0)
		fail_msg("%s\n is answered by %s\n want           %s", query, text, want);
	free(text);
	berth_json_free(doc);
}

static void expect_rc(enum berth_err want, const char *query, bool pex)
{
	struct berth_json *doc = test_json(query);
	char *text;
	enum berth_err rc = ask(doc, pex, &text);

	if (rc != want)
		fail_msg("%s -> %s (%s), want %s", query, berth_err_name(rc), berth_err_detail(), berth_err_name(want));
	CHECK(!text);
	berth_json_free(doc);
}

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

/* Where a submission stands in each of the files; the rest has none in it. */
static size_t submissions(void)
{
	static const struct { const char *file, *where; } files[] = {
		{ "example.json", "" }, { "nested_submission_example.json", "" }, { "appendix_VP_example.json", "" },
		{ "appendix_OIDC_example.json", "" }, { "appendix_JWT_example.json", "vp" },
		{ "appendix_CHAPI_example.json", NULL }, { "appendix_DIDComm_example.json", NULL },
	};
	size_t passed = 0;

	for (size_t i = 0; i < N(files); i++) {
		char path[256];
		struct berth_json *doc;
		const struct berth_json *at;

		snprintf(path, sizeof(path), PEX "presentation-submission/%s", files[i].file);
		doc = test_json_file(path);
		at = files[i].where && *files[i].where ? berth_json_get(doc, files[i].where) : doc;
		CHECK_RC(files[i].where ? BERTH_OK : BERTH_E_TYPE,
			 berth_submission_check(berth_json_get(at, "presentation_submission")));
		passed++;
		berth_json_free(doc);
	}
	return passed;
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
	n = 3 + queries(true) + submissions();
	VECTORS("presentation-exchange", n, 17);
	assert_int_equal(n, 17);
	n = queries(false) + others_of_openid4vp();
	VECTORS("dcql-openid4vp", n, 18);
	assert_int_equal(n, 18);
}

/* ---- DCQL ---- */

#define CRED(id, more) "{\"id\":\"" id "\",\"format\":\"dc+sd-jwt\",\"meta\":{}" more "}"
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

#define DOE CRED("doe", ",\"claims\":[{\"path\":[\"family_name\"],\"values\":[\"Smith\"]}]")
#define JOB CRED("job", ",\"claims\":[{\"path\":[\"jobs\"]}]")
#define NONE CRED("none", ",\"claims\":[{\"path\":[\"none\"]}]")
#define SETS(sets) "{\"credentials\":[" DOE "," JOB "," NONE "],\"credential_sets\":[" sets "]}"

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

/* ---- Presentation Exchange ---- */

#define DESC(id, more) "{\"id\":\"" id "\",\"constraints\":{" more "}}"
#define DEF(descriptors) "{\"id\":\"d\",\"input_descriptors\":[" descriptors "]}"
#define FIELD(path, more) "{\"path\":[\"" path "\"]" more "}"
#define FIELDS(fields) "\"fields\":[" fields "]"

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

#define G(id, group, field) "{\"id\":\"" id "\",\"group\":[" group "],\"constraints\":{" FIELDS(FIELD(field, "")) "}}"
#define REQS(reqs, descriptors) "{\"id\":\"d\",\"submission_requirements\":[" reqs "],\"input_descriptors\":[" descriptors "]}"
#define TWO G("i1", "\"A\"", "$.name") "," G("i2", "\"A\",\"B\"", "$.jobs") "," G("i3", "\"B\"", "$.termsOfUse") "," \
	G("no", "\"A\",\"C\"", "$.none")

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
	CHECK(berth_query_is_pex(q) && !strcmp(berth_query_id(q), "d"));
	CHECK_OK(berth_query_match(&a, q, &wallet, NOW));
	j = berth_answer_json(&a, &wallet);
	CHECK_OK(berth_json_print(&b, j));
	assert_string_equal(berth_buf_cstr(&b), "{\"matches\":[{\"id\":\"a\",\"optional\":false,\"multiple\":false,\"credentials\":"
			    "[{\"credential\":12,\"name\":\"job\",\"format\":\"dc+sd-jwt\",\"holderBinding\":false,\"claims\":"
			    "[\"/jobs/0/title\"]}]}]}");
	berth_json_free(j);
	berth_buf_reset(&b);
	CHECK_OK(berth_query_submission(&j, q, &a, &wallet, "s"));
	CHECK_OK(berth_submission_check(j));
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
		cmocka_unit_test(dcql_claims),
		cmocka_unit_test(dcql_types_and_formats),
		cmocka_unit_test(dcql_holder_binding),
		cmocka_unit_test(dcql_authorities),
		cmocka_unit_test(dcql_credential_sets),
		cmocka_unit_test(dcql_that_is_none),
		cmocka_unit_test(pex_fields),
		cmocka_unit_test(pex_formats),
		cmocka_unit_test(pex_constraints),
		cmocka_unit_test(pex_requirements),
		cmocka_unit_test(pex_that_is_none),
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
