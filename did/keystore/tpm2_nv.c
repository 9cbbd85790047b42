/* SPDX-License-Identifier: Apache-2.0 */
/* Two NV counters, and the keys that encrypt records: one sealed under an
 * authorisation value, one per epoch sealed to the value of the epoch counter. */
#include <string.h>
#include <tss2/tss2_mu.h>

#include "did/base/cur.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/keystore/tpm2.h"

#define COUNTER_ATTRS ((TPMA_NV)TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT | TPMA_NV_AUTHREAD | \
		       TPMA_NV_AUTHWRITE | TPMA_NV_NO_DA)
#define COUNTER_LEN 8

/* no name of a key has a slash */
static const char *const nv_label[2] = { "nv/epoch", "nv/generation" };
#define KEK_LABEL "kek/"
#define EPOCH_KEK_LABEL "kek/epoch"

static struct berth_tpm2 *tpm2(struct berth_keystore *ks) { return (struct berth_tpm2 *)(void *)ks; }

static TSS2_RC nv_read(struct berth_tpm2 *t, ESYS_TR nv, uint64_t *value)
{
	TPM2B_MAX_NV_BUFFER *d = NULL;
	TSS2_RC r = Esys_NV_Read(t->esys, nv, nv, berth_tpm2_session(t, BERTH_TPM2_OUT), ESYS_TR_NONE,
				 ESYS_TR_NONE, COUNTER_LEN, 0, &d);

	if (r == TSS2_RC_SUCCESS) {
		struct berth_cur c = berth_cur(d->buffer, d->size);

		*value = berth_cur_be64(&c);
	}
	Esys_Free(d);
	return r;
}

static enum berth_err nv_increment(struct berth_tpm2 *t, ESYS_TR nv)
{
	return berth_tpm2_rc(t, Esys_NV_Increment(t->esys, nv, nv, berth_tpm2_session(t, 0), ESYS_TR_NONE,
						  ESYS_TR_NONE), "step a counter");
}

static enum berth_err define_one(struct berth_tpm2 *t, unsigned c)
{
	TPM2B_NV_PUBLIC pub = { .nvPublic = { .nvIndex = t->s.nv[c], .nameAlg = TPM2_ALG_SHA256,
					      .attributes = COUNTER_ATTRS, .dataSize = COUNTER_LEN } };
	TPM2B_NAME *name = NULL;
	TPM2B_AUTH auth;
	enum berth_err rc;

	berth_tpm2_auth(t, nv_label[c], &auth);
	if ((rc = berth_tpm2_rc(t, Esys_NV_DefineSpace(t->esys, ESYS_TR_RH_OWNER,
						berth_tpm2_session(t, BERTH_TPM2_IN), ESYS_TR_NONE,
						ESYS_TR_NONE, &auth, &pub, &t->nv[c]), "define a counter")) ||
	    (rc = berth_tpm2_set_auth(t, t->nv[c], nv_label[c])) || (rc = nv_increment(t, t->nv[c])) ||
	    (rc = berth_tpm2_rc(t, nv_read(t, t->nv[c], &t->s.nv_base[c]), "read a counter")) ||
	    (rc = berth_tpm2_rc(t, Esys_TR_GetName(t->esys, t->nv[c], &name), "read a counter")))
		goto out;
	if (name->size == BERTH_TPM2_NAME_LEN)
		memcpy(t->s.nv_name[c], name->name, BERTH_TPM2_NAME_LEN);
	else
		rc = berth_fail(BERTH_E_KEYSTORE, "TPM %s: a Name of %u bytes", t->tcti_conf, name->size);
out:
	berth_wipe(&auth, sizeof(auth));
	Esys_Free(name);
	return rc;
}

enum berth_err berth_tpm2_define_counters(struct berth_tpm2 *t)
{
	enum berth_err rc;

