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
	sim_wait(&s.w, DAYS * DAY_S);
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

/* As a power cut leaves it: the store so far ahead of the device.  Not switched on yet. */
static void put_ahead(struct sim_node *n, const char *counter, int64_t by)
{
	int64_t at;

	CHECK_OK(berth_store_counter_get(n->store, counter, &at));
	CHECK_OK(berth_store_begin(n->store));
	CHECK_OK(berth_store_counter_set(n->store, counter, at + by));
	CHECK_OK(berth_store_commit(n->store));
}

static bool quarantined_at_start(struct sim_node *n)
{
	sim_off(n);
	sim_on(n);
	return berth_agent_quarantined(n->agent);
}

/* The device could not follow when it was asked; it does as soon as it can. */
static void a_step_that_failed_is_made_up_for(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(sim_run(&s.w, story_settled, 7200));
	put_ahead(s.gateway, "generation", 1);
	assert_false(quarantined_at_start(s.gateway));
	assert_int_equal(device(s.gateway), stored(s.gateway));
	story_rotate(&s);	/* and goes on from there */
	assert_true(sim_run(&s.w, story_settled, 7200));
	assert_int_equal(device(s.gateway), stored(s.gateway));
	story_end(&s);
}

/* A number in a file may have lost what was not synced yet.  More than that is an old file. */
static void what_a_power_cut_takes_from_a_file_is_made_up_for(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(sim_run(&s.w, story_settled, 7200));
	for (int64_t by = 2; by <= BERTH_COUNTER_LAG; by++) {
		put_ahead(s.gateway, "generation", by);
		assert_false(quarantined_at_start(s.gateway));
		assert_int_equal(device(s.gateway), stored(s.gateway));
	}
	/* also beside a store out of a backup, which goes on from there */
	put_ahead(s.gateway, "generation", BERTH_COUNTER_LAG);
	put_ahead(s.gateway, BERTH_COUNTER_RESTORED, 1);
	assert_false(quarantined_at_start(s.gateway));
	assert_int_equal(device(s.gateway), stored(s.gateway));
	put_ahead(s.gateway, "generation", BERTH_COUNTER_LAG + 1);
	assert_true(quarantined_at_start(s.gateway));
	assert_int_equal(device(s.gateway), stored(s.gateway) - BERTH_COUNTER_LAG - 1);
	story_end(&s);
}

/* The other way round there is no power cut: the store was on the disk first. */
static void an_older_store_is_found_out_by_one_step(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(sim_run(&s.w, story_settled, 7200));
	put_ahead(s.gateway, "generation", -1);
	assert_true(quarantined_at_start(s.gateway));
	story_end(&s);
}

/* What syncs each step is level or one behind: a TPM's counters, and the epoch of any device. */
static void where_each_step_is_synced_two_ahead_is_an_old_copy(void **state)
{
	static const struct { const char *counter; bool tpm; } at[] = { { "generation", true }, { "epoch", false }, { "epoch", true } };
	struct story s;

	(void)state;
	for (size_t i = 0; i < sizeof(at) / sizeof(at[0]); i++) {
		test_keys_local_protect(at[i].tpm);
		story_begin(&s);
		assert_true(sim_run(&s.w, story_settled, 7200));
		put_ahead(s.gateway, at[i].counter, 1);		/* the twin */
		assert_false(quarantined_at_start(s.gateway));
		put_ahead(s.gateway, at[i].counter, 2);
		assert_true(quarantined_at_start(s.gateway));
		story_end(&s);
	}
	test_keys_local_protect(false);
}

/* ---- a device that does not follow for a while ---- */
static struct {
	const struct berth_keys_ops *real;
	int at, steps;		/* the step that fails, and those so far */
	bool broken;		/* from that one on, until it is mended */
	int left;		/* frames that left meanwhile */
	int reads;		/* of the generation */
} fault;

static enum berth_err read_counted(struct berth_keys *k, enum berth_counter c, uint64_t *value, bool *protected_)
{
	fault.reads += c == BERTH_COUNTER_GENERATION;
	return fault.real->counter_read(k, c, value, protected_);
}

static enum berth_err step_or_fail(struct berth_keys *k, enum berth_counter c, uint64_t *value)
{
	fault.broken |= ++fault.steps == fault.at;
	return fault.broken ? berth_fail(BERTH_E_KEYSTORE, "the counter cannot be written") : fault.real->counter_step(k, c, value);
}

/* Asked whenever a frame of the node is about to leave. */
static bool count_leaving(struct sim_node *n)
{
	(void)n;
	fault.left += fault.broken;
	return false;
}

static void break_at(struct sim_node *n, struct berth_keys_ops *ops, int at)
{
	fault.real = n->keys->ops;
	fault.at = at;
	fault.steps = fault.left = fault.reads = 0;
	fault.broken = false;
	*ops = *n->keys->ops;
	ops->counter_step = step_or_fail;
	ops->counter_read = read_counted;
	n->keys->ops = ops;
	n->dead = count_leaving;
}

static bool broken(struct sim *w) { (void)w; return fault.broken; }

/* How many steps the node took; 0: the run ended before that one. */
static int one_step_fails(bool at_owner, int at)
{
	struct berth_keys_ops ops;
	struct sim_node *n;
	struct story s;
	int steps;

	story_begin(&s);
	n = at_owner ? s.owner : s.gateway;
	break_at(n, &ops, at);
	if (!sim_run_steps(&s.w, at ? broken : story_settled, 7200))
		fail_msg("step %d never comes", at);
	if (at) {
		assert_false(sim_run(&s.w, story_settled, 120));
		assert_int_equal(stored(n), device(n) + 1);
		assert_true(fault.reads > 1);
		if (at_owner)	/* what it has committed it has told nobody; busy it may say */
			assert_string_equal(story_state(&s, s.gateway), "COMMITTING");
		else
			assert_int_equal(fault.left, 0);
		fault.broken = false;
		assert_true(sim_run(&s.w, story_settled, 7200));
		assert_int_equal(stored(n), device(n));
		story_check_end(&s, 1);
	} else {	/* a device that was level at the start, and has taken each step, is not asked where it is */
		assert_int_equal(fault.reads, 0);
	}
	steps = fault.steps;
	story_end(&s);
	return steps;
}

static void nothing_leaves_before_the_device_has_followed(void **state)
{
	(void)state;
	for (int owner = 0; owner < 2; owner++) {
		int n = one_step_fails(owner, 0);

		assert_true(n >= 1);
		for (int at = 1; at <= n; at++)
			one_step_fails(owner, at);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_flapping_network_does_not_wear_the_counter),
		cmocka_unit_test(a_step_that_failed_is_made_up_for),
		cmocka_unit_test(what_a_power_cut_takes_from_a_file_is_made_up_for),
		cmocka_unit_test(an_older_store_is_found_out_by_one_step),
		cmocka_unit_test(where_each_step_is_synced_two_ahead_is_an_old_copy),
		cmocka_unit_test(nothing_leaves_before_the_device_has_followed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
