/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/tpm2_file.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/cur.h"
#include "did/crypto/hash.h"
#include "did/keystore/file.h"
#include "did/keystore/keystore_impl.h"

#define MAGIC "BERTHTPM"
#define VERSION 1
#define OF_EPOCH 0x80u

void berth_tpm2_store_free(struct berth_tpm2_store *s)
{
	free(s->key);
	memset(s, 0, sizeof(*s));
}

static void read_blob(struct berth_tpm2_blob *out, struct berth_cur *c)
{
	struct berth_cur v = berth_cur_vec16(c, BERTH_TPM2_BLOB_MAX);

	out->len = v.n;
	if (v.n)
		memcpy(out->b, v.p, v.n);
}

static void write_blob(struct berth_buf *b, const struct berth_tpm2_blob *v)
{
	berth_buf_vec16(b, v->b, v->len);
}

static void read_object(struct berth_tpm2_object *out, struct berth_cur *c)
{
	read_blob(&out->pub, c);
	read_blob(&out->priv, c);
}

static void write_object(struct berth_buf *b, const struct berth_tpm2_object *o)
{
	write_blob(b, &o->pub);
	write_blob(b, &o->priv);
}

enum berth_err berth_tpm2_store_head(struct berth_tpm2_store *out, uint8_t seed[32], size_t *rest,
				     const void *file, size_t len)
{
	struct berth_cur c = berth_cur(file, len);
	const uint8_t *magic = berth_cur_bytes(&c, sizeof(MAGIC) - 1);
	uint8_t version = berth_cur_u8(&c), ready = berth_cur_u8(&c);

	memset(out, 0, sizeof(*out));
	berth_cur_copy(&c, seed, 32);
	out->ready = ready == 1;
	out->srk_handle = berth_cur_be32(&c);
	read_blob(&out->srk_pub, &c);
	out->nv[0] = berth_cur_be32(&c);
	out->nv[1] = berth_cur_be32(&c);
	if (out->ready)
		read_object(&out->kek, &c);
	*rest = len - c.n;
	if (c.bad || ready > 1 || memcmp(magic, MAGIC, sizeof(MAGIC) - 1) != 0 || (!out->ready && c.n))
		return berth_fail(BERTH_E_KEYSTORE, "not a tpm2 keystore file, or cut short");
	if (version != VERSION)
		return berth_fail(BERTH_E_KEYSTORE, "tpm2 keystore file of version %u", version);
	return BERTH_OK;
}

static bool read_key(struct berth_tpm2_key *k, struct berth_cur *c)
{
	struct berth_key_info *i = &k->info;

	berth_cur_str16(c, i->name, BERTH_KEY_NAME_MAX);
	i->pub.type = berth_cur_u8(c);	/* the point is read from the public area */
	uint8_t usage = berth_cur_u8(c);

	k->of_epoch = usage & OF_EPOCH;
	i->usage = usage & (uint8_t)~OF_EPOCH;
	i->custody = BERTH_CUSTODY_HARDWARE;
	i->attestable = true;
	k->handle = berth_cur_be32(c);
	read_object(&k->object, c);
	return !c->bad && berth_key_name_valid(i->name) && i->pub.type > BERTH_KEY_NONE &&
	       i->pub.type < BERTH_KEY__COUNT && (i->usage == BERTH_USAGE_SIGN ||
	       i->usage == BERTH_USAGE_AGREE || i->usage == BERTH_USAGE_ATTEST);
}

static enum berth_err read_body(struct berth_tpm2_store *s, const struct berth_buf *plain)
{
	struct berth_cur c = berth_cur(plain->p, plain->len);
	bool good = true;

	for (int i = 0; i < 2; i++) {
		berth_cur_copy(&c, s->nv_name[i], BERTH_TPM2_NAME_LEN);
		s->nv_base[i] = berth_cur_be64(&c);
	}
	uint8_t has = berth_cur_u8(&c);

	s->has_epoch_kek = has == 1;
	s->epoch_nv = berth_cur_be64(&c);
	read_object(&s->epoch_kek, &c);
	size_t n = berth_cur_be16(&c);

	if (n > BERTH_TPM2_KEYS_MAX || has > 1)
		good = false;
	else if (!(s->key = calloc(n + 1, sizeof(s->key[0]))))
		return berth_no_memory();
	for (; good && s->n < n; s->n++)
		good = read_key(&s->key[s->n], &c);
	if (!good || !berth_cur_done(&c))
		return berth_fail(BERTH_E_KEYSTORE, "tpm2 keystore file: its contents make no sense");
	return BERTH_OK;
}

static void index_key(uint8_t out[32], const uint8_t kek[32])
{
	static const uint8_t what[] = "berth tpm2 index";

	berth_hmac_sha256(out, kek, 32, what, sizeof(what) - 1);
}

enum berth_err berth_tpm2_store_body(struct berth_tpm2_store *out, const uint8_t kek[32], size_t rest,
				     const void *file, size_t len)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	uint8_t key[32];
	enum berth_err rc;

	index_key(key, kek);
	rc = berth_ksfile_unseal(&plain, key, file, len, rest, "tpm2 keystore file", "damaged, or changed by a stranger");
	if (!rc)
		rc = read_body(out, &plain);
	berth_wipe(key, sizeof(key));
	berth_buf_free(&plain);
	return rc;
}

static void write_head(struct berth_buf *b, const struct berth_tpm2_store *s, const uint8_t seed[32])
{
	berth_buf_str(b, MAGIC);
	berth_buf_u8(b, VERSION);
	berth_buf_u8(b, s->ready);
	berth_buf_put(b, seed, 32);
	berth_buf_be32(b, s->srk_handle);
	write_blob(b, &s->srk_pub);
	berth_buf_be32(b, s->nv[0]);
	berth_buf_be32(b, s->nv[1]);
	if (s->ready)
		write_object(b, &s->kek);
}

static void write_body(struct berth_buf *b, const struct berth_tpm2_store *s)
{
	for (int i = 0; i < 2; i++) {
		berth_buf_put(b, s->nv_name[i], BERTH_TPM2_NAME_LEN);
		berth_buf_be64(b, s->nv_base[i]);
	}
	berth_buf_u8(b, s->has_epoch_kek);
	berth_buf_be64(b, s->epoch_nv);
	write_object(b, &s->epoch_kek);
	berth_buf_be16(b, (uint16_t)s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct berth_tpm2_key *k = &s->key[i];

		berth_buf_str16(b, k->info.name);
		berth_buf_u8(b, (uint8_t)k->info.pub.type);
		berth_buf_u8(b, (uint8_t)(k->info.usage | (k->of_epoch ? OF_EPOCH : 0)));
		berth_buf_be32(b, k->handle);
		write_object(b, &k->object);
	}
}

static enum berth_err seal_body(struct berth_buf *file, const struct berth_tpm2_store *s,
				const uint8_t kek[32])
{
	struct berth_buf plain = BERTH_BUF_INIT;
	uint8_t key[32];
	enum berth_err rc;

	write_body(&plain, s);
	index_key(key, kek);
	rc = berth_ksfile_seal(file, key, &plain);
	berth_wipe(key, sizeof(key));
	berth_buf_free(&plain);
	return rc;
}

enum berth_err berth_tpm2_store_format(struct berth_buf *file, const struct berth_tpm2_store *s,
				       const uint8_t seed[32], const uint8_t *kek)
{
	enum berth_err rc;

	write_head(file, s, seed);
	if ((rc = berth_buf_status(file)))
		return rc;
	return s->ready ? seal_body(file, s, kek) : BERTH_OK;
}