	if ((rc = define_one(t, BERTH_COUNTER_EPOCH)) || (rc = define_one(t, BERTH_COUNTER_GENERATION)))
		return rc;
	t->counters_known = true;
	return BERTH_OK;
}

static enum berth_err attach_one(struct berth_tpm2 *t, unsigned c)
{
	TPM2B_NAME *name = NULL;
	enum berth_err rc;
	bool there;

	if ((rc = berth_tpm2_exists(t, t->s.nv[c], &there)))
		return rc;
	if (there && ((rc = berth_tpm2_rc(t, Esys_TR_FromTPMPublic(t->esys, t->s.nv[c], ESYS_TR_NONE,
						ESYS_TR_NONE, ESYS_TR_NONE, &t->nv[c]), "read a counter")) ||
		      (rc = berth_tpm2_rc(t, Esys_TR_GetName(t->esys, t->nv[c], &name), "read a counter"))))
		return rc;
	/* a Name given out by somebody on the bus makes the authorisation fail */
	if (!there || name->size != BERTH_TPM2_NAME_LEN ||
	    memcmp(name->name, t->s.nv_name[c], BERTH_TPM2_NAME_LEN) != 0) {
		t->cleared = true;
		rc = berth_fail(BERTH_E_KEYSTORE, "TPM %s: the counter at 0x%08x is %s: the TPM was cleared or "
				"replaced", t->tcti_conf, t->s.nv[c], there ? "another one" : "gone");
	} else {
		rc = berth_tpm2_set_auth(t, t->nv[c], nv_label[c]);
	}
	Esys_Free(name);
	return rc;
}

enum berth_err berth_tpm2_attach_counters(struct berth_tpm2 *t)
{
	enum berth_err rc = attach_one(t, BERTH_COUNTER_EPOCH);

	return rc ? rc : attach_one(t, BERTH_COUNTER_GENERATION);
}

/* Ours is what has exactly our attributes and opens with our authorisation; with
 * NO_DA among them a wrong try costs nothing. */
static enum berth_err is_ours(struct berth_tpm2 *t, unsigned c, bool *ours)
{
	TPM2B_NV_PUBLIC *pub = NULL;
	uint64_t value;
	TSS2_RC r;
	enum berth_err rc;

	*ours = false;
	if ((rc = berth_tpm2_rc(t, Esys_TR_FromTPMPublic(t->esys, t->s.nv[c], ESYS_TR_NONE, ESYS_TR_NONE,
							 ESYS_TR_NONE, &t->nv[c]), "read an index")) ||
	    (rc = berth_tpm2_rc(t, Esys_NV_ReadPublic(t->esys, t->nv[c], ESYS_TR_NONE, ESYS_TR_NONE,
						      ESYS_TR_NONE, &pub, NULL), "read an index")))
		goto out;
	if ((pub->nvPublic.attributes & ~TPMA_NV_WRITTEN) != COUNTER_ATTRS ||
	    (rc = berth_tpm2_set_auth(t, t->nv[c], nv_label[c])))
		goto out;
	r = nv_read(t, t->nv[c], &value);
	*ours = r == TSS2_RC_SUCCESS || r == TPM2_RC_NV_UNINITIALIZED;
	if ((r & TSS2_RC_LAYER_MASK) != TSS2_TPM_RC_LAYER)
		rc = berth_tpm2_rc(t, r, "read an index");
out:
	Esys_Free(pub);
	return rc;
}

enum berth_err berth_tpm2_undefine_ours(struct berth_tpm2 *t)
{
	for (unsigned c = 0; c < 2; c++) {
		bool there, ours;
		enum berth_err rc = berth_tpm2_exists(t, t->s.nv[c], &there);

		if (rc)
			return rc;
		if (!there)
			continue;
		if ((rc = is_ours(t, c, &ours)) ||
		    (ours && (rc = berth_tpm2_rc(t, Esys_NV_UndefineSpace(t->esys, ESYS_TR_RH_OWNER, t->nv[c],
						berth_tpm2_session(t, 0), ESYS_TR_NONE, ESYS_TR_NONE),
						 "undefine a counter"))))
			return rc;
		if (!ours)
			Esys_TR_Close(t->esys, &t->nv[c]);
		t->nv[c] = ESYS_TR_NONE;
	}
	return BERTH_OK;
}

