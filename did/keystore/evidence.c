/* SPDX-License-Identifier: Apache-2.0 */
/* Public areas and attestations, as a stranger sends them. */
#include "did/keystore/evidence.h"

#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/keystore/evidence_impl.h"

#define RESIDENT (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN)

/* tss2 prints what it refuses, and here strangers choose what that is.  Before
 * main, because setenv() and threads do not mix. */
__attribute__((constructor)) static void hush_tss2(void)
{
	setenv("TSS2_LOG", "all+NONE", 0);
}

enum berth_err berth_tpm_unmarshal_public(TPMT_PUBLIC *out, const void *p, size_t n)
{
	uint8_t again[BERTH_TPM_PUBLIC_MAX];
	size_t at = 0, len = 0;

	memset(out, 0, sizeof(*out));
	if (n > sizeof(again) || Tss2_MU_TPMT_PUBLIC_Unmarshal(p, n, &at, out) != TSS2_RC_SUCCESS || at != n ||
	    Tss2_MU_TPMT_PUBLIC_Marshal(out, again, sizeof(again), &len) != TSS2_RC_SUCCESS || len != n ||
	    memcmp(again, p, n) != 0)
		return berth_fail(BERTH_E_TYPE, "not a TPMT_PUBLIC: %zu bytes", n);
	return BERTH_OK;
}

enum berth_err berth_tpm_unmarshal_attest(TPMS_ATTEST *out, const void *p, size_t n)
{
	uint8_t again[BERTH_TPM_ATTEST_MAX];
	size_t at = 0, len = 0;

	memset(out, 0, sizeof(*out));
	if (n > sizeof(again) || Tss2_MU_TPMS_ATTEST_Unmarshal(p, n, &at, out) != TSS2_RC_SUCCESS || at != n ||
	    Tss2_MU_TPMS_ATTEST_Marshal(out, again, sizeof(again), &len) != TSS2_RC_SUCCESS || len != n ||
	    memcmp(again, p, n) != 0)
		return berth_fail(BERTH_E_TYPE, "not a TPMS_ATTEST: %zu bytes", n);
	return BERTH_OK;
}

static enum berth_key_type curve_type(TPM2_ECC_CURVE c)
{
	switch (c) {
	case TPM2_ECC_NIST_P256: return BERTH_KEY_P256;
	case TPM2_ECC_NIST_P384: return BERTH_KEY_P384;
	case TPM2_ECC_NIST_P521: return BERTH_KEY_P521;
	default: return BERTH_KEY_NONE;
	}
}

bool berth_tpm_pad(uint8_t *out, size_t size, const TPM2B_ECC_PARAMETER *p)
{
	if (p->size > size)
		return false;
	memset(out, 0, size - p->size);
	memcpy(out + size - p->size, p->buffer, p->size);
	return true;
}

static enum berth_err take_point(struct berth_tpm_public *out, const TPMT_PUBLIC *p)
{
	const TPMS_ECC_PARMS *e = &p->parameters.eccDetail;
	enum berth_key_type type = curve_type(e->curveID);
	size_t size = type ? berth_key_size(type) : 0;
	uint8_t x[66], y[66];

	if (!type || !berth_tpm_pad(x, size, &p->unique.ecc.x) || !berth_tpm_pad(y, size, &p->unique.ecc.y))
		return berth_fail(BERTH_E_KEY, "TPM key on curve 0x%x", e->curveID);
	if (e->scheme.scheme != TPM2_ALG_NULL) {
		out->sig_alg = e->scheme.scheme;
		out->sig_hash = e->scheme.details.anySig.hashAlg;
	}
	return berth_pubkey_import_xy(&out->pub, type, x, y, size);
}

enum berth_err berth_tpm_public_parse(struct berth_tpm_public *out, const void *p, size_t n)
{
	TPMT_PUBLIC pub;
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = berth_tpm_unmarshal_public(&pub, p, n)))
		return rc;
	if (pub.nameAlg != TPM2_ALG_SHA256)
		return berth_fail(BERTH_E_KEY, "TPM key: its Name is made with algorithm 0x%x", pub.nameAlg);
	if (pub.type == TPM2_ALG_ECC)
		rc = take_point(out, &pub);
	else if (pub.type != TPM2_ALG_RSA)
		rc = berth_fail(BERTH_E_KEY, "TPM object of type 0x%x is no key pair", pub.type);
	if (rc) {
		memset(out, 0, sizeof(*out));
		return rc;
	}
	out->attributes = pub.objectAttributes;
	out->name[0] = TPM2_ALG_SHA256 >> 8;
	out->name[1] = TPM2_ALG_SHA256 & 0xff;
	berth_sha256(out->name + 2, p, n);
	return BERTH_OK;
}

enum berth_err berth_tpm_check_ak(const struct berth_tpm_public *ak)
{
	const uint32_t need = RESIDENT | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_SIGN_ENCRYPT;

