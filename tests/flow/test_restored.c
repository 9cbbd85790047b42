/* SPDX-License-Identifier: Apache-2.0 */
/* An owner that goes on from a backup which is older than what its devices know. */
#include <stdio.h>
#include <unistd.h>

#include "did/url.h"
#include "tests/fakes/backup.h"
#include "tests/fakes/forge.h"
#include "tests/fakes/provide.h"
#include "tests/fakes/resale.h"
#include "tests/fakes/story.h"

#define HOUR_S 3600
#define LIMIT_S 7200
#define LIFE_S (24 * HOUR_S)
#define RESYNC_S (8 * HOUR_S)	/* half a life: nothing is due by itself */

static struct story *now;
static char *before;

static bool rotated(struct sim *w) { (void)w; return story_rotated(now, before); }

static int64_t stored(struct sim_node *n, const char *name)
{
	int64_t v;

	CHECK_OK(berth_store_counter_get(n->store, name, &v));
	return v;
}

static void begin(struct story *s)
{
	story_cast(s);
	s->owner->policy.credential_s = LIFE_S;
	story_start(s);
	assert_true(sim_run(&s->w, story_settled, LIMIT_S));
	now = s;
}

static void renew(struct story *s)
{
	before = strdup(story_operational_did(s));
	story_rotate(s);
	assert_true(sim_run(&s->w, rotated, LIMIT_S));
	free(before);
}

static bool in_step(struct sim *w)
{
	struct berth_json *d;
	bool is;

	if (!story_settled(w))
		return false;
	d = story_data(now, now->owner);
	is = berth_data_int(d, "synced", 0) == stored(now->owner, BERTH_COUNTER_RESTORED_S);
	berth_json_free(d);
	return is;
}

static void check_restored(struct story *s, int64_t generation)
{
	assert_true(stored(s->owner, "generation") > generation);
	assert_int_equal(stored(s->owner, BERTH_COUNTER_RESTORED), 2);
	assert_true(stored(s->owner, BERTH_COUNTER_RESTORED_S) > 0);
	assert_false(berth_agent_quarantined(s->owner->agent));
	assert_int_equal(story_audit(s->owner, "from a backup"), 1);
}

/* The owner knows neither the DID nor the credential.  Long before the latter ends it asks the
 * device, by the DID that both have from the chain. */
static void a_device_that_was_renewed_since_is_known_again(void **state)
{
	struct story s;
	int64_t generation;

	(void)state;
	begin(&s);
	backup_take(&s);
	renew(&s);
	generation = stored(s.owner, "generation");
	backup_restore(&s);
	check_restored(&s, generation);
	before = strdup(story_operational_did(&s));
	assert_true(sim_run(&s.w, in_step, RESYNC_S));
	assert_true(rotated(&s.w));
	assert_int_equal(story_audit(s.gateway, "the owner was restored"), 1);
	assert_int_equal(story_audit(s.gateway, "asking with the factory DID"), 0);	/* nothing has ended */
	free(before);
	story_end(&s);
}

/* One that the backup has as it is says so, and keeps its keys. */
static void a_device_that_is_as_it_was_says_so(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	backup_take(&s);
	backup_restore(&s);
	before = strdup(story_operational_did(&s));
	assert_true(sim_run(&s.w, in_step, RESYNC_S));
	assert_false(rotated(&s.w));
	assert_int_equal(story_audit(s.owner, "is as it was before the restoration"), 1);
	free(before);
	story_end(&s);
}

static void order(struct story *s, const char *on)
{
	sim_as(s->owner);
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, on, NULL, NULL));
}

static bool is_out(struct sim *w) { return strcmp(story_state(now, now->gateway), "QUARANTINED") == 0 && story_quiet(w); }

