/* SPDX-License-Identifier: Apache-2.0 */
/* P10: whatever the network does to any one frame of the onboarding, or to a third of
 * them, the end is the same: one owner, one credential, every item once. */
#include <time.h>

#include "tests/fakes/replay.h"

#define LIMIT_S 7200

static size_t frames_of_a_run(void)
{
	struct story s;
	size_t before;

	story_begin(&s);
	before = s.w.sent;
	assert_true(sim_run(&s.w, story_operational, LIMIT_S));
	before = s.w.sent - before;
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	story_check_end(&s, 1);
	story_end(&s);
	return before;
}

static void one(enum fault fault, size_t k)
{
	struct story s;

	story_begin(&s);
	s.w.fault = fault;
	s.w.fault_at = s.w.sent + k;
	if (!sim_run(&s.w, story_settled, LIMIT_S))
		fail_msg("fault %d at frame %zu: gateway %s", (int)fault, k, sim_state(s.gateway, "gateway", NULL));
	assert_true(s.w.sent >= s.w.fault_at);
	story_check_end(&s, 1);
	story_end(&s);
}

static void every_frame(enum fault fault)
{
	size_t n = frames_of_a_run();

	assert_true(n >= 7);
	for (size_t k = 1; k <= n; k++)
		one(fault, k);
}

static void each_request_is_lost_once(void **state) { (void)state; every_frame(FAULT_LOSE_REQUEST); }
static void each_reply_is_lost_once(void **state) { (void)state; every_frame(FAULT_LOSE_REPLY); }
static void c069_each_request_comes_twice(void **state) { (void)state; every_frame(FAULT_TWICE); }
static void each_request_comes_late(void **state) { (void)state; every_frame(FAULT_LATE); }

static uint32_t first_seed(void)
{
	const char *given = getenv("BERTH_SEED");

	return given ? (uint32_t)strtoul(given, NULL, 10) : (uint32_t)time(NULL);
}

/* Runs may have to start over here: a credential is issued in each, and one counts. */
static void a_third_of_all_frames_is_lost(void **state)
{
	uint32_t seed = first_seed();
	int rounds = getenv("BERTH_SOAK") ? 200 : 6;

	(void)state;
	printf("seed %u\n", seed);
	for (int i = 0; i < rounds; i++) {
		struct story s;

		story_begin(&s);
		s.w.loss_percent = 30;
		s.w.seed = seed + (uint32_t)i;
		if (!sim_run(&s.w, story_settled, 14 * 86400))
			fail_msg("BERTH_SEED=%u: gateway %s, owner at another place", seed + (uint32_t)i,
				 sim_state(s.gateway, "gateway", NULL));
		story_check_end(&s, story_audit(s.owner, "operational credential issued"));
		story_end(&s);
	}
}

static void c069_a_finished_run_replayed_changes_nothing(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	s.w.record = true;
	story_start(&s);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	assert_true(s.w.n_frames >= 18);
	test_replay(&s);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_is_lost_once),
		cmocka_unit_test(each_reply_is_lost_once),
		cmocka_unit_test(c069_each_request_comes_twice),
		cmocka_unit_test(each_request_comes_late),
		cmocka_unit_test(a_third_of_all_frames_is_lost),
		cmocka_unit_test(c069_a_finished_run_replayed_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
