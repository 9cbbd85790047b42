/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/cur.h"
#include "did/base/rand.h"
#include "did/crypto/aead.h"
#include "did/keystore/file.h"

#define NONCE_LEN 24
#define TAG_LEN 16
_Static_assert(NONCE_LEN + TAG_LEN == BERTH_KSFILE_BOX_MORE, "what a box adds");

enum berth_err berth_ksfile_seal(struct berth_buf *file, const uint8_t key[32], const struct berth_buf *plain)
{
	struct berth_buf head = BERTH_BUF_INIT;
	uint8_t nonce[NONCE_LEN], tag[TAG_LEN];
	enum berth_err rc;

	if ((rc = berth_random_once(nonce, sizeof(nonce))))
		return rc;
	berth_buf_put(file, nonce, sizeof(nonce));
	berth_buf_put(&head, file->p, file->len);
	if ((rc = berth_buf_status(plain)) || (rc = berth_buf_status(&head)) ||
	    (rc = berth_aead_seal(BERTH_ENC_XC20P, file, tag, key, nonce, head.p, head.len, plain->p, plain->len)))
		goto out;
	berth_buf_put(file, tag, sizeof(tag));
	rc = berth_buf_status(file);
out:
	berth_buf_free(&head);
	return rc;
}

enum berth_err berth_ksfile_unseal(struct berth_buf *plain, const uint8_t key[32], const void *file, size_t len,
				   size_t head, const char *what, const char *why_not)
{
	struct berth_cur c = berth_cur(file, len);
	enum berth_err rc;

	berth_cur_bytes(&c, head);
	const uint8_t *nonce = berth_cur_bytes(&c, NONCE_LEN);
	size_t ct_len = c.n < TAG_LEN ? 0 : c.n - TAG_LEN;
	const uint8_t *ct = berth_cur_bytes(&c, ct_len);
	const uint8_t *tag = berth_cur_bytes(&c, TAG_LEN);

	if (!berth_cur_done(&c))
		return berth_fail(BERTH_E_KEYSTORE, "%s: cut short", what);
	rc = berth_aead_open(BERTH_ENC_XC20P, plain, key, nonce, NONCE_LEN, tag, TAG_LEN, file, head + NONCE_LEN, ct, ct_len);
	return rc == BERTH_E_DECRYPT ? berth_fail(BERTH_E_KEYSTORE, "%s: %s", what, why_not) : rc;
}
