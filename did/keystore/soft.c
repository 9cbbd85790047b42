/* SPDX-License-Identifier: Apache-2.0 */
/* soft: keys in one sealed file, in guarded memory while the store is open.  A
 * change is made there, and taken back where the file does not take it. */
#include <stdlib.h>
#include <string.h>

#include "did/base/rand.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/recover.h"
#include "did/crypto/sign.h"
#include "did/crypto/signer.h"
#include "did/keystore/agreed.h"
#include "did/keystore/file.h"
#include "did/keystore/keystore_impl.h"
#include "did/keystore/soft_file.h"

#define TPM2_LABEL "sealed file/"	/* no name of a key has a slash */

/* Keys that have signed since the body last changed, by their place in it. */
#define SIGNERS 16
struct ready {
	const struct berth_soft_key *key;	/* NULL: free */
	struct berth_signer *signer;
};

struct soft {
	struct berth_keystore base;
	struct berth_ksfile file;
	struct berth_soft_kdf kdf;
	struct berth_secret *file_key, *body;
	struct ready ready[SIGNERS];
	struct berth_agreed agreed;
	bool seal_tpm2;
};

static struct soft *soft(struct berth_keystore *ks) { return (struct soft *)(void *)ks; }

static struct berth_soft_body *body_of(const struct berth_keystore *ks)
{
	return berth_soft_body(((const struct soft *)(const void *)ks)->body);
}

static void forget_signers(struct soft *s)
{
	for (size_t i = 0; i < SIGNERS; i++)
		berth_signer_free(s->ready[i].signer);
	memset(s->ready, 0, sizeof(s->ready));
}

static void soft_close(struct berth_keystore *ks)
{
	struct soft *s = soft(ks);

	forget_signers(s);
	berth_agreed_forget(&s->agreed);
	berth_secret_free(s->file_key);
	berth_secret_free(s->body);
	berth_ksfile_close(&s->file);
	free(s);
}

/* All that can sign or agree at all. */
static bool soft_can(struct berth_keystore *ks, enum berth_key_type type, enum berth_usage usage)
{
	(void)ks;
	(void)type;
	(void)usage;
	return true;
}

static struct berth_soft_key *lookup(struct berth_keystore *ks, const char *name)
{
	struct berth_soft_body *b = body_of(ks);

	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->key[i].name, name) == 0)
			return &b->key[i];
	return NULL;
}

static enum berth_err need(struct berth_keystore *ks, const char *name, struct berth_soft_key **out)
{
	*out = lookup(ks, name);
	return *out ? BERTH_OK : berth_fail(BERTH_E_KEYSTORE, "%s: no key %s", soft(ks)->file.path, name);
}

static void describe(const struct berth_soft_key *k, struct berth_key_info *info)
{
	memset(info, 0, sizeof(*info));
	memcpy(info->name, k->name, sizeof(info->name));
	info->usage = k->usage;
	info->custody = k->custody;
	info->pub = k->priv.pub;
}

static enum berth_err soft_find(struct berth_keystore *ks, const char *name,
				struct berth_key_info *info)
{
	struct berth_soft_key *k;
	enum berth_err rc = need(ks, name, &k);

	if (!rc)
		describe(k, info);
	return rc;
}

static size_t soft_count(const struct berth_keystore *ks) { return body_of(ks)->n; }

static enum berth_err soft_at(struct berth_keystore *ks, size_t i, struct berth_key_info *info)
{
	describe(&body_of(ks)->key[i], info);
	return BERTH_OK;
}

static enum berth_err save(struct soft *s)
{
	struct berth_buf file = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_soft_file_seal(&file, berth_soft_body(s->body), &s->kdf, s->file_key)))
		rc = berth_ksfile_write(&s->file, &file);
	berth_buf_free(&file);
	return rc;
}

/* For so many keys more. */
static enum berth_err make_room(struct soft *s, size_t more)
{
	const struct berth_soft_body *b = berth_soft_body(s->body);
	struct berth_secret *next;

	if (b->n + more > BERTH_SOFT_KEYS_MAX)
		return berth_fail(BERTH_E_KEYSTORE, "%s: full (%d keys)", s->file.path, BERTH_SOFT_KEYS_MAX);
	if (b->n + more <= berth_soft_body_room(s->body))
		return BERTH_OK;
	if (!(next = berth_soft_body_new(b->n + more)))
		return berth_fail(BERTH_E_NOMEM, "sealed file");
	memcpy(berth_soft_body(next), b, sizeof(*b) + b->n * sizeof(b->key[0]));
	forget_signers(s);
	berth_secret_free(s->body);
	s->body = next;
	return BERTH_OK;
}

static void add(struct berth_soft_body *b, const char *name, const struct berth_privkey *key, enum berth_usage usage,
		enum berth_custody custody)
{
	struct berth_soft_key *k = &b->key[b->n++];

	memcpy(k->name, name, strlen(name) + 1);
	k->usage = usage;
	k->custody = custody;
	k->priv = *key;
}

