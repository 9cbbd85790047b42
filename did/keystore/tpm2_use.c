/* SPDX-License-Identifier: Apache-2.0 */
/* What keys in the TPM do: sign and agree. */
#include <string.h>

#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/keystore/evidence_impl.h"
#include "did/keystore/tpm2.h"

static void digest_for(enum berth_key_type type, TPM2B_DIGEST *d, const void *msg, size_t len)
{
	if (type == BERTH_KEY_P384) {
		d->size = BERTH_SHA384_LEN;
		berth_sha384(d->buffer, msg, len);
	} else {
		d->size = BERTH_SHA256_LEN;
		berth_sha256(d->buffer, msg, len);
	}
}

enum berth_err berth_tpm2_put_sig(struct berth_tpm2 *t, const TPMT_SIGNATURE *s,
				  enum berth_key_type type, uint8_t *sig, size_t *len)
{
	const TPMS_SIGNATURE_ECC *e = &s->signature.ecdsa;

	if (s->sigAlg != TPM2_ALG_ECDSA)
		return berth_fail(BERTH_E_KEYSTORE, "TPM %s: signed with algorithm 0x%x", t->tcti_conf, s->sigAlg);
	return berth_ecdsa_from_rs(sig, len, type, e->signatureR.buffer, e->signatureR.size,
				   e->signatureS.buffer, e->signatureS.size);
}

enum berth_err berth_tpm2_sign(struct berth_keystore *ks, const char *name, const void *msg,
			       size_t len, uint8_t *sig, size_t *sig_len)
{
	struct berth_tpm2 *t = (struct berth_tpm2 *)(void *)ks;
	const TPMT_SIG_SCHEME of_the_key = { .scheme = TPM2_ALG_NULL };
	const TPMT_TK_HASHCHECK outside = { .tag = TPM2_ST_HASHCHECK, .hierarchy = TPM2_RH_NULL };
	struct berth_tpm2_key *k = NULL;
	TPMT_SIGNATURE *s = NULL;
	TPM2B_DIGEST d;
	ESYS_TR h = ESYS_TR_NONE;
	enum berth_err rc;

	if ((rc = berth_tpm2_begin(t)) || (rc = berth_tpm2_load_key(t, name, &h, &k)))
		return rc;
	digest_for(k->info.pub.type, &d, msg, len);
	if (!(rc = berth_tpm2_rc(t, Esys_Sign(t->esys, h, berth_tpm2_session(t, BERTH_TPM2_IN),
					      ESYS_TR_NONE, ESYS_TR_NONE, &d, &of_the_key, &outside, &s),
				 "sign")))
		rc = berth_tpm2_put_sig(t, s, k->info.pub.type, sig, sig_len);
	berth_tpm2_unload(t, &h, k);
	Esys_Free(s);
	return rc;
}

enum berth_err berth_tpm2_ecdh(struct berth_keystore *ks, const char *name,
			       const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len)
{
	struct berth_tpm2 *t = (struct berth_tpm2 *)(void *)ks;
	struct berth_tpm2_key *k = NULL;
	struct berth_pubkey checked;
	TPM2B_ECC_POINT in = { 0 }, *out = NULL;
	ESYS_TR h = ESYS_TR_NONE;
	enum berth_err rc;

	/* an invalid curve attack never reaches the device */
	if ((rc = berth_pubkey_import(&checked, theirs->type, theirs->b, theirs->len)) ||
	    (rc = berth_tpm2_begin(t)) || (rc = berth_tpm2_load_key(t, name, &h, &k)))
		return rc;
	size_t size = berth_key_size(checked.type);

	in.point.x.size = in.point.y.size = (uint16_t)size;
	memcpy(in.point.x.buffer, checked.b + 1, size);
	memcpy(in.point.y.buffer, checked.b + 1 + size, size);
	rc = berth_tpm2_rc(t, Esys_ECDH_ZGen(t->esys, h, berth_tpm2_session(t, BERTH_TPM2_IN | BERTH_TPM2_OUT),
					     ESYS_TR_NONE, ESYS_TR_NONE, &in, &out), "agree on a key");
	if (!rc && !berth_tpm_pad(z, size, &out->point.x))
		rc = berth_fail(BERTH_E_KEYSTORE, "TPM %s: an agreement of %u bytes", t->tcti_conf,
				out->point.x.size);
	if (!rc)
		*z_len = size;
	berth_tpm2_unload(t, &h, k);
	if (out)
		berth_wipe(out, sizeof(*out));
	Esys_Free(out);
	return rc;
}
