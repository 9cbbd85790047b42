/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/base/clock.h"
#include "did/base/secret.h"
#include "did/jose/jwk.h"
#include "tests/fakes/json.h"
#include "tests/fakes/party.h"
#include "vc/sd_jwt.h"
#include "vc/token.h"
#include "vc/vc.h"

#define NOW INT64_C(1795440600)	/* 2026-11-23T13:30:00Z */

static struct berth_keyring *kr;
static struct berth_resolver resolver;
static struct test_party alice, bob, subject;
static struct berth_verify v;

static int setup(void **state)
{
	(void)state;
	berth_crypto_init();
	CHECK_OK(berth_keyring_local_new(&kr));
	berth_resolver_builtin_init(&resolver, NULL);
	test_party_make(&alice, kr, PARTY_KEY_ED25519, "alice");
	test_party_make(&bob, kr, PARTY_KEY_P256, "bob");
	test_party_make(&subject, kr, PARTY_KEY_P256, "subject");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_keyring_free(kr);
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	v = (struct berth_verify){ .resolver = &resolver, .now_s = NOW };
	return 0;
}

/* A credential's text; more: further members, with a comma in front. */
static char *text_of(const char *issuer, const char *more)
{
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"],"
			   "\"issuer\":\"%s\",\"credentialSubject\":{\"id\":\"%s\"}%s}",
		       issuer, subject.did, more) > 0);
	return s;
}

static char *header_of(const char *alg, const char *kid, const char *typ)
{
	char *s;

	CHECK(asprintf(&s, "{\"alg\":\"%s\"%s%s%s%s%s%s}", alg, kid ? ",\"kid\":\"" : "", kid ? kid : "",
		       kid ? "\"" : "", typ ? ",\"typ\":\"" : "", typ ? typ : "", typ ? "\"" : "") > 0);
	return s;
}

/* By alice, whatever header and members. */
static char *forge(const char *kid, const char *typ, const char *more)
{
	char *h = header_of("EdDSA", kid, typ), *p = text_of(alice.did, more), *token;

	token = test_party_forge(&alice, h, p);
	free(h);
	free(p);
	return token;
}

static enum berth_err issue(struct berth_buf *out, const struct test_party *by, const char *issuer,
			    const char *more)
{
	char *s = text_of(issuer, more);
	struct berth_json *vc;
	enum berth_err rc;

	CHECK_OK(berth_json_parse_object(&vc, s, strlen(s), BERTH_VC_MAX));
	rc = berth_vc_issue(out, kr, by->kid_long, vc);
	berth_json_free(vc);
	free(s);
	return rc;
}

static char *issued(const struct test_party *by, const char *more)
{
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(issue(&b, by, by->did_long, more));
	return test_take(&b);
}

/* Verifies, checks the code, that the report agrees with it, and frees token. */
static void expect(enum berth_err want, char *token)
{
	struct berth_report r;

	CHECK_RC(want, berth_vc_verify(&r, &v, token, strlen(token)));
	CHECK(r.first == want && r.verified == (want == BERTH_OK));
	CHECK((r.credential != NULL) == (r.signature == BERTH_CHECK_PASSED));
	berth_report_free(&r);
	free(token);
}

static void every_kind_of_issuer(void **state)
{
	struct test_party p;

	(void)state;
	for (enum test_party_kind k = PARTY_KEY_ED25519; k <= PARTY_PEER4_ED25519; k++) {
		if (k == PARTY_PEER2_P256)	/* its signing key is for authentication only */
			continue;
		test_party_make(&p, kr, k, "kind");
		expect(BERTH_OK, issued(&p, ""));
	}
}

static void report_says_what_was_checked(void **state)
{
	char *token = issued(&alice, ",\"validFrom\":\"2026-01-01T00:00:00Z\"");
	struct berth_report r;
	struct berth_json *j;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(berth_vc_verify(&r, &v, token, strlen(token)));
	CHECK(r.signature == BERTH_CHECK_PASSED && r.validity == BERTH_CHECK_PASSED);
	CHECK(r.status == BERTH_CHECK_NOT_PRESENT && r.issuer == BERTH_CHECK_NOT_CHECKED);
	CHECK(berth_json_len(r.warnings) == 1);	/* no --trust */
	j = berth_report_json(&r);
	CHECK(berth_json_bool(berth_json_get(j, "verified"), false));
	CHECK(!strcmp(berth_json_str(berth_json_get(j, "format")), "vc+jwt"));
	CHECK(!strcmp(berth_json_str(berth_json_get(j, "issuer")), alice.did));
	CHECK(berth_json_equal(berth_json_get(j, "credential"), r.credential));
	CHECK_OK(berth_json_print(&b, berth_json_get(j, "checks")));
	CHECK(!strcmp(berth_buf_cstr(&b),
		      "{\"signature\":\"passed\",\"validity\":\"passed\",\"status\":\"not-present\","
		      "\"issuer\":\"not-checked\",\"holder\":\"not-present\"}"));
	berth_buf_free(&b);
	berth_json_free(j);
	berth_report_free(&r);
	free(token);
}

