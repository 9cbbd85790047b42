/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_AGREE_H
#define BERTH_DID_CRYPTO_AGREE_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/key.h"

/* The raw shared secret: RFC 7748 output or the field-sized x coordinate.  The
 * caller wipes z (BERTH_ECDH_MAX bytes).  E_KEY: the two keys are not of one
 * agreement type; E_DECRYPT: X25519 gave zero (a low-order point). */
BERTH_MUST_USE enum berth_err
berth_ecdh(uint8_t *z, size_t *z_len, const struct berth_privkey *mine,
	   const struct berth_pubkey *theirs);

#endif
