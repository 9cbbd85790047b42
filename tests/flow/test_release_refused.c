/* SPDX-License-Identifier: Apache-2.0 */
/* Who may not let a device go, and what a device that was let go does not take from whoever
 * had it before (P7, P8, C.1a e). */
#include "did/base/clock.h"
#include "did/url.h"
#include "didcomm/from_prior.h"
#include "tests/fakes/resale.h"

#define LIMIT_S 36000

static struct sim_node *a, *b, *c;

static void begin(struct story *s)
{
	story_begin(s);
	resale_watch(s);
	a = s->owner;
	b = forge_mallory(s, "owner-b", "nng+tcp://owner-b.test:1");
	c = forge_mallory(s, "owner-c", "nng+tcp://owner-c.test:1");
	assert_true(sim_run(&s->w, story_settled, LIMIT_S));
}

static const struct berth_identity *owner_of(struct sim_node *n) { return story_identity(n, BERTH_ID_OWNER); }

static void let_go(struct story *s, struct sim_node *to)
{
	berth_json_free(resale_command(s->owner, s->device, "cmd/transfer", to ? owner_of(to)->did_long : NULL, BERTH_OK));
}

static void retire(struct story *s) { berth_json_free(resale_command(s->owner, s->device, "cmd/retire", NULL, BERTH_OK)); }

/* The gateway takes this chain, signed for by `by`, from a file or does not. */
static enum berth_err invite(struct story *s, const struct berth_json *package, struct sim_node *by)
{
	struct berth_json *answer = forge_answer(s, package, by, BERTH_ID_OWNER, 1, 0);
	enum berth_err rc;

	sim_as(s->gateway);
	rc = berth_agent_command(s->gateway->agent, "gateway", NULL, "cmd/invitation", answer, NULL);
	berth_json_free(answer);
	return rc;
}

static char *receipt_of(struct sim_node *owner, const char *device)
{
	struct berth_json *v = NULL;
	char *receipt;

	sim_as(owner);
	CHECK_OK(berth_agent_instance(owner->agent, "owner", device, &v));
	receipt = strdup(berth_data_str(berth_json_get(berth_json_get(v, "data"), "ended"), "receipt"));
	berth_json_free(v);
	return receipt;
}

/* ---- what the next chain may look like ---- */
static struct berth_hash receipt_hash;

static void in_the_next_epoch(struct berth_ownership *oc)
{
	oc->epoch = 1;
	oc->has_release_receipt = true;
	oc->release_receipt = receipt_hash;
}

static void without_the_receipt(struct berth_ownership *oc) { oc->epoch = 1; }
static void in_the_same_epoch(struct berth_ownership *oc) { (void)oc; }

static void on_another_receipt(struct berth_ownership *oc)
{
	in_the_next_epoch(oc);
	oc->release_receipt.b[0] ^= 1;
}

static void two_epochs_on(struct berth_ownership *oc)
{
	in_the_next_epoch(oc);
	oc->epoch = 2;
}

static void released_to_b_and_sold_to_anybody_else(void **state)
{
	static const struct { forge_change_fn *change; enum berth_err want; } chains[] = {
		{ without_the_receipt, BERTH_E_AUTHZ }, { in_the_same_epoch, BERTH_E_REPLAY },
		{ on_another_receipt, BERTH_E_AUTHZ }, { two_epochs_on, BERTH_E_AUTHZ },
	};
	struct berth_json *before, *chain;
	struct story s;
	char *receipt;

	(void)state;
	begin(&s);
	before = forge_package(&s, a);
	let_go(&s, b);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	receipt = receipt_of(a, s.device);
	berth_object_hash(&receipt_hash, receipt, strlen(receipt));
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		chain = forge_sale(&s, before, a, BERTH_ID_OWNER, owner_of(b), chains[i].change);
		CHECK_RC(chains[i].want, invite(&s, chain, b));
		berth_json_free(chain);
	}
	CHECK_RC(BERTH_E_REPLAY, invite(&s, before, a));	/* A with the chain it had */
	chain = forge_sale(&s, before, a, BERTH_ID_OWNER, owner_of(a), in_the_next_epoch);
	CHECK_RC(BERTH_E_AUTHZ, invite(&s, chain, a));		/* A to itself */
	berth_json_free(chain);
	chain = forge_sale(&s, before, a, BERTH_ID_OWNER, owner_of(c), in_the_next_epoch);
	CHECK_RC(BERTH_E_AUTHZ, invite(&s, chain, c));		/* A to C: (e) */
	berth_json_free(chain);
	berth_json_free(resale_command(a, s.device, "cmd/transfer", owner_of(c)->did_long, BERTH_E_AUTHZ));
	chain = forge_sale(&s, before, b, BERTH_ID_OWNER, owner_of(b), in_the_next_epoch);
	CHECK_RC(BERTH_E_AUTHZ, invite(&s, chain, b));		/* B by itself, without A's word */
	berth_json_free(chain);
	/* the twin */
	resale_take(&s, b);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	berth_json_free(before);
	free(receipt);
	story_end(&s);
}

