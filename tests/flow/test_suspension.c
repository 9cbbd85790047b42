/* SPDX-License-Identifier: Apache-2.0 */
/* M14, P14: an owner takes a device out of service and back, or revokes it, and it is so on
 * both sides and in the lists, whatever the network does to any one frame. */
#include "agent/protocol/status_lists.h"
#include "did/base/clock.h"
#include "tests/fakes/forge.h"
#include "vc/formats.h"
#include "vc/status.h"

#define LIMIT_S 14400
#define HOUR_S 3600

static struct story *now;

static void begin(struct story *s)
{
	story_begin(s);
	now = s;
	story_settle(s);
}

static enum berth_err command(struct sim_node *n, const char *machine, const char *key, const char *on, const char *reason,
			      struct berth_json **out)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(n);
	if (reason)
		CHECK_OK(berth_json_set_str(args, "reason", reason));
	rc = berth_agent_command(n->agent, machine, key, on, args, out);
	berth_json_free(args);
	return rc;
}

static enum berth_err order(struct story *s, const char *on, const char *reason)
{
	return command(s->owner, "owner", s->device, on, reason, NULL);
}

static bool noted(struct story *s)
{
	struct berth_json *data = story_data(s, s->owner);
	bool yes = !berth_json_get(data, "notice");

	berth_json_free(data);
	return yes;
}

static bool out_of_service(struct sim *w)
{
	(void)w;
	return strcmp(story_state(now, now->gateway), "QUARANTINED") == 0 && noted(now);
}

static bool back(struct sim *w) { return story_settled(w) && noted(now); }

static char *why(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway);
	const char *text = berth_data_str(berth_json_get(data, "quarantine"), "why");
	char *copy = strdup(text ? text : "");

	berth_json_free(data);
	return copy;
}

static void check_why(struct story *s, const char *want)
{
	char *is = why(s);

	assert_string_equal(is, want);
	free(is);
}

/* ---- what a verifier sees ---- */
static void write_lists(struct story *s, const char *dir)
{
	static const char *const purposes[] = { "revocation", "suspension" };
	struct berth_json *v = NULL;
	char path[256];

	CHECK_OK(command(s->owner, "lists", NULL, "cmd/lists", NULL, &v));
	for (int i = 0; i < 2; i++) {
		FILE *f;

		snprintf(path, sizeof(path), "%s/%s.jwt", dir, purposes[i]);
		assert_non_null(f = fopen(path, "w"));
		fputs(berth_data_str(v, purposes[i]), f);
		fclose(f);
	}
	berth_json_free(v);
}

static enum berth_err judge(struct story *s, const char *dir, const char *compact, int64_t later_s)
{
	struct berth_verify v = { .status_dir = dir, .now_s = 0 };
	struct berth_report r;
	enum berth_err rc;

	sim_as(s->owner);
	v.now_s = berth_clock_now_s() + later_s;
	v.resolver = berth_agent_env(s->owner->agent)->resolver;
	rc = berth_verify_credential(&r, &v, BERTH_FORMAT_VC_JWT, compact, strlen(compact));
	berth_report_free(&r);
	return rc;
}

static void suspended_and_back(void **state)
{
	struct story s;
	char *vc;

	(void)state;
	begin(&s);
	vc = story_credential(&s);
	write_lists(&s, s.owner->dir);
	CHECK_OK(judge(&s, s.owner->dir, vc, 0));
	CHECK_RC(BERTH_E_STATUS, judge(&s, s.owner->dir, vc, 2 * 86400));	/* P14: a stale list says so */
	CHECK_OK(order(&s, "cmd/suspend", "lost sight of it"));
	assert_string_equal(story_state(&s, s.owner), "SUSPENDED");
	write_lists(&s, s.owner->dir);
	CHECK_RC(BERTH_E_STATUS, judge(&s, s.owner->dir, vc, 0));
	assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
	check_why(&s, "suspended");
	assert_int_equal(story_audit(s.gateway, "the owner says: suspended: lost sight of it"), 1);
	CHECK_RC(BERTH_E_TYPE, command(s.gateway, "gateway", NULL, "cmd/rotate", NULL, NULL));
	CHECK_RC(BERTH_E_STATUS, command(s.gateway, "gateway", NULL, "cmd/onboard", NULL, NULL));
	CHECK_OK(order(&s, "cmd/resume", NULL));
	assert_true(sim_run(&s.w, back, 2 * HOUR_S));
	write_lists(&s, s.owner->dir);
	CHECK_OK(judge(&s, s.owner->dir, vc, 0));
	story_check_end(&s, 1);
	free(vc);
	story_end(&s);
}

