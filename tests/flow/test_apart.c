/* SPDX-License-Identifier: Apache-2.0 */
/* What is long and seldom read has a record of its own: a gateway's DeviceCredential, the chain
 * of an owner's device.  Stores of before that, where either stood among all the rest, go on. */
#include "tests/fakes/resale.h"

static struct berth_json *apart(struct sim_node *n, const struct berth_machine *m, const char *key)
{
	struct berth_json *v;

	sim_as(n);
	CHECK_OK(berth_agent_apart(n->agent, m, key, &v));
	return v;
}

static void check_equal(const struct berth_json *a, const struct berth_json *b)
{
	struct berth_buf x = BERTH_BUF_INIT, y = BERTH_BUF_INIT;

	CHECK_OK(berth_json_print(&x, a));
	CHECK_OK(berth_json_print(&y, b));
	assert_string_equal(berth_buf_cstr(&x), berth_buf_cstr(&y));
	berth_buf_free(&x);
	berth_buf_free(&y);
}

static bool has_record(struct sim_node *n, const struct berth_machine *m, const char *key)
{
	struct berth_buf text = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(n->store, m->apart_ns, key, &text, &found));
	berth_buf_free(&text);
	return found;
}

static bool is_in_data(struct sim_node *n, const struct berth_machine *m, const char *key)
{
	struct berth_json *v;
	bool is;

	CHECK_OK(berth_agent_instance(n->agent, m->name, key, &v));
	is = berth_json_get(berth_json_get(v, "data"), m->apart) != NULL;
	berth_json_free(v);
	return is;
}

static void check_moved(struct story *s)
{
	assert_true(has_record(s->gateway, &berth_gateway_machine, "self"));
	assert_false(is_in_data(s->gateway, &berth_gateway_machine, "self"));
	assert_true(has_record(s->owner, &berth_owner_machine, s->device));
	assert_false(is_in_data(s->owner, &berth_owner_machine, s->device));
}

static void put_back(struct sim_node *n, const char *machine, const char *key, const struct berth_json *v)
{
	struct berth_buf text = BERTH_BUF_INIT;

	CHECK_OK(berth_json_print(&text, v));
	CHECK_OK(berth_store_put(n->store, machine, key, text.p, text.len));
	berth_buf_free(&text);
}

/* As an earlier version has left it. */
static void make_older(struct sim_node *n, const struct berth_machine *m, const char *key)
{
	struct berth_json *v, *long_one = apart(n, m, key);

	CHECK_OK(berth_agent_instance(n->agent, m->name, key, &v));
	CHECK_OK(berth_json_set(berth_json_get_mut(v, "data"), m->apart, long_one));
	CHECK_OK(berth_store_begin(n->store));
	put_back(n, m->name, key, v);
	CHECK_OK(berth_store_delete(n->store, m->apart_ns, key));
	CHECK_OK(berth_store_commit(n->store));
	berth_json_free(v);
	assert_true(is_in_data(n, m, key));
}

/* An owner remembered all of a credential, and a gateway had it among its data. */
static void make_credential_older(struct story *s)
{
	char *compact = story_credential(s);
	struct berth_json *v, *active;

	CHECK_OK(berth_agent_instance(s->owner->agent, "owner", s->device, &v));
	CHECK_OK(berth_json_set_str(berth_json_get_mut(v, "data"), "credential", compact));
	CHECK_OK(berth_store_begin(s->owner->store));
	put_back(s->owner, "owner", s->device, v);
	CHECK_OK(berth_store_commit(s->owner->store));
	berth_json_free(v);
	CHECK_OK(berth_agent_instance(s->gateway->agent, "gateway", NULL, &v));
	active = berth_json_get_mut(berth_json_get_mut(v, "data"), "active");
	CHECK_OK(berth_json_set_str(active, "credential", compact));
	CHECK_OK(berth_store_begin(s->gateway->store));
	CHECK_OK(berth_store_delete(s->gateway->store, BERTH_NS_OPERATIONAL, berth_data_str(active, "identity")));
	put_back(s->gateway, "gateway", "self", v);
	CHECK_OK(berth_store_commit(s->gateway->store));
	berth_json_free(v);
	free(compact);
}

static void make_both_older(struct story *s)
{
	make_older(s->gateway, &berth_gateway_machine, "self");
	make_older(s->owner, &berth_owner_machine, s->device);
}

static void it_is_what_was_learned(void **state)
{
	struct berth_json *chain, *package, *dc;
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	chain = story_chain(&s);
	sim_on(s.gateway);
	story_settle(&s);
	check_moved(&s);
	package = apart(s.owner, &berth_owner_machine, s.device);
	check_equal(package, chain);
	dc = apart(s.gateway, &berth_gateway_machine, NULL);
	check_equal(dc, berth_json_get(chain, "deviceCredential"));
	berth_json_free(chain);
	berth_json_free(package);
	berth_json_free(dc);
	story_end(&s);
}

static void an_older_store_onboards(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	make_both_older(&s);
	sim_off(s.owner);
	sim_on(s.owner);
	sim_off(s.gateway);
	sim_on(s.gateway);
	story_settle(&s);
	story_check_end(&s, 1);
	check_moved(&s);
	story_end(&s);
}