static void c024a_kid_is_an_absolute_did_url(void **state)
{
	(void)state;
	expect(BERTH_OK, forge(alice.kid, "vc+jwt", ""));
	expect(BERTH_E_ENV, forge(NULL, "vc+jwt", ""));
	expect(BERTH_E_ENV, forge(alice.did, "vc+jwt", ""));
	expect(BERTH_E_ENV, forge(strchr(alice.kid, '#'), "vc+jwt", ""));
	expect(BERTH_E_ENV, forge("", "vc+jwt", ""));
}

static void c033_typ_is_vc_jwt(void **state)
{
	static const char *const other[] = { "vp+jwt", "JWT", "application/vc+jwt", "VC+JWT", "vc+sd-jwt",
					     "berth-receipt+jwt", "" };

	(void)state;
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
		expect(BERTH_E_ENV, forge(alice.kid, other[i], ""));
	expect(BERTH_E_ENV, forge(alice.kid, NULL, ""));
	v.typ_optional = true;
	expect(BERTH_OK, forge(alice.kid, NULL, ""));
	expect(BERTH_E_ENV, forge(alice.kid, "JWT", ""));
}

static void cty_is_tolerated(void **state)
{
	char *h, *p = text_of(alice.did, "");

	(void)state;
	CHECK(asprintf(&h, "{\"alg\":\"EdDSA\",\"cty\":\"vc\",\"typ\":\"vc+jwt\",\"kid\":\"%s\"}", alice.kid) > 0);
	expect(BERTH_OK, test_party_forge(&alice, h, p));
	free(h);
	free(p);
}

static void c022_alg_belongs_to_the_key(void **state)
{
	char *p = text_of(alice.did, ""), *h;

	(void)state;
	h = header_of("ES256", alice.kid, "vc+jwt");
	expect(BERTH_E_ALG, test_party_forge(&alice, h, p));
	free(h);
	h = header_of("none", alice.kid, "vc+jwt");
	expect(BERTH_E_ALG, test_party_forge(&alice, h, p));
	free(h);
	free(p);
}

static void the_key_is_the_issuers(void **state)
{
	char *h = header_of("EdDSA", alice.kid, "vc+jwt"), *p = text_of(bob.did, "");
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	expect(BERTH_E_KEY, test_party_forge(&alice, h, p));	/* alice signs as bob */
	free(h);
	h = header_of("ES256", bob.kid, "vc+jwt");
	expect(BERTH_E_SIG, test_party_forge(&alice, h, p));	/* and with his kid */
	expect(BERTH_OK, test_party_forge(&bob, h, p));
	CHECK_RC(BERTH_E_KEY, issue(&b, &alice, bob.did, ""));
	CHECK(b.len == 0);
	free(h);
	free(p);
	berth_buf_free(&b);
}

/* A document that is not computed from its DID. */
struct one_doc {
	struct berth_resolver base;
	const char *text;
};

static enum berth_err one_resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	const struct one_doc *d = (const struct one_doc *)r;

	return berth_did_doc_parse(out, d->text, strlen(d->text), did);
}

static char *doc_text(const char *vm, const char *controller, const char *rel)
{
	struct berth_json *jwk = berth_jwk_format(&alice.key);
	struct berth_buf b = BERTH_BUF_INIT;
	char *s;

	CHECK_OK(berth_json_print(&b, jwk));
	CHECK(asprintf(&s, "{\"id\":\"did:web:a.example\",\"verificationMethod\":[{\"id\":\"%s\",\"type\":"
			   "\"JsonWebKey\",\"controller\":\"%s\",\"publicKeyJwk\":%s}],\"%s\":[\"%s\"]}",
		       vm, controller, berth_buf_cstr(&b), rel, vm) > 0);
	berth_json_free(jwk);
	berth_buf_free(&b);
	return s;
}

