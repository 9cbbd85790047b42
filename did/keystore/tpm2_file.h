/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_TPM2_FILE_H
#define BERTH_DID_KEYSTORE_TPM2_FILE_H

#include "did/base/buf.h"
#include "did/base/secret.h"
#include "did/keystore/keystore.h"

/* DIR/keys of a tpm2: store, version 1:
 *
 *   magic "BERTHTPM"  version u8 = 01  ready u8  authorisation seed (32)
 *   storage key: handle u32, public area (u16 + bytes)
 *   NV indices of the two counters: u32 u32
 *   if ready: record key, sealed by the TPM: public, private (u16 + bytes each)
 *             nonce (24)  ciphertext  tag (16)
 *
 * The body is encrypted and everything before it authenticated under the record
 * key, which only the same TPM unseals: a stranger with the disk can neither
 * change nor reorder what stands here.  Body:
 *
 *   per counter: NV Name (34) base u64
 *   key of the epoch: present u8  counter value u64  public, private
 *   count u16, then each key: name  type u8  usage u8  persistent handle u32 (0:
 *   none)  public, private.  Usage with the bit 0x80: the private area is a record
 *   under the key of the epoch (tpm2_epoch.c).
 *
 * Public areas are TPMT_PUBLIC, private ones what TPM2_Create returned.  The
 * authorisation value of an object is HMAC(seed, its name); it keeps other users
 * of the same TPM out, not whoever reads this file. */
#define BERTH_TPM2_KEYS_MAX 512
#define BERTH_TPM2_BLOB_MAX 640
#define BERTH_TPM2_NAME_LEN 34

struct berth_tpm2_blob {
	size_t len;
	uint8_t b[BERTH_TPM2_BLOB_MAX];
};

struct berth_tpm2_object {
	struct berth_tpm2_blob pub, priv;
};

struct berth_tpm2_key {
	struct berth_key_info info;
	uint32_t handle;
	bool of_epoch;		/* object.priv is a record under the epoch's key */
	struct berth_tpm2_object object;
};

struct berth_tpm2_store {
	bool ready;
	uint32_t srk_handle;
	struct berth_tpm2_blob srk_pub;
	uint32_t nv[2];		/* by enum berth_counter */
	struct berth_tpm2_object kek;
	uint8_t nv_name[2][BERTH_TPM2_NAME_LEN];
	uint64_t nv_base[2];
	bool has_epoch_kek;
	uint64_t epoch_nv;	/* the NV value that the epoch's key is bound to */
	struct berth_tpm2_object epoch_kek;
	size_t n;
	struct berth_tpm2_key *key;
};

void berth_tpm2_store_free(struct berth_tpm2_store *s);

/* The part in clear, which says how the record key is unsealed.  rest: where the
 * sealed body begins.  E_KEYSTORE: not such a file. */
BERTH_MUST_USE enum berth_err
berth_tpm2_store_head(struct berth_tpm2_store *out, uint8_t seed[32], size_t *rest,
		      const void *file, size_t len);
BERTH_MUST_USE enum berth_err
berth_tpm2_store_body(struct berth_tpm2_store *out, const uint8_t kek[32], size_t rest,
		      const void *file, size_t len);
/* kek: NULL while the store is being made and has no body. */
BERTH_MUST_USE enum berth_err
berth_tpm2_store_format(struct berth_buf *file, const struct berth_tpm2_store *s,
			const uint8_t seed[32], const uint8_t *kek);

#endif
