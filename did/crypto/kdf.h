/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_KDF_H
#define BERTH_DID_CRYPTO_KDF_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"

/* Concat KDF of RFC 7518 section 4.6.2 with SHA-256, keydatalen key_len * 8 bits.
 * cc_tag != NULL: ECDH-1PU in key agreement with key wrapping mode, where
 * SuppPubInfo carries the content encryption's tag with its 32-bit length
 * (draft-madden-jose-ecdh-1pu-04 section 2.3). */
struct berth_kdf_info {
	const char *alg;
	const uint8_t *apu, *apv, *cc_tag;
	size_t apu_len, apv_len, cc_tag_len;
};

BERTH_MUST_USE enum berth_err
berth_concat_kdf(uint8_t *key, size_t key_len, const uint8_t *z, size_t z_len,
		 const struct berth_kdf_info *info);

#endif
