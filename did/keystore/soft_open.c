/* SPDX-License-Identifier: Apache-2.0 */
/* How a sealed file is made and opened. */
#include "did/keystore/soft_impl.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/rand.h"

#define TPM2_LABEL "sealed file/"	/* no name of a key has a slash */

/* A new secret that the TPM keeps for this file. */
static enum berth_err seal_secret(struct berth_soft *s, const char *tcti, struct berth_secret **secret)
{
	struct berth_buf blob = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(*secret = berth_secret_new(32)))
		return berth_no_memory();
	berth_random((*secret)->b, 32);
	if (!(rc = berth_tpm2_seal_blob(&blob, tcti, TPM2_LABEL, (*secret)->b, 32)) && blob.len > sizeof(s->kdf.sealed))
		rc = berth_fail(BERTH_E_KEYSTORE, "the TPM's answer has %zu bytes", blob.len);
	if (!rc) {
		memcpy(s->kdf.sealed, blob.p, blob.len);
		s->kdf.sealed_len = blob.len;
	}
	berth_buf_free(&blob);
	return rc;
}

static enum berth_err choose(struct berth_soft *s, const struct berth_keystore_config *cfg, struct berth_secret **secret)
{
	enum berth_err rc = s->seal_tpm2 ? seal_secret(s, cfg->tcti, secret)
					 : berth_passphrase_read(secret, cfg->passphrase_file);

	if (rc)
		return rc;
	if (!s->seal_tpm2) {
		berth_soft_kdf_choose(&s->kdf, *secret);
		return BERTH_OK;
	}
	s->kdf.kdf = BERTH_SOFT_KDF_TPM2;
	berth_random(s->kdf.salt, sizeof(s->kdf.salt));
	return BERTH_OK;
}

static enum berth_err make(struct berth_soft *s, const struct berth_keystore_config *cfg)
{
	struct berth_secret *secret = NULL;
	enum berth_err rc = choose(s, cfg, &secret);

	if (!rc)
		rc = berth_soft_kdf_run(&s->file_key, &s->kdf, secret);
	berth_secret_free(secret);
	if (rc)
		return rc;
	if (!(s->body = berth_soft_body_new(0)))
		return berth_no_memory();
	berth_random(berth_soft_body(s->body)->kek, 32);
	berth_random(berth_soft_body(s->body)->epoch_kek, 32);
	return berth_soft_save(s);
}

/* What the file is sealed with is not its own business alone: who configures a TPM is
 * not to be handed a file that a passphrase opens, nor the other way round. */
static enum berth_err find_secret(struct berth_soft *s, const struct berth_keystore_config *cfg, const struct berth_buf *file,
				  struct berth_secret **secret)
{
	enum berth_err rc = berth_soft_file_head(&s->kdf, file->p, file->len);

	if (rc)
		return rc;
	if ((s->kdf.kdf == BERTH_SOFT_KDF_TPM2) != s->seal_tpm2)
		return berth_fail(BERTH_E_KEYSTORE, s->seal_tpm2 ? "%s: sealed by a passphrase, not by the TPM"
				  : "%s: sealed by the TPM: its URI needs ?seal=tpm2", s->file.path);
	return s->seal_tpm2 ? berth_tpm2_unseal_blob(secret, cfg->tcti, TPM2_LABEL, s->kdf.sealed, s->kdf.sealed_len)
			    : berth_passphrase_read(secret, cfg->passphrase_file);
}

static enum berth_err load(struct berth_soft *s, const struct berth_keystore_config *cfg)
{
	struct berth_buf file = BERTH_BUF_INIT;
	struct berth_secret *secret = NULL;
	enum berth_err rc;

	if (!(rc = berth_ksfile_read(&s->file, &file)) && !(rc = find_secret(s, cfg, &file, &secret)))
		rc = berth_soft_file_open(&s->body, &s->kdf, &s->file_key, file.p, file.len, secret);
	berth_secret_free(secret);
	berth_buf_free(&file);
	return rc;
}

enum berth_err berth_soft_open(struct berth_keystore **out, const struct berth_key_uri *uri,
			       const struct berth_keystore_config *cfg)
{
	struct berth_soft *s = calloc(1, sizeof(*s));
	enum berth_err rc;

	if (!s)
		return berth_no_memory();
	s->base.ops = &berth_soft_ops;
	s->seal_tpm2 = uri->seal_tpm2;
	s->file.fd = s->file.dir = -1;
	berth_signer_init();
	if ((rc = berth_ksfile_open(&s->file, uri->path)))
		goto out;
	if (s->file.fd < 0 && !cfg->create) {
		rc = berth_fail(BERTH_E_KEYSTORE, "%s: there is no such keystore", uri->path);
		goto out;
	}
	if ((rc = s->file.fd < 0 ? make(s, cfg) : load(s, cfg)))
		goto out;
	*out = &s->base;
	s = NULL;
out:
	if (s)
		berth_soft_close(&s->base);
	return rc;
}
