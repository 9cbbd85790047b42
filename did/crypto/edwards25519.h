/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_EDWARDS25519_H
#define BERTH_DID_CRYPTO_EDWARDS25519_H

#include <stdint.h>

#include "berth/err.h"

/* Public points of edwards25519 in the encoding of RFC 8032, for what libsodium only
 * does together with a multiplication by the group order, which costs more than
 * verifying a signature.  Not in constant time: nothing here is secret. */

/* E_KEY: y is not canonical, the point is of small order or not on the curve. */
BERTH_MUST_USE enum berth_err berth_ed25519_check_point(const uint8_t b[32]);

/* The u of the same point on curve25519.  b has passed the check.  E_NOMEM. */
BERTH_MUST_USE enum berth_err berth_ed25519_to_montgomery(uint8_t u[32], const uint8_t b[32]);

#endif /* BERTH_DID_CRYPTO_EDWARDS25519_H */
