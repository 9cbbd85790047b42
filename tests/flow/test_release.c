/* SPDX-License-Identifier: Apache-2.0 */
/* M15, L10: an owner lets its device go, and the next one has it as if it were new. */
#include "did/base/clock.h"
#include "did/url.h"
#include "tests/fakes/frames.h"
#include "tests/fakes/replay.h"
#include "tests/fakes/resale.h"

#define LIMIT_S 14400

static struct sim_node *a, *b, *c;
static struct story *seen;

static void begin_at(struct story *s, int64_t later_s)
{
	story_cast(s);
	s->owner->now_s += later_s;
	story_start(s);
	resale_watch(s);
	a = s->owner;
	b = forge_mallory(s, "owner-b", "nng+tcp://owner-b.test:1");
	c = forge_mallory(s, "owner-c", "nng+tcp://owner-c.test:1");
	story_settle(s);
}

static void begin(struct story *s) { begin_at(s, 0); }

static const char *did_of(struct sim_node *n) { return story_identity(n, BERTH_ID_OWNER)->did_long; }

static void let_go(struct story *s, struct sim_node *to)
{
	berth_json_free(resale_command(s->owner, s->device, "cmd/transfer", to ? did_of(to) : NULL, BERTH_OK));
}

static int64_t floor_of(struct sim_node *n)
{
	int64_t v;

	CHECK_OK(berth_store_counter_get(n->store, "time-floor", &v));
	return v;
}

/* What it asks rendezvous agents with. */
static struct berth_pubkey lookup_key(struct story *s)
{
	struct berth_key_info info;

	sim_as(s->gateway);
	CHECK_OK(s->gateway->keys->ops->ensure(s->gateway->keys, BERTH_KEY_LOOKUP, BERTH_AGREE_TYPE, BERTH_USAGE_AGREE, 0, &info));
	return info.pub;
}

static void p9_each_epoch_asks_with_a_key_of_its_own(void **state)
{
	struct berth_pubkey first, second;
	struct story s;

	(void)state;
	begin(&s);
	first = lookup_key(&s);
	let_go(&s, b);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	second = lookup_key(&s);
	assert_memory_not_equal(first.b, second.b, first.len);
	resale_take(&s, b);
	story_settle(&s);
	second = lookup_key(&s);
	sim_off(s.gateway);
	sim_on(s.gateway);
	first = lookup_key(&s);
	assert_memory_equal(first.b, second.b, first.len);	/* in one epoch it stays */
	story_end(&s);
}

/* ---- A -> B -> C ---- */
static void the_next_owner_has_it_as_if_it_were_new(void **state)
{
	struct berth_json *old;
	struct story s;
	int64_t floor;
	char *before, *after, key[65];

	(void)state;
	begin_at(&s, 90 * 86400);
	before = strdup(story_operational_did(&s));
	floor = floor_of(s.gateway);
	snprintf(key, sizeof(key), "%s", s.device);
	let_go(&s, b);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_check_gone(&s, 1);
	assert_string_equal(story_state(&s, s.gateway), "SEEKING");
	assert_true(floor_of(s.gateway) < floor);	/* A's time was A's word (C.4) */
	resale_check_receipt(a, key, "TRANSFERRED");
	resale_take(&s, b);
	assert_string_not_equal(s.device, key);
	story_settle(&s);
	after = strdup(story_operational_did(&s));
	assert_false(berth_did_same(before, after));	/* P9 */
	old = story_data(&s, s.gateway);
	assert_null(berth_json_get(old, "ended"));	/* the receipt has arrived: it stood in the chain */
	assert_int_equal(berth_data_int(old, "epoch", 0), 1);
	assert_true(berth_did_same(berth_data_str(berth_json_get(old, "active"), "owner"), did_of(b)));
	berth_json_free(old);
	free(before);
	free(after);
	story_end(&s);
}

