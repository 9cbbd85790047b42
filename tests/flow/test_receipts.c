/* SPDX-License-Identifier: Apache-2.0 */
/* C.1a (b): a device that knows nothing yet takes a chain that was cut short; whom it
 * was really sold to finds out from the receipt. */
#include "did/url.h"
#include "tests/fakes/forge.h"

#define LIMIT_S 7200

/* The gateway belongs to A, the story's owner, who has sold it on to B and kept that
 * from everybody. */
struct sold_on {
	struct story s;
	struct sim_node *buyer;
	struct berth_json *shorter, *longer;
	char *receipt;
};

static void begin(struct sold_on *t)
{
	struct berth_json *data;

	story_begin(&t->s);
	t->buyer = forge_mallory(&t->s, "buyer", "nng+tcp://buyer.test:1");
	t->shorter = forge_package(&t->s, t->s.owner);
	t->longer = forge_sale(&t->s, t->shorter, t->s.owner, BERTH_ID_OWNER,
			       story_identity(t->buyer, BERTH_ID_OWNER), NULL);
	assert_true(sim_run(&t->s.w, story_settled, LIMIT_S));
	data = story_data(&t->s, t->s.gateway);
	t->receipt = strdup(berth_data_str(berth_json_get(data, "active"), "receipt"));
	berth_json_free(data);
}

static void end(struct sold_on *t)
{
	free(t->receipt);
	berth_json_free(t->shorter);
	berth_json_free(t->longer);
	story_end(&t->s);
}

static int64_t taken(struct sim_node *n)
{
	int64_t v;

	CHECK_OK(berth_store_count(n->store, BERTH_NS_TAKEN, &v));
	return v;
}

static void both_sides_keep_the_same_receipt(void **state)
{
	struct berth_json *o;
	struct sold_on t;

	(void)state;
	begin(&t);
	o = story_data(&t.s, t.s.owner);
	assert_string_equal(berth_data_str(o, "receipt"), t.receipt);
	berth_json_free(o);
	end(&t);
}

static void c1a_b_taken_by_an_earlier_owner_is_reported_with_the_proof(void **state)
{
	struct berth_json *result = NULL, *v = NULL;
	const struct berth_json *proof;
	struct sold_on t;

	(void)state;
	begin(&t);
	CHECK_OK(story_import(t.buyer, t.longer, t.receipt, &result));
	assert_string_equal(berth_data_str(result, "taken"), "taken-by-earlier-owner");
	proof = berth_json_get(result, "takenProof");
	assert_string_equal(berth_data_str(proof, "receipt"), t.receipt);
	assert_true(berth_did_same(berth_data_str(proof, "owner"), story_identity(t.s.owner, BERTH_ID_OWNER)->did));
	assert_int_equal(berth_data_int(proof, "seq", -1), 0);
	CHECK_OK(berth_agent_instance(t.buyer->agent, "owner", t.s.device, &v));
	assert_string_equal(berth_data_str(berth_json_get(v, "data"), "taken"), "taken-by-earlier-owner");
	assert_int_equal(story_audit(t.buyer, "says taken-by-earlier-owner"), 1);
	assert_int_equal(taken(t.buyer), 1);
	berth_json_free(v);
	berth_json_free(result);
	end(&t);
}

/* The twins: a receipt for our own tip, and one that was not shown. */
static void a_receipt_for_our_own_tip_is_ours(void **state)
{
	struct berth_json *result = NULL, *package;
	struct sim_node *again;
	struct sold_on t;

	(void)state;
	begin(&t);
	/* the owner's books were lost: its identity and the chain are not */
	again = t.s.owner;
	package = berth_json_clone(t.shorter);
	CHECK_RC(BERTH_E_AUTHZ, story_import(again, package, t.receipt, NULL));	/* it is ACTIVE */
	CHECK_OK(berth_store_begin(again->store));
	CHECK_OK(berth_store_delete(again->store, "owner", t.s.device));
	CHECK_OK(berth_store_commit(again->store));
	CHECK_OK(story_import(again, package, t.receipt, &result));
	assert_string_equal(berth_data_str(result, "taken"), "ours");
	assert_int_equal(taken(again), 0);
	berth_json_free(result);
	CHECK_OK(story_import(t.buyer, t.longer, NULL, &result));
	assert_null(berth_json_get(result, "taken"));
	assert_int_equal(taken(t.buyer), 0);
	berth_json_free(result);
	berth_json_free(package);
	end(&t);
}

static void a_receipt_of_another_chain(void **state)
{
	struct berth_json *result = NULL, *other;
	struct sold_on t;

	(void)state;
	begin(&t);
	/* the factory's root sold it a second time: a fork, and the device took the other */
	other = forge_sale(&t.s, NULL, t.s.factory, BERTH_ID_ROOT, story_identity(t.buyer, BERTH_ID_OWNER), NULL);
	CHECK_OK(story_import(t.buyer, other, t.receipt, &result));
	assert_string_equal(berth_data_str(result, "taken"), "taken-by-other-chain");
	assert_null(berth_json_get(berth_json_get(result, "takenProof"), "seq"));
	assert_int_equal(taken(t.buyer), 1);
	berth_json_free(result);
	berth_json_free(other);
	end(&t);
}

/* one character of the signature */
static char *forged(const char *token)
{
	char *copy = strdup(token), *sig = strrchr(copy, '.') + 10;

	*sig = *sig == 'A' ? 'B' : 'A';
	return copy;
}

static char *of_another_device(struct sold_on *t)
{
	const struct berth_identity *id = story_identity(t->buyer, BERTH_ID_OWNER);
	struct berth_receipt r = { .role = BERTH_RECEIPT_OWNERSHIP, .owner = id->did, .epoch = 0 };
	struct berth_buf b = BERTH_BUF_INIT;
	char *out;

	sim_as(t->buyer);
	CHECK_OK(berth_receipt_build(&b, t->buyer->keys->keyring, id->sign_kid_long, &r));
	out = berth_buf_take_str(&b);
	assert_non_null(out);
	return out;
}

/* Nothing is imported then, not even the chain. */
static void c1a_b_a_forged_receipt_or_anothers_is_refused(void **state)
{
	struct berth_json *v = NULL;
	char *bad, *other;
	struct sold_on t;

	(void)state;
	begin(&t);
	bad = forged(t.receipt);
	other = of_another_device(&t);
	CHECK_RC(BERTH_E_SIG, story_import(t.buyer, t.longer, bad, NULL));
	CHECK_RC(BERTH_E_HOLDER, story_import(t.buyer, t.longer, other, NULL));
	CHECK_RC(BERTH_E_ENV, story_import(t.buyer, t.longer, "not.a-token", NULL));
	CHECK_RC(BERTH_E_NOMATCH, berth_agent_instance(t.buyer->agent, "owner", t.s.device, &v));
	assert_int_equal(taken(t.buyer), 0);
	CHECK_OK(story_import(t.buyer, t.longer, t.receipt, NULL));	/* the twin */
	free(bad);
	free(other);
	end(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_keep_the_same_receipt),
		cmocka_unit_test(c1a_b_taken_by_an_earlier_owner_is_reported_with_the_proof),
		cmocka_unit_test(a_receipt_for_our_own_tip_is_ours),
		cmocka_unit_test(a_receipt_of_another_chain),
		cmocka_unit_test(c1a_b_a_forged_receipt_or_anothers_is_refused),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