/* Born and sold, and the backup is from before the owner had the chain. */
static void begin_unknown_as(struct story *s, struct berth_json **chain, bool out)
{
	story_cast(s);
	now = s;
	s->owner->policy.credential_s = LIFE_S;
	story_birth(s);
	*chain = story_chain(s);
	backup_take(s);
	story_sale(s);
	sim_on(s->gateway);
	assert_true(sim_run(&s->w, story_settled, LIMIT_S));
	if (out) {
		order(s, "cmd/suspend");
		assert_true(sim_run(&s->w, is_out, LIMIT_S));
	}
	backup_restore(s);
	assert_string_equal(sim_state(s->owner, "owner", s->device), "");
}

static void begin_unknown(struct story *s, struct berth_json **chain) { begin_unknown_as(s, chain, false); }

static void a_device_that_was_onboarded_since_is_taken_up_again(void **state)
{
	struct berth_json *chain, *d;
	struct story s;

	(void)state;
	begin_unknown(&s, &chain);
	CHECK_OK(story_import(s.owner, chain, NULL, NULL));
	before = strdup(story_operational_did(&s));
	assert_true(sim_run(&s.w, in_step, RESYNC_S));
	assert_true(rotated(&s.w));
	assert_int_equal(story_audit(s.owner, "is taken up again"), 1);
	d = story_data(&s, s.owner);
	assert_non_null(berth_data_str(d, "receipt"));
	assert_true(berth_json_bool(berth_json_get(d, "used"), false));
	berth_json_free(d);
	free(before);
	berth_json_free(chain);
	story_end(&s);
}

/* What it was sold for, and to whom, is a day's matter: by then every device in use has asked. */
static void what_may_be_in_use_is_not_sold_on(void **state)
{
	struct berth_json *chain, *args = berth_json_new_object();
	struct sim_node *b;
	struct story s;

	(void)state;
	begin_unknown(&s, &chain);
	b = forge_mallory(&s, "owner-b", "nng+tcp://owner-b.test:1");
	CHECK_OK(berth_json_set_str(args, "to", story_identity(b, BERTH_ID_OWNER)->did_long));
	CHECK_OK(story_import(s.owner, chain, NULL, NULL));
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_agent_command(s.owner->agent, "owner", s.device, "cmd/transfer", args, NULL));
	sim_off(s.gateway);
	sim_run(&s.w, in_step, 25 * HOUR_S);
	sim_as(s.owner);
	CHECK_OK(berth_agent_command(s.owner->agent, "owner", s.device, "cmd/transfer", args, NULL));	/* the twin */
	berth_json_free(args);
	berth_json_free(chain);
	story_end(&s);
}

/* A person's word finds it where it is, though nothing of it is known but the chain. */
/* ---- it was let go after the backup ---- */
static char *let_go_since(struct story *s, const char *on, bool (*done)(struct sim *w))
{
	struct berth_json *d;
	char *receipt;

	begin(s);
	resale_watch(s);
	backup_take(s);
	berth_json_free(resale_command(s->owner, s->device, on, NULL, BERTH_OK));
	assert_true(sim_run(&s->w, done, LIMIT_S));
	d = story_data(s, s->owner);
	receipt = strdup(berth_data_str(berth_json_get(d, "ended"), "receipt"));
	berth_json_free(d);
	backup_restore(s);
	assert_string_equal(story_state(s, s->owner), "ACTIVE");
	return receipt;
}

static enum berth_err carry(struct story *s, const char *receipt)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(s->owner);
	CHECK_OK(berth_json_set_str(args, "receipt", receipt));
	rc = berth_agent_command(s->owner->agent, "owner", s->device, "cmd/receipt", args, NULL);
	berth_json_free(args);
	return rc;
}

static enum berth_err carry_forged(struct story *s, const char *receipt)
{
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	CHECK_OK(berth_json_set_str(o, "receipt", receipt));
	forge_bad_signature(o, "receipt");
	rc = carry(s, berth_data_str(o, "receipt"));
	berth_json_free(o);
	return rc;
}

