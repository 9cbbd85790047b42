/* SPDX-License-Identifier: Apache-2.0 */
/* Keys: wrapped blobs under the storage key, loaded for one operation each.  The
 * first attestation key also gets a persistent handle. */
#include <stdlib.h>
#include <string.h>
#include <tss2/tss2_mu.h>

#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/keystore/evidence_impl.h"
#include "did/keystore/tpm2.h"

#define RESIDENT (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN | \
		  TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA)
#define AK_HANDLE_FIRST 0x81008000u

struct berth_tpm2_key *berth_tpm2_lookup(struct berth_tpm2 *t, const char *name)
{
	for (size_t i = 0; i < t->s.n; i++)
		if (strcmp(t->s.key[i].info.name, name) == 0)
			return &t->s.key[i];
	return NULL;
}

enum berth_err berth_tpm2_save(struct berth_tpm2 *t)
{
	struct berth_buf file = BERTH_BUF_INIT;
	const struct berth_tpm2_secrets *sec = berth_tpm2_secrets(t);
	enum berth_err rc = berth_tpm2_store_format(&file, &t->s, sec->seed, sec->kek);

	if (!rc)
		rc = berth_ksfile_write(&t->file, &file);
	berth_buf_free(&file);
	return rc;
}

void berth_tpm2_name(uint8_t name[BERTH_TPM2_NAME_LEN], const struct berth_tpm2_blob *pub)
{
	name[0] = TPM2_ALG_SHA256 >> 8;
	name[1] = TPM2_ALG_SHA256 & 0xff;
	berth_sha256(name + 2, pub->b, pub->len);
}

enum berth_err berth_tpm2_get_public(const struct berth_tpm2_blob *b, TPM2B_PUBLIC *out)
{
	size_t at = 0;

	memset(out, 0, sizeof(*out));
	if (Tss2_MU_TPMT_PUBLIC_Unmarshal(b->b, b->len, &at, &out->publicArea) != TSS2_RC_SUCCESS ||
	    at != b->len)
		return berth_fail(BERTH_E_KEYSTORE, "tpm2 keystore: a public area that is none");
	return BERTH_OK;
}

enum berth_err berth_tpm2_put_public(struct berth_tpm2_blob *b, const TPMT_PUBLIC *p)
{
	b->len = 0;
	if (Tss2_MU_TPMT_PUBLIC_Marshal(p, b->b, sizeof(b->b), &b->len) != TSS2_RC_SUCCESS)
		return berth_fail(BERTH_E_KEYSTORE, "TPM: a public area of more than %zu bytes", sizeof(b->b));
	return BERTH_OK;
}

static enum berth_key_type curve_type(TPM2_ECC_CURVE c)
{
	return c == TPM2_ECC_NIST_P256 ? BERTH_KEY_P256 : c == TPM2_ECC_NIST_P384 ? BERTH_KEY_P384
	     : BERTH_KEY_NONE;
}

enum berth_err berth_tpm2_pubkey(struct berth_pubkey *out, const struct berth_tpm2_blob *pub)
{
	uint8_t x[48], y[48];
	TPM2B_PUBLIC p;
	enum berth_err rc = berth_tpm2_get_public(pub, &p);
	const TPMS_ECC_POINT *at = &p.publicArea.unique.ecc;

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	enum berth_key_type type = p.publicArea.type == TPM2_ALG_ECC
		? curve_type(p.publicArea.parameters.eccDetail.curveID) : BERTH_KEY_NONE;
	size_t size = type ? berth_key_size(type) : 0;

	if (!type || !berth_tpm_pad(x, size, &at->x) || !berth_tpm_pad(y, size, &at->y))
		return berth_fail(BERTH_E_KEYSTORE, "TPM: a key that is neither P-256 nor P-384");
	return berth_pubkey_import_xy(out, type, x, y, size);
}

