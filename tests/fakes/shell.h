/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_SHELL_H
#define BERTH_TESTS_FAKES_SHELL_H

/* Runs a program with these arguments (NULL-terminated) and its output on our
 * stderr; the exit status, -1 when it did not exit. */
int test_run(const char *const argv[]);

/* Builds the shared object out from one C file, as somebody outside the tree
 * would: -I include only, and one more flag (or ""). */
void test_build_adapter(const char *out, const char *source, const char *flag);
/* "dir/NAME.so" of tests/fakes/adapters/NAME.c. */
#define TEST_ADAPTER_LEN 128
void test_fake_adapter(char out[TEST_ADAPTER_LEN], const char *dir, const char *name);

#endif
