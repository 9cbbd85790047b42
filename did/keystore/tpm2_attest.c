/* SPDX-License-Identifier: Apache-2.0 */
/* Evidence: the endorsement key with its certificate, credential activation,
 * certification of keys, quotes and the PCRs that they are of. */
#include <string.h>
#include <tss2/tss2_mu.h>

#include "did/base/cur.h"
#include "did/keystore/evidence.h"
#include "did/keystore/tpm2.h"

/* TCG EK Credential Profile: where they are kept. */
#define EK_RSA_HANDLE 0x81010001u
#define EK_RSA_CERT 0x01c00002u
#define EK_ECC_CERT 0x01c0000au
#define CERT_MAX 8192
#define NV_CHUNK 512

static struct berth_tpm2 *tpm2(struct berth_keystore *ks) { return (struct berth_tpm2 *)(void *)ks; }

/* TCG EK Credential Profile, templates L-1 (RSA 2048) and L-2 (ECC P-256); their
 * policy is PolicySecret(endorsement). */
static void ek_template(TPM2B_PUBLIC *out, bool rsa)
{
	static const uint8_t policy[32] = {
		0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xb3, 0xf8, 0x1a, 0x90, 0xcc, 0x8d, 0x46, 0xa5, 0xd7, 0x24,
		0xfd, 0x52, 0xd7, 0x6e, 0x06, 0x52, 0x0b, 0x64, 0xf2, 0xa1, 0xda, 0x1b, 0x33, 0x14, 0x69, 0xaa };
	const TPMT_SYM_DEF_OBJECT aes = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128,
					  .mode.aes = TPM2_ALG_CFB };
	TPMT_PUBLIC *p = &out->publicArea;

	memset(out, 0, sizeof(*out));
	p->type = rsa ? TPM2_ALG_RSA : TPM2_ALG_ECC;
	p->nameAlg = TPM2_ALG_SHA256;
	p->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
			      TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;
	p->authPolicy.size = sizeof(policy);
	memcpy(p->authPolicy.buffer, policy, sizeof(policy));
	if (rsa) {
		p->parameters.rsaDetail = (TPMS_RSA_PARMS){ .symmetric = aes, .keyBits = 2048,
							    .scheme.scheme = TPM2_ALG_NULL };
		p->unique.rsa.size = 256;
	} else {
		p->parameters.eccDetail = (TPMS_ECC_PARMS){ .symmetric = aes, .curveID = TPM2_ECC_NIST_P256,
							    .scheme.scheme = TPM2_ALG_NULL,
							    .kdf.scheme = TPM2_ALG_NULL };
		p->unique.ecc.x.size = p->unique.ecc.y.size = 32;
	}
}

struct ek {
	ESYS_TR h;
	bool transient;
	uint32_t cert;	/* NV index, 0: none */
};

static enum berth_err ek_create(struct berth_tpm2 *t, struct ek *ek, bool rsa)
{
	const TPM2B_SENSITIVE_CREATE in = { 0 };
	const TPM2B_DATA none = { 0 };
	const TPML_PCR_SELECTION no_pcr = { 0 };
	TPM2B_PUBLIC tmpl;
	enum berth_err rc;

	ek_template(&tmpl, rsa);
	rc = berth_tpm2_rc(t, Esys_CreatePrimary(t->esys, ESYS_TR_RH_ENDORSEMENT,
						 berth_tpm2_session(t, BERTH_TPM2_IN), ESYS_TR_NONE,
						 ESYS_TR_NONE, &in, &tmpl, &none, &no_pcr, &ek->h, NULL, NULL,
						 NULL, NULL), "make the endorsement key");
	ek->transient = !rc;
	return rc;
}

/* RSA where it is kept or certified, else ECC where that is certified. */
static enum berth_err ek_load(struct berth_tpm2 *t, struct ek *ek)
{
	bool kept, rsa_cert, ecc_cert;
	enum berth_err rc;

	*ek = (struct ek){ .h = ESYS_TR_NONE };
	if ((rc = berth_tpm2_exists(t, EK_RSA_HANDLE, &kept)) ||
	    (rc = berth_tpm2_exists(t, EK_RSA_CERT, &rsa_cert)) ||
	    (rc = berth_tpm2_exists(t, EK_ECC_CERT, &ecc_cert)))
		return rc;
	ek->cert = rsa_cert ? EK_RSA_CERT : ecc_cert ? EK_ECC_CERT : 0;
	if (ek->cert == EK_ECC_CERT || !kept)
		return ek_create(t, ek, ek->cert != EK_ECC_CERT);
	return berth_tpm2_rc(t, Esys_TR_FromTPMPublic(t->esys, EK_RSA_HANDLE, ESYS_TR_NONE, ESYS_TR_NONE,
						      ESYS_TR_NONE, &ek->h), "read the endorsement key");
}

