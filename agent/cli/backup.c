/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/cli/backup.h"

#include <string.h>

#include "did/base/cur.h"
#include "did/base/rand.h"
#include "did/crypto/aead.h"
#include "did/crypto/pwhash.h"

#define VERSION 1
#define NONCE_LEN 24
#define TAG_LEN 16
#define HEAD_LEN (8 + 1 + 4 + 4 + BERTH_PWHASH_SALT_LEN + NONCE_LEN)

/* It leaves the machine, and may be tried for years: dearer than what opens at each start. */
#define PASSES 4
#define KIB (64 * 1024)
#define PASSES_MAX 16
#define KIB_MIN 8
#define KIB_MAX (256 * 1024)

void berth_backup_add(struct berth_buf *plain, const char *name, const void *p, size_t n)
{
	berth_buf_vec16(plain, name, strlen(name));
	berth_buf_be64(plain, n);
	berth_buf_put(plain, p, n);
}

static enum berth_err derive(uint8_t key[32], const struct berth_secret *pass, const uint8_t *salt, uint32_t passes, uint32_t kib)
{
	return berth_argon2id(key, pass->b, pass->len, salt, passes, kib);
}

enum berth_err berth_backup_seal(struct berth_buf *out, const struct berth_buf *plain, const struct berth_secret *passphrase)
{
	uint8_t salt[BERTH_PWHASH_SALT_LEN], nonce[NONCE_LEN], tag[TAG_LEN], key[32];
	struct berth_buf ct = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_random(salt, sizeof(salt));
	berth_random(nonce, sizeof(nonce));
	berth_buf_str(out, BERTH_BACKUP_MAGIC);
	berth_buf_u8(out, VERSION);
	berth_buf_be32(out, PASSES);
	berth_buf_be32(out, KIB);
	berth_buf_put(out, salt, sizeof(salt));
	berth_buf_put(out, nonce, sizeof(nonce));
	if ((rc = berth_buf_status(plain)) || (rc = berth_buf_status(out)) || (rc = derive(key, passphrase, salt, PASSES, KIB)) ||
	    (rc = berth_aead_seal(BERTH_ENC_XC20P, &ct, tag, key, nonce, out->p, HEAD_LEN, plain->p, plain->len)))
		goto out;
	berth_buf_put(out, tag, sizeof(tag));
	berth_buf_put(out, ct.p, ct.len);
	rc = berth_buf_status(out);
out:
	berth_wipe(key, sizeof(key));
	berth_buf_free(&ct);
	return rc;
}

static enum berth_err check_head(const uint8_t *magic, uint8_t version, uint32_t passes, uint32_t kib)
{
	if (!magic || memcmp(magic, BERTH_BACKUP_MAGIC, sizeof(BERTH_BACKUP_MAGIC) - 1) != 0)
		return berth_fail(BERTH_E_ENV, "not a backup");
	if (version != VERSION)
		return berth_fail(BERTH_E_ENV, version == BERTH_BACKUP_TO_KEY ? "a backup for a key, and not under a passphrase"
			: "a backup of version %u", version);
	if (!passes || passes > PASSES_MAX || kib < KIB_MIN || kib > KIB_MAX)
		return berth_fail(BERTH_E_ENV, "a backup that wants %u passes over %u KiB", passes, kib);
	return BERTH_OK;
}

enum berth_err berth_backup_open(struct berth_buf *plain, const void *p, size_t n, const struct berth_secret *passphrase)
{
	struct berth_cur c = berth_cur(p, n);
	const uint8_t *magic = berth_cur_bytes(&c, sizeof(BERTH_BACKUP_MAGIC) - 1);
	uint8_t version = berth_cur_u8(&c), key[32];
	uint32_t passes = berth_cur_be32(&c), kib = berth_cur_be32(&c);
	const uint8_t *salt = berth_cur_bytes(&c, BERTH_PWHASH_SALT_LEN), *nonce = berth_cur_bytes(&c, NONCE_LEN);
	const uint8_t *tag = berth_cur_bytes(&c, TAG_LEN);
	enum berth_err rc;

	if (c.bad)
		return berth_fail(BERTH_E_ENV, "not a backup, or cut short");
	if ((rc = check_head(magic, version, passes, kib)) || (rc = derive(key, passphrase, salt, passes, kib)))
		return rc;
	if ((rc = berth_aead_open(BERTH_ENC_XC20P, plain, key, nonce, NONCE_LEN, tag, TAG_LEN, p, HEAD_LEN, c.p, c.n)) == BERTH_E_DECRYPT)
		rc = berth_fail(BERTH_E_DECRYPT, "another passphrase, or the backup was changed or cut short");
	berth_wipe(key, sizeof(key));
	return rc;
}

enum berth_err berth_backup_files(struct berth_backup_file files[BERTH_BACKUP_FILES_MAX], size_t *n, const struct berth_buf *plain)
{
	struct berth_cur c = berth_cur(plain->p, plain->len);

	for (*n = 0; c.n && !c.bad && *n < BERTH_BACKUP_FILES_MAX; ++*n) {
		struct berth_backup_file *f = &files[*n];
		uint64_t size;

		berth_cur_str16(&c, f->name, BERTH_BACKUP_NAME_MAX);
		size = berth_cur_be64(&c);
		f->n = size > c.n ? c.n + 1 : (size_t)size;
		f->p = berth_cur_bytes(&c, f->n);
	}
	return c.bad || c.n ? berth_fail(BERTH_E_ENV, "a backup of files that are none") : BERTH_OK;
}
