/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "agent/cli/cli_client.h"
#include "tests/fakes/world.h"

static struct test_world w;
static struct test_chain chain[2];	/* root -> A */

static int setup(void **state)
{
	struct berth_device_credential dc;

	(void)state;
	test_world_make(&w);
	for (size_t i = 0; i < 2; i++) {
		test_world_dc(&w, &dc);
		dc.serial = i ? "SN-2" : "SN-1";
		test_chain_start(&chain[i], test_build_dc(&w, &w.maker, &dc));
		test_chain_sell(&w, &chain[i], &w.root, &w.a);
	}
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++)
		test_chain_free(&chain[i]);
	test_world_free(&w);
	return 0;
}

static char *sign_batch(const struct test_party *by, int64_t count)
{
	struct berth_batch b = { .buyer = w.a.did, .name = "order-17", .count = count };
	struct berth_buf out = BERTH_BUF_INIT;
	uint8_t tips[2 * BERTH_HASH_LEN];

	for (size_t i = 0; i < 2; i++) {
		struct berth_hash h;

		berth_object_hash(&h, chain[i].entries[0], strlen(chain[i].entries[0]));
		memcpy(tips + i * BERTH_HASH_LEN, h.b, BERTH_HASH_LEN);
	}
	berth_object_hash(&b.chains, (const char *)tips, sizeof(tips));
	CHECK_OK(berth_batch_build(&out, w.kr, by->kid, &b));
	return test_take(&out);
}

/* The file with this signature over its first n chains, in this order. */
static enum berth_err judge(const char *token, size_t first, size_t n)
{
	struct berth_json *file = berth_json_new_object(), *chains = berth_json_new_array(), *one;
	enum berth_err rc;

	for (size_t i = 0; i < n; i++) {
		const struct test_chain *c = &chain[(first + i) % 2];
		struct berth_json *entries = berth_json_new_array();

		one = berth_json_new_object();
		CHECK_OK(berth_json_push_str(entries, c->entries[0]));
		CHECK_OK(berth_json_set(one, "entries", entries));
		CHECK_OK(berth_json_push(chains, one));
	}
	CHECK_OK(berth_json_set(file, "chains", chains));
	CHECK_OK(berth_json_set_str(file, "signed", token));
	rc = berth_cli_batch_check(file);
	berth_json_free(file);
	return rc;
}

static void what_was_signed_and_nothing_else(void **state)
{
	char *good = sign_batch(&w.root, 2), *count = sign_batch(&w.root, 3), *other = sign_batch(&w.maker, 2);

	(void)state;
	CHECK_OK(judge(good, 0, 2));
	CHECK_RC(BERTH_E_SIG, judge(good, 1, 2));	/* another order */
	CHECK_RC(BERTH_E_SIG, judge(good, 0, 1));
	CHECK_RC(BERTH_E_SIG, judge(good, 0, 0));
	CHECK_RC(BERTH_E_REPLAY, judge(good, 0, 3));
	CHECK_RC(BERTH_E_SIG, judge(count, 0, 2));
	CHECK_RC(BERTH_E_AUTHZ, judge(other, 0, 2));	/* not by who has sold them */
	CHECK_RC(BERTH_E_VC, judge(chain[0].entries[0], 0, 2));
	CHECK_RC(BERTH_E_SIZE, judge(good, 0, BERTH_CLI_BATCH_COUNT_MAX + 1));
	free(good);
	free(count);
	free(other);
}

static void cut_anywhere(void **state)
{
	char *good = sign_batch(&w.root, 2);

	(void)state;
	for (size_t n = strlen(good); n-- > 0;) {
		good[n] = '\0';
		CHECK(judge(good, 0, 2) != BERTH_OK);
	}
	free(good);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_signed_and_nothing_else),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