static void resale_across_three_owners(void **state)
{
	struct story s;
	struct berth_json *data;

	(void)state;
	begin(&s);
	let_go(&s, b);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_take(&s, b);
	story_settle(&s);
	let_go(&s, NULL);	/* to whom is decided later */
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_check_gone(&s, 2);
	let_go(&s, c);
	/* one entry and no second: neither A again nor anybody else */
	berth_json_free(resale_command(b, s.device, "cmd/transfer", did_of(a), BERTH_E_AUTHZ));
	resale_take(&s, c);
	story_settle(&s);
	data = story_data(&s, s.gateway);
	assert_int_equal(berth_data_int(data, "epoch", 0), 2);
	assert_int_equal(berth_data_int(data, "tipSeq", 0), 2);
	assert_true(berth_did_same(berth_data_str(berth_json_get(data, "active"), "owner"), did_of(c)));
	berth_json_free(data);
	/* and back to its first owner, in its third epoch */
	let_go(&s, a);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_take(&s, a);
	story_settle(&s);
	assert_int_equal(story_audit(s.gateway, "operational: "), 4);
	story_end(&s);
}

/* A manufacturer's customer who never switches it on sells it on: no epoch has ended. */
static void sold_on_before_it_was_switched_on(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	resale_watch(&s);
	a = s.owner;
	b = forge_mallory(&s, "owner-b", "nng+tcp://owner-b.test:1");
	berth_json_free(resale_command(a, s.device, "cmd/transfer", NULL, BERTH_E_TYPE));
	let_go(&s, b);
	assert_string_equal(story_state(&s, a), "TRANSFERRED");
	resale_take(&s, b);
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, story_operational, LIMIT_S));
	story_end(&s);
}

/* ---- what else was there ---- */
static const char friend_did[] = "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK";
static const struct { const char *ns, *key, *value; } left[] = {
	{ "cred", "meter", "sealed" }, { "app-box", "app/1", "sealed" }, { "app-thread", "t", "{}" }, { "app-ring", "app/0", "t" },
	{ "oob", "i", "{}" }, { "oob-taken", "h", "1" }, { "features", "p", "{}" }, { "pong", "p", "{}" }, { "proof-seen", "h", "1" },
	{ "poll", "friend", "{\"identity\":\"to-peer-friend\",\"peer\":\"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK\",\"uri\":\"nng+tcp://f.test:1\"}" },
	{ "relation", "f", "{\"did\":\"did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK\",\"me\":\"to-peer-friend\"}" },
	{ "peer", friend_did, friend_did },
};
static const struct { const char *ns, *key; } stays[] = { { "status-seen", "list" }, { "registration", "other role" } };

static bool is_there(struct sim_node *n, const char *ns, const char *key)
{
	struct berth_buf v = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(n->store, ns, key, &v, &found));
	berth_buf_free(&v);
	return found;
}

static void fill(struct sim_node *n)
{
	struct berth_outbox_row row = { .id = "m", .peer = friend_did, .from = "to-peer-friend", .thid = "m", .endpoints = "",
		.parked = true, .body = (const uint8_t *)"x", .body_len = 1, .expires_s = INT64_MAX };

	sim_as(n);
	CHECK_OK(berth_agent_make_identity(n->agent, "to-peer-friend", BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, false));
	CHECK_OK(berth_store_begin(n->store));
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		CHECK_OK(berth_store_put_str(n->store, left[i].ns, left[i].key, left[i].value));
	for (size_t i = 0; i < sizeof(stays) / sizeof(stays[0]); i++)
		CHECK_OK(berth_store_put_str(n->store, stays[i].ns, stays[i].key, "x"));
	CHECK_OK(berth_store_outbox_put(n->store, &row));
	CHECK_OK(berth_store_commit(n->store));
}

/* Credentials, messages, relationships of that owner's time; what is no owner's stays. */
static void what_applications_and_peers_had_goes_too(void **state)
{
	struct berth_store_counts counts;
	struct story s;

	(void)state;
	begin(&s);
	fill(s.gateway);
	let_go(&s, b);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));	/* and nothing waits for the friend */
	for (size_t i = 0; i < sizeof(left) / sizeof(left[0]); i++)
		if (is_there(s.gateway, left[i].ns, left[i].key))
			fail_msg("%s %s is still there", left[i].ns, left[i].key);
	for (size_t i = 0; i < sizeof(stays) / sizeof(stays[0]); i++)
		assert_true(is_there(s.gateway, stays[i].ns, stays[i].key));
	resale_check_gone(&s, 1);	/* the friend's keys as well */
	assert_int_equal(berth_agent_identity_count(s.gateway->agent), 1);
	CHECK_OK(berth_store_counts(s.gateway->store, &counts));
	assert_int_equal(counts.dead, 0);
	story_end(&s);
}

