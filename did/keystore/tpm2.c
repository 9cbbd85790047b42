/* SPDX-License-Identifier: Apache-2.0 */
/* tpm2: opening a store, and making one where there is none. */
#include "did/keystore/tpm2.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "did/base/rand.h"

#define SRK_HANDLE 0x81000001u		/* TCG: the owner's storage key */
#define NV_FIRST 0x01be0000u		/* in the owner's range */
#define DIR_DEFAULT "/var/lib/berth/tpm2"
#define TCTI_DEFAULT "device:/dev/tpmrm0"

static struct berth_tpm2 *tpm2(struct berth_keystore *ks) { return (struct berth_tpm2 *)(void *)ks; }

static void tpm2_close(struct berth_keystore *ks)
{
	struct berth_tpm2 *t = tpm2(ks);

	berth_tpm2_disconnect(t, true);
	berth_ksfile_close(&t->file);
	berth_tpm2_store_free(&t->s);
	berth_secret_free(t->secrets);
	free(t->dir);
	free(t->uri_tcti);
	free(t->tcti_conf);
	free(t);
}

static enum berth_err tpm2_find(struct berth_keystore *ks, const char *name, struct berth_key_info *info)
{
	const struct berth_tpm2_key *k = berth_tpm2_lookup(tpm2(ks), name);

	if (!k)
		return berth_fail(BERTH_E_KEYSTORE, "%s: no key %s", tpm2(ks)->dir, name);
	*info = k->info;
	return BERTH_OK;
}

static size_t tpm2_count(const struct berth_keystore *ks)
{
	return ((const struct berth_tpm2 *)(const void *)ks)->s.n;
}

static enum berth_err tpm2_at(struct berth_keystore *ks, size_t i, struct berth_key_info *info)
{
	*info = tpm2(ks)->s.key[i].info;
	return BERTH_OK;
}

static enum berth_err tpm2_public_area(struct berth_keystore *ks, const char *name, struct berth_buf *pub)
{
	const struct berth_tpm2_blob *b = &berth_tpm2_lookup(tpm2(ks), name)->object.pub;

	berth_buf_put(pub, b->b, b->len);
	return berth_buf_status(pub);
}

static void tpm2_format_uri(const struct berth_keystore *ks, const char *name, struct berth_buf *out)
{
	const struct berth_tpm2 *t = (const struct berth_tpm2 *)(const void *)ks;

	berth_buf_printf(out, "tpm2:%s?dir=%s", name, t->dir);
	if (t->uri_tcti)
		berth_buf_printf(out, "&tcti=%s", t->uri_tcti);
}

/* The connection is made anew when it breaks, so this is what connecting takes. */
static void tpm2_needs(const struct berth_keystore *ks, struct berth_keystore_needs *out)
{
	const struct berth_tpm2 *t = (const struct berth_tpm2 *)(const void *)ks;

	berth_keystore_need_path(out, t->dir, true);
	if (strncmp(t->tcti_conf, "device:", 7) == 0)
		berth_keystore_need_path(out, t->tcti_conf + 7, true);
	else if (strncmp(t->tcti_conf, "tabrmd", 6) == 0)
		out->calls |= BERTH_NEEDS_UNIX | BERTH_NEEDS_THREADS;
	else
		out->calls |= strstr(t->tcti_conf, "path=") ? BERTH_NEEDS_UNIX : BERTH_NEEDS_TCP;
}

static const struct berth_keystore_ops ops = {
	.close = tpm2_close,
	.can = berth_tpm2_can,
	.generate = berth_tpm2_generate,
	.find = tpm2_find,
	.count = tpm2_count,
	.at = tpm2_at,
	.remove = berth_tpm2_remove,
	.sign = berth_tpm2_sign,
	.ecdh = berth_tpm2_ecdh,
	.kek = berth_tpm2_kek,
	.counter_read = berth_tpm2_counter_read,
	.counter_step = berth_tpm2_counter_step,
	.format_uri = tpm2_format_uri,
	.needs = tpm2_needs,
	.state = berth_tpm2_state,
	.clear_device = berth_tpm2_clear,
	.ek = berth_tpm2_ek,
	.public_area = tpm2_public_area,
	.activate = berth_tpm2_activate,
	.certify = berth_tpm2_certify,
	.quote = berth_tpm2_quote,
	.pcrs = berth_tpm2_pcrs,
};

static const char *or_else(const char *a, const char *b) { return a && a[0] ? a : b; }

const char *berth_tpm2_tcti(const char *configured, const char *in_uri)
{
	return or_else(configured, or_else(in_uri, or_else(secure_getenv("BERTH_TCTI"), TCTI_DEFAULT)));
}

