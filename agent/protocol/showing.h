/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_SHOWING_H
#define BERTH_AGENT_PROTOCOL_SHOWING_H

#include "agent/protocol/credentials.h"
#include "vc/query.h"

/* Credentials that are held, shown as a query asks and no more of them: for
 * present-proof, and for applications that present by themselves.  The query is read by
 * the caller, and owned from then on.  What its issuer has revoked is not shown, nor is a
 * vc-jwt, of which there are no presentations here. */
struct berth_showing {
	struct berth_query *query;
	const struct berth_identity *holder;	/* who signs */
	struct berth_wallet wallet;
	struct berth_answer answer;
};
void berth_showing_free(struct berth_showing *s);	/* fine on a zeroed one */

/* Everything of this holder that may() lets pass, its operational credential too; NULL:
 * all.  What was in the wallet goes. */
BERTH_MUST_USE enum berth_err
berth_showing_fill(struct berth_env *env, struct berth_showing *s, const struct berth_identity *holder,
		   berth_credential_wanted_fn *may, void *arg);
/* One more, chosen by its id; all are of one holder.  E_NOMATCH; E_STATUS: revoked; E_ALG: a
 * vc-jwt; E_HOLDER: of nobody here, or of another than those before. */
BERTH_MUST_USE enum berth_err berth_showing_add(struct berth_env *env, struct berth_showing *s, const char *id);

/* E_NOMATCH: the query is not answered by these, and the detail says what is missing. */
BERTH_MUST_USE enum berth_err berth_showing_match(struct berth_env *env, struct berth_showing *s);
/* From what one identity of ours holds: `first` before the others. */
#define BERTH_SHOWING_HOLDERS_MAX 16	/* beyond them somebody has to choose */
BERTH_MUST_USE enum berth_err
berth_showing_search(struct berth_env *env, struct berth_showing *s, const struct berth_identity *first);

/* To whom, in answer to what; and claims of an SD-JWT that are shown although nobody asks
 * (JSON Pointers). */
struct berth_shown_to {
	const char *challenge, *domain;
	const char *const *more;
	size_t n_more;
};
/* All of the answer in one presentation.  placed: an item's credential has its place in
 * the order of items, also one that was there before.  E_NOMATCH: these cannot be shown
 * together; E_CLOCK: a key binding says when it was made. */
BERTH_MUST_USE enum berth_err
berth_showing_sign(struct berth_env *env, const struct berth_showing *s, const struct berth_shown_to *to, bool placed,
		   struct berth_buf *out, enum berth_vc_format *f);
/* One credential of the answer by itself. */
BERTH_MUST_USE enum berth_err
berth_showing_sign_one(struct berth_env *env, const struct berth_showing *s, const struct berth_answer_credential *c,
		       const struct berth_shown_to *to, struct berth_buf *out, enum berth_vc_format *f);

#endif