/* ---- the local operator ---- */
static void consent_is_waited_for(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	s.gateway->policy.release_consent = true;
	CHECK_RC(BERTH_E_TYPE, resale_consent(s.gateway, true));	/* nothing was asked */
	let_go(&s, b);
	assert_false(sim_run(&s.w, resale_released, 3600));
	assert_string_equal(story_state(&s, s.gateway), "RELEASING");
	sim_off(s.gateway);
	sim_on(s.gateway);
	assert_false(sim_run(&s.w, resale_released, 3600));
	CHECK_OK(resale_consent(s.gateway, true));
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_check_gone(&s, 1);
	story_end(&s);
}

static void a_no_keeps_the_device(void **state)
{
	struct berth_json *before, *after;
	struct story s;

	(void)state;
	begin(&s);
	s.gateway->policy.release_consent = true;
	before = story_data(&s, s.gateway);
	let_go(&s, b);
	assert_true(story_run_to(&s, s.gateway, "RELEASING"));
	CHECK_OK(resale_consent(s.gateway, false));
	story_settle(&s);
	after = story_data(&s, s.gateway);
	assert_true(berth_json_equal(berth_json_get(before, "active"), berth_json_get(after, "active")));
	assert_null(berth_json_get(after, "release"));
	assert_int_equal(story_audit(a, "is not let go: the operator of the device said no"), 1);
	let_go(&s, b);		/* the twin: asked again, it says yes */
	assert_true(story_run_to(&s, s.gateway, "RELEASING"));
	CHECK_OK(resale_consent(s.gateway, true));
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	berth_json_free(before);
	berth_json_free(after);
	story_end(&s);
}

/* Applications have their notice, and go on until it is over. */
static void notice_is_kept(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	s.gateway->policy.release_notice_s = 1800;
	let_go(&s, b);
	assert_false(sim_run(&s.w, resale_released, 1700));
	assert_string_equal(story_state(&s, s.gateway), "RELEASING");
	assert_true(sim_run(&s.w, resale_released, 600));
	story_end(&s);
}

/* ---- second thoughts ---- */
static struct berth_json *cancel(struct sim_node *owner, const char *device, enum berth_err want)
{
	struct berth_json *args = berth_json_new_object(), *out = NULL;

	sim_as(owner);
	CHECK_OK(berth_json_set_bool(args, "cancel", true));
	CHECK_RC(want, berth_agent_command(owner->agent, "owner", device, "cmd/transfer", args, &out));
	berth_json_free(args);
	return out;
}

static void cancelled_before_the_device_was_ready(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	s.gateway->policy.release_notice_s = 600;
	let_go(&s, b);
	berth_json_free(resale_command(a, s.device, "cmd/transfer", did_of(c), BERTH_E_AUTHZ));
	berth_json_free(resale_command(a, s.device, "cmd/transfer", did_of(b), BERTH_OK));
	assert_true(story_run_to(&s, s.gateway, "RELEASING"));
	berth_json_free(cancel(a, s.device, BERTH_OK));
	story_settle(&s);	/* ready came, and was told */
	assert_int_equal(story_audit(s.gateway, "the owner keeps this device after all"), 1);
	let_go(&s, b);	/* the twin: once the release has left, it is too late */
	assert_true(story_run_to(&s, s.gateway, "RELEASING"));
	assert_false(sim_run(&s.w, resale_released, 590));
	sim_off(s.gateway);
	berth_json_free(cancel(a, s.device, BERTH_OK));
	sim_on(s.gateway);
	story_settle(&s);
	story_end(&s);
}

/* ---- together with the other flows ---- */
/* Asked for while the device has already begun to renew: the renewal is given up. */
static void a_release_ends_a_renewal(void **state)
{
	static const char *const at[] = { "RENEWING", "ROTATING" };
	struct story s;

	(void)state;
	for (int i = 0; i < 2; i++) {
		begin(&s);
		story_rotate(&s);
		if (i == 0) {	/* the owner has not heard of it yet */
			assert_string_equal(story_state(&s, s.gateway), at[0]);
			sim_drop(&s.w);
			let_go(&s, b);
		} else {
			assert_true(story_run_to(&s, s.gateway, at[1]));
			berth_json_free(resale_command(a, s.device, "cmd/transfer", did_of(b), BERTH_E_UNAVAILABLE));
			assert_true(story_run_to(&s, a, "ACTIVE"));
			let_go(&s, b);
		}
		assert_true(sim_run(&s.w, resale_released, LIMIT_S));
		resale_check_gone(&s, 1);
		story_end(&s);
	}
}

