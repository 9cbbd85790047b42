/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/verifier.h"

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/jose/jwk.h"
#include "vc/formats.h"
#include "vc/sd_jwt.h"

static int setup(void **state)
{
	(void)state;
	test_verifier_make(PARTY_KEY_P256, PARTY_KEY_P256);
	return 0;
}

/* ,"cnf":{"jwk":...} of a party. */
static char *cnf_of(const struct test_party *p)
{
	struct berth_json *jwk = berth_jwk_format(&p->key);
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_str(&b, ",\"cnf\":{\"jwk\":");
	CHECK_OK(berth_json_print(&b, jwk));
	berth_buf_u8(&b, '}');
	berth_json_free(jwk);
	return test_take(&b);
}

/* more: further claims, with a comma in front. */
static char *claims_of(const char *more)
{
	char *s;

	CHECK(asprintf(&s, "{\"iss\":\"%s\",\"vct\":\"urn:t\",\"sub\":\"%s\",\"given_name\":\"Erika\",\"address\":"
			   "{\"street\":\"Heidestrasse 17\",\"city\":\"Koeln\"},\"nationalities\":[\"DE\",\"FR\"]%s}",
		       issuer.did, holder.did, more) > 0);
	return s;
}

static const char *const pointers[] = { "/given_name", "/address", "/address/city", "/nationalities/1" };

static char *issued(const char *more)
{
	char *s = claims_of(more);
	struct berth_json *claims = test_json(s);
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_vc_sd_issue(&b, kr, issuer.kid, claims, false, pointers, 4, 0));
	berth_json_free(claims);
	free(s);
	return test_take(&b);
}

static char *w3c(const char *more, const char *const *withheld, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"],\"issuer\":\"%s\","
			   "\"credentialSubject\":{\"id\":\"%s\",\"degree\":\"x\"}%s}", issuer.did, holder.did, more) > 0);
	vc = test_json(s);
	CHECK_OK(berth_vc_sd_issue(&b, kr, issuer.kid, vc, true, withheld, n, 0));
	berth_json_free(vc);
	free(s);
	return test_take(&b);
}

/* By the issuer, whatever header; no disclosures. */
static char *forge(const char *kid, const char *typ, const char *payload)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char *h, *jwt;

	CHECK(asprintf(&h, "{\"alg\":\"EdDSA\"%s%s%s%s%s%s}", kid ? ",\"kid\":\"" : "", kid ? kid : "", kid ? "\"" : "",
		       typ ? ",\"typ\":\"" : "", typ ? typ : "", typ ? "\"" : "") > 0);
	jwt = test_party_forge(&issuer, h, payload);
	berth_buf_printf(&b, "%s~", jwt);
	free(h);
	free(jwt);
	return test_take(&b);
}

static void expect(enum berth_err want, char *text)
{
	struct berth_report r;

	CHECK_RC(want, berth_vc_sd_verify(&r, &v, text, strlen(text)));
	CHECK(r.first == want && r.verified == (want == BERTH_OK));
	CHECK((r.credential != NULL) == (r.signature == BERTH_CHECK_PASSED));
	berth_report_free(&r);
	free(text);
}

static void expect_vp(enum berth_err want, char *text)
{
	struct berth_report r;

	CHECK_RC(want, berth_vp_sd_verify(&r, &v, text, strlen(text)));
	CHECK(r.first == want && r.verified == (want == BERTH_OK));
	CHECK(!r.verified || r.holder == BERTH_CHECK_PASSED);
	berth_report_free(&r);
	free(text);
}

/* ---- credentials ---- */

static void report_has_the_processed_payload(void **state)
{
	char *text = issued(",\"exp\":1795440601");
	struct berth_report r;
	struct berth_json *j;

	(void)state;
	v.trust = (const char *const[]){ issuer.did };
	v.n_trust = 1;
	CHECK_OK(berth_vc_sd_verify(&r, &v, text, strlen(text)));
	CHECK(r.validity == BERTH_CHECK_PASSED && r.issuer == BERTH_CHECK_PASSED && r.holder == BERTH_CHECK_NOT_PRESENT);
	j = berth_report_json(&r);
	CHECK(!strcmp(berth_json_str(berth_json_get(j, "format")), "dc+sd-jwt"));
	CHECK(!strcmp(berth_json_str(berth_json_get(j, "issuer")), issuer.did));
	CHECK(!berth_json_get(r.credential, "_sd") && !berth_json_get(r.credential, "_sd_alg"));
	CHECK(!strcmp(berth_json_str(berth_json_get(r.credential, "given_name")), "Erika"));
	CHECK(!strcmp(berth_json_str(berth_json_get(berth_json_get(r.credential, "address"), "city")), "Koeln"));
	CHECK(berth_json_len(berth_json_get(r.credential, "nationalities")) == 2);
	berth_json_free(j);
	berth_report_free(&r);
	free(text);
	v.trust = (const char *const[]){ other.did };
	expect(BERTH_E_AUTHZ, issued(""));
}

