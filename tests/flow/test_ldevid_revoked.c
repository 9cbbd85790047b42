/* SPDX-License-Identifier: Apache-2.0 */
/* The list of certificates that an owner has revoked. */
#include "tests/fakes/resale.h"
#include "tests/flow/ldevid_story.h"

static void a_list_has_what_is_revoked_and_not_over(void **state)
{
	struct berth_buf rows = BERTH_BUF_INIT;
	struct berth_json *o;
	struct berth_env *env;

	(void)state;
	begin(true);
	rotate_and_settle();
	o = story_data(&s, s.owner);
	sim_as(s.owner);
	env = berth_agent_env(s.owner->agent);
	CHECK_OK(berth_ldevid_revoked(env, o, -1, &rows));
	assert_int_equal(rows.len, BERTH_X509_REVOKED_LEN);
	CHECK(rows.p[8] == 4);		/* superseded */
	berth_buf_reset(&rows);
	CHECK_OK(berth_ldevid_revoked(env, o, 6, &rows));
	assert_int_equal(rows.len, 2 * BERTH_X509_REVOKED_LEN);
	CHECK(rows.p[BERTH_X509_REVOKED_LEN + 8] == 6);
	berth_buf_reset(&rows);
	env->now_s += 2 * DAY;		/* what is over needs no list */
	CHECK_OK(berth_ldevid_revoked(env, o, 6, &rows));
	assert_int_equal(rows.len, 0);
	berth_buf_free(&rows);
	berth_json_free(o);
	end();
}

/* Rows of the list for one who is out of service (reason 6), or in (-1). */
static size_t listed(int reason)
{
	struct berth_json *o = story_data(&s, s.owner);
	struct berth_buf rows = BERTH_BUF_INIT;
	size_t n;

	sim_as(s.owner);
	CHECK_OK(berth_ldevid_revoked(berth_agent_env(s.owner->agent), o, reason, &rows));
	n = rows.len / BERTH_X509_REVOKED_LEN;
	berth_buf_free(&rows);
	berth_json_free(o);
	return n;
}

static bool out(struct sim *w)
{
	return story_quiet(w) && strcmp(story_state(&s, s.gateway), "QUARANTINED") == 0;
}

static bool uncommitted(struct sim *w)
{
	(void)w;
	return story_audit(s.owner, "did not commit in time") == 1;
}

/* Who has the certificate and has not said so would keep it for good. */
static void a_list_has_what_was_issued_and_never_taken(void **state)
{
	(void)state;
	begin(true);
	rotate();
	assert_true(story_run_to(&s, s.owner, "RENEW_PENDING"));
	sim_drop(&s.w);
	assert_int_equal(listed(-1), 0);	/* it is on its way, and may come yet */
	assert_int_equal(listed(6), 2);
	berth_json_free(resale_command(s.owner, s.device, "cmd/suspend", NULL, BERTH_OK));
	assert_true(sim_run(&s.w, out, LIMIT_S));	/* the keys that were to come are given up */
	berth_json_free(resale_command(s.owner, s.device, "cmd/resume", NULL, BERTH_OK));
	assert_true(sim_run(&s.w, story_settled, LIMIT_S) && test_ldevid_is_pair(&s));
	rotate_and_settle();
	assert_true(test_ldevid_is_pair(&s));
	assert_int_equal(listed(-1), 2);	/* the first, and the one that nobody took */
	assert_int_equal(listed(6), 3);
	end();
}

static void a_list_has_what_was_issued_and_not_committed(void **state)
{
	(void)state;
	cast(true);
	sim_on(s.gateway);
	assert_true(story_run_to(&s, s.owner, "ISSUED"));
	sim_off(s.gateway);
	sim_drop(&s.w);
	assert_int_equal(listed(-1), 0);
	assert_int_equal(listed(6), 1);
	assert_true(sim_run(&s.w, uncommitted, LIMIT_S));
	assert_int_equal(listed(-1), 1);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S) && test_ldevid_is_pair(&s));
	assert_int_equal(listed(-1), 1);
	assert_int_equal(listed(6), 2);
	end();
}

/* None of them falls off the list before it is over: there is no further one instead. */
static void more_than_a_list_can_have_are_not_issued(void **state)
{
	(void)state;
	begin(true);
	for (size_t i = 1; i < BERTH_LDEVID_ISSUED_MAX; i++) {
		rotate_and_settle();
		assert_true(test_ldevid_is_pair(&s));
	}
	rotate_and_settle();
	assert_false(has("certs"));
	assert_int_equal(story_audit(s.owner, "without a certificate: E_QUOTA"), 1);
	assert_int_equal(listed(-1), BERTH_LDEVID_ISSUED_MAX);
	s.w.mono_ms += 2 * DAY * 1000;		/* all of them are over */
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	rotate_and_settle();
	assert_true(test_ldevid_is_pair(&s));
	assert_true(listed(-1) <= 1);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_has_what_was_issued_and_never_taken),
		cmocka_unit_test(a_list_has_what_was_issued_and_not_committed),
		cmocka_unit_test(more_than_a_list_can_have_are_not_issued),
		cmocka_unit_test(a_list_has_what_is_revoked_and_not_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