static void what_was_released_since_is_let_go_by_its_receipt(void **state)
{
	struct sim_node *b;
	struct story s;
	char *receipt;

	(void)state;
	receipt = let_go_since(&s, "cmd/transfer", resale_released);
	CHECK_RC(BERTH_E_TYPE, carry(&s, receipt));	/* it has to be said again first */
	berth_json_free(resale_command(s.owner, s.device, "cmd/retire", NULL, BERTH_OK));
	CHECK_RC(BERTH_E_AUTHZ, carry(&s, receipt));	/* and the same thing */
	free(receipt);
	story_end(&s);

	receipt = let_go_since(&s, "cmd/transfer", resale_released);
	berth_json_free(resale_command(s.owner, s.device, "cmd/transfer", NULL, BERTH_OK));
	CHECK_RC(BERTH_E_SIG, carry_forged(&s, receipt));
	CHECK_OK(carry(&s, receipt));
	assert_string_equal(story_state(&s, s.owner), "TRANSFERRED");
	b = forge_mallory(&s, "owner-b", "nng+tcp://owner-b.test:1");
	berth_json_free(resale_command(s.owner, s.device, "cmd/transfer", story_identity(b, BERTH_ID_OWNER)->did_long, BERTH_OK));
	resale_take(&s, b);
	story_settle(&s);
	free(receipt);
	story_end(&s);
}

static void what_was_retired_since_is_so_by_its_tombstone(void **state)
{
	struct story s;
	char *receipt;

	(void)state;
	receipt = let_go_since(&s, "cmd/retire", resale_retired);
	berth_json_free(resale_command(s.owner, s.device, "cmd/retire", NULL, BERTH_OK));
	CHECK_OK(carry(&s, receipt));
	assert_string_equal(story_state(&s, s.owner), "RETIRED");
	free(receipt);
	story_end(&s);
}

/* The twin: who is no backup, or has heard the device since, knows what it has signed. */
static char *receipt_of_another_order(struct story *s)
{
	struct berth_json *d = story_data(s, s->owner);
	struct berth_receipt r = { .role = BERTH_RECEIPT_RELEASED, .owner = story_identity(s->owner, BERTH_ID_OWNER)->did,
		.epoch = 1, .erasure = BERTH_ERASURE_OVERWRITTEN };
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK_OK(berth_body_get_32(d, "tip", r.tip.b));
	berth_json_free(d);
	sim_as(s->gateway);
	CHECK_OK(berth_receipt_build(&b, s->gateway->keys->keyring, story_identity(s->gateway, BERTH_ID_FACTORY)->sign_kid, &r));
	return berth_buf_take_str(&b);
}

static void a_receipt_of_another_order_is_none_for_who_would_know(void **state)
{
	struct story s;
	char *receipt;

	(void)state;
	begin(&s);
	receipt = receipt_of_another_order(&s);
	sim_off(s.gateway);
	berth_json_free(resale_command(s.owner, s.device, "cmd/transfer", NULL, BERTH_OK));
	CHECK_RC(BERTH_E_AUTHZ, carry(&s, receipt));
	free(receipt);
	story_end(&s);

	begin(&s);
	backup_take(&s);
	backup_restore(&s);
	assert_true(sim_run(&s.w, in_step, RESYNC_S));
	receipt = receipt_of_another_order(&s);
	sim_off(s.gateway);
	berth_json_free(resale_command(s.owner, s.device, "cmd/transfer", NULL, BERTH_OK));
	CHECK_RC(BERTH_E_AUTHZ, carry(&s, receipt));
	free(receipt);
	story_end(&s);
}

static void a_device_out_of_service_is_taken_back(void **state)
{
	struct berth_json *chain;
	struct story s;

	(void)state;
	begin_unknown_as(&s, &chain, true);
	CHECK_OK(story_import(s.owner, chain, NULL, NULL));
	assert_false(sim_run(&s.w, in_step, RESYNC_S));
	assert_string_equal(story_state(&s, s.gateway), "QUARANTINED");
	order(&s, "cmd/resume");
	assert_true(sim_run(&s.w, in_step, 2 * RESYNC_S));
	assert_string_equal(story_state(&s, s.gateway), "OPERATIONAL");
	CHECK_RC(BERTH_E_TYPE, berth_agent_command(s.owner->agent, "owner", s.device, "cmd/resume", NULL, NULL));
	berth_json_free(chain);
	story_end(&s);
}