/* ---- revoked ---- */
static bool anew(struct sim *w)
{
	return story_operational(w) && story_audit(now->owner, " is active") == 2 && story_settled(w);
}

static int64_t index_of(struct story *s)
{
	struct berth_json *data = story_data(s, s->owner);
	int64_t index = berth_data_int(berth_json_get(data, "status"), "index", -1);

	berth_json_free(data);
	return index;
}

static size_t items_of(struct story *s)
{
	int64_t a, b;

	CHECK_OK(berth_store_count(s->gateway->store, "item-a", &a));
	CHECK_OK(berth_store_count(s->gateway->store, "item-b", &b));
	return (size_t)(a + b);
}

/* What is revoked stays so; the device comes back as another identity, and only when its
 * owner lets it. */
static void revoked_and_onboarded_anew(void **state)
{
	for (int local = 0; local < 2; local++) {
		struct story s;
		int64_t index;
		char *vc;

		(void)state;
		begin(&s);
		vc = story_credential(&s);
		index = index_of(&s);
		assert_in_range(index, 0, BERTH_STATUS_LIST_ENTRIES - 1);
		CHECK_OK(order(&s, "cmd/revoke", "stolen"));
		assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
		check_why(&s, "revoked");
		CHECK_RC(BERTH_E_TYPE, order(&s, "cmd/resume", NULL));
		if (local) {	/* before the owner lets it */
			CHECK_OK(command(s.gateway, "gateway", NULL, "cmd/onboard", NULL, NULL));
			assert_false(sim_run(&s.w, anew, 4 * HOUR_S));
			assert_string_equal(story_state(&s, s.owner), "REVOKED");
			assert_int_equal(items_of(&s), 0);
		}
		CHECK_OK(order(&s, "cmd/approve", NULL));
		if (!sim_run(&s.w, anew, 16 * HOUR_S))
			fail_msg("%d: the gateway is %s", local, story_state(&s, s.gateway));
		assert_int_not_equal(index_of(&s), index);
		assert_int_equal(items_of(&s), 2);
		assert_int_equal(berth_agent_identity_count(s.gateway->agent), 2);
		write_lists(&s, s.owner->dir);
		CHECK_RC(BERTH_E_STATUS, judge(&s, s.owner->dir, vc, 0));
		free(vc);
		vc = story_credential(&s);
		CHECK_OK(judge(&s, s.owner->dir, vc, 0));	/* the twin */
		free(vc);
		/* and it can be suspended like any other */
		CHECK_OK(order(&s, "cmd/suspend", NULL));
		assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
		story_end(&s);
	}
}

static void revoked_after_it_was_suspended(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	CHECK_OK(order(&s, "cmd/suspend", NULL));
	assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
	CHECK_OK(order(&s, "cmd/revoke", NULL));
	assert_true(sim_run(&s.w, out_of_service, 3 * HOUR_S));
	check_why(&s, "revoked");
	story_end(&s);
}

/* Of a device that was let go nothing counts any more, whatever it kept. */
static bool released(struct sim *w) { (void)w; return strcmp(story_state(now, now->owner), "TRANSFERRED") == 0; }

