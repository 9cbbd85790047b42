/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_JACOBI_H
#define BERTH_DID_CRYPTO_JACOBI_H

#include <stdint.h>

#define BERTH_JACOBI_WORDS 4	/* of 64 bits, the least first */

/* The Jacobi symbol (a/n), 1, -1 or 0, of any a and an odd n: for a prime n it says whether
 * a is a square.  Not in constant time.  libcrypto's BN_kronecker() divides in each of its
 * steps and takes four times as long. */
int berth_jacobi(const uint64_t a[BERTH_JACOBI_WORDS], const uint64_t n[BERTH_JACOBI_WORDS]);

#endif /* BERTH_DID_CRYPTO_JACOBI_H */
