/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/base/secret.h"
#include "tests/fakes/verifier.h"
#include "vc/vc.h"

static int setup(void **state)
{
	(void)state;
	test_verifier_make(PARTY_PEER4_P256, PARTY_KEY_P256);
	return 0;
}

/* A credential of the issuer; subject: the JSON of credentialSubject. */
static char *vc_of(const char *subject, const char *more)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiableCredential\"],"
			   "\"issuer\":\"%s\",\"credentialSubject\":%s%s}", issuer.did, subject, more) > 0);
	CHECK_OK(berth_json_parse_object(&vc, s, strlen(s), BERTH_VC_MAX));
	CHECK_OK(berth_vc_issue(&b, kr, issuer.kid, vc));
	berth_json_free(vc);
	free(s);
	return test_take(&b);
}

static char *vc_about(const char *did, const char *more)
{
	char *s, *token;

	CHECK(asprintf(&s, "{\"id\":\"%s\"}", did) > 0);
	token = vc_of(s, more);
	free(s);
	return token;
}

/* A presentation by the holder of up to two credentials, which are freed. */
static char *vp_of(char *vc1, char *vc2)
{
	const char *vcs[] = { vc1, vc2 };
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_vp_create(&b, kr, holder.kid_long, CHALLENGE, DOMAIN, vcs, vc2 ? 2 : vc1 ? 1 : 0));
	free(vc1);
	free(vc2);
	return test_take(&b);
}

static void expect(enum berth_err want, char *token)
{
	struct berth_report r;

	CHECK_RC(want, berth_vp_verify(&r, &v, token, strlen(token)));
	CHECK(r.first == want && r.verified == (want == BERTH_OK));
	berth_report_free(&r);
	free(token);
}

static void create_and_verify(void **state)
{
	char *token = vp_of(vc_about(holder.did, ""), vc_about(holder.did_long, ""));
	struct berth_report r;
	struct berth_json *j;

	(void)state;
	CHECK_OK(berth_vp_verify(&r, &v, token, strlen(token)));
	CHECK(r.signature == BERTH_CHECK_PASSED && r.holder == BERTH_CHECK_PASSED);
	CHECK(r.issuer == BERTH_CHECK_NOT_CHECKED && berth_json_len(r.credentials) == 2);
	/* "a device without trusted time omits ... iat, exp in what it signs" */
	CHECK(!berth_json_get(r.credential, "iat") && !berth_json_get(r.credential, "exp"));
	CHECK(!strcmp(berth_json_str(berth_json_get(r.credential, "nonce")), CHALLENGE));
	j = berth_report_json(&r);
	CHECK(!strcmp(berth_json_str(berth_json_get(j, "holder")), holder.did_long));
	berth_json_each(it, berth_json_get(j, "credentials"))
		CHECK(!strcmp(berth_json_str(berth_json_get(it, "issuer")), issuer.did));
	berth_json_free(j);
	berth_report_free(&r);
	free(token);
	expect(BERTH_OK, vp_of(NULL, NULL));
}

static void challenge_and_domain(void **state)
{
	(void)state;
	v.challenge = "another";
	expect(BERTH_E_HOLDER, vp_of(vc_about(holder.did, ""), NULL));
	v.challenge = NULL;
	expect(BERTH_E_HOLDER, vp_of(vc_about(holder.did, ""), NULL));
	v.challenge = CHALLENGE;
	v.domain = "did:web:another.example";
	expect(BERTH_E_HOLDER, vp_of(vc_about(holder.did, ""), NULL));
	v.domain = NULL;	/* not asked for: not judged */
	expect(BERTH_OK, vp_of(vc_about(holder.did, ""), NULL));
}

static char *forge_vp(const char *typ, const char *kid, const char *members)
{
	char *h, *p, *token;

	CHECK(asprintf(&h, "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"%s\"}", kid, typ) > 0);
	CHECK(asprintf(&p, "{\"@context\":[\"" BERTH_VC_CONTEXT "\"],\"type\":[\"VerifiablePresentation\"]%s}",
		       members) > 0);
	token = test_party_forge(&holder, h, p);
	free(h);
	free(p);
	return token;
}

static char *members_of(const char *did, const char *more)
{
	char *s;

	CHECK(asprintf(&s, ",\"holder\":\"%s\",\"nonce\":\"" CHALLENGE "\"%s", did, more) > 0);
	return s;
}