static void what_was_released_is_revoked(void **state)
{
	struct story s;
	char *vc;

	(void)state;
	begin(&s);
	vc = story_credential(&s);
	write_lists(&s, s.owner->dir);
	CHECK_OK(judge(&s, s.owner->dir, vc, 0));
	CHECK_OK(order(&s, "cmd/transfer", NULL));
	assert_true(sim_run(&s.w, released, LIMIT_S));
	write_lists(&s, s.owner->dir);
	CHECK_RC(BERTH_E_STATUS, judge(&s, s.owner->dir, vc, 0));
	free(vc);
	story_end(&s);
}

/* ---- in every state, and no renewal ---- */
static void rotate(struct story *s) { CHECK_OK(command(s->gateway, "gateway", NULL, "cmd/rotate", NULL, NULL)); }

static void while_a_renewal_is_under_way(void **state)
{
	static const char *const at[] = { "RENEWING", "ROTATING" };

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct story s;

		begin(&s);
		rotate(&s);
		assert_true(story_run_to(&s, i & 1 ? s.owner : s.gateway, i & 1 ? "RENEW_PENDING" : at[i / 2]));
		CHECK_OK(order(&s, "cmd/suspend", NULL));
		assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
		CHECK_OK(order(&s, "cmd/resume", NULL));
		if (!sim_run(&s.w, back, 12 * HOUR_S)) {	/* the owner may still wait for a renewal that ended */
			assert_string_equal(story_state(&s, s.owner), "RENEW_PENDING");
			rotate(&s);
			assert_true(sim_run(&s.w, back, LIMIT_S));
		}
		story_check_end(&s, 1);
		story_end(&s);
	}
}

/* Credentials of a day, so that time passes quickly here. */
static void begin_with_days(struct story *s)
{
	story_cast(s);
	now = s;
	s->owner->policy.credential_s = 24 * HOUR_S;
	story_start(s);
	story_settle(s);
}

/* Its credential ends meanwhile: what it asks with the factory DID is denied, and it hears
 * on that way what it is. */
static void expired_and_out_of_service(void **state)
{
	static const char *const words[] = { "cmd/suspend", "cmd/revoke" }, *const is[] = { "suspended", "revoked" };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct story s;

		begin_with_days(&s);
		sim_off(s.owner);
		sim_wait(&s.w, 26 * HOUR_S);
		assert_string_equal(story_state(&s, s.gateway), "EXPIRED");
		sim_on(s.owner);
		CHECK_OK(order(&s, words[i], NULL));
		assert_true(sim_run(&s.w, out_of_service, 4 * HOUR_S));
		check_why(&s, is[i]);
		assert_true(story_audit(s.owner, "renewal refused: E_STATUS") >= 1);
		if (i == 0) {	/* the twin */
			CHECK_OK(order(&s, "cmd/resume", NULL));
			assert_true(sim_run(&s.w, back, 12 * HOUR_S));
			assert_int_equal(story_audit(s.owner, "uses its new keys"), 1);
		}
		story_end(&s);
	}
}

/* A device that did not get the notice asks: the owner refuses, and says it once more. */
static void a_renewal_is_refused_on_both_sides(void **state)
{
	struct story s;

	(void)state;
	begin_with_days(&s);
	rotate(&s);
	sim_drop(&s.w);
	assert_string_equal(story_state(&s, s.gateway), "RENEWING");
	CHECK_OK(order(&s, "cmd/suspend", NULL));
	assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
	CHECK_RC(BERTH_E_TYPE, command(s.gateway, "gateway", NULL, "cmd/rotate", NULL, NULL));
	sim_wait(&s.w, 40 * HOUR_S);	/* the whole life of its credential, and it asks for none */
	assert_string_equal(story_state(&s, s.gateway), "QUARANTINED");
	assert_int_equal(story_audit(s.owner, "a credential for its new keys"), 0);
	story_end(&s);
}

/* ---- the network ---- */
static size_t frames(void)
{
	struct story s;
	size_t sent;

	begin(&s);
	sent = s.w.sent;
	CHECK_OK(order(&s, "cmd/suspend", NULL));
	assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
	CHECK_OK(order(&s, "cmd/resume", NULL));
	assert_true(sim_run(&s.w, back, 2 * HOUR_S));
	sent = s.w.sent - sent;
	story_end(&s);
	return sent;
}

