/* SPDX-License-Identifier: Apache-2.0 */
/* Records of strangers, who share a room of their own. */
#include "tests/unit/agent/core/store_open.h"

static void put_guest(const char *key, size_t n)
{
	static uint8_t value[BERTH_STORE_VALUE_MAX];

	CHECK_OK(berth_store_put_guest(s, "g", key, value, n));
}

static bool there(const char *key)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(s, "g", key, &b, &found));
	berth_buf_free(&b);
	return found;
}

static void guests(int from, int to)
{
	char key[16];

	for (int i = from; i < to; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		put_guest(key, 2);
	}
}

static void guests_push_out_guests_in_the_order_of_their_last_use(void **state)
{
	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "g", "ours", "1"));
	guests(0, BERTH_STORE_GUESTS_MAX);
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX);
	put_guest("k0", 3);				/* used again */
	put_guest("one more", 2);
	CHECK(there("k0") && !there("k1") && there("k2") && there("ours"));
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX + 1);
	CHECK_OK(berth_store_commit(s));
	reopen();
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX + 1);
	CHECK_OK(berth_store_begin(s));
	put_guest("and one", 2);
	CHECK(there("k0") && !there("k2") && there("k3"));
	berth_store_rollback(s);
	CHECK(there("k2") && !there("and one"));
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX + 1);
}

static void guests_share_a_number_of_bytes(void **state)
{
	(void)state;
	CHECK_OK(berth_store_begin(s));
	guests(0, 10);
	put_guest("big", BERTH_STORE_VALUE_MAX);
	put_guest("almost", BERTH_STORE_GUESTS_BYTES - BERTH_STORE_VALUE_MAX - 20);
	check_counts(12, 12, BERTH_STORE_GUESTS_BYTES);		/* exactly */
	put_guest("almost", BERTH_STORE_GUESTS_BYTES - BERTH_STORE_VALUE_MAX - 19);
	check_counts(11, 11, BERTH_STORE_GUESTS_BYTES - 1);
	CHECK(!there("k0") && there("k1") && there("big"));
	CHECK_RC(BERTH_E_SIZE, berth_store_put_guest(s, "g", "k", "", BERTH_STORE_VALUE_MAX + 1));
	CHECK_OK(berth_store_commit(s));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_put_guest(s, "g", "k", "", 0));
}

static void a_guest_that_is_put_plainly_is_ours(void **state)
{
	bool ours;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	put_guest("friend", 2);
	CHECK_OK(berth_store_is_ours(s, "g", "friend", &ours));
	CHECK(!ours);
	CHECK_OK(berth_store_put_str(s, "g", "friend", "long"));
	check_counts(1, 0, 0);
	CHECK_OK(berth_store_put_guest(s, "g", "friend", "longer", 6));	/* stays ours */
	check_record("g", "friend", "longer");
	CHECK_OK(berth_store_is_ours(s, "g", "friend", &ours));
	CHECK(ours);
	CHECK_OK(berth_store_is_ours(s, "g", "nobody", &ours));
	CHECK(!ours);
	guests(0, 2 * BERTH_STORE_GUESTS_MAX);
	CHECK(there("friend"));
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX);
	CHECK_OK(berth_store_delete(s, "g", "k2047"));
	check_counts(BERTH_STORE_GUESTS_MAX, BERTH_STORE_GUESTS_MAX - 1, 2 * BERTH_STORE_GUESTS_MAX - 2);
	CHECK_OK(berth_store_commit(s));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(guests_push_out_guests_in_the_order_of_their_last_use), T(guests_share_a_number_of_bytes),
		T(a_guest_that_is_put_plainly_is_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