static void forged(enum berth_err want, const char *typ, const char *kid, const char *did, const char *more)
{
	char *m = members_of(did, more);

	expect(want, forge_vp(typ, kid, m));
	free(m);
}

static void holder_and_key_are_one(void **state)
{
	const char *aud = ",\"aud\":\"" DOMAIN "\"";

	(void)state;
	forged(BERTH_OK, "vp+jwt", holder.kid_long, holder.did_long, aud);
	forged(BERTH_OK, "vp+jwt", holder.kid_long, holder.did, aud);
	forged(BERTH_E_HOLDER, "vp+jwt", holder.kid_long, other.did, aud);
	forged(BERTH_E_SIG, "vp+jwt", other.kid, other.did, aud);
	expect(BERTH_E_HOLDER, forge_vp("vp+jwt", holder.kid_long, ",\"nonce\":\"" CHALLENGE "\""));
	/* C033, C024a */
	forged(BERTH_E_ENV, "vc+jwt", holder.kid_long, holder.did, aud);
	forged(BERTH_E_ENV, "kb+jwt", holder.kid_long, holder.did, aud);
	forged(BERTH_E_ENV, "vp+jwt", "#key-1", holder.did, aud);
	/* one of the two forms must say the key */
	forged(BERTH_OK, "vp+jwt", holder.kid, holder.did_long, aud);
	forged(BERTH_E_RESOLVE, "vp+jwt", holder.kid, holder.did, aud);
}

