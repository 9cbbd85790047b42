/* SPDX-License-Identifier: Apache-2.0 */
/* M13: the owner speaks to a device from another DID, by from_prior. */
#include "did/url.h"
#include "didcomm/from_prior.h"
#include "tests/fakes/forge.h"
#include "tests/fakes/frames.h"

#define LIMIT_S 14400
#define HOUR_S 3600
#define DAY_S 86400

static struct story *now;
static char *before;		/* whom the gateway talked to */

static char *peer(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway);
	const struct berth_json *active = berth_json_get(data, "active");
	const char *did = berth_data_str(active, "peer");
	char *copy = strdup(did ? did : berth_data_str(active, "owner"));

	berth_json_free(data);
	return copy;
}

/* Both have switched, nothing is under way. */
static bool rotated(struct sim *w)
{
	struct berth_json *o;
	bool pending, other;
	char *did;

	if (!story_settled(w))
		return false;
	o = story_data(now, now->owner);
	did = peer(now);
	pending = berth_json_get(o, "next") != NULL;
	other = !berth_did_same(did, before);
	free(did);
	berth_json_free(o);
	return other && !pending;
}

static void begin(struct story *s)
{
	story_in_use(s);
	now = s;
	before = peer(s);
}

static enum berth_err rotate(struct sim_node *n, const char *machine, const char *key)
{
	sim_as(n);
	return berth_agent_command(n->agent, machine, key, "cmd/rotate", NULL, NULL);
}

static void rotate_owner(struct story *s) { CHECK_OK(rotate(s->owner, "owner", s->device)); }

/* Our identities are the chain's and one for this device; keys of no other are left. */
static void end(struct story *s)
{
	struct berth_json *o = story_data(s, s->owner);
	const char *name = berth_data_str(berth_json_get(o, "us"), "identity");
	struct berth_key_info info;
	size_t n = 0;
	char *did = peer(s);

	assert_non_null(name);
	assert_true(berth_did_same(story_identity(s->owner, name)->did, did));
	assert_int_equal(berth_agent_identity_count(s->owner->agent), 2);
	for (size_t i = 0; i < berth_keystore_count(s->owner->ks); i++) {
		CHECK_OK(berth_keystore_at(s->owner->ks, i, &info));
		n += strncmp(info.name, "to-", 3) == 0;
		assert_true(strncmp(info.name, "to-", 3) != 0 || strncmp(info.name, name, strlen(name)) == 0);
	}
	assert_in_range(n, 2, 3);
	story_check_end(s, 1);
	berth_json_free(o);
	free(did);
	free(before);
	story_end(s);
}

static bool ponged(struct sim *w)
{
	int64_t n;

	CHECK_OK(berth_store_count(now->gateway->store, "pong", &n));
	return n > 0 && story_settled(w);
}

static void ping(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway), *args = berth_json_new_object(), *out = NULL;
	const struct berth_json *active = berth_json_get(data, "active");
	char *to = peer(s);

	CHECK_OK(berth_json_set_str(args, "identity", berth_data_str(active, "identity")));
	CHECK_OK(berth_json_set_str(args, "peer", to));
	CHECK_OK(berth_json_set_str(args, "uri", berth_data_str(active, "uri")));
	sim_as(s->gateway);
	CHECK_OK(berth_agent_command(s->gateway->agent, "ping", NULL, "cmd/ping", args, &out));
	berth_json_free(args);
	berth_json_free(out);
	berth_json_free(data);
	free(to);
}

static bool renewed(struct sim *w)
{
	return story_settled(w) && story_audit(now->owner, "uses its new keys") >= 1;
}

static void another_did_for_one_device(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	rotate_owner(&s);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	ping(&s);			/* it is used */
	assert_true(sim_run(&s.w, ponged, LIMIT_S));
	CHECK_OK(rotate(s.gateway, "gateway", NULL));	/* and M12 goes on over it */
	assert_true(sim_run(&s.w, renewed, LIMIT_S));
	/* once more: the one before ends with its keys */
	free(before);
	before = peer(&s);
	rotate_owner(&s);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	end(&s);
}

/* Both sides at once: whoever comes second is asked again. */
static void both_sides_rotate_at_once(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	rotate_owner(&s);
	CHECK_OK(rotate(s.gateway, "gateway", NULL));
	assert_true(sim_run(&s.w, rotated, 10 * HOUR_S));
	assert_true(sim_run(&s.w, renewed, 10 * HOUR_S));
	end(&s);
}

