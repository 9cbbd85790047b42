/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_BUILT_H
#define BERTH_TESTS_FAKES_BUILT_H

#include <stddef.h>

/* The path of a built file ("libexec/berth-netd") in the build tree that this test
 * program stands in. */
void test_built(char *out, size_t size, const char *file);

#endif
