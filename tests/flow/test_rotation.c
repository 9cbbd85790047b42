/* SPDX-License-Identifier: Apache-2.0 */
/* M12: new operational keys while everything goes on, on demand, by time, and after the
 * credential has ended; whatever the network does to any one frame. */
#include "did/url.h"
#include "tests/fakes/forge.h"
#include "tests/fakes/frames.h"

#define LIMIT_S 14400
#define HOUR_S 3600

static struct story *now;
static char *before;		/* the operational DID that has to go */

/* credentials of a day, so that time passes quickly here */
static void begin(struct story *s)
{
	story_cast(s);
	s->owner->policy.credential_s = 24 * HOUR_S;
	story_start(s);
	story_settle(s);
	now = s;
	before = strdup(story_operational_did(s));
}

static bool rotated(struct sim *w) { (void)w; return story_rotated(now, before); }

/* One identity, one credential on both sides, the items as they were, no key left over. */
static void end(struct story *s)
{
	struct berth_json *g = story_data(s, s->gateway), *o = story_data(s, s->owner);

	assert_null(berth_json_get(g, "renewal"));
	assert_null(berth_json_get(g, "old"));
	assert_null(berth_json_get(o, "renewal"));
	story_check_end(s, 1);
	berth_json_free(g);
	berth_json_free(o);
	free(before);
	story_end(s);
}

static void new_keys_on_demand(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	story_rotate(&s);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	assert_int_equal(story_audit(s.gateway, "asked for by the operator"), 1);
	assert_int_equal(story_audit(s.owner, "uses its new keys"), 1);
	/* and once more: nothing of the first time is in the way */
	free(before);
	before = strdup(story_operational_did(&s));
	story_rotate(&s);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	end(&s);
}

/* The old keys stay until the owner has answered to the new DID. */
static void the_old_keys_stay_until_the_new_ones_were_used(void **state)
{
	struct story s;
	struct berth_json *data;
	const char *old;

	(void)state;
	begin(&s);
	story_rotate(&s);
	assert_true(story_run_to(&s, s.gateway, "ROTATING"));
	data = story_data(&s, s.gateway);
	old = berth_data_str(berth_json_get(data, "old"), "identity");
	assert_true(berth_did_same(story_identity(s.gateway, old)->did, before));
	assert_string_equal(story_state(&s, s.owner), "RENEW_PENDING");
	assert_int_equal(berth_agent_identity_count(s.gateway->agent), 3);
	berth_json_free(data);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	end(&s);
}

static bool rotated_by_itself(struct sim *w)
{
	return rotated(w) && story_audit(now->gateway, "two thirds") >= 1;
}

static void by_time_and_not_before(void **state)
{
	struct story s;

	(void)state;
	begin(&s);		/* a gateway without a clock */
	assert_false(sim_run(&s.w, rotated, 13 * HOUR_S));
	assert_true(sim_run(&s.w, rotated_by_itself, 4 * HOUR_S));
	end(&s);
}

/* Credentials of a minute: renewed again and again, and neither an item nor a key is lost
 * over it, nor the device's counter worn out. */
static void again_and_again(void **state)
{
	struct story s;
	int64_t generation;
	int times;

	(void)state;
	begin(&s);
	story_rotate(&s);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	s.owner->policy.credential_s = 60;
	free(before);
	before = strdup(story_operational_did(&s));
	story_rotate(&s);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	sim_wait(&s.w, HOUR_S);
	times = story_audit(s.gateway, "two thirds");
	printf("renewed %d times in an hour\n", times);
	assert_in_range(times, 60, 180);
	s.owner->policy.credential_s = 24 * HOUR_S;
	assert_true(sim_run(&s.w, rotated, HOUR_S));
	sim_wait(&s.w, 120);
	CHECK_OK(berth_store_counter_get(s.gateway->store, "generation", &generation));
	assert_in_range(generation, 9, 9 + 24 + 8);
	assert_string_equal(story_state(&s, s.gateway), "OPERATIONAL");
	free(before);
	story_end(&s);
}

