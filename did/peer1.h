/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_PEER1_H
#define BERTH_DID_PEER1_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/document.h"

/* did:peer numalgo 1: the hash of a genesis document, which has no id and refers to
 * its DID as "#id".  Whoever resolves it has to keep the document. */

/* The did:peer:1 of a genesis document, which is hashed as it stands.  Appends.
 * E_JSON, E_TYPE, E_SIZE; E_DID when it has an id. */
BERTH_MUST_USE enum berth_err berth_peer1_create(struct berth_buf *did, const char *genesis, size_t n);

/* The document of did, from the genesis document that was kept; E_DID when its hash
 * is another. */
BERTH_MUST_USE enum berth_err
berth_peer1_resolve(struct berth_did_doc **out, const char *did, const char *genesis, size_t n);

#endif /* BERTH_DID_PEER1_H */
