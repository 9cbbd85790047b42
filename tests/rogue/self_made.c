/* SPDX-License-Identifier: Apache-2.0 */
/* The keyd of a device that lies: it certifies its keys itself, with a key that it
 * has made up, in what looks like TPM2_Certify.  Only this function is replaced. */
#include <tss2/tss2_tpm2_types.h>

#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/keystore/evidence.h"
#include "did/keystore/keystore.h"

enum berth_err __wrap_berth_keystore_certify(struct berth_keystore *ks, const char *key, const char *ak,
					     const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig);

static void put_attest(struct berth_buf *out, const uint8_t name[BERTH_TPM_NAME_LEN], const uint8_t nonce[32])
{
	berth_buf_be32(out, TPM2_GENERATED_VALUE);
	berth_buf_be16(out, TPM2_ST_ATTEST_CERTIFY);
	berth_buf_vec16(out, name, BERTH_TPM_NAME_LEN);	/* qualifiedSigner */
	berth_buf_vec16(out, nonce, 32);		/* extraData */
	berth_buf_be64(out, 1);				/* clockInfo */
	berth_buf_be32(out, 0);
	berth_buf_be32(out, 0);
	berth_buf_u8(out, 1);
	berth_buf_be64(out, 1);				/* firmwareVersion */
	berth_buf_vec16(out, name, BERTH_TPM_NAME_LEN);	/* certified: its name */
	berth_buf_vec16(out, name, BERTH_TPM_NAME_LEN);
}

enum berth_err __wrap_berth_keystore_certify(struct berth_keystore *ks, const char *key, const char *ak,
					     const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_buf area = BERTH_BUF_INIT;
	struct berth_tpm_public pub;
	struct berth_privkey own;
	uint8_t rs[BERTH_SIG_MAX];
	enum berth_err rc;
	size_t n;

	(void)ak;
	if ((rc = berth_keystore_public_area(ks, key, &area)) ||
	    (rc = berth_tpm_public_parse(&pub, area.p, area.len)) ||
	    (rc = berth_keypair_generate(&own, BERTH_KEY_P256)))
		goto out;
	put_attest(attest, pub.name, nonce);
	if (!(rc = berth_buf_status(attest)) && !(rc = berth_sign(rs, &n, &own, attest->p, attest->len))) {
		berth_buf_put(sig, rs, n);
		rc = berth_buf_status(sig);
	}
	berth_privkey_wipe(&own);
out:
	berth_buf_free(&area);
	return rc;
}
