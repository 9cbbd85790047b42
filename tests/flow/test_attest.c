/* SPDX-License-Identifier: Apache-2.0 */
/* M14 with keys in a real TPM 2.0 (swtpm): an owner asks what a device runs, and believes
 * nothing that this TPM has not signed for this question.  tpm2-tools judge the same. */
#include <sys/stat.h>
#include <unistd.h>

#include "agent/protocol/attestation.h"
#include "did/base/hex.h"
#include "tests/flow/attest.h"

/* ---- tpm2-tools and openssl on the same evidence ---- */
static struct berth_json *caught;	/* the body of attest-evidence */

static void listen_to(struct berth_json *m, void *arg)
{
	(void)arg;
	berth_json_free(caught);
	caught = berth_json_clone(berth_json_get(m, "body"));
}

static void put(struct berth_json *o, const char *as, const struct berth_json *from, const char *member)
{
	CHECK_OK(berth_json_set_str(o, as, berth_data_str(from, member)));
}

static void save(const char *path, const struct berth_json *v)
{
	struct berth_buf text = BERTH_BUF_INIT;
	FILE *f = fopen(path, "w");

	CHECK_OK(berth_json_print(&text, v));
	assert_non_null(f);
	fputs(berth_buf_cstr(&text), f);
	fclose(f);
	berth_buf_free(&text);
}

static struct berth_json *pair(const struct berth_json *from, const char *attest, const char *sig)
{
	struct berth_json *o = berth_json_new_object();

	put(o, "attest", from, attest);
	put(o, "signature", from, sig);
	return o;
}

/* As `berth key attest` prints it, which is what the script reads. */
static int tools_say(struct tpm_story *x, const uint8_t nonce[32])
{
	const struct berth_json *a = berth_json_get(caught, "attestation");
	struct berth_json *o = berth_json_new_object(), *empty = berth_json_new_object();
	struct berth_keys *k = x->s.gateway->keys;
	struct berth_buf cert = BERTH_BUF_INIT, ek = BERTH_BUF_INIT;
	struct berth_transcript none = { .n = 0 };
	uint8_t th[32], qualifying[32];
	char path[192], hex[65];
	int rc;

	CHECK_OK(berth_transcript_th(th, &none, empty, NULL));
	berth_attest_nonce(qualifying, "berth-m14", nonce, th);
	berth_hex_encode(hex, qualifying, sizeof(qualifying));
	CHECK_OK(k->ops->ek(k, &cert, &ek));
	put(o, "keyPublic", a, "signPub");
	put(o, "akPublic", a, "akPub");
	CHECK_OK(berth_json_set_b64url(o, "ekPublic", ek.p, ek.len));
	CHECK_OK(berth_json_set_b64url(o, "ekCertificate", cert.p, cert.len));
	CHECK_OK(berth_json_set_b64url(o, "nonce", qualifying, sizeof(qualifying)));
	CHECK_OK(berth_json_set(o, "certify", pair(a, "signAttest", "signSig")));
	CHECK_OK(berth_json_set(o, "quote", pair(berth_json_get(a, "quote"), "attest", "sig")));
	snprintf(path, sizeof(path), "%s/evidence.json", x->s.owner->dir);
	save(path, o);
	rc = test_run((const char *const[]){ "examples/verify-attestation.sh", path, x->t.ca_pem, hex, NULL });
	berth_json_free(o);
	berth_json_free(empty);
	berth_buf_free(&cert);
	berth_buf_free(&ek);
	return rc;
}