/* The keys from the n-th on are in the file too, or nowhere.  rc: how it went so far. */
static enum berth_err save_added(struct soft *s, size_t n, enum berth_err rc)
{
	struct berth_soft_body *b = berth_soft_body(s->body);

	s->file.keep = true;
	if (!rc && !(rc = save(s)))
		return BERTH_OK;
	berth_wipe(&b->key[n], (b->n - n) * sizeof(b->key[0]));
	b->n = n;
	return rc;
}

static enum berth_err soft_generate_all(struct berth_keystore *ks, const struct berth_key_order *v, size_t n)
{
	struct berth_privkey key = { 0 };
	size_t had = body_of(ks)->n;
	enum berth_err rc = make_room(soft(ks), n);

	for (size_t i = 0; !rc && i < n; i++)
		if (!(rc = berth_keypair_generate(&key, v[i].type)))
			add(body_of(ks), v[i].name, &key, v[i].usage, BERTH_CUSTODY_SEALED);
	berth_privkey_wipe(&key);
	return save_added(soft(ks), had, rc);
}

static enum berth_err soft_import(struct berth_keystore *ks, const char *name,
				  const struct berth_privkey *key, enum berth_usage usage)
{
	struct berth_privkey own;
	size_t had = body_of(ks)->n;
	enum berth_err rc = berth_keypair_from_private(&own, key->type, key->b, key->len);

	if (!rc && !(rc = make_room(soft(ks), 1)))
		add(body_of(ks), name, &own, usage, BERTH_CUSTODY_SOFTWARE);
	berth_privkey_wipe(&own);
	return save_added(soft(ks), had, rc);
}

static enum berth_err soft_remove(struct berth_keystore *ks, const char *name)
{
	struct berth_soft_body *b = body_of(ks);
	struct berth_soft_key *k = lookup(ks, name), gone;
	enum berth_err rc;

	if (!k)
		return BERTH_OK;
	size_t after = b->n - (size_t)(k - b->key) - 1;

	forget_signers(soft(ks));	/* which know keys by their places */
	berth_agreed_forget(&soft(ks)->agreed);
	gone = *k;
	memmove(k, k + 1, after * sizeof(*k));
	b->n--;
	if ((rc = save(soft(ks)))) {
		memmove(k + 1, k, after * sizeof(*k));
		*k = gone;
		b->n++;
	} else {
		berth_wipe(&b->key[b->n], sizeof(*k));
	}
	berth_wipe(&gone, sizeof(gone));
	return rc;
}

static enum berth_err signer_of(struct berth_signer **out, struct soft *s, const struct berth_soft_key *k)
{
	struct ready *r = &s->ready[(size_t)(k - berth_soft_body(s->body)->key) % SIGNERS];
	enum berth_err rc = BERTH_OK;

	if (r->key != k) {
		berth_signer_free(r->signer);
		rc = berth_signer_new(&r->signer, &k->priv);
		r->key = rc ? NULL : k;
	}
	*out = r->signer;
	return rc;
}

static enum berth_err soft_sign(struct berth_keystore *ks, const char *name, const void *msg,
				size_t len, uint8_t *sig, size_t *sig_len)
{
	struct berth_signer *signer;
	struct berth_soft_key *k;
	enum berth_err rc = need(ks, name, &k);

	if (rc)
		return rc;
	if (!berth_signer_helps(k->priv.type))
		return berth_sign(sig, sig_len, &k->priv, msg, len);
	return (rc = signer_of(&signer, soft(ks), k)) ? rc : berth_signer_sign(signer, sig, sig_len, msg, len);
}

static enum berth_err soft_sign_digest(struct berth_keystore *ks, const char *name, const uint8_t digest[32],
				       uint8_t rs[64])
{
	struct berth_soft_key *k;
	enum berth_err rc = need(ks, name, &k);

	return rc ? rc : berth_k1_sign_digest(rs, &k->priv, digest);
}

/* Of the one form that a key of its type has; whether the point is on the curve
 * berth_ecdh() finds out before it touches the private key. */
static bool has_form(const struct berth_pubkey *theirs, const struct berth_pubkey *mine)
{
	return theirs->len == mine->len && (mine->type == BERTH_KEY_X25519 || theirs->b[0] == 4);
}

static enum berth_err need_for(struct berth_keystore *ks, const char *name, const struct berth_pubkey *theirs,
			       struct berth_soft_key **out)
{
	enum berth_err rc = need(ks, name, out);

	if (!rc && !has_form(theirs, &(*out)->priv.pub))
		rc = berth_fail(BERTH_E_KEY, "key agreement with %zu bytes that are no key", theirs->len);
	return rc;
}

static enum berth_err soft_ecdh(struct berth_keystore *ks, const char *name,
				const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len)
{
	struct berth_soft_key *k;
	enum berth_err rc = need_for(ks, name, theirs, &k);

	return rc ? rc : berth_ecdh(z, z_len, &k->priv, theirs);
}

