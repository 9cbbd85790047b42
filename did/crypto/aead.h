/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_AEAD_H
#define BERTH_DID_CRYPTO_AEAD_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* JWE content encryptions (RFC 7518 5.2, 5.3; draft-amringer-jose-chacha). */
enum berth_enc {
	BERTH_ENC_NONE, BERTH_ENC_A256CBC_HS512, BERTH_ENC_XC20P, BERTH_ENC_A256GCM
};

#define BERTH_CEK_MAX 64
#define BERTH_IV_MAX 24
#define BERTH_TAG_MAX 32

size_t berth_enc_key_len(enum berth_enc e);	/* 64, 32, 32 */
size_t berth_enc_iv_len(enum berth_enc e);	/* 16, 24, 12 */
size_t berth_enc_tag_len(enum berth_enc e);	/* 32, 16, 16 */
const char *berth_enc_name(enum berth_enc e);	/* as in "enc" */
enum berth_enc berth_enc_parse(const char *name);	/* NONE if unknown */

/* ct is appended to; tag gets berth_enc_tag_len() bytes.  key, iv of the lengths
 * above. */
BERTH_MUST_USE enum berth_err
berth_aead_seal(enum berth_enc e, struct berth_buf *ct, uint8_t *tag, const uint8_t *key,
		const uint8_t *iv, const void *aad, size_t aad_len, const void *pt, size_t pt_len);

/* pt is appended to only when the tag is right.  Wrong tag, or lengths that no
 * encryption has: E_DECRYPT.  The tag is compared in constant time and before
 * anything is decrypted. */
BERTH_MUST_USE enum berth_err
berth_aead_open(enum berth_enc e, struct berth_buf *pt, const uint8_t *key,
		const uint8_t *iv, size_t iv_len, const uint8_t *tag, size_t tag_len,
		const void *aad, size_t aad_len, const void *ct, size_t ct_len);

#endif
