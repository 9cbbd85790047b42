/* SPDX-License-Identifier: Apache-2.0 */
/* What the network holds back for days, or loses for good, and what people do meanwhile: ways
 * that once led to where nothing leads out of (test_states.c finds such), walked by real agents. */
#include "did/codec/base64url.h"
#include "tests/fakes/resale.h"

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
	story_settle(s);
	story_check_end(s, story_audit(s->owner, "operational credential issued"));
	story_end(s);
}

/* ---- a hello that outlives its run ---- */

/* As the device said it in a run that is over, and as nobody has heard it yet. */
static void late_hello(struct story *s)
{
	struct berth_json *data = story_data(s, s->owner), *body = berth_json_new_object(), *list;
	struct berth_hash h;

	CHECK_OK(berth_device_hash(&h, berth_data_str(data, "factoryDid"), 0));
	CHECK_OK(berth_json_set_b64url(body, "deviceHash", h.b, 32));
	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set(body, "tip", berth_json_clone(berth_json_get(data, "tip"))));
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
	story_settle(&s);
	assert_int_equal(story_audit(s.owner, "GW-0001 committed"), 2);
	assert_int_equal(story_audit(s.owner, " is active"), 1);
	story_end(&s);
}

/* ---- `complete` that is given up ---- */
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
	story_start(&s);
	assert_true(story_run_to(&s, s.gateway, "OPERATIONAL"));
	assert_string_equal(story_state(&s, s.owner), "COMMITTED");
	sim_off(s.owner);
	for (int i = 0; i < 3; i++) {
		sim_wait(&s.w, 4000);
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
static void whatever_it_says_first_completes_the_run(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	now = &s;
	forge_edit("complete", forge_other_epoch, NULL);
	assert_false(sim_run(&s.w, active, LIMIT_S));
	assert_string_equal(story_state(&s, s.owner), "COMMITTED");
	command(s.gateway, "cmd/rotate", NULL);
	finish(&s);
}

/* ---- let in again before it has heard that it is out ---- */
static void order(struct story *s, const char *on)
{
	sim_as(s->owner);
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, on, NULL, NULL));
}

static bool anew(struct sim *w)
{
	return story_settled(w) && story_audit(now->owner, " is active") == 2;
}

static bool member(struct story *s, struct sim_node *n, const char *name)
{
	struct berth_json *data = story_data(s, n);
	bool yes = berth_json_get(data, name) != NULL;

	berth_json_free(data);
	return yes;
}

/* Credentials of a day; the owner tries a message for an hour, and what it registered before
 * the device was in use is forgotten in half of that. */
static void begin_with_days(struct story *s)
{
	story_cast(s);
	now = s;
	s->owner->policy.credential_s = 86400;
	s->owner->policy.retry_for_s = 3600;
	s->owner->policy.registration_s = 1800;
	story_start(s);
	story_settle(s);
}

/* Revoked and let in again while it is off; for longer than messages are kept, and for longer
 * than its credential lasts, so that it comes with its factory DID. */
static void let_in_again_unheard_it_begins_anew(void **state)
{
	static const int64_t off_s[] = { 60, 5 * 3600, 30 * 3600 };

	(void)state;
	for (size_t i = 0; i < sizeof(off_s) / sizeof(off_s[0]); i++) {
		struct berth_json *before, *after;
		struct story s;

		begin_with_days(&s);
		before = story_data(&s, s.gateway);
		sim_off(s.gateway);
		order(&s, "cmd/revoke");
		order(&s, "cmd/approve");
		assert_true(member(&s, s.owner, "goodbye"));
		sim_wait(&s.w, off_s[i]);
		sim_on(s.gateway);
		if (!sim_run(&s.w, anew, 48 * 3600))
			fail_msg("%d: gateway %s, owner %s", (int)i, story_state(&s, s.gateway), story_state(&s, s.owner));
		assert_true(story_audit(s.gateway, "the owner says: revoked") == 1);
		assert_int_equal(story_audit(s.gateway, "revoked, and begins anew"), 1);
		assert_false(member(&s, s.owner, "goodbye"));
		after = story_data(&s, s.gateway);
		assert_false(berth_json_equal(berth_json_get(berth_json_get(before, "active"), "credential"),
					      berth_json_get(berth_json_get(after, "active"), "credential")));
		berth_json_free(before);
		berth_json_free(after);
		story_end(&s);
	}
}

/* It has heard that it is out, and the invitation waited for it in vain. */
static bool out(struct sim *w) { (void)w; return strcmp(story_state(now, now->gateway), "QUARANTINED") == 0 && !member(now, now->owner, "notice"); }

static void an_invitation_is_said_until_it_comes(void **state)
{
	struct story s;

	(void)state;
	begin_with_days(&s);
	order(&s, "cmd/revoke");
	assert_true(sim_run(&s.w, out, LIMIT_S));
	sim_off(s.gateway);
	order(&s, "cmd/approve");
	sim_wait(&s.w, 5 * 3600);
	assert_true(story_audit(s.owner, "not delivered in time") >= 1);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, anew, 48 * 3600));
	story_end(&s);
}

/* Revoked while the owner's own DID changes: the device talks to the new one, whose first word
 * would be the revocation. */
static bool has_rotated(struct sim *w)
{
	struct berth_json *data = story_data(now, now->gateway);
	bool yes = berth_json_get(berth_json_get(data, "active"), "peer") != NULL;

	(void)w;
	berth_json_free(data);
	return yes;
}