bool berth_tpm2_is_managed(const char *tcti)
{
	return strncmp(tcti, "device:/dev/tpmrm", 17) == 0 || strncmp(tcti, "tabrmd", 6) == 0;
}

static enum berth_err new_store(struct berth_tpm2 **out, const struct berth_key_uri *uri,
				const struct berth_keystore_config *cfg)
{
	struct berth_tpm2 *t = calloc(1, sizeof(*t));
	const char *tcti = berth_tpm2_tcti(cfg->tcti, uri->tcti);

	if (!t)
		return berth_no_memory();
	t->base.ops = &ops;
	t->file.fd = t->file.dir = -1;
	t->srk = t->session = t->nv[0] = t->nv[1] = ESYS_TR_NONE;
	t->pcr_mask = cfg->pcr_mask;
	t->dir = strdup(or_else(uri->path, DIR_DEFAULT));
	t->uri_tcti = uri->tcti[0] ? strdup(uri->tcti) : NULL;
	t->tcti_conf = strdup(tcti);
	t->secrets = berth_secret_new(sizeof(struct berth_tpm2_secrets));
	t->managed = berth_tpm2_is_managed(tcti);
	if (!t->dir || !t->tcti_conf || !t->secrets || (uri->tcti[0] && !t->uri_tcti)) {
		tpm2_close(&t->base);
		return berth_no_memory();
	}
	*out = t;
	return BERTH_OK;
}

static enum berth_err open_file(struct berth_tpm2 *t, bool create)
{
	return berth_ksfile_open_in(&t->file, t->dir, create, strcmp(t->dir, DIR_DEFAULT) == 0);
}

/* A storage key as TCG's provisioning guidance has it, P-256. */
static void srk_template(TPM2B_PUBLIC *out)
{
	TPMT_PUBLIC *p = &out->publicArea;

	memset(out, 0, sizeof(*out));
	p->type = TPM2_ALG_ECC;
	p->nameAlg = TPM2_ALG_SHA256;
	p->objectAttributes = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
			      TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_NODA | TPMA_OBJECT_RESTRICTED |
			      TPMA_OBJECT_DECRYPT;
	p->parameters.eccDetail = (TPMS_ECC_PARMS){
		.symmetric = { .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB },
		.scheme.scheme = TPM2_ALG_NULL, .kdf.scheme = TPM2_ALG_NULL, .curveID = TPM2_ECC_NIST_P256 };
	p->unique.ecc.x.size = p->unique.ecc.y.size = 32;
}

/* Nothing secret is said yet, and there is no key to salt a session with. */
static enum berth_err make_srk(struct berth_tpm2 *t)
{
	const TPM2B_SENSITIVE_CREATE in = { 0 };
	const TPM2B_DATA none = { 0 };
	const TPML_PCR_SELECTION no_pcr = { 0 };
	TPM2B_PUBLIC tmpl;
	ESYS_TR h = ESYS_TR_NONE, kept = ESYS_TR_NONE;
	enum berth_err rc;

	srk_template(&tmpl);
	if ((rc = berth_tpm2_rc(t, Esys_CreatePrimary(t->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
						      ESYS_TR_NONE, &in, &tmpl, &none, &no_pcr, &h, NULL, NULL,
						      NULL, NULL), "make the storage key")))
		return rc;
	rc = berth_tpm2_rc(t, Esys_EvictControl(t->esys, ESYS_TR_RH_OWNER, h, ESYS_TR_PASSWORD, ESYS_TR_NONE,
						ESYS_TR_NONE, SRK_HANDLE, &kept), "keep the storage key");
	if (kept != ESYS_TR_NONE)
		Esys_TR_Close(t->esys, &kept);
	berth_tpm2_flush(t, &h);
	return rc;
}

static bool is_storage_key(const TPMT_PUBLIC *p)
{
	const TPMA_OBJECT need = TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |
				 TPMA_OBJECT_USERWITHAUTH | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT;

	return p->nameAlg == TPM2_ALG_SHA256 && (p->objectAttributes & need) == need &&
	       (p->type == TPM2_ALG_ECC || p->type == TPM2_ALG_RSA);
}

/* From here on this very key is the one sessions are salted with. */
static enum berth_err pin_srk(struct berth_tpm2 *t)
{
	TPM2B_PUBLIC *p = NULL;
	ESYS_TR h = ESYS_TR_NONE;
	enum berth_err rc;