static void ek_unload(struct berth_tpm2 *t, struct ek *ek)
{
	if (ek->transient)
		berth_tpm2_flush(t, &ek->h);
	else if (ek->h != ESYS_TR_NONE && t->esys)
		Esys_TR_Close(t->esys, &ek->h);
}

static enum berth_err read_chunks(struct berth_tpm2 *t, ESYS_TR nv, size_t size, struct berth_buf *out)
{
	for (size_t at = 0; at < size; ) {
		uint16_t n = (uint16_t)(size - at < NV_CHUNK ? size - at : NV_CHUNK);
		TPM2B_MAX_NV_BUFFER *d = NULL;
		enum berth_err rc = berth_tpm2_rc(t, Esys_NV_Read(t->esys, nv, nv, berth_tpm2_session(t, 0),
							ESYS_TR_NONE, ESYS_TR_NONE, n, (uint16_t)at, &d),
						  "read the endorsement certificate");

		if (!rc && d->size != n)
			rc = berth_fail(BERTH_E_KEYSTORE, "TPM %s: a short read", t->tcti_conf);
		if (!rc)
			berth_buf_put(out, d->buffer, d->size);
		Esys_Free(d);
		if (rc)
			return rc;
		at += n;
	}
	return berth_buf_status(out);
}

/* Vendors pad the index: the certificate is as long as its DER says. */
static void trim_der(struct berth_buf *b)
{
	struct berth_cur c = berth_cur(b->p, b->len);
	uint8_t tag = berth_cur_u8(&c), form = berth_cur_u8(&c);
	uint16_t len = berth_cur_be16(&c);

	if (!c.bad && tag == 0x30 && form == 0x82 && len <= c.n)
		b->len = 4u + len;
}

static enum berth_err read_cert(struct berth_tpm2 *t, uint32_t index, struct berth_buf *out)
{
	TPM2B_NV_PUBLIC *pub = NULL;
	ESYS_TR nv = ESYS_TR_NONE;
	enum berth_err rc;

	if ((rc = berth_tpm2_rc(t, Esys_TR_FromTPMPublic(t->esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
							 &nv), "read the endorsement certificate")) ||
	    (rc = berth_tpm2_rc(t, Esys_NV_ReadPublic(t->esys, nv, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
						      &pub, NULL), "read the endorsement certificate")))
		goto out;
	if (pub->nvPublic.dataSize > CERT_MAX)
		rc = berth_fail(BERTH_E_KEYSTORE, "TPM %s: a certificate of %u bytes", t->tcti_conf,
				pub->nvPublic.dataSize);
	else if (!(rc = read_chunks(t, nv, pub->nvPublic.dataSize, out)))
		trim_der(out);
out:
	Esys_Free(pub);
	if (nv != ESYS_TR_NONE)
		Esys_TR_Close(t->esys, &nv);
	return rc;
}

enum berth_err berth_tpm2_ek(struct berth_keystore *ks, struct berth_buf *cert_der, struct berth_buf *pub)
{
	struct berth_tpm2 *t = tpm2(ks);
	struct berth_tpm2_blob area;
	TPM2B_PUBLIC *p = NULL;
	struct ek ek = { .h = ESYS_TR_NONE };
	enum berth_err rc;

	if ((rc = berth_tpm2_begin(t)) || (rc = ek_load(t, &ek)) ||
	    (rc = berth_tpm2_rc(t, Esys_ReadPublic(t->esys, ek.h, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &p,
						   NULL, NULL), "read the endorsement key")) ||
	    (rc = berth_tpm2_put_public(&area, &p->publicArea)) ||
	    (ek.cert && (rc = read_cert(t, ek.cert, cert_der))))
		goto out;
	berth_buf_put(pub, area.b, area.len);
	rc = berth_buf_status(pub);
out:
	ek_unload(t, &ek);
	Esys_Free(p);
	return rc;
}

static bool take_credential(TPM2B_ID_OBJECT *b, TPM2B_ENCRYPTED_SECRET *s, const void *blob, size_t blob_len,
			    const void *secret, size_t secret_len)
{
	if (blob_len > sizeof(b->credential) || secret_len > sizeof(s->secret))
		return false;
	b->size = (uint16_t)blob_len;
	s->size = (uint16_t)secret_len;
	memcpy(b->credential, blob, blob_len);
	memcpy(s->secret, secret, secret_len);
	return true;
}

