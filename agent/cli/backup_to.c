/* SPDX-License-Identifier: Apache-2.0 */
/* A backup for somebody's public key: the machine that makes it cannot open it again, and no
 * passphrase lies about there. */
#include <string.h>

#include "agent/cli/backup.h"
#include "did/base/cur.h"
#include "did/base/rand.h"
#include "did/crypto/aead.h"
#include "did/crypto/agree.h"
#include "did/crypto/kdf.h"
#include "did/crypto/keypair.h"

#define NONCE_LEN 24
#define TAG_LEN 16
#define ALG "berth-backup-2"

struct ends { uint8_t ephemeral[BERTH_PUBKEY_MAX], to[BERTH_PUBKEY_MAX]; size_t ephemeral_len, to_len; };

static enum berth_err derive(uint8_t key[32], const struct berth_privkey *mine, const struct berth_pubkey *theirs,
			     const struct ends *e)
{
	uint8_t z[BERTH_ECDH_MAX];
	size_t z_len;
	enum berth_err rc = berth_ecdh(z, &z_len, mine, theirs);

	if (!rc)
		rc = berth_concat_kdf(key, 32, z, z_len, &(struct berth_kdf_info){ .alg = ALG,
			.apu = e->ephemeral, .apu_len = e->ephemeral_len, .apv = e->to, .apv_len = e->to_len });
	berth_wipe(z, sizeof(z));
	return rc;
}

static void put_head(struct berth_buf *out, const struct ends *e, const uint8_t nonce[NONCE_LEN])
{
	berth_buf_str(out, BERTH_BACKUP_MAGIC);
	berth_buf_u8(out, BERTH_BACKUP_TO_KEY);
	berth_buf_u8(out, (uint8_t)e->ephemeral_len);
	berth_buf_put(out, e->ephemeral, e->ephemeral_len);
	berth_buf_put(out, nonce, NONCE_LEN);
}

enum berth_err berth_backup_seal_to(struct berth_buf *out, const struct berth_buf *plain, const struct berth_pubkey *to)
{
	uint8_t nonce[NONCE_LEN], tag[TAG_LEN], key[32] = { 0 };
	struct berth_privkey once = { 0 };
	struct berth_buf ct = BERTH_BUF_INIT;
	struct ends e;
	enum berth_err rc;

	if (!berth_key_can_agree(to->type))
		return berth_fail(BERTH_E_KEY, "a backup cannot be encrypted to a key of %s", berth_key_type_name(to->type));
	if ((rc = berth_keypair_generate(&once, to->type)))
		return rc;
	e.ephemeral_len = berth_pubkey_compress(e.ephemeral, &once.pub);
	e.to_len = berth_pubkey_compress(e.to, to);
	berth_random(nonce, sizeof(nonce));
	put_head(out, &e, nonce);
	if ((rc = berth_buf_status(plain)) || (rc = berth_buf_status(out)) || (rc = derive(key, &once, to, &e)) ||
	    (rc = berth_aead_seal(BERTH_ENC_XC20P, &ct, tag, key, nonce, out->p, out->len, plain->p, plain->len)))
		goto out;
	berth_buf_put(out, tag, sizeof(tag));
	berth_buf_put(out, ct.p, ct.len);
	rc = berth_buf_status(out);
out:
	berth_privkey_wipe(&once);
	berth_wipe(key, sizeof(key));
	berth_buf_free(&ct);
	return rc;
}

static enum berth_err check_head(const uint8_t *magic, uint8_t version)
{
	if (!magic || memcmp(magic, BERTH_BACKUP_MAGIC, sizeof(BERTH_BACKUP_MAGIC) - 1) != 0)
		return berth_fail(BERTH_E_ENV, "not a backup, or cut short");
	return version == BERTH_BACKUP_TO_KEY ? BERTH_OK
	     : berth_fail(BERTH_E_ENV, "a backup of version %u, which is not for a key", version);
}

enum berth_err berth_backup_open_with(struct berth_buf *plain, const void *p, size_t n, const struct berth_privkey *mine)
{
	struct berth_cur c = berth_cur(p, n);
	const uint8_t *magic = berth_cur_bytes(&c, sizeof(BERTH_BACKUP_MAGIC) - 1), *ephemeral, *nonce, *tag;
	uint8_t version = berth_cur_u8(&c), key[32] = { 0 };
	struct berth_pubkey theirs;
	struct ends e;
	size_t head;
	enum berth_err rc;

	e.ephemeral_len = berth_cur_u8(&c);
	ephemeral = berth_cur_bytes(&c, e.ephemeral_len);
	nonce = berth_cur_bytes(&c, NONCE_LEN);
	head = n - c.n;
	tag = berth_cur_bytes(&c, TAG_LEN);
	if ((rc = check_head(magic, version)))
		return rc;
	if (c.bad || e.ephemeral_len > sizeof(e.ephemeral))
		return berth_fail(BERTH_E_ENV, "not a backup, or cut short");
	memcpy(e.ephemeral, ephemeral, e.ephemeral_len);
	e.to_len = berth_pubkey_compress(e.to, &mine->pub);
	/* what is no key of ours is for another, whatever else is wrong with it */
	if (berth_pubkey_import(&theirs, mine->pub.type, e.ephemeral, e.ephemeral_len) || derive(key, mine, &theirs, &e) ||
	    berth_aead_open(BERTH_ENC_XC20P, plain, key, nonce, NONCE_LEN, tag, TAG_LEN, p, head, c.p, c.n))
		rc = berth_fail(BERTH_E_DECRYPT, "for another key, or the backup was changed or cut short");
	berth_wipe(key, sizeof(key));
	return rc;
}