static void revoked_while_its_owner_rotates(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	now = &s;
	story_settle(&s);
	order(&s, "cmd/rotate");
	assert_true(sim_run_steps(&s.w, has_rotated, LIMIT_S));
	assert_true(member(&s, s.owner, "next"));
	order(&s, "cmd/revoke");
	assert_true(sim_run(&s.w, out, LIMIT_S));
	order(&s, "cmd/approve");
	assert_true(sim_run(&s.w, anew, 48 * 3600));
	story_end(&s);
}

/* ---- begun anew at the device, and only then let go ---- */
static const struct { const char *on, *leaving, *gone; } ends[] = {
	{ "cmd/transfer", "TRANSFERRING", "TRANSFERRED" }, { "cmd/retire", "RETIRING", "RETIRED" } };

static const char *wanted;

static bool owner_is(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, now->owner), wanted) == 0;
}

static void run_to_owner(struct story *s, const char *state, int64_t at_most_s)
{
	wanted = state;
	if (!sim_run(&s->w, owner_is, at_most_s))
		fail_msg("the owner is %s, not %s; gateway %s", story_state(s, s->owner), state, story_state(s, s->gateway));
}

static void let_go(struct story *s, size_t i)
{
	struct berth_json *args = berth_json_new_object(), *out_ = NULL;

	sim_as(s->owner);
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, ends[i].on, args, &out_));
	assert_string_equal(story_state(s, s->owner), ends[i].leaving);
	berth_json_free(out_);
	berth_json_free(args);
}

static void a_device_that_has_begun_anew_is_not_let_go(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct story s;

		begin_with_days(&s);
		order(&s, "cmd/revoke");
		assert_true(sim_run(&s.w, out, LIMIT_S));
		sim_wait(&s.w, 3600);
		command(s.gateway, "cmd/onboard", NULL);
		let_go(&s, i);
		run_to_owner(&s, "REVOKED", 12 * 3600);
		assert_int_equal(story_audit(s.owner, "began anew, and is not let go"), 1);
		assert_string_equal(story_state(&s, s.gateway), "SEEKING");
		/* and it goes on from there: let in, in use, let go */
		order(&s, "cmd/approve");
		assert_true(sim_run(&s.w, anew, 48 * 3600));
		let_go(&s, i);
		run_to_owner(&s, ends[i].gone, LIMIT_S);
		story_end(&s);
	}
}

/* The twin: a hello that is late does not keep a device that does as it is told. */
static void a_late_hello_keeps_no_device(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct story s;

		begin_with_days(&s);
		order(&s, "cmd/revoke");
		assert_true(sim_run(&s.w, out, LIMIT_S));
		let_go(&s, i);
		late_hello(&s);
		assert_int_equal(story_audit(s.owner, "hello from device"), 2);
		run_to_owner(&s, ends[i].gone, 24 * 3600);
		story_end(&s);
	}
}

/* In use, it cannot have begun anew. */
static void a_hello_of_a_device_in_use_that_is_let_go_is_e_status(void **state)
{
	struct story s;

	(void)state;
	begin_with_days(&s);
	let_go(&s, 0);
	late_hello(&s);
	assert_int_equal(story_audit(s.owner, "refused: E_STATUS: hello"), 1);
	run_to_owner(&s, "TRANSFERRED", LIMIT_S);
	story_end(&s);
}

/* ---- sold on, while the device waits for an answer to its commit ---- */
static bool seeks(struct sim *w) { (void)w; return strcmp(story_state(now, now->gateway), "SEEKING") == 0; }

static void a_commit_to_who_has_sold_the_device_is_denied(void **state)
{
	struct sim_node *buyer;
	struct story s;

	(void)state;
	story_begin(&s);
	now = &s;
	buyer = forge_mallory(&s, "buyer", "nng+tcp://buyer.test:1");
	assert_true(story_run_to(&s, s.gateway, "COMMITTING"));
	sim_drop(&s.w);
	sim_off(s.gateway);		/* its commit has not come, and the offer runs out */
	run_to_owner(&s, "PUBLISHED", LIMIT_S);
	berth_json_free(resale_command(s.owner, s.device, "cmd/transfer", story_identity(buyer, BERTH_ID_OWNER)->did_long, BERTH_OK));
	assert_string_equal(story_state(&s, s.owner), "TRANSFERRED");
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, seeks, LIMIT_S));
	assert_int_equal(story_audit(s.gateway, "the owner refused: the offer ran out"), 1);
	/* and the buyer gets it */
	resale_take(&s, buyer);
	assert_true(sim_run(&s.w, story_operational, LIMIT_S));
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_that_outlives_its_run_ends_no_other),
		cmocka_unit_test(a_fresh_proof_takes_the_place_of_what_was_committed),
		cmocka_unit_test(complete_is_said_until_it_is_heard),
		cmocka_unit_test(whatever_it_says_first_completes_the_run),
		cmocka_unit_test(let_in_again_unheard_it_begins_anew),
		cmocka_unit_test(an_invitation_is_said_until_it_comes),
		cmocka_unit_test(revoked_while_its_owner_rotates),
		cmocka_unit_test(a_device_that_has_begun_anew_is_not_let_go),
		cmocka_unit_test(a_late_hello_keeps_no_device),
		cmocka_unit_test(a_commit_to_who_has_sold_the_device_is_denied),
		cmocka_unit_test(a_hello_of_a_device_in_use_that_is_let_go_is_e_status),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
