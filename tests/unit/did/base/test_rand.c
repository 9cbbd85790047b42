/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/rand.h"

#include "tests/check.h"

static uint8_t counter;

static void constant(void *p, size_t n) { memset(p, 0x5a, n); }
static void counting(void *p, size_t n) { memset(p, ++counter, n); }

static void c144_what_must_not_repeat_does_not(void **state)
{
	uint8_t a[32], zero[32] = { 0 };

	(void)state;
	berth_random_inject(constant);
	CHECK_OK(berth_random_once(a, sizeof(a)));
	for (int i = 0; i < 3; i++) {
		memset(a, 1, sizeof(a));
		CHECK_RC(BERTH_E_KEYSTORE, berth_random_once(a, sizeof(a)));
		assert_memory_equal(a, zero, sizeof(a));	/* nobody can use it by mistake */
		CHECK_RC(BERTH_E_KEYSTORE, berth_random_once(a, 24));
	}
	berth_random_inject(counting);
	for (int i = 0; i < 200; i++)
		CHECK_OK(berth_random_once(a, sizeof(a)));
	berth_random_inject(NULL);
	for (int i = 0; i < 1000; i++)
		CHECK_OK(berth_random_once(a, 16));
}

static void uuids_are_of_version_4(void **state)
{
	char a[BERTH_UUID_LEN + 1], b[BERTH_UUID_LEN + 1];

	(void)state;
	berth_random_inject(constant);
	berth_random_uuid(a);
	berth_random_inject(NULL);
	assert_string_equal(a, "5a5a5a5a-5a5a-4a5a-9a5a-5a5a5a5a5a5a");
	berth_random_uuid(a);
	berth_random_uuid(b);
	assert_string_not_equal(a, b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c144_what_must_not_repeat_does_not),
		cmocka_unit_test(uuids_are_of_version_4),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
