/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_PKCS11_H
#define BERTH_DID_KEYSTORE_PKCS11_H

/* The pkcs11: custody; private to did/keystore/pkcs11*.c.
 *
 * A module is other people's code in our address space: it can do whatever this
 * process can, which is why berth-keyd holds one keystore and nothing else.  What
 * it answers is judged like anything else from outside: lengths, counts, public
 * keys, signatures. */
#include <p11-kit/pkcs11.h>

#include "did/keystore/file.h"
#include "did/keystore/keystore_impl.h"
#include "did/keystore/pkcs11_file.h"

/* Of PKCS #11 3.0, which the header does not have */
#ifndef CKM_EC_MONTGOMERY_KEY_PAIR_GEN
#define CKM_EC_MONTGOMERY_KEY_PAIR_GEN 0x1056UL
#endif
#ifndef CKK_EC_MONTGOMERY
#define CKK_EC_MONTGOMERY 0x41UL
#endif

#define BERTH_PKCS11_MECHANISMS_MAX 512

struct berth_pkcs11_module;

struct berth_pkcs11 {
	struct berth_keystore base;
	char *dir;			/* in uri, or the default */
	char *tcti;			/* of the TPM that opens a sealed PIN; NULL: by default */
	struct berth_secret *secrets;	/* struct berth_pkcs11_secrets */

	struct berth_pkcs11_module *m;
	CK_FUNCTION_LIST *f;
	CK_SESSION_HANDLE session;	/* CK_INVALID_HANDLE: none */
	bool lost;			/* the session is to be made anew */
	CK_RV last;			/* what the last call answered */

	struct berth_pkcs11_store s;	/* what is long, behind all that is asked for often */
	struct berth_ksfile file;
	struct berth_pkcs11_uri uri;	/* with the paths of the configuration */
	struct berth_keystore_needs reach;	/* its paths are ours */
	int8_t can[BERTH_KEY__COUNT][2];	/* asked already: 1 yes, -1 no; by usage */
	size_t n_mechanisms;
	CK_MECHANISM_TYPE mechanisms[BERTH_PKCS11_MECHANISMS_MAX];
};

static inline struct berth_pkcs11_secrets *berth_pkcs11_secrets(const struct berth_pkcs11 *p)
{
	return (struct berth_pkcs11_secrets *)(void *)p->secrets->b;
}

/* pkcs11_module.c: the shared objects of this process, each initialized once for all
 * the stores that use it, and never unloaded.  One thread. */
BERTH_MUST_USE enum berth_err berth_pkcs11_module_get(struct berth_pkcs11_module **out, const char *path);
CK_FUNCTION_LIST *berth_pkcs11_module_functions(struct berth_pkcs11_module *m);
/* C_Initialize, unless another store of this process has done so. */
CK_RV berth_pkcs11_module_up(struct berth_pkcs11_module *m);
void berth_pkcs11_module_down(struct berth_pkcs11_module *m);	/* C_Finalize by the last one */
/* "CKR_DEVICE_REMOVED" or "" */
const char *berth_pkcs11_rv_name(CK_RV rv);

/* pkcs11_reach.c: where the module may go once its process is confined, into p->reach;
 * p->dir is there.  E_KEYSTORE: a folder of cfg that is none. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_reach_find(struct berth_pkcs11 *p, const struct berth_keystore_config *cfg);
void berth_pkcs11_reach_free(struct berth_pkcs11 *p);

/* pkcs11_link.c: the session */

/* The serial number of the token that is meant, before there is a session; empty when it has none. */
BERTH_MUST_USE enum berth_err berth_pkcs11_serial(struct berth_pkcs11 *p, char out[BERTH_PKCS11_LABEL_MAX + 1]);
/* A session with the token of the store, logged in; while the store is made, with the
 * one the URI names, which becomes the store's.  Every operation begins with it. */
