/* SPDX-License-Identifier: Apache-2.0 */
/* C.1a (c): an owner has sold a device twice, the device refuses both, and the ownershipRoot
 * says which of them holds. */
#include "tests/fakes/forge.h"

/* factory -> A (the story's owner) -> B and C, who both know nothing of the other. */
struct sides {
	struct story s;
	struct sim_node *b, *c;
	struct berth_json *first, *chain_b, *chain_c;	/* A's own, and where it forks */
};

static struct sim_node *buyer(struct sides *x, const char *name, const char *uri, struct berth_json **chain)
{
	struct sim_node *n = forge_mallory(&x->s, name, uri);

	*chain = forge_sale(&x->s, x->first, x->s.owner, BERTH_ID_OWNER, story_identity(n, BERTH_ID_OWNER), NULL);
	CHECK_OK(story_import(n, *chain, NULL, NULL));
	sim_wait(&x->s.w, 30);
	assert_string_equal(sim_state(n, "owner", x->s.device), "PUBLISHED");
	return n;
}

static void sold_twice(struct sides *x, bool recovery)
{
	story_cast(&x->s);
	x->s.factory->policy.recovery = recovery;
	story_birth(&x->s);
	x->first = story_chain(&x->s);
	x->b = buyer(x, "b", "nng+tcp://b.test:1", &x->chain_b);
	x->c = buyer(x, "c", "nng+tcp://c.test:1", &x->chain_c);
	sim_on(x->s.gateway);
	sim_wait(&x->s.w, 600);
	assert_string_equal(story_state(&x->s, x->s.gateway), "SEEKING");
	assert_int_equal(story_audit(x->s.gateway, "two owners show forked chains: both refused"), 1);
	assert_int_equal(story_audit(x->s.gateway, "an owner was found"), 0);
}

static void end(struct sides *x)
{
	berth_json_free(x->first);
	berth_json_free(x->chain_b);
	berth_json_free(x->chain_c);
	story_end(&x->s);
}

static enum berth_err resolve(struct sides *x, const struct berth_json *chain, const struct berth_json *refused, struct berth_json **out)
{
	struct berth_json *args = berth_json_new_object(), *list = berth_json_new_array();
	enum berth_err rc;

	*out = NULL;
	if (refused)
		CHECK_OK(berth_json_push(list, berth_json_clone(refused)));
	CHECK_OK(berth_json_set(args, "chain", berth_json_clone(chain)));
	CHECK_OK(berth_json_set(args, "refused", list));
	sim_as(x->s.factory);
	rc = berth_agent_command(x->s.factory->agent, "factory", x->s.device, "cmd/resolve", args, out);
	berth_json_free(args);
	return rc;
}

/* The device with that chain becomes B's, and stays it. */
static void goes_to_b(struct sides *x, const struct berth_json *chain)
{
	CHECK_OK(story_import(x->b, chain, NULL, NULL));
	x->s.owner = x->b;
	story_settle(&x->s);
	assert_string_equal(sim_state(x->c, "owner", x->s.device), "PUBLISHED");
	assert_int_equal(story_audit(x->c, "hello from device"), 0);
	assert_true(story_audit(x->s.gateway, "one refused: E_AUTHZ: entries[1] is one side of a fork") >= 1);
}

static void stays_without_owner(struct sides *x, const struct berth_json *chain, const char *why)
{
	CHECK_OK(story_import(x->b, chain, NULL, NULL));
	sim_wait(&x->s.w, 4 * 3600);
	assert_string_equal(story_state(&x->s, x->s.gateway), "SEEKING");
	assert_int_equal(story_audit(x->s.gateway, "an owner was found"), 0);
	if (story_audit(x->s.gateway, why) < 1)
		fail_msg("the gateway did not say: %s", why);
}

static void c1a_c_the_root_resolves_a_fork(void **state)
{
	struct berth_json *held, *again, *other;
	struct sides x;

	(void)state;
	sold_twice(&x, true);
	CHECK_OK(resolve(&x, x.chain_b, x.chain_c, &held));
	assert_int_equal(berth_json_len(berth_json_get(held, "entries")), 3);
	assert_int_equal(story_audit(x.s.factory, "at entry 1 resolved: 1 refused"), 1);
	/* once and for all: the same again, and nothing else */
	CHECK_OK(resolve(&x, x.chain_b, x.chain_c, &again));
	assert_true(berth_json_equal(held, again));
	assert_int_equal(story_audit(x.s.factory, "resolved: 1 refused"), 1);
	CHECK_RC(BERTH_E_AUTHZ, resolve(&x, x.chain_c, x.chain_b, &other));
	CHECK_RC(BERTH_E_AUTHZ, resolve(&x, held, x.chain_c, &other));
	goes_to_b(&x, held);
	berth_json_free(held);
	berth_json_free(again);
	end(&x);
}

/* C goes on selling: its side stays what it is. */
static void c1a_c_what_grows_from_the_refused_side_is_refused(void **state)
{
	struct berth_json *held, *longer, *longest, *out;
	struct sides x;

	(void)state;
	sold_twice(&x, true);
	CHECK_OK(resolve(&x, x.chain_b, x.chain_c, &held));
	longer = forge_sale(&x.s, x.chain_c, x.c, BERTH_ID_OWNER, story_identity(x.c, BERTH_ID_OWNER), NULL);
	longest = forge_sale(&x.s, longer, x.c, BERTH_ID_OWNER, story_identity(x.c, BERTH_ID_OWNER), NULL);
	CHECK_OK(story_import(x.c, longest, NULL, NULL));
	sim_wait(&x.s.w, 30);
	goes_to_b(&x, held);
	CHECK_RC(BERTH_E_AUTHZ, resolve(&x, longest, x.chain_b, &out));
	berth_json_free(held);
	berth_json_free(longer);
	berth_json_free(longest);
	end(&x);
}

