/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_P256_POINT_H
#define BERTH_DID_CRYPTO_P256_POINT_H

#include <stdint.h>

#include "berth/err.h"

/* Points of P-256 in SEC 1's forms, as every DID document and every envelope has them, in half
 * of the time that libcrypto takes: it sets its numbers up for each, finds a square root for any
 * prime, and inverts a 1 before it writes a point.  Not in constant time: nothing here is secret.
 * E_KEY: a coordinate is no number below p, or there is no such point; E_NOMEM. */

/* 04, x, y. */
BERTH_MUST_USE enum berth_err berth_p256_check(const uint8_t in[65]);
/* 02 or 03, x; out is 04, x, y. */
BERTH_MUST_USE enum berth_err berth_p256_decompress(uint8_t out[65], const uint8_t in[33]);

#endif /* BERTH_DID_CRYPTO_P256_POINT_H */
