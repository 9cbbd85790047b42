/* SPDX-License-Identifier: Apache-2.0 */
/* C.4, flapping network: what a device that finds no owner costs in a day. */
#include "tests/fakes/forge.h"

#define DAY_S 86400
#define LIMIT_S 14400

static bool never(struct sim *w) { (void)w; return false; }

static int64_t octets(struct story *s) { return (int64_t)berth_agent_wire_bytes(s->gateway->agent); }

/* Nobody has bought it yet. */
static void unowned(struct story *s, int64_t budget)
{
	story_cast(s);
	story_birth(s);
	s->gateway->policy.seek_day_bytes = budget;
	sim_on(s->gateway);
}

static int64_t of_a_day(struct story *s)
{
	int64_t before = octets(s);

	assert_false(sim_run(&s->w, never, DAY_S));
	return octets(s) - before;
}

static void an_unowned_device_costs_little_in_a_day(void **state)
{
	int64_t first, later;
	struct story s;

	(void)state;
	unowned(&s, 0);
	first = of_a_day(&s);
	later = of_a_day(&s);
	printf("octets a day, unowned: the first day %lld, then %lld\n", (long long)first, (long long)later);
	assert_in_range(later, 10000, 2000000);
	story_end(&s);
}

/* A round more than that: what is under way is not cut off.  A day of the clock has parts
 * of two of the budget's. */
#define BUDGET 50000
#define ROUND 20000

static void the_budget_of_a_day_holds(void **state)
{
	struct story s;

	(void)state;
	unowned(&s, BUDGET);
	for (int i = 0; i < 4; i++)
		assert_in_range(of_a_day(&s), 1000, 2 * (BUDGET + ROUND));
	assert_in_range(octets(&s), BUDGET, 5 * (BUDGET + ROUND));
	assert_in_range(story_audit(s.gateway, "the day's octets for seeking are spent"), 3, 6);
	story_sale(&s);
	assert_true(sim_run(&s.w, story_settled, DAY_S + LIMIT_S));	/* the next day it finds its owner */
	story_check_end(&s, 1);
	story_end(&s);
}

static void spent(struct story *s)
{
	unowned(s, BUDGET);
	assert_false(sim_run(&s->w, never, DAY_S - 3600));
	assert_int_equal(story_audit(s->gateway, "the day's octets for seeking are spent"), 1);
}

/* Switching it off and on again buys no more octets. */
static void a_restart_is_no_new_day(void **state)
{
	struct story s;

	(void)state;
	spent(&s);
	for (int i = 0; i < 20; i++) {
		sim_off(s.gateway);
		sim_on(s.gateway);
		assert_false(sim_run(&s.w, never, 30));
		assert_int_equal(octets(&s), 0);
	}
	story_end(&s);
}

static void a_person_may_spend_more(void **state)
{
	struct story s;

	(void)state;
	spent(&s);
	story_sale(&s);
	assert_false(sim_run(&s.w, never, 600));
	assert_string_equal(story_state(&s, s.gateway), "SEEKING");
	sim_as(s.gateway);
	CHECK_OK(berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/onboard", NULL, NULL));
	assert_true(sim_run(&s.w, story_settled, 600));
	story_check_end(&s, 1);
	story_end(&s);
}

/* An owner who breaks off each run costs more for each, and the device the same in all. */
static void runs_that_fail_count(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	sim_off(s.owner);
	s.gateway->policy.seek_day_bytes = BUDGET;
	sim_on(s.gateway);
	for (int i = 0; i < 3; i++)
		assert_in_range(of_a_day(&s), 1000, 2 * (BUDGET + ROUND));
	sim_on(s.owner);
	assert_true(sim_run(&s.w, story_settled, DAY_S + LIMIT_S));
	story_check_end(&s, 1);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_unowned_device_costs_little_in_a_day),
		cmocka_unit_test(the_budget_of_a_day_holds),
		cmocka_unit_test(a_restart_is_no_new_day),
		cmocka_unit_test(a_person_may_spend_more),
		cmocka_unit_test(runs_that_fail_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