static void the_root_speaks_only_where_it_may(void **state)
{
	struct berth_json *out, *second;
	struct sides x;

	(void)state;
	sold_twice(&x, false);
	CHECK_RC(BERTH_E_AUTHZ, resolve(&x, x.chain_b, x.chain_c, &out));	/* the buyers were told that it never would */
	end(&x);

	sold_twice(&x, true);
	CHECK_RC(BERTH_E_NOMATCH, resolve(&x, x.chain_b, x.first, &out));	/* no fork */
	CHECK_RC(BERTH_E_NOMATCH, resolve(&x, x.first, x.chain_b, &out));
	CHECK_RC(BERTH_E_NOMATCH, resolve(&x, x.chain_b, x.chain_b, &out));
	CHECK_RC(BERTH_E_USAGE, resolve(&x, x.chain_b, NULL, &out));
	second = berth_json_clone(x.chain_c);
	forge_bad_signature(second, "deviceCredential");
	CHECK_RC(BERTH_E_AUTHZ, resolve(&x, x.chain_b, second, &out));		/* not the one that we have signed */
	berth_json_free(second);
	assert_int_equal(story_audit(x.s.factory, "resolved"), 0);
	CHECK_OK(resolve(&x, x.chain_b, x.chain_c, &out));
	goes_to_b(&x, out);
	berth_json_free(out);
	end(&x);
}

/* ---- what a device takes for a resolution ---- */
static const char *word;

static void with_word(struct berth_ownership *oc) { oc->resolution = word; }

/* B sells to itself with a word that `by` has signed, for that entry of its chain. */
static struct berth_json *with_word_of(struct sides *x, struct sim_node *by, const char *identity, const char *device, size_t entry)
{
	struct berth_resolution r = { .n_refused = 1 };
	struct berth_chain *b, *c;
	struct berth_buf token = BERTH_BUF_INIT;
	struct berth_json *out;

	CHECK_OK(berth_chain_from_json(&b, berth_json_clone(x->chain_b)));
	CHECK_OK(berth_chain_from_json(&c, berth_json_clone(x->chain_c)));
	r.device = device ? device : b->dc.factory_did;
	r.device_credential = b->dc.obj.hash;
	r.chosen = b->oc[entry].obj.hash;
	r.refused[0] = c->oc[1].obj.hash;
	sim_as(by);
	CHECK_OK(berth_resolution_build(&token, by->keys->keyring, story_identity(by, identity)->sign_kid, &r));
	word = berth_buf_cstr(&token);
	out = forge_sale(&x->s, x->chain_b, x->b, BERTH_ID_OWNER, story_identity(x->b, BERTH_ID_OWNER), with_word);
	berth_buf_free(&token);
	berth_chain_free(b);
	berth_chain_free(c);
	return out;
}

/* The twin of the four behind it. */
static void c1a_c_an_owner_may_carry_the_word_itself(void **state)
{
	struct berth_json *chain;
	struct sides x;

	(void)state;
	sold_twice(&x, true);
	chain = with_word_of(&x, x.s.factory, BERTH_ID_ROOT, NULL, 1);
	goes_to_b(&x, chain);
	berth_json_free(chain);
	end(&x);
}

static void refused_word(struct sim_node *(*by)(struct sides *x), const char *identity, const char *device, size_t entry)
{
	struct berth_json *chain;
	struct sides x;

	sold_twice(&x, true);
	chain = with_word_of(&x, by(&x), identity, device, entry);
	stays_without_owner(&x, chain, "one refused: E_AUTHZ: entries[1] is one side of a fork");
	berth_json_free(chain);
	end(&x);
}

static struct sim_node *the_factory(struct sides *x) { return x->s.factory; }
static struct sim_node *the_seller(struct sides *x) { return x->s.owner; }
static struct sim_node *the_buyer(struct sides *x) { return x->b; }

static void c1a_c_not_by_the_roots_key(void **state)
{
	(void)state;
	refused_word(the_seller, BERTH_ID_OWNER, NULL, 1);
	refused_word(the_buyer, BERTH_ID_OWNER, NULL, 1);
	refused_word(the_factory, BERTH_ID_ISSUER, NULL, 1);
}

static void c1a_c_of_an_entry_that_is_not_in_the_fork(void **state)
{
	(void)state;
	refused_word(the_factory, BERTH_ID_ROOT, NULL, 0);
}

static void c1a_c_for_another_device(void **state)
{
	(void)state;
	refused_word(the_factory, BERTH_ID_ROOT, "did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK", 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c1a_c_the_root_resolves_a_fork),
		cmocka_unit_test(c1a_c_what_grows_from_the_refused_side_is_refused),
		cmocka_unit_test(the_root_speaks_only_where_it_may),
		cmocka_unit_test(c1a_c_an_owner_may_carry_the_word_itself),
		cmocka_unit_test(c1a_c_not_by_the_roots_key),
		cmocka_unit_test(c1a_c_of_an_entry_that_is_not_in_the_fork),
		cmocka_unit_test(c1a_c_for_another_device),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