/* It was off for long: it does not know, its owner does. */
static void after_the_end_the_factory_did_asks(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	sim_off(s.gateway);
	s.owner->now_s += 30 * HOUR_S;
	sim_on(s.gateway);
	story_rotate(&s);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	assert_int_equal(story_audit(s.owner, "renewal refused: E_EXPIRED"), 1);
	assert_int_equal(story_audit(s.gateway, "asking with the factory DID"), 1);
	end(&s);
}

static void expired_still_serves_and_recovers(void **state)
{
	struct berth_json *data;
	char *did;
	struct story s;

	(void)state;
	begin(&s);
	sim_off(s.owner);
	assert_false(sim_run(&s.w, rotated, 26 * HOUR_S));
	assert_string_equal(story_state(&s, s.gateway), "EXPIRED");
	data = story_data(&s, s.gateway);
	assert_non_null(berth_json_get(berth_json_get(data, "active"), "credential"));
	berth_json_free(data);
	did = strdup(story_operational_did(&s));
	assert_string_equal(did, before);
	free(did);
	sim_on(s.owner);
	assert_true(sim_run(&s.w, rotated, 5 * HOUR_S));
	end(&s);
}

/* ---- the network ---- */
static const struct frames frames = { begin, story_rotate, rotated, end, LIMIT_S, 2, 0 };

static void each_request_is_lost_once(void **state) { (void)state; frames_each(&frames, FAULT_LOSE_REQUEST); }
static void each_reply_is_lost_once(void **state) { (void)state; frames_each(&frames, FAULT_LOSE_REPLY); }
static void each_request_comes_twice(void **state) { (void)state; frames_each(&frames, FAULT_TWICE); }
static void each_request_comes_late(void **state) { (void)state; frames_each(&frames, FAULT_LATE); }

static void a_third_of_all_frames_is_lost(void **state)
{
	(void)state;
	frames_many(&frames, 6, 10 * HOUR_S);
}

/* Either side ends in each state and starts again. */
static void a_restart_in_every_state(void **state)
{
	static const char *const at[] = { "RENEWING", "ROTATING" };
	struct story s;

	(void)state;
	for (int i = 0; i < 4; i++) {
		begin(&s);
		struct sim_node *n = i & 1 ? s.owner : s.gateway;

		story_rotate(&s);
		assert_true(story_run_to(&s, s.gateway, at[i / 2]));
		sim_off(n);
		sim_on(n);
		assert_true(sim_run(&s.w, rotated, LIMIT_S));
		end(&s);
	}
}

/* ---- somebody in the middle ---- */
static void bad_proof(struct berth_json *m, void *arg) { (void)arg; forge_bad_signature(forge_body(m), "proof"); }
static void bad_credential(struct berth_json *m, void *arg) { (void)arg; forge_bad_signature(forge_body(m), "operationalCredential"); }

