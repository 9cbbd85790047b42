/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_KEY_MEMORY_H
#define BERTH_DID_CRYPTO_KEY_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "did/base/key.h"

/* What this thread lately made of public keys: reading a point costs as much as a
 * signature, a document's key is read more than once, and peers come back.  Only
 * results that passed every check are kept; a place holds one, found again by all its
 * bytes.  Public keys only. */

/* The key of type `to` that the n bytes at b, a key of type `from`, gave. */
bool berth_key_recall(struct berth_pubkey *out, enum berth_key_type from, enum berth_key_type to,
		      const uint8_t *b, size_t n);
void berth_key_remember(const struct berth_pubkey *key, enum berth_key_type from, const uint8_t *b, size_t n);

#endif /* BERTH_DID_CRYPTO_KEY_MEMORY_H */