enum berth_err berth_tpm2_create(struct berth_tpm2 *t, const char *name, const TPM2B_PUBLIC *template,
				 const uint8_t *data, size_t data_len, struct berth_tpm2_object *out)
{
	TPM2B_SENSITIVE_CREATE in = { 0 };
	const TPM2B_DATA none = { 0 };
	const TPML_PCR_SELECTION no_pcr = { 0 };
	TPM2B_PRIVATE *priv = NULL;
	TPM2B_PUBLIC *pub = NULL;
	enum berth_err rc;

	berth_tpm2_auth(t, name, &in.sensitive.userAuth);
	in.sensitive.data.size = (uint16_t)data_len;
	if (data_len)
		memcpy(in.sensitive.data.buffer, data, data_len);
	if ((rc = berth_tpm2_rc(t, Esys_Create(t->esys, t->srk,
					       berth_tpm2_session(t, BERTH_TPM2_IN | BERTH_TPM2_OUT),
					       ESYS_TR_NONE, ESYS_TR_NONE, &in, template, &none, &no_pcr,
					       &priv, &pub, NULL, NULL, NULL), "make a key")) ||
	    (rc = berth_tpm2_put_public(&out->pub, &pub->publicArea)))
		goto out;
	if (priv->size > sizeof(out->priv.b)) {
		rc = berth_fail(BERTH_E_KEYSTORE, "TPM: a private area of %u bytes", priv->size);
		goto out;
	}
	out->priv.len = priv->size;
	memcpy(out->priv.b, priv->buffer, priv->size);
out:
	berth_wipe(&in, sizeof(in));
	Esys_Free(priv);
	Esys_Free(pub);
	return rc;
}

enum berth_err berth_tpm2_load(struct berth_tpm2 *t, const char *name,
			       const struct berth_tpm2_object *o, ESYS_TR *h)
{
	TPM2B_PRIVATE priv = { .size = (uint16_t)o->priv.len };
	TPM2B_PUBLIC pub;
	enum berth_err rc = berth_tpm2_get_public(&o->pub, &pub);

	*h = ESYS_TR_NONE;
	if (rc)
		return rc;
	memcpy(priv.buffer, o->priv.b, o->priv.len);
	if ((rc = berth_tpm2_rc(t, Esys_Load(t->esys, t->srk, berth_tpm2_session(t, BERTH_TPM2_IN),
					     ESYS_TR_NONE, ESYS_TR_NONE, &priv, &pub, h), "load a key")))
		*h = ESYS_TR_NONE;
	else if ((rc = berth_tpm2_set_auth(t, *h, name)))
		berth_tpm2_flush(t, h);
	return rc;
}

/* Gives a loaded key its persistent handle, and lets go of the transient one. */
static enum berth_err persist(struct berth_tpm2 *t, struct berth_tpm2_key *k)
{
	ESYS_TR h, kept = ESYS_TR_NONE;
	enum berth_err rc = berth_tpm2_load(t, k->info.name, &k->object, &h);

	if (!rc)
		rc = berth_tpm2_rc(t, Esys_EvictControl(t->esys, ESYS_TR_RH_OWNER, h, berth_tpm2_session(t, 0),
							ESYS_TR_NONE, ESYS_TR_NONE, k->handle, &kept),
				   "keep a key");
	if (kept != ESYS_TR_NONE)
		Esys_TR_Close(t->esys, &kept);
	berth_tpm2_flush(t, &h);
	return rc;
}

static enum berth_err evict(struct berth_tpm2 *t, struct berth_tpm2_key *k)
{
	ESYS_TR h, none = ESYS_TR_NONE;
	enum berth_err rc;
	bool there;

	if ((rc = berth_tpm2_exists(t, k->handle, &there)) || !there ||
	    (rc = berth_tpm2_attach(t, k->handle, &k->object.pub, &h)))
		return rc;
	return berth_tpm2_rc(t, Esys_EvictControl(t->esys, ESYS_TR_RH_OWNER, h, berth_tpm2_session(t, 0),
						  ESYS_TR_NONE, ESYS_TR_NONE, k->handle, &none),
			     "delete a key");
}

