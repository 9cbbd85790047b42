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
	story_birth(&s);
	story_sale(&s);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_operational, 120));
	printf("measured: onboarding took %lld bytes on the wire\n",
	       (long long)data_int(s.gateway, "gateway", "onboarding", "bytes"));
	assert_true(data_int(s.gateway, "gateway", "onboarding", "bytes") <= 57344);
	/* INITIALIZED to OPERATIONAL (C.3): one step for each time that the disk has another state.
	 * What came with one answer is on it at once, or not at all. */
	CHECK_OK(berth_store_counter_get(s.gateway->store, "generation", &generation));
	assert_int_equal(generation, 7);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_gateway_finds_its_owner),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