static enum berth_err soft_ecdh_lasting(struct berth_keystore *ks, const char *name,
					const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len)
{
	struct berth_soft_key *k;
	enum berth_err rc = need_for(ks, name, theirs, &k);

	return rc ? rc : berth_agreed_ecdh(&soft(ks)->agreed, z, z_len, &k->priv, theirs);
}

static enum berth_err soft_kek(struct berth_keystore *ks, int64_t epoch, uint8_t kek[32])
{
	const struct berth_soft_body *b = body_of(ks);

	if (epoch >= 0 && (uint64_t)epoch != b->counter[BERTH_COUNTER_EPOCH])
		return berth_fail(BERTH_E_DECRYPT, "no key for epoch %lld", (long long)epoch);
	memcpy(kek, epoch < 0 ? b->kek : b->epoch_kek, 32);
	return BERTH_OK;
}

static enum berth_err soft_counter_read(struct berth_keystore *ks, enum berth_counter c,
					uint64_t *value, bool *protected_)
{
	*value = body_of(ks)->counter[c];
	*protected_ = false;	/* an older copy of the file has an older value */
	return BERTH_OK;
}

static enum berth_err soft_counter_step(struct berth_keystore *ks, enum berth_counter c,
					uint64_t *value)
{
	struct berth_soft_body *b = body_of(ks);
	struct soft *s = soft(ks);
	uint8_t old[32];
	enum berth_err rc;

	memcpy(old, b->epoch_kek, sizeof(old));
	b->counter[c]++;
	if (c == BERTH_COUNTER_EPOCH) {	/* what the last epoch sealed is lost with its key */
		berth_random(b->epoch_kek, sizeof(b->epoch_kek));
		s->file.overwrite = true;
	}
	s->file.keep = s->file.later = c == BERTH_COUNTER_GENERATION;
	if ((rc = save(s))) {
		b->counter[c]--;
		memcpy(b->epoch_kek, old, sizeof(old));
	} else {
		*value = b->counter[c];
	}
	berth_wipe(old, sizeof(old));
	return rc;
}

static void soft_format_uri(const struct berth_keystore *ks, const char *name, struct berth_buf *out)
{
	const struct soft *s = (const struct soft *)(const void *)ks;

	berth_buf_printf(out, "soft:%s%s#%s", s->file.path, s->seal_tpm2 ? "?seal=tpm2" : "", name);
}

static void soft_needs(const struct berth_keystore *ks, struct berth_keystore_needs *out)
{
	berth_keystore_need_path(out, ((const struct soft *)(const void *)ks)->file.folder, true);
}

static const struct berth_keystore_ops ops = {
	.close = soft_close,
	.can = soft_can,
	.generate_all = soft_generate_all,
	.import = soft_import,
	.find = soft_find,
	.count = soft_count,
	.at = soft_at,
	.remove = soft_remove,
	.sign = soft_sign,
	.sign_digest = soft_sign_digest,
	.ecdh = soft_ecdh,
	.ecdh_lasting = soft_ecdh_lasting,
	.kek = soft_kek,
	.counter_read = soft_counter_read,
	.counter_step = soft_counter_step,
	.format_uri = soft_format_uri,
	.needs = soft_needs,
};

/* A new secret that the TPM keeps for this file. */
static enum berth_err seal_secret(struct soft *s, const char *tcti, struct berth_secret **secret)
{
	struct berth_buf blob = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(*secret = berth_secret_new(32)))
		return berth_fail(BERTH_E_NOMEM, "sealed file");
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

static enum berth_err choose(struct soft *s, const struct berth_keystore_config *cfg, struct berth_secret **secret)
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

static enum berth_err make(struct soft *s, const struct berth_keystore_config *cfg)
{
	struct berth_secret *secret = NULL;
	enum berth_err rc = choose(s, cfg, &secret);

	if (!rc)
		rc = berth_soft_kdf_run(&s->file_key, &s->kdf, secret);
	berth_secret_free(secret);
	if (rc)
		return rc;
	if (!(s->body = berth_soft_body_new(0)))
		return berth_fail(BERTH_E_NOMEM, "sealed file");
	berth_random(berth_soft_body(s->body)->kek, 32);
	berth_random(berth_soft_body(s->body)->epoch_kek, 32);
	return save(s);
}

/* What the file is sealed with is not its own business alone: who configures a TPM is
 * not to be handed a file that a passphrase opens, nor the other way round. */
static enum berth_err find_secret(struct soft *s, const struct berth_keystore_config *cfg, const struct berth_buf *file,
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

static enum berth_err load(struct soft *s, const struct berth_keystore_config *cfg)
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
	struct soft *s = calloc(1, sizeof(*s));
	enum berth_err rc;

	if (!s)
		return berth_fail(BERTH_E_NOMEM, "keystore");
	s->base.ops = &ops;
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
		soft_close(&s->base);
	return rc;
}
