/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_KEYSTORE_IMPL_H
#define BERTH_DID_KEYSTORE_KEYSTORE_IMPL_H

#include "did/keystore/keystore.h"
#include "did/keystore/pkcs11_uri.h"

/* What a custody implements; private to this folder.  keystore.c has checked
 * names, usages and key types before it calls, so that every custody answers
 * wrong use with the same code. */
struct berth_keystore_ops {
	void (*close)(struct berth_keystore *ks);
	/* Whether a key of that type could be made now; may ask the device. */
	bool (*can)(struct berth_keystore *ks, enum berth_key_type type, enum berth_usage usage);
	/* One, or where there is generate_all all of them, in one write, or none. */
	enum berth_err (*generate)(struct berth_keystore *ks, const char *name,
				   enum berth_key_type type, enum berth_usage usage);
	enum berth_err (*generate_all)(struct berth_keystore *ks, const struct berth_key_order *v, size_t n);
	enum berth_err (*import)(struct berth_keystore *ks, const char *name,
				 const struct berth_privkey *key, enum berth_usage usage);
	enum berth_err (*find)(struct berth_keystore *ks, const char *name,
			       struct berth_key_info *info);
	size_t (*count)(const struct berth_keystore *ks);
	enum berth_err (*at)(struct berth_keystore *ks, size_t i, struct berth_key_info *info);
	enum berth_err (*remove)(struct berth_keystore *ks, const char *name);
	enum berth_err (*sign)(struct berth_keystore *ks, const char *name, const void *msg,
			       size_t len, uint8_t *sig, size_t *sig_len);
	/* secp256k1 only; NULL where there are no such keys */
	enum berth_err (*sign_digest)(struct berth_keystore *ks, const char *name,
				      const uint8_t digest[32], uint8_t rs[64]);
	enum berth_err (*ecdh)(struct berth_keystore *ks, const char *name,
			       const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len);
	/* the same with a key that a peer keeps, where it may be remembered; NULL: nothing is */
	enum berth_err (*ecdh_lasting)(struct berth_keystore *ks, const char *name,
				       const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len);
	/* The key that encrypts records; E_DECRYPT: the epoch is not the current one.
	 * The caller wipes it. */
	enum berth_err (*kek)(struct berth_keystore *ks, int64_t epoch, uint8_t kek[32]);
	enum berth_err (*counter_read)(struct berth_keystore *ks, enum berth_counter c,
				       uint64_t *value, bool *protected_);
	enum berth_err (*counter_step)(struct berth_keystore *ks, enum berth_counter c,
				       uint64_t *value);
	void (*format_uri)(const struct berth_keystore *ks, const char *name, struct berth_buf *out);
	/* adds to what is there */
	void (*needs)(const struct berth_keystore *ks, struct berth_keystore_needs *out);

	/* NULL where there is no device */
	enum berth_keystore_state (*state)(struct berth_keystore *ks);
	enum berth_err (*clear_device)(struct berth_keystore *ks);
	enum berth_err (*ek)(struct berth_keystore *ks, struct berth_buf *cert_der,
			     struct berth_buf *pub);
	enum berth_err (*public_area)(struct berth_keystore *ks, const char *name,
				      struct berth_buf *pub);
	enum berth_err (*activate)(struct berth_keystore *ks, const char *ak, const void *blob,
				   size_t blob_len, const void *secret, size_t secret_len,
				   struct berth_buf *opened);
	enum berth_err (*certify)(struct berth_keystore *ks, const char *key, const char *ak,
				  const uint8_t nonce[32], struct berth_buf *attest,
				  struct berth_buf *sig);
	enum berth_err (*quote)(struct berth_keystore *ks, const char *ak, uint32_t pcr_mask,
				const uint8_t nonce[32], struct berth_buf *attest,
				struct berth_buf *sig);
	enum berth_err (*pcrs)(struct berth_keystore *ks, uint32_t pcr_mask, struct berth_buf *values);
};

/* For a custody's needs(). */
void berth_keystore_need_path(struct berth_keystore_needs *out, const char *path, bool write);

/* The first member of every custody's own struct. */
struct berth_keystore {
	const struct berth_keystore_ops *ops;
};

/* E_KEYSTORE: no such key; E_KEY: it is not for that usage. */
BERTH_MUST_USE enum berth_err
berth_keystore_find_for(struct berth_keystore *ks, const char *name, enum berth_usage usage, struct berth_key_info *info);

#define BERTH_KEY_URI_PATH_MAX 1023
#define BERTH_KEY_URI_TCTI_MAX 255

enum berth_key_scheme { BERTH_SCHEME_SOFT, BERTH_SCHEME_TPM2, BERTH_SCHEME_PKCS11 };

struct berth_key_uri {
	enum berth_key_scheme scheme;
	char name[BERTH_KEY_NAME_MAX + 1];	/* "": a whole store */
	char path[BERTH_KEY_URI_PATH_MAX + 1];	/* the file; the folder, "": by default */
	char tcti[BERTH_KEY_URI_TCTI_MAX + 1];	/* "": not said */
	bool seal_tpm2;				/* soft: the file's key is sealed by the TPM */
	struct berth_pkcs11_uri pkcs11;		/* of pkcs11: alone */
};

/* E_KEY for anything that is not exactly of a form keystore.h names. */
BERTH_MUST_USE enum berth_err berth_key_uri_parse(struct berth_key_uri *out, const char *uri);
bool berth_key_name_valid(const char *name);	/* [a-z0-9._-]+, not "." nor ".." */

BERTH_MUST_USE enum berth_err
berth_soft_open(struct berth_keystore **out, const struct berth_key_uri *uri,
		const struct berth_keystore_config *cfg);
BERTH_MUST_USE enum berth_err
berth_tpm2_open(struct berth_keystore **out, const struct berth_key_uri *uri,
		const struct berth_keystore_config *cfg);
BERTH_MUST_USE enum berth_err
berth_pkcs11_open(struct berth_keystore **out, const struct berth_key_uri *uri,
		  const struct berth_keystore_config *cfg);

/* Records under a key-encryption key: version 01 || nonce (24) || ciphertext ||
 * tag (16), XChaCha20-Poly1305; label and epoch are authenticated with it. */
BERTH_MUST_USE enum berth_err
berth_record_seal(const uint8_t kek[32], const char *label, int64_t epoch, const void *pt,
		  size_t len, struct berth_buf *box);
BERTH_MUST_USE enum berth_err
berth_record_open(const uint8_t kek[32], const char *label, int64_t epoch, const void *box,
		  size_t len, struct berth_buf *pt);

#endif
