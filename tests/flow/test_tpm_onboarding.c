/* SPDX-License-Identifier: Apache-2.0 */
/* The main job with keys in a real TPM 2.0 (swtpm): P3, P8's seal, P15, C151. */
#include <sys/stat.h>

#include "agent/protocol/attestation.h"
#include "tests/fakes/forge.h"
#include "tests/fakes/keys_local.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tpm_story.h"

#define LIMIT_S 14400

static void begin(struct tpm_story *x)
{
	tpm_story_cast(x);
	story_start(&x->s);
}

static enum berth_err first_item(void *arg, const char *key, const uint8_t *p, size_t n)
{
	(void)key;
	berth_buf_put(arg, p, n);
	return BERTH_E_NOMATCH;		/* one is enough */
}

static void p3_p12_the_whole_onboarding(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT, plain = BERTH_BUF_INIT;
	struct tpm_story x;
	bool protected_ = false;
	uint64_t v;

	(void)state;
	begin(&x);
	story_settle(&x.s);
	story_check_end(&x.s, 1);
	assert_int_equal(story_audit(x.s.factory, "device born: serial GW-0001, hardware keys"), 1);
	assert_int_equal(story_audit(x.s.owner, "proved itself (hardware keys)"), 1);
	struct berth_json *data = story_data(&x.s, x.s.gateway);
	int64_t bytes = berth_data_int(berth_json_get(data, "onboarding"), "bytes", -1);

	printf("measured: onboarding with a TPM took %lld bytes on the wire\n", (long long)bytes);
	assert_in_range(bytes, 1, 65536);
	berth_json_free(data);
	data = story_data(&x.s, x.s.owner);
	assert_int_equal(strlen(berth_data_str(data, "pcrDigest")), 43);
	assert_null(berth_data_str(data, "activated"));
	berth_json_free(data);
	/* what the owner provisioned is sealed to this epoch: with the next one it is gone */
	struct berth_keys *k = x.s.gateway->keys;

	CHECK_RC(BERTH_E_NOMATCH, berth_store_each(x.s.gateway->store, "item-a", NULL, first_item, &box));
	CHECK_OK(k->ops->unseal(k, "item/app.conf", 0, box.p, box.len, &plain));
	CHECK_OK(k->ops->counter_read(k, BERTH_COUNTER_EPOCH, &v, &protected_));
	assert_true(protected_);
	CHECK_OK(k->ops->counter_step(k, BERTH_COUNTER_EPOCH, &v));
	assert_int_not_equal(k->ops->unseal(k, "item/app.conf", 0, box.p, box.len, &plain), BERTH_OK);
	berth_buf_free(&box);
	berth_buf_free(&plain);
	tpm_story_end(&x);
}

static void p3_ek_live_fits_too(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	x.s.owner->policy.ek_live = true;
	x.s.owner->policy.ek_roots_pem = x.roots;
	story_settle(&x.s);
	story_check_end(&x.s, 1);
	struct berth_json *data = story_data(&x.s, x.s.gateway);
	int64_t bytes = berth_data_int(berth_json_get(data, "onboarding"), "bytes", -1);

	printf("measured: with ek-live it took %lld bytes\n", (long long)bytes);
	assert_in_range(bytes, 1, 65536);
	berth_json_free(data);
	tpm_story_end(&x);
}

/* ---- evidence that is none ---- */
static void flip(struct berth_json *m, const char *member)
{
	struct berth_json *a = berth_json_get_mut(berth_json_get_mut(m, "body"), "attestation");
	char *text = strdup(berth_data_str(a, member)), *at = text + strlen(text) / 2;

	*at = *at == 'A' ? 'B' : 'A';
	CHECK_OK(berth_json_set_str(a, member, text));
	free(text);
}

/* the proof is made anew, so that it is the evidence that is refused */
static void prove_again(struct story *s, struct berth_json *m, const struct berth_run *run)
{
	struct berth_json *body = berth_json_get_mut(m, "body");
	struct berth_buf proof = BERTH_BUF_INIT;

	berth_json_remove(body, "proof");
	CHECK_OK(berth_run_prove(berth_agent_env(s->gateway->agent), run, BERTH_SIGN_DEVICE_PROOF,
				 story_identity(s->gateway, BERTH_ID_FACTORY), run->peer, 0, NULL, body, &proof));
	CHECK_OK(berth_json_set_str(body, "proof", berth_buf_cstr(&proof)));
	berth_buf_free(&proof);
}

static void load(struct story *s, struct berth_run *run)
{
	struct berth_json *data = story_data(s, s->gateway);

	CHECK_OK(berth_run_load(run, data));
	berth_json_free(data);
}

static void self_made_signature(struct berth_json *m, void *arg)
{
	struct berth_run run;

	flip(m, "signSig");
	load(arg, &run);
	prove_again(arg, m, &run);
}

