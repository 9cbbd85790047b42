/* SPDX-License-Identifier: Apache-2.0 */
/* Provided items on trial: they stay when somebody confirms that the device can be reached. */
#include "tests/flow/sets.h"

static void what_the_owner_cannot_be_reached_with_is_gone_back_from(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	with_hook("network");
	CHECK_OK(provide_order(now, "cmd/provision", "wifi", "network", "ssid=wrong", 300, NULL));
	on_trial();
	CHECK_OK(hook_says("wifi", "ssid=wrong", "ok", NULL));
	sim_off(s.owner);			/* as seen from there */
	sim_drop(&s.w);
	assert_true(is_on_trial(NULL));
	sim_off(s.gateway);			/* and the power goes as well */
	sim_on(s.gateway);
	provide_check(now, "wifi", "ssid=wrong");
	assert_true(sim_run(&s.w, is_over, 600));
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	provide_check_records(now, 2);
	sim_on(s.owner);
	settle();
	check_set("reverted", "not-confirmed");
	check_told("wifi", "reverted");
	assert_int_equal(1, story_audit(s.gateway, "not-confirmed: back to the one before"));
	story_end(&s);
}

static void what_it_can_be_reached_with_stays(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	with_hook("network");
	CHECK_OK(provide_order(now, "cmd/provision", "wifi", "network", "ssid=right", 300, NULL));
	on_trial();
	CHECK_OK(hook_says("wifi", "ssid=right", "ok", NULL));
	settle();
	check_set("active", NULL);
	sim_run(&s.w, is_on_trial, 1200);
	provide_check(now, "wifi", "ssid=right");
	assert_int_equal(1, story_audit(s.gateway, "is on trial"));
	assert_int_equal(0, story_audit(s.gateway, "back to the one before"));
	story_end(&s);
}

static enum berth_err acked(const char *who)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(now->gateway);
	CHECK_OK(berth_json_set_str(args, "principal", who));
	rc = berth_agent_command(now->gateway->agent, "gateway", NULL, "cmd/acked", args, NULL);
	berth_json_free(args);
	return rc;
}

static void an_application_confirms_where_it_is_to(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	CHECK_RC(BERTH_E_TYPE, provide_order(now, "cmd/provision", "wifi", "network", "x", 0, "modem"));
	CHECK_OK(provide_order(now, "cmd/provision", "wifi", "network", "ssid=one", 300, "modem"));
	on_trial();
	assert_true(sim_run(&s.w, story_quiet, 100));	/* the owner's answer is not enough */
	assert_true(is_on_trial(NULL));
	CHECK_RC(BERTH_E_NOMATCH, acked("other"));
	assert_true(sim_run(&s.w, is_over, 600));
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	settle();
	check_set("reverted", "not-confirmed");

	CHECK_OK(provide_order(now, "cmd/provision", "wifi", "network", "ssid=two", 300, "modem"));
	on_trial();
	CHECK_OK(acked("modem"));
	settle();
	provide_check(now, "wifi", "ssid=two");
	check_set("active", NULL);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_owner_cannot_be_reached_with_is_gone_back_from),
		cmocka_unit_test(what_it_can_be_reached_with_stays),
		cmocka_unit_test(an_application_confirms_where_it_is_to),
	};

	return cmocka_run_group_tests_name("sets", tests, NULL, NULL);
}