static void every_frame(enum fault fault)
{
	size_t n = frames();

	assert_true(n >= 2);
	for (size_t k = 1; k <= n; k++) {
		struct story s;

		begin(&s);
		s.w.fault = fault;
		s.w.fault_at = s.w.sent + k;
		CHECK_OK(order(&s, "cmd/suspend", NULL));
		if (!sim_run(&s.w, out_of_service, LIMIT_S))
			fail_msg("fault %d at frame %zu: not out", (int)fault, k);
		CHECK_OK(order(&s, "cmd/resume", NULL));
		if (!sim_run(&s.w, back, 6 * HOUR_S))
			fail_msg("fault %d at frame %zu: not back", (int)fault, k);
		story_check_end(&s, 1);
		story_end(&s);
	}
}

static void each_frame_is_lost_doubled_or_late(void **state)
{
	(void)state;
	every_frame(FAULT_LOSE_REQUEST);
	every_frame(FAULT_LOSE_REPLY);
	every_frame(FAULT_TWICE);
	every_frame(FAULT_LATE);
}

static void a_third_of_all_frames_is_lost(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct story s;

		begin(&s);
		s.w.loss_percent = 30;
		s.w.seed = i;
		CHECK_OK(order(&s, "cmd/suspend", NULL));
		assert_true(sim_run(&s.w, out_of_service, 12 * HOUR_S));
		CHECK_OK(order(&s, "cmd/resume", NULL));
		assert_true(sim_run(&s.w, back, 24 * HOUR_S));
		s.w.loss_percent = 0;
		story_check_end(&s, 1);
		story_end(&s);
	}
}

static void a_restart_on_either_side(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct story s;
		struct sim_node *n;

		begin(&s);
		n = i ? s.owner : s.gateway;
		CHECK_OK(order(&s, "cmd/suspend", NULL));
		sim_off(n);
		sim_on(n);
		assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
		sim_off(n);
		sim_on(n);
		assert_string_equal(story_state(&s, s.gateway), "QUARANTINED");
		CHECK_OK(order(&s, "cmd/resume", NULL));
		sim_off(n);
		sim_on(n);
		assert_true(sim_run(&s.w, back, 2 * HOUR_S));
		story_check_end(&s, 1);
		story_end(&s);
	}
}

/* An old word, whole and genuine, undoes nothing. */
static void replayed_and_reordered_notices_change_nothing(void **state)
{
	struct berth_buf before = BERTH_BUF_INIT, after = BERTH_BUF_INIT;
	struct story s;
	size_t n;

	(void)state;
	begin(&s);
	s.w.record = true;
	CHECK_OK(order(&s, "cmd/suspend", NULL));
	assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
	CHECK_OK(order(&s, "cmd/resume", NULL));
	assert_true(sim_run(&s.w, back, 2 * HOUR_S));
	s.w.record = false;
	n = s.w.n_frames;
	story_dump(&s, &before);
	for (size_t i = 0; i < n; i++)
		if (!s.w.frames[i].reply)
			sim_inject(s.w.frames[i].to, s.w.frames[i].bytes.p, s.w.frames[i].bytes.len);
	story_dump(&s, &after);
	assert_true(before.len == after.len && memcmp(before.p, after.p, after.len) == 0);
	story_check_end(&s, 1);
	berth_buf_free(&before);
	berth_buf_free(&after);
	story_end(&s);
}

/* ---- what a notice has to be ---- */
static struct berth_json *notice(int64_t seq, const char *status)
{
	struct berth_json *body = berth_json_new_object();

	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_int(body, "seq", seq));
	CHECK_OK(berth_json_set_str(body, "status", status));
	CHECK_OK(berth_json_set(body, "credentials", berth_json_new_array()));
	return body;
}

