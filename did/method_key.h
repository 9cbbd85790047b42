/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_METHOD_KEY_H
#define BERTH_DID_METHOD_KEY_H

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"
#include "did/document.h"

/* did:key (w3c-ccg) and did:jwk: a DID that is its key.  DIDs are appended. */
BERTH_MUST_USE enum berth_err berth_did_key_create(struct berth_buf *did, const struct berth_pubkey *key);
BERTH_MUST_USE enum berth_err berth_did_key_resolve(struct berth_did_doc **out, const char *did);
BERTH_MUST_USE enum berth_err berth_did_jwk_create(struct berth_buf *did, const struct berth_pubkey *key);
BERTH_MUST_USE enum berth_err berth_did_jwk_resolve(struct berth_did_doc **out, const char *did);

#endif