/* It is read where it stands as long as nothing is written. */
static void an_older_store_changes_hands(void **state)
{
	struct berth_json *dc, *again;
	struct sim_node *next;
	struct story s;

	(void)state;
	story_in_use(&s);
	dc = apart(s.gateway, &berth_gateway_machine, NULL);
	make_both_older(&s);
	make_credential_older(&s);
	again = apart(s.gateway, &berth_gateway_machine, NULL);
	check_equal(again, dc);
	berth_json_free(again);
	next = forge_mallory(&s, "next", "nng+tcp://next.test:1");
	resale_watch(&s);
	berth_json_free(resale_command(s.owner, s.device, "cmd/transfer", story_identity(next, BERTH_ID_OWNER)->did_long, BERTH_OK));
	assert_true(sim_run(&s.w, resale_released, STORY_LIMIT_S));
	check_moved(&s);
	resale_take(&s, next);
	assert_true(sim_run(&s.w, story_settled, STORY_LIMIT_S));
	check_moved(&s);
	again = apart(s.gateway, &berth_gateway_machine, NULL);
	check_equal(again, dc);
	berth_json_free(again);
	berth_json_free(dc);
	story_end(&s);
}

static void an_older_credential_is_renewed(void **state)
{
	struct story s;
	char *before;

	(void)state;
	story_in_use(&s);
	make_credential_older(&s);
	sim_off(s.owner);
	sim_on(s.owner);
	before = strdup(story_operational_did(&s));
	story_rotate(&s);	/* by the operational DID, as long as that credential lives */
	for (int i = 0; i < 600 && !story_rotated(&s, before); i++)
		sim_wait(&s.w, 1);
	assert_true(story_rotated(&s, before));
	story_check_credential(&s);
	free(before);
	story_end(&s);
}

/* What a step has set and taken back was never anywhere. */
static void a_refused_chain_leaves_the_one_before(void **state)
{
	struct berth_json *chain, *package;
	struct sim_node *next;
	struct story s;

	(void)state;
	story_cast(&s);
	story_birth(&s);
	story_sale(&s);
	chain = story_chain(&s);
	next = forge_mallory(&s, "next", "nng+tcp://next.test:1");
	package = forge_sale(&s, chain, s.owner, BERTH_ID_OWNER, story_identity(next, BERTH_ID_OWNER), NULL);
	CHECK_RC(BERTH_E_HOLDER, story_import(s.owner, package, NULL, NULL));
	berth_json_free(package);
	package = apart(s.owner, &berth_owner_machine, s.device);
	check_equal(package, chain);
	berth_json_free(package);
	sim_as(s.owner);
	CHECK_RC(BERTH_E_NOMATCH, berth_agent_apart(s.owner->agent, &berth_owner_machine, "another", &package));
	assert_null(package);
	berth_json_free(chain);
	story_end(&s);
}

/* A candidate was kept as it had come, and an offer did not say how long its credential lives. */
static void change_data(struct story *s, void (*change)(struct berth_json *data))
{
	struct berth_json *v;

	sim_as(s->gateway);
	CHECK_OK(berth_agent_instance(s->gateway->agent, "gateway", NULL, &v));
	change(berth_json_get_mut(v, "data"));
	CHECK_OK(berth_store_begin(s->gateway->store));
	put_back(s->gateway, "gateway", "self", v);
	CHECK_OK(berth_store_commit(s->gateway->store));
	berth_json_free(v);
}

static void older_candidate(struct berth_json *data)
{
	struct berth_json *list = berth_json_new_array(), *v = berth_json_new_object();

	CHECK_OK(berth_json_set_str(v, "blob", "a.b.c"));
	CHECK_OK(berth_json_set(v, "package", berth_json_new_object()));
	CHECK_OK(berth_json_push(list, v));
	CHECK_OK(berth_json_set(berth_data_obj(data, "seek"), "candidates", list));
}

static void an_older_candidate_is_looked_for_again(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(story_run_to(&s, s.gateway, "SEEKING"));
	change_data(&s, older_candidate);
	assert_true(sim_run(&s.w, story_settled, 600));
	assert_int_equal(story_audit(s.gateway, "nobody who may own this device was found"), 1);
	story_end(&s);
}

static void older_offer(struct berth_json *data)
{
	struct berth_json *offer = berth_data_obj(data, "offer");

	berth_json_remove(offer, "issuedS");
	berth_json_remove(offer, "expS");
}

static void an_older_offer_is_renewed_within_a_day(void **state)
{
	struct berth_json *data;
	struct story s;

	(void)state;
	story_begin(&s);
	assert_true(story_run_to(&s, s.gateway, "COMMITTING"));
	change_data(&s, older_offer);
	assert_true(sim_run(&s.w, story_settled, 600));
	data = story_data(&s, s.gateway);
	assert_int_equal(berth_data_int(berth_json_get(data, "active"), "lifeS", 0), 86400);
	berth_json_free(data);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_what_was_learned),
		cmocka_unit_test(an_older_store_onboards),
		cmocka_unit_test(an_older_store_changes_hands),
		cmocka_unit_test(an_older_credential_is_renewed),
		cmocka_unit_test(a_refused_chain_leaves_the_one_before),
		cmocka_unit_test(an_older_candidate_is_looked_for_again),
		cmocka_unit_test(an_older_offer_is_renewed_within_a_day),
	};

	return cmocka_run_group_tests_name("apart", tests, NULL, NULL);
}