void berth_tpm2_sealed_template(TPM2B_PUBLIC *out)
{
	memset(out, 0, sizeof(*out));
	out->publicArea.type = TPM2_ALG_KEYEDHASH;
	out->publicArea.nameAlg = TPM2_ALG_SHA256;
	out->publicArea.objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_NODA;
	out->publicArea.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_NULL;
}

/* Under an authorisation value, and a policy where there are PCRs to be bound to. */
static enum berth_err seal_kek(struct berth_tpm2 *t, struct berth_tpm2_object *out)
{
	struct berth_tpm2_secrets *sec = berth_tpm2_secrets(t);
	TPM2B_PUBLIC tmpl;
	enum berth_err rc;

	berth_tpm2_sealed_template(&tmpl);
	if (!t->pcr_mask)
		tmpl.publicArea.objectAttributes |= TPMA_OBJECT_USERWITHAUTH;
	else if ((rc = berth_tpm2_bind_to(t, &tmpl.publicArea.authPolicy)))
		return rc;
	return berth_tpm2_create(t, KEK_LABEL, &tmpl, sec->kek, sizeof(sec->kek), out);
}

enum berth_err berth_tpm2_make_kek(struct berth_tpm2 *t)
{
	struct berth_tpm2_secrets *sec = berth_tpm2_secrets(t);

	berth_random(sec->kek, sizeof(sec->kek));
	return seal_kek(t, &t->s.kek);
}

enum berth_err berth_tpm2_bind_kek(struct berth_tpm2 *t)
{
	struct berth_tpm2_object was = t->s.kek;
	enum berth_err rc;

	if ((rc = seal_kek(t, &t->s.kek)) || (rc = berth_tpm2_save(t)))
		t->s.kek = was;
	return rc;
}

static enum berth_err unseal(struct berth_tpm2 *t, ESYS_TR h, ESYS_TR session, uint8_t out[32])
{
	TPM2B_SENSITIVE_DATA *d = NULL;
	enum berth_err rc = berth_tpm2_rc(t, Esys_Unseal(t->esys, h, session, ESYS_TR_NONE, ESYS_TR_NONE, &d),
					  "unseal a record key");

	if (!rc && d->size != 32)
		rc = berth_fail(BERTH_E_KEYSTORE, "TPM %s: a record key of %u bytes", t->tcti_conf, d->size);
	if (!rc)
		memcpy(out, d->buffer, 32);
	if (d)
		berth_wipe(d, sizeof(*d));
	Esys_Free(d);
	return rc;
}

enum berth_err berth_tpm2_unseal_kek(struct berth_tpm2 *t)
{
	bool bound = berth_tpm2_is_bound(&t->s.kek);
	ESYS_TR h = ESYS_TR_NONE, policy = ESYS_TR_NONE;
	enum berth_err rc;

	if ((bound && (rc = berth_tpm2_open_bound(t, &t->s.kek, &policy))) ||
	    (rc = berth_tpm2_load(t, KEK_LABEL, &t->s.kek, &h)))
		goto out;
	rc = unseal(t, h, bound ? policy : berth_tpm2_session(t, BERTH_TPM2_OUT), berth_tpm2_secrets(t)->kek);
out:
	berth_tpm2_flush(t, &policy);
	berth_tpm2_flush(t, &h);
	return rc;
}

/* What TPM2_PolicyNV makes of an empty policy (TPM 2.0 part 3, 23.9): args =
 * H(operandB || offset || operation), then H(policyDigest || TPM_CC_PolicyNV ||
 * args || Name of the index). */
