/* SPDX-License-Identifier: Apache-2.0 */
/* What an owner provides for a device reaches it while it is in use, and is withdrawn again. */
#include "agent/protocol/owner_items.h"
#include "tests/flow/sets.h"

/* ---- the tests ---- */

static void what_has_changed_reaches_a_device_in_use(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	provide("wifi", "network", "ssid=plant psk=battery staple");
	settle();
	provide_check(now, "wifi", "ssid=plant psk=battery staple");
	provide_check(now, "app.conf", "interval = 5\n");
	provide_check_records(now, 2);
	check_set("active", NULL);
	check_told("wifi", "active");
	assert_int_equal(1, story_audit(s.gateway, "of items is active"));

	provide("lan", "network", "dhcp");	/* one more, and another one changes with it */
	provide("wifi", "network", "ssid=plant psk=third");
	settle();
	provide_check(now, "lan", "dhcp");
	provide_check(now, "wifi", "ssid=plant psk=third");
	provide_check_records(now, 3);
	assert_int_equal(2, story_audit(s.gateway, "of items is active"));
	story_end(&s);
}

static void what_is_the_same_is_not_said(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	provide("app.conf", "config", "interval = 5\n");
	settle();
	assert_int_equal(0, story_audit(s.gateway, "of items for us"));
	provide("app.conf", "config", "interval = 6\n");	/* the twin */
	settle();
	assert_int_equal(1, story_audit(s.gateway, "of items for us"));
	story_end(&s);
}

static void what_is_withdrawn_goes(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	assert_int_equal(BERTH_E_NOMATCH, provide_order(now, "cmd/withdraw", "none", NULL, NULL, 0, NULL));
	CHECK_OK(provide_order(now, "cmd/withdraw", "wifi", NULL, NULL, 0, NULL));
	settle();
	provide_check(now, "wifi", NULL);
	provide_check(now, "app.conf", "interval = 5\n");
	provide_check_records(now, 1);
	story_end(&s);
}

static void no_more_than_so_many(void **state)
{
	struct story s;
	char id[16];

	(void)state;
	begin(&s);
	for (int i = 2; i < BERTH_ITEMS_MAX; i++) {
		snprintf(id, sizeof(id), "f%d", i);
		provide(id, "file", id);
	}
	CHECK_RC(BERTH_E_QUOTA, provide_order(now, "cmd/provision", "f16", "file", "x", 0, NULL));
	provide("f15", "file", "y");	/* the twin: one that is there may change */
	settle();
	provide_check(now, "f15", "y");
	provide_check_records(now, BERTH_ITEMS_MAX);
	story_end(&s);
}

/* The whole set: what is in it is meant to go together. */
static void one_item_that_does_not_hold_refuses_all(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	provide("wifi", "network", "ssid=other");
	provide("fw", "firmware-ref", "latest");
	settle();
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	provide_check(now, "fw", NULL);
	provide_check_records(now, 2);
	check_set("refused", "E_JSON");
	check_told("fw", "refused");
	check_told("wifi", "held");
	CHECK_OK(provide_order(now, "cmd/withdraw", "fw", NULL, NULL, 0, NULL));
	settle();
	provide_check(now, "wifi", "ssid=other");
	check_set("active", NULL);
	story_end(&s);
}

/* ---- who may, and when ---- */

static bool is_out(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, now->gateway), "QUARANTINED") == 0 && story_quiet(w);
}

static void out_of_service_nothing_comes(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	sim_as(s.owner);
	CHECK_OK(berth_agent_command(s.owner->agent, "owner", s.device, "cmd/suspend", NULL, NULL));
	assert_true(sim_run(&s.w, is_out, LIMIT_S));
	provide("wifi", "network", "ssid=later");
	sim_run(&s.w, is_on_trial, 3600);
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	say_to_gateway(s.owner, set_body(INT64_C(1) << 40));
	provide_check_records(now, 2);
	sim_as(s.owner);
	CHECK_OK(berth_agent_command(s.owner->agent, "owner", s.device, "cmd/resume", NULL, NULL));
	settle();
	provide_check(now, "wifi", "ssid=later");
	story_end(&s);
}

static bool is_transferring(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, now->owner), "TRANSFERRED") == 0 && story_quiet(w);
}

static bool has_all(struct sim *w)
{
	struct berth_json *data = story_data(now, now->owner);
	bool all = !berth_json_get(data, "provision");

	(void)w;
	berth_json_free(data);
	return all;
}

/* Whose credential has ended renews first. */
static void what_has_expired_gets_them_after_its_renewal(void **state)
{
	struct story s;

	(void)state;
	now = &s;
	story_cast(&s);
	s.owner->policy.credential_s = 3 * 3600;
	story_birth(&s);
	story_sale(&s);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	provide_check_records(now, 2);
	provide("wifi", "network", "ssid=later");
	sim_off(s.owner);
	sim_drop(&s.w);
	sim_run(&s.w, is_on_trial, 4 * 3600);
	assert_true(story_run_to(&s, s.gateway, "EXPIRED"));
	sim_on(s.owner);
	assert_string_equal(story_state(&s, s.gateway), "EXPIRED");
	provide_check_records(now, 2);
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	assert_true(sim_run(&s.w, has_all, 86400));
	assert_string_equal(story_state(&s, s.gateway), "OPERATIONAL");
	provide_check(now, "wifi", "ssid=later");
	story_end(&s);
}