static void a_release_waits_for_the_owners_rotation(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	sim_as(a);
	CHECK_OK(berth_agent_command(a->agent, "owner", s.device, "cmd/rotate", NULL, NULL));
	berth_json_free(resale_command(a, s.device, "cmd/transfer", did_of(b), BERTH_E_UNAVAILABLE));
	assert_false(sim_run(&s.w, resale_released, 600));
	let_go(&s, b);	/* by the new DID, which is nobody's afterwards */
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	assert_int_equal(berth_agent_identity_count(a->agent), 1);
	resale_take(&s, b);
	story_settle(&s);
	story_end(&s);
}

static void an_expired_device_can_be_released(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	sim_off(s.gateway);
	a->now_s += 31 * 86400;
	a->policy.credential_s = 30 * 86400;
	let_go(&s, b);		/* to its factory DID: its credential is over */
	sim_on(s.gateway);
	story_rotate(&s);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	story_end(&s);
}

/* ---- out of service ---- */
static bool is_out(struct sim *w)
{
	(void)w;
	return strcmp(story_state(seen, seen->gateway), "QUARANTINED") == 0;
}

static void suspended(struct story *s, const char *on)
{
	begin(s);
	seen = s;
	berth_json_free(resale_command(a, s->device, on, NULL, BERTH_OK));
	assert_true(sim_run(&s->w, is_out, LIMIT_S));
}

/* Nothing of it is served in between, and a no leaves it where it was. */
static void a_device_that_is_out_of_service_can_be_released(void **state)
{
	static const char *const on[] = { "cmd/suspend", "cmd/revoke" }, *const is[] = { "SUSPENDED", "REVOKED" };
	struct berth_json *data;
	struct story s;

	(void)state;
	for (int i = 0; i < 2; i++) {
		suspended(&s, on[i]);
		s.gateway->policy.release_consent = true;
		let_go(&s, b);
		assert_true(story_run_to(&s, s.gateway, "RELEASING"));
		data = story_data(&s, s.gateway);
		assert_non_null(berth_json_get(data, "quarantine"));
		berth_json_free(data);
		CHECK_OK(resale_consent(s.gateway, false));
		assert_string_equal(story_state(&s, s.gateway), "QUARANTINED");
		assert_true(story_run_to(&s, a, is[i]));
		s.gateway->policy.release_consent = false;
		let_go(&s, b);
		assert_true(sim_run(&s.w, resale_released, 4 * LIMIT_S));
		resale_check_gone(&s, 1);
		resale_take(&s, b);
		story_settle(&s);	/* B's words are counted from the start */
		berth_json_free(resale_command(b, s.device, "cmd/suspend", NULL, BERTH_OK));
		assert_true(sim_run(&s.w, is_out, LIMIT_S));
		story_end(&s);
	}
}

/* P7: one that was onboarded in this epoch goes to nobody else in the same. */
static void p7_let_in_again_it_is_not_sold_on(void **state)
{
	struct story s;

	(void)state;
	suspended(&s, "cmd/revoke");
	berth_json_free(resale_command(a, s.device, "cmd/approve", NULL, BERTH_OK));
	berth_json_free(resale_command(a, s.device, "cmd/transfer", did_of(b), BERTH_E_AUTHZ));
	story_settle(&s);
	let_go(&s, b);		/* the twin: in use again, it can be released */
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	story_end(&s);
}

/* Where the device waits for consent nothing else tells it that the owner wants another end. */
static void p10_cancelled_and_retired_instead(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	s.gateway->policy.release_consent = true;
	let_go(&s, b);
	assert_true(story_run_to(&s, s.gateway, "RELEASING"));
	berth_json_free(cancel(a, s.device, BERTH_OK));
	berth_json_free(resale_command(a, s.device, "cmd/retire", NULL, BERTH_OK));
	assert_true(story_run_to(&s, s.gateway, "RETIRING"));
	CHECK_OK(resale_consent(s.gateway, true));
	assert_true(sim_run(&s.w, resale_retired, LIMIT_S));
	story_end(&s);
}

