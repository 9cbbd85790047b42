/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/kdf.h"

#include <string.h>

#include "did/base/buf.h"
#include "did/base/secret.h"
#include "did/crypto/hash.h"

#define KEY_MAX 64	/* no JOSE algorithm asks for more */
#define ROUND_MAX 64	/* numbers, and the name of an algorithm */

/* AlgorithmID || PartyUInfo || PartyVInfo || SuppPubInfo, each length 32 bits. */
static void other_info(struct berth_buf *b, size_t key_len, const struct berth_kdf_info *info)
{
	berth_buf_vec32(b, info->alg, strlen(info->alg));
	berth_buf_vec32(b, info->apu, info->apu_len);
	berth_buf_vec32(b, info->apv, info->apv_len);
	berth_buf_be32(b, (uint32_t)(key_len * 8));
	/* draft-madden-jose-ecdh-1pu-04 2.3: "cctag ... prefixed by the length of
	 * the authentication tag as a big-endian 32-bit unsigned integer": stacks
	 * that leave the length out understand only themselves */
	if (info->cc_tag)
		berth_buf_vec32(b, info->cc_tag, info->cc_tag_len);
}

enum berth_err berth_concat_kdf(uint8_t *key, size_t key_len, const uint8_t *z, size_t z_len,
				const struct berth_kdf_info *info)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t h[BERTH_SHA256_LEN];
	enum berth_err rc;

	if (key_len == 0 || key_len > KEY_MAX)
		return berth_fail(BERTH_E_KEY, "Concat KDF: a key of %zu bytes", key_len);
	memset(key, 0, key_len);
	berth_buf_room(&b, ROUND_MAX + z_len + info->apu_len + info->apv_len + info->cc_tag_len);
	berth_buf_be32(&b, 0);	/* the round's number */
	berth_buf_put(&b, z, z_len);
	other_info(&b, key_len, info);
	rc = berth_buf_status(&b);
	for (size_t at = 0; rc == BERTH_OK && at < key_len; at += sizeof(h)) {
		b.p[3]++;
		berth_sha256_secret(h, b.p, b.len);
		memcpy(key + at, h, key_len - at < sizeof(h) ? key_len - at : sizeof(h));
	}
	berth_wipe(h, sizeof(h));
	berth_buf_free(&b);
	return rc;
}