static void a_device_says_what_it_runs_and_others_see_it_too(void **state)
{
	struct tpm_story x;
	struct berth_json *data;
	uint8_t nonce[32];
	char *base;

	(void)state;
	begin(&x);
	base = base_digest(&x.s);
	forge_edit("attest-evidence", listen_to, NULL);
	CHECK_OK(order(&x.s, "cmd/attest"));
	data = story_data(&x.s, x.s.owner);
	CHECK_OK(berth_body_get_32(berth_json_get(data, "attest"), "nonce", nonce));
	berth_json_free(data);
	assert_true(sim_run(&x.s.w, answered, LIMIT_S));
	assert_true(forge_edited());
	check_verdict(&x.s, "ok", "");
	assert_string_equal(attested(&x.s, "pcrDigest"), base);
	assert_int_equal(tools_say(&x, nonce), 0);
	nonce[0] ^= 1;		/* the twin: for another question it is nothing */
	assert_int_equal(tools_say(&x, nonce), 1);
	free(base);
	berth_json_free(caught);
	caught = NULL;
	tpm_story_end(&x);
}

/* The whole way: extended at run time, out of service, started anew, and a person's word. */
static void after_a_restart_it_is_what_it_was(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	x.s.owner->policy.attest_quarantine = true;
	ask(&x.s);
	check_verdict(&x.s, "ok", "");
	extend(&x, 4);
	ask(&x.s);
	check_verdict(&x.s, "drift", ": PCR 4");
	assert_string_equal(story_state(&x.s, x.s.owner), "SUSPENDED");
	assert_int_equal(counted(&x.s, BERTH_NS_DRIFTED), 1);
	assert_true(sim_run(&x.s.w, out_of_service, LIMIT_S));
	test_swtpm_kill(&x.t);
	test_swtpm_restart(&x.t);
	ask(&x.s);
	check_verdict(&x.s, "ok", "");
	assert_int_equal(counted(&x.s, BERTH_NS_DRIFTED), 0);
	assert_string_equal(story_state(&x.s, x.s.owner), "SUSPENDED");
	CHECK_OK(order(&x.s, "cmd/resume"));
	assert_true(sim_run(&x.s.w, back, 2 * HOUR_S));
	tpm_story_end(&x);
}

/* ---- evidence that is none ---- */
static struct berth_json *attestation(struct berth_json *m)
{
	return berth_json_get_mut(berth_json_get_mut(m, "body"), "attestation");
}

static void flip(struct berth_json *o, const char *member)
{
	char *text = strdup(berth_data_str(o, member)), *at = text + strlen(text) / 2;

	*at = *at == 'A' ? 'B' : 'A';
	CHECK_OK(berth_json_set_str(o, member, text));
	free(text);
}

static void self_made_signature(struct berth_json *m, void *arg) { (void)arg; flip(berth_json_get_mut(attestation(m), "quote"), "sig"); }
static void self_made_quote(struct berth_json *m, void *arg) { (void)arg; flip(berth_json_get_mut(attestation(m), "quote"), "attest"); }
static void self_made_certification(struct berth_json *m, void *arg) { (void)arg; flip(attestation(m), "signSig"); }
static void no_quote(struct berth_json *m, void *arg) { (void)arg; berth_json_remove(attestation(m), "quote"); }

static struct berth_json *quote(struct berth_json *m) { return berth_json_get_mut(attestation(m), "quote"); }
static void other_values(struct berth_json *m, void *arg) { (void)arg; flip(quote(m), "values"); }
static void no_text(struct berth_json *m, void *arg) { (void)arg; CHECK_OK(berth_json_set_int(quote(m), "values", 0)); }

static void fewer_values(struct berth_json *m, void *arg)
{
	char *text = strdup(berth_data_str(quote(m), "values"));

	(void)arg;
	text[43 * 4] = '\0';	/* 129 octets, not 8 times 32 */
	CHECK_OK(berth_json_set_str(quote(m), "values", text));
	free(text);
}

static void no_evidence(struct berth_json *m, void *arg)
{
	(void)arg;
	berth_json_remove(berth_json_get_mut(m, "body"), "attestation");
}