/* ---- everything of A, in B's time ---- */
struct said { const char *name, *what; };

static void say_as(struct sim_node *from, struct story *s, const char *to_did, const char *name, const char *thid,
		   struct berth_json *body)
{
	const struct forge_say say = { .from = from, .identity = BERTH_ID_OWNER, .to = s->gateway, .to_did = to_did,
		.name = name, .thid = thid };

	forge_say(&say, body);
}

static struct berth_json *anything(void)
{
	static const char zero[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
	static const char *const words[] = { "nonce", "credential", "challenge", "nonceO", "policyHash" };
	struct berth_json *body = berth_json_new_object();

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		CHECK_OK(berth_json_set_str(body, words[i], zero));
	CHECK_OK(berth_json_set_int(body, "epoch", 1));
	return body;
}

static char *operational_long(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway);
	char *did = strdup(story_identity(s->gateway, berth_data_str(berth_json_get(data, "active"), "identity"))->did_long);

	berth_json_free(data);
	return did;
}

/* B has rotated to a DID of A's, says A. */
static void say_rotated(struct story *s, const char *to)
{
	struct berth_buf jwt = BERTH_BUF_INIT;

	sim_as(a);
	CHECK_OK(berth_from_prior_create(&jwt, owner_of(a)->sign_kid_long, owner_of(a)->did_long, berth_clock_now_s(),
					 a->keys->keyring));
	forge_from_prior(berth_buf_cstr(&jwt));
	say_as(a, s, to, "rotate", NULL, anything());
	forge_from_prior(NULL);
	berth_buf_free(&jwt);
}

static const char *const words_of_an_owner[] = { "prove-owner", "accept-ownership", "issue", "provision-item", "committed",
	"renew-issue", "renewed", "denied", "pending", "transfer-prepare", "transfer-cancel", "release", "retire",
	"provision-set", "set-noted", NULL };

static void p8_the_old_owner_commands_nothing(void **state)
{
	struct berth_json *before, *after;
	struct story s;
	char *old, *now;

	(void)state;
	begin(&s);
	old = operational_long(&s);
	let_go(&s, b);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	resale_take(&s, b);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	now = operational_long(&s);
	before = story_data(&s, s.gateway);
	for (const char *const *name = words_of_an_owner; *name; name++) {
		say_as(a, &s, old, *name, "t", anything());	/* nobody there */
		say_as(a, &s, now, *name, "t", anything());
		say_as(a, &s, story_identity(s.gateway, BERTH_ID_FACTORY)->did_long, *name, "t", anything());
	}
	say_rotated(&s, now);
	after = story_data(&s, s.gateway);
	assert_true(berth_json_equal(before, after));
	assert_string_equal(story_state(&s, s.gateway), "OPERATIONAL");
	assert_int_equal(story_audit(s.gateway, "from somebody else than the owner"), 2 * 6);	/* prepare, retire, release, the three of M10 */
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	/* the twin: B's word is one */
	let_go(&s, c);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	berth_json_free(before);
	berth_json_free(after);
	free(old);
	free(now);
	story_end(&s);
}

/* Where the device looks for its owner, A has nothing to say any more. */
static void the_old_owners_registrations_are_none(void **state)
{
	struct berth_json *list, *package;
	struct story s;

	(void)state;
	begin(&s);
	package = forge_package(&s, a);
	let_go(&s, NULL);
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	list = berth_json_new_array();
	CHECK_OK(berth_json_push(list, forge_answer(&s, package, a, BERTH_ID_OWNER, 99, 0)));
	forge_registrations(&s, list);	/* under the name it had: nobody asks for that */
	assert_false(sim_run(&s.w, story_operational, 7200));
	assert_string_equal(story_state(&s, s.gateway), "SEEKING");
	CHECK_RC(BERTH_E_REPLAY, invite(&s, package, a));
	let_go(&s, b);
	resale_take(&s, b);	/* the twin */
	assert_true(sim_run(&s.w, story_operational, LIMIT_S));
	berth_json_free(package);
	story_end(&s);
}

