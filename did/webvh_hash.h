/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_HASH_H
#define BERTH_DID_WEBVH_HASH_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"

/* did:webvh 1.0 hashes with SHA-256 alone: appends base58btc(multihash(text)). */
BERTH_MUST_USE enum berth_err berth_webvh_hash(struct berth_buf *out, const void *text, size_t n);

/* An entry's canonical JSON without its proof is head, a versionId, tail: members are in
 * the order of their names, and only the versionId differs between what is hashed and
 * what is signed. */
struct berth_webvh_body {
	struct berth_buf head, tail;
};
BERTH_MUST_USE enum berth_err
berth_webvh_body_make(struct berth_webvh_body *out, const struct berth_json *parameters, const struct berth_json *state,
		      const char *version_time);
void berth_webvh_body_free(struct berth_webvh_body *b);
/* Appends the whole with that versionId. */
BERTH_MUST_USE enum berth_err
berth_webvh_body_text(struct berth_buf *out, const struct berth_webvh_body *b, const char *version_id);

/* Appends the entry's hash: previous is the versionId before it, of the first its SCID. */
BERTH_MUST_USE enum berth_err
berth_webvh_entry_hash(struct berth_buf *out, const struct berth_webvh_body *b, const char *previous);

/* Appends the SCID of a first entry, in whose text `scid` stands (or the placeholder, when
 * it is being made). */
BERTH_MUST_USE enum berth_err
berth_webvh_scid(struct berth_buf *out, const struct berth_webvh_body *b, const char *scid);

/* Appends text with each `from` a `to`; an empty one is nowhere. */
void berth_webvh_replace(struct berth_buf *out, const char *text, const char *from, const char *to);

#endif /* BERTH_DID_WEBVH_HASH_H */
