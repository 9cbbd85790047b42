/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_KEYS_LOCAL_H
#define BERTH_TESTS_FAKES_KEYS_LOCAL_H

#include "agent/protocol/keys.h"

/* struct berth_keys over a real keystore in this process: what berth-keyd does,
 * without the process.  The store is borrowed. */
struct berth_keys *test_keys_local_new(struct berth_keystore *ks, enum berth_custody custody);
/* The n-th moment from now, before or after an operation on these keys, is the
 * process's last: that operation and all later ones fail.  0: never. */
void test_keys_local_die(struct berth_keys *k, long n);
bool test_keys_local_dead(const struct berth_keys *k);
long test_keys_local_moments(const struct berth_keys *k);	/* so far */
/* From now on the counters of all of them count as a TPM's, which nothing turns back. */
void test_keys_local_protect(bool yes);
void test_keys_local_free(struct berth_keys *k);

#endif
