/* SPDX-License-Identifier: Apache-2.0 */
/* M14: how often an owner asks by itself, and who does not answer. */
#include "did/base/clock.h"
#include "tests/fakes/backup.h"
#include "tests/flow/attest.h"

static void as_often_as_policy_says(void **state)
{
	struct tpm_story x;
	int n;

	(void)state;
	begin(&x);
	sim_wait(&x.s.w, 2 * HOUR_S);
	assert_int_equal(story_audit(x.s.owner, "attested:"), 0);	/* off by default */
	x.s.owner->policy.attest_every_s = HOUR_S;
	sim_off(x.s.owner);
	sim_on(x.s.owner);
	sim_wait(&x.s.w, HOUR_S / 2);
	assert_int_equal(story_audit(x.s.owner, "attested:"), 0);
	sim_wait(&x.s.w, 5 * HOUR_S);
	n = story_audit(x.s.owner, "attested: ok");
	printf("attested %d times in five hours and a half\n", n);
	assert_in_range(n, 5, 7);
	sim_off(x.s.gateway);	/* and who does not answer is said to be silent */
	sim_wait(&x.s.w, 24 * HOUR_S);
	check_verdict(&x.s, "silent", "");
	assert_int_equal(counted(&x.s, BERTH_NS_SILENT), 1);
	sim_on(x.s.gateway);
	sim_wait(&x.s.w, 2 * HOUR_S);
	check_verdict(&x.s, "ok", "");
	tpm_story_end(&x);
}

static bool is_suspended(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, now->owner), "SUSPENDED") == 0;
}

/* It was on till now; it is off, and so long its owner waits. */
static void goes_silent(struct tpm_story *x)
{
	sim_off(x->s.gateway);
	sim_wait(&x->s.w, 3 * HOUR_S - 300);	/* the last answer was at least three minutes before that */
	assert_string_equal(story_state(&x->s, x->s.owner), "ACTIVE");
	assert_true(sim_run(&x->s.w, is_suspended, HOUR_S + 600));
	check_verdict(&x->s, "silent", "no answer for 3 intervals");
	assert_int_equal(counted(&x->s, BERTH_NS_SILENT), 1);
}

static void who_does_not_answer_is_suspended_where_policy_says_so(void **state)
{
	struct berth_policy *p;
	struct tpm_story x;

	(void)state;
	begin(&x);
	p = &x.s.owner->policy;
	p->attest_every_s = HOUR_S;
	p->attest_quarantine = true;	/* which is not about silence */
	sim_wait(&x.s.w, 3 * HOUR_S);
	sim_off(x.s.gateway);
	sim_wait(&x.s.w, 48 * HOUR_S);
	check_verdict(&x.s, "silent", "");
	assert_string_equal(story_state(&x.s, x.s.owner), "ACTIVE");
	sim_on(x.s.gateway);
	sim_wait(&x.s.w, 2 * HOUR_S);
	check_verdict(&x.s, "ok", "");

	p->attest_silent = 3;
	sim_wait(&x.s.w, 12 * HOUR_S);		/* who answers stays */
	assert_string_equal(story_state(&x.s, x.s.owner), "ACTIVE");
	goes_silent(&x);
	sim_on(x.s.gateway);
	assert_true(sim_run(&x.s.w, out_of_service, LIMIT_S));
	assert_int_equal(story_audit(x.s.gateway, "the owner says: suspended: attestation: silent: no answer for 3 intervals"), 1);
	sim_wait(&x.s.w, 2 * HOUR_S);
	check_verdict(&x.s, "ok", "");
	assert_string_equal(story_state(&x.s, x.s.owner), "SUSPENDED");	/* a person takes it back */
	CHECK_OK(order(&x.s, "cmd/resume"));
	assert_true(sim_run(&x.s.w, back, 2 * HOUR_S));

	p->attest_lift = true;			/* or policy */
	goes_silent(&x);
	sim_on(x.s.gateway);
	assert_true(sim_run(&x.s.w, back, LIMIT_S));
	assert_int_equal(story_audit(x.s.owner, "valid: attestation: as it was again"), 1);
	tpm_story_end(&x);
}

