/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_MAC_H
#define BERTH_DID_CRYPTO_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "did/crypto/hash.h"

/* Private to did/crypto: HMAC with SHA-512 over pieces that do not lie together. */
struct berth_part {
	const void *p;
	size_t len;
};

void berth_hmac_sha512_parts(uint8_t out[BERTH_SHA512_LEN], const void *key, size_t key_len,
			     const struct berth_part *parts, size_t n);

#endif
