/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_EVIDENCE_IMPL_H
#define BERTH_DID_KEYSTORE_EVIDENCE_IMPL_H

/* Shared by evidence*.c, tpm2_keys.c and their tests. */
#include <stdbool.h>
#include <tss2/tss2_tpm2_types.h>

#include "did/keystore/evidence.h"

#define BERTH_TPM_PUBLIC_MAX 1024
#define BERTH_TPM_ATTEST_MAX 2048

/* The structures exactly: nothing left over, and writing them again gives the
 * same bytes.  E_TYPE else. */
BERTH_MUST_USE enum berth_err berth_tpm_unmarshal_public(TPMT_PUBLIC *out, const void *p, size_t n);
BERTH_MUST_USE enum berth_err berth_tpm_unmarshal_attest(TPMS_ATTEST *out, const void *p, size_t n);

/* A coordinate at the field's size: a TPM may write a shorter one.  false when longer. */
bool berth_tpm_pad(uint8_t *out, size_t size, const TPM2B_ECC_PARAMETER *p);

/* Restricted, decrypting, made in the TPM and bound to it; RSA 2048 to 4096 or
 * ECC P-256 or P-384, AES-CFB, Name by SHA-256 or SHA-384.  E_KEY else. */
BERTH_MUST_USE enum berth_err berth_tpm_check_ek_public(const TPMT_PUBLIC *ek);

#endif
