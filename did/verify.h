/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_VERIFY_H
#define BERTH_DID_VERIFY_H

#include "did/jose/jws.h"
#include "did/resolver.h"

/* A JWS by a key of a DID: the one that its kid names, which stands under
 * authentication or assertionMethod in the DID's document.  E_ENV: no such kid;
 * E_DID, E_RESOLVE: no document; E_KEY: no such key there; E_ALG, E_SIG: it does
 * not verify. */
BERTH_MUST_USE enum berth_err berth_jws_verify_by_did(const struct berth_jws *j, struct berth_resolver *resolver);

#endif