static void other_credential(struct berth_json *m, void *arg)
{
	(void)arg;
	CHECK_OK(berth_json_set_str(forge_body(m), "credential", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
}

static void the_old_did(struct berth_json *m, void *arg)
{
	struct story *s = arg;
	struct berth_json *data = story_data(s, s->gateway);

	CHECK_OK(berth_json_set_str(forge_body(m), "operationalDid",
				    story_identity(s->gateway, berth_data_str(berth_json_get(data, "active"), "identity"))->did_long));
	berth_json_free(data);
}

static void the_owners_did(struct berth_json *m, void *arg)
{
	struct story *s = arg;

	CHECK_OK(berth_json_set_str(forge_body(m), "operationalDid", story_identity(s->owner, BERTH_ID_OWNER)->did_long));
}

static const struct forgery {
	const char *message;
	forge_edit_fn *edit;
	bool owner_says;
	const char *what;
} forgeries[] = {
	{ "renew-request",   bad_proof,        true,  "renewal refused: E_SIG" },
	{ "renew-request",   forge_other_nonce, true,  "renewal refused: E_AUTHZ" },
	{ "renew-request",   the_old_did,      true,  "renewal refused: E_AUTHZ: these are no new keys" },
	{ "renew-request",   the_owners_did,   true,  "renewal refused: E_AUTHZ" },
	{ "renew-request",   forge_other_epoch, true,  "refused: E_AUTHZ: a renewal for epoch 1" },
	{ "renew-issue",     bad_credential,   false, "refused: E_SIG" },
	{ "renew-activated", forge_other_epoch, true,  "refused: E_AUTHZ: a renewal for epoch 1" },
	{ "renewed",         other_credential, false, "refused: E_AUTHZ: another credential was renewed" },
};

static void what_is_changed_on_the_way_is_refused_and_the_rotation_ends_well(void **state)
{
	struct story s;

	(void)state;
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		const struct forgery *f = &forgeries[i];

		begin(&s);
		forge_edit(f->message, f->edit, &s);
		story_rotate(&s);
		if (!sim_run(&s.w, rotated, LIMIT_S)) {	/* a refusal ends the attempt */
			assert_string_equal(story_state(&s, s.gateway), "OPERATIONAL");
			story_rotate(&s);
			assert_true(sim_run(&s.w, rotated, LIMIT_S));
		}
		assert_true(forge_edited());
		if (story_audit(f->owner_says ? s.owner : s.gateway, f->what) < 1)
			fail_msg("%zu: %s: nobody says \"%s\"", i, f->message, f->what);
		end(&s);
	}
}

/* ---- somebody else ---- */
static void a_stranger_gets_nothing(void **state)
{
	struct berth_json *body, *b, *a;
	struct sim_node *mallory;
	struct berth_hash h;
	struct story s;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	a = story_data(&s, s.owner);
	CHECK_OK(berth_device_hash(&h, story_identity(s.gateway, BERTH_ID_FACTORY)->did, 0));
	for (int i = 0; i < 2; i++) {
		body = berth_json_new_object();
		CHECK_OK(berth_json_set_b64url(body, "deviceHash", h.b, 32));
		CHECK_OK(berth_json_set_int(body, "epoch", 0));
		CHECK_OK(berth_json_set_b64url(body, "nonce", h.b, 32));
		CHECK_OK(berth_json_set_str(body, "operationalDid", story_identity(mallory, BERTH_ID_OWNER)->did_long));
		CHECK_OK(berth_json_set_str(body, "proof", "e30.e30.AA"));
		const struct forge_say say = { .from = mallory, .identity = BERTH_ID_OWNER, .to = s.owner,
			.to_did = story_identity(s.owner, BERTH_ID_OWNER)->did_long,
			.name = i ? "renew-activated" : "renew-request" };

		forge_say(&say, body);
	}
	assert_int_equal(story_audit(s.owner, "refused: E_AUTHZ: a renewal asked for by somebody else"), 1);
	assert_int_equal(story_audit(s.owner, "refused: E_AUTHZ: renew-activated from another DID"), 1);
	b = story_data(&s, s.owner);
	assert_true(berth_json_equal(a, b));
	berth_json_free(a);
	berth_json_free(b);
	story_rotate(&s);	/* the twin */
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(new_keys_on_demand),
		cmocka_unit_test(the_old_keys_stay_until_the_new_ones_were_used),
		cmocka_unit_test(by_time_and_not_before),
		cmocka_unit_test(again_and_again),
		cmocka_unit_test(after_the_end_the_factory_did_asks),
		cmocka_unit_test(expired_still_serves_and_recovers),
		cmocka_unit_test(each_request_is_lost_once),
		cmocka_unit_test(each_reply_is_lost_once),
		cmocka_unit_test(each_request_comes_twice),
		cmocka_unit_test(each_request_comes_late),
		cmocka_unit_test(a_third_of_all_frames_is_lost),
		cmocka_unit_test(a_restart_in_every_state),
		cmocka_unit_test(what_is_changed_on_the_way_is_refused_and_the_rotation_ends_well),
		cmocka_unit_test(a_stranger_gets_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