/* The long form of the gateway's operational DID: who never heard of it needs that. */
static char *operational_did(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway);
	char *did = strdup(story_identity(s->gateway, berth_data_str(berth_json_get(data, "active"), "identity"))->did_long);

	berth_json_free(data);
	return did;
}

static void say(struct story *s, struct sim_node *from, struct berth_json *body)
{
	char *did = operational_did(s);
	const struct forge_say what = { .from = from, .identity = BERTH_ID_OWNER, .to = s->gateway, .to_did = did,
		.name = "status-notify" };

	forge_say(&what, body);
	free(did);
}

static void check_refused(struct story *s, struct sim_node *from, struct berth_json *body, const char *what)
{
	int before = story_audit(s->gateway, what);
	char *is = why(s);

	say(s, from, body);
	if (story_audit(s->gateway, what) != before + 1)
		fail_msg("the gateway does not say \"%s\"", what);
	check_why(s, is);
	free(is);
}

static void p14_a_notice_is_the_owners_of_now(void **state)
{
	struct berth_json *b;
	struct sim_node *mallory;
	struct story s;
	int64_t at;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	at = s.owner->now_s + 1000000;
	check_refused(&s, mallory, notice(at, "suspended"), "E_AUTHZ: status-notify from somebody else");
	b = notice(at, "suspended");
	CHECK_OK(berth_json_set_int(b, "epoch", 1));
	check_refused(&s, s.owner, b, "E_AUTHZ: status-notify for another epoch");
	check_refused(&s, s.owner, notice(at, "lost"), "E_TYPE: status lost");
	b = notice(at, "suspended");
	berth_json_remove(b, "credentials");
	check_refused(&s, s.owner, b, "E_TYPE");
	b = notice(at, "suspended");
	CHECK_OK(berth_json_push_str(berth_json_get_mut(b, "credentials"), "x"));
	check_refused(&s, s.owner, b, "E_TYPE: credentials holds something else");
	check_refused(&s, s.owner, notice(at, "onboard"), "E_STATUS: to be onboarded anew, but it was not revoked");
	say(&s, s.owner, notice(at, "suspended"));	/* the twin */
	check_why(&s, "suspended");
	check_refused(&s, s.owner, notice(at - 1, "valid"), "E_REPLAY: status valid");
	check_refused(&s, s.owner, notice(at, "valid"), "E_REPLAY: status valid");
	say(&s, s.owner, notice(at, "suspended"));	/* once more is no news, and is answered */
	say(&s, s.owner, notice(at + 1, "revoked"));
	check_why(&s, "revoked");
	check_refused(&s, s.owner, notice(at + 2, "valid"), "E_STATUS: revoked is for good");
	check_refused(&s, s.owner, notice(at + 3, "suspended"), "E_STATUS: revoked is for good");
	say(&s, s.owner, notice(at + 4, "onboard"));
	assert_string_equal(story_state(&s, s.gateway), "SEEKING");
	story_end(&s);
}

static void each_member_of_a_notice_counts(void **state)
{
	static const char *const members[] = { "epoch", "seq", "status", "credentials", "reason" };
	struct story s;

	(void)state;
	begin(&s);
	for (size_t i = 0; i < 2 * sizeof(members) / sizeof(members[0]); i++) {
		struct berth_json *b = notice(s.owner->now_s + 1000000, "suspended");

		if (i & 1)
			CHECK_OK(berth_json_set_bool(b, members[i / 2], true));
		else if (strcmp(members[i / 2], "reason") != 0)
			berth_json_remove(b, members[i / 2]);
		else
			berth_json_remove(b, "seq");
		check_refused(&s, s.owner, b, "E_TYPE");
	}
	say(&s, s.owner, notice(s.owner->now_s + 1000000, "suspended"));	/* the twin */
	check_why(&s, "suspended");
	story_end(&s);
}

