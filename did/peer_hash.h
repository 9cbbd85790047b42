/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_PEER_HASH_H
#define BERTH_DID_PEER_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"

/* What the peer DIDs share that are the hash of something somebody has to keep:
 * numalgo 1 of a genesis document, 3 of a numalgo 2, the short form of 4 of its
 * long one. */

/* The multihash of n bytes (SHA-256) in base58btc, with its 'z'.  Appends. */
BERTH_MUST_USE enum berth_err berth_peer_hash(struct berth_buf *out, const void *p, size_t n);

/* text is a 'z' and as much base58 as a multihash of SHA-256 takes. */
bool berth_peer_is_hash(const char *text);

/* A document that was kept without its DID gets the id, that DID as the controller
 * of methods that name none (in numalgo 1: "#id"), and the other form of the DID at
 * the end of alsoKnownAs (NULL: none).  E_DID: alsoKnownAs is not an array. */
BERTH_MUST_USE enum berth_err
berth_peer_contextualize(struct berth_json *doc, const char *did, const char *other);

#endif /* BERTH_DID_PEER_HASH_H */
