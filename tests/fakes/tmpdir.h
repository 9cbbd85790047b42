/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_TMPDIR_H
#define BERTH_TESTS_FAKES_TMPDIR_H

#include <stddef.h>

/* A fresh folder of mode 0700, and its end with everything in it. */
#define TMPDIR_LEN 64
void test_tmpdir(char out[TMPDIR_LEN]);
void test_tmpdir_remove(const char *dir);
int test_tmpdir_teardown(void **state);	/* the same of a group of tests, whose state it is */
/* "dir/name" in a buffer that the next call but three reuses. */
const char *test_path(const char *dir, const char *name);
void test_write_file(const char *path, const void *p, size_t n, unsigned mode);

#endif
