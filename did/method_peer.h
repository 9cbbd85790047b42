/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_METHOD_PEER_H
#define BERTH_DID_METHOD_PEER_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/key.h"
#include "did/document.h"

#define BERTH_PEER_KEYS_MAX 8
#define BERTH_PEER_DID_MAX 8192

/* What goes into a peer DID: keys for authentication (and assertion), keys for
 * key agreement, services as DID Core writes them (may be NULL). */
struct berth_peer_spec {
	struct berth_pubkey verification[BERTH_PEER_KEYS_MAX], agreement[BERTH_PEER_KEYS_MAX];
	size_t n_verification, n_agreement;
	const struct berth_json *services;	/* array */
};

/* numalgo 0, 2 or 4 (4: the long form).  Method ids: 0 as did:key; 2 "#key-1"...
 * in the order of the elements; 4 "#key-1"... verification first.  Appends.
 * E_DID: numalgo 0 with anything but one verification key, another numalgo, no key
 * at all, a service whose id is not relative.  E_KEY: a key that is not for its
 * use.  E_SIZE: longer than BERTH_PEER_DID_MAX.  (Numalgo 3 is made of a 2 by
 * berth_did_peer_short(), numalgo 1 of a document by did/peer1.h.) */
BERTH_MUST_USE enum berth_err
berth_did_peer_create(struct berth_buf *did, int numalgo, const struct berth_peer_spec *spec);

/* E_DID for anything wrong with the text (C111: unknown purpose, hash mismatch,
 * too long), E_KEY for a key in it, E_RESOLVE for forms that say nothing by
 * themselves: the short form of 4, numalgo 1 and 3. */
BERTH_MUST_USE enum berth_err berth_did_peer_resolve(struct berth_did_doc **out, const char *did);

/* The short form of a peer DID that has one: the did:peer:3 of a did:peer:2, the
 * did:peer:4 without its document; any other DID as it is.  Appends. */
BERTH_MUST_USE enum berth_err berth_did_peer_short(struct berth_buf *out, const char *long_did);

/* The document of a did:peer:2 or 4 under its short form, from the long one. */
BERTH_MUST_USE enum berth_err
berth_did_peer_resolve_short(struct berth_did_doc **out, const char *long_did);

/* E_KEY unless keys of that type serve the relationship. */
BERTH_MUST_USE enum berth_err berth_peer_check_use(const struct berth_pubkey *key, unsigned rel);

#endif
