/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <unistd.h>

#include "did/base/shorthash.h"

static void alike_texts_are_alike(void **state)
{
	char a[] = "did:peer:4zQm", b[] = "did:peer:4zQm";

	(void)state;
	assert_true(berth_shorthash(a) == berth_shorthash(b));
	b[12] = 'n';
	assert_false(berth_shorthash(a) == berth_shorthash(b));
	assert_false(berth_shorthash("") == berth_shorthash("a"));
}

/* What one process was asked for is of no use against another. */
static int of_another_process(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);
	uint64_t h = 0;
	FILE *p;

	assert_true(n > 0);
	path[n] = '\0';
	memcpy(path + n, " say", n + 5 < (ssize_t)sizeof(path) ? 5 : 1);
	assert_non_null(p = popen(path, "r"));
	assert_int_equal(fread(&h, 1, sizeof(h), p), sizeof(h));
	assert_int_equal(pclose(p), 0);
	return h != berth_shorthash("did:peer:4zQm");
}

static void each_process_has_a_key_of_its_own(void **state)
{
	(void)state;
	assert_true(of_another_process());
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike_texts_are_alike), cmocka_unit_test(each_process_has_a_key_of_its_own),
	};

	(void)argv;
	if (argc > 1) {
		uint64_t h = berth_shorthash("did:peer:4zQm");

		return fwrite(&h, 1, sizeof(h), stdout) != sizeof(h);
	}
	return cmocka_run_group_tests_name("short hash", tests, NULL, NULL);
}
