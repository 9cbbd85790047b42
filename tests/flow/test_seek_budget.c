/* SPDX-License-Identifier: Apache-2.0 */
/* C.4, flapping network: what a device that finds no owner costs in a day; L9: and one that
 * is out of service. */
#include "tests/fakes/forge.h"

#define DAY_S 86400
#define LIMIT_S 14400

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

	sim_wait(&s->w, DAY_S);
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
	sim_wait(&s->w, DAY_S - 3600);
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
		sim_wait(&s.w, 30);
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
	sim_wait(&s.w, 600);
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

/* ---- L9: what a device costs that is out of service, whose owner is there or is not */
static void onboarded(struct story *s)
{
	story_begin(s);
	s->gateway->policy.seek_day_bytes = 4 << 20;
	story_settle(s);
}

static void order(struct story *s, const char *on)
{
	struct berth_json *args = berth_json_new_object();

	sim_as(s->owner);
	if (strcmp(on, "cmd/retire") == 0)
		CHECK_OK(berth_json_set_bool(args, "clearTpm", false));
	else
		CHECK_OK(berth_json_set_str(args, "reason", "tests"));
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, on, args, NULL));
	berth_json_free(args);
}

/* The second day of each: with everybody there, then with nobody, neither owner nor
 * rendezvous.  Nothing grows with the days. */
static void a_day_out_of_service(const char *on, const char *state, int64_t there_max, int64_t gone_max)
{
	int64_t there, gone, later;
	struct story s;

	onboarded(&s);
	if (on)
		order(&s, on);
	assert_true(story_run_to(&s, s.gateway, state));
	of_a_day(&s);
	there = of_a_day(&s);
	sim_off(s.owner);
	sim_off(s.rendezvous);
	gone = of_a_day(&s);
	later = of_a_day(&s);
	printf("octets a day, %s%s%s: %lld; without owner and rendezvous %lld, then %lld\n", state, on ? " by " : "", on ? on : "",
	       (long long)there, (long long)gone, (long long)later);
	assert_string_equal(story_state(&s, s.gateway), state);
	assert_in_range(there, 0, there_max);
	assert_in_range(gone, 0, gone_max);
	assert_in_range(later, 0, gone_max);
	story_end(&s);
}

static void a_suspended_device_costs_little_in_a_day(void **state)
{
	(void)state;
	a_day_out_of_service("cmd/suspend", "QUARANTINED", 100000, 150000);
}

static void a_revoked_device_costs_little_in_a_day(void **state)
{
	(void)state;
	a_day_out_of_service("cmd/revoke", "QUARANTINED", 40000, 60000);
}

static void a_retired_device_costs_nothing(void **state)
{
	(void)state;
	a_day_out_of_service("cmd/retire", "RETIRED", 0, 0);
}

/* It asks its owner every few minutes, and looks for it in ever longer rounds. */
static void a_device_without_its_owner_costs_little_in_a_day(void **state)
{
	(void)state;
	a_day_out_of_service(NULL, "OPERATIONAL", 4000000, 1000000);
}

/* Let go, and nobody has bought it: it looks for the next owner like one that is new. */
static void a_released_device_costs_what_an_unowned_one_does(void **state)
{
	int64_t day;
	struct story s;

	(void)state;
	onboarded(&s);
	order(&s, "cmd/transfer");
	assert_true(story_run_to(&s, s.gateway, "SEEKING"));
	of_a_day(&s);
	day = of_a_day(&s);
	printf("octets a day, released: %lld\n", (long long)day);
	assert_in_range(day, 10000, 2000000);
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
		cmocka_unit_test(a_suspended_device_costs_little_in_a_day),
		cmocka_unit_test(a_revoked_device_costs_little_in_a_day),
		cmocka_unit_test(a_retired_device_costs_nothing),
		cmocka_unit_test(a_device_without_its_owner_costs_little_in_a_day),
		cmocka_unit_test(a_released_device_costs_what_an_unowned_one_does),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