static void the_two_kinds_are_told_apart(void **state)
{
	static const char *const degree[] = { "/credentialSubject/degree" };
	char *claims = claims_of(""), *text = w3c("", degree, 1), *vcdm;
	struct berth_json *c = test_json(claims);
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_report r;

	(void)state;
	CHECK_OK(berth_vc_sd_verify(&r, &v, text, strlen(text)));
	CHECK(!strcmp(r.format, "vc+sd-jwt"));
	CHECK(!strcmp(berth_json_str(berth_json_get(berth_json_get(r.credential, "credentialSubject"), "degree")), "x"));
	berth_report_free(&r);
	free(text);
	expect(BERTH_OK, forge(issuer.kid, "dc+sd-jwt", claims));
	expect(BERTH_OK, forge(issuer.kid, "vc+sd-jwt", claims));	/* its older name */
	CHECK_RC(BERTH_E_VC, berth_vc_sd_issue(&b, kr, issuer.kid, c, true, NULL, 0, 0));
	CHECK(asprintf(&vcdm, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"],\"issuer\":\"%s\","
			      "\"credentialSubject\":{\"a\":1}}", issuer.did) > 0);
	expect(BERTH_OK, forge(issuer.kid, "vc+sd-jwt", vcdm));
	expect(BERTH_E_ENV, forge(issuer.kid, "dc+sd-jwt", vcdm));
	berth_json_free(c);
	free(vcdm);
	free(claims);
}

static void c033_c024a_typ_and_kid(void **state)
{
	char *claims = claims_of("");

	(void)state;
	expect(BERTH_E_ENV, forge(issuer.kid, "vc+jwt", claims));
	expect(BERTH_E_ENV, forge(issuer.kid, "kb+jwt", claims));
	expect(BERTH_E_ENV, forge(issuer.kid, "JWT", claims));
	expect(BERTH_E_ENV, forge(issuer.kid, NULL, claims));
	v.typ_optional = true;
	expect(BERTH_OK, forge(issuer.kid, NULL, claims));
	expect(BERTH_E_ENV, forge(issuer.kid, "JWT", claims));
	expect(BERTH_E_ENV, forge(NULL, "dc+sd-jwt", claims));
	expect(BERTH_E_ENV, forge("#key-1", "dc+sd-jwt", claims));
	expect(BERTH_E_ENV, forge(issuer.did, "dc+sd-jwt", claims));
	v.key = &issuer.key;
	expect(BERTH_OK, forge(NULL, "dc+sd-jwt", claims));
	v.key = &other.key;
	expect(BERTH_E_ALG, forge(NULL, "dc+sd-jwt", claims));
	free(claims);
}

static void whose_key_it_is(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char *s, *claims = claims_of("");
	struct berth_json *c = test_json(claims);
	struct berth_report r;

	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_vc_sd_issue(&b, kr, other.kid, c, false, NULL, 0, 0));
	CHECK(asprintf(&s, "{\"iss\":\"%s\",\"vct\":\"t\"}", other.did) > 0);
	expect(BERTH_E_KEY, forge(issuer.kid, "dc+sd-jwt", s));
	free(s);
	expect(BERTH_E_KEY, forge(issuer.kid, "dc+sd-jwt", "{\"iss\":\"https://issuer.example\",\"vct\":\"t\"}"));
	/* without iss it is the DID of the key */
	s = forge(issuer.kid, "dc+sd-jwt", "{\"vct\":\"t\"}");
	CHECK_OK(berth_vc_sd_verify(&r, &v, s, strlen(s)));
	CHECK(!strcmp(r.issuer_did, issuer.did));
	berth_report_free(&r);
	free(s);
	berth_json_free(c);
	free(claims);
}

