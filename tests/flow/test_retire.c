/* SPDX-License-Identifier: Apache-2.0 */
/* M16: a device ends.  What is left is a tombstone that anybody can read. */
#include "tests/fakes/frames.h"
#include "tests/fakes/replay.h"
#include "tests/fakes/resale.h"

#define LIMIT_S 14400

static struct sim_node *a;

static void begin(struct story *s)
{
	story_begin(s);
	resale_watch(s);
	a = s->owner;
	story_settle(s);
}

static enum berth_err retire(struct story *s, bool clear_tpm, struct berth_json **out)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(a);
	CHECK_OK(berth_json_set_bool(args, "clearTpm", clear_tpm));
	rc = berth_agent_command(a->agent, "owner", s->device, "cmd/retire", args, out);
	berth_json_free(args);
	return rc;
}

static void start(struct story *s) { CHECK_OK(retire(s, false, NULL)); }

/* It retires while its owner is away. */
static void start_and_leave(struct story *s)
{
	s->gateway->policy.release_notice_s = 60;
	start(s);
	assert_true(story_run_to(s, s->gateway, "RETIRING"));
	sim_off(a);
	assert_true(story_run_to(s, s->gateway, "RETIRED"));
	sim_drop(&s->w);
}

/* Not one key, not one identity, nothing that wakes it up. */
static void check_dead(struct story *s)
{
	resale_check_gone(s, 1);
	assert_int_equal(berth_keystore_count(s->gateway->ks), 0);
	assert_int_equal(berth_agent_identity_count(s->gateway->agent), 0);
	resale_check_receipt(a, s->device, "RETIRED");
	assert_int_equal(story_audit(s->gateway, "epoch 0 is over: retired"), 1);
	assert_int_equal(story_audit(a, "is retired: it has signed"), 1);
}

