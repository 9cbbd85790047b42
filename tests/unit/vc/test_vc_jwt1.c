/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/verifier.h"

#include "did/base/secret.h"
#include "did/jose/jws.h"
#include "vc/enveloped.h"
#include "vc/formats.h"
#include "vc/vc_jwt1.h"

static int setup(void **state)
{
	(void)state;
	test_verifier_make(PARTY_KEY_P256, PARTY_KEY_P256);
	return 0;
}

static int fresh(void **state)
{
	(void)state;
	test_verifier_fresh(CHALLENGE, NULL);
	return 0;
}

/* more: further members, with a comma in front. */
static char *credential(const char *more)
{
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT_V1 "\"],\"type\":[\"VerifiableCredential\"],"
			   "\"issuer\":\"%s\",\"issuanceDate\":\"2026-01-01T00:00:00Z\","
			   "\"credentialSubject\":{\"id\":\"%s\",\"a\":1}%s}", issuer.did, holder.did, more) > 0);
	return s;
}

static enum berth_err issue(struct berth_buf *out, const char *kid, const char *text)
{
	struct berth_json *vc = test_json(text);
	enum berth_err rc = berth_vc_jwt1_issue(out, kr, kid, vc);

	berth_json_free(vc);
	return rc;
}

static char *issued(const char *more)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char *s = credential(more);

	CHECK_OK(issue(&b, issuer.kid, s));
	free(s);
	return test_take(&b);
}

/* A token by the issuer; typ NULL: none. */
static char *forge(const char *typ, const char *payload)
{
	char *h, *token;

	CHECK(asprintf(&h, "{\"alg\":\"EdDSA\",\"kid\":\"%s\"%s%s%s}", issuer.kid, typ ? ",\"typ\":\"" : "", typ ? typ : "",
		       typ ? "\"" : "") > 0);
	token = test_party_forge(&issuer, h, payload);
	free(h);
	return token;
}

/* Claims around a credential without what they say: inner is the members of vc. */
static char *around(const char *claims, const char *inner)
{
	char *p, *token;

	CHECK(asprintf(&p, "{\"iss\":\"%s\"%s,\"vc\":{\"@context\":\"" BERTH_VC_CONTEXT_V1 "\",\"type\":\"VerifiableCredential\"%s}}",
		       issuer.did, claims, inner) > 0);
	token = forge("JWT", p);
	free(p);
	return token;
}

static void expect(enum berth_err want, char *token)
{
	struct berth_report r;

	CHECK_RC(want, berth_vc_jwt1_verify(&r, &v, token, strlen(token)));
	CHECK(r.first == want && r.verified == (want == BERTH_OK));
	CHECK((r.credential != NULL) == (r.signature == BERTH_CHECK_PASSED));
	berth_report_free(&r);
	free(token);
}

/* ---- the token ---- */

static void what_is_issued_comes_back(void **state)
{
	char *text = credential(",\"id\":\"urn:1\",\"expirationDate\":\"2027-01-01T00:00:00Z\""), *token;
	struct berth_json *vc = test_json(text), *claims;
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_report r;
	struct berth_jws j;

	(void)state;
	CHECK_OK(issue(&b, issuer.kid, text));
	token = test_take(&b);
	CHECK_OK(berth_jws_parse(&j, token, strlen(token), BERTH_VC_MAX));
	CHECK(!strcmp(j.typ, "JWT") && !strcmp(j.kid, issuer.kid));
	claims = test_json(berth_buf_cstr(&j.payload));
	CHECK(!strcmp(berth_json_str(berth_json_get(claims, "iss")), issuer.did));
	CHECK(!strcmp(berth_json_str(berth_json_get(claims, "sub")), holder.did));
	CHECK(!strcmp(berth_json_str(berth_json_get(claims, "jti")), "urn:1"));
	CHECK(berth_json_num(berth_json_get(claims, "nbf")) == 1767225600 && berth_json_num(berth_json_get(claims, "exp")) == 1798761600);
	CHECK_OK(berth_vc_jwt1_verify(&r, &v, token, strlen(token)));
	CHECK(berth_json_equal(r.credential, vc) && !strcmp(r.format, "vc-jwt") && !strcmp(r.issuer_did, issuer.did));
	berth_report_free(&r);
	berth_json_free(claims);
	berth_json_free(vc);
	berth_jws_free(&j);
	free(token);
	free(text);
}

