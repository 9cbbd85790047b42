/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/tpm2_seal.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/cur.h"
#include "did/base/rand.h"
#include "did/keystore/tpm2.h"

#define VERSION 1

/* A store without a file: as much of one as the connection and its objects need. */
static enum berth_err begin(struct berth_tpm2 *t, const char *tcti)
{
	*t = (struct berth_tpm2){ .dir = (char *)(uintptr_t)"this secret", .srk = ESYS_TR_NONE, .session = ESYS_TR_NONE,
				  .nv = { ESYS_TR_NONE, ESYS_TR_NONE } };
	tcti = berth_tpm2_tcti(tcti, NULL);
	berth_crypto_init();
	t->managed = berth_tpm2_is_managed(tcti);
	t->tcti_conf = strdup(tcti);
	t->secrets = berth_secret_new(sizeof(struct berth_tpm2_secrets));
	return t->tcti_conf && t->secrets ? BERTH_OK : berth_no_memory();
}

static void end(struct berth_tpm2 *t)
{
	berth_tpm2_disconnect(t, true);
	berth_secret_free(t->secrets);
	free(t->tcti_conf);
}

static void put_blob(struct berth_buf *out, const struct berth_tpm2 *t, const struct berth_tpm2_object *o)
{
	berth_buf_str(out, BERTH_TPM2_SEALED_MAGIC);
	berth_buf_u8(out, VERSION);
	berth_buf_put(out, berth_tpm2_secrets(t)->seed, 32);
	berth_buf_be32(out, t->s.srk_handle);
	berth_buf_vec16(out, t->s.srk_pub.b, t->s.srk_pub.len);
	berth_buf_vec16(out, o->pub.b, o->pub.len);
	berth_buf_vec16(out, o->priv.b, o->priv.len);
}

static void get_vec(struct berth_tpm2_blob *out, struct berth_cur *c)
{
	struct berth_cur v = berth_cur_vec16(c, BERTH_TPM2_BLOB_MAX);

	out->len = v.n;
	if (v.n)
		memcpy(out->b, v.p, v.n);
}

enum berth_err berth_tpm2_sealed_parse(struct berth_tpm2_sealed *out, const void *blob, size_t len)
{
	struct berth_cur c = berth_cur(blob, len);
	const uint8_t *magic = berth_cur_bytes(&c, sizeof(BERTH_TPM2_SEALED_MAGIC) - 1);
	uint8_t version = berth_cur_u8(&c);

	berth_cur_copy(&c, out->seed, sizeof(out->seed));
	out->srk_handle = berth_cur_be32(&c);
	get_vec(&out->srk_pub, &c);
	get_vec(&out->object.pub, &c);
	get_vec(&out->object.priv, &c);
	if (!berth_cur_done(&c) || memcmp(magic, BERTH_TPM2_SEALED_MAGIC, sizeof(BERTH_TPM2_SEALED_MAGIC) - 1) != 0)
		return berth_fail(BERTH_E_KEYSTORE, "not a secret sealed by a TPM, or cut short");
	if (version != VERSION)
		return berth_fail(BERTH_E_KEYSTORE, "a sealed secret of version %u", version);
	return BERTH_OK;
}

/* From here on t is as it was when the secret was sealed. */
static void take_over(struct berth_tpm2 *t, const struct berth_tpm2_sealed *s)
{
	memcpy(berth_tpm2_secrets(t)->seed, s->seed, sizeof(s->seed));
	t->s.srk_handle = s->srk_handle;
	t->s.srk_pub = s->srk_pub;
}

enum berth_err berth_tpm2_seal_blob(struct berth_buf *blob, const char *tcti, const char *label, const void *secret,
				    size_t len)
{
	struct berth_tpm2_object o;
	struct berth_tpm2 t;
	TPM2B_PUBLIC tmpl;
	enum berth_err rc;

	if (len == 0 || len > BERTH_TPM2_SECRET_MAX)
		return berth_fail(BERTH_E_SIZE, "a TPM seals 1 to %d bytes", BERTH_TPM2_SECRET_MAX);
	berth_tpm2_sealed_template(&tmpl);
	tmpl.publicArea.objectAttributes |= TPMA_OBJECT_USERWITHAUTH;
	if ((rc = begin(&t, tcti)))
		goto out;
	berth_random(berth_tpm2_secrets(&t)->seed, 32);
	if ((rc = berth_tpm2_connect(&t)) || (rc = berth_tpm2_adopt_srk(&t)) || (rc = berth_tpm2_begin(&t)) ||
	    (rc = berth_tpm2_create(&t, label, &tmpl, secret, len, &o)))
		goto out;
	put_blob(blob, &t, &o);
	rc = berth_buf_status(blob);
out:
	end(&t);
	return rc;
}

static enum berth_err unseal(struct berth_tpm2 *t, ESYS_TR h, struct berth_secret **out)
{
	TPM2B_SENSITIVE_DATA *d = NULL;
	enum berth_err rc = berth_tpm2_rc(t, Esys_Unseal(t->esys, h, berth_tpm2_session(t, BERTH_TPM2_OUT), ESYS_TR_NONE,
							 ESYS_TR_NONE, &d), "unseal a secret");

	if (!rc && !(*out = berth_secret_new(d->size)))
		rc = berth_no_memory();
	if (!rc)
		memcpy((*out)->b, d->buffer, d->size);
	if (d)
		berth_wipe(d, sizeof(*d));
	Esys_Free(d);
	return rc;
}

enum berth_err berth_tpm2_unseal_blob(struct berth_secret **secret, const char *tcti, const char *label, const void *blob,
				      size_t len)
{
	struct berth_tpm2_sealed s;
	ESYS_TR h = ESYS_TR_NONE;
	struct berth_tpm2 t;
	enum berth_err rc;

	*secret = NULL;
	if ((rc = berth_tpm2_sealed_parse(&s, blob, len)))
		return rc;
	if ((rc = begin(&t, tcti)))
		goto out;
	take_over(&t, &s);
	if ((rc = berth_tpm2_begin(&t)) || (rc = berth_tpm2_load(&t, label, &s.object, &h)))
		goto out;
	rc = unseal(&t, h, secret);
out:
	berth_tpm2_flush(&t, &h);
	end(&t);
	return rc;
}
