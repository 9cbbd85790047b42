/* SPDX-License-Identifier: Apache-2.0 */
/* A managed-service provider works under a delegation: what each of its rights lets it do
 * to a device that the owner alone may transfer, retire or revoke.  And who is approved by
 * policy, and who waits for a person. */
#include "agent/protocol/status_lists.h"
#include "did/base/clock.h"
#include "tests/fakes/forge.h"

#define LIMIT_S 14400

static struct story *now;
static struct sim_node *provider;
static const char *device;

/* ---- delegations ---- */
static struct berth_json *delegation(struct story *s, const char *scope, enum berth_err want)
{
	struct berth_json *args = berth_json_new_object(), *chain = NULL, *list;
	char until[BERTH_RFC3339_LEN + 1];

	sim_as(s->owner);
	berth_rfc3339_format(until, berth_clock_now_s() + 90 * 86400);
	CHECK_OK(berth_json_set_str(args, "to", story_identity(provider, BERTH_ID_OWNER)->did_long));
	CHECK_OK(berth_json_set_str(args, "until", until));
	if (scope) {
		CHECK_OK(berth_json_parse(&list, scope, strlen(scope), 200));
		CHECK_OK(berth_json_set(args, "scope", list));
	}
	sim_as(s->owner);
	CHECK_RC(want, berth_agent_command(s->owner->agent, "owner", s->device, "cmd/delegate", args, &chain));
	berth_json_free(args);
	return chain;
}

/* Onboarded by a provider that may do all that can be delegated. */
static void begin(struct story *s, const char *scope)
{
	struct berth_json *chain;

	story_cast(s);
	now = s;
	story_birth(s);
	s->owner->policy.n_rendezvous = 0;
	chain = story_chain(s);
	CHECK_OK(story_import(s->owner, chain, NULL, NULL));
	berth_json_free(chain);
	device = s->device;
	provider = forge_mallory(s, "provider", "nng+tcp://provider.test:1");
	chain = delegation(s, scope, BERTH_OK);
	CHECK_OK(story_import(provider, chain, NULL, NULL));
	berth_json_free(chain);
	sim_on(s->gateway);
}

static bool onboarded(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(provider, "owner", device), "ACTIVE") == 0;
}

static enum berth_err order(const char *on)
{
	struct berth_json *args = berth_json_new_object(), *out = NULL;
	enum berth_err rc;

	sim_as(provider);
	CHECK_OK(berth_json_set_str(args, "to", story_identity(provider, BERTH_ID_OWNER)->did_long));
	rc = berth_agent_command(provider->agent, "owner", device, on, args, &out);
	berth_json_free(args);
	berth_json_free(out);
	return rc;
}

static void check_gateway(const char *state, const char *after)
{
	if (strcmp(story_state(now, now->gateway), state) != 0)
		fail_msg("%s: the gateway is %s", after, story_state(now, now->gateway));
}

static bool in_service(struct sim *w) { (void)w; return strcmp(story_state(now, now->gateway), "OPERATIONAL") == 0; }
static bool out_of_service(struct sim *w) { (void)w; return strcmp(story_state(now, now->gateway), "QUARANTINED") == 0; }

/* The twin of what follows. */
static void with_the_right_a_provider_suspends_and_takes_back(void **state)
{
	struct story s;

	(void)state;
	begin(&s, "[\"renew\",\"suspend\",\"attest\"]");
	assert_true(sim_run(&s.w, onboarded, LIMIT_S));
	CHECK_OK(order("cmd/suspend"));
	assert_true(sim_run(&s.w, out_of_service, LIMIT_S));
	CHECK_OK(order("cmd/resume"));
	assert_true(sim_run(&s.w, in_service, 2 * 3600));
	CHECK_RC(BERTH_E_KEY, order("cmd/attest"));	/* sealed keys; the right is there */
	story_end(&s);
}

static void without_it_its_own_agent_refuses(void **state)
{
	struct story s;

	(void)state;
	begin(&s, NULL);	/* onboard and renew */
	assert_true(sim_run(&s.w, onboarded, LIMIT_S));
	CHECK_RC(BERTH_E_AUTHZ, order("cmd/suspend"));
	CHECK_RC(BERTH_E_AUTHZ, order("cmd/revoke"));
	CHECK_RC(BERTH_E_AUTHZ, order("cmd/transfer"));
	CHECK_RC(BERTH_E_AUTHZ, order("cmd/retire"));
	check_gateway("OPERATIONAL", "orders");
	story_end(&s);
}

