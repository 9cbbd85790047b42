/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/distrust.h"
#include "tests/check.h"
#include "tests/fakes/alloc.h"

/* How many rounds it sits out from now on. */
static int rounds(struct berth_json *notes, const char *name)
{
	int n = 0;

	while (berth_distrusted(notes, name)) {
		CHECK_OK(berth_distrust_decay(notes, name));
		n++;
	}
	return n;
}

static void the_first_lie_is_only_noted_and_further_ones_cost_more(void **state)
{
	static const int want[] = { 0, 2, 4, 5, 5, 5 };

	(void)state;
	for (size_t lies = 1; lies <= sizeof(want) / sizeof(want[0]); lies++) {
		struct berth_json *notes = berth_json_new_object();

		for (size_t i = 0; i < lies; i++)
			CHECK_OK(berth_distrust_lied(notes, "a"));
		assert_int_equal(rounds(notes, "a"), want[lies - 1]);
		assert_false(berth_distrusted(notes, "b"));
		berth_json_free(notes);
	}
}

static void honesty_is_forgetting(void **state)
{
	struct berth_json *notes = berth_json_new_object();

	(void)state;
	CHECK_OK(berth_distrust_lied(notes, "a"));
	CHECK_OK(berth_distrust_lied(notes, "a"));
	assert_int_equal(rounds(notes, "a"), 2);	/* and is asked again */
	CHECK_OK(berth_distrust_decay(notes, "a"));	/* an honest answer */
	assert_null(berth_json_get(notes, "a"));
	CHECK_OK(berth_distrust_decay(notes, "a"));
	CHECK_OK(berth_distrust_lied(notes, "a"));
	assert_false(berth_distrusted(notes, "a"));	/* a first one again */
	berth_json_free(notes);
}

static void what_is_no_weight_is_none(void **state)
{
	static const char text[] = "{\"a\":64,\"b\":-1,\"c\":\"5\",\"d\":63}";
	struct berth_json *notes;

	(void)state;
	CHECK_OK(berth_json_parse_object(&notes, text, strlen(text), 1000));
	assert_false(berth_distrusted(notes, "a"));
	assert_false(berth_distrusted(notes, "b"));
	assert_false(berth_distrusted(notes, "c"));
	assert_true(berth_distrusted(notes, "d"));
	assert_false(berth_distrusted(NULL, "d"));
	berth_json_free(notes);
}

/* Without memory what is known of a liar stays known, and of others nothing is added. */
static enum berth_err lie_and_decay(void *arg)
{
	static const char text[] = "{\"a\":3}";
	struct berth_json *notes;
	enum berth_err rc;

	(void)arg;
	if ((rc = berth_json_parse_object(&notes, text, strlen(text), 1000)))
		return rc;
	if ((rc = berth_distrust_lied(notes, "b")))
		assert_null(berth_json_get(notes, "b"));
	else if (!(rc = berth_distrust_lied(notes, "a")))
		rc = berth_distrust_decay(notes, "a");
	assert_true(berth_distrusted(notes, "a"));
	berth_json_free(notes);
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	(void)state;
	assert_true(test_every_allocation_fails(lie_and_decay, NULL) >= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_lie_is_only_noted_and_further_ones_cost_more),
		cmocka_unit_test(honesty_is_forgetting),
		cmocka_unit_test(what_is_no_weight_is_none),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