static bool provided(struct sim *w) { (void)w; return provide_dealt_with(now); }

/* What it has may be what it can be reached with.  What the owner provides is what it knows of. */
static void items_of_after_the_backup_stay_until_others_come(void **state)
{
	struct story s;

	(void)state;
	begin(&s);
	backup_take(&s);
	CHECK_OK(provide_order(&s, "cmd/provision", "wifi", "network", "ssid=later", 0, NULL));
	CHECK_OK(provide_order(&s, "cmd/provision", "lan", "network", "dhcp", 0, NULL));
	assert_true(sim_run(&s.w, provided, 600));
	backup_restore(&s);
	assert_true(sim_run(&s.w, in_step, RESYNC_S));
	provide_check(&s, "wifi", "ssid=later");
	provide_check(&s, "lan", "dhcp");
	CHECK_OK(provide_order(&s, "cmd/provision", "app.conf", "config", "interval = 5\n", 0, NULL));	/* as it was */
	assert_true(sim_run(&s.w, provided, RESYNC_S));
	provide_check(&s, "wifi", "ssid=plant psk=correct horse");
	provide_check(&s, "lan", NULL);
	story_end(&s);
}

/* Power cuts on either side, wherever the two are. */
static void it_is_taken_up_again_through_kills(void **state)
{
	static const char *const at[] = { "RENEWING", "ROTATING", "RENEW_PENDING" };
	struct berth_json *chain;
	struct sim_node *n;
	struct story s;

	(void)state;
	for (size_t i = 0; i < 2 * sizeof(at) / sizeof(at[0]); i++) {
		begin_unknown(&s, &chain);
		CHECK_OK(story_import(s.owner, chain, NULL, NULL));
		assert_true(story_run_to(&s, i / 2 == 2 ? s.owner : s.gateway, at[i / 2]));
		n = i % 2 ? s.owner : s.gateway;
		sim_off(n);
		sim_drop(&s.w);
		sim_on(n);
		assert_true(sim_run(&s.w, in_step, RESYNC_S));
		berth_json_free(chain);
		story_end(&s);
	}
}

/* Nobody's question but the owner's, and not an older one.  as: in that state; renewal: which is under
 * way before, and after it (owned). */
struct asked { const char *as; char *renewal; };

static void ask_in(struct story *s, struct sim_node *who, const char *identity, int64_t seq, enum berth_err expect, struct asked *a)
{
	const struct berth_identity *from = story_identity(who, identity);
	struct berth_json *body = berth_json_new_object(), *v = NULL;
	struct berth_unpacked in = { .msg = { .thid = (char *)"t", .body = body, .from = from->did } };
	struct berth_event ev = { .on = "resync", .in = &in, .sender = from->did };
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	struct berth_instance inst = { .key = (char *)"self" };

	sim_as(s->gateway);
	CHECK_OK(berth_agent_instance(s->gateway->agent, "gateway", NULL, &v));
	inst.state = berth_machine_state(&berth_gateway_machine, a ? a->as : berth_data_str(v, "state"));
	inst.data = berth_json_clone(berth_json_get(v, "data"));
	if (a && a->renewal) {
		CHECK_OK(berth_json_set_int(inst.data, "resync", seq));
		CHECK_OK(berth_json_set_str(berth_data_obj(inst.data, "renewal"), "identity", a->renewal));
		free(a->renewal);
	}
	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_int(body, "seq", seq));
	CHECK_OK(berth_json_set(body, "credentials", berth_json_new_array()));
	CHECK_RC(expect, berth_machine_step(&berth_gateway_machine, berth_agent_env(s->gateway->agent), &inst, &ev, &fx));
	if (a)
		a->renewal = strdup(berth_data_str(berth_json_get(inst.data, "renewal"), "identity"));
	else
		assert_int_equal(fx.go, expect == BERTH_OK);
	berth_effects_free(&fx);
	berth_json_free(inst.data);
	berth_json_free(body);
	berth_json_free(v);
}