static void structure_and_dates(void **state)
{
	char *s, *text = issued("");

	(void)state;
	CHECK(asprintf(&s, "{\"iss\":\"%s\"}", issuer.did) > 0);
	expect(BERTH_E_VC, forge(issuer.kid, "dc+sd-jwt", s));
	free(s);
	expect(BERTH_E_VC, forge(issuer.kid, "dc+sd-jwt", "{\"vct\":1}"));
	expect(BERTH_E_VC, forge(issuer.kid, "dc+sd-jwt", "{\"vct\":\"t\",\"iss\":1}"));
	expect(BERTH_E_VC, forge(issuer.kid, "dc+sd-jwt", "{\"vct\":\"t\",\"exp\":\"1\"}"));
	expect(BERTH_E_TYPE, forge(issuer.kid, "dc+sd-jwt", "[]"));
	expect(BERTH_E_EXPIRED, issued(",\"exp\":1795440600"));
	expect(BERTH_E_EXPIRED, issued(",\"nbf\":1795440601"));
	expect(BERTH_E_STATUS, issued(",\"status\":{\"status_list\":{\"idx\":1,\"uri\":\"u\"}}"));
	expect(BERTH_E_STATUS, issued(",\"status\":{\"other\":1}"));
	expect(BERTH_E_STATUS, issued(",\"status\":7"));
	v.no_status = true;
	expect(BERTH_OK, issued(",\"status\":{\"status_list\":{\"idx\":1,\"uri\":\"u\"}}"));
	/* a disclosure that is altered, one left over, and C114 of the signed part */
	s = strdup(text);
	s[strcspn(s, "~") + 30] ^= 1;
	expect(BERTH_E_SDJWT, s);
	CHECK(asprintf(&s, "%sWyJzIiwibiIsMV0~", text) > 0);
	expect(BERTH_E_SDJWT, s);
	s = strdup(text);
	s[strcspn(s, "~") - 20] = s[strcspn(s, "~") - 20] == 'A' ? 'B' : 'A';
	expect(BERTH_E_SIG, s);
	free(text);
}

static void c114_claims_that_stand_open_only(void **state)
{
	/* somebody withholds what must not be: {"_sd":[digest of ["s","exp",1]]} */
	static const char *const disclosed[] = {
		"[\"s\",\"exp\",1]", "[\"s\",\"iss\",\"x\"]", "[\"s\",\"cnf\",{}]", "[\"s\",\"vct\",\"x\"]", "[\"s\",\"status\",{}]"
	};
	char digest[BERTH_SD_DIGEST_MAX + 1], *payload, *jwt, *whole;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		const char *d = i < 5 ? disclosed[i] : "[\"s\",\"fine\",1]";

		berth_buf_reset(&b);
		berth_b64url_encode(&b, d, strlen(d));
		CHECK_OK(berth_sd_digest(digest, "sha-256", b.p, b.len));
		CHECK(asprintf(&payload, "{%s\"_sd\":[\"%s\"]}", i == 3 ? "" : "\"vct\":\"t\",", digest) > 0);
		jwt = forge(issuer.kid, "dc+sd-jwt", payload);
		CHECK(asprintf(&whole, "%s%s~", jwt, berth_buf_cstr(&b)) > 0);
		expect(i < 5 ? BERTH_E_SDJWT : BERTH_OK, whole);
		free(payload);
		free(jwt);
	}
	berth_buf_free(&b);
}

/* ---- presentations ---- */

static char *present(const char *text, const char *pointer, const struct test_party *by, const char *nonce, const char *aud)
{
	const struct berth_sd_binding b = { .kid = by->kid, .nonce = nonce, .aud = aud, .iat_s = NOW };
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(berth_sd_present(&out, kr, text, strlen(text), &pointer, pointer ? 1 : 0, &b));
	return test_take(&out);
}