static void a_retired_device_is_gone_for_good(void **state)
{
	struct berth_json *args = berth_json_new_object();
	struct story s;
	size_t sent;

	(void)state;
	begin(&s);
	start(&s);
	assert_true(sim_run(&s.w, resale_retired, LIMIT_S));
	check_dead(&s);
	for (int i = 0; i < 2; i++) {	/* and after a reboot */
		sent = s.w.sent;
		sim_wait(&s.w, 2 * 86400);
		assert_int_equal(s.w.sent, sent);	/* it seeks nobody */
		sim_as(s.gateway);
		CHECK_RC(BERTH_E_TYPE, berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/onboard", args, NULL));
		CHECK_RC(BERTH_E_AUTHZ, berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/invitation", args, NULL));
		CHECK_RC(BERTH_E_TYPE, berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/rotate", args, NULL));
		sim_off(s.gateway);
		sim_on(s.gateway);
		assert_string_equal(story_state(&s, s.gateway), "RETIRED");
	}
	berth_json_free(args);
	story_end(&s);
}

/* What the owner shows to a third party: the maker's word for the device's DID, and the
 * device's word that it is no more.  Nobody has to be asked. */
static void the_tombstone_needs_nobody(void **state)
{
	struct berth_device_credential dc;
	struct berth_json *out = NULL;
	struct berth_receipt r;
	const char *compact, *tombstone;
	struct story s;
	uint8_t jkt[32];

	(void)state;
	begin(&s);
	start(&s);
	assert_true(sim_run(&s.w, resale_retired, LIMIT_S));
	CHECK_OK(retire(&s, false, &out));
	assert_string_equal(berth_data_str(out, "state"), "RETIRED");
	compact = berth_data_str(out, "deviceCredential");
	tombstone = berth_data_str(out, "receipt");
	CHECK_OK(berth_device_credential_parse(&dc, compact, strlen(compact)));
	CHECK_OK(berth_kid_thumbprint(jkt, NULL, story_identity(s.factory, BERTH_ID_ISSUER)->sign_kid));
	CHECK_OK(berth_object_verify(&dc.obj, NULL, NULL, jkt));
	CHECK_OK(berth_receipt_parse(&r, tombstone, strlen(tombstone)));
	CHECK_OK(berth_object_verify(&r.obj, NULL, dc.factory_did, NULL));
	assert_int_equal(r.role, BERTH_RECEIPT_RETIRED);
	assert_int_equal(r.epoch, 1);
	assert_int_equal(r.erasure, BERTH_ERASURE_OVERWRITTEN);	/* P15: no TPM here, and it says so */
	berth_object_free(&r.obj);
	berth_object_free(&dc.obj);
	berth_json_free(out);
	story_end(&s);
}

/* Before it is delivered nobody gets an answer either. */
static void it_answers_nobody(void **state)
{
	struct sim_node *mallory;
	struct story s;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	start_and_leave(&s);
	for (int i = 0; i < 2; i++) {
		const struct forge_say say = { .from = mallory, .identity = BERTH_ID_OWNER, .to = s.gateway,
			.to_did = story_identity(s.gateway, BERTH_ID_FACTORY)->did_long,
			.name = "https://didcomm.org/trust-ping/2.0/ping" };

		forge_say(&say, berth_json_new_object());
		assert_int_equal(forge_answers(&s), 0);
		sim_off(s.gateway);
		sim_on(s.gateway);
	}
	assert_false(sim_run(&s.w, resale_retired, 16 * 86400));
	assert_int_equal(berth_agent_identity_count(s.gateway->agent), 1);	/* it may have to say it again */
	sim_on(a);
	assert_true(sim_run(&s.w, resale_retired, 3 * 86400));
	check_dead(&s);
	story_end(&s);
}

static void the_tombstone_can_be_carried_by_hand(void **state)
{
	struct berth_json *data, *args = berth_json_new_object(), *out = NULL;
	struct story s;

	(void)state;
	begin(&s);
	start_and_leave(&s);
	data = story_data(&s, s.gateway);
	sim_off(s.gateway);
	sim_on(a);
	CHECK_OK(berth_json_set_str(args, "receipt", "a.b.c"));
	sim_as(a);
	CHECK_RC(BERTH_E_B64, berth_agent_command(a->agent, "owner", s.device, "cmd/receipt", args, &out));
	CHECK_OK(berth_json_set_str(args, "receipt", berth_data_str(berth_json_get(data, "ended"), "receipt")));
	CHECK_OK(berth_agent_command(a->agent, "owner", s.device, "cmd/receipt", args, &out));
	assert_string_equal(berth_data_str(out, "state"), "RETIRED");
	resale_check_receipt(a, s.device, "RETIRED");
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, resale_retired, LIMIT_S));	/* said again to one who has it: no harm */
	berth_json_free(args);
	berth_json_free(out);
	berth_json_free(data);
	story_end(&s);
}

static void consent_and_policy_are_the_operators(void **state)
{
	struct berth_json *before, *after;
	struct story s;

	(void)state;
	begin(&s);
	CHECK_OK(retire(&s, true, NULL));	/* clear-tpm = no */
	story_settle(&s);
	assert_int_equal(story_audit(s.gateway, "retire refused: E_AUTHZ: clearing the TPM is not allowed here"), 1);
	assert_int_equal(story_audit(a, "is not let go: E_AUTHZ"), 1);
	s.gateway->policy.release_consent = true;
	before = story_data(&s, s.gateway);
	start(&s);
	assert_true(story_run_to(&s, s.gateway, "RETIRING"));
	assert_false(sim_run(&s.w, resale_retired, 3600));
	CHECK_OK(resale_consent(s.gateway, false));
	story_settle(&s);
	after = story_data(&s, s.gateway);
	assert_true(berth_json_equal(berth_json_get(before, "active"), berth_json_get(after, "active")));
	start(&s);	/* the twin */
	assert_true(story_run_to(&s, s.gateway, "RETIRING"));
	CHECK_OK(resale_consent(s.gateway, true));
	assert_true(sim_run(&s.w, resale_retired, LIMIT_S));
	check_dead(&s);
	berth_json_free(before);
	berth_json_free(after);
	story_end(&s);
}

static void end_dead(struct story *s)
{
	check_dead(s);
	story_end(s);
}

static const struct frames frames = { begin, start, resale_retired, end_dead, LIMIT_S, 2, 0 };

static void each_request_is_lost_once(void **state) { (void)state; frames_each(&frames, FAULT_LOSE_REQUEST); }
static void each_reply_is_lost_once(void **state) { (void)state; frames_each(&frames, FAULT_LOSE_REPLY); }
static void each_request_comes_twice(void **state) { (void)state; frames_each(&frames, FAULT_TWICE); }
static void each_request_comes_late(void **state) { (void)state; frames_each(&frames, FAULT_LATE); }

static void a_restart_in_every_state(void **state)
{
	static const char *const at[] = { "RETIRING", "RETIRED" };
	struct story s;

	(void)state;
	for (int i = 0; i < 4; i++) {
		begin(&s);
		struct sim_node *n = i & 1 ? a : s.gateway;

		start(&s);
		assert_true(story_run_to(&s, s.gateway, at[i / 2]));
		sim_off(n);
		sim_on(n);
		assert_true(sim_run(&s.w, resale_retired, LIMIT_S));
		check_dead(&s);
		story_end(&s);
	}
}

static void c069_a_finished_retirement_replayed_changes_nothing(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	s.w.record = true;
	start(&s);
	assert_true(sim_run(&s.w, resale_retired, LIMIT_S));
	assert_true(s.w.n_frames >= 4);
	test_replay(&s);
	check_dead(&s);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_retired_device_is_gone_for_good),
		cmocka_unit_test(the_tombstone_needs_nobody),
		cmocka_unit_test(it_answers_nobody),
		cmocka_unit_test(the_tombstone_can_be_carried_by_hand),
		cmocka_unit_test(consent_and_policy_are_the_operators),
		cmocka_unit_test(each_request_is_lost_once),
		cmocka_unit_test(each_reply_is_lost_once),
		cmocka_unit_test(each_request_comes_twice),
		cmocka_unit_test(each_request_comes_late),
		cmocka_unit_test(a_restart_in_every_state),
		cmocka_unit_test(c069_a_finished_retirement_replayed_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