static void aud_and_times(void **state)
{
	static const struct { const char *more; enum berth_err want; } cases[] = {
		{ "", BERTH_E_HOLDER },
		{ ",\"aud\":7", BERTH_E_HOLDER },
		{ ",\"aud\":[\"" DOMAIN "\"]", BERTH_OK },
		{ ",\"aud\":[\"" DOMAIN "\",\"x\"]", BERTH_E_HOLDER },
		{ ",\"aud\":\"" DOMAIN "\",\"exp\":1795440600", BERTH_E_EXPIRED },
		{ ",\"aud\":\"" DOMAIN "\",\"exp\":1795440601", BERTH_OK },
		{ ",\"aud\":\"" DOMAIN "\",\"iat\":1795450600", BERTH_E_EXPIRED },
		{ ",\"aud\":\"" DOMAIN "\",\"vp\":{}", BERTH_E_VC },
		{ ",\"aud\":\"" DOMAIN "\",\"iss\":\"did:web:x.example\"", BERTH_E_VC },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		forged(cases[i].want, "vp+jwt", holder.kid_long, holder.did, cases[i].more);
}

static void c119_holder_is_the_one_subject(void **state)
{
	char *two;

	(void)state;
	expect(BERTH_E_HOLDER, vp_of(vc_about(other.did, ""), NULL));
	expect(BERTH_E_HOLDER, vp_of(vc_about(holder.did, ""), vc_about(other.did, "")));
	expect(BERTH_E_HOLDER, vp_of(vc_of("{\"name\":\"nobody\"}", ""), NULL));
	CHECK(asprintf(&two, "[{\"id\":\"%s\"},{\"id\":\"%s\"}]", holder.did, holder.did) > 0);
	expect(BERTH_E_HOLDER, vp_of(vc_of(two, ""), NULL));
	free(two);
}

static void c120_conjunction(void **state)
{
	const char *dead = ",\"validUntil\":\"2020-01-01T00:00:00Z\"";
	char *token = vp_of(vc_about(holder.did, ""), NULL), *p;
	const char *trust[] = { other.did };
	struct berth_report r;

	(void)state;
	p = strrchr(token, '.') + 5;
	*p = *p == 'A' ? 'B' : 'A';
	CHECK_RC(BERTH_E_SIG, berth_vp_verify(&r, &v, token, strlen(token)));
	CHECK(r.signature == BERTH_CHECK_FAILED && !r.credential && !r.credentials);
	berth_report_free(&r);
	free(token);

	token = vp_of(vc_about(holder.did, ""), vc_about(holder.did, dead));
	CHECK_RC(BERTH_E_EXPIRED, berth_vp_verify(&r, &v, token, strlen(token)));
	CHECK(r.validity == BERTH_CHECK_FAILED && r.signature == BERTH_CHECK_PASSED && !r.verified);
	CHECK(strstr(r.detail, "verifiableCredential[1]") != NULL);
	berth_report_free(&r);
	free(token);
	expect(BERTH_E_STATUS, vp_of(vc_about(holder.did, ",\"credentialStatus\":{\"type\":\"X\"}"), NULL));
	/* E_EXPIRED stands before E_AUTHZ and E_HOLDER, whoever failed it */
	v.trust = trust;
	v.n_trust = 1;
	v.challenge = "another";
	expect(BERTH_E_EXPIRED, vp_of(vc_about(holder.did, dead), NULL));
	expect(BERTH_E_AUTHZ, vp_of(vc_about(holder.did, ""), NULL));
}

static void broken_credential_inside(void **state)
{
	char *vc = vc_about(holder.did, ""), *m, *sig = strrchr(vc, '.') + 5;

	(void)state;
	*sig = *sig == 'A' ? 'B' : 'A';
	expect(BERTH_E_SIG, vp_of(vc, NULL));
	/* what carries no proof of ours, and what is no token */
	CHECK(asprintf(&m, ",\"aud\":\"" DOMAIN "\",\"verifiableCredential\":[{\"@context\":[\"" BERTH_VC_CONTEXT
			   "\"],\"type\":[\"VerifiableCredential\"],\"issuer\":\"did:example:i\","
			   "\"credentialSubject\":{\"id\":\"%s\"}}]", holder.did) > 0);
	forged(BERTH_E_VC, "vp+jwt", holder.kid_long, holder.did, m);
	free(m);
	forged(BERTH_E_VC, "vp+jwt", holder.kid_long, holder.did,
	       ",\"aud\":\"" DOMAIN "\",\"verifiableCredential\":{\"@context\":\"" BERTH_VC_CONTEXT
	       "\",\"type\":\"EnvelopedVerifiableCredential\",\"id\":\"data:application/jwt,e30.e30.AA\"}");
	forged(BERTH_E_ENV, "vp+jwt", holder.kid_long, holder.did,
	       ",\"aud\":\"" DOMAIN "\",\"verifiableCredential\":{\"@context\":\"" BERTH_VC_CONTEXT
	       "\",\"type\":\"EnvelopedVerifiableCredential\",\"id\":\"data:application/vc+sd-jwt,e30.e30.AA~\"}");
	forged(BERTH_E_ENV, "vp+jwt", holder.kid_long, holder.did,
	       ",\"aud\":\"" DOMAIN "\",\"verifiableCredential\":{\"@context\":\"" BERTH_VC_CONTEXT
	       "\",\"type\":\"EnvelopedVerifiableCredential\",\"id\":\"data:application/vc+jwt,nothing\"}");
}

static void caps_and_truncations(void **state)
{
	const char *vcs[BERTH_VP_CREDENTIALS_MAX + 1];
	char *vc = vc_about(holder.did, ""), *token;
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_report r;

	(void)state;
	for (size_t i = 0; i <= BERTH_VP_CREDENTIALS_MAX; i++)
		vcs[i] = vc;
	CHECK_RC(BERTH_E_SIZE, berth_vp_create(&b, kr, holder.kid_long, CHALLENGE, DOMAIN, vcs,
					       BERTH_VP_CREDENTIALS_MAX + 1));
	CHECK_OK(berth_vp_create(&b, kr, holder.kid_long, CHALLENGE, DOMAIN, vcs, BERTH_VP_CREDENTIALS_MAX));
	expect(BERTH_OK, test_take(&b));
	vcs[0] = "not a token";
	CHECK_RC(BERTH_E_ENV, berth_vp_create(&b, kr, holder.kid_long, CHALLENGE, DOMAIN, vcs, 1));
	berth_buf_free(&b);
	token = vp_of(vc, NULL);
	for (size_t n = 0; n < strlen(token); n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, token, n);
		CHECK(berth_vp_verify(&r, &v, exact, n) != BERTH_OK && !r.verified);
		berth_report_free(&r);
		free(exact);
	}
	free(token);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(create_and_verify, test_verifier_asks),
		cmocka_unit_test_setup(challenge_and_domain, test_verifier_asks),
		cmocka_unit_test_setup(holder_and_key_are_one, test_verifier_asks),
		cmocka_unit_test_setup(aud_and_times, test_verifier_asks),
		cmocka_unit_test_setup(c119_holder_is_the_one_subject, test_verifier_asks),
		cmocka_unit_test_setup(c120_conjunction, test_verifier_asks),
		cmocka_unit_test_setup(broken_credential_inside, test_verifier_asks),
		cmocka_unit_test_setup(caps_and_truncations, test_verifier_asks),
	};

	return cmocka_run_group_tests(tests, setup, test_verifier_end);
}