	t->s.srk_handle = SRK_HANDLE;
	if ((rc = berth_tpm2_rc(t, Esys_TR_FromTPMPublic(t->esys, SRK_HANDLE, ESYS_TR_NONE, ESYS_TR_NONE,
							 ESYS_TR_NONE, &h), "read the storage key")) ||
	    (rc = berth_tpm2_rc(t, Esys_ReadPublic(t->esys, h, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &p, NULL,
						   NULL), "read the storage key")))
		goto out;
	rc = is_storage_key(&p->publicArea) ? berth_tpm2_put_public(&t->s.srk_pub, &p->publicArea)
		: berth_fail(BERTH_E_KEYSTORE, "TPM %s: what is at 0x%08x is not a storage key", t->tcti_conf,
			     SRK_HANDLE);
out:
	Esys_Free(p);
	if (h != ESYS_TR_NONE)
		Esys_TR_Close(t->esys, &h);
	return rc;
}

enum berth_err berth_tpm2_adopt_srk(struct berth_tpm2 *t)
{
	enum berth_err rc;
	bool there;

	if ((rc = berth_tpm2_exists(t, SRK_HANDLE, &there)) || (!there && (rc = make_srk(t))))
		return rc;
	return pin_srk(t);
}

static enum berth_err choose_handles(struct berth_tpm2 *t)
{
	enum berth_err rc;

	if ((rc = berth_tpm2_connect(t)) || (rc = berth_tpm2_adopt_srk(t)) ||
	    (rc = berth_tpm2_free_handle(t, NV_FIRST, &t->s.nv[0])))
		return rc;
	return berth_tpm2_free_handle(t, t->s.nv[0] + 1, &t->s.nv[1]);
}

/* The file that names the handles is on disk before the device has them. */
static enum berth_err finish_making(struct berth_tpm2 *t)
{
	enum berth_err rc;

	if ((rc = berth_tpm2_define_counters(t)) || (rc = berth_tpm2_make_kek(t)))
		return rc;
	t->s.ready = true;
	return berth_tpm2_save(t);
}

static enum berth_err make(struct berth_tpm2 *t)
{
	enum berth_err rc;

	berth_random(berth_tpm2_secrets(t)->seed, 32);
	if ((rc = choose_handles(t)) || (rc = berth_tpm2_save(t)) || (rc = berth_tpm2_begin(t)))
		return rc;
	return finish_making(t);
}

/* Making it was cut short: what was defined is taken back, then made again. */
static enum berth_err resume_making(struct berth_tpm2 *t)
{
	enum berth_err rc;

	if ((rc = berth_tpm2_begin(t)) || (rc = berth_tpm2_undefine_ours(t)) ||
	    (rc = berth_tpm2_free_handle(t, NV_FIRST, &t->s.nv[0])) ||
	    (rc = berth_tpm2_free_handle(t, t->s.nv[0] + 1, &t->s.nv[1])) || (rc = berth_tpm2_save(t)))
		return rc;
	return finish_making(t);
}

static enum berth_err check_keys(struct berth_tpm2 *t)
{
	for (size_t i = 0; i < t->s.n; i++) {
		struct berth_key_info *k = &t->s.key[i].info;
		enum berth_key_type type = k->pub.type;
		enum berth_err rc = berth_tpm2_pubkey(&k->pub, &t->s.key[i].object.pub);

		if (rc)
			return rc;
		if (k->pub.type != type)
			return berth_fail(BERTH_E_KEYSTORE, "%s: %s is not the key it was", t->dir, k->name);
	}
	return BERTH_OK;
}

static enum berth_err load(struct berth_tpm2 *t)
{
	struct berth_tpm2_secrets *sec = berth_tpm2_secrets(t);
	struct berth_buf file = BERTH_BUF_INIT;
	enum berth_err rc;
	size_t rest;

	if ((rc = berth_ksfile_read(&t->file, &file)) ||
	    (rc = berth_tpm2_store_head(&t->s, sec->seed, &rest, file.p, file.len)))
		goto out;
	if (!t->s.ready) {
		rc = resume_making(t);
		goto out;
	}
	if ((rc = berth_tpm2_begin(t)) || (rc = berth_tpm2_unseal_kek(t)) ||
	    (rc = berth_tpm2_store_body(&t->s, sec->kek, rest, file.p, file.len)) || (rc = check_keys(t)))
		goto out;
	t->counters_known = true;
	if (!(rc = berth_tpm2_attach_counters(t)) && t->pcr_mask && !berth_tpm2_is_bound(&t->s.kek))
		rc = berth_tpm2_bind_kek(t);
out:
	berth_buf_free(&file);
	return rc;
}

enum berth_err berth_tpm2_open(struct berth_keystore **out, const struct berth_key_uri *uri,
			       const struct berth_keystore_config *cfg)
{
	struct berth_tpm2 *t = NULL;
	enum berth_err rc = new_store(&t, uri, cfg);

	if (rc)
		return rc;
	if ((rc = open_file(t, cfg->create)) || (rc = t->file.fd < 0 ? make(t) : load(t))) {
		tpm2_close(&t->base);
		return rc;
	}
	*out = &t->base;
	return BERTH_OK;
}
