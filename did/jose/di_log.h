/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_JOSE_DI_LOG_H
#define BERTH_DID_JOSE_DI_LOG_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"

/* What a key signs that updates a did:webvh DID or witnesses one (did/webvh_make.h):
 * payload is {"document","proof"} as for berth_di_signing_input(), but the document is an
 * entry of a log without its proof (parameters, state, versionId, versionTime and nothing
 * else, the state a document of a did:webvh) or {"versionId"}, and the proof is one of
 * eddsa-jcs-2022 for assertionMethod by kid, a did:key:KEY#KEY.  Nothing that is signed
 * like this can be taken for a credential.  Appends the hash data.  E_KEY: no key of
 * Ed25519; E_ENV: kid is no such DID URL; E_TYPE: not of that form; E_AUTHZ: the proof
 * names another key. */
BERTH_MUST_USE enum berth_err
berth_di_log_input(struct berth_buf *out, const char *kid, enum berth_key_type type, const void *payload, size_t len);

#endif
