/* SPDX-License-Identifier: Apache-2.0 */
#include "did/keystore/pkcs11_file.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/cur.h"
#include "did/crypto/keypair.h"
#include "did/keystore/file.h"
#include "did/keystore/keystore_impl.h"

#define MAGIC "BERTHP11"
#define VERSION 1

void berth_pkcs11_store_free(struct berth_pkcs11_store *s)
{
	free(s->key);
	memset(s, 0, sizeof(*s));
}

enum berth_err berth_pkcs11_store_head(struct berth_pkcs11_store *out, size_t *rest, const void *file, size_t len)
{
	struct berth_cur c = berth_cur(file, len);
	const uint8_t *magic = berth_cur_bytes(&c, sizeof(MAGIC) - 1);
	uint8_t version = berth_cur_u8(&c), ready = berth_cur_u8(&c);

	memset(out, 0, sizeof(*out));
	out->ready = ready == 1;
	berth_cur_str16(&c, out->token, BERTH_PKCS11_LABEL_MAX);
	berth_cur_str16(&c, out->serial, BERTH_PKCS11_MODEL_MAX);
	berth_cur_copy(&c, out->wrap_id, sizeof(out->wrap_id));
	berth_cur_copy(&c, out->salt, sizeof(out->salt));
	*rest = len - c.n;
	if (c.bad || ready > 1 || memcmp(magic, MAGIC, sizeof(MAGIC) - 1) != 0 || (!out->ready && c.n))
		return berth_fail(BERTH_E_KEYSTORE, "not a pkcs11 keystore file, or cut short");
	if (version != VERSION)
		return berth_fail(BERTH_E_KEYSTORE, "pkcs11 keystore file of version %u", version);
	return BERTH_OK;
}

static bool read_key(struct berth_pkcs11_key *k, struct berth_cur *c)
{
	struct berth_key_info *i = &k->info;

	berth_cur_str16(c, i->name, BERTH_KEY_NAME_MAX);
	uint8_t type = berth_cur_u8(c);

	i->usage = berth_cur_u8(c);
	i->custody = BERTH_CUSTODY_HARDWARE;
	berth_cur_copy(c, k->id, sizeof(k->id));
	struct berth_cur point = berth_cur_vec16(c, BERTH_PUBKEY_MAX);

	if (c->bad || !berth_key_name_valid(i->name) || type == BERTH_KEY_NONE || type >= BERTH_KEY__COUNT ||
	    (i->usage != BERTH_USAGE_SIGN && i->usage != BERTH_USAGE_AGREE))
		return false;
	return berth_pubkey_import(&i->pub, type, point.p, point.n) == BERTH_OK && i->pub.len == point.n;
}

static enum berth_err read_body(struct berth_pkcs11_store *s, struct berth_pkcs11_secrets *secrets,
				const struct berth_buf *plain)
{
	struct berth_cur c = berth_cur(plain->p, plain->len);
	bool good = true;

	s->counter[0] = berth_cur_be64(&c);
	s->counter[1] = berth_cur_be64(&c);
	berth_cur_copy(&c, secrets->kek, sizeof(secrets->kek));
	berth_cur_copy(&c, secrets->epoch_kek, sizeof(secrets->epoch_kek));
	berth_cur_copy(&c, s->pending, sizeof(s->pending));
	size_t n = berth_cur_be16(&c);

	if (n > BERTH_PKCS11_KEYS_MAX)
		good = false;
	else if (!(s->key = calloc(n + 1, sizeof(s->key[0]))))
		return berth_no_memory();
	for (; good && s->n < n; s->n++)
		good = read_key(&s->key[s->n], &c);
	if (!good || !berth_cur_done(&c))
		return berth_fail(BERTH_E_KEYSTORE, "pkcs11 keystore file: its contents make no sense");
	return BERTH_OK;
}

enum berth_err berth_pkcs11_store_body(struct berth_pkcs11_store *out, struct berth_pkcs11_secrets *secrets,
				       size_t rest, const void *file, size_t len)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	enum berth_err rc = berth_ksfile_unseal(&plain, secrets->file_key, file, len, rest, "pkcs11 keystore file",
						"damaged, changed by a stranger, or of another token");

	if (!rc)
		rc = read_body(out, secrets, &plain);
	berth_buf_free(&plain);
	return rc;
}

static void write_head(struct berth_buf *b, const struct berth_pkcs11_store *s)
{
	berth_buf_str(b, MAGIC);
	berth_buf_u8(b, VERSION);
	berth_buf_u8(b, s->ready);
	berth_buf_str16(b, s->token);
	berth_buf_str16(b, s->serial);
	berth_buf_put(b, s->wrap_id, sizeof(s->wrap_id));
	berth_buf_put(b, s->salt, sizeof(s->salt));
}

static void write_body(struct berth_buf *b, const struct berth_pkcs11_store *s,
		       const struct berth_pkcs11_secrets *secrets)
{
	berth_buf_be64(b, s->counter[0]);
	berth_buf_be64(b, s->counter[1]);
	berth_buf_put(b, secrets->kek, sizeof(secrets->kek));
	berth_buf_put(b, secrets->epoch_kek, sizeof(secrets->epoch_kek));
	berth_buf_put(b, s->pending, sizeof(s->pending));
	berth_buf_be16(b, (uint16_t)s->n);
	for (size_t i = 0; i < s->n; i++) {
		const struct berth_pkcs11_key *k = &s->key[i];

		berth_buf_str16(b, k->info.name);
		berth_buf_u8(b, (uint8_t)k->info.pub.type);
		berth_buf_u8(b, (uint8_t)k->info.usage);
		berth_buf_put(b, k->id, sizeof(k->id));
		berth_buf_vec16(b, k->info.pub.b, k->info.pub.len);
	}
}

static enum berth_err seal_body(struct berth_buf *file, const struct berth_pkcs11_store *s,
				const struct berth_pkcs11_secrets *secrets)
{
	struct berth_buf plain = BERTH_BUF_INIT;
	enum berth_err rc;

	write_body(&plain, s, secrets);
	rc = berth_ksfile_seal(file, secrets->file_key, &plain);
	berth_buf_free(&plain);
	return rc;
}

enum berth_err berth_pkcs11_store_format(struct berth_buf *file, const struct berth_pkcs11_store *s,
					 const struct berth_pkcs11_secrets *secrets)
{
	enum berth_err rc;

	write_head(file, s);
	if ((rc = berth_buf_status(file)) || (s->ready && (rc = seal_body(file, s, secrets))))
		return rc;
	return berth_buf_status(file);
}
