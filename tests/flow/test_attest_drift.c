/* SPDX-License-Identifier: Apache-2.0 */
/* M14: what a device runs, compared with what it ran, or with what its model may run; and what
 * policy makes of the difference. */
#include "tests/flow/attest.h"

static void drift_is_reported_or_ends_service_as_policy_says(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	extend(&x, 7);
	ask(&x.s);
	check_verdict(&x.s, "drift", "the PCRs have changed since it was onboarded");
	assert_string_equal(story_state(&x.s, x.s.owner), "ACTIVE");
	x.s.owner->policy.attest_quarantine = true;
	ask(&x.s);
	assert_string_equal(story_state(&x.s, x.s.owner), "SUSPENDED");
	assert_true(sim_run(&x.s.w, out_of_service, LIMIT_S));
	assert_int_equal(story_audit(x.s.gateway, "the owner says: suspended: attestation: drift"), 1);
	/* it can still be asked, and only a person takes it back */
	CHECK_OK(order(&x.s, "cmd/attest"));
	assert_true(sim_run(&x.s.w, answered, 2 * 3600));
	check_verdict(&x.s, "drift", "");
	assert_string_equal(story_state(&x.s, x.s.owner), "SUSPENDED");
	CHECK_OK(order(&x.s, "cmd/resume"));
	assert_true(sim_run(&x.s.w, back, 2 * 3600));
	tpm_story_end(&x);
}

static struct berth_reference *only(struct tpm_story *x, const char *digest)
{
	struct berth_reference *r = &x->s.owner->policy.references[0];

	*r = (struct berth_reference){ .name = "only", .model = "Berth Box 1", .digests = { digest }, .n_digests = 1 };
	x->s.owner->policy.n_references = 1;
	return r;
}

static void drifts_out(struct tpm_story *x, char *before)
{
	struct berth_reference *r = only(x, "x");

	ask(&x->s);
	assert_string_equal(story_state(&x->s, x->s.owner), "SUSPENDED");
	assert_true(sim_run(&x->s.w, out_of_service, LIMIT_S));
	r->digests[0] = before;		/* what it runs is right again */
}

static const char *after_another_look(struct tpm_story *x)
{
	CHECK_OK(order(&x->s, "cmd/attest"));
	assert_true(sim_run(&x->s.w, answered, 2 * 3600));
	return story_state(&x->s, x->s.owner);
}

/* Off by default; nothing that a person has said, nor a look at something else, ends or is ended. */
static void what_was_ordered_for_drift_ends_with_it_where_policy_says_so(void **state)
{
	struct berth_policy *p;
	struct tpm_story x;
	char *before;

	(void)state;
	begin(&x);
	p = &x.s.owner->policy;
	before = base_digest(&x.s);
	p->attest_quarantine = true;
	drifts_out(&x, before);
	assert_string_equal(after_another_look(&x), "SUSPENDED");	/* off */
	p->attest_lift = true;
	only(&x, "x");
	assert_string_equal(after_another_look(&x), "SUSPENDED");	/* not as it should be */
	p->n_references = 0;
	p->attest_pcrs = 1u << 16;
	assert_string_equal(after_another_look(&x), "SUSPENDED");	/* other PCRs, and nothing to compare with */
	p->attest_pcrs = 0;
	only(&x, before);
	assert_string_equal(after_another_look(&x), "ACTIVE");
	assert_true(sim_run(&x.s.w, back, 2 * 3600));
	assert_int_equal(story_audit(x.s.owner, "valid: attestation: as it was again"), 1);
	assert_int_equal(story_audit(x.s.gateway, "the owner says: valid: attestation: as it was again"), 1);

	drifts_out(&x, before);
	CHECK_OK(order(&x.s, "cmd/suspend"));		/* a person says so, too */
	assert_true(sim_run(&x.s.w, out_of_service, LIMIT_S));
	assert_string_equal(after_another_look(&x), "SUSPENDED");
	CHECK_OK(order(&x.s, "cmd/resume"));
	assert_true(sim_run(&x.s.w, back, 2 * 3600));
	CHECK_OK(order(&x.s, "cmd/suspend"));		/* or alone */
	assert_true(sim_run(&x.s.w, out_of_service, LIMIT_S));
	assert_string_equal(after_another_look(&x), "SUSPENDED");
	CHECK_OK(order(&x.s, "cmd/revoke"));
	assert_string_equal(story_state(&x.s, x.s.owner), "REVOKED");
	free(before);
	tpm_story_end(&x);
}

static void a_reference_says_what_a_model_may_be(void **state)
{
	struct berth_reference *r;
	struct tpm_story x;
	char *before, *after;

	(void)state;
	begin(&x);
	before = base_digest(&x.s);
	extend(&x, 7);
	ask(&x.s);
	after = strdup(attested(&x.s, "pcrDigest"));
	r = &x.s.owner->policy.references[x.s.owner->policy.n_references++];
	*r = (struct berth_reference){ .name = "new", .model = "Berth Box 1", .digests = { "x", after }, .n_digests = 2 };
	ask(&x.s);
	check_verdict(&x.s, "ok", "");		/* an update that was announced is no drift */
	r->digests[1] = before;
	ask(&x.s);
	check_verdict(&x.s, "drift", "the PCRs are not those of its model's reference");
	r->model = "Berth Box 2";		/* and another model's is none of its business */
	ask(&x.s);
	check_verdict(&x.s, "drift", "since it was onboarded");
	free(before);
	free(after);
	tpm_story_end(&x);
}

