/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_H
#define BERTH_DID_H

#include <stddef.h>

#include "berth/err.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Identifiers, for programs that link libberth (cc ... -lberth).  Everything is
 * text: DIDs, JWKs (RFC 7517) and documents (DID Core 1.0) as UTF-8 JSON, NUL-terminated.
 * Nothing here asks the network, and threads may call it side by side.
 * What a call gives is the caller's, to be given back with berth_string_free(); it is
 * NULL when the call fails, unless it is said otherwise, and berth_err_detail() then says
 * why.  BERTH_E_NOMEM is possible everywhere. */

void berth_string_free(char *s);	/* NULL is fine */

/* The W3C DID resolution result of a DID (DID Resolution, "Resolving a DID"): {"didDocument",
 * "didResolutionMetadata", "didDocumentMetadata"}.  did:key, did:jwk and did:peer (numalgo
 * 0, 2, 4) are computed; any other is looked for in the *.json documents of the folder
 * docs_dir (NULL: none), did:peer 1, 3 and the short form of 4 by what they are the hash
 * of.  *result is also given when resolution fails, with the error in it.  BERTH_E_DID,
 * BERTH_E_KEY: not a DID, an unknown method, a bad key in it; BERTH_E_RESOLVE: not found. */
BERTH_MUST_USE enum berth_err
berth_did_resolve_json(char **result, const char *did, const char *docs_dir);

/* The W3C DID URL dereferencing result (DID Resolution, "Dereferencing a DID URL"):
 * {"content", "dereferencingMetadata", "contentMetadata"}.  A fragment names a
 * verification method, a service or whatever else in the document has that id; ?service=
 * (with relativeRef=, serviceType=) the endpoint, as text/uri-list.  accept: "text/uri-list", one of DID documents' media types (then the
 * content of ?service= is the document with only that service), or NULL for what fits.
 * *result and docs_dir as above.  BERTH_E_DID: no DID URL, a parameter twice, a
 * relativeRef that leaves the endpoint; BERTH_E_RESOLVE: nothing there; BERTH_E_TYPE:
 * nothing of that media type. */
BERTH_MUST_USE enum berth_err
berth_did_dereference_json(char **result, const char *did_url, const char *accept, const char *docs_dir);

/* The did:key or did:jwk (method "key" or "jwk") of a JWK: Ed25519, X25519, P-256,
 * P-384, P-521 or secp256k1.  Only public members are read.  BERTH_E_JSON, BERTH_E_TYPE,
 * BERTH_E_KEY: no such JWK; BERTH_E_DID: another method. */
BERTH_MUST_USE enum berth_err
berth_did_from_jwk(char **did, const char *method, const char *jwk);

/* A did:peer of numalgo 0, 2 or 4 (the long form) from public JWKs: keys to sign
 * with, keys to agree with, and services, a JSON array as DID Core 5.4 has it
 * (NULL: none).  Methods are "#key-1", "#key-2" in this order.  BERTH_E_SIZE: more than 8
 * keys of a kind; BERTH_E_KEY: a key of the other kind; BERTH_E_DID: another numalgo, or
 * services that are none; BERTH_E_JSON, BERTH_E_TYPE: no JWK or JSON. */
BERTH_MUST_USE enum berth_err
berth_did_peer_from_jwks(char **did, int numalgo, const char *const *verification, size_t n_verification,
			 const char *const *agreement, size_t n_agreement, const char *services);

/* The form of a DID under which it is compared and stored: the short form of a
 * did:peer:4, any other DID as it is.  BERTH_E_DID: it is none. */
BERTH_MUST_USE enum berth_err berth_did_canonical(char **out, const char *did);

#ifdef __cplusplus
}
#endif
#endif /* BERTH_DID_H */
