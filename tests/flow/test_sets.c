/* SPDX-License-Identifier: Apache-2.0 */
/* M10 beyond the run: another set of items reaches a device that is in use, whole or not at
 * all; what a hook cannot do, or nobody confirms, is gone back from. */
#include "agent/protocol/item.h"
#include "agent/protocol/owner_items.h"
#include "did/crypto/hash.h"
#include "tests/fakes/forge.h"
#include "tests/fakes/provide.h"

#define LIMIT_S 14400

static struct story *now;

static bool says(const struct berth_json *o, const char *key, const char *want)
{
	return berth_json_says(berth_json_get(o, key), want);
}

static void check_set(const char *status, const char *reason)
{
	struct berth_json *data = story_data(now, now->owner);
	const struct berth_json *set = berth_json_get(data, "set");

	if (!says(set, "status", status) || (reason && !says(set, "reason", reason)))
		fail_msg("the owner's set: %s %s", berth_data_str(set, "status"), berth_data_str(set, "reason"));
	assert_null(berth_json_get(data, "provision"));
	berth_json_free(data);
}

static void check_told(const char *id, const char *want)
{
	struct berth_json *data = story_data(now, now->owner);

	if (!says(berth_json_get(data, "results"), id, want))
		fail_msg("the owner knows of %s: %s", id, berth_data_str(berth_json_get(data, "results"), id));
	berth_json_free(data);
}

/* ---- what goes on ---- */
static void provide(const char *id, const char *type, const char *value)
{
	CHECK_OK(provide_order(now, "cmd/provision", id, type, value, 0, NULL));
}

static bool dealt_with(struct sim *w) { (void)w; return provide_dealt_with(now); }
static void settle(void) { assert_true(sim_run(&now->w, dealt_with, LIMIT_S)); }

static bool is_on_trial(struct sim *w)
{
	struct berth_json *data = story_data(now, now->gateway);
	bool yes = berth_json_get(data, "trial") != NULL;

	(void)w;
	berth_json_free(data);
	return yes;
}

static bool is_over(struct sim *w) { return !is_on_trial(w); }

static void on_trial(void) { assert_true(sim_run_steps(&now->w, is_on_trial, LIMIT_S)); }

static void begin(struct story *s)
{
	now = s;
	story_in_use(s);
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	provide_check_records(now, 2);
}

/* ---- hooks ---- */
static const char *the_hook;

static bool hooked(const void *by, const char *type, const char *id)
{
	(void)by;
	(void)id;
	return strcmp(type, the_hook) == 0;
}

static void with_hook(const char *type)
{
	the_hook = type;
	now->gateway->policy.hooked = hooked;
}

static enum berth_err hook_says(const char *id, const char *value, const char *status, const char *version)
{
	struct berth_json *args = berth_json_new_object(), *record = berth_data_obj(args, "record");
	uint8_t h[32];
	enum berth_err rc;

	sim_as(now->gateway);
	berth_sha256(h, value, strlen(value));
	CHECK_OK(berth_json_set_b64url(args, "sha256", h, 32));
	CHECK_OK(berth_json_set_str(args, "id", id));
	CHECK_OK(berth_json_set_str(args, "status", status));
	CHECK_OK(berth_json_set_str(record, "hook", "net"));
	CHECK_OK(berth_json_set_b64url(record, "sha256", h, 32));
	CHECK_OK(berth_json_set_str(record, "result", status));
	if (version)
		CHECK_OK(berth_json_set_str(args, "version", version));
	rc = berth_agent_command(now->gateway->agent, "gateway", NULL, "cmd/item-result", args, NULL);
	berth_json_free(args);
	return rc;
}

static bool has_record(const char *id)
{
	struct berth_buf v = BERTH_BUF_INIT;
	bool found = false;

	CHECK_OK(berth_store_get(now->gateway->store, BERTH_NS_HOOK, id, &v, &found));
	berth_buf_free(&v);
	return found;
}

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

static void what_a_hook_cannot_do_is_gone_back_from(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	with_hook("network");
	provide("wifi", "network", "ssid=broken");
	on_trial();
	provide_check(now, "wifi", "ssid=broken");	/* it is in use, and the hook works on it */
	provide_check_records(now, 3);
	CHECK_OK(hook_says("wifi", "ssid=broken", "failed", NULL));
	settle();
	provide_check(now, "wifi", "ssid=plant psk=correct horse");
	provide_check_records(now, 2);
	assert_false(has_record("wifi"));	/* so the old one is configured again */
	check_set("reverted", "failed");
	check_told("wifi", "failed");

	provide("wifi", "network", "ssid=good");	/* the twin */
	on_trial();
	CHECK_OK(hook_says("wifi", "ssid=good", "ok", NULL));
	settle();
	provide_check(now, "wifi", "ssid=good");
	provide_check_records(now, 2);
	assert_true(has_record("wifi"));
	check_set("active", NULL);
	check_told("wifi", "ok");
	story_end(&s);
}

static void a_set_waits_for_all_of_its_hooks(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	with_hook("network");
	provide("wifi", "network", "ssid=a");
	provide("lan", "network", "dhcp");
	on_trial();
	CHECK_OK(hook_says("wifi", "ssid=a", "ok", NULL));
	assert_true(is_on_trial(NULL));
	provide("wifi", "network", "ssid=b");	/* one that comes meanwhile waits */
	CHECK_OK(hook_says("lan", "dhcp", "timed-out", NULL));
	on_trial();
	provide_check(now, "wifi", "ssid=b");
	CHECK_OK(hook_says("lan", "dhcp", "ok", NULL));
	CHECK_OK(hook_says("wifi", "ssid=b", "ok", NULL));
	settle();
	provide_check(now, "wifi", "ssid=b");
	provide_check(now, "lan", "dhcp");
	assert_int_equal(1, story_audit(s.gateway, "timed-out: back to the one before"));
	story_end(&s);
}