static void c032_key_stands_in_assertion_method(void **state)
{
	static const struct { const char *controller, *rel; enum berth_err want; } cases[] = {
		{ "did:web:a.example", "assertionMethod", BERTH_OK },
		{ "did:web:a.example", "authentication", BERTH_E_KEY },
		{ "did:web:b.example", "assertionMethod", BERTH_E_KEY },
	};
	char *h = header_of("EdDSA", "did:web:a.example#k", "vc+jwt"), *p = text_of("did:web:a.example", "");
	struct one_doc one = { .base = { .resolve = one_resolve } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *doc = doc_text("did:web:a.example#k", cases[i].controller, cases[i].rel);

		one.text = doc;
		v.resolver = &one.base;
		expect(cases[i].want, test_party_forge(&alice, h, p));
		free(doc);
	}
	v.resolver = &resolver;
	v.resolver = NULL;
	expect(BERTH_E_RESOLVE, test_party_forge(&alice, h, p));
	v.resolver = &resolver;
	{	/* nobody can say which key that is */
		char *token = test_party_forge(&alice, h, p);
		struct berth_report r;
		enum berth_err rc = berth_vc_verify(&r, &v, token, strlen(token));

		CHECK(rc == BERTH_E_RESOLVE || rc == BERTH_E_DID);
		CHECK(!r.verified && r.signature == BERTH_CHECK_NOT_CHECKED && !r.credential);
		berth_report_free(&r);
		free(token);
	}
	free(h);
	free(p);
}

/* C114 and C047's spirit: no single character may change. */
static void c114_altered_token_never_verifies(void **state)
{
	char *token = issued(&bob, ",\"validUntil\":\"2027-01-01T00:00:00Z\"");
	size_t n = strlen(token);
	struct berth_report r;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		char was = token[i];

		token[i] = was == 'A' ? 'B' : 'A';
		CHECK(berth_vc_verify(&r, &v, token, n) != BERTH_OK);
		CHECK(!r.verified && !r.credential);
		berth_report_free(&r);
		token[i] = was;
	}
	expect(BERTH_OK, token);
}

static void truncations(void **state)
{
	char *token = issued(&bob, "");
	struct berth_report r;

	(void)state;
	for (size_t n = 0; n < strlen(token); n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, token, n);
		CHECK(berth_vc_verify(&r, &v, exact, n) != BERTH_OK);
		berth_report_free(&r);
		free(exact);
	}
	expect(BERTH_OK, token);
}

static void refusal_shows_nothing_unsigned(void **state)
{
	char *token = issued(&bob, ""), *sig = strrchr(token, '.') + 5;
	struct berth_report r;
	struct berth_json *j;

	(void)state;
	*sig = *sig == 'A' ? 'B' : 'A';
	CHECK_RC(BERTH_E_SIG, berth_vc_verify(&r, &v, token, strlen(token)));
	j = berth_report_json(&r);
	CHECK(berth_json_is(berth_json_get(j, "issuer"), BERTH_JSON_NULL));
	CHECK(berth_json_is(berth_json_get(j, "credential"), BERTH_JSON_NULL));
	CHECK(!strcmp(berth_json_str(berth_json_get(j, "error")), "E_SIG"));
	CHECK(!strcmp(berth_json_str(berth_json_get(berth_json_get(j, "checks"), "signature")), "failed"));
	berth_json_free(j);
	berth_report_free(&r);
	free(token);
}

static void c116_issuer_must_be_trusted(void **state)
{
	const char *trust[] = { "did:web:x.example", alice.did };
	struct berth_report r;
	char *token = issued(&alice, "");

	(void)state;
	v.trust = trust;
	v.n_trust = 1;
	CHECK_RC(BERTH_E_AUTHZ, berth_vc_verify(&r, &v, token, strlen(token)));
	CHECK(r.signature == BERTH_CHECK_PASSED && r.issuer == BERTH_CHECK_FAILED && r.credential);
	berth_report_free(&r);
	v.n_trust = 2;
	CHECK_OK(berth_vc_verify(&r, &v, token, strlen(token)));
	CHECK(r.issuer == BERTH_CHECK_PASSED && berth_json_len(r.warnings) == 0);
	berth_report_free(&r);
	free(token);
}

