/* SPDX-License-Identifier: Apache-2.0 */
/* soft: keys in one sealed file, in guarded memory while the store is open.  A
 * change is made there, and taken back where the file does not take it. */
#include "did/keystore/soft_impl.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/rand.h"
#include "did/crypto/keypair.h"

void berth_soft_close(struct berth_keystore *ks)
{
	struct berth_soft *s = berth_soft_of(ks);

	berth_soft_forget_signers(s);
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
	struct berth_soft_body *b = berth_soft_body_of(ks);

	for (size_t i = 0; i < b->n; i++)
		if (strcmp(b->key[i].name, name) == 0)
			return &b->key[i];
	return NULL;
}

enum berth_err berth_soft_need(struct berth_keystore *ks, const char *name, struct berth_soft_key **out)
{
	*out = lookup(ks, name);
	return *out ? BERTH_OK : berth_fail(BERTH_E_KEYSTORE, "%s: no key %s", berth_soft_of(ks)->file.path, name);
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
	enum berth_err rc = berth_soft_need(ks, name, &k);

	if (!rc)
		describe(k, info);
	return rc;
}

static size_t soft_count(const struct berth_keystore *ks) { return berth_soft_body_of(ks)->n; }

static enum berth_err soft_at(struct berth_keystore *ks, size_t i, struct berth_key_info *info)
{
	describe(&berth_soft_body_of(ks)->key[i], info);
	return BERTH_OK;
}

enum berth_err berth_soft_save(struct berth_soft *s)
{
	struct berth_buf file = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_soft_file_seal(&file, berth_soft_body(s->body), &s->kdf, s->file_key)))
		rc = berth_ksfile_write(&s->file, &file);
	berth_buf_free(&file);
	return rc;
}

/* For so many keys more. */
static enum berth_err make_room(struct berth_soft *s, size_t more)
{
	const struct berth_soft_body *b = berth_soft_body(s->body);
	struct berth_secret *next;

	if (b->n + more > BERTH_SOFT_KEYS_MAX)
		return berth_fail(BERTH_E_KEYSTORE, "%s: full (%d keys)", s->file.path, BERTH_SOFT_KEYS_MAX);
	if (b->n + more <= berth_soft_body_room(s->body))
		return BERTH_OK;
	if (!(next = berth_soft_body_new(b->n + more)))
		return berth_no_memory();
	memcpy(berth_soft_body(next), b, sizeof(*b) + b->n * sizeof(b->key[0]));
	berth_soft_forget_signers(s);
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
static enum berth_err save_added(struct berth_soft *s, size_t n, enum berth_err rc)
{
	struct berth_soft_body *b = berth_soft_body(s->body);

	s->file.keep = true;
	if (!rc && !(rc = berth_soft_save(s)))
		return BERTH_OK;
	berth_wipe(&b->key[n], (b->n - n) * sizeof(b->key[0]));
	b->n = n;
	return rc;
}

static enum berth_err soft_generate_all(struct berth_keystore *ks, const struct berth_key_order *v, size_t n)
{
	struct berth_privkey key = { 0 };
	size_t had = berth_soft_body_of(ks)->n;
	enum berth_err rc = make_room(berth_soft_of(ks), n);

	for (size_t i = 0; !rc && i < n; i++)
		if (!(rc = berth_keypair_generate(&key, v[i].type)))
			add(berth_soft_body_of(ks), v[i].name, &key, v[i].usage, BERTH_CUSTODY_SEALED);
	berth_privkey_wipe(&key);
	return save_added(berth_soft_of(ks), had, rc);
}

static enum berth_err soft_import(struct berth_keystore *ks, const char *name,
				  const struct berth_privkey *key, enum berth_usage usage)
{
	struct berth_privkey own;
	size_t had = berth_soft_body_of(ks)->n;
	enum berth_err rc = berth_keypair_from_private(&own, key->type, key->b, key->len);

	if (!rc && !(rc = make_room(berth_soft_of(ks), 1)))
		add(berth_soft_body_of(ks), name, &own, usage, BERTH_CUSTODY_SOFTWARE);
	berth_privkey_wipe(&own);
	return save_added(berth_soft_of(ks), had, rc);
}

static enum berth_err soft_remove(struct berth_keystore *ks, const char *name)
{
	struct berth_soft_body *b = berth_soft_body_of(ks);
	struct berth_soft_key *k = lookup(ks, name), gone;
	enum berth_err rc;

