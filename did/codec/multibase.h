/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CODEC_MULTIBASE_H
#define BERTH_DID_CODEC_MULTIBASE_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* Text with a leading base character: 'z' base58btc, 'u' base64url (no padding).
 * Other bases, and text that is not canonical: E_B64; too long: E_SIZE. */
BERTH_MUST_USE enum berth_err berth_multibase_decode(struct berth_buf *out, const char *s, size_t n);
BERTH_MUST_USE enum berth_err
berth_multibase_encode(struct berth_buf *out, char base, const void *p, size_t n);

/* multicodec codes we use (multiformats/multicodec table.csv) */
#define BERTH_CODEC_SECP256K1_PUB 0xe7
#define BERTH_CODEC_X25519_PUB 0xec
#define BERTH_CODEC_ED25519_PUB 0xed
#define BERTH_CODEC_P256_PUB 0x1200
#define BERTH_CODEC_P384_PUB 0x1201
#define BERTH_CODEC_P521_PUB 0x1202
#define BERTH_CODEC_ED25519_PRIV 0x1300
#define BERTH_CODEC_SECP256K1_PRIV 0x1301
#define BERTH_CODEC_X25519_PRIV 0x1302
#define BERTH_CODEC_P256_PRIV 0x1306
#define BERTH_CODEC_P384_PRIV 0x1307
#define BERTH_CODEC_P521_PRIV 0x1308
#define BERTH_CODEC_JSON 0x0200
#define BERTH_CODEC_SHA2_256 0x12

void berth_uvarint_encode(struct berth_buf *out, uint64_t v);

#endif