static void ask(struct story *s, struct sim_node *who, const char *identity, int64_t seq, enum berth_err expect)
{
	ask_in(s, who, identity, seq, expect, NULL);
}

static bool is_renewing(struct sim *w) { (void)w; return strcmp(story_state(now, now->gateway), "RENEWING") == 0; }

/* What was asked for before the question may still be answered, by an owner that is no more: it is
 * given up, once.  Asked again, what is under way stays. */
static void what_was_asked_of_the_owner_before_is_given_up(void **state)
{
	struct asked a = { .as = "RENEWING" };
	struct berth_json *g;
	struct story s;
	char *was, *next;

	(void)state;
	begin(&s);
	sim_off(s.owner);
	sim_as(s.gateway);
	CHECK_OK(berth_agent_command(s.gateway->agent, "gateway", NULL, "cmd/rotate", NULL, NULL));
	assert_true(sim_run_steps(&s.w, is_renewing, 60));
	g = story_data(&s, s.gateway);
	was = strdup(berth_data_str(berth_json_get(g, "renewal"), "identity"));
	berth_json_free(g);
	sim_on(s.owner);
	ask_in(&s, s.owner, BERTH_ID_OWNER, 7, BERTH_OK, &a);
	assert_string_not_equal(a.renewal, was);
	next = strdup(a.renewal);
	ask_in(&s, s.owner, BERTH_ID_OWNER, 7, BERTH_OK, &a);
	assert_string_equal(a.renewal, next);
	a.as = "ROTATING";
	ask_in(&s, s.owner, BERTH_ID_OWNER, 7, BERTH_OK, &a);
	assert_string_equal(a.renewal, next);
	free(a.renewal);
	free(next);
	free(was);
	story_end(&s);
}

static void nobody_else_moves_a_device(void **state)
{
	struct story s;
	int64_t seq;

	(void)state;
	begin(&s);
	backup_take(&s);
	backup_restore(&s);
	assert_true(sim_run(&s.w, in_step, RESYNC_S));
	seq = stored(s.owner, BERTH_COUNTER_RESTORED_S);
	ask(&s, s.rendezvous, BERTH_ID_RENDEZVOUS, seq + 1, BERTH_E_AUTHZ);
	ask(&s, s.factory, BERTH_ID_MAKER, seq + 1, BERTH_E_AUTHZ);
	ask(&s, s.owner, BERTH_ID_OWNER, seq - 1, BERTH_E_REPLAY);
	ask(&s, s.owner, BERTH_ID_OWNER, seq + 1, BERTH_OK);	/* the twin */
	story_end(&s);
}

/* A request of the factory DID's to be taken up again, as the device makes it. */
static struct berth_json *request(struct story *s, const struct berth_run *run, const char *credential, const char *receipt,
				  const struct berth_identity *former)
{
	struct berth_json *body = berth_json_new_object(), *g = story_data(s, s->gateway);
	const struct berth_json *active = berth_json_get(g, "active");
	struct berth_env *env = berth_agent_env(s->gateway->agent);
	struct berth_buf proof = BERTH_BUF_INIT;
	char *own = story_credential(s);

	CHECK_OK(berth_json_set_b64url(body, "deviceHash", run->device_hash.b, 32));
	CHECK_OK(berth_json_set_int(body, "epoch", run->epoch));
	CHECK_OK(berth_json_set_b64url(body, "nonce", run->nonce_d, 32));
	CHECK_OK(berth_json_set_str(body, "operationalDid", story_identity(s->gateway, BERTH_ID_FACTORY)->did_long));
	CHECK_OK(berth_json_set_str(body, "receipt", receipt ? receipt : berth_data_str(active, "receipt")));
	CHECK_OK(berth_json_set_str(body, "operationalCredential", credential ? credential : own));
	if (former) {
		CHECK_OK(berth_run_prove(env, run, BERTH_SIGN_DEVICE_PROOF, former, run->peer, 0, NULL, body, &proof));
		CHECK_OK(berth_json_set_str(body, "formerProof", berth_buf_cstr(&proof)));
	}
	berth_buf_free(&proof);
	free(own);
	berth_json_free(g);
	return body;
}