static enum berth_err attach_kept(struct berth_tpm2 *t, struct berth_tpm2_key *k, ESYS_TR *h)
{
	enum berth_err rc;
	bool there;

	/* not there: the power went between the file and the device */
	if ((rc = berth_tpm2_exists(t, k->handle, &there)) || (!there && (rc = persist(t, k))) ||
	    (rc = berth_tpm2_attach(t, k->handle, &k->object.pub, h)))
		return rc;
	if ((rc = berth_tpm2_set_auth(t, *h, k->info.name)))
		Esys_TR_Close(t->esys, h);
	return rc;
}

enum berth_err berth_tpm2_load_key(struct berth_tpm2 *t, const char *name, ESYS_TR *h,
				   struct berth_tpm2_key **key)
{
	struct berth_tpm2_key *k = berth_tpm2_lookup(t, name);
	struct berth_tpm2_object bare;
	enum berth_err rc;

	*h = ESYS_TR_NONE;
	if (!k)
		return berth_fail(BERTH_E_KEYSTORE, "%s: no key %s", t->dir, name);
	*key = k;
	if (k->handle)
		return attach_kept(t, k, h);
	return (rc = berth_tpm2_bare(t, k, &bare)) ? rc : berth_tpm2_load(t, name, &bare, h);
}

void berth_tpm2_unload(struct berth_tpm2 *t, ESYS_TR *h, const struct berth_tpm2_key *key)
{
	if (*h != ESYS_TR_NONE && key->handle && t->esys)
		Esys_TR_Close(t->esys, h);
	else
		berth_tpm2_flush(t, h);
	*h = ESYS_TR_NONE;
}

static enum berth_err has_curve(struct berth_tpm2 *t, TPM2_ECC_CURVE curve, enum berth_key_type type)
{
	TPMS_CAPABILITY_DATA *d = NULL;
	TPMI_YES_NO more;
	bool there = false;
	enum berth_err rc = berth_tpm2_rc(t, Esys_GetCapability(t->esys, ESYS_TR_NONE, ESYS_TR_NONE,
						ESYS_TR_NONE, TPM2_CAP_ECC_CURVES, TPM2_ECC_NONE,
						TPM2_MAX_ECC_CURVES, &more, &d), "list curves");

	for (uint32_t i = 0; !rc && i < d->data.eccCurves.count; i++)
		there |= d->data.eccCurves.eccCurves[i] == curve;
	Esys_Free(d);
	if (!rc && !there)
		rc = berth_fail(BERTH_E_KEY, "this TPM has no curve for %s", berth_key_type_name(type));
	return rc;
}

static enum berth_err template(TPM2B_PUBLIC *out, enum berth_key_type type, enum berth_usage usage)
{
	bool big = type == BERTH_KEY_P384;
	TPMS_ECC_PARMS *ecc = &out->publicArea.parameters.eccDetail;

	memset(out, 0, sizeof(*out));
	if (type != BERTH_KEY_P256 && type != BERTH_KEY_P384)
		return berth_fail(BERTH_E_KEY, "a TPM holds P-256 and P-384 keys, none of type %s",
				  berth_key_type_name(type));
	if (usage == BERTH_USAGE_ATTEST && big)
		return berth_fail(BERTH_E_KEY, "an attestation key is P-256");
	out->publicArea.type = TPM2_ALG_ECC;
	out->publicArea.nameAlg = TPM2_ALG_SHA256;
	out->publicArea.objectAttributes = RESIDENT |
		(usage == BERTH_USAGE_AGREE ? TPMA_OBJECT_DECRYPT : TPMA_OBJECT_SIGN_ENCRYPT) |
		(usage == BERTH_USAGE_ATTEST ? TPMA_OBJECT_RESTRICTED : 0);
	ecc->symmetric.algorithm = ecc->kdf.scheme = ecc->scheme.scheme = TPM2_ALG_NULL;
	ecc->curveID = big ? TPM2_ECC_NIST_P384 : TPM2_ECC_NIST_P256;
	if (usage != BERTH_USAGE_AGREE) {
		ecc->scheme.scheme = TPM2_ALG_ECDSA;
		ecc->scheme.details.ecdsa.hashAlg = big ? TPM2_ALG_SHA384 : TPM2_ALG_SHA256;
	}
	return BERTH_OK;
}

