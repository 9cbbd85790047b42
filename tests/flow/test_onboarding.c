/* SPDX-License-Identifier: Apache-2.0 */
/* The main job from birth to OPERATIONAL over the real core, stores and keys. */
#include "tests/fakes/story.h"

static int64_t data_int(struct sim_node *n, const char *machine, const char *member, const char *key)
{
	struct berth_json *v = NULL;
	int64_t out;

	CHECK_OK(berth_agent_instance(n->agent, machine, NULL, &v));
	out = berth_data_int(berth_json_get(berth_json_get(v, "data"), member), key, -1);
	berth_json_free(v);
	return out;
}

static void a_gateway_finds_its_owner(void **state)
{
	struct story s;
	int64_t generation;

	(void)state;
	story_cast(&s);
	story_start(&s);
	assert_true(sim_run(&s.w, story_operational, 120));
	printf("measured: onboarding took %lld bytes on the wire\n",
	       (long long)data_int(s.gateway, "gateway", "onboarding", "bytes"));
	assert_true(data_int(s.gateway, "gateway", "onboarding", "bytes") <= 57344);
	/* INITIALIZED to OPERATIONAL (C.3): one step for each time that the disk has another state.
	 * What came with one answer is on it at once, or not at all. */
	CHECK_OK(berth_store_counter_get(s.gateway->store, "generation", &generation));
	assert_int_equal(generation, 4);
	story_end(&s);
}

/* Told at every moment from when it is under way to its end, where there is nothing to begin. */
static struct story *told;
static int told_too_late;

static bool told_until_operational(struct sim *w)
{
	struct sim_node *gw = told->gateway;
	char before[32];

	(void)w;
	snprintf(before, sizeof(before), "%s", story_state(told, gw));
	if (strcmp(before, "INITIALIZED") != 0 && strcmp(before, "SEEKING") != 0) {
		sim_as(gw);
		CHECK_OK(berth_agent_command(gw->agent, "gateway", NULL, "cmd/onboard", NULL, NULL));
		assert_string_equal(story_state(told, gw), before);
		told_too_late++;
	}
	return strcmp(before, "OPERATIONAL") == 0;
}

static void to_onboard_can_be_said_at_any_time(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	sim_on(s.gateway);
	assert_string_equal(story_state(&s, s.gateway), "BLANK");
	CHECK_RC(BERTH_E_TYPE, berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/onboard", NULL, NULL));
	sim_off(s.gateway);
	story_birth(&s);
	story_sale(&s);
	sim_on(s.gateway);
	told = &s;
	told_too_late = 0;
	assert_true(sim_run_steps(&s.w, told_until_operational, 120));
	assert_true(told_too_late > 3);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gateway_finds_its_owner),
		cmocka_unit_test(to_onboard_can_be_said_at_any_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
