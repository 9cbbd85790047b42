/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_SOFT_FILE_H
#define BERTH_DID_KEYSTORE_SOFT_FILE_H

#include "did/base/buf.h"
#include "did/base/key.h"
#include "did/base/secret.h"
#include "did/crypto/pwhash.h"
#include "did/keystore/keystore.h"
#include "did/keystore/tpm2_seal.h"

/* The contents of the sealed file (file.h), version 1:
 *
 *   magic "BERTHKEY"  version u8 = 01  kdf u8  passes u32  KiB u32  salt (16)
 *   if kdf = 3: a secret sealed by the TPM (u16 + bytes, tpm2_seal.h)
 *   nonce (24)  ciphertext  tag (16)
 *
 * kdf 1: Argon2id over the passphrase with passes and KiB; kdf 2: HKDF-SHA-256,
 * for a passphrase that is a key already (passes = KiB = 0); kdf 3: the same over
 * what the TPM unseals.  The body is sealed
 * with XChaCha20-Poly1305 and everything before the ciphertext is its associated
 * data, so no byte can be changed unseen.  Body:
 *
 *   epoch u64  generation u64  record key (32)  record key of this epoch (32)
 *   count u16, then each: name (u16 + text)  type u8  usage u8  custody u8
 *   private bytes (u16 + bytes) */
#define BERTH_SOFT_KEYS_MAX 2048

struct berth_soft_key {
	char name[BERTH_KEY_NAME_MAX + 1];
	enum berth_usage usage;
	enum berth_custody custody;
	struct berth_privkey priv;
};

/* Lies in guarded memory as a whole. */
struct berth_soft_body {
	uint64_t counter[2];	/* by enum berth_counter */
	uint8_t kek[32], epoch_kek[32];
	size_t n;
	struct berth_soft_key key[];
};

/* How this file's key is made of the passphrase, or of what the TPM unseals. */
struct berth_soft_kdf {
	uint8_t kdf;
	uint32_t passes, mem_kib;
	uint8_t salt[BERTH_PWHASH_SALT_LEN];
	size_t sealed_len;	/* kdf 3 */
	uint8_t sealed[BERTH_TPM2_SEALED_MAX];
};

#define BERTH_SOFT_KDF_ARGON2ID 1
#define BERTH_SOFT_KDF_HKDF 2
#define BERTH_SOFT_KDF_TPM2 3

/* Room for n keys and a few more, zeroed; NULL: no memory. */
struct berth_secret *berth_soft_body_new(size_t n);
size_t berth_soft_body_room(const struct berth_secret *s);	/* for so many keys in all */
static inline struct berth_soft_body *berth_soft_body(const struct berth_secret *s)
{
	return (struct berth_soft_body *)(void *)s->b;
}

/* A new kdf for this passphrase. */
void berth_soft_kdf_choose(struct berth_soft_kdf *out, const struct berth_secret *pass);
BERTH_MUST_USE enum berth_err
berth_soft_kdf_run(struct berth_secret **key, const struct berth_soft_kdf *kdf,
		   const struct berth_secret *pass);

/* The part in front, which says what is needed to open the rest. */
BERTH_MUST_USE enum berth_err berth_soft_file_head(struct berth_soft_kdf *kdf, const void *file, size_t len);
/* E_KEYSTORE for any file that is not exactly one we wrote under this passphrase. */
BERTH_MUST_USE enum berth_err
berth_soft_file_open(struct berth_secret **body, struct berth_soft_kdf *kdf,
		     struct berth_secret **key, const void *file, size_t len,
		     const struct berth_secret *pass);
BERTH_MUST_USE enum berth_err
berth_soft_file_seal(struct berth_buf *file, const struct berth_soft_body *body,
		     const struct berth_soft_kdf *kdf, const struct berth_secret *key);

#endif