static void what_cannot_be_delegated_is_e_type(void **state)
{
	static const char *const scopes[] = { "[\"revoke\"]", "[\"transfer\"]", "[\"retire\"]", "[\"onboard\",\"*\"]", "[7]" };
	struct story s;

	(void)state;
	begin(&s, NULL);
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++)
		assert_null(delegation(&s, scopes[i], BERTH_E_TYPE));
	berth_json_free(delegation(&s, "[\"attest\",\"attest\",\"renew\",\"suspend\",\"onboard\"]", BERTH_OK));	/* the twin */
	story_end(&s);
}

/* ---- a provider that does not keep to it: the gateway does ---- */
static void say(const char *name, struct berth_json *body)
{
	struct berth_json *data = story_data(now, now->gateway);
	char *did = strdup(story_identity(now->gateway, berth_data_str(berth_json_get(data, "active"), "identity"))->did_long);
	const struct forge_say what = { .from = provider, .identity = BERTH_ID_OWNER, .to = now->gateway, .to_did = did, .name = name };

	berth_json_free(data);
	forge_say(&what, body);
	free(did);
}

static struct berth_json *notice(int64_t seq, const char *status, const char *compact)
{
	struct berth_json *body = berth_json_new_object();

	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_int(body, "seq", seq));
	CHECK_OK(berth_json_set_str(body, "status", status));
	CHECK_OK(berth_json_set(body, "credentials", berth_json_new_array()));
	if (compact)
		CHECK_OK(berth_json_set_str(body, "delegation", compact));
	return body;
}

static struct berth_json *question(const char *compact)
{
	struct berth_json *body = berth_json_new_object(), *pcrs = berth_json_new_array();

	CHECK_OK(berth_json_push(pcrs, berth_json_new_int(0)));
	CHECK_OK(berth_json_set(body, "pcrs", pcrs));
	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_str(body, "nonce", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"));
	CHECK_OK(berth_json_set_str(body, "delegation", compact));
	return body;
}

static void check_said(const char *what, int n)
{
	if (story_audit(now->gateway, what) != n)
		fail_msg("the gateway says \"%s\" %d times, not %d", what, story_audit(now->gateway, what), n);
}

static struct berth_json *set(int64_t seq, const char *compact)
{
	struct berth_json *body = berth_json_new_object();

	CHECK_OK(berth_json_set_int(body, "epoch", 0));
	CHECK_OK(berth_json_set_int(body, "seq", seq));
	CHECK_OK(berth_json_set(body, "items", berth_json_new_array()));
	if (compact)
		CHECK_OK(berth_json_set_str(body, "delegation", compact));
	return body;
}

static bool configured(struct sim *w)
{
	struct berth_json *data;
	bool yes;

	if (!story_quiet(w))
		return false;
	sim_as(provider);
	CHECK_OK(berth_agent_instance(provider->agent, "owner", device, &data));
	yes = berth_json_says(berth_json_get(berth_json_get(berth_json_get(data, "data"), "set"), "status"), "active") &&
	      !berth_json_get(berth_json_get(data, "data"), "provision");
	berth_json_free(data);
	return yes;
}

static enum berth_err provide(const char *value)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(provider);
	CHECK_OK(berth_json_set_str(args, "id", "wifi"));
	CHECK_OK(berth_json_set_str(args, "type", "network"));
	CHECK_OK(berth_json_set_b64url(args, "value", value, strlen(value)));
	rc = berth_agent_command(provider->agent, "owner", device, "cmd/provision", args, NULL);
	berth_json_free(args);
	return rc;
}