/* ---- the network and restarts ---- */
static void let_go_to_b(struct story *s) { let_go(s, b); }

static void end_gone(struct story *s)
{
	resale_check_gone(s, 1);
	assert_int_equal(story_audit(s->gateway, "epoch 0 is over"), 1);
	assert_int_equal(story_audit(a, "was released: it has signed"), 1);
	story_end(s);
}

static const struct frames frames = { begin, let_go_to_b, resale_released, end_gone, LIMIT_S, 3, 0 };

static void each_request_is_lost_once(void **state) { (void)state; frames_each(&frames, FAULT_LOSE_REQUEST); }
static void each_reply_is_lost_once(void **state) { (void)state; frames_each(&frames, FAULT_LOSE_REPLY); }
static void each_request_comes_twice(void **state) { (void)state; frames_each(&frames, FAULT_TWICE); }
static void each_request_comes_late(void **state) { (void)state; frames_each(&frames, FAULT_LATE); }

static void a_third_of_all_frames_is_lost(void **state)
{
	(void)state;
	frames_many(&frames, 6, 10 * 3600);
}

static void a_restart_in_every_state(void **state)
{
	static const char *const at[] = { "RELEASING", "SEEKING" };
	struct story s;

	(void)state;
	for (int i = 0; i < 4; i++) {
		begin(&s);
		struct sim_node *n = i & 1 ? a : s.gateway;

		let_go(&s, b);
		assert_true(story_run_to(&s, s.gateway, at[i / 2]));
		sim_off(n);
		sim_on(n);
		assert_true(sim_run(&s.w, resale_released, LIMIT_S));
		resale_check_gone(&s, 1);
		story_end(&s);
	}
}

/* The owner is gone for longer than any message is kept. */
static void the_receipt_arrives_however_long_it_takes(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	let_go(&s, b);
	assert_true(story_run_to(&s, s.gateway, "INITIALIZED") || strcmp(story_state(&s, s.gateway), "SEEKING") == 0);
	sim_off(a);
	sim_drop(&s.w);
	assert_false(sim_run(&s.w, story_operational, 16 * 86400));
	sim_on(a);
	assert_true(sim_run(&s.w, resale_released, 3 * 86400));
	assert_int_equal(story_audit(a, "was released: it has signed"), 1);
	story_end(&s);
}

static void c069_a_finished_transfer_replayed_changes_nothing(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	s.w.record = true;
	let_go(&s, b);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_take(&s, b);
	story_settle(&s);
	assert_true(s.w.n_frames >= 20);
	test_replay(&s);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_owner_has_it_as_if_it_were_new),
		cmocka_unit_test(resale_across_three_owners), cmocka_unit_test(p9_each_epoch_asks_with_a_key_of_its_own),
		cmocka_unit_test(sold_on_before_it_was_switched_on),
		cmocka_unit_test(what_applications_and_peers_had_goes_too),
		cmocka_unit_test(consent_is_waited_for),
		cmocka_unit_test(a_no_keeps_the_device),
		cmocka_unit_test(notice_is_kept),
		cmocka_unit_test(cancelled_before_the_device_was_ready),
		cmocka_unit_test(a_release_ends_a_renewal),
		cmocka_unit_test(a_release_waits_for_the_owners_rotation),
		cmocka_unit_test(an_expired_device_can_be_released),
		cmocka_unit_test(a_device_that_is_out_of_service_can_be_released),
		cmocka_unit_test(p7_let_in_again_it_is_not_sold_on),
		cmocka_unit_test(p10_cancelled_and_retired_instead),
		cmocka_unit_test(each_request_is_lost_once),
		cmocka_unit_test(each_reply_is_lost_once),
		cmocka_unit_test(each_request_comes_twice),
		cmocka_unit_test(each_request_comes_late),
		cmocka_unit_test(a_third_of_all_frames_is_lost),
		cmocka_unit_test(a_restart_in_every_state),
		cmocka_unit_test(the_receipt_arrives_however_long_it_takes),
		cmocka_unit_test(c069_a_finished_transfer_replayed_changes_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