static void what_is_no_order_is_refused(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	now = &s;
	CHECK_RC(BERTH_E_TYPE, order(&s, "cmd/suspend", NULL));	/* not onboarded yet */
	CHECK_RC(BERTH_E_TYPE, order(&s, "cmd/revoke", NULL));
	story_settle(&s);
	CHECK_RC(BERTH_E_TYPE, order(&s, "cmd/resume", NULL));	/* it is not suspended */
	CHECK_RC(BERTH_E_KEY, order(&s, "cmd/attest", NULL));	/* sealed keys attest nothing */
	CHECK_OK(order(&s, "cmd/suspend", NULL));
	CHECK_OK(order(&s, "cmd/suspend", "for another reason"));
	assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
	assert_int_equal(story_audit(s.gateway, "for another reason"), 1);
	story_end(&s);
}

/* ---- nobody else is heard ---- */
static void only_the_owner_is_heard(void **state)
{
	struct sim_node *mallory;
	struct story s;
	char *did;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	did = operational_did(&s);
	for (int i = 0; i < 2; i++) {
		struct berth_json *body = berth_json_new_object();
		const struct forge_say ping = { .from = mallory, .identity = BERTH_ID_OWNER, .to = s.gateway, .to_did = did,
			.name = "https://didcomm.org/trust-ping/2.0/ping" };

		CHECK_OK(berth_json_set_bool(body, "response_requested", true));
		forge_say(&ping, body);
		assert_int_equal(forge_answers(&s), i == 0);
		if (i == 0) {
			CHECK_OK(order(&s, "cmd/suspend", NULL));
			assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
			sim_off(s.gateway);	/* also after a restart */
			sim_on(s.gateway);
		}
	}
	free(did);
	story_end(&s);
}

/* ---- L9 ---- */
static size_t day(struct story *s)
{
	size_t sent = s->w.sent;

	sim_wait(&s->w, 86400);
	return s->w.sent - sent;
}

static void who_has_nothing_to_expect_does_not_hammer(void **state)
{
	struct story s;
	size_t n;

	(void)state;
	story_cast(&s);
	now = &s;
	story_birth(&s);
	sim_on(s.gateway);
	sim_wait(&s.w, 86400);
	n = day(&s);		/* nobody has bought it */
	printf("requests a day: unowned %zu", n);
	assert_in_range(n, 10, 300);
	story_sale(&s);
	assert_true(sim_run(&s.w, story_settled, 8 * HOUR_S));
	CHECK_OK(order(&s, "cmd/suspend", NULL));
	assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
	sim_wait(&s.w, 86400);
	n = day(&s);
	printf(", suspended %zu", n);
	assert_in_range(n, 20, 60);
	CHECK_OK(order(&s, "cmd/revoke", NULL));
	assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
	sim_wait(&s.w, 86400);
	n = day(&s);
	printf(", revoked %zu", n);
	assert_in_range(n, 3, 16);
	sim_off(s.owner);	/* and where nobody answers any more */
	n = day(&s);
	printf(", revoked and alone %zu\n", n);
	assert_in_range(n, 3, 40);	/* it looks for its owner elsewhere, as seldom */
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(suspended_and_back),
		cmocka_unit_test(revoked_and_onboarded_anew),
		cmocka_unit_test(revoked_after_it_was_suspended),
		cmocka_unit_test(what_was_released_is_revoked),
		cmocka_unit_test(while_a_renewal_is_under_way),
		cmocka_unit_test(expired_and_out_of_service),
		cmocka_unit_test(a_renewal_is_refused_on_both_sides),
		cmocka_unit_test(each_frame_is_lost_doubled_or_late),
		cmocka_unit_test(a_third_of_all_frames_is_lost),
		cmocka_unit_test(a_restart_on_either_side),
		cmocka_unit_test(replayed_and_reordered_notices_change_nothing),
		cmocka_unit_test(p14_a_notice_is_the_owners_of_now),
		cmocka_unit_test(each_member_of_a_notice_counts),
		cmocka_unit_test(what_is_no_order_is_refused),
		cmocka_unit_test(only_the_owner_is_heard),
		cmocka_unit_test(who_has_nothing_to_expect_does_not_hammer),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
