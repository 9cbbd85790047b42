/* SPDX-License-Identifier: Apache-2.0 */
/* The tip's owner keeps its key offline; an agent with its delegation onboards. */
#include "did/base/clock.h"
#include "did/url.h"
#include "tests/fakes/forge.h"

#define LIMIT_S 14400

static struct sim_node *agent;
static const char *device;

static struct berth_json *delegation(struct story *s, const struct sim_node *to, int64_t days)
{
	const struct berth_identity *id = story_identity((struct sim_node *)to, BERTH_ID_OWNER);
	struct berth_json *args = berth_json_new_object(), *chain = NULL;
	char until[BERTH_RFC3339_LEN + 1];

	sim_as(s->owner);
	berth_rfc3339_format(until, berth_clock_now_s() + days * 86400);
	CHECK_OK(berth_json_set_str(args, "to", id->did_long));
	CHECK_OK(berth_json_set_str(args, "until", until));
	CHECK_OK(berth_agent_command(s->owner->agent, "owner", s->device, "cmd/delegate", args, &chain));
	berth_json_free(args);
	return chain;
}

/* Sold to an owner that nobody can reach, and that registers nowhere. */
static void sold_offline(struct story *s)
{
	struct berth_json *chain;

	story_cast(s);
	story_birth(s);
	s->owner->policy.n_rendezvous = 0;
	chain = story_chain(s);
	CHECK_OK(story_import(s->owner, chain, NULL, NULL));
	berth_json_free(chain);
	device = s->device;
}

static bool onboarded(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(agent, "owner", device), "ACTIVE") == 0;
}

static void an_agent_onboards_for_an_owner_that_is_offline(void **state)
{
	struct berth_json *chain, *data;
	const struct berth_json *active, *owners;
	struct story s;
	char *owner;

	(void)state;
	sold_offline(&s);
	agent = forge_mallory(&s, "agent", "nng+tcp://agent.test:1");
	chain = delegation(&s, agent, 30);
	owner = strdup(story_identity(s.owner, BERTH_ID_OWNER)->did);
	sim_off(s.owner);
	CHECK_OK(story_import(agent, chain, NULL, NULL));
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, onboarded, LIMIT_S));
	assert_string_equal(story_state(&s, s.gateway), "OPERATIONAL");
	data = story_data(&s, s.gateway);
	active = berth_json_get(data, "active");
	assert_true(berth_did_same(berth_data_str(active, "for"), owner));
	assert_true(berth_did_same(berth_data_str(active, "owner"), story_identity(agent, BERTH_ID_OWNER)->did));
	owners = berth_json_get(berth_json_get(active, "trust"), "owners");
	assert_int_equal(berth_json_len(owners), 2);
	assert_true(berth_did_same(berth_json_str(berth_json_at(owners, 0)), owner));
	assert_int_equal(berth_data_int(data, "dseq", 0), 1);
	berth_json_free(data);
	berth_json_free(chain);
	free(owner);
	story_end(&s);
}

/* Another agent's delegation, or the bare chain, makes nobody an onboarding agent. */
static void a_delegation_is_for_one_agent(void **state)
{
	struct berth_json *chain, *bare;
	struct sim_node *other;
	struct story s;

	(void)state;
	sold_offline(&s);
	agent = forge_mallory(&s, "agent", "nng+tcp://agent.test:1");
	other = forge_mallory(&s, "other", "nng+tcp://other.test:1");
	chain = delegation(&s, agent, 30);
	bare = forge_package(&s, s.owner);
	CHECK_RC(BERTH_E_HOLDER, story_import(other, chain, NULL, NULL));
	CHECK_RC(BERTH_E_HOLDER, story_import(agent, bare, NULL, NULL));
	CHECK_OK(story_import(agent, chain, NULL, NULL));	/* the twin */
	berth_json_free(chain);
	berth_json_free(bare);
	story_end(&s);
}

static void command(struct story *s, struct sim_node *n, enum berth_err want, const char *to, const char *until)
{
	struct berth_json *args = berth_json_new_object(), *out = NULL;

	sim_as(n);
	CHECK_OK(berth_json_set_str(args, "to", to));
	CHECK_OK(berth_json_set_str(args, "until", until));
	CHECK_RC(want, berth_agent_command(n->agent, "owner", s->device, "cmd/delegate", args, &out));
	berth_json_free(args);
	berth_json_free(out);
}

