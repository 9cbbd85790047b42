/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_SIGNER_H
#define BERTH_DID_SIGNER_H

#include "berth/err.h"
#include "did/resolver.h"

/* The document of kid's DID.  party: who is said to have signed; where that is another
 * form of the same DID, either may be the one that resolves.  NULL: not said.
 * E_RESOLVE without a resolver; E_ENV: kid has no DID. */
BERTH_MUST_USE enum berth_err
berth_resolve_signer(struct berth_resolver *resolver, const char *kid, const char *party, struct berth_did_doc **doc);

#endif
