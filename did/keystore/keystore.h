/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_KEYSTORE_H
#define BERTH_DID_KEYSTORE_KEYSTORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"

/* Private keys live behind this and nowhere above it: callers name a key and get
 * results.  One ops table per custody; URIs (INTERFACES: key URIs) are
 *   soft:PATH[?seal=tpm2][#NAME]           a sealed file
 *   tpm2:NAME[?dir=DIR][&tcti=STRING]      TPM 2.0, wrapped blobs under DIR
 *   pkcs11:token=T;object=NAME[?...]       PKCS #11 token (RFC 7512)
 * The daemon's keyd opens a store by its URI without a key name. */
enum berth_custody {
	BERTH_CUSTODY_SOFTWARE,	/* private bytes given to us in the clear */
	BERTH_CUSTODY_SEALED,	/* in memory while used, sealed on disk */
	BERTH_CUSTODY_HARDWARE	/* generated in and never leaving a device */
};
const char *berth_custody_name(enum berth_custody c);	/* "software", "sealed", "hardware" */

/* What a key may be used for; fixed when it is made.  A key signs or agrees,
 * never both. */
enum berth_usage {
	BERTH_USAGE_SIGN = 1,
	BERTH_USAGE_AGREE = 2,
	BERTH_USAGE_ATTEST = 4	/* restricted: signs only what the device itself made */
};

#define BERTH_KEY_NAME_MAX 63	/* [a-z0-9._-]+ */

struct berth_key_info {
	char name[BERTH_KEY_NAME_MAX + 1];
	enum berth_usage usage;
	enum berth_custody custody;
	bool attestable;	/* the device can certify it */
	struct berth_pubkey pub;
};

struct berth_keystore;

#define BERTH_MODULE_DIRS_MAX 4
struct berth_keystore_needs;

struct berth_keystore_config {
	const char *uri;		/* "soft:/var/lib/berth/keys", "tpm2:?dir=...", "pkcs11:token=..." */
	const char *passphrase_file;	/* soft: NULL: $BERTH_PASSPHRASE_FILE */
	const char *tcti;		/* tpm2:, ?seal=tpm2: NULL: the URI's, $BERTH_TCTI, /dev/tpmrm0 */
	uint32_t pcr_mask;		/* tpm2: bind the store to these PCRs; 0: leave it as it is */
	const char *module_path;	/* pkcs11: NULL: the URI's */
	const char *pin_source;		/* pkcs11: NULL: the URI's, the credential berth-pin */
	const char *module_dir[BERTH_MODULE_DIRS_MAX];	/* pkcs11: where a confined module may write; NULL: no more */
	bool create;			/* make an empty store where there is none */
	/* Called before anybody else's code is loaded, with the paths that it is left (as
	 * berth_keystore_needs()), to hold the process to them.  NULL: it is not held. */
	void (*fence)(void *arg, const struct berth_keystore_needs *needs);
	void *fence_arg;
};

/* E_KEYSTORE: cannot be opened, wrong passphrase, lax permissions, damaged,
 * changed device (the pinned Name of the storage key differs).  Never replaces
 * anything that is there. */
BERTH_MUST_USE enum berth_err
berth_keystore_open(struct berth_keystore **out, const struct berth_keystore_config *cfg);
void berth_keystore_close(struct berth_keystore *ks);	/* NULL is fine */

/* What an open store needs of the system from now on, for whoever confines its
 * process: these calls, and nothing of the file system but these paths and what is
 * below them.  The strings are borrowed from the store. */
#define BERTH_NEEDS_UNIX 1u	/* connects to a socket of this machine */
#define BERTH_NEEDS_TCP 2u	/* connects by TCP: a simulator, never a real device */
#define BERTH_NEEDS_THREADS 4u
#define BERTH_NEEDS_MODULE 8u	/* runs somebody else's code, which looks around for itself */
#define BERTH_NEEDS_PATHS_MAX 32
struct berth_keystore_needs {
	unsigned calls;			/* BERTH_NEEDS_ */
	size_t n;
	struct berth_keystore_path { const char *path; bool write; } path[BERTH_NEEDS_PATHS_MAX];
};
void berth_keystore_needs(const struct berth_keystore *ks, struct berth_keystore_needs *out);

