/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_PWHASH_H
#define BERTH_DID_CRYPTO_PWHASH_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"

#define BERTH_PWHASH_SALT_LEN 16
#define BERTH_PWHASH_OUT_LEN 32

/* Argon2id (RFC 9106, one lane) of a passphrase.  passes >= 1, mem_kib >= 8; the
 * memory is really used, so a caller that reads the two from a file caps them
 * first.  E_NOMEM: the memory is not there. */
BERTH_MUST_USE enum berth_err
berth_argon2id(uint8_t out[BERTH_PWHASH_OUT_LEN], const void *pass, size_t len,
	       const uint8_t salt[BERTH_PWHASH_SALT_LEN], uint32_t passes, uint32_t mem_kib);

#endif