static void what_is_no_delegation_is_refused(void **state)
{
	static const char late[] = "2099-01-01T00:00:00Z";
	struct berth_json *chain;
	const char *to;
	struct story s;

	(void)state;
	sold_offline(&s);
	agent = forge_mallory(&s, "agent", "nng+tcp://agent.test:1");
	to = story_identity(agent, BERTH_ID_OWNER)->did_long;
	command(&s, s.owner, BERTH_E_EXPIRED, to, "2020-01-01T00:00:00Z");
	command(&s, s.owner, BERTH_E_TYPE, to, "tomorrow");
	command(&s, s.owner, BERTH_E_DID, "did:web:agent.test", late);	/* nothing that holds for ever */
	command(&s, agent, BERTH_E_NOMATCH, to, late);			/* it has no chain */
	command(&s, s.owner, BERTH_OK, to, late);			/* the twin */
	chain = delegation(&s, agent, 30);
	CHECK_OK(story_import(agent, chain, NULL, NULL));
	command(&s, agent, BERTH_E_AUTHZ, to, late);			/* a delegate does not delegate */
	berth_json_free(chain);
	story_end(&s);
}

/* The rendezvous tells the gateway of exactly this agent. */
static void only_register(struct story *s, const struct berth_json *chain, struct sim_node *by, int64_t reg_no)
{
	struct berth_json *list = berth_json_new_array();

	CHECK_OK(berth_json_push(list, forge_answer(s, chain, by, BERTH_ID_OWNER, reg_no, 0)));
	forge_registrations(s, list);
}

static void a_delegation_that_was_replaced_is_e_replay(void **state)
{
	struct berth_json *first, *second, *third;
	struct sim_node *old;
	struct story s;

	(void)state;
	sold_offline(&s);
	s.gateway->policy.run_timeout_s = 20;
	old = forge_mallory(&s, "old", "nng+tcp://old.test:1");
	agent = forge_mallory(&s, "agent", "nng+tcp://agent.test:1");
	first = delegation(&s, old, 30);
	second = delegation(&s, agent, 30);
	third = delegation(&s, old, 30);
	CHECK_OK(story_import(agent, second, NULL, NULL));
	CHECK_OK(story_import(old, first, NULL, NULL));
	sim_wait(&s.w, 5);
	sim_off(agent);		/* it was found, and that is enough */
	only_register(&s, second, old, 50);	/* signed by another than the delegate: */
	sim_on(s.gateway);
	sim_wait(&s.w, 60);
	assert_true(story_audit(s.gateway, "one refused: E_AUTHZ: blob by neither owner nor delegate") >= 1);
	sim_on(agent);
	only_register(&s, second, agent, 51);
	sim_off(agent);
	sim_wait(&s.w, 3600);
	assert_true(story_audit(s.gateway, "an owner was found") >= 1);
	only_register(&s, first, old, 52);
	sim_wait(&s.w, 7200);
	assert_true(story_audit(s.gateway, "one refused: E_REPLAY: delegation 1 after 2") >= 1);
	assert_string_not_equal(story_state(&s, s.gateway), "OPERATIONAL");
	/* the twin: the same agent with a later word of the owner */
	CHECK_OK(story_import(old, third, NULL, NULL));
	only_register(&s, third, old, 53);
	agent = old;
	assert_true(sim_run(&s.w, onboarded, 86400));
	berth_json_free(first);
	berth_json_free(second);
	berth_json_free(third);
	story_end(&s);
}

static void set_floor(struct sim_node *n, int64_t floor_s)
{
	CHECK_OK(berth_store_begin(n->store));
	CHECK_OK(berth_store_counter_set(n->store, "time-floor", floor_s));
	CHECK_OK(berth_store_commit(n->store));
}

/* The gateway has no clock; what it knows is that it is at least so late. */
static void a_delegation_that_is_over_by_the_floor_is_e_expired(void **state)
{
	struct berth_json *chain, *later;
	struct story s;
	int64_t floor;

	(void)state;
	sold_offline(&s);
	agent = forge_mallory(&s, "agent", "nng+tcp://agent.test:1");
	chain = delegation(&s, agent, 30);
	later = delegation(&s, agent, 90);
	floor = s.owner->now_s + 60 * 86400;
	CHECK_OK(story_import(agent, chain, NULL, NULL));
	sim_on(s.gateway);
	set_floor(s.gateway, floor);
	sim_wait(&s.w, 600);
	assert_true(story_audit(s.gateway, "one refused: E_EXPIRED: delegation") >= 1);
	assert_string_equal(story_state(&s, s.gateway), "SEEKING");
	/* the twin */
	CHECK_OK(story_import(agent, later, NULL, NULL));
	assert_true(sim_run(&s.w, onboarded, LIMIT_S));
	/* and whoever has a clock does not even start with one that is over */
	sim_off(agent);
	agent->now_s += 100 * 86400;
	sim_on(agent);
	CHECK_OK(berth_store_begin(agent->store));
	CHECK_OK(berth_store_delete(agent->store, "owner", s.device));
	CHECK_OK(berth_store_commit(agent->store));
	CHECK_RC(BERTH_E_EXPIRED, story_import(agent, later, NULL, NULL));
	berth_json_free(chain);
	berth_json_free(later);
	story_end(&s);
}

