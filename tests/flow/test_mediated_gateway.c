/* SPDX-License-Identifier: Apache-2.0 */
/* The main job with a mediator beside it: the gateway's operational DID names it, and its
 * owner reaches the gateway through it although nobody can dial the gateway. */
#include "agent/protocol/mediate.h"
#include "didcomm/routing.h"
#include "tests/fakes/resale.h"

static struct story s;
static struct sim_node *mediator;

static void allow(struct berth_policy *p)
{
	p->mediate = BERTH_MEDIATE_ANYONE;
	p->relay_clients = p->relay_dids = 8;
	p->relay_messages = p->relay_all_messages = 64;
	p->relay_bytes = p->relay_all_bytes = 1 << 20;
	p->relay_lifetime_s = 86400;
}

static void add_mediator(void)
{
	static const struct berth_machine *const machines[] = { &berth_mediator_machine, &berth_relay_machine, &berth_pickup_machine,
		&berth_problem_machine };

	mediator = sim_add(&s.w, "mediator", "nng+tcp://mediator.test:1", machines, 4);
	allow(&mediator->policy);
	sim_on(mediator);
	CHECK_OK(berth_agent_make_identity(mediator->agent, BERTH_ID_MEDIATOR, BERTH_KEY_ED25519, BERTH_AGREE_TYPE, 0, true));
	s.gateway->policy.mediator_did = strdup(story_identity(mediator, BERTH_ID_MEDIATOR)->did_long);
	s.gateway->policy.mediator_uri = mediator->uri;
	s.gateway->policy.mediator_interval_s = 900;
	s.gateway->cfg.machines[s.gateway->cfg.n_machines++] = &berth_mediated_machine;
}

static const struct berth_identity *operational(void)
{
	struct berth_json *data = story_data(&s, s.gateway);
	const struct berth_identity *id =
		story_identity(s.gateway, berth_data_str(berth_json_get(data, "active"), "identity"));

	berth_json_free(data);
	return id;
}

static bool registered(struct sim *w)
{
	struct berth_buf client = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	const char *op = operational()->did;
	enum berth_err rc;

	(void)w;
	sim_as(mediator);
	rc = berth_mediate_route(berth_agent_env(mediator->agent), op, &client, &did);
	berth_buf_free(&client);
	berth_buf_free(&did);
	return rc == BERTH_OK;
}

static char thid[BERTH_MESSAGE_ID_MAX + 1];

static bool ponged(struct sim *w)
{
	struct berth_buf pong = BERTH_BUF_INIT;
	bool found = false;
	const char *op = operational()->did;

	(void)w;
	sim_as(s.owner);
	CHECK_OK(berth_store_get(s.owner->store, "pong", op, &pong, &found));
	found = found && strstr(berth_buf_cstr(&pong), thid);
	berth_buf_free(&pong);
	return found;
}

static void ping_the_gateway(void)
{
	struct berth_json *args = berth_json_new_object(), *result = NULL;

	CHECK_OK(berth_json_set_str(args, "identity", BERTH_ID_OWNER));
	CHECK_OK(berth_json_set_str(args, "peer", operational()->did_long));
	sim_as(s.owner);
	CHECK_OK(berth_agent_command(s.owner->agent, "ping", NULL, "cmd/ping", args, &result));
	snprintf(thid, sizeof(thid), "%s", berth_json_str(berth_json_get(result, "thid")));
	berth_json_free(result);
	berth_json_free(args);
}

static void an_owner_reaches_its_gateway_through_the_mediator(void **state)
{
	struct berth_routes r;

	(void)state;
	story_cast(&s);
	add_mediator();
	story_start(&s);
	assert_true(sim_run(&s.w, story_operational, 300));
	assert_non_null(operational()->via);
	assert_true(sim_run(&s.w, registered, 60));
	sim_as(s.owner);
	CHECK_OK(berth_routes_find(&r, berth_agent_env(s.owner->agent)->resolver, operational()->did, BERTH_ROUTE_LOOKUPS_MAX));
	assert_int_equal(r.n, 1);
	assert_string_equal(r.list[0].uri, mediator->uri);
	assert_int_equal(r.list[0].n_hops, 1);
	berth_routes_free(&r);
	ping_the_gateway();
	assert_true(sim_run(&s.w, ponged, 120));
	assert_true(sim_run(&s.w, story_settled, 120));
	free((char *)s.gateway->policy.mediator_did);
	story_end(&s);
}

static char old_did[512];

static bool rotated(struct sim *w)
{
	return story_operational(w) && strcmp(operational()->did, old_did) != 0 && registered(w);
}