/* It is in use there, though nothing of it has been heard: what is active is not what was. */
static void what_is_taken_back_while_it_comes_goes_again(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	with_hook("network");
	provide("wifi", "network", "ssid=other");
	on_trial();
	provide("wifi", "network", "ssid=plant psk=correct horse");
	sim_run(&s.w, is_over, 300);
	CHECK_OK(hook_says("wifi", "ssid=other", "ok", NULL));
	on_trial();
	CHECK_OK(hook_says("wifi", "ssid=plant psk=correct horse", "ok", NULL));
	settle();
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	check_set("active", NULL);
	story_end(&s);
}

static void kept_after_all_it_gets_what_was_provided(void **state)
{
	struct berth_json *args = berth_json_new_object();
	struct story s;

	(void)state;
	begin(&s);
	sim_off(s.gateway);
	sim_as(s.owner);
	CHECK_OK(berth_agent_command(s.owner->agent, "owner", s.device, "cmd/transfer", args, NULL));
	provide("wifi", "network", "ssid=later");
	CHECK_OK(berth_json_set_bool(args, "cancel", true));
	CHECK_OK(berth_agent_command(s.owner->agent, "owner", s.device, "cmd/transfer", args, NULL));
	berth_json_free(args);
	sim_on(s.gateway);
	settle();
	provide_check(now, "wifi", "ssid=later");
	story_end(&s);
}

static void of_one_that_was_let_go_nothing_is_left(void **state)
{
	struct berth_json *none = berth_json_new_object();
	struct story s;

	(void)state;
	begin(&s);
	with_hook("network");
	provide("wifi", "network", "ssid=x");
	on_trial();
	provide_check_records(now, 3);
	sim_as(s.owner);
	CHECK_OK(berth_agent_command(s.owner->agent, "owner", s.device, "cmd/transfer", none, NULL));
	assert_true(sim_run(&s.w, is_transferring, LIMIT_S));
	provide_check_records(now, 0);
	CHECK_RC(BERTH_E_AUTHZ, provide_order(now, "cmd/provision", "wifi", "network", "y", 0, NULL));
	struct berth_json *data = story_data(&s, s.gateway);
	assert_null(berth_json_get(data, "trial"));
	berth_json_free(data);
	berth_json_free(none);
	story_end(&s);
}

/* What is provided for a model is every device's of it, unless it has its own. */
static void for_a_model_and_for_all(void **state)
{
	struct berth_buf box = BERTH_BUF_INIT;
	struct berth_json *args = berth_json_new_object();
	char scope[OWNER_SCOPE_LEN], key[128];
	struct story s;

	(void)state;
	begin(&s);
	struct berth_json *data = story_data(&s, s.owner);
	owner_scope_of_model(scope, berth_data_str(data, "model"));
	berth_json_free(data);
	CHECK_OK(berth_json_set_str(args, "id", "ntp"));
	CHECK_OK(berth_json_set_str(args, "type", "config"));
	static const char *const scopes[] = { "*", NULL, "model-00" }, *const values[] = { "all", "model", "other" };
	sim_as(s.owner);
	for (size_t i = 0; i < 3; i++) {
		CHECK_OK(berth_json_set_b64url(args, "value", values[i], strlen(values[i])));
		CHECK_OK(owner_item_seal(berth_agent_env(s.owner->agent), args, &box));
		snprintf(key, sizeof(key), "%s/ntp", scopes[i] ? scopes[i] : scope);
		CHECK_OK(berth_store_begin(s.owner->store));
		CHECK_OK(berth_store_put(s.owner->store, BERTH_NS_PROVISION, key, box.p, box.len));
		CHECK_OK(berth_store_commit(s.owner->store));
		berth_buf_free(&box);
	}
	CHECK_OK(berth_agent_command(s.owner->agent, "owner", s.device, "cmd/reprovision", args, NULL));
	settle();
	provide_check(now, "ntp", "model");
	provide("ntp", "config", "mine");
	settle();
	provide_check(now, "ntp", "mine");
	berth_json_free(args);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_has_changed_reaches_a_device_in_use),
		cmocka_unit_test(what_is_the_same_is_not_said),
		cmocka_unit_test(what_is_withdrawn_goes),
		cmocka_unit_test(no_more_than_so_many),
		cmocka_unit_test(one_item_that_does_not_hold_refuses_all),
		cmocka_unit_test(out_of_service_nothing_comes),
		cmocka_unit_test(what_has_expired_gets_them_after_its_renewal),
		cmocka_unit_test(what_is_taken_back_while_it_comes_goes_again),
		cmocka_unit_test(kept_after_all_it_gets_what_was_provided),
		cmocka_unit_test(of_one_that_was_let_go_nothing_is_left),
		cmocka_unit_test(for_a_model_and_for_all),
	};

	return cmocka_run_group_tests_name("sets", tests, NULL, NULL);
}
