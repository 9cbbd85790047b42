/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_SECRET_H
#define BERTH_DID_BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Long-lived secret bytes: guard pages, mlock, left out of core files, wiped on
 * free (sodium_malloc).  A forked child finds zeros in it, and must not free it. */
struct berth_secret {
	size_t len;
	uint8_t *b;
};

struct berth_secret *berth_secret_new(size_t len);	/* zeroed; NULL: no memory */
void berth_secret_free(struct berth_secret *s);		/* NULL is fine */

/* Overwrites in a way the compiler keeps. */
void berth_wipe(void *p, size_t len);

/* Compares in a time that depends on len alone. */
bool berth_equal_ct(const void *a, const void *b, size_t len);

/* Sets up libsodium; every process calls it first.  Calls after the first are
 * free.  Aborts when the system has no random numbers. */
void berth_crypto_init(void);

#endif /* BERTH_DID_BASE_SECRET_H */