static void policy_digest(struct berth_tpm2 *t, uint64_t value, TPM2B_DIGEST *out)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t zero[BERTH_SHA256_LEN] = { 0 }, args[BERTH_SHA256_LEN];

	berth_buf_be64(&b, value);
	berth_buf_be16(&b, 0);
	berth_buf_be16(&b, TPM2_EO_EQ);
	berth_sha256(args, b.p, b.len);
	berth_buf_reset(&b);
	berth_buf_put(&b, zero, sizeof(zero));
	berth_buf_be32(&b, TPM2_CC_PolicyNV);
	berth_buf_put(&b, args, sizeof(args));
	berth_buf_put(&b, t->s.nv_name[BERTH_COUNTER_EPOCH], BERTH_TPM2_NAME_LEN);
	out->size = BERTH_SHA256_LEN;
	berth_sha256(out->buffer, b.p, b.len);
	berth_buf_free(&b);
}

static enum berth_err make_epoch_kek(struct berth_tpm2 *t, uint64_t nv)
{
	struct berth_tpm2_secrets *sec = berth_tpm2_secrets(t);
	TPM2B_PUBLIC tmpl;
	enum berth_err rc;

	berth_tpm2_sealed_template(&tmpl);
	policy_digest(t, nv, &tmpl.publicArea.authPolicy);
	berth_random(sec->epoch_kek, sizeof(sec->epoch_kek));
	if ((rc = berth_tpm2_create(t, EPOCH_KEK_LABEL, &tmpl, sec->epoch_kek, sizeof(sec->epoch_kek),
				    &t->s.epoch_kek)))
		return rc;
	t->s.has_epoch_kek = true;
	t->s.epoch_nv = nv;
	return berth_tpm2_save(t);
}

static enum berth_err satisfy(struct berth_tpm2 *t, ESYS_TR policy)
{
	TPM2B_OPERAND want = { .size = COUNTER_LEN };
	ESYS_TR nv = t->nv[BERTH_COUNTER_EPOCH];
	size_t at = 0;

	if (Tss2_MU_UINT64_Marshal(t->s.epoch_nv, want.buffer, sizeof(want.buffer), &at) != TSS2_RC_SUCCESS)
		return berth_fail(BERTH_E_INTERNAL, "policy operand");
	return berth_tpm2_rc(t, Esys_PolicyNV(t->esys, nv, nv, policy, berth_tpm2_session(t, BERTH_TPM2_IN),
					      ESYS_TR_NONE, ESYS_TR_NONE, &want, 0, TPM2_EO_EQ),
			     "the epoch's policy");
}

enum berth_err berth_tpm2_unseal_epoch_kek(struct berth_tpm2 *t)
{
	ESYS_TR h = ESYS_TR_NONE, policy = ESYS_TR_NONE;
	enum berth_err rc;

	if ((rc = berth_tpm2_load(t, EPOCH_KEK_LABEL, &t->s.epoch_kek, &h)) ||
	    (rc = berth_tpm2_start_session(t, TPM2_SE_POLICY, &policy)) || (rc = satisfy(t, policy)) ||
	    (rc = berth_tpm2_rc(t, Esys_TRSess_SetAttributes(t->esys, policy, BERTH_TPM2_OUT |
							      TPMA_SESSION_CONTINUESESSION, 0xff),
				"a policy session")))
		goto out;
	rc = unseal(t, h, policy, berth_tpm2_secrets(t)->epoch_kek);
out:
	berth_tpm2_flush(t, &policy);
	berth_tpm2_flush(t, &h);
	return rc;
}

static enum berth_err read_nv(struct berth_tpm2 *t, enum berth_counter c, uint64_t *nv)
{
	enum berth_err rc;

	*nv = 0;
	if ((rc = berth_tpm2_begin(t)) || (rc = berth_tpm2_rc(t, nv_read(t, t->nv[c], nv), "read a counter")))
		return rc;
	if (*nv < t->s.nv_base[c])
		return berth_fail(BERTH_E_KEYSTORE, "TPM %s: a counter went backwards", t->tcti_conf);
	return BERTH_OK;
}