/* What comes behind the check of what it shows is for the flows above: there are no new keys here. */
static void try_request(struct story *s, const char *sender, struct berth_json *body, enum berth_err expect, const char *said)
{
	const struct berth_identity *us = story_identity(s->owner, BERTH_ID_OWNER);
	struct berth_unpacked in = { .msg = { .thid = (char *)"t", .body = body }, .encrypted_to_kid = us->agree_kid };
	struct berth_event ev = { .on = "renew-request", .in = &in, .sender = sender };
	struct berth_effects fx = { .state = BERTH_STATE_STAY };
	struct berth_instance inst = { .key = s->device };
	struct berth_json *v = NULL;

	sim_as(s->owner);
	CHECK_OK(berth_agent_instance(s->owner->agent, "owner", s->device, &v));
	inst.state = berth_machine_state(&berth_owner_machine, berth_data_str(v, "state"));
	inst.data = berth_json_clone(berth_json_get(v, "data"));
	CHECK_OK(berth_store_begin(s->owner->store));
	CHECK_RC(expect, berth_machine_step(&berth_owner_machine, berth_agent_env(s->owner->agent), &inst, &ev, &fx));
	berth_store_rollback(s->owner->store);
	assert_non_null(strstr(fx.audit ? fx.audit : berth_err_detail(), said));
	assert_true(expect == BERTH_OK || !berth_json_get(inst.data, "operationalDid"));
	berth_effects_free(&fx);
	berth_json_free(inst.data);
	berth_json_free(body);
	berth_json_free(v);
}

/* The owner has the chain and nothing else.  What anybody could make, or copy, is not enough. */
static void only_what_the_owner_itself_has_given_counts(void **state)
{
	struct berth_run run = { .epoch = 0 };
	struct berth_operational oc = { .custody = "sealed" };
	struct berth_buf forged = BERTH_BUF_INIT;
	const struct berth_identity *factory, *op;
	struct berth_json *chain, *g, *d;
	struct story s;
	char *own;

	(void)state;
	begin_unknown(&s, &chain);
	CHECK_OK(story_import(s.owner, chain, NULL, NULL));
	g = story_data(&s, s.gateway);
	d = story_data(&s, s.owner);
	own = story_credential(&s);
	factory = story_identity(s.gateway, BERTH_ID_FACTORY);
	op = story_identity(s.gateway, berth_data_str(berth_json_get(g, "active"), "identity"));
	snprintf(run.thid, sizeof(run.thid), "t");
	snprintf(run.peer, sizeof(run.peer), "%s", story_identity(s.owner, BERTH_ID_OWNER)->did);
	CHECK_OK(berth_device_hash(&run.device_hash, factory->did, 0));
	CHECK_OK(berth_body_get_32(d, "tip", run.tip.b));
	oc.operational_did = op->did_long;
	oc.issued_s = s.owner->now_s;
	oc.exp_s = oc.issued_s + LIFE_S;
	/* another owner's word for the same keys */
	sim_as(s.factory);
	CHECK_OK(berth_operational_build(&forged, s.factory->keys->keyring, story_identity(s.factory, BERTH_ID_ISSUER)->sign_kid_long, &oc));

	try_request(&s, factory->did, request(&s, &run, NULL, NULL, NULL), BERTH_E_TYPE, "E_TYPE");
	try_request(&s, factory->did, request(&s, &run, NULL, NULL, factory), BERTH_E_AUTHZ, "E_AUTHZ");
	try_request(&s, factory->did, request(&s, &run, berth_buf_cstr(&forged), NULL, op), BERTH_E_AUTHZ, "somebody else's");
	try_request(&s, factory->did, request(&s, &run, NULL, own, op),
		    BERTH_E_ENV, "E_ENV");
	try_request(&s, op->did, request(&s, &run, NULL, NULL, op), BERTH_E_AUTHZ, "somebody else");
	/* the twin: that much is believed, and only the new keys are missing */
	try_request(&s, factory->did, request(&s, &run, NULL, NULL, op), BERTH_OK, "renewal refused");
	berth_buf_free(&forged);
	free(own);
	berth_json_free(chain);
	berth_json_free(g);
	berth_json_free(d);
	story_end(&s);
}

