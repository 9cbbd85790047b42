/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_TPM2_H
#define BERTH_DID_KEYSTORE_TPM2_H

/* The tpm2: custody; private to did/keystore/tpm2*.c.
 *
 * Whatever happens, no transient object and no session but the one below stays
 * in the device: there may be three slots and no resource manager.  So every
 * function that loads something flushes it at its `out:`. */
#include "did/keystore/tpm2_calls.h"

#include "did/keystore/file.h"
#include "did/keystore/keystore_impl.h"
#include "did/keystore/tpm2_file.h"
#include "did/keystore/tpm2_pcr.h"

struct berth_tpm2_secrets {
	uint8_t seed[32];
	uint8_t kek[32], epoch_kek[32];
	bool have_epoch_kek;
};

struct berth_tpm2 {
	struct berth_keystore base;
	char *dir, *uri_tcti, *tcti_conf;
	uint32_t pcr_mask;	/* bind the store to these; 0: as it is */
	struct berth_secret *secrets;	/* struct berth_tpm2_secrets */

	TSS2_TCTI_CONTEXT *tcti;
	ESYS_CONTEXT *esys;
	bool managed;		/* a resource manager is in between */
	bool lost;		/* the connection is to be made anew */
	bool counters_known;	/* the body of the file is read: nv_name, nv_base are set */
	bool cleared;		/* what was pinned is not there: see berth_tpm2_state() */
	bool locked_out;	/* TPM_RC_LOCKOUT was seen: no more authorisations */
	ESYS_TR srk, session, nv[2];

	struct berth_tpm2_store s;	/* what is long, behind all that is asked for often */
	struct berth_ksfile file;
};

static inline struct berth_tpm2_secrets *berth_tpm2_secrets(const struct berth_tpm2 *t)
{
	return (struct berth_tpm2_secrets *)(void *)t->secrets->b;
}

/* tpm2.c */

/* The TCTI string that is meant: the configuration's, else the URI's, else
 * $BERTH_TCTI's, else the default.  Borrowed. */
const char *berth_tpm2_tcti(const char *configured, const char *in_uri);
bool berth_tpm2_is_managed(const char *tcti);
/* Finds the owner's storage key, or makes it, and pins it; connected before. */
BERTH_MUST_USE enum berth_err berth_tpm2_adopt_srk(struct berth_tpm2 *t);

/* tpm2_link.c: the connection */

/* Connected, the storage key and the counters those of the store, a session at
 * hand.  Every operation begins with it. */
BERTH_MUST_USE enum berth_err berth_tpm2_begin(struct berth_tpm2 *t);
/* Connected and nothing more: while a store is made. */
BERTH_MUST_USE enum berth_err berth_tpm2_connect(struct berth_tpm2 *t);
void berth_tpm2_disconnect(struct berth_tpm2 *t, bool shutdown);
/* E_KEYSTORE with what the device said; TSS2_RC_SUCCESS is BERTH_OK. */
BERTH_MUST_USE enum berth_err berth_tpm2_rc(struct berth_tpm2 *t, TSS2_RC r, const char *what);
/* A session salted to the storage key, of the type asked for. */
BERTH_MUST_USE enum berth_err
berth_tpm2_start_session(struct berth_tpm2 *t, TPM2_SE type, ESYS_TR *out);
/* The session, encrypting the first parameter of command and response as said. */
#define BERTH_TPM2_IN TPMA_SESSION_DECRYPT
#define BERTH_TPM2_OUT TPMA_SESSION_ENCRYPT
ESYS_TR berth_tpm2_session(struct berth_tpm2 *t, TPMA_SESSION crypt);
void berth_tpm2_flush(struct berth_tpm2 *t, ESYS_TR *h);	/* ESYS_TR_NONE is fine */
/* Knows that the object there is exactly the one with this public area. */
BERTH_MUST_USE enum berth_err
berth_tpm2_attach(struct berth_tpm2 *t, uint32_t handle, const struct berth_tpm2_blob *pub, ESYS_TR *out);
BERTH_MUST_USE enum berth_err
berth_tpm2_exists(struct berth_tpm2 *t, uint32_t handle, bool *there);
/* The first unused handle from start on. */
BERTH_MUST_USE enum berth_err
berth_tpm2_free_handle(struct berth_tpm2 *t, uint32_t start, uint32_t *handle);
void berth_tpm2_auth(const struct berth_tpm2 *t, const char *name, TPM2B_AUTH *out);
BERTH_MUST_USE enum berth_err
berth_tpm2_set_auth(struct berth_tpm2 *t, ESYS_TR h, const char *name);

/* tpm2_keys.c */
BERTH_MUST_USE enum berth_err
berth_tpm2_create(struct berth_tpm2 *t, const char *name, const TPM2B_PUBLIC *template,
		  const uint8_t *data, size_t data_len, struct berth_tpm2_object *out);
