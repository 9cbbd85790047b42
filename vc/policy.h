/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_POLICY_H
#define BERTH_VC_POLICY_H

#include "vc/report.h"

/* What a verifier takes, by type of credential.  Every rule that names one of a
 * credential's types must be kept; where none does, the one that names no type; where
 * there is no such rule either, the credential is refused.
 *
 * With a policy a verdict is never "verified" where a check could not be made, unless the
 * rule names that check; the report says which ones were assumed so. */
#define BERTH_DELEGATION_TYPE "DelegationCredential"
#define BERTH_DELEGATIONS_MAX 4		/* between issuer and anchor */

enum berth_unchecked {		/* checks that a rule may do without, as bits */
	BERTH_UNCHECKED_ISSUER = 1, BERTH_UNCHECKED_VALIDITY = 2, BERTH_UNCHECKED_STATUS = 4, BERTH_UNCHECKED_SCHEMA = 8
};

enum berth_status_need { BERTH_STATUS_IF_PRESENT, BERTH_STATUS_REQUIRED, BERTH_STATUS_IGNORED };

struct berth_vc_rule {
	const char *name;		/* for the report */
	const char *const *types;	/* type or vct */
	size_t n_types;			/* 0: whatever no other rule names */
	const char *const *issuers;	/* DIDs */
	size_t n_issuers;
	const char *const *anchors;	/* DIDs whose delegates are trusted, too */
	size_t n_anchors;
	const char *const *formats;	/* as berth_vc_format_name() says; none: all */
	size_t n_formats;
	const char *const *algs;	/* of JWS or cryptosuites; none: all */
	size_t n_algs;
	const char *const *contexts;	/* besides that of the data model; none: any */
	size_t n_contexts;
	enum berth_status_need status;
	int64_t max_stale_s;		/* of status lists */
	unsigned unchecked;		/* of enum berth_unchecked */
};

struct berth_vc_policy {
	const struct berth_vc_rule *rules;
	size_t n;
};

/* What the rules for r->credential say of its status goes into v, a copy of the caller's. */
void berth_vc_policy_apply(struct berth_verify *v, const struct berth_report *r);
/* Format, algorithm, issuer, and what was not checked: after all other checks.  Notes
 * E_ALG, E_AUTHZ, E_CLOCK, E_STATUS, E_VC. */
void berth_vc_policy_judge(struct berth_report *r, const struct berth_verify *v);

/* ---- delegation.c ----
 * Whether credentials in v->delegation_dir lead from issuer to one of the anchors for all
 * of these types (array of text).  Each of them is a DelegationCredential by the one
 * above, {"credentialSubject": {"id": the one below, "mayIssue": [type, ...]}}, and is
 * judged as any credential is.  All of them must be that wide, and who delegates further
 * must have been told so: mayIssue DelegationCredential.  *trusted false: they do not, and
 * berth_err_detail() has why.  E_STATUS: no such folder. */
BERTH_MUST_USE enum berth_err
berth_vc_delegated(bool *trusted, const struct berth_verify *v, const char *issuer, const char *const *anchors, size_t n,
		   const struct berth_json *types);

#endif /* BERTH_VC_POLICY_H */
