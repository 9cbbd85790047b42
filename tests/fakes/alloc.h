/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_ALLOC_H
#define BERTH_TESTS_ALLOC_H

#include <stddef.h>

#include "berth/err.h"

/* Runs fn with its first allocation failing, then its second, and so on, until a
 * run meets no failure: each of these must yield E_NOMEM, the last one OK (C015).
 * Allocations of our own code count, and what values of JSON take of the memory of their
 * tree.  Returns how many failed. */
long test_every_allocation_fails(enum berth_err (*fn)(void *arg), void *arg);

/* From now on malloc() of so many bytes and more fails; SIZE_MAX: none does. */
void test_refuse_blocks(size_t n);
size_t test_refused_blocks(void);	/* how many have been */

/* From now on free() looks for that text in what this thread frees; NULL: it does not. */
void test_watch_frees(const char *text);
size_t test_freed_with_it(void);	/* in how many blocks it has been */

#endif