/* ---- who may let go at all ---- */
static struct sim_node *agent;

static char *credential_by(struct story *s, struct sim_node *by, bool is_retire)
{
	struct berth_json *data = story_data(s, s->gateway);
	struct berth_release r = { .retire = is_retire, .device = story_identity(s->gateway, BERTH_ID_FACTORY)->did };
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(berth_body_get_32(data, "tip", r.tip.b));
	CHECK_OK(berth_release_build(&out, by->keys->keyring, owner_of(by)->sign_kid, &r));
	berth_json_free(data);
	return berth_buf_take_str(&out);
}

/* "A managed-service provider under a delegation may renew and configure, but not transfer
 * or retire": its own agent does not, and the device would not obey. */
static void a_delegate_neither_transfers_nor_retires(void **state)
{
	struct berth_json *body;
	struct story s;
	char *compact, *op;

	(void)state;
	a = resale_by_delegate(&s, &agent);
	assert_true(sim_run(&s.w, story_settled, LIMIT_S));
	berth_json_free(resale_command(agent, s.device, "cmd/transfer", owner_of(a)->did_long, BERTH_E_AUTHZ));
	berth_json_free(resale_command(agent, s.device, "cmd/retire", NULL, BERTH_E_AUTHZ));
	op = operational_long(&s);
	for (int i = 0; i < 2; i++) {
		compact = credential_by(&s, agent, i);
		body = anything();
		CHECK_OK(berth_json_set_int(body, "epoch", 0));
		CHECK_OK(berth_json_set_str(body, "credential", compact));
		say_as(agent, &s, op, i ? "retire" : "transfer-prepare", "t", body);
		assert_string_equal(story_state(&s, s.gateway), "OPERATIONAL");
		assert_int_equal(story_audit(s.gateway, i ? "retire refused: E_AUTHZ" : "transfer-prepare refused: E_AUTHZ"), 1);
		free(compact);
	}
	/* the twin: by the delegate's hand, but the owner's word */
	compact = credential_by(&s, a, false);
	body = anything();
	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_str(body, "credential", compact));
	say_as(agent, &s, op, "transfer-prepare", "t", body);
	assert_string_equal(story_state(&s, s.gateway), "RELEASING");
	free(compact);
	free(op);
	story_end(&s);
}

static void a_stranger_gets_nothing(void **state)
{
	static const char *const names[] = { "transfer-ready", "refused", "released", "retired" };
	struct berth_json *before, *after, *body;
	struct berth_hash h;
	struct story s;

	(void)state;
	begin(&s);
	s.gateway->policy.release_consent = true;
	let_go(&s, b);
	assert_true(story_run_to(&s, s.gateway, "RELEASING"));
	before = story_data(&s, a);
	CHECK_OK(berth_device_hash(&h, story_identity(s.gateway, BERTH_ID_FACTORY)->did, 0));
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const struct forge_say say = { .from = c, .identity = BERTH_ID_OWNER, .to = a,
			.to_did = owner_of(a)->did_long, .name = names[i], .thid = berth_data_str(berth_json_get(before, "transfer"), "thid") };

		body = anything();
		CHECK_OK(berth_json_set_b64url(body, "deviceHash", h.b, 32));
		forge_say(&say, body);
	}
	after = story_data(&s, a);
	assert_true(berth_json_equal(before, after));
	CHECK_OK(resale_consent(s.gateway, true));	/* the twin */
	assert_true(sim_run(&s.w, resale_released, LIMIT_S));
	berth_json_free(before);
	berth_json_free(after);
	story_end(&s);
}

/* ---- somebody in the middle ---- */
static void bad_credential(struct berth_json *m, void *arg) { (void)arg; forge_bad_signature(forge_body(m), "credential"); }
static void bad_receipt(struct berth_json *m, void *arg) { (void)arg; forge_bad_signature(forge_body(m), "receipt"); }
static void other_epoch(struct berth_json *m, void *arg) { (void)arg; CHECK_OK(berth_json_set_int(forge_body(m), "epoch", 7)); }

