/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/unit/vc/di.h"

#include "did/base/secret.h"
#include "did/jose/multikey.h"
#include "vc/formats.h"
#include "vc/vc.h"

static int setup(void **state)
{
	(void)state;
	test_verifier_make(PARTY_PEER4_P256, PARTY_KEY_P384);
	return 0;
}

/* more: further members, with a comma in front. */
static struct berth_json *credential_of(const struct test_party *by, const char *subject, const char *more)
{
	struct berth_json *vc;
	char *s;

	CHECK(asprintf(&s, "{\"@context\":[\"" BERTH_VC_CONTEXT "\",\"https://a.example/1\"],"
			   "\"type\":[\"VerifiableCredential\"],\"issuer\":\"%s\","
			   "\"credentialSubject\":{\"id\":\"%s\",\"n\":[1,2.5,\"x\"]}%s}", by->did, subject, more) > 0);
	vc = test_json(s);
	free(s);
	return vc;
}

static char *issue_by(const struct test_party *by, const char *more, const struct berth_di_options *o)
{
	struct berth_json *vc = credential_of(by, holder.did, more);
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_vc_di_issue(&b, kr, by->kid_long, vc, o));
	berth_json_free(vc);
	return test_take(&b);
}

static char *issued(const char *more)
{
	static const struct berth_di_options o = { .created_s = NOW };

	return issue_by(&issuer, more, &o);
}

/* ---- credentials ---- */

static void report_of_a_good_one(void **state)
{
	static const struct berth_di_options o = { .created_s = -1 };
	struct berth_report r;
	struct berth_json *j;
	char *text = issued(",\"validFrom\":\"2026-01-01T00:00:00Z\"");

	(void)state;
	v.trust = (const char *const[]){ issuer.did };
	v.n_trust = 1;
	CHECK_OK(berth_vc_di_verify(&r, &v, text, strlen(text)));
	CHECK(r.signature == BERTH_CHECK_PASSED && r.validity == BERTH_CHECK_PASSED);
	CHECK(r.issuer == BERTH_CHECK_PASSED && r.holder == BERTH_CHECK_NOT_PRESENT);
	j = berth_report_json(&r);
	CHECK(!strcmp(berth_json_str(berth_json_get(j, "format")), "di"));
	CHECK(!strcmp(berth_json_str(berth_json_get(j, "issuer")), issuer.did));
	CHECK(berth_json_get(berth_json_get(j, "credential"), "proof") != NULL);
	berth_json_free(j);
	berth_report_free(&r);
	free(text);
	v.trust = (const char *const[]){ other.did };
	expect(BERTH_E_AUTHZ, issued(""));
	v.n_trust = 0;
	expect(BERTH_OK, issue_by(&other, "", &o));
	expect(BERTH_OK, issue_by(&holder, "", &o));
}

