/* SPDX-License-Identifier: Apache-2.0 */
/* The folder of a keystore file: who makes it, and what is said when nobody may. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "did/keystore/file.h"
#include "tests/check.h"

static char folder[32];

static int make_folder(void **state)
{
	(void)state;
	snprintf(folder, sizeof(folder), "/tmp/berth-XXXXXX");
	return mkdtemp(folder) ? chdir(folder) : -1;
}

static int remove_folder(void **state)
{
	char cmd[64];

	(void)state;
	snprintf(cmd, sizeof(cmd), "rm -rf %s", folder);
	return chdir("/") || system(cmd);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	return st.st_mode & 0777;
}

static void only_the_store_is_its_users_alone(void **state)
{
	struct berth_ksfile f;

	(void)state;
	umask(022);
	CHECK_OK(berth_ksfile_open_in(&f, "a/b/c", true, true));
	assert_int_equal(f.fd, -1);
	berth_ksfile_close(&f);
	assert_int_equal(mode_of("a"), 0755);
	assert_int_equal(mode_of("a/b"), 0755);
	assert_int_equal(mode_of("a/b/c"), 0700);
	CHECK_OK(berth_ksfile_open_in(&f, "a/b/c", true, true));
	berth_ksfile_close(&f);
}

static void a_folder_somebody_named_is_made_alone(void **state)
{
	struct berth_ksfile f;

	(void)state;
	CHECK_RC(BERTH_E_KEYSTORE, berth_ksfile_open_in(&f, "x/y", true, false));
	assert_int_equal(access("x", F_OK), -1);
	CHECK_OK(berth_ksfile_open_in(&f, "x", true, false));
	berth_ksfile_close(&f);
	assert_int_equal(mode_of("x"), 0700);
}

static void nothing_is_made_to_look_for_one(void **state)
{
	struct berth_ksfile f;

	(void)state;
	CHECK_RC(BERTH_E_KEYSTORE, berth_ksfile_open_in(&f, "n/m", false, true));
	assert_int_equal(access("n", F_OK), -1);
}

static void a_file_in_the_way_is_named_with_the_way_round(void **state)
{
	struct berth_ksfile f;
	FILE *w = fopen("w", "w");

	(void)state;
	assert_non_null(w);
	fclose(w);
	CHECK_RC(BERTH_E_KEYSTORE, berth_ksfile_open_in(&f, "w/store", true, true));
	assert_string_equal(berth_err_detail(), "w/store: Not a directory; dir= or x-dir= in the URI says another folder");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(only_the_store_is_its_users_alone, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_folder_somebody_named_is_made_alone, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(nothing_is_made_to_look_for_one, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(a_file_in_the_way_is_named_with_the_way_round, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
