/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CODEC_JCS_H
#define BERTH_DID_CODEC_JCS_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"

/* RFC 8785: members sorted by UTF-16 code units, ECMAScript numbers.  Appends.
 * Parse what is to be canonicalised with berth_json_parse_exact(). */
BERTH_MUST_USE enum berth_err berth_jcs(struct berth_buf *out, const struct berth_json *v);

/* Of an object as it would be with some of its own members changed: a signature that
 * stands inside what it signs is left out without a copy of all the rest.  A member
 * that obj does not have is not added. */
struct berth_jcs_edit {
	const char *key;
	const struct berth_json *value;	/* instead; NULL: the member is left out */
};
BERTH_MUST_USE enum berth_err
berth_jcs_edited(struct berth_buf *out, const struct berth_json *obj, const struct berth_jcs_edit *edits, size_t n);

#endif