static void c129_key_binding(void **state)
{
	char *cnf = cnf_of(&holder), *text = issued(cnf), *good = present(text, "/given_name", &holder, CHALLENGE, DOMAIN), *s;
	size_t before = (size_t)(strrchr(good, '~') - good) + 1;

	(void)state;
	expect_vp(BERTH_OK, strdup(good));
	expect_vp(BERTH_E_HOLDER, strdup(text));				/* missing */
	expect_vp(BERTH_E_HOLDER, present(text, NULL, &other, CHALLENGE, DOMAIN));	/* not by cnf's key */
	expect_vp(BERTH_E_HOLDER, present(text, NULL, &holder, "other", DOMAIN));
	expect_vp(BERTH_E_HOLDER, present(text, NULL, &holder, CHALLENGE, "other"));
	expect_vp(BERTH_E_HOLDER, present(text, NULL, &holder, CHALLENGE, NULL));
	v.domain = NULL;
	expect_vp(BERTH_OK, present(text, NULL, &holder, CHALLENGE, NULL));
	v.domain = DOMAIN;
	/* the binding of another selection: sd_hash */
	s = present(text, NULL, &holder, CHALLENGE, DOMAIN);
	{
		char *mixed;

		CHECK(asprintf(&mixed, "%.*s%s", (int)before, good, strrchr(s, '~') + 1) > 0);
		expect_vp(BERTH_E_HOLDER, mixed);
	}
	free(s);
	s = strdup(good);
	s[before + 20] ^= 1;	/* its header */
	expect_vp(BERTH_E_HOLDER, s);
	s = strdup(good);
	s[strlen(s) - 10] = s[strlen(s) - 10] == 'A' ? 'B' : 'A';
	expect_vp(BERTH_E_HOLDER, s);
	/* a binding beside a credential is not asked for, but it must hold */
	expect(BERTH_OK, strdup(good));
	expect(BERTH_OK, present(text, NULL, &holder, "other", "other"));
	expect(BERTH_E_HOLDER, present(text, NULL, &other, CHALLENGE, DOMAIN));
	free(good);
	free(text);
	free(cnf);
}

/* A binding with any header and claims behind text; %s: sd_hash. */
static char *bound(const char *text, const struct test_party *by, const char *header, const char *claims)
{
	char hash[BERTH_SD_DIGEST_MAX + 1], *payload, *jwt, *whole;

	CHECK_OK(berth_sd_digest(hash, "sha-256", text, strlen(text)));
	CHECK(asprintf(&payload, "{\"nonce\":\"" CHALLENGE "\",\"aud\":\"" DOMAIN "\"%s%s\"}", claims, hash) > 0);
	jwt = test_party_forge(by, header, payload);
	CHECK(asprintf(&whole, "%s%s", text, jwt) > 0);
	free(payload);
	free(jwt);
	return whole;
}

static void c033_c024a_other_bindings(void **state)
{
	static const char good[] = ",\"iat\":1795440600,\"sd_hash\":\"";
	char *cnf = cnf_of(&holder), *text = issued(cnf);

	(void)state;
	expect_vp(BERTH_OK, bound(text, &holder, "{\"alg\":\"ES256\",\"typ\":\"kb+jwt\"}", good));
	expect_vp(BERTH_E_ENV, bound(text, &holder, "{\"alg\":\"ES256\",\"typ\":\"vp+jwt\"}", good));
	expect_vp(BERTH_E_ENV, bound(text, &holder, "{\"alg\":\"ES256\"}", good));
	expect_vp(BERTH_E_ENV, bound(text, &holder, "{\"alg\":\"ES256\",\"typ\":\"kb+jwt\",\"kid\":\"#k\"}", good));
	expect_vp(BERTH_E_HOLDER, bound(text, &holder, "{\"alg\":\"EdDSA\",\"typ\":\"kb+jwt\"}", good));
	expect_vp(BERTH_E_HOLDER, bound(text, &holder, "{\"alg\":\"none\",\"typ\":\"kb+jwt\"}", good));
	expect_vp(BERTH_E_HOLDER, bound(text, &holder, "{\"alg\":\"ES256\",\"typ\":\"kb+jwt\"}", ",\"sd_hash\":\""));
	expect_vp(BERTH_E_HOLDER, bound(text, &holder, "{\"alg\":\"ES256\",\"typ\":\"kb+jwt\"}", ",\"iat\":\"x\",\"sd_hash\":\""));
	expect_vp(BERTH_E_HOLDER, bound(text, &holder, "{\"alg\":\"ES256\",\"typ\":\"kb+jwt\"}", ",\"iat\":1,\"hash\":\""));
	free(text);
	free(cnf);
}

static void holders_without_a_jwk(void **state)
{
	char *s, *text;

	(void)state;
	/* cnf.kid, a DID URL */
	CHECK(asprintf(&s, ",\"cnf\":{\"kid\":\"%s\"}", holder.kid) > 0);
	text = issued(s);
	expect_vp(BERTH_OK, present(text, NULL, &holder, CHALLENGE, DOMAIN));
	expect_vp(BERTH_E_HOLDER, present(text, NULL, &other, CHALLENGE, DOMAIN));
	free(s);
	free(text);
	/* none: then by the subject */
	text = issued("");
	expect_vp(BERTH_OK, present(text, NULL, &holder, CHALLENGE, DOMAIN));
	expect_vp(BERTH_E_HOLDER, present(text, NULL, &other, CHALLENGE, DOMAIN));
	free(text);
	text = w3c("", NULL, 0);
	expect_vp(BERTH_OK, present(text, NULL, &holder, CHALLENGE, DOMAIN));
	expect_vp(BERTH_E_HOLDER, present(text, NULL, &other, CHALLENGE, DOMAIN));
	free(text);
	text = issued(",\"cnf\":{\"jwk\":{\"kty\":\"EC\"}}");
	expect_vp(BERTH_E_HOLDER, present(text, NULL, &holder, CHALLENGE, DOMAIN));
	free(text);
	text = issued(",\"cnf\":{\"x5t\":\"\"}");
	expect_vp(BERTH_E_HOLDER, present(text, NULL, &holder, CHALLENGE, DOMAIN));
	free(text);
}

