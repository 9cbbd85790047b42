/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_PEER2_H
#define BERTH_DID_PEER2_H

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/method_peer.h"

/* did:peer numalgo 2, did:peer:2 and elements of '.', a purpose and its value; and
 * numalgo 3, the hash of a numalgo 2.  DIDs here are known to be DIDs and no longer
 * than BERTH_PEER_DID_MAX. */

BERTH_MUST_USE enum berth_err
berth_peer2_create(struct berth_buf *did, const struct berth_peer_spec *spec);

/* did:peer:2 -> its did:peer:3.  Appends.  E_DID for any other DID. */
BERTH_MUST_USE enum berth_err berth_peer3(struct berth_buf *out, const char *did2);

/* The JSON of the document that did2 says, for the DID `as`: did2 or its did:peer:3. */
BERTH_MUST_USE enum berth_err
berth_peer2_tree(struct berth_json **out, const char *did2, const char *as);

#endif /* BERTH_DID_PEER2_H */