/* The EK wants PolicySecret(endorsement), the attestation key our session. */
static enum berth_err activate(struct berth_tpm2 *t, ESYS_TR ak, ESYS_TR ek, const TPM2B_ID_OBJECT *blob,
			       const TPM2B_ENCRYPTED_SECRET *secret, TPM2B_DIGEST **out)
{
	ESYS_TR policy = ESYS_TR_NONE;
	enum berth_err rc;

	if ((rc = berth_tpm2_start_session(t, TPM2_SE_POLICY, &policy)) ||
	    (rc = berth_tpm2_rc(t, Esys_PolicySecret(t->esys, ESYS_TR_RH_ENDORSEMENT, policy,
						     berth_tpm2_session(t, 0), ESYS_TR_NONE, ESYS_TR_NONE, NULL,
						     NULL, NULL, 0, NULL, NULL), "the endorsement policy")))
		goto out;
	rc = berth_tpm2_rc(t, Esys_ActivateCredential(t->esys, ak, ek,
						      berth_tpm2_session(t, BERTH_TPM2_IN | BERTH_TPM2_OUT),
						      policy, ESYS_TR_NONE, blob, secret, out),
			   "activate a credential");
	/* the one command that is given bytes of a peer: refused, not out of order */
	if (rc && !t->lost && !t->locked_out)
		rc = berth_fail(BERTH_E_DECRYPT, "the credential was not made for this TPM and key");
out:
	berth_tpm2_flush(t, &policy);
	return rc;
}

enum berth_err berth_tpm2_activate(struct berth_keystore *ks, const char *ak, const void *blob,
				   size_t blob_len, const void *secret, size_t secret_len,
				   struct berth_buf *opened)
{
	struct berth_tpm2 *t = tpm2(ks);
	TPM2B_ENCRYPTED_SECRET s;
	TPM2B_ID_OBJECT b;
	TPM2B_DIGEST *out = NULL;
	struct berth_tpm2_key *key = NULL;
	struct ek ek = { .h = ESYS_TR_NONE };
	ESYS_TR h = ESYS_TR_NONE;
	enum berth_err rc;

	if (!take_credential(&b, &s, blob, blob_len, secret, secret_len))
		return berth_fail(BERTH_E_DECRYPT, "the credential was not made for this TPM and key");
	if ((rc = berth_tpm2_begin(t)) || (rc = berth_tpm2_load_key(t, ak, &h, &key)) || (rc = ek_load(t, &ek)) ||
	    (rc = activate(t, h, ek.h, &b, &s, &out)))
		goto out;
	berth_buf_put(opened, out->buffer, out->size);
	rc = berth_buf_status(opened);
out:
	ek_unload(t, &ek);
	if (key)
		berth_tpm2_unload(t, &h, key);
	if (out)
		berth_wipe(out, sizeof(*out));
	Esys_Free(out);
	return rc;
}

static enum berth_err put_evidence(struct berth_tpm2 *t, const TPM2B_ATTEST *a, const TPMT_SIGNATURE *s,
				   struct berth_buf *attest, struct berth_buf *sig)
{
	uint8_t rs[BERTH_SIG_MAX];
	size_t n = 0;
	enum berth_err rc = berth_tpm2_put_sig(t, s, BERTH_KEY_P256, rs, &n);

	if (rc)
		return rc;
	berth_buf_put(attest, a->attestationData, a->size);
	berth_buf_put(sig, rs, n);
	return (rc = berth_buf_status(attest)) ? rc : berth_buf_status(sig);
}

/* The one place where qualifying data gets its length. */
static TPM2B_DATA qualifying(const uint8_t nonce[BERTH_TPM_NONCE_LEN])
{
	TPM2B_DATA q = { .size = BERTH_TPM_NONCE_LEN };

	_Static_assert(BERTH_TPM_NONCE_LEN <= TPM2_SHA256_DIGEST_SIZE, "no chip takes more than its largest digest");
	memcpy(q.buffer, nonce, BERTH_TPM_NONCE_LEN);
	return q;
}

static const TPMT_SIG_SCHEME of_the_key = { .scheme = TPM2_ALG_NULL };

enum berth_err berth_tpm2_certify(struct berth_keystore *ks, const char *key, const char *ak,
				  const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_tpm2 *t = tpm2(ks);
	const TPM2B_DATA q = qualifying(nonce);
	TPM2B_ATTEST *a = NULL;
	TPMT_SIGNATURE *s = NULL;
	struct berth_tpm2_key *ko = NULL, *ka = NULL;
	ESYS_TR obj = ESYS_TR_NONE, by = ESYS_TR_NONE, second = ESYS_TR_NONE;
	enum berth_err rc;

	/* one command takes a session only once, and both keys want authorisation */
	if ((rc = berth_tpm2_begin(t)) || (rc = berth_tpm2_load_key(t, key, &obj, &ko)) ||
	    (rc = berth_tpm2_load_key(t, ak, &by, &ka)) ||
	    (rc = berth_tpm2_start_session(t, TPM2_SE_HMAC, &second)) ||
	    (rc = berth_tpm2_rc(t, Esys_TRSess_SetAttributes(t->esys, second, TPMA_SESSION_CONTINUESESSION, 0xff),
				"a session")) ||
	    (rc = berth_tpm2_rc(t, Esys_Certify(t->esys, obj, by, berth_tpm2_session(t, BERTH_TPM2_IN), second,
						ESYS_TR_NONE, &q, &of_the_key, &a, &s), "certify a key")))
		goto out;
	rc = put_evidence(t, a, s, attest, sig);
out:
	berth_tpm2_flush(t, &second);
	if (ko)
		berth_tpm2_unload(t, &obj, ko);
	if (ka)
		berth_tpm2_unload(t, &by, ka);
	Esys_Free(a);
	Esys_Free(s);
	return rc;
}