static void claims_stand_for_members(void **state)
{
	char *token, *sub;
	struct berth_report r;

	(void)state;
	CHECK(asprintf(&sub, ",\"sub\":\"%s\",\"nbf\":1767225600.9,\"exp\":1798761600,\"jti\":\"urn:1\"", holder.did) > 0);
	token = around(sub, ",\"credentialSubject\":{\"a\":1}");
	CHECK_OK(berth_vc_jwt1_verify(&r, &v, token, strlen(token)));
	CHECK(!strcmp(berth_json_str(berth_json_get(r.credential, "issuer")), issuer.did));
	CHECK(!strcmp(berth_json_str(berth_json_get(r.credential, "issuanceDate")), "2026-01-01T00:00:00Z"));
	CHECK(!strcmp(berth_json_str(berth_json_get(r.credential, "expirationDate")), "2027-01-01T00:00:00Z"));
	CHECK(!strcmp(berth_json_str(berth_json_get(r.credential, "id")), "urn:1"));
	CHECK(!strcmp(berth_credential_subject(r.credential), holder.did));
	berth_report_free(&r);
	free(token);
	expect(BERTH_OK, around(sub, ",\"issuer\":{\"name\":\"x\"},\"credentialSubject\":[{\"a\":1}]"));
	free(sub);
}

static void claims_and_members_agree(void **state)
{
	static const char subject[] = ",\"credentialSubject\":{\"id\":\"did:example:s\",\"a\":1}";
	static const char date[] = ",\"nbf\":1767225600";
	char *s;

	(void)state;
	expect(BERTH_OK, around(date, subject));
	expect(BERTH_E_VC, around(",\"nbf\":1767225600,\"sub\":\"did:example:t\"", subject));
	expect(BERTH_E_VC, around(",\"nbf\":1767225600,\"sub\":7", subject));
	expect(BERTH_E_VC, around(",\"nbf\":1767225600,\"sub\":\"did:example:t\"", ",\"credentialSubject\":[{\"a\":1},{\"b\":1}]"));
	CHECK(asprintf(&s, "%s,\"id\":\"urn:2\"", subject) > 0);
	expect(BERTH_OK, around(",\"nbf\":1767225600,\"jti\":\"urn:2\"", s));
	expect(BERTH_E_VC, around(",\"nbf\":1767225600,\"jti\":\"urn:1\"", s));
	free(s);
	CHECK(asprintf(&s, "%s,\"issuanceDate\":\"2026-01-02T00:00:00Z\"", subject) > 0);
	expect(BERTH_E_VC, around(date, s));
	expect(BERTH_OK, around("", s));
	free(s);
	CHECK(asprintf(&s, "%s,\"expirationDate\":\"2027-01-02T00:00:00Z\"", subject) > 0);
	expect(BERTH_E_VC, around(",\"nbf\":1767225600,\"exp\":1798761600", s));
	free(s);
	expect(BERTH_E_VC, around("", subject));			/* no date of issuance */
	expect(BERTH_E_VC, around(",\"nbf\":\"x\"", subject));
	expect(BERTH_E_VC, around(",\"nbf\":-1", subject));
	expect(BERTH_E_VC, around(",\"nbf\":1e300", subject));
	expect(BERTH_E_VC, around(date, ""));
	expect(BERTH_E_VC, around(date, ",\"issuer\":\"did:example:x\",\"credentialSubject\":{\"a\":1}"));
}

static void c033_other_tokens(void **state)
{
	char *s = credential(""), *p;

	(void)state;
	CHECK(asprintf(&p, "{\"iss\":\"%s\",\"sub\":\"did:example:new\",\"iat\":1}", issuer.did) > 0);
	expect(BERTH_E_ENV, forge("JWT", p));				/* a from_prior */
	free(p);
	CHECK(asprintf(&p, "{\"iss\":\"%s\",\"vc\":%s}", issuer.did, s) > 0);
	expect(BERTH_OK, forge("JWT", p));
	expect(BERTH_OK, forge(NULL, p));
	expect(BERTH_E_ENV, forge("vc+jwt", p));
	expect(BERTH_E_ENV, forge("kb+jwt", p));
	free(p);
	expect(BERTH_E_ENV, forge("JWT", s));				/* a credential, but not as vc */
	expect(BERTH_E_ENV, forge("JWT", "{\"vc\":[]}"));
	free(s);
}

static void c114_c022_signature_and_key(void **state)
{
	char *token = issued(""), *s = credential(""), *p;
	struct berth_buf b = BERTH_BUF_INIT;
	size_t at = strlen(token) - 20;

	(void)state;
	token[at] = token[at] == 'A' ? 'B' : 'A';
	expect(BERTH_E_SIG, token);
	CHECK_RC(BERTH_E_KEY, issue(&b, other.kid, s));
	CHECK(asprintf(&p, "{\"iss\":\"%s\",\"nbf\":1767225600,\"vc\":{\"@context\":\"" BERTH_VC_CONTEXT_V1 "\",\"type\":"
			   "\"VerifiableCredential\",\"credentialSubject\":{\"a\":1}}}", other.did) > 0);
	expect(BERTH_E_KEY, forge("JWT", p));
	free(p);
	v.key = &other.key;
	expect(BERTH_E_ALG, issued(""));
	v.key = &issuer.key;
	expect(BERTH_OK, issued(""));
	free(s);
}

