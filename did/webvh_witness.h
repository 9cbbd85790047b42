/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_WITNESS_H
#define BERTH_DID_WEBVH_WITNESS_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/webvh_log.h"

/* did-witness.json: [{"versionId", "proof": [...]}, ...].  A proof signs
 * {"versionId":...} and approves of all versions up to that one. */
#define BERTH_WEBVH_WITNESS_MAX ((size_t)1 << 20)	/* bytes */
#define BERTH_WEBVH_PROOFS_MAX 4096			/* of all its entries together */

/* The file as it is gone through, one proof after the other. */
struct berth_webvh_approvals {
	struct berth_json *file;		/* owned */
	const struct berth_json *entry, *proof;	/* what comes next; proof is NULL: nothing does */
	uint32_t number;			/* the version that the entry is about */
	size_t left;				/* so many proofs may come */
	struct berth_webvh_key key;		/* the last that was used */
};
/* text: NULL where there is none.  E_RESOLVE: no such file; E_SIZE. */
BERTH_MUST_USE enum berth_err
berth_webvh_approvals_open(struct berth_webvh_approvals *a, const struct berth_webvh_log *log, const char *text, size_t len);
/* Takes as many as there are steps for, and a step of each.  Proofs of versions that are
 * not in this log count for nothing, as do those that do not verify.  E_RESOLVE, E_SIZE. */
BERTH_MUST_USE enum berth_err
berth_webvh_approvals_take(struct berth_webvh_approvals *a, struct berth_webvh_log *log, int64_t now_s, size_t *steps);
void berth_webvh_approvals_close(struct berth_webvh_approvals *a);

/* How many of the log's versions, from the first, have the approval they need. */
size_t berth_webvh_witnessed(const struct berth_webvh_log *log);

/* Appends what a witness signs. */
void berth_webvh_witness_text(struct berth_buf *out, const char *version_id);

#endif /* BERTH_DID_WEBVH_WITNESS_H */
