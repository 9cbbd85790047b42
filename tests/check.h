/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_CHECK_H
#define BERTH_TESTS_CHECK_H

/* What every test program includes: cmocka with its prerequisites, and checks
 * that name the exact code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "berth/err.h"

/* The call must yield exactly this code; a failure shows both and the detail. */
#define CHECK_RC(want, expr) do { \
	enum berth_err rc_ = (expr); \
	if (rc_ != (want)) \
		fail_msg("%s -> %s (%s, %s), want %s", #expr, berth_err_name(rc_), \
			 berth_err_detail(), berth_err_where(), berth_err_name(want)); \
} while (0)
#define CHECK_OK(expr) CHECK_RC(BERTH_OK, expr)
#define CHECK(cond) do { if (!(cond)) fail_msg("%s", #cond); } while (0)

/* How long anything is waited for that another process or the network does: enough for a
 * machine that has much else to do.  Who waits ends when it has come, so that the length
 * costs nothing; it is no statement about how long it may take. */
#define PATIENCE_MS 120000

/* Looks again and again whether it is so. */
#define CHECK_SOON(cond) do { \
	for (unsigned waited_ = 0; !(cond); waited_ += 5) { \
		if (waited_ >= PATIENCE_MS) \
			fail_msg("never: %s", #cond); \
		usleep(5000); \
	} \
} while (0)

/* Prints how many foreign cases passed; `make check` collects the lines. */
#define VECTORS(folder, passed, total) \
	printf("vectors: %s %zu/%zu\n", (folder), (size_t)(passed), (size_t)(total))

/* Reads a whole file below tests/vectors (or any path); fails the test if it is
 * not there.  NUL-terminated; free(). */
char *test_read_file(const char *path, size_t *len);

#endif
