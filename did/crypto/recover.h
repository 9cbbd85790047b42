/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_RECOVER_H
#define BERTH_DID_CRYPTO_RECOVER_H

#include <stdint.h>

#include "berth/err.h"
#include "did/base/key.h"

/* secp256k1 ECDSA signatures from which the key can be computed: r || s and which of the
 * points with that x (0 to 3; above 1 only in theory). */

/* ECDSA over a digest made elsewhere, with the low s and the nonce of RFC 6979.  E_KEY:
 * no secp256k1 key. */
BERTH_MUST_USE enum berth_err
berth_k1_sign_digest(uint8_t rs[64], const struct berth_privkey *key, const uint8_t digest[32]);

/* The key that made it.  E_SIG: r or s of 0 or >= n, a point that is none. */
BERTH_MUST_USE enum berth_err
berth_k1_recover(struct berth_pubkey *out, const uint8_t digest[32], const uint8_t rs[64], uint8_t recovery);

/* Which it is for a signature of key, made wherever the key is.  E_SIG: of none. */
BERTH_MUST_USE enum berth_err
berth_k1_find_recovery(uint8_t *recovery, const struct berth_pubkey *key, const uint8_t digest[32], const uint8_t rs[64]);

#endif