static void formats_take_them(void **state)
{
	static const char *const disclose[] = { "/given_name" };
	struct berth_issue how = { .format = BERTH_FORMAT_DC_SD_JWT, .kid = issuer.kid, .disclose = disclose, .n_disclose = 1,
				   .now_s = NOW };
	char *claims = claims_of("");
	struct berth_json *c = test_json(claims);
	struct berth_buf b = BERTH_BUF_INIT, p = BERTH_BUF_INIT;
	const char *vcs[2];
	struct berth_report r;

	(void)state;
	CHECK_OK(berth_issue_credential(&b, kr, &how, c));
	CHECK_OK(berth_vc_format_guess(&how.format, berth_buf_cstr(&b), b.len));
	CHECK(how.format == BERTH_FORMAT_DC_SD_JWT);
	CHECK_OK(berth_verify_credential(&r, &v, BERTH_FORMAT_DC_SD_JWT, berth_buf_cstr(&b), b.len));
	berth_report_free(&r);
	how.kid = holder.kid;
	vcs[0] = vcs[1] = berth_buf_cstr(&b);
	CHECK_RC(BERTH_E_USAGE, berth_issue_presentation(&p, kr, &how, CHALLENGE, DOMAIN, vcs, 2));
	how.now_s = -1;
	CHECK_RC(BERTH_E_CLOCK, berth_issue_presentation(&p, kr, &how, CHALLENGE, DOMAIN, vcs, 1));
	how.now_s = NOW;
	CHECK_OK(berth_issue_presentation(&p, kr, &how, CHALLENGE, DOMAIN, vcs, 1));
	CHECK_OK(berth_verify_presentation(&r, &v, BERTH_FORMAT_DC_SD_JWT, berth_buf_cstr(&p), p.len));
	berth_report_free(&r);
	how.format = BERTH_FORMAT_VC_JWT;
	CHECK_RC(BERTH_E_USAGE, berth_issue_credential(&p, kr, &how, c));
	berth_buf_free(&b);
	berth_buf_free(&p);
	berth_json_free(c);
	free(claims);
}

/* ---- C015 ---- */

static enum berth_err verify_vp(void *arg)
{
	struct berth_report r;
	enum berth_err rc = berth_vp_sd_verify(&r, &v, arg, strlen(arg));

	berth_report_free(&r);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	char *cnf = cnf_of(&holder), *text = issued(cnf), *vp = present(text, "/address", &holder, CHALLENGE, DOMAIN);
	char *s = w3c("", NULL, 0), *w = present(s, NULL, &holder, CHALLENGE, DOMAIN);

	(void)state;
	CHECK(test_every_allocation_fails(verify_vp, vp) > 50);
	CHECK(test_every_allocation_fails(verify_vp, w) > 30);
	free(cnf);
	free(text);
	free(vp);
	free(s);
	free(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(report_has_the_processed_payload, test_verifier_asks),
		cmocka_unit_test_setup(the_two_kinds_are_told_apart, test_verifier_asks),
		cmocka_unit_test_setup(c033_c024a_typ_and_kid, test_verifier_asks),
		cmocka_unit_test_setup(whose_key_it_is, test_verifier_asks),
		cmocka_unit_test_setup(structure_and_dates, test_verifier_asks),
		cmocka_unit_test_setup(c114_claims_that_stand_open_only, test_verifier_asks),
		cmocka_unit_test_setup(c129_key_binding, test_verifier_asks),
		cmocka_unit_test_setup(c033_c024a_other_bindings, test_verifier_asks),
		cmocka_unit_test_setup(holders_without_a_jwk, test_verifier_asks),
		cmocka_unit_test_setup(formats_take_them, test_verifier_asks),
		cmocka_unit_test_setup(c015_every_allocation_may_fail, test_verifier_asks),
	};

	return cmocka_run_group_tests(tests, setup, test_verifier_end);
}
