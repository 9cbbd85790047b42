/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_TPM2_SEAL_H
#define BERTH_DID_KEYSTORE_TPM2_SEAL_H

#include "did/base/buf.h"
#include "did/base/secret.h"
#include "did/keystore/tpm2_file.h"

/* One small secret that only this TPM opens again: a sealed file's key, a token's
 * PIN.  It is sealed under the owner's storage key (made if there is none), which the
 * blob pins; sessions are salted to it and encrypted.  tcti: NULL: $BERTH_TCTI, else
 * the default.  label says what the secret is for: under another one it does not open.
 *
 * The blob, version 1:
 *
 *   magic "BERTHBLB"  version u8 = 01  authorisation seed (32)
 *   storage key: handle u32, public area (u16 + bytes)
 *   sealed object: public, private (u16 + bytes each)
 *
 * Whoever changes it gets nothing out: the TPM authenticates the object, and the seed
 * makes its authorisation value.  Every fault is E_KEYSTORE, a TPM that was cleared or
 * replaced with that text. */
#define BERTH_TPM2_SEALED_MAGIC "BERTHBLB"
#define BERTH_TPM2_LABEL_PIN "pin/"	/* a token's PIN: what `berth key seal-pin` makes */
#define BERTH_TPM2_SECRET_MAX 128	/* what a TPM seals */
#define BERTH_TPM2_SEALED_MAX 1536

BERTH_MUST_USE enum berth_err
berth_tpm2_seal_blob(struct berth_buf *blob, const char *tcti, const char *label, const void *secret, size_t len);
BERTH_MUST_USE enum berth_err
berth_tpm2_unseal_blob(struct berth_secret **secret, const char *tcti, const char *label, const void *blob, size_t len);

/* What a blob says, before any TPM is asked; a part is at most BERTH_TPM2_BLOB_MAX. */
struct berth_tpm2_sealed {
	uint8_t seed[32];
	uint32_t srk_handle;
	struct berth_tpm2_blob srk_pub;
	struct berth_tpm2_object object;
};
BERTH_MUST_USE enum berth_err
berth_tpm2_sealed_parse(struct berth_tpm2_sealed *out, const void *blob, size_t len);

#endif