/* Other PCRs than the usual: the first answer is what the later ones are compared with. */
static void other_pcrs_have_a_base_of_their_own(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	x.s.owner->policy.attest_pcrs = 1u << 16;
	ask(&x.s);
	check_verdict(&x.s, "ok", "");
	extend(&x, 7);		/* not asked for */
	ask(&x.s);
	check_verdict(&x.s, "ok", "");
	extend(&x, 16);
	ask(&x.s);
	check_verdict(&x.s, "drift", "");
	tpm_story_end(&x);
}

static void drift_says_which_pcr_it_is(void **state)
{
	char before[72], after[72], boot[72];
	struct berth_reference *r;
	struct tpm_story x;

	(void)state;
	begin(&x);
	pcr_line(&x, 0, boot);
	pcr_line(&x, 7, before);
	r = &x.s.owner->policy.references[x.s.owner->policy.n_references++];
	*r = (struct berth_reference){ .name = "r", .model = "Berth Box 1", .pcrs = { boot, before }, .n_pcrs = 2 };
	ask(&x.s);
	check_verdict(&x.s, "ok", "");
	extend(&x, 7);
	ask(&x.s);
	check_verdict(&x.s, "drift", "PCR 7 is not one of reference r");
	pcr_line(&x, 7, after);
	r->pcrs[r->n_pcrs++] = after;	/* an update that was announced */
	ask(&x.s);
	check_verdict(&x.s, "ok", "");
	r->digests[r->n_digests++] = "x";	/* both are said: both have to hold */
	ask(&x.s);
	check_verdict(&x.s, "drift", "the PCRs are not those of its model's reference: PCR 7");
	x.s.owner->policy.n_references = 0;
	extend(&x, 4);
	ask(&x.s);
	check_verdict(&x.s, "drift", "the PCRs have changed since it was onboarded: PCR 4, 7");
	tpm_story_end(&x);
}

/* Two models of one owner, each with its own policy. */
static void policy_is_a_models(void **state)
{
	struct berth_reference *r;
	struct tpm_story x;

	(void)state;
	begin(&x);
	r = x.s.owner->policy.references;
	x.s.owner->policy.n_references = 2;
	r[0] = (struct berth_reference){ .name = "others", .model = "Berth Box 2", .says_drift = true, .attest_quarantine = true };
	r[1] = (struct berth_reference){ .name = "ours", .model = "Berth Box 1", .attest_pcrs = 1u << 16 };
	ask(&x.s);
	extend(&x, 7);		/* not among those of its model */
	ask(&x.s);
	check_verdict(&x.s, "ok", "");
	extend(&x, 16);
	ask(&x.s);
	check_verdict(&x.s, "drift", "since it was onboarded: PCR 16");
	assert_string_equal(story_state(&x.s, x.s.owner), "ACTIVE");	/* the others' quarantine is not its own */
	r[1].says_every = true;
	r[1].attest_every_s = HOUR_S;
	sim_wait(&x.s.w, 3 * HOUR_S);
	assert_true(story_audit(x.s.owner, "attested:") >= 4);
	r[1].says_drift = r[1].attest_quarantine = true;
	ask(&x.s);
	assert_string_equal(story_state(&x.s, x.s.owner), "SUSPENDED");
	tpm_story_end(&x);
}

/* ---- approval by reference ---- */
static void a_reference_decides_who_is_approved_by_itself(void **state)
{
	struct berth_reference *r;
	struct berth_json *data;
	struct tpm_story x;
	char *good;

	(void)state;
	begin(&x);
	good = base_digest(&x.s);
	/* once more from the beginning: revoked, and let in again */
	CHECK_OK(order(&x.s, "cmd/revoke"));
	assert_true(sim_run(&x.s.w, out_of_service, LIMIT_S));
	r = &x.s.owner->policy.references[x.s.owner->policy.n_references++];
	*r = (struct berth_reference){ .name = "golden", .model = "Berth Box 1", .digests = { good }, .n_digests = 1 };
	extend(&x, 7);
	CHECK_OK(order(&x.s, "cmd/approve"));
	assert_true(story_run_to(&x.s, x.s.gateway, "PENDING"));
	assert_string_equal(story_state(&x.s, x.s.owner), "APPROVAL");
	data = story_data(&x.s, x.s.owner);
	assert_string_equal(berth_data_str(data, "hold"), "its PCRs are not those of reference golden");
	berth_json_free(data);
	data = story_data(&x.s, x.s.gateway);
	assert_string_equal(berth_data_str(data, "pending"), "its PCRs are not those of reference golden");
	berth_json_free(data);
	CHECK_OK(order(&x.s, "cmd/approve"));	/* the twin: a person has looked */
	story_settle(&x.s);
	free(good);
	tpm_story_end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(drift_is_reported_or_ends_service_as_policy_says),
		cmocka_unit_test(what_was_ordered_for_drift_ends_with_it_where_policy_says_so),
		cmocka_unit_test(a_reference_says_what_a_model_may_be),
		cmocka_unit_test(other_pcrs_have_a_base_of_their_own),
		cmocka_unit_test(drift_says_which_pcr_it_is),
		cmocka_unit_test(policy_is_a_models),
		cmocka_unit_test(a_reference_decides_who_is_approved_by_itself),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
