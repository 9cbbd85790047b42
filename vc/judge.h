/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_JUDGE_H
#define BERTH_VC_JUDGE_H

#include "vc/token.h"

/* What is judged of a credential whose signature held, the same for every format. */

/* Status (vc/status.c) of r->credential; r->issuer_did stands.  Notes E_STATUS. */
void berth_vc_judge_status(struct berth_report *r, const struct berth_verify *v);
/* credentialSchema (vc/schema_judge.c).  Notes E_VC. */
void berth_vc_judge_schema(struct berth_report *r, const struct berth_verify *v);

/* Contexts (of the W3C model), time, status, schema, issuer, and what policy says. */
void berth_vc_judge(struct berth_report *r, const struct berth_verify *v, const struct berth_window *w);
/* What a token was signed with. */
void berth_vc_set_alg(struct berth_report *r, const struct berth_jws *jws);

/* signature: failed, where rc is of a key, an algorithm or a signature. */
void berth_vc_mark_signature(struct berth_report *r, enum berth_err rc);

#endif /* BERTH_VC_JUDGE_H */