static TPML_PCR_SELECTION selection(uint32_t mask)
{
	return (TPML_PCR_SELECTION){ .count = 1, .pcrSelections = { { .hash = TPM2_ALG_SHA256, .sizeofSelect = 3,
		.pcrSelect = { mask & 0xff, mask >> 8 & 0xff, mask >> 16 & 0xff } } } };
}

static enum berth_err check_mask(uint32_t mask)
{
	return mask >> BERTH_PCRS ? berth_fail(BERTH_E_TYPE, "PCR mask 0x%x: there are 24", mask) : BERTH_OK;
}

enum berth_err berth_tpm2_quote(struct berth_keystore *ks, const char *ak, uint32_t pcr_mask,
				const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig)
{
	struct berth_tpm2 *t = tpm2(ks);
	const TPML_PCR_SELECTION pcr = selection(pcr_mask);
	const TPM2B_DATA q = qualifying(nonce);
	TPM2B_ATTEST *a = NULL;
	TPMT_SIGNATURE *s = NULL;
	struct berth_tpm2_key *ka = NULL;
	ESYS_TR by = ESYS_TR_NONE;
	enum berth_err rc;

	if ((rc = check_mask(pcr_mask)) || (rc = berth_tpm2_begin(t)) || (rc = berth_tpm2_load_key(t, ak, &by, &ka)) ||
	    (rc = berth_tpm2_rc(t, Esys_Quote(t->esys, by, berth_tpm2_session(t, BERTH_TPM2_IN), ESYS_TR_NONE,
					      ESYS_TR_NONE, &q, &of_the_key, &pcr, &a, &s), "quote")))
		goto out;
	rc = put_evidence(t, a, s, attest, sig);
out:
	if (ka)
		berth_tpm2_unload(t, &by, ka);
	Esys_Free(a);
	Esys_Free(s);
	return rc;
}

/* The PCRs that one answer is of: some of those asked for, and the lowest of them. */
static bool take_values(const TPML_PCR_SELECTION *got, const TPML_DIGEST *d, uint32_t *left, struct berth_buf *values)
{
	const TPMS_PCR_SELECTION *s = &got->pcrSelections[0];
	uint32_t mask = got->count == 1 && s->sizeofSelect == 3
		? s->pcrSelect[0] | (uint32_t)s->pcrSelect[1] << 8 | (uint32_t)s->pcrSelect[2] << 16 : 0;
	uint32_t rest = *left & ~mask;

	if (!mask || (mask & ~*left) || (rest && (rest & -rest) < mask) || d->count != berth_pcr_count(mask))
		return false;
	for (size_t i = 0; i < d->count; i++) {
		if (d->digests[i].size != TPM2_SHA256_DIGEST_SIZE)
			return false;
		berth_buf_put(values, d->digests[i].buffer, d->digests[i].size);
	}
	*left = rest;
	return true;
}

/* A TPM gives as many at a time as it likes, most of them eight. */
enum berth_err berth_tpm2_pcrs(struct berth_keystore *ks, uint32_t pcr_mask, struct berth_buf *values)
{
	struct berth_tpm2 *t = tpm2(ks);
	enum berth_err rc;

	if ((rc = check_mask(pcr_mask)) || (rc = berth_tpm2_begin(t)))
		return rc;
	while (!rc && pcr_mask) {
		const TPML_PCR_SELECTION want = selection(pcr_mask);
		TPML_PCR_SELECTION *got = NULL;
		TPML_DIGEST *d = NULL;

		rc = berth_tpm2_rc(t, Esys_PCR_Read(t->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &want, NULL, &got, &d),
				   "read PCRs");
		if (!rc && !take_values(got, d, &pcr_mask, values))
			rc = berth_fail(BERTH_E_KEYSTORE, "TPM %s: has no such PCRs", t->tcti_conf);
		Esys_Free(got);
		Esys_Free(d);
	}
	return rc ? rc : berth_buf_status(values);
}
