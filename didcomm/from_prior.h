/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_FROM_PRIOR_H
#define BERTH_DIDCOMM_FROM_PRIOR_H

#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/jose/keyring.h"
#include "did/resolver.h"

/* DID rotation (DIDComm v2.1, signature.md "DID Rotation"): a JWT in which the
 * prior DID (iss) names the new one (sub), signed with a key in the prior DID's
 * authentication. */

/* claims, kid: owned by the caller.  from: the message's, which sub must be; without
 * sub the relationship ends, and from must be iss.  A
 * token that is none is E_ENV, E_B64 or E_JSON (C024a, C033); a rotation that is
 * not good is E_ROTATE whatever is wrong (C061, C062).  Time is not judged. */
BERTH_MUST_USE enum berth_err
berth_from_prior_verify(struct berth_json **claims, char **kid, const char *jwt, const char *from,
			struct berth_resolver *resolver);

/* exp, nbf of verified claims: E_ROTATE outside of them (C061). */
BERTH_MUST_USE enum berth_err
berth_from_prior_check_time(const struct berth_json *claims, int64_t now_s);

/* The JWT that rotates from the DID of kid to `to`, or to nothing (NULL), appended. */
BERTH_MUST_USE enum berth_err
berth_from_prior_create(struct berth_buf *jwt, const char *kid, const char *to, int64_t iat,
			struct berth_keyring *keyring);

#endif
