/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_KEYWRAP_H
#define BERTH_DID_CRYPTO_KEYWRAP_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"

/* AES-256 Key Wrap (RFC 3394).  len: a multiple of 8, 16 to 64; the wrapped form
 * is 8 bytes longer.  Unwrap: any fault is E_DECRYPT. */
#define BERTH_WRAPPED_MAX 72
BERTH_MUST_USE enum berth_err
berth_keywrap(uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *key, size_t len);
BERTH_MUST_USE enum berth_err
berth_keyunwrap(uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *wrapped, size_t len);

#endif
