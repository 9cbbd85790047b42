/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_METHOD_KEY_H
#define BERTH_DID_METHOD_KEY_H

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"
#include "did/document.h"

/* did:key (w3c-ccg) and did:jwk: a DID that is its key.  DIDs are appended.
 *
 * did:key documents are of publicKeyFormat Multikey.  A key that signs stands in
 * the four signing relationships; key agreement is the X25519 key derived from an
 * Ed25519 one, and the key itself for the other types, as in the method's test
 * vectors.
 *
 * resolve: E_DID for text that is no such DID, E_KEY and E_B64 for the key in it
 * (did:jwk with a private key: E_KEY), E_SIZE. */
BERTH_MUST_USE enum berth_err berth_did_key_create(struct berth_buf *did, const struct berth_pubkey *key);
BERTH_MUST_USE enum berth_err berth_did_key_resolve(struct berth_did_doc **out, const char *did);
BERTH_MUST_USE enum berth_err berth_did_jwk_create(struct berth_buf *did, const struct berth_pubkey *key);
BERTH_MUST_USE enum berth_err berth_did_jwk_resolve(struct berth_did_doc **out, const char *did);

/* The document of a DID that ends in one Multikey: did:key, did:peer numalgo 0. */
BERTH_MUST_USE enum berth_err
berth_did_multikey_document(struct berth_did_doc **out, const char *did, const char *multikey);

#endif
