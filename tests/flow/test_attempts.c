/* SPDX-License-Identifier: Apache-2.0 */
/* P9: an operational DID is one attempt's.  Two owners of the same epoch, the first of
 * whom did not get the device, have nothing to compare. */
#include "did/url.h"
#include "tests/fakes/forge.h"

#define LIMIT_S 14400

static char *identity_name(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway);
	const char *name = berth_data_str(berth_json_get(data, "offer"), "identity");
	char *copy;

	assert_non_null(name);
	copy = strdup(name);
	berth_json_free(data);
	return copy;
}

static bool has_key(struct sim_node *n, const char *identity)
{
	char key[96];

	snprintf(key, sizeof(key), "%s-sign", identity);
	return berth_keystore_has(n->ks, key);
}

static bool knows(struct sim_node *n, const char *did)
{
	struct berth_buf v = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(n->store, "peer", did, &v, &found));
	berth_buf_free(&v);
	return found;
}

static struct sim_node *buyer;
static const char *device;

static bool bought(struct sim *w)
{
	(void)w;
	return strcmp(sim_state(buyer, "owner", device), "ACTIVE") == 0;
}

static void p9_two_owners_see_different_operational_dids(void **state)
{
	struct berth_json *package, *longer, *data;
	char *first, *first_did;
	struct story s;

	(void)state;
	story_begin(&s);
	buyer = forge_mallory(&s, "buyer", "nng+tcp://buyer.test:1");
	device = s.device;
	assert_true(story_run_to(&s, s.owner, "ISSUED"));	/* it has seen accept-ready */
	first = identity_name(&s);
	first_did = strdup(story_identity(s.gateway, first)->did);
	assert_true(has_key(s.gateway, first) && knows(s.gateway, first_did));
	package = forge_package(&s, s.owner);
	longer = forge_sale(&s, package, s.owner, BERTH_ID_OWNER, story_identity(buyer, BERTH_ID_OWNER), NULL);
	sim_off(s.owner);
	sim_drop(&s.w);		/* and its answer is lost */
	CHECK_OK(story_import(buyer, longer, NULL, NULL));
	assert_true(sim_run(&s.w, bought, LIMIT_S));
	data = story_data(&s, s.gateway);
	assert_string_equal(sim_state(s.gateway, "gateway", NULL), "OPERATIONAL");
	assert_false(berth_did_same(first_did, berth_data_str(berth_json_get(data, "active"), "did")));
	assert_string_not_equal(first, berth_data_str(berth_json_get(data, "active"), "identity"));
	assert_false(has_key(s.gateway, first));
	assert_false(knows(s.gateway, first_did));
	assert_true(has_key(s.gateway, berth_data_str(berth_json_get(data, "active"), "identity")));
	berth_json_free(data);
	berth_json_free(package);
	berth_json_free(longer);
	free(first);
	free(first_did);
	story_end(&s);
}

/* The power goes between the commit that names the keys and their end. */
static void keys_that_were_to_go_are_swept_at_the_start(void **state)
{
	struct berth_key_info info;
	struct story s;

	(void)state;
	story_in_use(&s);
	CHECK_OK(s.gateway->keys->ops->ensure(s.gateway->keys, "op-0-7-sign", BERTH_KEY_ED25519, BERTH_USAGE_SIGN,
					      BERTH_PURPOSE_BIT(BERTH_SIGN_VP), &info));
	CHECK_OK(berth_store_begin(s.gateway->store));
	CHECK_OK(berth_store_put_str(s.gateway->store, "doomed", "op-0-7", ""));
	CHECK_OK(berth_store_commit(s.gateway->store));
	sim_off(s.gateway);
	sim_on(s.gateway);
	assert_false(has_key(s.gateway, "op-0-7"));
	story_check_end(&s, 1);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p9_two_owners_see_different_operational_dids),
		cmocka_unit_test(keys_that_were_to_go_are_swept_at_the_start),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
