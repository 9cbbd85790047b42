/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_JUDGE_H
#define BERTH_VC_JUDGE_H

#include "vc/token.h"

/* What is judged of a credential whose signature held, the same for every format. */

/* Status (vc/status.c) and issuer of r->credential; r->issuer_did stands.  Notes E_STATUS,
 * E_AUTHZ. */
void berth_vc_judge_status(struct berth_report *r, const struct berth_verify *v);
void berth_vc_judge_issuer(struct berth_report *r, const struct berth_verify *v);

/* Contexts, time, status and issuer of a credential of the W3C model. */
void berth_vc_judge(struct berth_report *r, const struct berth_verify *v, const struct berth_window *w);

/* signature: failed, where rc is of a key, an algorithm or a signature. */
void berth_vc_mark_signature(struct berth_report *r, enum berth_err rc);

#endif /* BERTH_VC_JUDGE_H */