static const struct frames frames = { begin, rotate_owner, rotated, end, LIMIT_S, 1, 0 };

static void each_frame_is_lost_doubled_or_late(void **state)
{
	(void)state;
	frames_each_fault(&frames);
}

static bool named(struct sim *w)
{
	struct berth_json *o = story_data(now, now->owner);
	bool yes = berth_json_get(o, "next") != NULL;

	(void)w;
	berth_json_free(o);
	return yes;
}

static bool switched(struct sim *w)
{
	char *did = peer(now);
	bool yes = !berth_did_same(did, before);

	(void)w;
	free(did);
	return yes;
}

static void a_restart_on_either_side(void **state)
{
	struct story s;

	(void)state;
	for (int i = 0; i < 4; i++) {
		begin(&s);
		struct sim_node *n = i & 1 ? s.owner : s.gateway;

		rotate_owner(&s);
		assert_true(sim_run_steps(&s.w, i / 2 ? switched : named, LIMIT_S));
		sim_off(n);
		sim_on(n);
		assert_true(sim_run(&s.w, rotated, LIMIT_S));
		end(&s);
	}
}

/* ---- somebody else ---- */
static void say_rotate(struct story *s, struct sim_node *by, const char *iss_kid, struct sim_node *signer, int64_t iat,
		       struct sim_node *to)
{
	const struct berth_identity *me = story_identity(by, BERTH_ID_OWNER);
	struct berth_json *data = story_data(s, s->gateway), *body = berth_json_new_object();
	const char *op = berth_data_str(berth_json_get(data, "active"), "identity");
	struct berth_buf jwt = BERTH_BUF_INIT;
	const struct forge_say say = { .from = by, .identity = BERTH_ID_OWNER, .to = to,
		.to_did = story_identity(s->gateway, op)->did_long, .name = "rotate" };

	if (iss_kid) {
		sim_as(signer);
		CHECK_OK(berth_from_prior_create(&jwt, iss_kid, me->did, iat, signer->keys->keyring));
		forge_from_prior(berth_buf_cstr(&jwt));
	}
	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	forge_say(&say, body);
	forge_from_prior(NULL);
	berth_buf_free(&jwt);
	berth_json_free(data);
}

static void e_rotate_without_the_owners_word(void **state)
{
	struct sim_node *mallory, *other;
	struct story s;
	char *did;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	other = forge_mallory(&s, "other", "nng+tcp://other.test:1");
	say_rotate(&s, mallory, NULL, NULL, 0, s.gateway);
	assert_int_equal(story_audit(s.gateway, "refused: E_ROTATE: a rotation without from_prior"), 1);
	say_rotate(&s, mallory, story_identity(other, BERTH_ID_OWNER)->sign_kid_long, other, 1, s.gateway);
	assert_int_equal(story_audit(s.gateway, "refused: E_AUTHZ: a rotation of another DID than our owner's"), 1);
	did = peer(&s);
	assert_string_equal(did, before);
	free(did);
	/* the twin: the owner's key has signed it, whoever brings it */
	say_rotate(&s, mallory, story_identity(s.owner, BERTH_ID_OWNER)->sign_kid, s.owner, 5, s.gateway);
	did = peer(&s);
	assert_true(berth_did_same(did, story_identity(mallory, BERTH_ID_OWNER)->did));
	free(did);
	/* and what it signed before that is over */
	say_rotate(&s, other, story_identity(mallory, BERTH_ID_OWNER)->sign_kid_long, mallory, 5, s.gateway);
	assert_int_equal(story_audit(s.gateway, "refused: E_ROTATE: a rotation from before the last one"), 1);
	free(before);
	story_end(&s);
}

/* What an owner says in M12, with a credential that its issuer's key really signed. */
static void say_renew_issue(struct story *s, struct sim_node *by, struct sim_node *issuer)
{
	const struct berth_identity *signer = story_identity(issuer, BERTH_ID_OWNER);
	struct berth_json *data = story_data(s, s->gateway), *body = berth_json_new_object();
	struct berth_json *trust = berth_json_new_object(), *owners = berth_json_new_array();
	const struct berth_json *renewal = berth_json_get(data, "renewal");
	const struct berth_identity *op = story_identity(s->gateway, berth_data_str(renewal, "identity"));
	const struct berth_operational oc = { .operational_did = op->did_long, .custody = "sealed",
		.epoch = berth_data_int(data, "epoch", 0), .issued_s = issuer->now_s, .exp_s = issuer->now_s + DAY_S };
	struct berth_buf compact = BERTH_BUF_INIT;
	const struct forge_say say = { .from = by, .identity = BERTH_ID_OWNER, .to = s->gateway, .to_did = op->did_long,
		.name = "renew-issue", .thid = berth_data_str(renewal, "thid") };

	sim_as(issuer);
	CHECK_OK(berth_operational_build(&compact, issuer->keys->keyring, signer->sign_kid_long, &oc));
	CHECK_OK(berth_json_push_str(owners, signer->did_long));
	CHECK_OK(berth_json_set(trust, "owners", owners));
	CHECK_OK(berth_json_set(body, "trust", trust));
	CHECK_OK(berth_json_set_str(body, "operationalCredential", berth_buf_cstr(&compact)));
	forge_say(&say, body);
	berth_buf_free(&compact);
	berth_json_free(data);
}