/* The key name a URI points at, "" when it has none. E_KEY for a malformed URI. */
BERTH_MUST_USE enum berth_err
berth_key_uri_name(char name[BERTH_KEY_NAME_MAX + 1], const char *uri);
/* The URI of the store that a key's URI is in: one spelling for all keys of a store
 * whose URIs are written alike.  Appends. */
BERTH_MUST_USE enum berth_err berth_key_uri_store(struct berth_buf *out, const char *key_uri);
/* The canonical URI of a key of this store. */
BERTH_MUST_USE enum berth_err
berth_keystore_key_uri(struct berth_buf *out, const struct berth_keystore *ks, const char *name);

/* Whether this store makes keys of that type for that usage.  False also while a
 * device that would have to be asked does not answer. */
bool berth_keystore_can(struct berth_keystore *ks, enum berth_key_type type, enum berth_usage usage);

/* What holds for every key that a store makes. */
struct berth_keystore_kind {
	enum berth_custody custody;
	bool attestable;	/* the device can certify them */
	bool imports;		/* keys can be brought to it; those are SOFTWARE */
};
struct berth_keystore_kind berth_keystore_kind(const struct berth_keystore *ks);

/* How the names of keys begin that are of use in one epoch only.  In a TPM they are of none
 * after the epoch counter has moved on, whatever copy of the disk there is; in other stores
 * they end when they are deleted. */
#define BERTH_KEY_OF_EPOCH "op-"

/* E_KEYSTORE when the name is taken, E_KEY when this custody cannot hold it.
 * Durable (fsync) before it returns.  info may be NULL. */
BERTH_MUST_USE enum berth_err
berth_keystore_generate(struct berth_keystore *ks, const char *name, enum berth_key_type type,
			enum berth_usage usage, struct berth_key_info *info);
/* Several in one write where the store is a file of ours, which has all of them then or
 * none; in a device those before one that failed are there. */
struct berth_key_order {
	const char *name;
	enum berth_key_type type;
	enum berth_usage usage;
	unsigned purposes;	/* of berth-keyd's; a store has no use for them */
};
BERTH_MUST_USE enum berth_err
berth_keystore_generate_all(struct berth_keystore *ks, const struct berth_key_order *v, size_t n);
/* Takes over private bytes (software custodies only; tests, `key generate`). */
BERTH_MUST_USE enum berth_err
berth_keystore_import(struct berth_keystore *ks, const char *name, const struct berth_privkey *key,
		      enum berth_usage usage);
/* E_KEYSTORE when there is none of that name, or it is not the key it was. */
BERTH_MUST_USE enum berth_err
berth_keystore_find(struct berth_keystore *ks, const char *name, struct berth_key_info *info);
bool berth_keystore_has(struct berth_keystore *ks, const char *name);
size_t berth_keystore_count(const struct berth_keystore *ks);
BERTH_MUST_USE enum berth_err
berth_keystore_at(struct berth_keystore *ks, size_t i, struct berth_key_info *info);
/* No trace is left on disk or in the device; not finding it is BERTH_OK. */
BERTH_MUST_USE enum berth_err berth_keystore_delete(struct berth_keystore *ks, const char *name);

/* sig as berth_sign() makes it.  E_KEY: not a signing key. */
BERTH_MUST_USE enum berth_err
berth_keystore_sign(struct berth_keystore *ks, const char *name, const void *msg, size_t len,
		    uint8_t *sig, size_t *sig_len);
/* ECDSA over a digest made elsewhere, for what hashes with Keccak-256 (did/ethr_sign.h):
 * r || s with the low s.  E_KEY: no secp256k1 signing key. */
BERTH_MUST_USE enum berth_err
berth_keystore_sign_digest(struct berth_keystore *ks, const char *name, const uint8_t digest[32], uint8_t rs[64]);
/* As berth_ecdh(); theirs is checked before the private key is touched. */
BERTH_MUST_USE enum berth_err
berth_keystore_ecdh(struct berth_keystore *ks, const char *name, const struct berth_pubkey *theirs,
		    uint8_t *z, size_t *z_len);
/* The same with a key that a peer keeps, and not one made for a message: a store of
 * software keys remembers for some such pairs what they agreed on (did/keystore/agreed.h). */
BERTH_MUST_USE enum berth_err
berth_keystore_ecdh_lasting(struct berth_keystore *ks, const char *name, const struct berth_pubkey *theirs,
			    uint8_t *z, size_t *z_len);

