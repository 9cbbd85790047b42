/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_KEY_H
#define BERTH_KEY_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Keys in a keystore, for programs that link libberth: a sealed file, a TPM 2.0 or a
 * PKCS #11 token, chosen by a URI (docs/keystores.md):
 *
 *   soft:PATH[#NAME]
 *   tpm2:[NAME][?dir=DIR][&tcti=STRING]
 *   pkcs11:[token=LABEL;...][;object=NAME][?module-path=PATH&pin-source=FILE&x-dir=DIR]
 *
 * A token's module is loaded into this process and can do whatever it can.
 *
 * No private key and no raw shared secret comes out: a key signs a JWS, or it
 * unwraps the content key of a JWE.  Text is UTF-8; what a call gives as char * is
 * the caller's, to be given back with berth_string_free() of berth/did.h, and NULL
 * whenever the call fails; berth_err_detail() then says why.
 *
 * A keychain is used by one thread at a time, and a store by one process at a time.
 * Calls on a device may take a second. */
struct berth_keychain;

/* How to open.  Zero the struct and set size to its size; members are only ever
 * added at its end. */
struct berth_keychain_how {
	size_t size;
	const char *passphrase_file;	/* soft: NULL: $BERTH_PASSPHRASE_FILE */
	const char *tcti;		/* tpm2: NULL: the URI's, $BERTH_TCTI, /dev/tpmrm0 */
	int create;			/* make an empty store where there is none */
	const char *module_path;	/* pkcs11: NULL: the URI's */
	const char *pin_source;		/* pkcs11: NULL: the URI's, the credential berth-pin */
};

/* Opens the store of a URI; how may be NULL.  BERTH_E_KEY: the URI;
 * BERTH_E_KEYSTORE: not there, wrong passphrase, lax permissions, damaged, another
 * device than before.  Nothing that is there is ever replaced. */
BERTH_MUST_USE enum berth_err
berth_keychain_open(struct berth_keychain **out, const char *uri, const struct berth_keychain_how *how);
void berth_keychain_close(struct berth_keychain *k);	/* NULL is fine */

/* The store: {"custody", "attestable", "import", "capabilities": [{"type", "use",
 * "alg": [...]}, ...]}; custody is "hardware" or "sealed". */
BERTH_MUST_USE enum berth_err berth_keychain_capabilities(struct berth_keychain *k, char **json);

/* How many keys there are, and the name of the i-th of them.  The order may
 * change whenever a key is made or deleted.  BERTH_E_KEYSTORE: there are not so many. */
size_t berth_keychain_count(const struct berth_keychain *k);
BERTH_MUST_USE enum berth_err berth_keychain_name(struct berth_keychain *k, size_t i, char **name);

/* In all that follows name is a key's name, 1 to 63 of a-z 0-9 . _ -; NULL: the
 * one that the URI names, or else the store's only key.  BERTH_E_KEYSTORE: there is
 * no such key. */

/* Makes a key; it is durable when this returns.  type: "ed25519", "x25519",
 * "p256", "p384", "p521", "secp256k1"; use: "sign", "agree", "attest" (NULL: sign
 * if the type can).  BERTH_E_KEY: unknown, or not in this store; BERTH_E_KEYSTORE:
 * the name is taken.  name is needed here unless the URI has one. */
BERTH_MUST_USE enum berth_err
berth_keychain_generate(struct berth_keychain *k, const char *name, const char *type, const char *use);

/* For good; BERTH_OK also where there was none.  name is needed. */
BERTH_MUST_USE enum berth_err berth_keychain_delete(struct berth_keychain *k, const char *name);

/* {"keyUri", "publicJwk", "multikey", "did", "custody", "use"}; custody is
 * "hardware", "sealed" or, for a key that was brought from outside, "software". */
BERTH_MUST_USE enum berth_err
berth_keychain_describe(struct berth_keychain *k, const char *name, char **json);

/* The public key as a JWK (RFC 7517), as a Multikey ("z...", Controlled Identifiers 1.0
 * 2.2.2) and as a did:key. */
BERTH_MUST_USE enum berth_err berth_keychain_jwk(struct berth_keychain *k, const char *name, char **jwk);
BERTH_MUST_USE enum berth_err berth_keychain_multikey(struct berth_keychain *k, const char *name, char **multikey);
BERTH_MUST_USE enum berth_err berth_keychain_did(struct berth_keychain *k, const char *name, char **did);

/* A compact JWS (RFC 7515 7.1) over any bytes; kid and typ go into its protected header unless
 * NULL.  BERTH_E_KEY: not a signing key; BERTH_E_SIZE: more than 8 MiB.  A typ that
 * begins with "berth-" is BERTH_E_AUTHZ: those say that an agent has checked what
 * it signed. */
BERTH_MUST_USE enum berth_err
berth_keychain_sign_jws(struct berth_keychain *k, const char *name, const char *kid, const char *typ,
			const void *payload, size_t len, char **compact);

/* Verifies a compact JWS by the key of a DID that its kid names, which stands under
 * authentication or assertionMethod in the DID's document (docs_dir as for
 * berth_did_resolve_json()).  *result: {"did", "header": {...}, and "payload", the
 * value, or "payloadB64", base64url, where it is no JSON}.  It says who signed, and
 * neither when nor what for: judge header.typ and the payload.  BERTH_E_SIG,
 * BERTH_E_ALG: refused; BERTH_E_KEY: the DID has no such key; BERTH_E_DID,
 * BERTH_E_RESOLVE: no document; BERTH_E_ENV, BERTH_E_B64, BERTH_E_JSON,
 * BERTH_E_SIZE: no such JWS. */
BERTH_MUST_USE enum berth_err
berth_did_verify_jws(char **result, const char *compact, const char *docs_dir);

/* One recipient of a JWE, each member as it stands in there.  Zero the struct and
 * set size to its size. */
struct berth_keychain_jwe {
	size_t size;
	const char *alg;		/* "ECDH-ES+A256KW", "ECDH-1PU+A256KW" */
	const char *epk;		/* header, JWK as JSON */
	const char *apu, *apv;		/* header, base64url; NULL: absent */
	const char *encrypted_key;	/* base64url */
	const char *sender;		/* 1PU: the sender's public JWK, else NULL */
	const char *tag;		/* 1PU: of the JWE, base64url, else NULL */
};

#define BERTH_KEYCHAIN_CEK_MAX 64

/* The content encryption key of a JWE (RFC 7518 4.6, ECDH-1PU draft 4): the caller
 * wipes it.  *cek_len is 0 on failure.  BERTH_E_DECRYPT: not for this key, or
 * changed; BERTH_E_KEY: not an agreement key, or one of another curve;
 * BERTH_E_ALG, BERTH_E_TYPE, BERTH_E_B64, BERTH_E_JSON, BERTH_E_SIZE: the members. */
BERTH_MUST_USE enum berth_err
berth_keychain_unwrap(struct berth_keychain *k, const char *name, const struct berth_keychain_jwe *jwe,
		      uint8_t cek[BERTH_KEYCHAIN_CEK_MAX], size_t *cek_len);

/* A PKCS #10 request (RFC 2986) for a certificate of a signing key, PEM.  subject:
 * "/CN=gw1/O=Example"; sans: URIs (such as a DID) and DNS names.  BERTH_E_TYPE,
 * BERTH_E_SIZE: subject or names; BERTH_E_KEY: not a signing key. */
BERTH_MUST_USE enum berth_err
berth_keychain_csr(struct berth_keychain *k, const char *name, const char *subject,
		   const char *const *sans, size_t n_sans, char **pem);

/* Evidence that a key lives in a TPM, over 32 bytes of the verifier: what
 * `berth key attest` prints.  BERTH_E_KEY: the store has no device. */
BERTH_MUST_USE enum berth_err
berth_keychain_attest(struct berth_keychain *k, const char *name, const uint8_t nonce[32], char **json);

#ifdef __cplusplus
}
#endif
#endif /* BERTH_KEY_H */
