/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_EVIDENCE_H
#define BERTH_DID_KEYSTORE_EVIDENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"

/* The verifier's half of TPM attestation, without a TPM.  Everything here comes
 * from a stranger; any fault of the evidence is E_SIG (does not verify), E_KEY
 * (an unusable key or certificate) or E_TYPE (not such a structure). */

#define BERTH_TPM_NAME_LEN 34	/* 000b || SHA-256 */
/* Qualifying data.  Real chips bound it by their largest digest, which for some is
 * SHA-256's: what is longer works in a simulator only. */
#define BERTH_TPM_NONCE_LEN 32

/* What a TPMT_PUBLIC says. */
struct berth_tpm_public {
	uint8_t name[BERTH_TPM_NAME_LEN];
	struct berth_pubkey pub;	/* BERTH_KEY_NONE for RSA */
	uint32_t attributes;		/* TPMA_OBJECT */
	uint16_t sig_alg, sig_hash;	/* TPM_ALG_ID of an ECC key's scheme; 0: none */
};
BERTH_MUST_USE enum berth_err
berth_tpm_public_parse(struct berth_tpm_public *out, const void *p, size_t n);

/* fixedTPM, fixedParent, sensitiveDataOrigin, restricted, sign, not decrypt, ECC
 * P-256 with ECDSA/SHA-256: what a key must be to vouch for others.  E_KEY else. */
BERTH_MUST_USE enum berth_err berth_tpm_check_ak(const struct berth_tpm_public *ak);
/* fixedTPM, fixedParent, sensitiveDataOrigin, not restricted: made in the TPM and
 * never leaving it; and it either signs or decrypts (agrees), as asked, never both. */
BERTH_MUST_USE enum berth_err berth_tpm_check_resident(const struct berth_tpm_public *key, bool signs);

/* The EK certificate chains to one of the roots (PEM, concatenated) and is for
 * the key ek_pub (TPMT_PUBLIC).  Validity dates are judged at now_s (0: not
 * judged, the clock is not trusted). */
BERTH_MUST_USE enum berth_err
berth_tpm_check_ek(const void *cert_der, size_t cert_len, const char *roots_pem,
		   const void *ek_pub, size_t ek_len, int64_t now_s);

/* TPM2_MakeCredential in software: only the TPM that holds both the EK and a key
 * of that Name can open it. */
BERTH_MUST_USE enum berth_err
berth_tpm_make_credential(struct berth_buf *blob, struct berth_buf *secret,
			  const void *ek_pub, size_t ek_len,
			  const uint8_t ak_name[BERTH_TPM_NAME_LEN],
			  const uint8_t *data, size_t data_len);

/* TPM2_Certify: signed by ak, TPMS_ATTEST with TPM_GENERATED magic (checked
 * here: CVE-2024-29040), of type certify, qualifying data == nonce, certifying
 * exactly key. */
BERTH_MUST_USE enum berth_err
berth_tpm_check_certify(const struct berth_tpm_public *ak, const struct berth_tpm_public *key,
			const uint8_t nonce[BERTH_TPM_NONCE_LEN], const void *attest, size_t attest_len,
			const uint8_t *sig, size_t sig_len);
/* TPM2_Quote likewise; digest gets the digest over the selected PCRs. */
BERTH_MUST_USE enum berth_err
berth_tpm_check_quote(const struct berth_tpm_public *ak, const uint8_t nonce[BERTH_TPM_NONCE_LEN],
		      const void *attest, size_t attest_len, const uint8_t *sig, size_t sig_len,
		      uint32_t *pcr_mask, uint8_t digest[32]);

#endif
