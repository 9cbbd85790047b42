/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "did/base/cur.h"
#include "did/base/rand.h"
#include "did/crypto/aead.h"
#include "did/keystore/keystore_impl.h"

#define RECORD_VERSION 1
#define NONCE_LEN 24
#define TAG_LEN 16

static enum berth_err record_aad(struct berth_buf *aad, const char *label, int64_t epoch)
{
	berth_buf_str16(aad, "berth record");
	berth_buf_u8(aad, RECORD_VERSION);
	berth_buf_be64(aad, (uint64_t)epoch);
	berth_buf_str16(aad, label);
	return berth_buf_status(aad);
}

enum berth_err berth_record_seal(const uint8_t kek[32], const char *label, int64_t epoch,
				 const void *pt, size_t len, struct berth_buf *box)
{
	struct berth_buf aad = BERTH_BUF_INIT;
	uint8_t nonce[NONCE_LEN], tag[TAG_LEN];
	enum berth_err rc;

	if ((rc = berth_random_once(nonce, sizeof(nonce))))
		return rc;
	berth_buf_u8(box, RECORD_VERSION);
	berth_buf_put(box, nonce, sizeof(nonce));
	if ((rc = record_aad(&aad, label, epoch)) ||
	    (rc = berth_aead_seal(BERTH_ENC_XC20P, box, tag, kek, nonce, aad.p, aad.len, pt, len)))
		goto out;
	berth_buf_put(box, tag, sizeof(tag));
	rc = berth_buf_status(box);
out:
	berth_buf_free(&aad);
	return rc;
}

enum berth_err berth_record_open(const uint8_t kek[32], const char *label, int64_t epoch,
				 const void *box, size_t len, struct berth_buf *pt)
{
	struct berth_cur c = berth_cur(box, len);
	struct berth_buf aad = BERTH_BUF_INIT;
	uint8_t version = berth_cur_u8(&c);
	const uint8_t *nonce = berth_cur_bytes(&c, NONCE_LEN);
	size_t ct_len = c.n < TAG_LEN ? 0 : c.n - TAG_LEN;
	const uint8_t *ct = berth_cur_bytes(&c, ct_len);
	const uint8_t *tag = berth_cur_bytes(&c, TAG_LEN);
	enum berth_err rc;

	if (!berth_cur_done(&c) || version != RECORD_VERSION)
		return berth_fail(BERTH_E_DECRYPT, "record: %zu bytes, version %u", len, version);
	if (!(rc = record_aad(&aad, label, epoch)))
		rc = berth_aead_open(BERTH_ENC_XC20P, pt, kek, nonce, NONCE_LEN, tag, TAG_LEN,
				     aad.p, aad.len, ct, ct_len);
	berth_buf_free(&aad);
	return rc;
}
