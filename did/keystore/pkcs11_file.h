/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_PKCS11_FILE_H
#define BERTH_DID_KEYSTORE_PKCS11_FILE_H

#include "did/base/buf.h"
#include "did/base/secret.h"
#include "did/keystore/keystore.h"
#include "did/keystore/pkcs11_uri.h"

/* DIR/keys of a pkcs11: store, version 1:
 *
 *   magic "BERTHP11"  version u8 = 01  ready u8
 *   the token: label (u16 + text)  serial number (u16 + text)
 *   id of the wrapping key in the token (16)  salt (32)
 *   if ready: nonce (24)  ciphertext  tag (16)
 *
 * The body is encrypted and everything before it authenticated under a key that
 * only the token makes of the salt: a stranger with the disk can neither change
 * what stands here nor put a file of his own in its place.  Body:
 *
 *   epoch u64  generation u64  record key (32)  record key of this epoch (32)
 *   id of objects that are to be deleted (16, zero: none)
 *   count u16, then each key: name (u16 + text)  type u8  usage u8  id (16)
 *   public key (u16 + bytes)
 *
 * So a key is the one with that id in the token and that public key: another one
 * in its place is found out.  Objects are named here before they are made and
 * until they are gone, so that what a power cut leaves behind is deleted later. */
#define BERTH_PKCS11_KEYS_MAX 512
#define BERTH_PKCS11_OBJECT_ID_LEN 16

struct berth_pkcs11_key {
	struct berth_key_info info;
	uint8_t id[BERTH_PKCS11_OBJECT_ID_LEN];
	unsigned long handle;	/* not in the file: in this session; 0: not looked up yet */
	bool proved;		/* not in the file: in this session it agreed as the public key has it */
};

struct berth_pkcs11_store {
	bool ready;
	char token[BERTH_PKCS11_LABEL_MAX + 1], serial[BERTH_PKCS11_MODEL_MAX + 1];
	uint8_t wrap_id[BERTH_PKCS11_OBJECT_ID_LEN], salt[32];
	uint64_t counter[2];	/* by enum berth_counter */
	uint8_t pending[BERTH_PKCS11_OBJECT_ID_LEN];
	size_t n;
	struct berth_pkcs11_key *key;
};

/* Lies in guarded memory. */
struct berth_pkcs11_secrets {
	uint8_t file_key[32];
	uint8_t kek[32], epoch_kek[32];
};

void berth_pkcs11_store_free(struct berth_pkcs11_store *s);

/* The part in clear, which says what the token is to be asked.  rest: where the
 * sealed body begins.  E_KEYSTORE: not such a file. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_store_head(struct berth_pkcs11_store *out, size_t *rest, const void *file, size_t len);
/* By secrets->file_key; fills in the other two. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_store_body(struct berth_pkcs11_store *out, struct berth_pkcs11_secrets *secrets, size_t rest,
			const void *file, size_t len);
/* secrets are not looked at while the store is not ready. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_store_format(struct berth_buf *file, const struct berth_pkcs11_store *s,
			  const struct berth_pkcs11_secrets *secrets);

#endif
