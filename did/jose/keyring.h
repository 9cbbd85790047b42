/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_JOSE_KEYRING_H
#define BERTH_DID_JOSE_KEYRING_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/crypto/aead.h"
#include "did/jose/proof.h"
#include "did/keystore/keystore.h"

/* The private half of what DIDComm and credentials need: keys found by the DID
 * URL of their verification method, used through typed operations.  Two kinds:
 * keyring_local (secrets in this process: the command line, keyd itself, tests)
 * and the daemon's client of keyd.  No private key and no raw shared secret
 * crosses this interface. */

/* Both parties' public values of one JWE recipient (RFC 7518 4.6, ECDH-1PU). */
struct berth_kek_params {
	const char *alg;			/* "ECDH-ES+A256KW" or "ECDH-1PU+A256KW" */
	const struct berth_pubkey *epk;		/* unwrap: the sender's ephemeral key */
	const struct berth_pubkey *peer;	/* 1PU: the other side's static key */
	const uint8_t *apu, *apv, *cc_tag;	/* cc_tag: 1PU only */
	size_t apu_len, apv_len, cc_tag_len;
};

struct berth_keyring;

struct berth_keyring_ops {
	/* E_KEYSTORE: no such key here; pub may be NULL. */
	enum berth_err (*find)(struct berth_keyring *kr, const char *kid, struct berth_pubkey *pub);

	/* Signs payload under a header {"alg","kid"?,"typ"} that this side builds.
	 * header_b64, sig are appended to; the payload's base64url is the
	 * caller's to make.  DIDCOMM has no kid in the protected header; DI
	 * and WEBVH have no header at all and the payload of
	 * berth_di_signing_input() and berth_di_log_input(). */
	enum berth_err (*sign)(struct berth_keyring *kr, const char *kid, enum berth_purpose purpose,
			       const void *payload, size_t len,
			       struct berth_buf *header_b64, struct berth_buf *sig);

	/* The onboarding proofs: a whole compact JWS over the claims. */
	enum berth_err (*sign_proof)(struct berth_keyring *kr, const char *kid,
				     const struct berth_proof *proof, struct berth_buf *compact);

	/* Derives the key-wrapping key with the private key kid and unwraps. */
	enum berth_err (*unwrap)(struct berth_keyring *kr, const char *kid,
				 const struct berth_kek_params *p, const uint8_t *wrapped, size_t len,
				 uint8_t cek[BERTH_CEK_MAX], size_t *cek_len);

	/* unwrap, or wrap_1pu, will be called with these octets soon: who has to ask another
	 * process for it may do so now.  wrap_1pu_ahead: true: it was asked, and is worth a wait.
	 * ahead_end: what was not called for by then is forgotten.  Any of them may be NULL. */
	void (*unwrap_ahead)(struct berth_keyring *kr, const char *kid,
			     const struct berth_kek_params *p, const uint8_t *wrapped, size_t len);
	bool (*wrap_1pu_ahead)(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p,
			       const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len);
	void (*ahead_end)(struct berth_keyring *kr);

	/* ECDH-1PU sending: ze is the ephemeral half (made by the caller), the
	 * static half is derived here. */
	enum berth_err (*wrap_1pu)(struct berth_keyring *kr, const char *skid,
				   const struct berth_kek_params *p, const uint8_t *ze, size_t ze_len,
				   const uint8_t *cek, size_t cek_len, struct berth_buf *wrapped);

	void (*free)(struct berth_keyring *kr);
};

struct berth_keyring {	/* first member of each implementation */
	const struct berth_keyring_ops *ops;
};

static inline void berth_keyring_unwrap_ahead(struct berth_keyring *kr, const char *kid, const struct berth_kek_params *p,
					      const uint8_t *wrapped, size_t len)
{
	if (kr->ops->unwrap_ahead)
		kr->ops->unwrap_ahead(kr, kid, p, wrapped, len);
}

static inline bool berth_keyring_wrap_1pu_ahead(struct berth_keyring *kr, const char *skid, const struct berth_kek_params *p,
						const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len)
{
	return kr->ops->wrap_1pu_ahead && kr->ops->wrap_1pu_ahead(kr, skid, p, ze, ze_len, cek, cek_len);
}

static inline void berth_keyring_ahead_end(struct berth_keyring *kr)
{
	if (kr->ops->ahead_end)
		kr->ops->ahead_end(kr);
}

/* A compact JWS over payload with the key kid. */
BERTH_MUST_USE enum berth_err
berth_keyring_sign_compact(struct berth_keyring *kr, const char *kid, enum berth_purpose purpose,
			   const void *payload, size_t len, struct berth_buf *compact);

/* ---- keyring_local ---- */
BERTH_MUST_USE enum berth_err berth_keyring_local_new(struct berth_keyring **out);
/* A key in the clear (a SECRETS file, --jwk); copied into guarded memory. */
BERTH_MUST_USE enum berth_err
berth_keyring_local_add(struct berth_keyring *kr, const char *kid, const struct berth_privkey *key);
/* A key of a keystore; the store is borrowed and outlives the keyring. */
BERTH_MUST_USE enum berth_err
berth_keyring_local_add_stored(struct berth_keyring *kr, const char *kid,
			       struct berth_keystore *ks, const char *name);
/* The key of a URI, or the only one of the store it names.  The store is opened
 * once for all of its keys and belongs to the keyring. */
BERTH_MUST_USE enum berth_err
berth_keyring_local_add_uri(struct berth_keyring *kr, const char *kid, const char *uri, const char *passphrase_file);
/* A SECRETS file (INTERFACES): array of {id, type, privateKeyJwk} or
 * {id, type: Multikey, privateKeyMultibase} or {id, keyUri}.  Stores opened for
 * keyUri belong to the keyring. */
BERTH_MUST_USE enum berth_err
berth_keyring_local_add_secrets(struct berth_keyring *kr, const struct berth_json *secrets,
				const char *passphrase_file);
void berth_keyring_free(struct berth_keyring *kr);	/* any kind; NULL is fine */

/* What keyd and keyring_local share: the derivations over an ECDH function.  lasting:
 * theirs is a key that the peer keeps, and no epk. */
typedef enum berth_err berth_ecdh_fn(void *key, const struct berth_pubkey *theirs, bool lasting,
				     uint8_t *z, size_t *z_len);
BERTH_MUST_USE enum berth_err
berth_kek_unwrap(berth_ecdh_fn *ecdh, void *key, const struct berth_kek_params *p,
		 const uint8_t *wrapped, size_t len, uint8_t cek[BERTH_CEK_MAX], size_t *cek_len);
BERTH_MUST_USE enum berth_err
berth_kek_wrap_1pu(berth_ecdh_fn *ecdh, void *key, const struct berth_kek_params *p,
		   const uint8_t *ze, size_t ze_len, const uint8_t *cek, size_t cek_len,
		   struct berth_buf *wrapped);

/* All that is signed, appended to an empty input: header '.' payload, both base64url,
 * *header_len of it the header; or for DI the hash data, and no header.  Also checks that
 * the payload fits the purpose (C033): an object; VC: issuer, VP: holder, blob/receipt:
 * iss, DIDComm: from (when present) is the DID of kid. */
BERTH_MUST_USE enum berth_err
berth_purpose_input(struct berth_buf *input, size_t *header_len, enum berth_purpose purpose, const char *kid,
		    enum berth_key_type type, const void *payload, size_t len);

#endif
