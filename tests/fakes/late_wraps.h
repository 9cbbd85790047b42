/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_LATE_WRAPS_H
#define BERTH_TESTS_FAKES_LATE_WRAPS_H

#include "did/jose/keyring.h"

/* A keyring_local whose key wraps may be asked for before they are waited for, as those of
 * berth-keyd are. */
void test_wraps_late(struct berth_keyring *kr);
/* Counts anew.  Of the wraps from now on that were asked for first, those from the n-th fail,
 * and so many; 0, 0: none. */
void test_wraps_fail(long n, long many);

struct test_wraps { long late, at_once; };	/* asked for first, or not */
extern struct test_wraps test_wraps;

#endif