/* The operator has taken the hook away: nobody will ever say what became of it. */
static void a_hook_that_is_gone_is_not_waited_for(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	with_hook("network");
	provide("wifi", "network", "ssid=a");
	on_trial();
	sim_off(s.gateway);
	s.gateway->policy.hooked = NULL;
	sim_on(s.gateway);
	settle();			/* the owner asks what became of it */
	check_set("active", NULL);
	with_hook("network");
	provide("wifi", "network", "ssid=b");
	on_trial();
	the_hook = "cloud";
	provide("wifi", "network", "ssid=c");	/* and the next one need not wait for that */
	settle();
	provide_check(now, "wifi", "ssid=c");
	check_set("active", NULL);
	story_end(&s);
}

/* Of two hooks the one that is there is waited for. */
static void a_hook_that_stays_is_waited_for(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	with_hook("network");
	provide("wifi", "network", "ssid=a");
	on_trial();
	sim_off(s.gateway);
	sim_on(s.gateway);
	provide("wifi", "network", "ssid=b");
	assert_false(sim_run(&s.w, is_over, LIMIT_S));
	provide_check(now, "wifi", "ssid=a");
	CHECK_OK(hook_says("wifi", "ssid=a", "ok", NULL));
	assert_true(sim_run_steps(&s.w, is_over, LIMIT_S));
	on_trial();
	CHECK_OK(hook_says("wifi", "ssid=b", "ok", NULL));
	settle();
	provide_check(now, "wifi", "ssid=b");
	story_end(&s);
}

#define FIRMWARE(version) "{\"url\":\"https://fw.example/a\",\"sha256\":\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8\"," \
	"\"size\":5,\"version\":\"" version "\"}"

static int64_t generation(void)
{
	int64_t v;

	CHECK_OK(berth_store_counter_get(now->gateway->store, "generation", &v));
	return v;
}

/* The version and what the hook has said are one step, which steps the generation: a copy of the
 * store in which an older firmware would do is an older copy. */
static void what_was_installed_is_not_gone_back_from(void **state)
{
	struct story s;
	int64_t before;

	(void)state;
	begin(&s);
	with_hook("firmware-ref");
	provide("fw", "firmware-ref", FIRMWARE("1.2"));
	on_trial();
	before = generation();
	CHECK_OK(hook_says("fw", FIRMWARE("1.2"), "ok", "1.2"));
	assert_int_equal(before + 1, generation());
	settle();
	check_set("active", NULL);
	sim_off(s.gateway);
	sim_on(s.gateway);
	provide("fw", "firmware-ref", FIRMWARE("1.1"));
	settle();
	check_set("refused", "E_REPLAY");
	provide_check(now, "fw", FIRMWARE("1.2"));
	provide("fw", "firmware-ref", FIRMWARE("1.10"));	/* the twin */
	on_trial();
	CHECK_OK(hook_says("fw", FIRMWARE("1.10"), "failed", NULL));	/* which nothing has installed */
	settle();
	provide("fw", "firmware-ref", FIRMWARE("1.3"));
	on_trial();
	CHECK_OK(hook_says("fw", FIRMWARE("1.3"), "ok", "1.3"));
	settle();
	check_set("active", NULL);
	story_end(&s);
}

/* ---- confirmation ---- */
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

/* ---- who may, and when ---- */
static struct berth_json *set_body(int64_t seq)
{
	struct berth_json *body = berth_json_new_object(), *items = berth_json_new_array();

	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_int(body, "seq", seq));
	CHECK_OK(berth_json_set(body, "items", items));
	return body;
}

static void say_to_gateway(struct sim_node *from, struct berth_json *body)
{
	struct berth_json *data = story_data(now, now->gateway);
	char *did = strdup(story_identity(now->gateway, berth_data_str(berth_json_get(data, "active"), "identity"))->did_long);
	const struct forge_say what = { .from = from, .identity = BERTH_ID_OWNER, .to = now->gateway, .to_did = did, .name = "provision-set" };

	berth_json_free(data);
	forge_say(&what, body);
	free(did);
}

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
		cmocka_unit_test(what_a_hook_cannot_do_is_gone_back_from),
		cmocka_unit_test(a_set_waits_for_all_of_its_hooks),
		cmocka_unit_test(a_hook_that_is_gone_is_not_waited_for), cmocka_unit_test(a_hook_that_stays_is_waited_for),
		cmocka_unit_test(what_was_installed_is_not_gone_back_from),
		cmocka_unit_test(what_the_owner_cannot_be_reached_with_is_gone_back_from),
		cmocka_unit_test(what_it_can_be_reached_with_stays),
		cmocka_unit_test(an_application_confirms_where_it_is_to),
		cmocka_unit_test(an_older_set_never_replaces_a_newer_one), cmocka_unit_test(items_are_given_once_in_a_while),
		cmocka_unit_test(a_set_is_the_owners_alone),
		cmocka_unit_test(what_is_malformed_is_refused_with_its_code),
		cmocka_unit_test(out_of_service_nothing_comes),
		cmocka_unit_test(what_has_expired_gets_them_after_its_renewal),
		cmocka_unit_test(what_is_taken_back_while_it_comes_goes_again),
		cmocka_unit_test(kept_after_all_it_gets_what_was_provided),
		cmocka_unit_test(of_one_that_was_let_go_nothing_is_left),
		cmocka_unit_test(for_a_model_and_for_all),
	};

	return cmocka_run_group_tests_name("sets", tests, NULL, NULL);
}