/* A managed-service provider under a delegation may renew and configure. */
static void with_the_right_a_provider_configures(void **state)
{
	struct story s;

	(void)state;
	begin(&s, "[\"renew\",\"configure\"]");
	CHECK_OK(provide("ssid=first"));
	assert_true(sim_run(&s.w, onboarded, LIMIT_S));
	CHECK_OK(provide("ssid=second"));
	sim_wait(&s.w, 60);
	assert_true(sim_run(&s.w, configured, LIMIT_S));
	assert_int_equal(1, story_audit(s.gateway, "of items is active"));
	CHECK_RC(BERTH_E_AUTHZ, order("cmd/suspend"));	/* and nothing else */
	story_end(&s);
}

static void without_it_neither_its_agent_nor_the_gateway_lets_it(void **state)
{
	struct berth_json *narrow, *wide;
	struct story s;
	int64_t at;

	(void)state;
	begin(&s, NULL);	/* onboard and renew */
	CHECK_OK(provide("ssid=first"));	/* that is part of the run */
	assert_true(sim_run(&s.w, onboarded, LIMIT_S));
	CHECK_RC(BERTH_E_AUTHZ, provide("ssid=second"));
	at = s.owner->now_s + 100000;
	narrow = delegation(&s, "[\"renew\",\"suspend\",\"attest\"]", BERTH_OK);
	wide = delegation(&s, "[\"configure\"]", BERTH_OK);
	say("provision-set", set(at, NULL));
	assert_int_equal(1, story_audit(s.gateway, "provision-set refused: E_TYPE"));
	say("provision-set", set(at, berth_data_str(narrow, "delegation")));
	assert_int_equal(1, story_audit(s.gateway, "provision-set refused: E_AUTHZ: delegation of another agent, tip or scope"));
	assert_int_equal(0, story_audit(s.gateway, "of items is active"));
	say("provision-set", set(at, berth_data_str(wide, "delegation")));	/* the twin: an empty one */
	assert_int_equal(1, story_audit(s.gateway, "of items is active"));
	berth_json_free(narrow);
	berth_json_free(wide);
	story_end(&s);
}

static void the_gateway_holds_a_provider_to_its_delegation(void **state)
{
	static const char no_scope[] = "refused: E_AUTHZ: delegation of another agent, tip or scope";
	struct berth_json *narrow, *before, *wide;
	const char *few, *all;
	struct story s;
	int64_t at;

	(void)state;
	begin(&s, NULL);
	assert_true(sim_run(&s.w, onboarded, LIMIT_S));
	at = s.owner->now_s + 100000;
	narrow = delegation(&s, "[\"renew\"]", BERTH_OK);
	before = delegation(&s, "[\"suspend\"]", BERTH_OK);
	wide = delegation(&s, "[\"renew\",\"suspend\",\"attest\"]", BERTH_OK);
	few = berth_data_str(narrow, "delegation");
	all = berth_data_str(wide, "delegation");
	say("status-notify", notice(at, "suspended", NULL));
	check_said("refused: E_TYPE", 1);
	say("status-notify", notice(at, "suspended", few));
	check_said(no_scope, 1);
	say("attest-request", question(few));
	check_said(no_scope, 2);
	say("status-notify", notice(at, "revoked", all));
	check_said("refused: E_AUTHZ: a delegate says revoked", 1);
	check_gateway("OPERATIONAL", "what it may not");
	say("attest-request", question(all));
	check_said("refused: E_KEY: attest-request: nothing here can attest", 1);	/* it may ask */
	say("status-notify", notice(at, "suspended", all));
	check_gateway("QUARANTINED", "what it may");
	say("status-notify", notice(at + 1, "valid", berth_data_str(before, "delegation")));
	check_said("refused: E_REPLAY: delegation 3 after 4", 1);	/* and an earlier one counts no more */
	say("status-notify", notice(at + 1, "valid", all));
	check_gateway("OPERATIONAL", "and back");
	berth_json_free(narrow);
	berth_json_free(before);
	berth_json_free(wide);
	story_end(&s);
}

/* A delegation that is over says nothing, by the floor of time if need be. */
static void after_the_end_of_its_delegation_a_provider_says_nothing(void **state)
{
	struct story s;

	(void)state;
	begin(&s, "[\"suspend\"]");
	assert_true(sim_run(&s.w, onboarded, LIMIT_S));
	CHECK_OK(berth_store_begin(s.gateway->store));
	CHECK_OK(berth_store_counter_set(s.gateway->store, "time-floor", s.owner->now_s + 100 * 86400));
	CHECK_OK(berth_store_commit(s.gateway->store));
	CHECK_OK(order("cmd/suspend"));
	sim_wait(&s.w, 600);
	assert_true(story_audit(s.gateway, "refused: E_EXPIRED: delegation") >= 1);
	check_gateway("OPERATIONAL", "an old delegation");
	story_end(&s);
}

