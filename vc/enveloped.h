/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_ENVELOPED_H
#define BERTH_VC_ENVELOPED_H

#include "vc/formats.h"

/* VCDM 2.0 4.13 and 4.14: a token as a data: URL, {"@context","id","type"}. */

/* The object around a token of a credential: vc+jwt, or vc+sd-jwt of the W3C's model.
 * The token is read, so that only what a verifier could read goes in: its codes; E_VC
 * for SD-JWT VC, which is none of that model.  out: owned. */
BERTH_MUST_USE enum berth_err berth_envelope_make(struct berth_json **out, const char *token);

/* The token in an envelope of a credential, borrowed from it; NULL: it is none. */
const char *berth_envelope_token(const struct berth_json *envelope);

bool berth_vp_is_enveloped(const struct berth_json *vp);

/* Verifies the token in an envelope as a credential, or a presentation.  Notes E_VC
 * for one of another media type. */
enum berth_err
berth_envelope_verify(struct berth_report *r, const struct berth_verify *v, const struct berth_json *envelope,
		      bool presentation);

#endif /* BERTH_VC_ENVELOPED_H */