BERTH_MUST_USE enum berth_err berth_pkcs11_begin(struct berth_pkcs11 *p);
void berth_pkcs11_disconnect(struct berth_pkcs11 *p);
/* E_KEYSTORE with what the module said, after which the session is made anew. */
BERTH_MUST_USE enum berth_err berth_pkcs11_rc(struct berth_pkcs11 *p, CK_RV rv, const char *what);
/* The same for an answer that cannot be. */
BERTH_MUST_USE enum berth_err berth_pkcs11_lies(struct berth_pkcs11 *p, const char *what);
/* Whether an answer says that the token or the session is gone. */
bool berth_pkcs11_is_gone(CK_RV rv);
bool berth_pkcs11_has(const struct berth_pkcs11 *p, CK_MECHANISM_TYPE m);

/* pkcs11_object.c: what is in the token */

/* The one object of that class and id; CK_INVALID_HANDLE: there is none. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_find_id(struct berth_pkcs11 *p, CK_OBJECT_CLASS class, const uint8_t id[BERTH_PKCS11_OBJECT_ID_LEN],
		     CK_OBJECT_HANDLE *out);
/* Whether somebody has a private key of that name. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_label_taken(struct berth_pkcs11 *p, const char *label, bool *taken);
/* Everything with that id, whatever it is. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_destroy_id(struct berth_pkcs11 *p, const uint8_t id[BERTH_PKCS11_OBJECT_ID_LEN]);
/* E_KEYSTORE unless the token says that it made this private or secret key itself
 * and that it never was nor can be read. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_check_guarded(struct berth_pkcs11 *p, CK_OBJECT_HANDLE h, const char *name);
/* CKA_EC_POINT of a public key, checked. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_read_point(struct berth_pkcs11 *p, CK_OBJECT_HANDLE h, enum berth_key_type type,
			struct berth_pubkey *out);
/* At most max bytes of one attribute. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_read_attr(struct berth_pkcs11 *p, CK_OBJECT_HANDLE h, CK_ATTRIBUTE_TYPE type, uint8_t *out,
		       size_t max, size_t *len, const char *what);

/* pkcs11_make.c: key pairs */

/* Makes a pair in the token: E_KEY when it cannot make one of that kind. */
BERTH_MUST_USE enum berth_err
berth_pkcs11_make_pair(struct berth_pkcs11 *p, const char *name, const uint8_t id[BERTH_PKCS11_OBJECT_ID_LEN],
		       enum berth_key_type type, enum berth_usage usage, CK_OBJECT_HANDLE *pub, CK_OBJECT_HANDLE *priv);

/* pkcs11_keys.c: the keys of the store */
struct berth_pkcs11_key *berth_pkcs11_lookup(struct berth_pkcs11 *p, const char *name);
BERTH_MUST_USE enum berth_err berth_pkcs11_save(struct berth_pkcs11 *p);
/* Deletes what is pending, if there is something. */
BERTH_MUST_USE enum berth_err berth_pkcs11_settle(struct berth_pkcs11 *p);

bool berth_pkcs11_can(struct berth_keystore *ks, enum berth_key_type type, enum berth_usage usage);
enum berth_err berth_pkcs11_generate(struct berth_keystore *ks, const char *name,
				     enum berth_key_type type, enum berth_usage usage);
enum berth_err berth_pkcs11_remove(struct berth_keystore *ks, const char *name);

/* pkcs11_use.c: what they do */
enum berth_err berth_pkcs11_sign(struct berth_keystore *ks, const char *name, const void *msg,
				 size_t len, uint8_t *sig, size_t *sig_len);
enum berth_err berth_pkcs11_sign_digest(struct berth_keystore *ks, const char *name, const uint8_t digest[32],
					uint8_t rs[64]);
enum berth_err berth_pkcs11_ecdh(struct berth_keystore *ks, const char *name,
				 const struct berth_pubkey *theirs, uint8_t *z, size_t *z_len);
/* One use of a key that has just been made or found: E_KEYSTORE when it does not
 * belong to its public key. */
BERTH_MUST_USE enum berth_err berth_pkcs11_prove(struct berth_pkcs11 *p, struct berth_pkcs11_key *k);

/* pkcs11_wrap.c: the key in the token that the store's file is encrypted by */
BERTH_MUST_USE enum berth_err berth_pkcs11_make_wrap(struct berth_pkcs11 *p);
/* secrets->file_key from the salt. */
BERTH_MUST_USE enum berth_err berth_pkcs11_derive_file_key(struct berth_pkcs11 *p);

#endif
