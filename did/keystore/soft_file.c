/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/soft_file.h"

#include <string.h>

#include "did/base/cur.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/keystore/file.h"
#include "did/keystore/keystore_impl.h"

#define MAGIC "BERTHKEY"
#define VERSION 1
#define BODY_MIN (8 + 8 + 32 + 32 + 2)
#define PAGE 4096
#define GUARD 64		/* enough for libsodium's canary, and the alignment of the keys */

/* A gateway has 128 MB and starts in 60 ms: a moderate cost.  A file may ask for
 * more, within what cannot starve the machine. */
#define ARGON2_PASSES 3
#define ARGON2_KIB (16 * 1024)
#define ARGON2_PASSES_MAX 10
#define ARGON2_KIB_MIN 8
#define ARGON2_KIB_MAX (64 * 1024)

/* Guarded memory is pages: to the end of the last one, but for what the guard itself needs. */
struct berth_secret *berth_soft_body_new(size_t n)
{
	size_t len = sizeof(struct berth_soft_body) + n * sizeof(struct berth_soft_key);

	return berth_secret_new((len + GUARD + PAGE - 1) / PAGE * PAGE - GUARD);
}

size_t berth_soft_body_room(const struct berth_secret *s)
{
	return (s->len - sizeof(struct berth_soft_body)) / sizeof(struct berth_soft_key);
}

void berth_soft_kdf_choose(struct berth_soft_kdf *out, const struct berth_secret *pass)
{
	memset(out, 0, sizeof(*out));
	out->kdf = BERTH_SOFT_KDF_HKDF;
	if (!berth_passphrase_is_key(pass)) {
		out->kdf = BERTH_SOFT_KDF_ARGON2ID;
		out->passes = ARGON2_PASSES;
		out->mem_kib = ARGON2_KIB;
	}
	berth_random(out->salt, sizeof(out->salt));
}

/* RFC 5869 with one block of output. */
static void hkdf(uint8_t out[32], const struct berth_secret *ikm, const uint8_t *salt, size_t salt_len)
{
	static const uint8_t info[] = "berth sealed file\x01";
	uint8_t prk[32];

	berth_hmac_sha256(prk, salt, salt_len, ikm->b, ikm->len);
	berth_hmac_sha256(out, prk, sizeof(prk), info, sizeof(info) - 1);
	berth_wipe(prk, sizeof(prk));
}

enum berth_err berth_soft_kdf_run(struct berth_secret **key, const struct berth_soft_kdf *kdf,
				  const struct berth_secret *pass)
{
	struct berth_secret *k = berth_secret_new(32);
	enum berth_err rc = BERTH_OK;

	*key = NULL;
	if (!k)
		return berth_no_memory();
	if (kdf->kdf != BERTH_SOFT_KDF_ARGON2ID)
		hkdf(k->b, pass, kdf->salt, sizeof(kdf->salt));
	else
		rc = berth_argon2id(k->b, pass->b, pass->len, kdf->salt, kdf->passes, kdf->mem_kib);
	if (!rc) {
		*key = k;
		k = NULL;
	}
	berth_secret_free(k);
	return rc;
}

static bool kdf_allowed(const struct berth_soft_kdf *k)
{
	if (k->kdf == BERTH_SOFT_KDF_HKDF || k->kdf == BERTH_SOFT_KDF_TPM2)
		return k->passes == 0 && k->mem_kib == 0;
	return k->kdf == BERTH_SOFT_KDF_ARGON2ID && k->passes >= 1 &&
	       k->passes <= ARGON2_PASSES_MAX && k->mem_kib >= ARGON2_KIB_MIN &&
	       k->mem_kib <= ARGON2_KIB_MAX;
}

static void read_sealed(struct berth_soft_kdf *out, struct berth_cur *c)
{
	struct berth_cur v = berth_cur_vec16(c, sizeof(out->sealed));

	out->sealed_len = v.n;
	if (v.n)
		memcpy(out->sealed, v.p, v.n);
}

static enum berth_err read_kdf(struct berth_soft_kdf *out, struct berth_cur *c)
{
	const uint8_t *magic = berth_cur_bytes(c, sizeof(MAGIC) - 1);
	uint8_t version = berth_cur_u8(c);

	out->kdf = berth_cur_u8(c);
	out->passes = berth_cur_be32(c);
	out->mem_kib = berth_cur_be32(c);
	berth_cur_copy(c, out->salt, sizeof(out->salt));
	out->sealed_len = 0;
	if (out->kdf == BERTH_SOFT_KDF_TPM2)
		read_sealed(out, c);
	if (c->bad || memcmp(magic, MAGIC, sizeof(MAGIC) - 1) != 0)
		return berth_fail(BERTH_E_KEYSTORE, "not a sealed keystore file");
	if (version != VERSION)
		return berth_fail(BERTH_E_KEYSTORE, "sealed keystore file of version %u", version);
	if (!kdf_allowed(out))
		return berth_fail(BERTH_E_KEYSTORE, "sealed keystore file: key derivation %u, %u, %u",
				  out->kdf, out->passes, out->mem_kib);
	return BERTH_OK;
}