/* A genuine quote of this TPM, now, by a key of the caller's choice. */
static void quote_by(struct story *s, struct berth_json *m, const char *ak, uint32_t pcrs, bool this_nonce)
{
	struct berth_json *data = story_data(s, s->owner), *empty = berth_json_new_object();
	struct berth_transcript none = { .n = 0 };
	uint8_t nonce[32], th[32], qualifying[32];

	CHECK_OK(berth_body_get_32(berth_json_get(data, "attest"), "nonce", nonce));
	nonce[0] ^= !this_nonce;
	CHECK_OK(berth_transcript_th(th, &none, empty, NULL));
	berth_attest_nonce(qualifying, "berth-m14", nonce, th);
	sim_as(s->gateway);
	berth_json_remove(attestation(m), "quote");
	CHECK_OK(berth_attest_quote(berth_agent_env(s->gateway->agent), attestation(m), qualifying, ak, pcrs));
	berth_json_free(data);
	berth_json_free(empty);
}

static void for_another_nonce(struct berth_json *m, void *arg) { quote_by(arg, m, "op-0-1-ak", BERTH_ATTEST_PCRS, false); }
static void by_another_key(struct berth_json *m, void *arg) { quote_by(arg, m, "ak", BERTH_ATTEST_PCRS, true); }
static void of_less(struct berth_json *m, void *arg) { quote_by(arg, m, "op-0-1-ak", 0x7f, true); }
static void of_more(struct berth_json *m, void *arg) { quote_by(arg, m, "op-0-1-ak", 0x1ff, true); }

static void the_credentials_key(struct berth_json *m, void *arg)
{
	struct story *s = arg;

	CHECK_OK(berth_body_set_public(berth_agent_env(s->gateway->agent), attestation(m), "akPub", "ak"));
}

static const struct forgery { forge_edit_fn *edit; const char *what; } forgeries[] = {
	{ self_made_signature,     "E_SIG" },
	{ self_made_quote,         "E_" },	/* E_SIG, or no structure any more */
	{ self_made_certification, "E_SIG" },
	{ other_values,            "E_SIG: quote: the values are not those of its digest" },
	{ fewer_values,            "E_TYPE" },
	{ no_text,                 "E_TYPE" },
	{ no_quote,                "E_TYPE" },
	{ no_evidence,             "E_TYPE" },
	{ for_another_nonce,       "E_SIG" },
	{ by_another_key,          "E_SIG" },
	{ of_less,                 "E_AUTHZ" },
	{ of_more,                 "E_AUTHZ" },
	{ the_credentials_key,     "E_AUTHZ" },
};

/* A device of before says the digest alone: that is as good as it was. */
static void no_values(struct berth_json *m, void *arg) { (void)arg; berth_json_remove(quote(m), "values"); }

static void a_digest_alone_will_do(void **state)
{
	char line[72];
	struct tpm_story x;

	(void)state;
	begin(&x);
	forge_edit("attest-evidence", no_values, NULL);
	ask(&x.s);
	assert_true(forge_edited());
	check_verdict(&x.s, "ok", "");
	pcr_line(&x, 7, line);
	x.s.owner->policy.references[0] = (struct berth_reference){ .name = "r", .model = "Berth Box 1", .pcrs = { line }, .n_pcrs = 1 };
	x.s.owner->policy.n_references = 1;
	forge_edit("attest-evidence", no_values, NULL);
	ask(&x.s);
	check_verdict(&x.s, "drift", "PCR 7 is not said, as reference r asks");	/* a reference wants more */
	ask(&x.s);
	check_verdict(&x.s, "ok", "");
	tpm_story_end(&x);
}

static void evidence_that_is_none_is_refused(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		forge_edit("attest-evidence", forgeries[i].edit, &x.s);
		ask(&x.s);
		assert_true(forge_edited());
		check_verdict(&x.s, "failed", forgeries[i].what);
		ask(&x.s);	/* the twin */
		check_verdict(&x.s, "ok", "");
	}
	tpm_story_end(&x);
}