	if ((ak->attributes & need) != need || (ak->attributes & TPMA_OBJECT_DECRYPT))
		return berth_fail(BERTH_E_KEY, "attestation key: attributes 0x%08x", ak->attributes);
	if (ak->pub.type != BERTH_KEY_P256 || ak->sig_alg != TPM2_ALG_ECDSA || ak->sig_hash != TPM2_ALG_SHA256)
		return berth_fail(BERTH_E_KEY, "attestation key: not P-256 with ECDSA and SHA-256");
	return BERTH_OK;
}

enum berth_err berth_tpm_check_resident(const struct berth_tpm_public *key, bool signs)
{
	const uint32_t both = TPMA_OBJECT_SIGN_ENCRYPT | TPMA_OBJECT_DECRYPT;

	if ((key->attributes & both) != (signs ? TPMA_OBJECT_SIGN_ENCRYPT : TPMA_OBJECT_DECRYPT))
		return berth_fail(BERTH_E_KEY, "key does not just %s: attributes 0x%08x", signs ? "sign" : "agree",
				  key->attributes);
	if ((key->attributes & RESIDENT) != RESIDENT || (key->attributes & TPMA_OBJECT_RESTRICTED))
		return berth_fail(BERTH_E_KEY, "key is not bound to its TPM: attributes 0x%08x", key->attributes);
	return BERTH_OK;
}

/* What every attestation must be, before what it says is looked at.  The magic
 * is the only thing that tells what the TPM made from what it was asked to sign:
 * a restricted key signs foreign data only when it does not begin with it. */
static enum berth_err check_attest(TPMS_ATTEST *out, TPMI_ST_ATTEST type, const struct berth_tpm_public *ak,
				   const uint8_t nonce[BERTH_TPM_NONCE_LEN], const void *attest, size_t attest_len,
				   const uint8_t *sig, size_t sig_len)
{
	enum berth_err rc;

	if ((rc = berth_tpm_check_ak(ak)) || (rc = berth_tpm_unmarshal_attest(out, attest, attest_len)) ||
	    (rc = berth_verify(&ak->pub, attest, attest_len, sig, sig_len)))
		return rc;
	if (out->magic != TPM2_GENERATED_VALUE)
		return berth_fail(BERTH_E_SIG, "attestation: no TPM made this (magic 0x%08x)", out->magic);
	if (out->type != type)
		return berth_fail(BERTH_E_SIG, "attestation: of type 0x%04x, not 0x%04x", out->type, type);
	if (out->extraData.size != BERTH_TPM_NONCE_LEN || memcmp(out->extraData.buffer, nonce, BERTH_TPM_NONCE_LEN) != 0)
		return berth_fail(BERTH_E_SIG, "attestation: of another challenge");
	return BERTH_OK;
}

enum berth_err berth_tpm_check_certify(const struct berth_tpm_public *ak, const struct berth_tpm_public *key,
				       const uint8_t nonce[BERTH_TPM_NONCE_LEN], const void *attest, size_t attest_len,
				       const uint8_t *sig, size_t sig_len)
{
	TPMS_ATTEST a;
	enum berth_err rc = check_attest(&a, TPM2_ST_ATTEST_CERTIFY, ak, nonce, attest, attest_len, sig, sig_len);
	const TPM2B_NAME *name = &a.attested.certify.name;

	if (rc)
		return rc;
	if (name->size != BERTH_TPM_NAME_LEN || memcmp(name->name, key->name, BERTH_TPM_NAME_LEN) != 0)
		return berth_fail(BERTH_E_SIG, "attestation: certifies another key");
	return BERTH_OK;
}

enum berth_err berth_tpm_check_quote(const struct berth_tpm_public *ak, const uint8_t nonce[BERTH_TPM_NONCE_LEN],
				     const void *attest, size_t attest_len, const uint8_t *sig, size_t sig_len,
				     uint32_t *pcr_mask, uint8_t digest[32])
{
	TPMS_ATTEST a;
	enum berth_err rc = check_attest(&a, TPM2_ST_ATTEST_QUOTE, ak, nonce, attest, attest_len, sig, sig_len);
	const TPMS_QUOTE_INFO *q = &a.attested.quote;
	const TPMS_PCR_SELECTION *s = &q->pcrSelect.pcrSelections[0];

	*pcr_mask = 0;
	memset(digest, 0, 32);
	if (rc)
		return rc;
	if (q->pcrSelect.count != 1 || s->hash != TPM2_ALG_SHA256 || s->sizeofSelect > 4 ||
	    q->pcrDigest.size != 32)
		return berth_fail(BERTH_E_TYPE, "quote: not over the SHA-256 bank alone");
	for (unsigned i = 0; i < s->sizeofSelect; i++)
		*pcr_mask |= (uint32_t)s->pcrSelect[i] << 8 * i;
	memcpy(digest, q->pcrDigest.buffer, 32);
	return BERTH_OK;
}
