/* SPDX-License-Identifier: Apache-2.0 */
/* The generation counter (C.3): every state of a gateway is a step, and yet neither a
 * flapping network nor a fleet wears a TPM's counter out. */
#include "tests/fakes/keys_local.h"
#include "tests/fakes/story.h"

#define DAY_S 86400
#define DAYS 10

static int64_t stored(struct sim_node *n)
{
	int64_t v;

	CHECK_OK(berth_store_counter_get(n->store, "generation", &v));
	return v;
}

static int64_t device(struct sim_node *n)
{
	uint64_t v;
	bool protected_;

	CHECK_OK(n->keys->ops->counter_read(n->keys, BERTH_COUNTER_GENERATION, &v, &protected_));
	return (int64_t)v;
}

static bool never(struct sim *w) { (void)w; return false; }

static void a_flapping_network_does_not_wear_the_counter(void **state)
{
	struct story s;
	int64_t before, worn, last;
	int failed;

	(void)state;
	story_cast(&s);
	s.owner->policy.registration_s = 30 * DAY_S;
	s.gateway->policy.run_timeout_s = 10;
	story_birth(&s);
	story_sale(&s);
	sim_off(s.owner);	/* it is registered, but not there */
	sim_on(s.gateway);
	before = stored(s.gateway);
	assert_false(sim_run(&s.w, never, DAYS * DAY_S));
	worn = stored(s.gateway) - before;
	failed = story_audit(s.gateway, "did not answer in time");
	printf("%d failed attempts in %d days: %lld steps\n", failed, DAYS, (long long)worn);
	assert_true(2 * failed > 24 * DAYS + 24);	/* more states than steps */
	assert_in_range(worn, 24 * (DAYS - 1), 24 * DAYS + 24);
	assert_int_equal(device(s.gateway), stored(s.gateway));

	/* what must be a step is one all the same */
	last = stored(s.gateway);
	sim_on(s.owner);
	assert_true(sim_run(&s.w, story_operational, 2 * DAY_S));
	assert_true(stored(s.gateway) > last);
	assert_int_equal(device(s.gateway), stored(s.gateway));
	story_end(&s);
}

/* The device could not follow when it was asked; it does as soon as it can. */
static void a_step_that_failed_is_made_up_for(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(sim_run(&s.w, story_settled, 7200));
	CHECK_OK(berth_store_begin(s.gateway->store));
	CHECK_OK(berth_store_counter_set(s.gateway->store, "generation", device(s.gateway) + 1));
	CHECK_OK(berth_store_commit(s.gateway->store));
	sim_off(s.gateway);
	sim_on(s.gateway);
	assert_false(berth_agent_quarantined(s.gateway->agent));
	assert_int_equal(device(s.gateway), stored(s.gateway));
	/* or at the next step, while it runs */
	CHECK_OK(berth_store_begin(s.gateway->store));
	CHECK_OK(berth_store_counter_set(s.gateway->store, "generation", device(s.gateway) + 1));
	CHECK_OK(berth_store_commit(s.gateway->store));
	sim_as(s.gateway);
	CHECK_OK(berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/rotate", NULL, NULL));
	assert_true(sim_run(&s.w, story_settled, 7200));
	assert_int_equal(device(s.gateway), stored(s.gateway));
	/* two ahead is no power cut */
	CHECK_OK(berth_store_begin(s.gateway->store));
	CHECK_OK(berth_store_counter_set(s.gateway->store, "generation", device(s.gateway) + 2));
	CHECK_OK(berth_store_commit(s.gateway->store));
	sim_off(s.gateway);
	sim_on(s.gateway);
	assert_true(berth_agent_quarantined(s.gateway->agent));
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flapping_network_does_not_wear_the_counter),
		cmocka_unit_test(a_step_that_failed_is_made_up_for),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