static bool read_key(struct berth_soft_key *k, struct berth_cur *c)
{
	berth_cur_str16(c, k->name, BERTH_KEY_NAME_MAX);
	uint8_t type = berth_cur_u8(c), usage = berth_cur_u8(c), custody = berth_cur_u8(c);
	struct berth_cur b = berth_cur_vec16(c, BERTH_PRIVKEY_MAX);

	if (c->bad || !berth_key_name_valid(k->name) || type == BERTH_KEY_NONE ||
	    type >= BERTH_KEY__COUNT || custody > BERTH_CUSTODY_SEALED ||
	    (usage != BERTH_USAGE_SIGN && usage != BERTH_USAGE_AGREE))
		return false;
	k->usage = usage;
	k->custody = custody;
	return berth_keypair_from_private(&k->priv, type, b.p, b.n) == BERTH_OK;
}

static enum berth_err read_body(struct berth_secret **out, const struct berth_buf *plain)
{
	struct berth_cur c = berth_cur(plain->p, plain->len);
	struct berth_soft_body head = { .counter = { berth_cur_be64(&c), berth_cur_be64(&c) } };
	struct berth_secret *s = NULL;

	berth_cur_copy(&c, head.kek, sizeof(head.kek));
	berth_cur_copy(&c, head.epoch_kek, sizeof(head.epoch_kek));
	head.n = berth_cur_be16(&c);
	if (head.n <= BERTH_SOFT_KEYS_MAX && !(s = berth_soft_body_new(head.n))) {
		berth_wipe(&head, sizeof(head));
		return berth_no_memory();
	}
	bool good = s != NULL;

	if (good)
		memcpy(berth_soft_body(s), &head, sizeof(head));
	for (size_t i = 0; good && i < head.n; i++)
		good = read_key(&berth_soft_body(s)->key[i], &c);
	berth_wipe(&head, sizeof(head));
	if (good && berth_cur_done(&c)) {
		*out = s;
		return BERTH_OK;
	}
	berth_secret_free(s);
	return berth_fail(BERTH_E_KEYSTORE, "sealed keystore file: its contents make no sense");
}

static enum berth_err unseal(struct berth_secret **body, const struct berth_secret *key,
			     const void *file, size_t len, size_t head_len)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	enum berth_err rc = berth_ksfile_unseal(&plain, key->b, file, len, head_len, "sealed keystore file",
						"wrong passphrase, or damaged");

	if (!rc)
		rc = read_body(body, &plain);
	berth_buf_free(&plain);
	return rc;
}

enum berth_err berth_soft_file_head(struct berth_soft_kdf *kdf, const void *file, size_t len)
{
	struct berth_cur c = berth_cur(file, len);

	return read_kdf(kdf, &c);
}

enum berth_err berth_soft_file_open(struct berth_secret **body, struct berth_soft_kdf *kdf,
				    struct berth_secret **key, const void *file, size_t len,
				    const struct berth_secret *pass)
{
	struct berth_cur c = berth_cur(file, len);
	enum berth_err rc;

	*body = *key = NULL;
	if ((rc = read_kdf(kdf, &c)))
		return rc;
	/* the shortest body: nothing is derived for less */
	if (c.n < BODY_MIN + BERTH_KSFILE_BOX_MORE)
		return berth_fail(BERTH_E_KEYSTORE, "sealed keystore file: cut short");
	if ((rc = berth_soft_kdf_run(key, kdf, pass)))
		return rc;
	if ((rc = unseal(body, *key, file, len, len - c.n))) {
		berth_secret_free(*key);
		*key = NULL;
	}
	return rc;
}

static void write_body(struct berth_buf *out, const struct berth_soft_body *body)
{
	berth_buf_be64(out, body->counter[0]);
	berth_buf_be64(out, body->counter[1]);
	berth_buf_put(out, body->kek, sizeof(body->kek));
	berth_buf_put(out, body->epoch_kek, sizeof(body->epoch_kek));
	berth_buf_be16(out, (uint16_t)body->n);
	for (size_t i = 0; i < body->n; i++) {
		const struct berth_soft_key *k = &body->key[i];

		berth_buf_str16(out, k->name);
		berth_buf_u8(out, (uint8_t)k->priv.type);
		berth_buf_u8(out, (uint8_t)k->usage);
		berth_buf_u8(out, (uint8_t)k->custody);
		berth_buf_vec16(out, k->priv.b, k->priv.len);
	}
}

static void write_head(struct berth_buf *out, const struct berth_soft_kdf *kdf)
{
	berth_buf_str(out, MAGIC);
	berth_buf_u8(out, VERSION);
	berth_buf_u8(out, kdf->kdf);
	berth_buf_be32(out, kdf->passes);
	berth_buf_be32(out, kdf->mem_kib);
	berth_buf_put(out, kdf->salt, sizeof(kdf->salt));
	if (kdf->kdf == BERTH_SOFT_KDF_TPM2)
		berth_buf_vec16(out, kdf->sealed, kdf->sealed_len);
}

enum berth_err berth_soft_file_seal(struct berth_buf *file, const struct berth_soft_body *body,
				    const struct berth_soft_kdf *kdf, const struct berth_secret *key)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	enum berth_err rc;

	write_head(file, kdf);
	write_body(&plain, body);
	rc = berth_ksfile_seal(file, key->b, &plain);
	berth_buf_free(&plain);
	return rc;
}