/* the word that it has taken over, a year ago */
static void receipt_of_ownership(struct berth_json *m, void *arg)
{
	struct story *s = arg;
	struct berth_json *data = story_data(s, s->owner);

	CHECK_OK(berth_json_set_str(forge_body(m), "receipt", berth_data_str(data, "receipt")));
	berth_json_free(data);
}

static void credential_of_the_other_kind(struct berth_json *m, void *arg)
{
	struct story *s = arg;
	char *compact = credential_by(s, s->owner, strstr(berth_data_str(m, "type"), "retire") == NULL);

	CHECK_OK(berth_json_set_str(forge_body(m), "credential", compact));
	free(compact);
}

static void credential_of_c(struct berth_json *m, void *arg)
{
	char *compact = credential_by(arg, c, strstr(berth_data_str(m, "type"), "retire") != NULL);

	CHECK_OK(berth_json_set_str(forge_body(m), "credential", compact));
	free(compact);
}

static const struct forgery {
	const char *message;
	forge_edit_fn *edit;
	bool retires, owner_says;
	const char *what;
} forgeries[] = {
	{ "transfer-prepare", bad_credential, false, false, "transfer-prepare refused: E_SIG" },
	{ "transfer-prepare", credential_of_c, false, false, "transfer-prepare refused: E_AUTHZ" },
	{ "transfer-prepare", credential_of_the_other_kind, false, false, "transfer-prepare refused: E_VC" },
	{ "transfer-prepare", other_epoch, false, false, "transfer-prepare refused: E_AUTHZ" },
	{ "transfer-prepare", forge_other_nonce, false, true, "refused: E_AUTHZ: the receipt is for something else" },
	{ "transfer-ready", other_epoch, false, true, "refused: E_AUTHZ: transfer-ready for epoch 7" },
	{ "transfer-ready", forge_other_nonce, false, false, "refused: E_AUTHZ: nonce is another one" },
	{ "release", other_epoch, false, false, "refused: E_AUTHZ: release of epoch 7" },
	{ "release", forge_other_nonce, false, false, "refused: E_AUTHZ: nonce is another one" },
	{ "released", bad_receipt, false, true, "refused: E_SIG" },
	{ "released", receipt_of_ownership, false, true, "refused: E_AUTHZ: the receipt is for something else" },
	{ "released", other_epoch, false, true, "refused: E_AUTHZ: released for epoch 7" },
	{ "retire", bad_credential, true, false, "retire refused: E_SIG" },
	{ "retire", credential_of_c, true, false, "retire refused: E_AUTHZ" },
	{ "retire", credential_of_the_other_kind, true, false, "retire refused: E_VC" },
};

static void go(struct story *s, const struct forgery *f)
{
	if (f->retires)
		retire(s);
	else
		let_go(s, b);
}

static void what_is_changed_on_the_way_is_refused_and_it_ends_well(void **state)
{
	for (size_t i = 0; i < sizeof(forgeries) / sizeof(forgeries[0]); i++) {
		const struct forgery *f = &forgeries[i];
		bool (*done)(struct sim *) = f->retires ? resale_retired : resale_released;
		struct story s;

		(void)state;
		begin(&s);
		forge_edit(f->message, f->edit, &s);
		go(&s, f);
		if (!sim_run(&s.w, done, LIMIT_S) && strcmp(story_state(&s, a), "ACTIVE") == 0) {	/* it was told so */
			go(&s, f);
			assert_true(sim_run(&s.w, done, LIMIT_S));
		}
		assert_true(forge_edited());
		if (story_audit(f->owner_says ? a : s.gateway, f->what) < 1)
			fail_msg("%zu: %s: nobody says \"%s\"", i, f->message, f->what);
		if (f->edit != forge_other_nonce || strcmp(f->message, "transfer-prepare") != 0) {
			if (!done(&s.w))
				fail_msg("%zu: %s: gateway %s, owner %s", i, f->message, story_state(&s, s.gateway), story_state(&s, a));
			resale_check_gone(&s, 1);
		}
		story_end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(released_to_b_and_sold_to_anybody_else),
		cmocka_unit_test(p8_the_old_owner_commands_nothing),
		cmocka_unit_test(the_old_owners_registrations_are_none),
		cmocka_unit_test(a_delegate_neither_transfers_nor_retires),
		cmocka_unit_test(a_stranger_gets_nothing),
		cmocka_unit_test(what_is_changed_on_the_way_is_refused_and_it_ends_well),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