bool berth_tpm2_can(struct berth_keystore *ks, enum berth_key_type type, enum berth_usage usage)
{
	struct berth_tpm2 *t = (struct berth_tpm2 *)(void *)ks;
	TPM2B_PUBLIC tmpl;

	return template(&tmpl, type, usage) == BERTH_OK && berth_tpm2_begin(t) == BERTH_OK &&
	       has_curve(t, tmpl.publicArea.parameters.eccDetail.curveID, type) == BERTH_OK;
}

static enum berth_err grow(struct berth_tpm2 *t)
{
	struct berth_tpm2_key *more;

	if (t->s.n >= BERTH_TPM2_KEYS_MAX)
		return berth_fail(BERTH_E_KEYSTORE, "%s: full (%d keys)", t->dir, BERTH_TPM2_KEYS_MAX);
	if (!(more = realloc(t->s.key, (t->s.n + 2) * sizeof(more[0]))))
		return berth_no_memory();
	t->s.key = more;
	memset(&more[t->s.n], 0, sizeof(more[0]));
	return BERTH_OK;
}

static bool has_kept(const struct berth_tpm2 *t)
{
	for (size_t i = 0; i < t->s.n; i++)
		if (t->s.key[i].handle)
			return true;
	return false;
}

enum berth_err berth_tpm2_generate(struct berth_keystore *ks, const char *name,
				   enum berth_key_type type, enum berth_usage usage)
{
	struct berth_tpm2 *t = (struct berth_tpm2 *)(void *)ks;
	TPM2B_PUBLIC tmpl;
	enum berth_err rc;

	if ((rc = template(&tmpl, type, usage)) || (rc = berth_tpm2_begin(t)) ||
	    (rc = has_curve(t, tmpl.publicArea.parameters.eccDetail.curveID, type)) || (rc = grow(t)))
		return rc;
	struct berth_tpm2_key *k = &t->s.key[t->s.n];

	if ((rc = berth_tpm2_create(t, name, &tmpl, NULL, 0, &k->object)) ||
	    (rc = berth_tpm2_pubkey(&k->info.pub, &k->object.pub)) ||
	    (usage == BERTH_USAGE_ATTEST && !has_kept(t) && !berth_tpm2_is_of_epoch(name) &&
	     (rc = berth_tpm2_free_handle(t, AK_HANDLE_FIRST, &k->handle))))
		return rc;
	memcpy(k->info.name, name, strlen(name) + 1);
	if (berth_tpm2_is_of_epoch(name) && (rc = berth_tpm2_hide(t, k)))
		return rc;
	k->info.usage = usage;
	k->info.custody = BERTH_CUSTODY_HARDWARE;
	k->info.attestable = true;
	t->s.n++;
	t->file.keep = !k->handle;
	/* in the file first: what the device keeps is always named somewhere */
	if ((rc = berth_tpm2_save(t))) {
		t->s.n--;
		return rc;
	}
	return k->handle ? persist(t, k) : BERTH_OK;
}

enum berth_err berth_tpm2_remove(struct berth_keystore *ks, const char *name)
{
	struct berth_tpm2 *t = (struct berth_tpm2 *)(void *)ks;
	struct berth_tpm2_key *k = berth_tpm2_lookup(t, name), gone;
	enum berth_err rc;

	if (!k)
		return BERTH_OK;
	if ((rc = berth_tpm2_begin(t)) || (k->handle && (rc = evict(t, k))))
		return rc;
	size_t i = (size_t)(k - t->s.key);

	gone = *k;
	t->s.key[i] = t->s.key[--t->s.n];
	if ((rc = berth_tpm2_save(t))) {
		t->s.key[t->s.n++] = t->s.key[i];
		t->s.key[i] = gone;
	}
	return rc;
}
