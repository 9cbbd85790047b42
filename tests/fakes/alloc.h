/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_ALLOC_H
#define BERTH_TESTS_ALLOC_H

#include "berth/err.h"

/* Runs fn with its first allocation failing, then its second, and so on, until a
 * run meets no failure: each of these must yield E_NOMEM, the last one OK (C015).
 * Allocations of our own code and of cJSON count.  Returns how many failed. */
long test_every_allocation_fails(enum berth_err (*fn)(void *arg), void *arg);

#endif