/* A person takes it back while it is away: its time begins anew. */
static void who_was_taken_back_has_all_its_time_again(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	x.s.owner->policy.attest_every_s = HOUR_S;
	x.s.owner->policy.attest_silent = 3;
	sim_off(x.s.owner);			/* it looks at its policy when it starts */
	sim_on(x.s.owner);
	sim_wait(&x.s.w, 2 * HOUR_S);
	goes_silent(&x);
	sim_wait(&x.s.w, 24 * HOUR_S);
	CHECK_OK(order(&x.s, "cmd/resume"));
	sim_wait(&x.s.w, 2 * HOUR_S);
	assert_string_equal(story_state(&x.s, x.s.owner), "ACTIVE");
	sim_off(x.s.owner);
	sim_wait(&x.s.w, 24 * HOUR_S);		/* of which the owner knows nothing */
	sim_on(x.s.owner);
	sim_wait(&x.s.w, HOUR_S / 2);
	assert_string_equal(story_state(&x.s, x.s.owner), "ACTIVE");
	assert_true(sim_run(&x.s.w, is_suspended, HOUR_S));
	tpm_story_end(&x);
}

/* A backup does not say whether the device may be another identity by now: what it has not
 * said to an owner out of it, it is not suspended for. */
static void who_was_restored_waits_for_a_word(void **state)
{
	struct tpm_story x;

	(void)state;
	begin(&x);
	x.s.owner->policy.attest_every_s = HOUR_S;
	x.s.owner->policy.attest_silent = 3;
	sim_off(x.s.owner);
	sim_on(x.s.owner);
	sim_wait(&x.s.w, 2 * HOUR_S);
	sim_off(x.s.gateway);
	sim_wait(&x.s.w, 2 * HOUR_S);		/* it has been asked, and has not answered */
	backup_take(&x.s);
	backup_restore(&x.s);
	sim_wait(&x.s.w, 48 * HOUR_S);
	assert_string_equal(story_state(&x.s, x.s.owner), "ACTIVE");
	assert_int_equal(story_audit(x.s.owner, "no answer for 3 intervals"), 0);
	sim_on(x.s.gateway);			/* the twin: it has been heard again */
	sim_wait(&x.s.w, 12 * HOUR_S);
	check_verdict(&x.s, "ok", "");
	goes_silent(&x);
	tpm_story_end(&x);
}

/* Onboarded by a provider, of whom `scope` says what it may do; who owns it is away. */
static void begin_with_provider(struct tpm_story *x, const char *scope)
{
	struct berth_json *args, *chain;
	struct sim_node *provider;
	char until[BERTH_RFC3339_LEN + 1], text[400];

	tpm_story_cast(x);
	now = &x->s;
	story_birth(now);
	now->owner->policy.n_rendezvous = 0;
	chain = story_chain(now);
	CHECK_OK(story_import(now->owner, chain, NULL, NULL));
	berth_json_free(chain);
	provider = forge_mallory(now, "provider", "nng+tcp://provider.test:1");
	sim_as(now->owner);
	berth_rfc3339_format(until, berth_clock_now_s() + 90 * 86400);
	snprintf(text, sizeof(text), "{\"until\":\"%s\",\"scope\":%s}", until, scope);
	CHECK_OK(berth_json_parse_object(&args, text, strlen(text), sizeof(text)));
	CHECK_OK(berth_json_set_str(args, "to", story_identity(provider, BERTH_ID_OWNER)->did_long));
	CHECK_OK(berth_agent_command(now->owner->agent, "owner", now->device, "cmd/delegate", args, &chain));
	berth_json_free(args);
	CHECK_OK(story_import(provider, chain, NULL, NULL));
	berth_json_free(chain);
	now->owner = provider;
	provider->policy.attest_every_s = HOUR_S;
	provider->policy.attest_silent = 3;
	sim_on(now->gateway);
	assert_true(sim_run(&now->w, story_settled, LIMIT_S));
	sim_wait(&now->w, 3 * HOUR_S);
	check_verdict(now, "ok", "");
}

/* Who may ask, and not suspend, says that a device is silent, and no more. */
static void who_may_not_suspend_does_not(void **state)
{
	struct tpm_story x;

	(void)state;
	begin_with_provider(&x, "[\"renew\",\"attest\"]");
	sim_off(x.s.gateway);
	sim_wait(&x.s.w, 48 * HOUR_S);
	check_verdict(&x.s, "silent", "");
	assert_string_equal(story_state(&x.s, x.s.owner), "ACTIVE");
	tpm_story_end(&x);

	begin_with_provider(&x, "[\"renew\",\"suspend\",\"attest\"]");	/* the twin */
	goes_silent(&x);
	tpm_story_end(&x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_often_as_policy_says),
		cmocka_unit_test(who_does_not_answer_is_suspended_where_policy_says_so),
		cmocka_unit_test(who_was_taken_back_has_all_its_time_again),
		cmocka_unit_test(who_was_restored_waits_for_a_word),
		cmocka_unit_test(who_may_not_suspend_does_not),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