static bool old_is_gone(struct sim *w)
{
	struct berth_buf client = BERTH_BUF_INIT, did = BERTH_BUF_INIT;
	enum berth_err rc;

	(void)w;
	sim_as(mediator);
	rc = berth_mediate_route(berth_agent_env(mediator->agent), old_did, &client, &did);
	berth_buf_free(&client);
	berth_buf_free(&did);
	return rc == BERTH_E_ROUTE;
}

/* The new DID is registered, the old one removed when its keys have gone. */
static void a_rotation_is_registered(void **state)
{
	(void)state;
	story_cast(&s);
	add_mediator();
	story_start(&s);
	assert_true(sim_run(&s.w, story_settled, 300));
	assert_true(sim_run(&s.w, registered, 60));
	snprintf(old_did, sizeof(old_did), "%s", operational()->did);
	story_rotate(&s);
	assert_true(sim_run(&s.w, rotated, 3600));
	assert_true(sim_run(&s.w, old_is_gone, 30 * 86400));
	ping_the_gateway();
	assert_true(sim_run(&s.w, ponged, 120));
	free((char *)s.gateway->policy.mediator_did);
	story_end(&s);
}

/* ---- the end of an epoch, and of the device */

/* Onboarded and registered; old_did is what the mediator takes mail for. */
static void in_use(void)
{
	story_cast(&s);
	add_mediator();
	story_start(&s);
	assert_true(sim_run(&s.w, story_settled, 300));
	assert_true(sim_run(&s.w, registered, 120));
	snprintf(old_did, sizeof(old_did), "%s", operational()->did);
	resale_watch(&s);
}

static void end_it(const char *on)
{
	berth_json_free(resale_command(s.owner, s.device, on, NULL, BERTH_OK));
}

static void over(void)
{
	free((char *)s.gateway->policy.mediator_did);
	story_end(&s);
}

static bool released_and_gone(struct sim *w) { return resale_released(w) && old_is_gone(w); }

/* It stays the mediator's client, under a DID that no owner knows. */
static void a_released_device_takes_its_did_off_the_mediator(void **state)
{
	(void)state;
	in_use();
	end_it("cmd/transfer");
	assert_true(sim_run(&s.w, released_and_gone, 3600));
	sim_wait(&s.w, 3600);
	assert_true(old_is_gone(&s.w));
	over();
}

/* Nothing of it waits; the mediator's answer does, which nobody will ask for. */
static bool retired_and_gone(struct sim *w)
{
	struct berth_store_counts c;

	CHECK_OK(berth_store_counts(s.gateway->store, &c));
	return strcmp(story_state(&s, s.owner), "RETIRED") == 0 && strcmp(story_state(&s, s.gateway), "RETIRED") == 0 &&
	       c.out == 0 && berth_agent_identity_count(s.gateway->agent) == 0 && old_is_gone(w);
}

static size_t to_mediator;

static void count_mediator(struct sim_node *from, const char *uri)
{
	to_mediator += from == s.gateway && strcmp(uri, mediator->uri) == 0;
}

/* And then says no word to it, in whole days and over restarts. */
static void a_retired_device_leaves_the_mediator(void **state)
{
	(void)state;
	in_use();
	end_it("cmd/retire");
	assert_true(sim_run(&s.w, retired_and_gone, 3600));
	assert_int_equal(berth_keystore_count(s.gateway->ks), 0);
	assert_int_equal(story_audit(s.gateway, "none of our DIDs is used any more"), 1);
	to_mediator = 0;
	s.w.on_send = count_mediator;
	for (int i = 0; i < 2; i++) {
		sim_wait(&s.w, 86400);
		sim_off(s.gateway);
		sim_on(s.gateway);
	}
	assert_int_equal(to_mediator, 0);
	over();
}

/* The mediator is away when the device is retired, and hears of it all the same. */
static void a_mediator_that_is_away_hears_of_it_later(void **state)
{
	(void)state;
	in_use();
	sim_off(mediator);
	end_it("cmd/retire");
	sim_wait(&s.w, 43200);
	assert_string_equal(story_state(&s, s.gateway), "RETIRED");
	sim_off(s.gateway);
	sim_on(s.gateway);
	sim_on(mediator);
	assert_false(old_is_gone(&s.w));
	assert_true(sim_run(&s.w, retired_and_gone, 86400));
	over();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_owner_reaches_its_gateway_through_the_mediator),
		cmocka_unit_test(a_rotation_is_registered),
		cmocka_unit_test(a_released_device_takes_its_did_off_the_mediator),
		cmocka_unit_test(a_retired_device_leaves_the_mediator),
		cmocka_unit_test(a_mediator_that_is_away_hears_of_it_later),
	};

	return cmocka_run_group_tests_name("mediated gateway", tests, NULL, NULL);
}