static enum berth_err need_epoch_kek(struct berth_tpm2 *t, int64_t epoch)
{
	struct berth_tpm2_secrets *sec = berth_tpm2_secrets(t);
	uint64_t nv;
	enum berth_err rc;

	if (sec->have_epoch_kek && t->s.epoch_nv - t->s.nv_base[BERTH_COUNTER_EPOCH] == (uint64_t)epoch)
		return BERTH_OK;
	if ((rc = read_nv(t, BERTH_COUNTER_EPOCH, &nv)))
		return rc;
	if (nv - t->s.nv_base[BERTH_COUNTER_EPOCH] != (uint64_t)epoch)
		return berth_fail(BERTH_E_DECRYPT, "no key for epoch %lld", (long long)epoch);
	rc = t->s.has_epoch_kek && t->s.epoch_nv == nv ? berth_tpm2_unseal_epoch_kek(t)
						      : make_epoch_kek(t, nv);
	sec->have_epoch_kek = !rc;
	return rc;
}

enum berth_err berth_tpm2_kek(struct berth_keystore *ks, int64_t epoch, uint8_t kek[32])
{
	struct berth_tpm2 *t = tpm2(ks);
	enum berth_err rc = epoch < 0 ? BERTH_OK : need_epoch_kek(t, epoch);

	if (!rc)
		memcpy(kek, epoch < 0 ? berth_tpm2_secrets(t)->kek : berth_tpm2_secrets(t)->epoch_kek, 32);
	return rc;
}

enum berth_err berth_tpm2_counter_read(struct berth_keystore *ks, enum berth_counter c,
				       uint64_t *value, bool *protected_)
{
	struct berth_tpm2 *t = tpm2(ks);
	uint64_t nv;
	enum berth_err rc = read_nv(t, c, &nv);

	if (rc)
		return rc;
	*value = nv - t->s.nv_base[c];
	*protected_ = true;
	return BERTH_OK;
}

/* What was connected before it was cleared only notices that it is not known any
 * more; the connection after that shows why. */
enum berth_keystore_state berth_tpm2_state(struct berth_keystore *ks)
{
	struct berth_tpm2 *t = tpm2(ks);
	uint64_t nv;

	t->cleared = false;
	for (int i = 0; i < 2 && !t->cleared; i++)
		if (read_nv(t, BERTH_COUNTER_EPOCH, &nv) == BERTH_OK)
			return BERTH_KEYSTORE_FINE;
	return t->cleared ? BERTH_KEYSTORE_LOST : BERTH_KEYSTORE_SILENT;
}

/* Whatever fails after the step, the old epoch is over; a blob that stays behind
 * opens for nobody. */
static enum berth_err forget_epoch(struct berth_tpm2 *t)
{
	struct berth_tpm2_secrets *sec = berth_tpm2_secrets(t);

	berth_wipe(sec->epoch_kek, sizeof(sec->epoch_kek));
	sec->have_epoch_kek = false;
	if (!t->s.has_epoch_kek)
		return BERTH_OK;
	t->s.has_epoch_kek = false;
	memset(&t->s.epoch_kek, 0, sizeof(t->s.epoch_kek));
	return berth_tpm2_save(t);
}

enum berth_err berth_tpm2_counter_step(struct berth_keystore *ks, enum berth_counter c, uint64_t *value)
{
	struct berth_tpm2 *t = tpm2(ks);
	bool protected_;
	enum berth_err rc;

	if ((rc = berth_tpm2_begin(t)) || (rc = nv_increment(t, t->nv[c])) ||
	    (c == BERTH_COUNTER_EPOCH && (rc = forget_epoch(t))))
		return rc;
	return berth_tpm2_counter_read(ks, c, value, &protected_);
}
