/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_SOFT_TPM_H
#define BERTH_TESTS_FAKES_SOFT_TPM_H

#include <tss2/tss2_tpm2_types.h>

#include "did/base/buf.h"
#include "did/base/key.h"

/* A TPM whose keys are software: what it says is signed for good, and each field of
 * it can be made wrong before. */
struct soft_key {
	struct berth_privkey k;
	TPMT_PUBLIC area;
};

#define SOFT_RESIDENT (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN)
#define SOFT_AK (SOFT_RESIDENT | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT)
#define SOFT_SIGN (SOFT_RESIDENT | TPMA_OBJECT_SIGN_ENCRYPT)
#define SOFT_AGREE (SOFT_RESIDENT | TPMA_OBJECT_DECRYPT)

/* P-256 or P-384, with ECDSA where it signs.  seed: a key that is known elsewhere, or
 * NULL. */
void soft_key_make(struct soft_key *out, enum berth_key_type type, TPMA_OBJECT attributes, const uint8_t *seed);
/* TPMT_PUBLIC, and its Name by SHA-256. */
void soft_key_public(struct berth_buf *out, const struct soft_key *k);
void soft_key_name(uint8_t name[34], const struct soft_key *k);

/* As TPM2_Certify and TPM2_Quote would say it. */
void soft_certify(TPMS_ATTEST *out, const struct soft_key *of, const uint8_t nonce[32]);
void soft_quote(TPMS_ATTEST *out, uint32_t pcr_mask, const uint8_t nonce[32]);
void soft_attest(struct berth_buf *attest, struct berth_buf *sig, const TPMS_ATTEST *a, const struct soft_key *by);

#endif