	if (!k)
		return BERTH_OK;
	size_t after = b->n - (size_t)(k - b->key) - 1;

	berth_soft_forget_signers(berth_soft_of(ks));	/* which know keys by their places */
	berth_agreed_forget(&berth_soft_of(ks)->agreed);
	gone = *k;
	memmove(k, k + 1, after * sizeof(*k));
	b->n--;
	if ((rc = berth_soft_save(berth_soft_of(ks)))) {
		memmove(k + 1, k, after * sizeof(*k));
		*k = gone;
		b->n++;
	} else {
		berth_wipe(&b->key[b->n], sizeof(*k));
	}
	berth_wipe(&gone, sizeof(gone));
	return rc;
}

static enum berth_err soft_kek(struct berth_keystore *ks, int64_t epoch, uint8_t kek[32])
{
	const struct berth_soft_body *b = berth_soft_body_of(ks);

	if (epoch >= 0 && (uint64_t)epoch != b->counter[BERTH_COUNTER_EPOCH])
		return berth_fail(BERTH_E_DECRYPT, "no key for epoch %lld", (long long)epoch);
	memcpy(kek, epoch < 0 ? b->kek : b->epoch_kek, 32);
	return BERTH_OK;
}

static enum berth_err soft_counter_read(struct berth_keystore *ks, enum berth_counter c,
					uint64_t *value, bool *protected_)
{
	*value = berth_soft_body_of(ks)->counter[c];
	*protected_ = false;	/* an older copy of the file has an older value */
	return BERTH_OK;
}

static enum berth_err soft_counter_step(struct berth_keystore *ks, enum berth_counter c,
					uint64_t *value)
{
	struct berth_soft_body *b = berth_soft_body_of(ks);
	struct berth_soft *s = berth_soft_of(ks);
	uint8_t old[32];
	enum berth_err rc;

	memcpy(old, b->epoch_kek, sizeof(old));
	b->counter[c]++;
	if (c == BERTH_COUNTER_EPOCH) {	/* what the last epoch sealed is lost with its key */
		berth_random(b->epoch_kek, sizeof(b->epoch_kek));
		s->file.overwrite = true;
	}
	s->file.keep = s->file.later = c == BERTH_COUNTER_GENERATION;
	if ((rc = berth_soft_save(s))) {
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
	const struct berth_soft *s = (const struct berth_soft *)(const void *)ks;

	berth_buf_printf(out, "soft:%s%s#%s", s->file.path, s->seal_tpm2 ? "?seal=tpm2" : "", name);
}

static void soft_needs(const struct berth_keystore *ks, struct berth_keystore_needs *out)
{
	berth_keystore_need_path(out, ((const struct berth_soft *)(const void *)ks)->file.folder, true);
}

const struct berth_keystore_ops berth_soft_ops = {
	.close = berth_soft_close,
	.can = soft_can,
	.generate_all = soft_generate_all,
	.import = soft_import,
	.find = soft_find,
	.count = soft_count,
	.at = soft_at,
	.remove = soft_remove,
	.sign = berth_soft_sign,
	.sign_digest = berth_soft_sign_digest,
	.ecdh = berth_soft_ecdh,
	.ecdh_lasting = berth_soft_ecdh_lasting,
	.kek = soft_kek,
	.counter_read = soft_counter_read,
	.counter_step = soft_counter_step,
	.format_uri = soft_format_uri,
	.needs = soft_needs,
};
