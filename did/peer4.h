/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_PEER4_H
#define BERTH_DID_PEER4_H

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/method_peer.h"

/* did:peer numalgo 4: did:peer:4HASH[:ENCODED], where ENCODED is multibase 'z' over
 * the multicodec json prefix and a document without an id, and HASH is multibase
 * 'z' over the multihash sha2-256 of ENCODED. */

/* Appends the long form. */
BERTH_MUST_USE enum berth_err
berth_peer4_create(struct berth_buf *did, const struct berth_peer_spec *spec);

/* The JSON of the document that long_did holds, for the DID `as`: long_did or its short
 * form.  E_RESOLVE when long_did is a short form itself. */
BERTH_MUST_USE enum berth_err
berth_peer4_tree(struct berth_json **out, const char *long_did, const char *as);

#endif /* BERTH_DID_PEER4_H */