static void what_is_no_credential_is_not_issued(void **state)
{
	struct berth_di_options o = { .created_s = -1 };
	struct berth_json *vc = credential_of(&issuer, holder.did, "");
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_vc_di_issue(&b, kr, other.kid, vc, &o));
	o.suite = "eddsa-rdfc-2023";
	CHECK_RC(BERTH_E_ALG, berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	o.suite = "ecdsa-jcs-2019";
	CHECK_RC(BERTH_E_KEY, berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	o.suite = NULL;
	CHECK_OK(berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	CHECK(!berth_json_get(vc, "proof"));	/* the caller's is left alone */
	berth_json_remove(vc, "credentialSubject");
	CHECK_RC(BERTH_E_VC, berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	berth_buf_free(&b);
	berth_json_free(vc);
}

static void c114_altered_content_is_e_sig(void **state)
{
	static const char *const altered[][2] = {
		{ "credentialSubject n", "[1,2.5,\"y\"]" }, { "credentialSubject n", NULL }, { "added", "true" },
		{ "credentialSubject id", "\"did:example:other\"" }, { "type", "[\"VerifiableCredential\",\"X\"]" },
		{ "validFrom", "\"2026-01-01T00:00:00Z\"" }, { "proof created", "\"2026-11-23T13:30:01Z\"" },
		{ "proof nonce", "\"n\"" }, { "@context", "[\"" BERTH_VC_CONTEXT "\"]" },
	};
	char *text = issued("");

	(void)state;
	for (size_t i = 0; i < sizeof(altered) / sizeof(altered[0]); i++)
		expect(BERTH_E_SIG, changed(text, altered[i][0], altered[i][1]));
	expect(BERTH_OK, changed(text, "none", NULL));	/* printed again, it is the same */
	expect(BERTH_OK, text);
}

static void refusal_shows_nothing_unsigned(void **state)
{
	char *good = issued(""), *text = changed(good, "credentialSubject n", "1");
	struct berth_report r;
	struct berth_json *j;

	(void)state;
	CHECK_RC(BERTH_E_SIG, berth_vc_di_verify(&r, &v, text, strlen(text)));
	CHECK(r.signature == BERTH_CHECK_FAILED && !r.credential && !r.issuer_did);
	j = berth_report_json(&r);
	CHECK(berth_json_is(berth_json_get(j, "credential"), BERTH_JSON_NULL));
	CHECK(!strcmp(berth_json_str(berth_json_get(j, "error")), "E_SIG"));
	berth_json_free(j);
	berth_report_free(&r);
	free(text);
	free(good);
}

/* Two proofs; which: of the second the member that is set. */
static char *two(const char *member, const char *value)
{
	static const struct berth_di_options o = { .created_s = -1 };
	struct berth_json *doc = credential_of(&issuer, holder.did, ""), *second;
	struct berth_buf b = BERTH_BUF_INIT;

	for (int i = 0; i < 2; i++) {
		struct berth_di_options p = o;

		p.purpose = "assertionMethod";
		CHECK_OK(berth_di_proof_add(doc, kr, issuer.kid, &p));
	}
	second = berth_json_clone(berth_json_at(berth_json_get(doc, "proof"), 1));
	if (member)
		CHECK_OK(berth_json_set(second, member, test_json(value)));
	CHECK_OK(berth_json_push(berth_json_get_mut(doc, "proof"), second));
	CHECK_OK(berth_json_print(&b, doc));
	berth_json_free(doc);
	return test_take(&b);
}

static void c122_every_proof_must_hold(void **state)
{
	char *one = issued("");

	(void)state;
	expect(BERTH_OK, two(NULL, NULL));
	expect(BERTH_E_SIG, two("created", "\"2026-01-01T00:00:00Z\""));
	expect(BERTH_E_VC, two("proofPurpose", "\"authentication\""));
	expect(BERTH_E_ALG, two("cryptosuite", "\"eddsa-xyz-2022\""));
	expect(BERTH_E_ALG, two("cryptosuite", "\"ecdsa-jcs-2019\""));
	expect(BERTH_E_VC, two("proofValue", "7"));
	expect(BERTH_E_VC, changed(one, "proof proofPurpose", "\"authentication\""));
	expect(BERTH_E_ALG, changed(one, "proof cryptosuite", "\"nobody-2022\""));
	expect(BERTH_E_ALG, changed(one, "proof type", "\"Ed25519Signature2018\""));
	expect(BERTH_E_VC, changed(one, "proof", NULL));
	expect(BERTH_E_VC, changed(one, "proof", "[]"));
	expect(BERTH_E_SIG, changed(one, "proof proofValue", "\"z3\""));
	free(one);
}

static void the_issuer_made_one_of_them(void **state)
{
	struct berth_di_options o = { .purpose = "assertionMethod", .created_s = -1 };
	struct berth_json *a = credential_of(&issuer, holder.did, ""), *b = credential_of(&other, holder.did, "");
	struct berth_buf text = BERTH_BUF_INIT;

	(void)state;
	/* what another has signed, said to be of the issuer: the key comes before the
	 * signature */
	CHECK_OK(berth_di_proof_add(b, kr, other.kid, &o));
	CHECK_OK(berth_json_set(a, "proof", berth_json_clone(berth_json_get(b, "proof"))));
	CHECK_OK(berth_json_print(&text, a));
	expect(BERTH_E_KEY, test_take(&text));
	berth_json_free(a);
	berth_json_free(b);
}

static void c121_the_first_context_is_vcdm(void **state)
{
	static const struct berth_di_options o = { .purpose = "assertionMethod", .created_s = -1 };
	struct berth_json *vc = credential_of(&issuer, holder.did, "");
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_report r;
	char *text = issued("");

	(void)state;
	CHECK_OK(berth_vc_di_verify(&r, &v, text, strlen(text)));
	CHECK(berth_json_len(r.warnings) == 2);	/* the second context, and no --trust */
	berth_report_free(&r);
	free(text);
	CHECK_OK(berth_json_set(vc, "@context", test_json("[\"https://a.example/1\",\"" BERTH_VC_CONTEXT "\"]")));
	CHECK_OK(berth_di_proof_add(vc, kr, issuer.kid, &o));
	CHECK_OK(berth_json_print(&b, vc));
	expect(BERTH_E_VC, test_take(&b));
	berth_json_free(vc);
}

static void contexts_behind_the_signed_ones_are_dropped(void **state)
{
	char *good = issued("");
	char *text = changed(good, "@context", "[\"" BERTH_VC_CONTEXT "\",\"https://a.example/1\",\"https://evil.example/\"]");
	struct berth_report r;

	(void)state;
	CHECK_OK(berth_vc_di_verify(&r, &v, text, strlen(text)));
	CHECK(berth_json_len(berth_json_get(r.credential, "@context")) == 2);
	berth_report_free(&r);
	free(text);
	expect(BERTH_E_SIG, changed(good, "@context", "[\"" BERTH_VC_CONTEXT "\",\"https://evil.example/\",\"https://a.example/1\"]"));
	free(good);
}

static void c117_validity_and_expiry_of_the_proof(void **state)
{
	static const struct berth_di_options o = { .purpose = "assertionMethod", .created_s = -1 };
	struct berth_json *vc = credential_of(&issuer, holder.did, "");
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	expect(BERTH_OK, issued(",\"validUntil\":\"2026-11-23T13:30:01Z\""));
	expect(BERTH_E_EXPIRED, issued(",\"validUntil\":\"2026-11-23T13:30:00Z\""));
	expect(BERTH_E_EXPIRED, issued(",\"validFrom\":\"2026-11-23T13:30:01Z\""));
	v.now_s = -1;
	expect(BERTH_E_CLOCK, issued(",\"validFrom\":\"2026-11-23T13:30:01Z\""));
	expect(BERTH_OK, issued(""));
	/* a proof's own date is part of the window, once it is signed */
	v.now_s = NOW;
	CHECK_OK(berth_di_proof_add(vc, kr, issuer.kid, &o));
	CHECK_OK(berth_json_print(&b, vc));
	expect(BERTH_E_SIG, changed(berth_buf_cstr(&b), "proof expires", "\"2026-11-23T13:30:00Z\""));
	expect(BERTH_OK, test_take(&b));
	berth_json_free(vc);
}

static void chains_are_verified(void **state)
{
	static const char *const first[] = { "urn:proof:1" };
	struct berth_di_options o = { .id = "urn:proof:1", .created_s = -1 };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *vc;
	char *text = issue_by(&issuer, "", &o), *chain;

	(void)state;
	vc = test_json(text);
	o = (struct berth_di_options){ .id = "urn:proof:2", .previous = first, .n_previous = 1, .created_s = -1 };
	CHECK_OK(berth_vc_di_issue(&b, kr, issuer.kid, vc, &o));
	chain = test_take(&b);
	berth_json_free(vc);
	free(text);
	vc = test_json(chain);
	CHECK(berth_json_len(berth_json_get(vc, "proof")) == 2);
	CHECK_OK(berth_json_set(vc, "proof", berth_json_clone(berth_json_at(berth_json_get(vc, "proof"), 1))));
	CHECK_OK(berth_json_print(&b, vc));
	expect(BERTH_E_SIG, test_take(&b));	/* the first is gone */
	expect(BERTH_OK, chain);
	berth_json_free(vc);
}

static void a_bare_key_of_the_issuer(void **state)
{
	static const char key[] = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
	char *text = test_read_file("tests/vectors/vc-di-eddsa/eddsa-jcs-2022/signedJCS.json", &(size_t){ 0 });
	struct berth_pubkey pub;

	(void)state;
	CHECK_OK(berth_multikey_parse(&pub, key, strlen(key)));
	expect(BERTH_E_KEY, strdup(text));	/* its issuer is no DID */
	v.key = &pub;
	expect(BERTH_OK, strdup(text));
	v.key = &issuer.key;
	expect(BERTH_E_SIG, strdup(text));
	v.key = &other.key;
	expect(BERTH_E_ALG, text);
}

static void status_and_json_gate(void **state)
{
	char *text = issued("");

	(void)state;
	expect(BERTH_E_STATUS, issued(",\"credentialStatus\":{\"type\":\"BitstringStatusListEntry\"}"));
	v.no_status = true;
	expect(BERTH_OK, issued(",\"credentialStatus\":{\"type\":\"BitstringStatusListEntry\"}"));
	expect(BERTH_E_JSON, strdup("{\"a\":1,\"a\":1}"));
	expect(BERTH_E_JSON, strdup("{\"a\":9007199254740993}"));
	for (size_t n = 0; n < strlen(text); n++)
		expect(BERTH_E_JSON, strndup(text, n));
	free(text);
}

/* ---- presentations ---- */

static char *present(const struct test_party *by, const char *const *vcs, size_t n)
{
	const struct berth_di_options o = { .challenge = CHALLENGE, .domain = DOMAIN, .created_s = NOW };
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_vp_di_create(&b, kr, by->kid_long, &o, vcs, n));
	return test_take(&b);
}

static void presentations_hold_what_is_enveloped_and_what_is_not(void **state)
{
	struct berth_json *vc = credential_of(&issuer, holder.did, "");
	struct berth_buf b = BERTH_BUF_INIT;
	const char *vcs[2];
	char *di = issued(""), *jwt, *text;
	struct berth_report r;

	(void)state;
	CHECK_OK(berth_vc_issue(&b, kr, issuer.kid, vc));
	vcs[0] = di;
	vcs[1] = jwt = test_take(&b);
	text = present(&holder, vcs, 2);
	CHECK_OK(berth_vp_di_verify(&r, &v, text, strlen(text)));
	CHECK(berth_json_len(r.credentials) == 2 && r.holder == BERTH_CHECK_PASSED);
	berth_report_free(&r);
	free(text);
	/* and the other way round */
	CHECK_OK(berth_vp_create(&b, kr, holder.kid_long, CHALLENGE, DOMAIN, vcs, 2));
	text = test_take(&b);
	CHECK_OK(berth_vp_verify(&r, &v, text, strlen(text)));
	CHECK(berth_json_len(r.credentials) == 2);
	berth_report_free(&r);
	free(text);
	free(di);
	free(jwt);
	berth_json_free(vc);
}

static void challenge_and_domain_are_the_verifiers(void **state)
{
	char *di = issued(""), *text = present(&holder, (const char *const[]){ di }, 1);

	(void)state;
	expect_vp(BERTH_OK, strdup(text));
	v.challenge = "another";
	expect_vp(BERTH_E_HOLDER, strdup(text));
	v.challenge = NULL;
	expect_vp(BERTH_E_HOLDER, strdup(text));
	v.challenge = CHALLENGE;
	v.domain = "https://other.example";
	expect_vp(BERTH_E_HOLDER, strdup(text));
	v.domain = NULL;
	expect_vp(BERTH_OK, strdup(text));
	expect_vp(BERTH_E_SIG, changed(text, "proof challenge", "\"another\""));
	expect_vp(BERTH_E_VC, changed(text, "proof proofPurpose", "\"assertionMethod\""));
	expect_vp(BERTH_E_VC, changed(text, "proof", NULL));
	free(text);
	free(di);
}

static void c119_c120_whose_and_which(void **state)
{
	char *di = issued(""), *bad = changed(di, "credentialSubject n", "1"), *text;
	const struct berth_di_options o = { .challenge = CHALLENGE, .domain = DOMAIN, .purpose = "authentication" };
	struct berth_json *vp;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	expect_vp(BERTH_E_HOLDER, present(&other, (const char *const[]){ di }, 1));	/* of another subject */
	expect_vp(BERTH_E_SIG, present(&holder, (const char *const[]){ di, bad }, 2));	/* a good proof, a bad one in it */
	text = present(&holder, (const char *const[]){ di }, 1);
	expect_vp(BERTH_E_SIG, changed(text, "verifiableCredential", NULL));
	/* signed by somebody who is not the holder */
	vp = test_json(text);
	berth_json_remove(vp, "proof");
	CHECK_OK(berth_json_set_str(vp, "holder", other.did));
	CHECK_OK(berth_di_proof_add(vp, kr, other.kid, &o));
	CHECK_OK(berth_json_set_str(vp, "holder", holder.did));
	CHECK_OK(berth_json_print(&b, vp));
	expect_vp(BERTH_E_SIG, test_take(&b));
	berth_json_free(vp);
	free(text);
	free(di);
	free(bad);
}

static void what_cannot_be_presented(void **state)
{
	const struct berth_di_options o = { .challenge = CHALLENGE, .created_s = -1 };
	char *di = issued(""), *bare = changed(di, "proof", NULL);
	const char *many[BERTH_VP_CREDENTIALS_MAX + 1];
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK_RC(BERTH_E_VC, berth_vp_di_create(&b, kr, holder.kid_long, &o, (const char *const[]){ bare }, 1));
	CHECK_RC(BERTH_E_JSON, berth_vp_di_create(&b, kr, holder.kid_long, &o, (const char *const[]){ "{" }, 1));
	CHECK_RC(BERTH_E_KEY, berth_vp_di_create(&b, kr, holder.did, &o, (const char *const[]){ di }, 1));
	for (size_t i = 0; i <= BERTH_VP_CREDENTIALS_MAX; i++)
		many[i] = di;
	CHECK_RC(BERTH_E_SIZE, berth_vp_di_create(&b, kr, holder.kid_long, &o, many, BERTH_VP_CREDENTIALS_MAX + 1));
	CHECK_OK(berth_vp_di_create(&b, kr, holder.kid_long, &o, many, BERTH_VP_CREDENTIALS_MAX));
	expect_vp(BERTH_E_HOLDER, test_take(&b));	/* without the domain */
	free(di);
	free(bare);
}

/* ---- C015 ---- */

static enum berth_err verify_vc(void *arg)
{
	struct berth_report r;
	enum berth_err rc = berth_vc_di_verify(&r, &v, arg, strlen(arg));

	berth_report_free(&r);
	return rc;
}

static enum berth_err verify_vp(void *arg)
{
	struct berth_report r;
	enum berth_err rc = berth_vp_di_verify(&r, &v, arg, strlen(arg));

	berth_report_free(&r);
	return rc;
}

static enum berth_err make_both(void *arg)
{
	const struct berth_di_options o = { .challenge = CHALLENGE, .created_s = NOW };
	struct berth_buf b = BERTH_BUF_INIT, p = BERTH_BUF_INIT;
	enum berth_err rc = berth_vc_di_issue(&b, kr, issuer.kid, arg, &o);

	if (!rc)
		rc = berth_vp_di_create(&p, kr, holder.kid_long, &o, (const char *const[]){ berth_buf_cstr(&b) }, 1);
	berth_buf_free(&b);
	berth_buf_free(&p);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	struct berth_json *vc = credential_of(&issuer, holder.did, "");
	char *di = issued(""), *vp = present(&holder, (const char *const[]){ di }, 1);

	(void)state;
	CHECK(test_every_allocation_fails(verify_vc, di) > 20);
	CHECK(test_every_allocation_fails(verify_vp, vp) > 20);
	CHECK(test_every_allocation_fails(make_both, vc) > 20);
	berth_json_free(vc);
	free(di);
	free(vp);
}

static void formats_are_found_by_name_and_look(void **state)
{
	struct berth_issue how = { .format = BERTH_FORMAT_VC_JWT, .kid = issuer.kid, .di = { .suite = "eddsa-jcs-2022" } };
	struct berth_json *vc = credential_of(&issuer, holder.did, "");
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_report r;

	(void)state;
	CHECK(berth_vc_format_find("di") == BERTH_FORMAT_DI && berth_vc_format_find("vp+jwt") == BERTH_FORMAT_VC_JWT);
	CHECK(berth_vc_format_find("none") == BERTH_FORMAT_NONE && berth_vc_format_find("") == BERTH_FORMAT_NONE);
	CHECK_OK(berth_vc_format_guess(&how.format, "{", 1));
	CHECK(how.format == BERTH_FORMAT_DI);
	CHECK_OK(berth_vc_format_guess(&how.format, "", 0));
	CHECK(how.format == BERTH_FORMAT_VC_JWT);
	CHECK_RC(BERTH_E_USAGE, berth_issue_credential(&b, kr, &how, vc));
	how.format = BERTH_FORMAT_NONE;
	how.di.suite = NULL;
	CHECK_RC(BERTH_E_ALG, berth_issue_credential(&b, kr, &how, vc));
	CHECK_RC(BERTH_E_ALG, berth_issue_presentation(&b, kr, &how, "c", NULL, NULL, 0));
	CHECK_RC(BERTH_E_ALG, berth_verify_presentation(&r, &v, BERTH_FORMAT_NONE, "", 0));
	CHECK(r.presentation && !r.verified);
	berth_report_free(&r);
	how.format = BERTH_FORMAT_DI;
	CHECK_OK(berth_issue_credential(&b, kr, &how, vc));
	CHECK_OK(berth_verify_credential(&r, &v, BERTH_FORMAT_DI, berth_buf_cstr(&b), b.len));
	berth_report_free(&r);
	berth_buf_free(&b);
	berth_json_free(vc);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(report_of_a_good_one, test_verifier_asks),
		cmocka_unit_test_setup(what_is_no_credential_is_not_issued, test_verifier_asks),
		cmocka_unit_test_setup(c114_altered_content_is_e_sig, test_verifier_asks),
		cmocka_unit_test_setup(refusal_shows_nothing_unsigned, test_verifier_asks),
		cmocka_unit_test_setup(c122_every_proof_must_hold, test_verifier_asks),
		cmocka_unit_test_setup(the_issuer_made_one_of_them, test_verifier_asks),
		cmocka_unit_test_setup(c121_the_first_context_is_vcdm, test_verifier_asks),
		cmocka_unit_test_setup(contexts_behind_the_signed_ones_are_dropped, test_verifier_asks),
		cmocka_unit_test_setup(c117_validity_and_expiry_of_the_proof, test_verifier_asks),
		cmocka_unit_test_setup(chains_are_verified, test_verifier_asks),
		cmocka_unit_test_setup(a_bare_key_of_the_issuer, test_verifier_asks),
		cmocka_unit_test_setup(status_and_json_gate, test_verifier_asks),
		cmocka_unit_test_setup(presentations_hold_what_is_enveloped_and_what_is_not, test_verifier_asks),
		cmocka_unit_test_setup(challenge_and_domain_are_the_verifiers, test_verifier_asks),
		cmocka_unit_test_setup(c119_c120_whose_and_which, test_verifier_asks),
		cmocka_unit_test_setup(what_cannot_be_presented, test_verifier_asks),
		cmocka_unit_test_setup(c015_every_allocation_may_fail, test_verifier_asks),
		cmocka_unit_test_setup(formats_are_found_by_name_and_look, test_verifier_asks),
	};

	return cmocka_run_group_tests(tests, setup, test_verifier_end);
}
