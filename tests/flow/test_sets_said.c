/* SPDX-License-Identifier: Apache-2.0 */
/* What a gateway makes of sets of items as they are said to it: by whom, in which order, how often,
 * and malformed. */
#include "tests/flow/sets.h"

/* What the owner makes of it: messages that it sends. */
static size_t ask_for_items(struct berth_instance *inst, int64_t seq)
{
	struct berth_json *body = berth_json_new_object(), *ids = berth_json_new_array();
	struct berth_unpacked in = { .msg = { .thid = (char *)"t", .body = body } };
	struct berth_event ev = { .on = "set-wanted", .in = &in, .sender = berth_data_str(inst->data, "operationalDid") };
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	size_t n;

	sim_as(now->owner);
	CHECK_OK(berth_json_push_str(ids, "wifi"));
	CHECK_OK(berth_json_push_str(ids, "app.conf"));
	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_int(body, "seq", seq));
	CHECK_OK(berth_json_set(body, "items", ids));
	CHECK_OK(berth_store_begin(now->owner->store));
	CHECK_OK(berth_machine_step(&berth_owner_machine, berth_agent_env(now->owner->agent), inst, &ev, &fx));
	berth_store_rollback(now->owner->store);
	n = fx.n_sends;
	berth_effects_free(&fx);
	berth_json_free(body);
	return n;
}

static bool is_said(struct sim *w)
{
	struct berth_json *d = story_data(now, now->owner);
	bool yes = berth_json_says(berth_json_get(berth_json_get(d, "provision"), "status"), "sent");

	(void)w;
	berth_json_free(d);
	return yes;
}

/* One small message is no way to have the owner send all that it has, again and again. */
static void items_are_given_once_in_a_while(void **state)
{
	struct berth_instance inst = { 0 };
	struct berth_json *v = NULL;
	struct story s;
	int64_t seq;

	(void)state;
	begin(&s);
	sim_off(s.gateway);
	provide("wifi", "network", "ssid=plant psk=battery staple");
	assert_true(sim_run(&s.w, is_said, 60));
	sim_as(s.owner);
	CHECK_OK(berth_agent_instance(s.owner->agent, "owner", s.device, &v));
	inst.key = s.device;
	inst.state = berth_machine_state(&berth_owner_machine, berth_data_str(v, "state"));
	inst.data = berth_json_clone(berth_json_get(v, "data"));
	seq = berth_data_int(berth_json_get(inst.data, "provision"), "seq", 0);
	assert_int_equal(ask_for_items(&inst, seq), 2);
	assert_int_equal(ask_for_items(&inst, seq), 0);
	s.w.mono_ms += 60000;	/* they did not come */
	assert_int_equal(ask_for_items(&inst, seq), 2);
	berth_json_free(inst.data);
	berth_json_free(v);
	sim_on(s.gateway);
	settle();
	provide_check(now, "wifi", "ssid=plant psk=battery staple");
	story_end(&s);
}

static void an_older_set_never_replaces_a_newer_one(void **state)
{
	struct story s;
	int64_t seq;

	(void)state;
	begin(&s);
	provide("wifi", "network", "ssid=new");
	settle();
	struct berth_json *data = story_data(&s, s.gateway);
	seq = berth_data_int(data, "itemSeq", 0);
	berth_json_free(data);
	say_to_gateway(s.owner, set_body(seq - 1));
	assert_int_equal(1, story_audit(s.gateway, "provision-set refused: E_REPLAY"));
	say_to_gateway(s.owner, set_body(seq));		/* dealt with: nothing happens */
	provide_check(now, "wifi", "ssid=new");
	provide_check_records(now, 2);
	say_to_gateway(s.owner, set_body(seq + 1));	/* the twin: an empty one */
	provide_check(now, "wifi", NULL);
	provide_check_records(now, 0);
	story_end(&s);
}

static void a_set_is_the_owners_alone(void **state)
{
	struct sim_node *mallory;
	struct berth_json *body;
	struct story s;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	say_to_gateway(mallory, set_body(INT64_C(1) << 40));
	body = set_body(INT64_C(1) << 40);
	CHECK_OK(berth_json_set_int(body, "epoch", 1));
	say_to_gateway(s.owner, body);
	assert_int_equal(2, story_audit(s.gateway, "provision-set refused: E_AUTHZ") + story_audit(s.gateway, "refused: E_AUTHZ: provision-set"));
	provide_check_records(now, 2);
	story_end(&s);
}

#define HASH "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define ITEM(id, more) "{\"id\":\"" id "\",\"type\":\"config\",\"sha256\":\"" HASH "\",\"size\":1" more "}"
#define SET(seq, items, more) "{\"epoch\":0,\"seq\":" seq ",\"items\":[" items "]" more "}"

/* Each with the code that it is refused with, and one that is none of them. */
static void what_is_malformed_is_refused_with_its_code(void **state)
{
	static const struct { const char *body, *code; } bad[] = {
		{ "{\"epoch\":0,\"items\":[]}", "E_TYPE" }, { SET("0", "", ""), "E_TYPE" }, { SET("-1", "", ""), "E_TYPE" },
		{ SET("\"1\"", "", ""), "E_TYPE" }, { "{\"epoch\":0,\"seq\":1099511627776}", "E_TYPE" },
		{ "{\"epoch\":0,\"seq\":1099511627776,\"items\":{}}", "E_TYPE" }, { "{\"seq\":1099511627776,\"items\":[]}", "E_TYPE" },
		{ SET("1099511627776", "7", ""), "E_TYPE" }, { SET("1099511627776", ITEM("a", "") "," ITEM("a", ""), ""), "E_TYPE" },
		{ SET("1099511627776", "{\"id\":\"a\"}", ""), "E_TYPE" },
		{ SET("1099511627776", "{\"id\":\"a\",\"type\":\"config\",\"sha256\":\"AA\",\"size\":1}", ""), "E_B64" },
		{ SET("1099511627776", "", ",\"confirmWithin\":9"), "E_TYPE" }, { SET("1099511627776", "", ",\"confirmWithin\":86401"), "E_TYPE" },
		{ SET("1099511627776", "", ",\"confirmWithin\":60,\"confirmBy\":7"), "E_TYPE" },
	};
	struct berth_json *body;
	struct story s;

	(void)state;
	begin(&s);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char want[64];
		int before;

		snprintf(want, sizeof(want), "refused: %s: ", bad[i].code);
		before = story_audit(s.gateway, want);
		CHECK_OK(berth_json_parse_object(&body, bad[i].body, strlen(bad[i].body), BERTH_JSON_MAX));
		say_to_gateway(s.owner, body);
		if (story_audit(s.gateway, want) != before + 1)
			fail_msg("%s: not %s", bad[i].body, bad[i].code);
	}
	provide_check_records(now, 2);
	static const char good[] = SET("1099511627776", ITEM("a", ",\"unknown\":1"), ",\"confirmWithin\":10,\"unknown\":{}");
	CHECK_OK(berth_json_parse_object(&body, good, strlen(good), BERTH_JSON_MAX));
	say_to_gateway(s.owner, body);
	struct berth_json *data = story_data(&s, s.gateway);
	assert_non_null(berth_json_get(data, "staged"));
	berth_json_free(data);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_older_set_never_replaces_a_newer_one), cmocka_unit_test(items_are_given_once_in_a_while),
		cmocka_unit_test(a_set_is_the_owners_alone),
		cmocka_unit_test(what_is_malformed_is_refused_with_its_code),
	};

	return cmocka_run_group_tests_name("sets", tests, NULL, NULL);
}