static void self_made_statement(struct berth_json *m, void *arg)
{
	struct berth_run run;

	flip(m, "agreeAttest");
	load(arg, &run);
	prove_again(arg, m, &run);
}

/* a genuine attestation key of the same TPM, but not the one in the credential */
static void another_attestation_key(struct berth_json *m, void *arg)
{
	struct story *s = arg;
	const struct berth_identity *id = story_identity(s->gateway, BERTH_ID_FACTORY);
	struct berth_json *a = berth_json_get_mut(berth_json_get_mut(m, "body"), "attestation");
	struct berth_json *empty = berth_json_new_object();
	struct berth_buf attest = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	struct berth_keys *k = s->gateway->keys;
	uint8_t th[32], qualifying[32];
	struct berth_run run;

	load(s, &run);
	CHECK_OK(berth_transcript_th(th, &run.said, empty, NULL));
	berth_attest_nonce(qualifying, "berth-m5", run.nonce_o, th);
	CHECK_OK(k->ops->ensure(k, "ak2", BERTH_KEY_P256, BERTH_USAGE_ATTEST, 0, NULL));
	CHECK_OK(k->ops->certify(k, id->sign_key, "ak2", qualifying, &attest, &sig));
	CHECK_OK(berth_json_set_b64url(a, "signAttest", attest.p, attest.len));
	CHECK_OK(berth_json_set_b64url(a, "signSig", sig.p, sig.len));
	prove_again(s, m, &run);
	berth_json_free(empty);
	berth_buf_free(&attest);
	berth_buf_free(&sig);
}

static void no_evidence(struct berth_json *m, void *arg)
{
	struct berth_run run;

	berth_json_remove(berth_json_get_mut(m, "body"), "attestation");
	load(arg, &run);
	prove_again(arg, m, &run);
}

static void p3_evidence_that_is_none_is_refused(void **state)
{
	static const struct { forge_edit_fn *edit; const char *what; } cases[] = {
		{ self_made_signature,     "refused: E_SIG: " },
		{ self_made_statement,     "refused: E_SIG: " },
		{ another_attestation_key, "refused: E_SIG: " },
		{ no_evidence,             "refused: E_TYPE: attestation" },
	};
	struct tpm_story x;

	(void)state;
	begin(&x);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int before = story_audit(x.s.owner, cases[i].what);

		forge_edit("prove-device", cases[i].edit, &x.s);
		assert_true(story_run_to(&x.s, x.s.gateway, "DEVICE_PROVED"));
		assert_true(forge_edited());
		assert_true(story_run_to(&x.s, x.s.gateway, "SEEKING"));	/* denied */
		if (story_audit(x.s.owner, cases[i].what) <= before)
			fail_msg("case %zu: the owner did not say %s", i, cases[i].what);
	}
	story_settle(&x.s);
	story_check_end(&x.s, 1);
	tpm_story_end(&x);
}

/* ---- ek-live ---- */
static char *said;	/* `activated` of an earlier run, owned */

static void prove_with(struct story *s, struct berth_json *m, const char *member, const char *value)
{
	struct berth_json *body = berth_json_get_mut(m, "body");
	struct berth_run run;

	if (!said && berth_data_str(body, "activated"))
		said = strdup(berth_data_str(body, "activated"));
	if (value)
		CHECK_OK(berth_json_set_str(body, member, value));
	else
		berth_json_remove(body, member);
	load(s, &run);
	prove_again(s, m, &run);
}

static void no_answer(struct berth_json *m, void *arg) { prove_with(arg, m, "activated", NULL); }
static void the_answer_of_yesterday(struct berth_json *m, void *arg) { prove_with(arg, m, "activated", said); }
static void no_certificate(struct berth_json *m, void *arg) { prove_with(arg, m, "ekCert", NULL); }

/* A TPM that opens another secret than the one it was sent. */
static void another_secret(struct berth_json *m, void *arg)
{
	struct story *s = arg;
	struct berth_json *body = berth_json_new_object(), *c = berth_json_new_object();
	struct berth_buf cert = BERTH_BUF_INIT, ek = BERTH_BUF_INIT, area = BERTH_BUF_INIT;
	struct berth_keys *k = s->gateway->keys;
	struct berth_tpm_public ak;
	struct berth_run run;
	uint8_t mac[32];

	load(s, &run);
	CHECK_OK(k->ops->ek(k, &cert, &ek));
	CHECK_OK(k->ops->public_area(k, "ak", &area));
	CHECK_OK(berth_tpm_public_parse(&ak, area.p, area.len));
	CHECK_OK(berth_attest_challenge(c, mac, ek.p, ek.len, ak.name, "berth-m5-ek", run.nonce_o));
	CHECK_OK(berth_attest_activate(berth_agent_env(s->gateway->agent), body, c, "berth-m5-ek", run.nonce_o));
	CHECK_OK(berth_attest_check_activated(body, mac));	/* it did open that one */
	prove_with(s, m, "activated", berth_data_str(body, "activated"));
	berth_json_free(body);
	berth_json_free(c);
	berth_buf_free(&cert);
	berth_buf_free(&ek);
	berth_buf_free(&area);
}