/* ---- approval ---- */
static const char *member(struct sim_node *n, const char *name)
{
	static char text[200];
	struct berth_json *data = story_data(now, n);

	snprintf(text, sizeof(text), "%s", berth_data_str(data, name) ? berth_data_str(data, name) : "");
	berth_json_free(data);
	return text;
}

static enum berth_err decide(struct story *s, const char *on, const char *reason)
{
	struct berth_json *args = berth_json_new_object();
	enum berth_err rc;

	sim_as(s->owner);
	if (reason)
		CHECK_OK(berth_json_set_str(args, "reason", reason));
	rc = berth_agent_command(s->owner->agent, "owner", s->device, on, args, NULL);
	berth_json_free(args);
	return rc;
}

static void who_is_not_approved_by_policy_waits_for_a_person(void **state)
{
	static struct berth_reference golden = { .name = "golden", .model = "Berth Box 1", .digests = { "x" }, .n_digests = 1 };
	static const char *const why[] = { "waiting for the operator's approval",
		"model Berth Box 1 is not one that policy approves", "nothing attests what it runs, as reference golden asks" };
	struct story s;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct berth_policy *p;

		story_cast(&s);
		now = &s;
		p = &s.owner->policy;
		p->approve_automatically = i > 0;
		p->approve_models[0] = i == 1 ? "Berth Box 2" : "Berth Box 1";
		p->n_approve_models = 1;
		if (i == 2)
			p->references[p->n_references++] = golden;
		story_start(&s);
		assert_true(story_run_to(&s, s.gateway, "PENDING"));
		assert_string_equal(story_state(&s, s.owner), "APPROVAL");
		assert_string_equal(member(s.owner, "hold"), why[i]);
		assert_string_equal(member(s.gateway, "pending"), why[i]);
		CHECK_OK(decide(&s, "cmd/deny", "it is not ours"));
		assert_string_equal(member(s.owner, "denied"), "it is not ours");
		assert_string_equal(member(s.owner, "hold"), "");
		assert_true(story_run_to(&s, s.gateway, "SEEKING"));
		assert_string_equal(member(s.gateway, "denied"), "it is not ours");
		assert_true(story_run_to(&s, s.gateway, "PENDING"));	/* it asks again */
		CHECK_OK(decide(&s, "cmd/approve", NULL));
		story_settle(&s);
		assert_string_equal(member(s.owner, "denied"), "");
		assert_string_equal(member(s.gateway, "denied"), "");
		assert_string_equal(member(s.gateway, "pending"), "");
		story_end(&s);
	}
}

static void who_is_approved_by_policy_does_not_wait(void **state)
{
	struct story s;

	(void)state;
	story_cast(&s);
	now = &s;
	s.owner->policy.approve_models[0] = "Berth Box 2";
	s.owner->policy.approve_models[1] = "Berth Box 1";
	s.owner->policy.n_approve_models = 2;
	story_start(&s);
	story_settle(&s);
	assert_int_equal(story_audit(s.owner, "waits for a person"), 0);
	story_check_end(&s, 1);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(with_the_right_a_provider_suspends_and_takes_back),
		cmocka_unit_test(without_it_its_own_agent_refuses),
		cmocka_unit_test(what_cannot_be_delegated_is_e_type),
		cmocka_unit_test(with_the_right_a_provider_configures),
		cmocka_unit_test(without_it_neither_its_agent_nor_the_gateway_lets_it),
		cmocka_unit_test(the_gateway_holds_a_provider_to_its_delegation),
		cmocka_unit_test(after_the_end_of_its_delegation_a_provider_says_nothing),
		cmocka_unit_test(who_is_not_approved_by_policy_waits_for_a_person),
		cmocka_unit_test(who_is_approved_by_policy_does_not_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
