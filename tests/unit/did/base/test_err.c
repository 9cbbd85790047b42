/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "berth/err.h"

/* The text and the place are those of the last fault; a longer text is cut. */
static void the_last_fault_is_told(void **state)
{
	char where[40], longer[300];
	int line;

	(void)state;
	errno = ENOENT;
	line = __LINE__ + 1;
	CHECK_RC(BERTH_E_STORE, berth_fail(BERTH_E_STORE, "%s: %m", "a file"));
	assert_string_equal(berth_err_detail(), "a file: No such file or directory");
	snprintf(where, sizeof(where), "test_err.c:%d", line);
	assert_string_equal(berth_err_where(), where);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	CHECK_RC(BERTH_E_TYPE, berth_fail(BERTH_E_TYPE, "%s", longer));
	assert_int_equal(strlen(berth_err_detail()), 255);
}

static void of_memory_no_place_is_told(void **state)
{
	(void)state;
	CHECK_RC(BERTH_E_NOMEM, berth_no_memory());
	assert_string_equal(berth_err_detail(), "no memory");
	assert_non_null(strstr(berth_err_where(), "err.c:"));
}

/* Every code has a name and an exit status of a class, and there are no others. */
static void codes_have_names_and_classes(void **state)
{
	(void)state;
	assert_string_equal(berth_err_name(BERTH_OK), "OK");
	assert_int_equal(berth_err_exit(BERTH_OK), 0);
	for (int i = 1; i < BERTH_E__COUNT; i++) {
		assert_int_equal(strncmp(berth_err_name(i), "E_", 2), 0);
		assert_in_range(berth_err_exit(i), 1, 5);
	}
	assert_string_equal(berth_err_name(BERTH_E__COUNT), "E_INTERNAL");
	assert_int_equal(berth_err_exit(BERTH_E__COUNT), 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_last_fault_is_told),
		cmocka_unit_test(of_memory_no_place_is_told),
		cmocka_unit_test(codes_have_names_and_classes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
