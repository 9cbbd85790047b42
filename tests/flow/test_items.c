/* SPDX-License-Identifier: Apache-2.0 */
/* Items that a device does not take, and what it says later of those that it took. */
#include "tests/fakes/forge.h"

#define LIMIT_S 3600

static bool says(const struct berth_json *o, const char *key, const char *want)
{
	return berth_json_says(berth_json_get(o, key), want);
}

/* The refused member of the gateway's active item; NULL: none. */
static void check_active(struct story *s, const char *id, const char *code)
{
	struct berth_json *data = story_data(s, s->gateway);
	bool found = false;

	berth_json_each(item, berth_json_get(berth_json_get(data, "active"), "items")) {
		if (!says(item, "id", id))
			continue;
		found = true;
		if (code ? !says(item, "refused", code) : berth_json_get(item, "refused") != NULL)
			fail_msg("item %s: %s", id, berth_data_str(item, "refused"));
	}
	CHECK(found);
	berth_json_free(data);
}

static void check_told(struct story *s, const char *id, const char *want)
{
	struct berth_json *data = story_data(s, s->owner);

	if (!says(berth_json_get(data, "results"), id, want))
		fail_msg("the owner knows of %s: %s", id, berth_data_str(berth_json_get(data, "results"), id));
	berth_json_free(data);
}

static enum berth_err result(struct story *s, const char *id, const char *status)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(s->gateway);
	CHECK_OK(berth_json_set_str(args, "id", id));
	CHECK_OK(berth_json_set_str(args, "sha256", "x"));
	CHECK_OK(berth_json_set_str(args, "status", status));
	rc = berth_agent_command(s->gateway->agent, "gateway", NULL, "cmd/item-result", args, NULL);
	berth_json_free(args);
	return rc;
}

static void what_is_refused_holds_nothing_up(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	story_provision(&s, "odd", "no-such-type", "x");
	story_provision(&s, "form", "firmware-ref", "latest");
	story_provision(&s, "conf", "config", "x");
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	check_active(&s, "odd", "E_TYPE");
	check_active(&s, "form", "E_JSON");
	check_active(&s, "conf", NULL);
	check_told(&s, "odd", "refused");
	check_told(&s, "form", "refused");
	story_end(&s);
}

static void a_result_is_the_devices_alone(void **state)
{
	struct berth_json *body = berth_json_new_object(), *data;
	struct sim_node *mallory;
	struct story s;

	(void)state;
	story_begin(&s);
	assert_int_equal(BERTH_E_NOMATCH, result(&s, "wifi", "ok"));	/* of what? */
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	CHECK_OK(result(&s, "wifi", "failed"));
	assert_true(sim_run(&s.w, story_quiet, LIMIT_S));
	check_told(&s, "wifi", "failed");

	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	data = story_data(&s, s.gateway);
	CHECK_OK(berth_json_set_int(body, "epoch", berth_data_int(data, "epoch", 0)));
	CHECK_OK(berth_json_set_str(body, "id", "wifi"));
	CHECK_OK(berth_json_set_str(body, "sha256", "x"));
	CHECK_OK(berth_json_set_str(body, "status", "ok"));
	uint8_t h[32];
	for (size_t i = 0; i < 32; i++)
		h[i] = (uint8_t)strtoul((char[]){ s.device[2 * i], s.device[2 * i + 1], '\0' }, NULL, 16);
	CHECK_OK(berth_json_set_b64url(body, "deviceHash", h, 32));
	forge_say(&(struct forge_say){ .from = mallory, .identity = BERTH_ID_OWNER, .to = s.owner,
		.to_did = story_identity(s.owner, BERTH_ID_OWNER)->did_long, .name = "item-result" }, body);
	assert_int_equal(1, story_audit(s.owner, "item-result from another DID than the device's"));
	check_told(&s, "wifi", "failed");

	CHECK_OK(result(&s, "wifi", "ok"));	/* the twin */
	assert_true(sim_run(&s.w, story_quiet, LIMIT_S));
	check_told(&s, "wifi", "ok");
	berth_json_free(data);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_refused_holds_nothing_up),
		cmocka_unit_test(a_result_is_the_devices_alone),
	};

	return cmocka_run_group_tests_name("items", tests, NULL, NULL);
}