/* Revoked since, and let in again: it is onboarded as if new, with all that policy asks of it, and
 * does not get around a person's approval by what it was given before.  The owner has heard of it
 * since, or has not. */
static void what_was_revoked_since_is_not_taken_up(void **state)
{
	struct berth_run run = { .thid = "t", .epoch = 0 };
	const struct berth_identity *factory, *op;
	struct berth_json *body, *g, *d;
	struct story s;

	(void)state;
	for (int heard = 0; heard < 2; heard++) {
		begin(&s);
		backup_take(&s);
		backup_restore(&s);
		if (heard)
			assert_true(sim_run(&s.w, in_step, RESYNC_S));
		g = story_data(&s, s.gateway);
		d = story_data(&s, s.owner);
		factory = story_identity(s.gateway, BERTH_ID_FACTORY);
		op = story_identity(s.gateway, berth_data_str(berth_json_get(g, "active"), "identity"));
		snprintf(run.peer, sizeof(run.peer), "%s", story_identity(s.owner, BERTH_ID_OWNER)->did);
		CHECK_OK(berth_device_hash(&run.device_hash, factory->did, 0));
		CHECK_OK(berth_body_get_32(d, "tip", run.tip.b));
		sim_as(s.gateway);
		body = request(&s, &run, NULL, NULL, op);	/* it has kept the keys for that */
		s.owner->policy.approve_automatically = false;
		order(&s, "cmd/revoke");
		order(&s, "cmd/approve");
		assert_true(story_run_to(&s, s.owner, "APPROVAL"));
		try_request(&s, factory->did, body, BERTH_E_TYPE, "not in use");
		order(&s, "cmd/approve");
		assert_true(sim_run(&s.w, story_settled, RESYNC_S));
		berth_json_free(g);
		berth_json_free(d);
		story_end(&s);
	}
}

/* Whoever puts a copy there that is no backup is found out as before. */
static void an_older_copy_that_is_no_backup_is_quarantined(void **state)
{
	struct berth_store *st;
	char folder[192];
	struct story s;

	(void)state;
	begin(&s);
	backup_take(&s);
	renew(&s);
	sim_off(s.owner);
	backup_put();
	snprintf(folder, sizeof(folder), "%s/state", s.owner->dir);
	CHECK_OK(berth_store_open(&st, folder, false));
	CHECK_OK(berth_store_begin(st));
	CHECK_OK(berth_store_counter_set(st, BERTH_COUNTER_RESTORED, 0));
	CHECK_OK(berth_store_commit(st));
	berth_store_close(st);
	sim_on(s.owner);
	assert_true(berth_agent_quarantined(s.owner->agent));
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_that_was_renewed_since_is_known_again),
		cmocka_unit_test(a_device_that_is_as_it_was_says_so),
		cmocka_unit_test(a_device_that_was_onboarded_since_is_taken_up_again),
		cmocka_unit_test(what_may_be_in_use_is_not_sold_on),
		cmocka_unit_test(what_was_released_since_is_let_go_by_its_receipt),
		cmocka_unit_test(what_was_retired_since_is_so_by_its_tombstone),
		cmocka_unit_test(a_receipt_of_another_order_is_none_for_who_would_know),
		cmocka_unit_test(a_device_out_of_service_is_taken_back),
		cmocka_unit_test(items_of_after_the_backup_stay_until_others_come),
		cmocka_unit_test(it_is_taken_up_again_through_kills),
		cmocka_unit_test(what_was_asked_of_the_owner_before_is_given_up),
		cmocka_unit_test(nobody_else_moves_a_device),
		cmocka_unit_test(only_what_the_owner_itself_has_given_counts),
		cmocka_unit_test(what_was_revoked_since_is_not_taken_up),
		cmocka_unit_test(an_older_copy_that_is_no_backup_is_quarantined),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