static void dates_status_and_model(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char *s;

	(void)state;
	expect(BERTH_E_EXPIRED, issued(",\"expirationDate\":\"2026-11-23T13:30:00Z\""));
	expect(BERTH_OK, issued(",\"expirationDate\":\"2026-11-23T13:30:01Z\""));
	expect(BERTH_E_STATUS, issued(",\"credentialStatus\":{\"type\":\"StatusList2021Entry\"}"));
	v.now_s = 1767225599;
	expect(BERTH_E_EXPIRED, issued(""));
	v.now_s = -1;
	expect(BERTH_E_CLOCK, issued(""));
	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"],\"issuer\":\"%s\","
			   "\"credentialSubject\":{\"a\":1}}", issuer.did) > 0);
	CHECK_RC(BERTH_E_VC, issue(&b, issuer.kid, s));			/* that is 2.0 */
	free(s);
}

/* ---- beside its token ---- */

static void c114_altered_beside_its_token(void **state)
{
	static const char *const altered[] = { "\"a\":1", "\"a\":2" };
	char *token = issued(""), *text;
	struct berth_report r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		CHECK(asprintf(&text, "{\"@context\":[\"" BERTH_VC_CONTEXT_V1 "\"],\"type\":[\"VerifiableCredential\"],"
				      "\"issuer\":{\"id\":\"%s\"},\"issuanceDate\":\"2026-01-01T00:00:00.000Z\",\"credentialSubject\":"
				      "{%s,\"id\":\"%s\"},\"proof\":{\"type\":\"JwtProof2020\",\"jwt\":\"%s\"}}",
			       issuer.did, altered[i], holder.did, token) > 0);
		CHECK_RC(i ? BERTH_E_SIG : BERTH_OK, berth_vc_di_verify(&r, &v, text, strlen(text)));
		CHECK(r.verified == !i && (r.credential != NULL) == !i && r.signature == (i ? BERTH_CHECK_FAILED : BERTH_CHECK_PASSED));
		berth_report_free(&r);
		free(text);
	}
	text = strdup("{\"proof\":{\"jwt\":\"{\\\"proof\\\":{\\\"jwt\\\":\\\"x\\\"}}\"}}");	/* no token in it */
	CHECK_RC(BERTH_E_ENV, berth_vc_di_verify(&r, &v, text, strlen(text)));
	berth_report_free(&r);
	free(text);
	free(token);
}

/* ---- envelopes ---- */

static char *w3c(bool sd)
{
	static const char *const pointers[] = { "/credentialSubject/a" };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"],\"issuer\":\"%s\","
			   "\"credentialSubject\":{\"id\":\"%s\",\"a\":1}}", issuer.did, holder.did) > 0);
	vc = test_json(s);
	CHECK_OK(sd ? berth_vc_sd_issue(&b, kr, issuer.kid, vc, true, pointers, 1, 0) : berth_vc_issue(&b, kr, issuer.kid, vc));
	berth_json_free(vc);
	free(s);
	return test_take(&b);
}

static void presentations_hold_sd_jwts(void **state)
{
	char *jwt = w3c(false), *sd = w3c(true), *vp;
	const char *vcs[] = { jwt, sd };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_report r;
	size_t n;

	(void)state;
	CHECK_OK(berth_vp_create(&b, kr, holder.kid, CHALLENGE, NULL, vcs, 2));
	vp = test_take(&b);
	n = strlen(vp);
	CHECK_OK(berth_vp_verify(&r, &v, vp, n));
	CHECK(!strcmp(berth_json_str(berth_json_get(berth_json_at(r.credentials, 1), "format")), "vc+sd-jwt"));
	berth_report_free(&r);
	/* and the whole in an envelope of its own */
	berth_buf_printf(&b, "{\"@context\":\"" BERTH_VC_CONTEXT "\",\"type\":\"EnvelopedVerifiablePresentation\","
			     "\"id\":\"data:application/vp+jwt,%s\"}", vp);
	CHECK_OK(berth_verify_presentation(&r, &v, BERTH_FORMAT_DI, berth_buf_cstr(&b), b.len));
	CHECK(!strcmp(r.format, "vp+jwt") && berth_json_len(r.credentials) == 2);
	berth_report_free(&r);
	berth_buf_free(&b);
	free(vp);
	free(jwt);
	free(sd);
}