static void another_certificate(struct berth_json *m, void *arg)
{
	prove_with(arg, m, "ekCert", "MAA");
}

static void p3_ek_live_asks_the_tpm_itself(void **state)
{
	static const struct { forge_edit_fn *edit; const char *what; } cases[] = {
		{ no_answer,               "refused: E_TYPE: activated" },
		{ another_secret,          "refused: E_SIG: the credential was not opened by this TPM" },
		{ the_answer_of_yesterday, "refused: E_SIG: the credential was not opened by this TPM" },
		{ no_certificate,          "refused: E_TYPE: ekCert" },
		{ another_certificate,     "refused: E_SIG: not the endorsement certificate" },
	};
	struct tpm_story x;

	(void)state;
	begin(&x);
	x.s.owner->policy.ek_live = true;
	x.s.owner->policy.ek_roots_pem = x.roots;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int before = story_audit(x.s.owner, cases[i].what);

		forge_edit("prove-device", cases[i].edit, &x.s);
		assert_true(story_run_to(&x.s, x.s.gateway, "DEVICE_PROVED"));
		assert_true(forge_edited());
		assert_true(story_run_to(&x.s, x.s.gateway, "SEEKING"));	/* denied */
		if (story_audit(x.s.owner, cases[i].what) <= before)
			fail_msg("case %zu: the owner did not say %s", i, cases[i].what);
	}
	story_settle(&x.s);
	story_check_end(&x.s, 1);
	free(said);
	said = NULL;
	tpm_story_end(&x);
}

/* An owner with roots of its own does not take the maker's word. */
static void p3_ek_live_with_the_roots_of_another_maker(void **state)
{
	struct tpm_story x;
	char path[192], *other;
	size_t n;

	(void)state;
	begin(&x);
	snprintf(path, sizeof(path), "%s/other.pem", x.s.gateway->dir);
	test_sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -days 3650 "
		"-keyout /dev/null -out %s 2>/dev/null", path);
	other = test_read_file(path, &n);
	x.s.owner->policy.ek_live = true;
	x.s.owner->policy.ek_roots_pem = other;
	assert_true(story_run_to(&x.s, x.s.gateway, "DEVICE_PROVED"));
	assert_true(story_run_to(&x.s, x.s.gateway, "SEEKING"));
	assert_true(story_audit(x.s.owner, "refused: E_SIG: the endorsement certificate") >= 1);
	x.s.owner->policy.ek_roots_pem = NULL;	/* the maker's word for the certificate, the TPM's for the rest */
	story_settle(&x.s);
	story_check_end(&x.s, 1);
	free(other);
	tpm_story_end(&x);
}

/* ---- the attestation key of the epoch ---- */
static char *shown[3];	/* akPub, signPub, agreePub of accept-ready, owned */

static void listen_to(struct berth_json *m, void *arg)
{
	const struct berth_json *a = berth_json_get(berth_json_get(m, "body"), "attestation");
	static const char *const members[] = { "akPub", "signPub", "agreePub" };

	(void)arg;
	for (size_t i = 0; i < 3; i++)
		shown[i] = strdup(berth_data_str(a, members[i]));
}

static bool is_public_of(struct story *s, const char *shown_b64, const char *key)
{
	struct berth_json *o = berth_json_new_object();
	bool same;

	CHECK_OK(berth_body_set_public(berth_agent_env(s->gateway->agent), o, "p", key));
	same = strcmp(berth_data_str(o, "p"), shown_b64) == 0;
	berth_json_free(o);
	return same;
}

/* P9: no owner sees what the next one's attestations are signed with, and the TPM
 * keeps no handle for it. */
static void p9_each_identity_has_an_attestation_key_of_its_own(void **state)
{
	struct tpm_story x;
	char name[BERTH_IDENTITY_AK_MAX + 1];

	(void)state;
	begin(&x);
	forge_edit("accept-ready", listen_to, NULL);
	story_settle(&x.s);
	assert_true(forge_edited());
	story_check_end(&x.s, 1);
	berth_identity_ak(name, "op-0-1");
	assert_string_equal(name, "op-0-1-ak");
	assert_true(is_public_of(&x.s, shown[0], name));
	assert_false(is_public_of(&x.s, shown[0], "ak"));
	assert_true(is_public_of(&x.s, shown[1], "op-0-1-sign"));
	assert_true(is_public_of(&x.s, shown[2], "op-0-1-agree"));
	assert_int_equal(test_swtpm_handles(&x.t, 0x81), 4);	/* swtpm_setup's two EKs, SRK, the first AK */
	for (size_t i = 0; i < 3; i++)
		free(shown[i]);
	tpm_story_end(&x);
}

