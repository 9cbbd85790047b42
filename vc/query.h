/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_QUERY_H
#define BERTH_VC_QUERY_H

#include "vc/wallet.h"

/* What a verifier asks for: a DIF Presentation Exchange 2 definition or a DCQL query
 * (OpenID4VP 1.0), read into the same form and answered by the same engine.
 *
 * A query has items (input descriptors, credential queries): which credentials will do
 * and which claims of them; and rules over the items (submission_requirements,
 * credential_sets): how many, and which together.  Each credential is held against each
 * item by itself; then the first combination of items is searched that satisfies all
 * rules, exactly.  The work of both is counted and has an end. */
#define BERTH_QUERY_MAX ((size_t)256 << 10)	/* of its text */
#define BERTH_QUERY_ITEMS_MAX 64
#define BERTH_QUERY_CLAIMS_MAX 64		/* of an item; also claim sets of one */
#define BERTH_QUERY_PATHS_MAX 16		/* of a PEX field */
#define BERTH_QUERY_RULES_MAX 256		/* all of them, nested ones too */
#define BERTH_QUERY_DEPTH_MAX 8			/* of nested rules */
#define BERTH_QUERY_WORK_MAX ((size_t)1 << 20)	/* values looked at */
#define BERTH_QUERY_COMBINATIONS_MAX 16384	/* steps of the search */

struct berth_query;

/* E_TYPE: members missing, wrong, contradictory or not supported; E_SIZE: a cap.  doc may
 * be the object itself or one around it ("presentation_definition", "dcql_query"); it is
 * copied. */
BERTH_MUST_USE enum berth_err berth_query_pex(struct berth_query **out, const struct berth_json *doc);
BERTH_MUST_USE enum berth_err berth_query_dcql(struct berth_query **out, const struct berth_json *doc);
void berth_query_free(struct berth_query *q);	/* NULL is fine */
bool berth_query_is_pex(const struct berth_query *q);

/* One credential that answers an item, and what of it. */
struct berth_answer_credential {
	size_t index;		/* in the wallet */
	char **claims;		/* JSON Pointers into its claims, each once; owned */
	size_t n_claims;
	bool whole;		/* nothing of it can be withheld */
};

/* One item that is answered. */
struct berth_answer_item {
	const char *id;		/* borrowed from the query */
	bool multiple;		/* all of the credentials may be shown; else the first */
	bool optional;		/* nothing rests on it */
	bool unbound;		/* the verifier takes it without proof of the holder */
	struct berth_answer_credential *credentials;	/* owned; those to be preferred first */
	size_t n;
};

struct berth_answer {
	struct berth_answer_item *items;	/* owned; in the query's order */
	size_t n;
};

/* E_NOMATCH: nothing in the wallet answers it, and the detail says what is missing; E_SIZE:
 * too much work.  now_s: credentials that are not valid then do not count; < 0: not
 * looked at. */
BERTH_MUST_USE enum berth_err
berth_query_match(struct berth_answer *out, const struct berth_query *q, const struct berth_wallet *w, int64_t now_s);
void berth_answer_free(struct berth_answer *a);		/* fine on a zeroed one */

/* {"matches":[{"id","optional","multiple","credentials":[{"credential": index, "name"?,
 * "format","claims":[pointer]}]}]} */
struct berth_json *berth_answer_json(const struct berth_answer *a, const struct berth_wallet *w);

/* PEX: the presentation_submission for the first credential of each item that is not
 * optional, where the i-th of them is found under "$.verifiableCredential[i]"; when there
 * is but one and it is shown by itself (an SD-JWT), under "$".  id: its own.  out: owned. */
BERTH_MUST_USE enum berth_err
berth_query_submission(struct berth_json **out, const struct berth_query *q, const struct berth_answer *a,
		       const struct berth_wallet *w, const char *id);

#endif /* BERTH_VC_QUERY_H */