/* Yesterday's answer, whole and genuine, in a message of today. */
static void evidence_is_for_one_question(void **state)
{
	struct tpm_story x;
	struct berth_json *again, *data;
	char *did, *before;

	(void)state;
	begin(&x);
	forge_edit("attest-evidence", listen_to, NULL);
	ask(&x.s);
	data = story_data(&x.s, x.s.gateway);
	did = strdup(berth_data_str(berth_json_get(data, "active"), "identity"));
	berth_json_free(data);
	for (int i = 0; i < 2; i++) {
		const struct forge_say say = { .from = x.s.gateway, .identity = did, .to = x.s.owner,
			.to_did = story_identity(x.s.owner, BERTH_ID_OWNER)->did_long, .name = "attest-evidence" };

		before = strdup(attested(&x.s, "verdict"));
		again = berth_json_clone(caught);
		if (i)
			CHECK_OK(order(&x.s, "cmd/attest"));
		forge_say(&say, again);
		assert_int_equal(story_audit(x.s.owner, "refused: E_REPLAY: evidence that nobody waits for"), i + 1);
		assert_string_equal(attested(&x.s, "verdict"), before);
		free(before);
	}
	assert_true(sim_run(&x.s.w, answered, LIMIT_S));
	check_verdict(&x.s, "ok", "");
	free(did);
	berth_json_free(caught);
	caught = NULL;
	tpm_story_end(&x);
}

/* ---- who may ask ---- */
static void only_the_owner_may_ask(void **state)
{
	static const char nonce[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	static const struct { bool owner; int epoch; const char *pcrs, *what; } cases[] = {
		{ false, 0, "[0]", "refused: E_AUTHZ: attest-request from somebody else" },
		{ true, 1, "[0]", "refused: E_AUTHZ: attest-request for another epoch" },
		{ true, 0, "[]", "refused: E_TYPE" },
		{ true, 0, "[24]", "refused: E_TYPE" },
	};
	struct sim_node *mallory;
	struct berth_json *data;
	struct tpm_story x;
	char *did;

	(void)state;
	begin(&x);
	mallory = forge_mallory(&x.s, "mallory", "nng+tcp://mallory.test:1");
	data = story_data(&x.s, x.s.gateway);
	did = strdup(story_identity(x.s.gateway, berth_data_str(berth_json_get(data, "active"), "identity"))->did_long);
	berth_json_free(data);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct berth_json *body = berth_json_new_object(), *pcrs;
		const struct forge_say say = { .from = cases[i].owner ? x.s.owner : mallory, .identity = BERTH_ID_OWNER,
			.to = x.s.gateway, .to_did = did, .name = "attest-request" };
		int before = story_audit(x.s.gateway, cases[i].what);

		CHECK_OK(berth_json_parse(&pcrs, cases[i].pcrs, strlen(cases[i].pcrs), 64));
		CHECK_OK(berth_json_set(body, "pcrs", pcrs));
		CHECK_OK(berth_json_set_int(body, "epoch", cases[i].epoch));
		CHECK_OK(berth_json_set_str(body, "nonce", nonce));
		forge_say(&say, body);
		if (story_audit(x.s.gateway, cases[i].what) != before + 1)
			fail_msg("case %zu: the gateway does not say \"%s\"", i, cases[i].what);
	}
	assert_int_equal(story_audit(x.s.gateway, "attested to the owner"), 0);
	ask(&x.s);	/* the twin */
	assert_int_equal(story_audit(x.s.gateway, "attested to the owner"), 1);
	free(did);
	tpm_story_end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_says_what_it_runs_and_others_see_it_too),
		cmocka_unit_test(after_a_restart_it_is_what_it_was),
		cmocka_unit_test(a_digest_alone_will_do),
		cmocka_unit_test(evidence_that_is_none_is_refused),
		cmocka_unit_test(evidence_is_for_one_question),
		cmocka_unit_test(only_the_owner_may_ask),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
