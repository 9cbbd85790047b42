/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_PRESENTATION_H
#define BERTH_VC_PRESENTATION_H

#include "vc/report.h"

/* What presentations have in common, however they are secured. */

/* @context, type, holder and verifiableCredential of an empty object.  vcs: tokens, which
 * are enveloped, and credentials with Data Integrity proofs, which stand as they are. */
BERTH_MUST_USE enum berth_err
berth_vp_build(struct berth_json *vp, const char *holder, const char *const *vcs, size_t n);

/* Whether it holds a credential that is not enveloped. */
bool berth_vp_has_embedded(const struct berth_json *vp);

/* Verifies what r->credential, a presentation that is authentic, holds: reports go to
 * r->credentials, their outcomes are merged into r's.  The holder must be the subject of
 * each (C119). */
BERTH_MUST_USE enum berth_err
berth_vp_verify_contents(struct berth_report *r, const struct berth_verify *v);

#endif /* BERTH_VC_PRESENTATION_H */
