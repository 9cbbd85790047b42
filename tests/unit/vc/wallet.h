/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_VC_WALLET_H
#define BERTH_TESTS_UNIT_VC_WALLET_H

/* One wallet, queries in words that are short, and what they find in it as text. */
#include "did/base/secret.h"
#include "tests/check.h"
#include "tests/fakes/json.h"
#include "tests/fakes/party.h"
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

static inline void add(const char *name, const char *text)
{
	CHECK_OK(berth_wallet_add(&wallet, name, text, strlen(text)));
}

static inline void add_sd(const char *name, const char *claims, const char *const *pointers, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *j = test_json(claims);

	CHECK_OK(berth_sd_issue(&b, kr, issuer.kid, j, pointers, n, 0));
	add(name, berth_buf_cstr(&b));
	berth_buf_free(&b);
	berth_json_free(j);
}

static inline void add_jwt(const char *name, const char *typ, const char *payload)
{
	char *header, *token;

	CHECK(asprintf(&header, "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"%s\"}", issuer.kid, typ) > 0);
	token = test_party_forge(&issuer, header, payload);
	add(name, token);
	free(header);
	free(token);
}

#define PID "\"vct\":\"https://credentials.example.com/identity_credential\",\"cnf\":{\"kid\":\"did:example:h#1\"}"

static inline void add_identities(void)
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
static inline void add_foreign(void)
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
static inline void add_asked_for(void)
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
static inline void add_unsecured(void)
{
	static const char *const all[] = { "/family_name", "/given_name", "/birthdate" };
	size_t n;
	char *text = test_read_file(DCQL "credentials/sd_jwt_vc_unsecured.json", &n);

	add_sd("john", text, all, N(all));
	free(text);
}

static inline int setup(void **state)
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

static inline int teardown(void **state)
{
	(void)state;
	berth_wallet_free(&wallet);
	berth_keyring_free(kr);
	return 0;
}

/* ---- answers as text ---- */

/* "id: name /claim /claim | name ...; id? (optional): ..." */
static inline char *text_of(const struct berth_answer *a)
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

static inline enum berth_err ask(const struct berth_json *doc, bool pex, char **text)
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

static inline void expect(const char *query, bool pex, const char *want)
{
	struct berth_json *doc = test_json(query);
	char *text;

	CHECK_OK(ask(doc, pex, &text));
	if (strcmp(text, want) != 0)
		fail_msg("%s\n is answered by %s\n want           %s", query, text, want);
	free(text);
	berth_json_free(doc);
}

static inline void expect_rc(enum berth_err want, const char *query, bool pex)
{
	struct berth_json *doc = test_json(query);
	char *text;
	enum berth_err rc = ask(doc, pex, &text);

	if (rc != want)
		fail_msg("%s -> %s (%s), want %s", query, berth_err_name(rc), berth_err_detail(), berth_err_name(want));
	CHECK(!text);
	berth_json_free(doc);
}

/* ---- queries ---- */
#define CRED(id, more) "{\"id\":\"" id "\",\"format\":\"dc+sd-jwt\",\"meta\":{}" more "}"
#define DOE CRED("doe", ",\"claims\":[{\"path\":[\"family_name\"],\"values\":[\"Smith\"]}]")
#define JOB CRED("job", ",\"claims\":[{\"path\":[\"jobs\"]}]")
#define NONE CRED("none", ",\"claims\":[{\"path\":[\"none\"]}]")
#define SETS(sets) "{\"credentials\":[" DOE "," JOB "," NONE "],\"credential_sets\":[" sets "]}"
#define DESC(id, more) "{\"id\":\"" id "\",\"constraints\":{" more "}}"
#define DEF(descriptors) "{\"id\":\"d\",\"input_descriptors\":[" descriptors "]}"
#define FIELD(path, more) "{\"path\":[\"" path "\"]" more "}"
#define FIELDS(fields) "\"fields\":[" fields "]"
#define G(id, group, field) "{\"id\":\"" id "\",\"group\":[" group "],\"constraints\":{" FIELDS(FIELD(field, "")) "}}"
#define REQS(reqs, descriptors) "{\"id\":\"d\",\"submission_requirements\":[" reqs "],\"input_descriptors\":[" descriptors "]}"
#define TWO G("i1", "\"A\"", "$.name") "," G("i2", "\"A\",\"B\"", "$.jobs") "," G("i3", "\"B\"", "$.termsOfUse") "," \
	G("no", "\"A\",\"C\"", "$.none")

#endif
