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

/* How many of the log's versions, from the first, have the approval they need.  Proofs of
 * versions that are not in this log count for nothing, as do those that do not verify.
 * E_RESOLVE: no such file; E_SIZE. */
BERTH_MUST_USE enum berth_err
berth_webvh_witnessed(size_t *n, struct berth_webvh_log *log, const char *text, size_t len, int64_t now_s);

/* Appends what a witness signs. */
void berth_webvh_witness_text(struct berth_buf *out, const char *version_id);

#endif /* BERTH_DID_WEBVH_WITNESS_H */