/* ---- power cuts ---- */
static bool is_dead(struct sim *w)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->node[i].dead && w->node[i].dead(&w->node[i]))
			return true;
	return story_operational(w);
}

static bool keys_dead(struct sim_node *n) { return test_keys_local_dead(n->keys); }

/* false: the moment never came */
static bool survives(long at)
{
	struct tpm_story x;
	bool hit;

	begin(&x);
	x.s.gateway->dead = keys_dead;
	test_keys_local_die(x.s.gateway->keys, at);
	assert_true(sim_run_steps(&x.s.w, is_dead, LIMIT_S));
	hit = keys_dead(x.s.gateway);
	sim_off(x.s.gateway);
	x.s.gateway->dead = NULL;
	sim_on(x.s.gateway);
	if (!sim_run(&x.s.w, story_settled, LIMIT_S))
		fail_msg("moment %ld: no end", at);
	story_check_end(&x.s, story_audit(x.s.owner, "operational credential issued"));
	assert_int_equal(test_swtpm_handles(&x.t, 0x81), 4);
	tpm_story_end(&x);
	return hit;
}

/* Whatever the device was asked last: one attestation key of the epoch, no orphan. */
static void p10_a_power_cut_at_key_operations(void **state)
{
	long at = 1, kills = 0;

	(void)state;
	for (; survives(at); at += getenv("BERTH_SOAK") ? 1 : 9)
		kills++;
	printf("crash with a TPM: kills %ld in %ld moments\n", kills, at);
	assert_true(kills >= 4);
}

/* ---- birth ---- */
static void an_endorsement_key_of_another_ca_is_refused(void **state)
{
	struct tpm_story x;
	char path[192], *other;
	size_t n;

	(void)state;
	tpm_story_cast(&x);
	snprintf(path, sizeof(path), "%s/other.pem", x.s.gateway->dir);
	test_sh("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=other -days 3650 "
		"-keyout /dev/null -out %s 2>/dev/null", path);
	other = test_read_file(path, &n);
	x.s.factory->policy.ek_roots_pem = other;
	sim_on(x.s.gateway);
	sim_wait(&x.s.w, 20);
	assert_true(story_audit(x.s.factory, "refused at birth: E_KEY") + story_audit(x.s.factory, "refused at birth: E_SIG") >= 1);
	x.s.factory->policy.ek_roots_pem = NULL;
	sim_wait(&x.s.w, 70);
	assert_true(story_audit(x.s.factory, "refused at birth: E_AUTHZ: no [trust] ek-roots") >= 1);
	assert_string_equal(sim_state(x.s.gateway, "gateway", NULL), "BLANK");
	sim_off(x.s.gateway);
	x.s.factory->policy.ek_roots_pem = x.roots;
	story_birth(&x.s);
	free(other);
	tpm_story_end(&x);
}

/* ---- C151 with a TPM: store and wrapped keys both from yesterday ---- */
static void c151_yesterdays_folder_is_noticed(void **state)
{
	struct tpm_story x;
	const char *dir;

	(void)state;
	begin(&x);
	dir = x.s.gateway->dir;
	sim_off(x.s.gateway);
	test_sh("cp -a %s/state %s/state.old && cp -a %s/keys %s/keys.old", dir, dir, dir, dir);
	sim_on(x.s.gateway);
	story_settle(&x.s);
	sim_off(x.s.gateway);
	test_sh("rm -rf %s/state %s/keys && mv %s/state.old %s/state && mv %s/keys.old %s/keys", dir, dir, dir, dir, dir, dir);
	sim_on(x.s.gateway);
	assert_true(berth_agent_quarantined(x.s.gateway->agent));
	assert_string_equal(sim_state(x.s.gateway, "gateway", NULL), "QUARANTINED");
	tpm_story_end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p3_p12_the_whole_onboarding),
		cmocka_unit_test(p3_evidence_that_is_none_is_refused),
		cmocka_unit_test(p3_ek_live_fits_too),
		cmocka_unit_test(p3_ek_live_asks_the_tpm_itself),
		cmocka_unit_test(p3_ek_live_with_the_roots_of_another_maker),
		cmocka_unit_test(p9_each_identity_has_an_attestation_key_of_its_own),
		cmocka_unit_test(p10_a_power_cut_at_key_operations),
		cmocka_unit_test(an_endorsement_key_of_another_ca_is_refused),
		cmocka_unit_test(c151_yesterdays_folder_is_noticed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