BERTH_MUST_USE enum berth_err
berth_tpm2_load(struct berth_tpm2 *t, const char *name, const struct berth_tpm2_object *o, ESYS_TR *h);
/* A key of the store, ready to be used; to be unloaded afterwards. */
BERTH_MUST_USE enum berth_err
berth_tpm2_load_key(struct berth_tpm2 *t, const char *name, ESYS_TR *h, struct berth_tpm2_key **key);
void berth_tpm2_unload(struct berth_tpm2 *t, ESYS_TR *h, const struct berth_tpm2_key *key);
BERTH_MUST_USE enum berth_err berth_tpm2_pubkey(struct berth_pubkey *out, const struct berth_tpm2_blob *pub);
BERTH_MUST_USE enum berth_err berth_tpm2_get_public(const struct berth_tpm2_blob *b, TPM2B_PUBLIC *out);
BERTH_MUST_USE enum berth_err berth_tpm2_put_public(struct berth_tpm2_blob *b, const TPMT_PUBLIC *p);
struct berth_tpm2_key *berth_tpm2_lookup(struct berth_tpm2 *t, const char *name);
BERTH_MUST_USE enum berth_err berth_tpm2_save(struct berth_tpm2 *t);
void berth_tpm2_name(uint8_t name[BERTH_TPM2_NAME_LEN], const struct berth_tpm2_blob *pub);

bool berth_tpm2_can(struct berth_keystore *ks, enum berth_key_type type, enum berth_usage usage);
enum berth_err berth_tpm2_generate(struct berth_keystore *ks, const char *name,
				   enum berth_key_type type, enum berth_usage usage);
enum berth_err berth_tpm2_remove(struct berth_keystore *ks, const char *name);

/* tpm2_use.c */
BERTH_MUST_USE enum berth_err
berth_tpm2_put_sig(struct berth_tpm2 *t, const TPMT_SIGNATURE *s, enum berth_key_type type,
		   uint8_t *sig, size_t *len);
enum berth_err berth_tpm2_sign(struct berth_keystore *ks, const char *name, const void *msg,
			       size_t len, uint8_t *sig, size_t *sig_len);
enum berth_err berth_tpm2_ecdh(struct berth_keystore *ks, const char *name,
			       const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len);

/* tpm2_nv.c: counters and the keys of records */
void berth_tpm2_sealed_template(TPM2B_PUBLIC *out);	/* what it seals has no policy yet */
BERTH_MUST_USE enum berth_err berth_tpm2_define_counters(struct berth_tpm2 *t);
BERTH_MUST_USE enum berth_err berth_tpm2_attach_counters(struct berth_tpm2 *t);
BERTH_MUST_USE enum berth_err berth_tpm2_undefine_ours(struct berth_tpm2 *t);
BERTH_MUST_USE enum berth_err berth_tpm2_make_kek(struct berth_tpm2 *t);
BERTH_MUST_USE enum berth_err berth_tpm2_unseal_kek(struct berth_tpm2 *t);
/* What was sealed without a policy is sealed again, to the policy key. */
BERTH_MUST_USE enum berth_err berth_tpm2_bind_kek(struct berth_tpm2 *t);
/* Asks the device for the epoch's key, whatever the counter says: it is the
 * device that refuses when the epoch is over. */
BERTH_MUST_USE enum berth_err berth_tpm2_unseal_epoch_kek(struct berth_tpm2 *t);
enum berth_err berth_tpm2_kek(struct berth_keystore *ks, int64_t epoch, uint8_t kek[32]);
enum berth_err berth_tpm2_counter_read(struct berth_keystore *ks, enum berth_counter c,
				       uint64_t *value, bool *protected_);
enum berth_keystore_state berth_tpm2_state(struct berth_keystore *ks);
enum berth_err berth_tpm2_counter_step(struct berth_keystore *ks, enum berth_counter c,
				       uint64_t *value);

/* tpm2_epoch.c: keys that end with the epoch, see keystore.h */
bool berth_tpm2_is_of_epoch(const char *name);
BERTH_MUST_USE enum berth_err berth_tpm2_hide(struct berth_tpm2 *t, struct berth_tpm2_key *k);
/* As TPM2_Load takes it; E_KEYSTORE: its epoch is over. */
BERTH_MUST_USE enum berth_err
berth_tpm2_bare(struct berth_tpm2 *t, const struct berth_tpm2_key *k, struct berth_tpm2_object *out);

enum berth_err berth_tpm2_clear(struct berth_keystore *ks);

/* tpm2_policy.c: a record key that is bound to PCRs (tpm2_pcr.h) */
bool berth_tpm2_is_bound(const struct berth_tpm2_object *kek);
/* A session in which the TPM unseals it; E_KEYSTORE: no signed policy fits. */
BERTH_MUST_USE enum berth_err
berth_tpm2_open_bound(struct berth_tpm2 *t, const struct berth_tpm2_object *kek, ESYS_TR *session);
/* The policy that the policy key stands for, in whose policies pcr_mask fits now. */
BERTH_MUST_USE enum berth_err berth_tpm2_bind_to(struct berth_tpm2 *t, TPM2B_DIGEST *policy);

/* tpm2_attest.c */
enum berth_err berth_tpm2_ek(struct berth_keystore *ks, struct berth_buf *cert_der, struct berth_buf *pub);
enum berth_err berth_tpm2_activate(struct berth_keystore *ks, const char *ak, const void *blob,
				   size_t blob_len, const void *secret, size_t secret_len,
				   struct berth_buf *opened);
enum berth_err berth_tpm2_certify(struct berth_keystore *ks, const char *key, const char *ak,
				  const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig);
enum berth_err berth_tpm2_quote(struct berth_keystore *ks, const char *ak, uint32_t pcr_mask,
				const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig);
enum berth_err berth_tpm2_pcrs(struct berth_keystore *ks, uint32_t pcr_mask, struct berth_buf *values);

#endif
