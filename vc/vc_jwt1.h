/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_VC_JWT1_H
#define BERTH_VC_VC_JWT1_H

#include "vc/report.h"

/* Between the claims of a JWT and the members of a credential, VC Data Model 1.1 6.3.1. */

/* {"iss","sub"?,"jti"?,"nbf","exp"?,"vc"}; the credential has been checked. */
BERTH_MUST_USE enum berth_err
berth_vc_jwt1_claims(struct berth_json **out, const struct berth_json *credential);

/* The other way: vc with what the other claims say.  E_ENV: no vc; E_VC: two that
 * differ, or a claim of the wrong type.  out: owned. */
BERTH_MUST_USE enum berth_err
berth_vc_jwt1_credential(struct berth_json **out, const struct berth_json *claims);

/* A credential as objects, with the token that proves it as proof.jwt: the token counts,
 * and what stands beside it must be the same (else E_SIG).  Takes it over. */
enum berth_err
berth_vc_proof_jwt_verify(struct berth_report *r, const struct berth_verify *v, struct berth_json *take);

#endif /* BERTH_VC_VC_JWT1_H */
