/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_H
#define BERTH_DIDCOMM_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "berth/key.h"

#ifdef __cplusplus
extern "C" {
#endif

/* DIDComm v2.1 messages as text: what docs/didcomm.md describes, for programs that
 * link libberth.  Nothing here asks the network or reads a file.  An object is used by
 * one thread at a time.  len is in bytes, without a NUL.  What a call gives is NULL when
 * it fails, and berth_err_detail() of berth/err.h then says why. */

struct berth_didcomm;	/* private keys, and documents of DIDs */

/* out: berth_didcomm_free().  did:key, did:jwk and did:peer need no document. */
BERTH_MUST_USE enum berth_err berth_didcomm_new(struct berth_didcomm **out);
void berth_didcomm_free(struct berth_didcomm *d);	/* wipes the keys; NULL is fine */

/* Private keys: a JSON array of {"id": DID URL, "type": "JsonWebKey2020",
 * "privateKeyJwk"} or {"id", "type": "Multikey", "privateKeyMultibase"}.  Copied
 * into guarded memory.  E_JSON, E_TYPE, E_KEY: one of them is not. */
BERTH_MUST_USE enum berth_err
berth_didcomm_add_secrets(struct berth_didcomm *d, const char *json, size_t len);

/* A key of a keychain as the private half of the verification method kid, a DID
 * URL; name as in berth/key.h.  The keychain is borrowed and outlives d.  E_DID: kid;
 * E_KEYSTORE: no such key; E_KEY: kid has one already. */
BERTH_MUST_USE enum berth_err
berth_didcomm_add_key(struct berth_didcomm *d, const char *kid, struct berth_keychain *keychain, const char *name);

/* A DID document that the caller trusts to be the current one of its id; it takes
 * the place of an earlier one.  E_DID, E_KEY, E_JSON: it is no document. */
BERTH_MUST_USE enum berth_err
berth_didcomm_add_document(struct berth_didcomm *d, const char *json, size_t len);

/* How to pack.  Zero the struct and set size to its size; members are only ever
 * added at its end.  BERTH_E_USAGE: a size that no version of it has had. */
struct berth_didcomm_how {
	size_t size;
	const char *mode;	/* "plaintext", "signed", "anoncrypt", "authcrypt"; NULL:
				 * authcrypt when from is set, else anoncrypt */
	const char *from;	/* DID, or DID URL of one agreement key; NULL */
	const char *to;		/* DID, or DID URL of one key */
	const char *sign_by;	/* DID URL of the signing key; NULL: no signature */
	const char *enc;	/* "A256CBC-HS512" (NULL: the same); anoncrypt: "A256GCM", "XC20P" too */
	int protect_sender;	/* an anoncrypt around the authcrypt */
};

/* message: a plaintext message, JSON (DIDComm v2.1, "Plaintext Message Structure").
 * packed: a NUL-terminated string for berth_didcomm_string_free().  E_USAGE: how
 * contradicts itself; E_JSON, E_TYPE: no message; E_SIZE: more than 1 MiB of it, packed;
 * E_DID, E_RESOLVE: no document; E_KEY: no key for that, ours or theirs; E_ALG: an enc that
 * does not go with authcrypt; E_ADDR: from, sign_by and the message's
 * own from are of several DIDs, or nobody is named where somebody must be. */
BERTH_MUST_USE enum berth_err
berth_didcomm_pack(struct berth_didcomm *d, const struct berth_didcomm_how *how,
		   const char *message, size_t len, char **packed);

/* result: {"message": {...}, "metadata": {...}} as of `berth didcomm unpack`; only
 * metadata says who sent it.  A message without any envelope is refused (E_ENV).  now_s:
 * seconds since 1970, or -1 when the time is not known; an expired message is
 * E_EXPIRED, a rotation outside its time E_ROTATE.  E_JSON, E_B64, E_ENV, E_TYPE, E_SIZE
 * (1 MiB): malformed; E_DECRYPT: for none of our keys, or changed; E_SIG, E_ALG, E_KEY,
 * E_ADDR: refused; E_DID, E_RESOLVE: no document of the sender. */
BERTH_MUST_USE enum berth_err
berth_didcomm_unpack(struct berth_didcomm *d, const char *packed, size_t len, int64_t now_s, char **result);

void berth_didcomm_string_free(char *s);	/* wipes; NULL is fine */

#ifdef __cplusplus
}
#endif
#endif /* BERTH_DIDCOMM_H */
