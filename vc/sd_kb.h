/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_SD_KB_H
#define BERTH_VC_SD_KB_H

#include "vc/sd_jwt.h"
#include "vc/vc.h"

/* The key binding of a processed SD-JWT: by the key that cnf names (a JWK, or a DID
 * URL as kid); without cnf by a key of the subject's DID, which the binding's own kid
 * names.  challenge: the nonce must be v->challenge and the audience v->domain, where
 * there is one.  E_ENV: another typ, a malformed kid; else E_HOLDER. */
BERTH_MUST_USE enum berth_err
berth_sd_kb_verify(const struct berth_sd_jwt *sd, const struct berth_verify *v, bool challenge);

#endif /* BERTH_VC_SD_KB_H */