/* The gateway has asked its owner for a credential, who has not heard of it. */
static struct berth_json *asking(struct story *s)
{
	CHECK_OK(rotate(s->gateway, "gateway", NULL));
	sim_drop(&s->w);
	assert_string_equal(story_state(s, s->gateway), "RENEWING");
	return story_data(s, s->gateway);
}

static void check_active(struct story *s, const struct berth_json *data_before)
{
	struct berth_json *data = story_data(s, s->gateway);

	assert_true(berth_json_equal(berth_json_get(data, "active"), berth_json_get(data_before, "active")));
	berth_json_free(data);
}

/* Even with a credential that is good: it is not whom the device talks to any more. */
static void c065_the_did_before_the_rotation_is_ignored_and_audited(void **state)
{
	struct sim_node *mallory;
	struct berth_json *data;
	struct story s;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	rotate_owner(&s);
	assert_true(sim_run(&s.w, rotated, LIMIT_S));
	data = asking(&s);
	say_renew_issue(&s, s.owner, s.owner);
	assert_int_equal(story_audit(s.gateway, "refused: E_AUTHZ: renew-issue from somebody else"), 1);
	say_rotate(&s, s.owner, NULL, NULL, 0, s.gateway);
	assert_int_equal(story_audit(s.gateway, "refused: E_ROTATE: a rotation without from_prior"), 1);
	/* nor does its key rotate to anybody once more */
	say_rotate(&s, mallory, story_identity(s.owner, BERTH_ID_OWNER)->sign_kid, s.owner, INT32_MAX, s.gateway);
	assert_int_equal(story_audit(s.gateway, "refused: E_AUTHZ: a rotation of another DID than our owner's"), 1);
	check_active(&s, data);
	berth_json_free(data);
	assert_true(sim_run(&s.w, renewed, 10 * HOUR_S));	/* the twin: the new DID */
	end(&s);
}

/* A stolen key makes the device talk to its thief.  What the thief wants of it needs the
 * owner's signature all the same. */
static void c066_a_rotation_alone_commands_nothing(void **state)
{
	struct sim_node *mallory;
	struct berth_json *data;
	struct story s;
	char *did;

	(void)state;
	begin(&s);
	mallory = forge_mallory(&s, "mallory", "nng+tcp://mallory.test:1");
	say_rotate(&s, mallory, story_identity(s.owner, BERTH_ID_OWNER)->sign_kid, s.owner, 5, s.gateway);
	did = peer(&s);
	assert_true(berth_did_same(did, story_identity(mallory, BERTH_ID_OWNER)->did));
	free(did);
	data = asking(&s);
	assert_true(berth_did_same(berth_data_str(berth_json_get(data, "active"), "owner"),
				   story_identity(s.owner, BERTH_ID_OWNER)->did));
	say_renew_issue(&s, mallory, mallory);
	assert_int_equal(story_audit(s.gateway, "refused: E_AUTHZ: an OperationalCredential by another issuer"), 1);
	check_active(&s, data);
	assert_string_equal(story_state(&s, s.gateway), "RENEWING");
	berth_json_free(data);
	/* the twin: what the owner signed is taken, whoever brings it */
	say_renew_issue(&s, mallory, s.owner);
	assert_string_equal(story_state(&s, s.gateway), "ROTATING");
	free(before);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_did_for_one_device),
		cmocka_unit_test(both_sides_rotate_at_once),
		cmocka_unit_test(each_frame_is_lost_doubled_or_late),
		cmocka_unit_test(a_restart_on_either_side),
		cmocka_unit_test(e_rotate_without_the_owners_word),
		cmocka_unit_test(c065_the_did_before_the_rotation_is_ignored_and_audited),
		cmocka_unit_test(c066_a_rotation_alone_commands_nothing),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