static void envelopes_of_credentials(void **state)
{
	char *jwt = w3c(false), *sd = w3c(true);
	const char *tokens[] = { jwt, sd };
	struct berth_json *e;
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_report r;

	(void)state;
	for (int i = 0; i < 2; i++) {
		CHECK_OK(berth_envelope_make(&e, tokens[i]));
		CHECK_OK(berth_json_print(&b, e));
		CHECK_OK(berth_vc_di_verify(&r, &v, berth_buf_cstr(&b), b.len));
		CHECK(!strcmp(r.format, i ? "vc+sd-jwt" : "vc+jwt"));
		berth_report_free(&r);
		CHECK_RC(BERTH_E_VC, berth_envelope_verify(&r, &v, e, true));	/* no presentation */
		berth_report_free(&r);
		CHECK_OK(berth_json_set_str(e, "id", "data:text/plain,x"));
		CHECK_RC(BERTH_E_VC, berth_envelope_verify(&r, &v, e, false));
		berth_report_free(&r);
		berth_json_free(e);
		berth_buf_reset(&b);
	}
	CHECK_RC(BERTH_E_ENV, berth_envelope_make(&e, "e30.e30.AA~~"));
	berth_buf_free(&b);
	free(jwt);
	free(sd);
}

static void found_by_its_look(void **state)
{
	char *token = issued(""), *jwt = w3c(false);
	enum berth_vc_format f;

	(void)state;
	CHECK_OK(berth_vc_format_guess(&f, token, strlen(token)));
	CHECK(f == BERTH_FORMAT_VC_JWT1 && berth_vc_format_find("vc-jwt") == f);
	CHECK_OK(berth_vc_format_guess(&f, jwt, strlen(jwt)));
	CHECK(f == BERTH_FORMAT_VC_JWT);
	for (size_t n = 0; n < strlen(token); n++) {
		char *cut = malloc(n ? n : 1);

		memcpy(cut, token, n);
		CHECK_OK(berth_vc_format_guess(&f, cut, n));
		free(cut);
	}
	for (size_t n = 0; n < strlen(token) - 1; n += 7) {
		struct berth_report r;

		CHECK(berth_vc_jwt1_verify(&r, &v, token, n) != BERTH_OK);
		berth_report_free(&r);
	}
	free(token);
	free(jwt);
}

/* ---- C015 ---- */

static enum berth_err verify(void *arg)
{
	struct berth_report r;
	enum berth_err rc = berth_vc_jwt1_verify(&r, &v, arg, strlen(arg));

	berth_report_free(&r);
	return rc;
}

static enum berth_err verify_json(void *arg)
{
	struct berth_report r;
	enum berth_err rc = berth_vc_di_verify(&r, &v, arg, strlen(arg));

	berth_report_free(&r);
	return rc;
}

static enum berth_err make(void *arg)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = berth_vc_jwt1_issue(&b, kr, issuer.kid, arg);

	berth_buf_free(&b);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	char *token = issued(""), *s = credential(""), *sd = w3c(true), *beside;
	struct berth_json *vc = test_json(s), *e;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK(test_every_allocation_fails(verify, token) > 30);
	CHECK(test_every_allocation_fails(make, vc) > 10);
	CHECK(asprintf(&beside, "%.*s,\"proof\":{\"jwt\":\"%s\"}}", (int)strlen(s) - 1, s, token) > 0);
	CHECK(test_every_allocation_fails(verify_json, beside) > 30);
	CHECK_OK(berth_envelope_make(&e, sd));
	CHECK_OK(berth_json_print(&b, e));
	CHECK(test_every_allocation_fails(verify_json, (void *)(uintptr_t)berth_buf_cstr(&b)) > 30);
	berth_buf_free(&b);
	berth_json_free(e);
	berth_json_free(vc);
	free(beside);
	free(token);
	free(sd);
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(what_is_issued_comes_back, fresh),
		cmocka_unit_test_setup(claims_stand_for_members, fresh),
		cmocka_unit_test_setup(claims_and_members_agree, fresh),
		cmocka_unit_test_setup(c033_other_tokens, fresh),
		cmocka_unit_test_setup(c114_c022_signature_and_key, fresh),
		cmocka_unit_test_setup(dates_status_and_model, fresh),
		cmocka_unit_test_setup(c114_altered_beside_its_token, fresh),
		cmocka_unit_test_setup(presentations_hold_sd_jwts, fresh),
		cmocka_unit_test_setup(envelopes_of_credentials, fresh),
		cmocka_unit_test_setup(found_by_its_look, fresh),
		cmocka_unit_test_setup(c015_every_allocation_may_fail, fresh),
	};

	return cmocka_run_group_tests(tests, setup, test_verifier_end);
}
