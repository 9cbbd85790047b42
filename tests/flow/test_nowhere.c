/* SPDX-License-Identifier: Apache-2.0 */
/* What the network holds back for days, or loses for good, and what people do meanwhile: ways
 * that once led to where nothing leads out of (test_states.c finds such), walked by real agents. */
#include "did/codec/base64url.h"
#include "tests/fakes/forge.h"

#define LIMIT_S 14400

static struct story *now;

static void command(struct sim_node *n, const char *on, struct berth_json *args)
{
	sim_as(n);
	CHECK_OK(berth_agent_command(n->agent, "gateway", NULL, on, args, NULL));
	berth_json_free(args);
}

static void finish(struct story *s)
{
	if (!sim_run(&s->w, story_settled, LIMIT_S))
		fail_msg("no end: gateway %s, owner %s", story_state(s, s->gateway), story_state(s, s->owner));
	story_check_end(s, story_audit(s->owner, "operational credential issued"));
	story_end(s);
}

/* ---- a hello that outlives its run ---- */

/* As the device said it in a run that is over, and as nobody has heard it yet. */
static void late_hello(struct story *s)
{
	static const char *const same[] = { "deviceHash", "tip", "epoch" };
	struct berth_json *data = story_data(s, s->owner), *body = berth_json_new_object(), *list;
	const struct berth_json *run = berth_json_get(data, "run");

	assert_non_null(run);
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		CHECK_OK(berth_json_set(body, same[i], berth_json_clone(berth_json_get(run, same[i]))));
	CHECK_OK(berth_json_set_b64url(body, "nonceD", "an earlier run's 32 bytes: nonceD", 32));
	CHECK_OK(berth_json_push(list = berth_json_new_array(), berth_json_new_int(1)));
	CHECK_OK(berth_json_set(body, "versions", list));
	CHECK_OK(berth_json_push_str(list = berth_json_new_array(), "A256CBC-HS512+ECDH-1PU"));
	CHECK_OK(berth_json_set(body, "suites", list));
	forge_say(&(struct forge_say){ .from = s->gateway, .identity = BERTH_ID_FACTORY, .to = s->owner, .name = "hello",
		.to_did = story_identity(s->owner, BERTH_ID_OWNER)->did_long }, body);
	berth_json_free(data);
}

/* It is answered, as any hello is, and changes nothing: it proves nothing. */
static void a_hello_that_outlives_its_run_ends_no_other(void **state)
{
	static const char *const states[] = { "OFFERED", "ISSUED", "COMMITTED" };

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct story s;

		story_begin(&s);
		assert_true(story_run_to(&s, s.owner, states[i]));
		late_hello(&s);
		assert_int_equal(story_audit(s.owner, "hello from device"), 2);
		assert_string_equal(story_state(&s, s.owner), states[i]);
		finish(&s);
	}
}

/* The twin: a device that goes on with its hello is heard, whatever was under way. */
static void a_fresh_proof_takes_the_place_of_what_was_committed(void **state)
{
	struct berth_json *args = berth_json_new_object();
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(story_run_to(&s, s.owner, "COMMITTED"));
	sim_drop(&s.w);		/* `committed` is lost, and the operator of the device has had enough */
	CHECK_OK(berth_json_set_str(args, "serial", "GW-0001"));
	command(s.gateway, "cmd/abandon", args);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	assert_int_equal(story_audit(s.owner, "GW-0001 committed"), 2);
	assert_int_equal(story_audit(s.owner, " is active"), 1);
	story_end(&s);
}

/* ---- `complete` that is given up ---- */
static bool never(struct sim *w) { (void)w; return false; }
static bool active(struct sim *w) { (void)w; return strcmp(story_state(now, now->owner), "ACTIVE") == 0; }

/* The device has had `committed`, and its owner cannot be reached for longer than a message
 * is tried: three times, with a restart of the device in between. */
static void complete_is_said_until_it_is_heard(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	now = &s;
	s.gateway->policy.retry_for_s = 3600;
	story_birth(&s);
	story_sale(&s);
	sim_on(s.gateway);
	assert_true(story_run_to(&s, s.gateway, "OPERATIONAL"));
	assert_string_equal(story_state(&s, s.owner), "COMMITTED");
	sim_off(s.owner);
	for (int i = 0; i < 3; i++) {
		sim_run(&s.w, never, 4000);
		assert_int_equal(story_audit(s.gateway, "not delivered in time"), i + 1);
		if (i == 1) {
			sim_off(s.gateway);
			sim_on(s.gateway);
		}
	}
	assert_true(story_audit(s.gateway, "it is told again") >= 3);
	sim_on(s.owner);
	finish(&s);
}

/* A complete that the owner does not take, and one that it never saw: the first renewal is as
 * good as that, and so is what became of an item. */
static void other_epoch(struct berth_json *m, void *arg)
{
	(void)arg;
	CHECK_OK(berth_json_set_int(berth_json_get_mut(m, "body"), "epoch", 1));
}

static void whatever_it_says_first_completes_the_run(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	now = &s;
	forge_edit("complete", other_epoch, NULL);
	assert_false(sim_run(&s.w, active, LIMIT_S));
	assert_string_equal(story_state(&s, s.owner), "COMMITTED");
	command(s.gateway, "cmd/rotate", NULL);
	finish(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_that_outlives_its_run_ends_no_other),
		cmocka_unit_test(a_fresh_proof_takes_the_place_of_what_was_committed),
		cmocka_unit_test(complete_is_said_until_it_is_heard),
		cmocka_unit_test(whatever_it_says_first_completes_the_run),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