/* ---- afterwards ---- */
static struct story *now;
static int renewals;

static bool renewed(struct sim *w)
{
	(void)w;
	return story_audit(agent, "uses its new keys") == renewals &&
	       strcmp(story_state(now, now->gateway), "OPERATIONAL") == 0;
}

/* One that says less than `devices delegate` does. */
static struct berth_json *narrow(struct story *s, const struct berth_json *chain, int64_t dseq)
{
	struct berth_json *copy = berth_json_clone(chain), *data = story_data(s, s->owner);
	struct berth_delegation d = { .scope = { BERTH_SCOPE_ONBOARD }, .n_scope = 1, .dseq = dseq,
		.delegate = story_identity(agent, BERTH_ID_OWNER)->did_long, .exp_s = s->owner->now_s + 300 * 86400 };
	struct berth_buf compact = BERTH_BUF_INIT;

	sim_as(s->owner);
	CHECK_OK(berth_body_get_32(data, "tip", d.tip.b));
	CHECK_OK(berth_delegation_build(&compact, s->owner->keys->keyring, story_identity(s->owner, BERTH_ID_OWNER)->sign_kid, &d));
	CHECK_OK(berth_json_set_str(copy, "delegation", berth_buf_cstr(&compact)));
	berth_buf_free(&compact);
	berth_json_free(data);
	return copy;
}

static void older_delegation(struct berth_json *m, void *arg)
{
	CHECK_OK(berth_json_set_str(berth_json_get_mut(m, "body"), "delegation", arg));
}

/* A delegate renews as long as it may, and not by what it was allowed once. */
static void renewals_need_a_delegation_that_holds(void **state)
{
	struct berth_json *chain, *later, *onboard_only, *bare, *early;
	struct story s;

	(void)state;
	sold_offline(&s);
	now = &s;
	agent = forge_mallory(&s, "agent", "nng+tcp://agent.test:1");
	agent->policy.credential_s = 400 * 86400;	/* longer than any of the delegations */
	early = delegation(&s, agent, 200);
	chain = delegation(&s, agent, 30);
	onboard_only = narrow(&s, chain, 3);
	later = delegation(&s, agent, 90);	/* dseq 3 as well */
	bare = forge_package(&s, s.owner);
	CHECK_OK(story_import(agent, chain, NULL, NULL));
	sim_on(s.gateway);
	assert_true(sim_run(&s.w, onboarded, LIMIT_S));
	renewals = 1;
	story_rotate(&s);
	assert_true(sim_run(&s.w, renewed, LIMIT_S));
	/* over by the device's floor of time */
	set_floor(s.gateway, s.owner->now_s + 60 * 86400);
	story_rotate(&s);
	sim_wait(&s.w, 600);
	assert_true(story_audit(s.gateway, "refused: E_EXPIRED: delegation") >= 1);
	assert_string_equal(story_state(&s, s.gateway), "RENEWING");
	/* one that is for onboarding only; and none at all is not even imported */
	CHECK_RC(BERTH_E_HOLDER, story_import(agent, bare, NULL, NULL));
	CHECK_OK(story_import(agent, onboard_only, NULL, NULL));
	sim_wait(&s.w, 7200);
	assert_true(story_audit(s.gateway, "refused: E_AUTHZ: delegation of another agent, tip or scope") >= 1);
	/* the twin */
	CHECK_OK(story_import(agent, later, NULL, NULL));
	renewals = 2;
	assert_true(sim_run(&s.w, renewed, 4 * 3600));
	/* and an older one, that would still hold, after it */
	forge_edit("renew-issue", older_delegation, (void *)(uintptr_t)berth_data_str(early, "delegation"));
	story_rotate(&s);
	sim_wait(&s.w, 30);
	assert_true(forge_edited());
	assert_true(story_audit(s.gateway, "refused: E_REPLAY: delegation 1 after 3") >= 1);
	renewals = 3;
	assert_true(sim_run(&s.w, renewed, 4 * 3600));
	berth_json_free(early);
	berth_json_free(chain);
	berth_json_free(later);
	berth_json_free(onboard_only);
	berth_json_free(bare);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_agent_onboards_for_an_owner_that_is_offline),
		cmocka_unit_test(a_delegation_is_for_one_agent),
		cmocka_unit_test(what_is_no_delegation_is_refused),
		cmocka_unit_test(a_delegation_that_was_replaced_is_e_replay),
		cmocka_unit_test(a_delegation_that_is_over_by_the_floor_is_e_expired),
		cmocka_unit_test(renewals_need_a_delegation_that_holds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