/* Encryption of small records at rest under a key that stays in the store.
 * label names the purpose and is authenticated; `epoch` >= 0 binds to that value
 * of the epoch counter: once the counter has moved on, no copy of the disk opens
 * it (TPM: PolicyNV; soft: the epoch's key is deleted by the step).  -1: none. */
BERTH_MUST_USE enum berth_err
berth_keystore_seal(struct berth_keystore *ks, const char *label, int64_t epoch,
		    const void *pt, size_t len, struct berth_buf *box);
BERTH_MUST_USE enum berth_err
berth_keystore_unseal(struct berth_keystore *ks, const char *label, int64_t epoch,
		      const void *box, size_t len, struct berth_buf *pt);

/* Monotonic counters.  protected_: true where rolling back the disk does not
 * roll them back (a TPM's NV counters).  A step is durable when it returns, but for one: of
 * the generation, where it is not protected, a power cut may take back the last steps, fewer
 * than BERTH_COUNTER_LAG and nothing else with them; each change that is durable makes those
 * before it so, and so does closing. */
#define BERTH_COUNTER_LAG 8
enum berth_counter { BERTH_COUNTER_EPOCH, BERTH_COUNTER_GENERATION };
BERTH_MUST_USE enum berth_err
berth_keystore_counter_read(struct berth_keystore *ks, enum berth_counter c, uint64_t *value,
			    bool *protected_);
BERTH_MUST_USE enum berth_err
berth_keystore_counter_step(struct berth_keystore *ks, enum berth_counter c, uint64_t *value);

/* How it is now; asks the device.  LOST: it answers, but it is another one or was
 * cleared, and the keys went with what it was: nothing brings them back. */
enum berth_keystore_state { BERTH_KEYSTORE_FINE, BERTH_KEYSTORE_SILENT, BERTH_KEYSTORE_LOST };
enum berth_keystore_state berth_keystore_state(struct berth_keystore *ks);

/* The end of the device for everybody who has something in it (TPM2_Clear, by the lockout
 * hierarchy with its empty authorisation): no copy of any wrapped key is of use again.
 * E_AUTHZ: the store has keys yet; E_KEY: there is no device; E_KEYSTORE: it refuses, for
 * somebody has set an authorisation or disabled clearing.  The store is LOST afterwards. */
BERTH_MUST_USE enum berth_err berth_keystore_clear_device(struct berth_keystore *ks);

/* Evidence that keys live in a TPM (E_KEY: this store has no device).  Byte
 * strings are TPM 2.0 structures as the device marshals them; did/keystore/
 * evidence.h checks them without a TPM. */
BERTH_MUST_USE enum berth_err
berth_keystore_ek(struct berth_keystore *ks, struct berth_buf *cert_der, struct berth_buf *pub);
/* TPMT_PUBLIC of a key of this store. */
BERTH_MUST_USE enum berth_err
berth_keystore_public_area(struct berth_keystore *ks, const char *name, struct berth_buf *pub);
/* TPM2_ActivateCredential: opens what was made for (EK, AK).  blob, secret: as
 * berth_tpm_make_credential() wrote them (TPM2B contents without the size). */
BERTH_MUST_USE enum berth_err
berth_keystore_activate(struct berth_keystore *ks, const char *ak, const void *blob, size_t blob_len,
			const void *secret, size_t secret_len, struct berth_buf *opened);
/* TPM2_Certify of key by ak: attest = TPMS_ATTEST bytes, sig = r || s. */
BERTH_MUST_USE enum berth_err
berth_keystore_certify(struct berth_keystore *ks, const char *key, const char *ak,
		       const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig);
/* TPM2_Quote over SHA-256 PCRs of the mask (bit i = PCR i). */
BERTH_MUST_USE enum berth_err
berth_keystore_quote(struct berth_keystore *ks, const char *ak, uint32_t pcr_mask,
		     const uint8_t nonce[32], struct berth_buf *attest, struct berth_buf *sig);
/* What those PCRs are now: 32 bytes for each, the lowest first.  Only a quote proves it. */
BERTH_MUST_USE enum berth_err
berth_keystore_pcrs(struct berth_keystore *ks, uint32_t pcr_mask, struct berth_buf *values);

#endif
