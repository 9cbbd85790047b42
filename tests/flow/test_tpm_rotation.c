/* SPDX-License-Identifier: Apache-2.0 */
/* M12 with keys in a real TPM 2.0 (swtpm): the new keys are certified by the attestation
 * key that the manufacturer examined, or there is no credential for them (P3).  And what
 * two attempts to be onboarded show of it (P9). */
#include <sys/stat.h>

#include "agent/protocol/attestation.h"
#include "tests/fakes/forge.h"
#include "tests/fakes/swtpm.h"
#include "tests/fakes/tpm_story.h"

#define LIMIT_S 14400

static struct story *now;
static char *old_did;

static bool rotated(struct sim *w) { (void)w; return story_rotated(now, old_did); }

static void switched_on(struct tpm_story *x)
{
	tpm_story_cast(x);
	story_start(&x->s);
	now = &x->s;
}

static void begin(struct tpm_story *x)
{
	switched_on(x);
	story_settle(&x->s);
	old_did = strdup(story_operational_did(&x->s));
}

static void end(struct tpm_story *x)
{
	tpm_story_end(x);
	free(old_did);
	old_did = NULL;
}

static struct berth_json *attestation(struct berth_json *m)
{
	return berth_json_get_mut(berth_json_get_mut(m, "body"), "attestation");
}

static void nothing(struct berth_json *m, void *arg) { story_prove_renewal(arg, m); }

static void self_made_signature(struct berth_json *m, void *arg)
{
	char *text = strdup(berth_data_str(attestation(m), "signSig")), *at = text + strlen(text) / 2;

	*at = *at == 'A' ? 'B' : 'A';
	CHECK_OK(berth_json_set_str(attestation(m), "signSig", text));
	free(text);
	story_prove_renewal(arg, m);
}

static void no_evidence(struct berth_json *m, void *arg)
{
	berth_json_remove(berth_json_get_mut(m, "body"), "attestation");
	story_prove_renewal(arg, m);
}

/* the factory keys' own publics: resident, but not the keys of the new DID */
static void publics_of_other_keys(struct berth_json *m, void *arg)
{
	struct story *s = arg;

	CHECK_OK(berth_body_set_public(berth_agent_env(s->gateway->agent), attestation(m), "signPub",
				       story_identity(s->gateway, BERTH_ID_FACTORY)->sign_key));
	story_prove_renewal(s, m);
}

/* a genuine attestation key of the same TPM, but not the one in the credential */
static void another_attestation_key(struct berth_json *m, void *arg)
{
	struct story *s = arg;
	struct berth_json *data = story_data(s, s->gateway);
	const char *name = berth_data_str(berth_json_get(data, "renewal"), "identity");
	struct berth_buf attest = BERTH_BUF_INIT, sig = BERTH_BUF_INIT;
	struct berth_keys *k = s->gateway->keys;
	struct berth_transcript said = { .n = 0 };
	struct berth_json *empty = berth_json_new_object();
	uint8_t nonce[32], th[32], qualifying[32];

	CHECK_OK(berth_body_get_32(berth_json_get(m, "body"), "nonce", nonce));
	CHECK_OK(berth_transcript_th(th, &said, empty, NULL));
	berth_attest_nonce(qualifying, "berth-m12", nonce, th);
	CHECK_OK(k->ops->ensure(k, "ak2", BERTH_KEY_P256, BERTH_USAGE_ATTEST, 0, NULL));
	CHECK_OK(k->ops->certify(k, story_identity(s->gateway, name)->sign_key, "ak2", qualifying, &attest, &sig));
	CHECK_OK(berth_json_set_b64url(attestation(m), "signAttest", attest.p, attest.len));
	CHECK_OK(berth_json_set_b64url(attestation(m), "signSig", sig.p, sig.len));
	story_prove_renewal(s, m);
	berth_buf_free(&attest);
	berth_buf_free(&sig);
	berth_json_free(empty);
	berth_json_free(data);
}

static void p3_new_keys_are_certified_or_not_taken(void **state)
{
	static const struct { forge_edit_fn *edit; const char *what; } cases[] = {
		{ self_made_signature,     "renewal refused: E_SIG: " },
		{ another_attestation_key, "renewal refused: E_SIG: " },
		{ publics_of_other_keys,   "renewal refused: E_SIG: signPub is not the key of the DID" },
		{ no_evidence,             "renewal refused: E_TYPE: attestation" },
	};
	struct tpm_story x;

	(void)state;
	begin(&x);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int before = story_audit(x.s.owner, cases[i].what);

		forge_edit("renew-request", cases[i].edit, &x.s);
		story_rotate(&x.s);
		assert_true(story_run_to(&x.s, x.s.gateway, "OPERATIONAL"));	/* the attempt is over */
		assert_true(forge_edited());
		if (story_audit(x.s.owner, cases[i].what) <= before)
			fail_msg("case %zu: the owner did not say %s", i, cases[i].what);
		story_settle(&x.s);
	}
	/* the twin: the same detour over a proof made anew, and nothing changed */
	forge_edit("renew-request", nothing, &x.s);
	story_rotate(&x.s);
	assert_true(sim_run(&x.s.w, rotated, LIMIT_S));
	assert_true(forge_edited());
	story_check_end(&x.s, 1);
	end(&x);
}

/* What an owner gets to see of an attempt. */
static void remember(struct berth_json *m, void *arg)
{
	struct berth_json **seen = arg;

	*seen = berth_json_clone(berth_json_get(m, "body"));
}

/* P9: an attempt that failed and the next one have no octets in common that tell. */
static void p9_attempts_have_different_attestations(void **state)
{
	static const char *const members[] = { "signPub", "agreePub", "signAttest", "agreeAttest", "signSig", "agreeSig" };
	struct berth_json *seen[2] = { NULL };
	struct tpm_story x;

	(void)state;
	switched_on(&x);
	forge_edit("accept-ready", remember, &seen[0]);
	assert_true(story_run_to(&x.s, x.s.owner, "ISSUED"));
	sim_off(x.s.owner);
	sim_drop(&x.s.w);
	assert_true(story_run_to(&x.s, x.s.gateway, "SEEKING"));
	forge_edit("accept-ready", remember, &seen[1]);
	sim_on(x.s.owner);
	story_settle(&x.s);
	assert_true(seen[0] && seen[1]);
	assert_string_not_equal(berth_data_str(seen[0], "operationalDid"), berth_data_str(seen[1], "operationalDid"));
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		assert_string_not_equal(berth_data_str(berth_json_get(seen[0], "attestation"), members[i]),
					berth_data_str(berth_json_get(seen[1], "attestation"), members[i]));
	story_check_end(&x.s, 2);
	berth_json_free(seen[0]);
	berth_json_free(seen[1]);
	end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p3_new_keys_are_certified_or_not_taken),
		cmocka_unit_test(p9_attempts_have_different_attestations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