static void c117_validity(void **state)
{
	static const struct { const char *more; enum berth_err want; } cases[] = {
		{ ",\"validUntil\":\"2026-11-23T13:30:00Z\"", BERTH_E_EXPIRED },
		{ ",\"validUntil\":\"2026-11-23T13:30:01Z\"", BERTH_OK },
		{ ",\"validFrom\":\"2026-11-23T13:30:01Z\"", BERTH_E_EXPIRED },
		{ ",\"validFrom\":\"2026-11-23T14:30:00+01:00\"", BERTH_OK },
		{ ",\"exp\":1795440600", BERTH_E_EXPIRED }, { ",\"exp\":1795440601", BERTH_OK },
		{ ",\"nbf\":1795440601", BERTH_E_EXPIRED }, { ",\"nbf\":1795440600", BERTH_OK },
		{ ",\"iat\":1795440900", BERTH_OK }, { ",\"iat\":1795440901", BERTH_E_EXPIRED },
		/* the narrower of the two counts */
		{ ",\"validUntil\":\"2030-01-01T00:00:00Z\",\"exp\":1795440600", BERTH_E_EXPIRED },
		{ ",\"exp\":\"1795440601\"", BERTH_E_VC }, { ",\"nbf\":-1", BERTH_E_VC },
		{ ",\"validUntil\":\"2030-01-01T00:00:00\"", BERTH_E_VC },
		{ ",\"validUntil\":\"tomorrow\"", BERTH_E_VC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(cases[i].want, forge(alice.kid, "vc+jwt", cases[i].more));
}

static int64_t in_1970(void)
{
	return 0;
}

static void no_clock(void **state)
{
	struct berth_report r;
	char *token;

	(void)state;
	berth_clock_inject(in_1970, NULL);
	v.now_s = berth_clock_known_s();
	berth_clock_inject(NULL, NULL);
	CHECK(v.now_s == -1 && berth_clock_known_s() > 0);
	expect(BERTH_E_CLOCK, issued(&alice, ",\"validUntil\":\"2030-01-01T00:00:00Z\""));
	expect(BERTH_OK, issued(&alice, ""));
	/* a clockless device judges no dates, and says so */
	v.no_time = true;
	token = issued(&alice, ",\"validUntil\":\"2020-01-01T00:00:00Z\"");
	CHECK_OK(berth_vc_verify(&r, &v, token, strlen(token)));
	CHECK(r.validity == BERTH_CHECK_NOT_CHECKED && berth_json_len(r.warnings) == 2);
	berth_report_free(&r);
	free(token);
}

static void status_that_cannot_be_answered(void **state)
{
	const char *more = ",\"credentialStatus\":{\"type\":\"BitstringStatusListEntry\",\"id\":\"https://a.example/1\"}";
	struct berth_report r;
	char *token;

	(void)state;
	expect(BERTH_E_STATUS, issued(&alice, more));
	v.no_status = true;
	token = issued(&alice, more);
	CHECK_OK(berth_vc_verify(&r, &v, token, strlen(token)));
	CHECK(r.status == BERTH_CHECK_NOT_CHECKED && berth_json_len(r.warnings) == 2);
	berth_report_free(&r);
	free(token);
}

static void claims_agree_with_the_credential(void **state)
{
	static const struct { const char *more; enum berth_err want; } cases[] = {
		{ ",\"id\":\"urn:x:1\",\"jti\":\"urn:x:1\"", BERTH_OK },
		{ ",\"id\":\"urn:x:1\",\"jti\":\"urn:x:2\"", BERTH_E_VC },
		{ ",\"jti\":\"urn:x:2\"", BERTH_E_VC },
		{ ",\"iss\":\"did:web:b.example\"", BERTH_E_VC },
		{ ",\"iss\":7", BERTH_E_VC },
		{ ",\"sub\":\"did:web:b.example\"", BERTH_E_VC },
		{ ",\"vc\":{}", BERTH_E_VC },
		{ ",\"vp\":{}", BERTH_E_VC },
	};
	char *more;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(cases[i].want, forge(alice.kid, "vc+jwt", cases[i].more));
	CHECK(asprintf(&more, ",\"iss\":\"%s\",\"sub\":\"%s\"", alice.did, subject.did) > 0);
	expect(BERTH_OK, forge(alice.kid, "vc+jwt", more));
	free(more);
}

/* "the code on stderr is the first failed of ..." */
static void first_failure_in_order(void **state)
{
	const char *trust[] = { bob.did };
	const char *dead = ",\"validUntil\":\"2020-01-01T00:00:00Z\",\"credentialStatus\":{\"type\":\"X\"}";
	const char *status = ",\"credentialStatus\":{\"type\":\"X\"}";

	(void)state;
	v.trust = trust;
	v.n_trust = 1;
	expect(BERTH_E_VC, forge(alice.kid, "vc+jwt", ",\"validUntil\":\"2020-01-01\""));
	expect(BERTH_E_EXPIRED, forge(alice.kid, "vc+jwt", dead));
	expect(BERTH_E_STATUS, forge(alice.kid, "vc+jwt", status));
	expect(BERTH_E_AUTHZ, forge(alice.kid, "vc+jwt", ""));
}

static void c121_other_contexts_are_warned_of(void **state)
{
	struct berth_report r;
	char *h = header_of("EdDSA", alice.kid, "vc+jwt"), *p, *token;

	(void)state;
	CHECK(asprintf(&p, "{\"@context\":[\"" BERTH_VC_CONTEXT "\",\"https://a.example/ctx\",{\"x\":\"urn:y\"}],"
			   "\"type\":\"VerifiableCredential\",\"issuer\":\"%s\",\"credentialSubject\":{\"x\":1}}",
		       alice.did) > 0);
	token = test_party_forge(&alice, h, p);
	CHECK_OK(berth_vc_verify(&r, &v, token, strlen(token)));
	CHECK(berth_json_len(r.warnings) == 3);
	berth_report_free(&r);
	free(token);
	free(p);
	CHECK(asprintf(&p, "{\"@context\":[\"https://a.example/ctx\",\"" BERTH_VC_CONTEXT "\"],"
			   "\"type\":\"VerifiableCredential\",\"issuer\":\"%s\",\"credentialSubject\":{\"x\":1}}",
		       alice.did) > 0);
	expect(BERTH_E_VC, test_party_forge(&alice, h, p));
	free(p);
	free(h);
}

static void bare_key_of_the_issuer(void **state)
{
	char *h = header_of("EdDSA", NULL, "vc+jwt"), *p = text_of("https://issuer.example/7", "");

	(void)state;
	expect(BERTH_E_ENV, test_party_forge(&alice, h, p));
	v.key = &alice.key;
	expect(BERTH_OK, test_party_forge(&alice, h, p));
	v.key = &bob.key;
	expect(BERTH_E_ALG, test_party_forge(&alice, h, p));
	v.key = &subject.key;
	expect(BERTH_E_SIG, issued(&bob, ""));
	free(h);
	free(p);
}

static void size_cap(void **state)
{
	char *more = malloc(BERTH_VC_MAX + 1), *token;
	struct berth_report r;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	memset(more, 'A', BERTH_VC_MAX + 1);
	CHECK_RC(BERTH_E_SIZE, berth_vc_verify(&r, &v, more, BERTH_VC_MAX + 1));
	berth_report_free(&r);
	CHECK_RC(BERTH_E_ENV, berth_vc_verify(&r, &v, more, BERTH_VC_MAX));
	berth_report_free(&r);
	memcpy(more, ",\"name\":\"", 9);
	memcpy(more + 50000, "\"", 2);
	CHECK_RC(BERTH_E_SIZE, issue(&b, &alice, alice.did, more));
	memcpy(more + 40000, "\"", 2);
	token = issued(&alice, more);
	expect(BERTH_OK, token);
	berth_buf_free(&b);
	free(more);
}

/* ---- the specification's tokens ---- */

static bool verifies_with(const char *token, const struct berth_json *keys)
{
	struct berth_report r;
	bool ok = false;

	berth_json_each(jwk, keys) {
		struct berth_pubkey key;

		if (berth_jwk_parse(&key, jwk))
			continue;
		v.key = &key;
		v.typ_optional = true;
		ok |= berth_vc_verify(&r, &v, token, strlen(token)) == BERTH_OK;
		berth_report_free(&r);
	}
	return ok;
}

/* An SD-JWT, or its JWT alone, which is one with nothing disclosed. */
static bool is_sd_jwt(const char *token)
{
	struct berth_sd_jwt sd;
	char *text;
	bool ok = false;

	CHECK(asprintf(&text, "%s%s", token, strchr(token, '~') ? "" : "~") > 0);
	if (!berth_sd_parse(&sd, text, strlen(text))) {
		ok = !berth_sd_process(&sd) && berth_json_get(sd.payload, "@context") && !berth_json_get(sd.payload, "_sd_alg");
		berth_sd_free(&sd);
	}
	free(text);
	return ok;
}

/* COSE is another world: none of these is taken for a token of ours. */
static size_t refused_cose(void)
{
	struct berth_json *list = test_json_file("tests/vectors/vc-jose-cose/cose-sign1-hex.json");
	size_t refused = 0;

	berth_json_each(it, list) {
		struct berth_buf hex = BERTH_BUF_INIT;
		struct berth_report r;

		CHECK_OK(berth_json_print(&hex, it));
		CHECK_RC(BERTH_E_ENV, berth_vc_verify(&r, &v, berth_buf_cstr(&hex), hex.len));
		berth_report_free(&r);
		berth_buf_free(&hex);
		refused++;
	}
	berth_json_free(list);
	return refused;
}

static void vc_jose_cose_tokens(void **state)
{
	size_t n, total = 0, structure = 0, verified = 0;
	char *text = test_read_file("tests/vectors/vc-jose-cose/jwt.json", &n), *keys_text;
	struct berth_json *list, *keys;

	(void)state;
	CHECK_OK(berth_json_parse(&list, text, n, BERTH_JSON_MAX));
	keys_text = test_read_file("tests/vectors/vc-jose-cose/keys-in-spec.json", &n);
	CHECK_OK(berth_json_parse(&keys, keys_text, n, BERTH_JSON_MAX));
	berth_json_each(it, list) {
		const char *token = berth_json_str(berth_json_get(it, "token"));
		struct berth_vc_token t;
		bool vp;

		total++;
		if (strcmp(berth_json_str(berth_json_get(it, "kind")), "jwt")) {
			structure += is_sd_jwt(token);
			continue;
		}
		CHECK_OK(berth_vc_token_open(&t, token, strlen(token), BERTH_VC_MAX, "vc+jwt", true, true));
		vp = berth_json_get(t.payload, "verifiableCredential") != NULL;
		if (berth_json_get(t.payload, "_sd_alg"))
			structure += is_sd_jwt(token);
		else if ((vp ? berth_presentation_check : berth_credential_check)(t.payload) == BERTH_OK)
			structure++;
		else
			printf("vectors: vc-jose-cose jwt %zu: %s\n", total, berth_err_detail());
		verified += verifies_with(token, keys);
		berth_vc_token_close(&t);
	}
	printf("vc-jose-cose: %zu of %zu verify with a published key\n", verified, total);
	n = refused_cose();
	printf("vectors: vc-jose-cose: %zu are COSE_Sign1, which we do not read: E_ENV\n", n);
	VECTORS("vc-jose-cose", structure, total + n);
	assert_int_equal(structure, 6);
	assert_int_equal(n, 8);
	berth_json_free(list);
	berth_json_free(keys);
	free(text);
	free(keys_text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(every_kind_of_issuer, fresh),
		cmocka_unit_test_setup(report_says_what_was_checked, fresh),
		cmocka_unit_test_setup(c024a_kid_is_an_absolute_did_url, fresh),
		cmocka_unit_test_setup(c033_typ_is_vc_jwt, fresh),
		cmocka_unit_test_setup(cty_is_tolerated, fresh),
		cmocka_unit_test_setup(c022_alg_belongs_to_the_key, fresh),
		cmocka_unit_test_setup(the_key_is_the_issuers, fresh),
		cmocka_unit_test_setup(c032_key_stands_in_assertion_method, fresh),
		cmocka_unit_test_setup(c114_altered_token_never_verifies, fresh),
		cmocka_unit_test_setup(truncations, fresh),
		cmocka_unit_test_setup(refusal_shows_nothing_unsigned, fresh),
		cmocka_unit_test_setup(c116_issuer_must_be_trusted, fresh),
		cmocka_unit_test_setup(c117_validity, fresh),
		cmocka_unit_test_setup(no_clock, fresh),
		cmocka_unit_test_setup(status_that_cannot_be_answered, fresh),
		cmocka_unit_test_setup(claims_agree_with_the_credential, fresh),
		cmocka_unit_test_setup(first_failure_in_order, fresh),
		cmocka_unit_test_setup(c121_other_contexts_are_warned_of, fresh),
		cmocka_unit_test_setup(bare_key_of_the_issuer, fresh),
		cmocka_unit_test_setup(size_cap, fresh),
		cmocka_unit_test_setup(vc_jose_cose_tokens, fresh),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
