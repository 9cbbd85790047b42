/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_RAND_H
#define BERTH_DID_BASE_RAND_H

#include <stddef.h>

#include "berth/err.h"

#define BERTH_UUID_LEN 36

/* n random bytes from the kernel's generator (libsodium).  Cannot fail: the
 * process is aborted when there is no randomness (C144). */
void berth_random(void *p, size_t n);

/* The same for what must never come twice, message keys and nonces, of 16 bytes or
 * more.  E_KEYSTORE: the generator is stuck, it gave what it gave the last time. */
BERTH_MUST_USE enum berth_err berth_random_once(void *p, size_t n);

/* A version 4 UUID in lower case, for message ids. */
void berth_random_uuid(char out[BERTH_UUID_LEN + 1]);

/* Tests only: draws from fn from now on; NULL: the kernel again. */
void berth_random_inject(void (*fn)(void *p, size_t n));

#endif /* BERTH_DID_BASE_RAND_H */
