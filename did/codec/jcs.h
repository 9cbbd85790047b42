/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CODEC_JCS_H
#define BERTH_DID_CODEC_JCS_H

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"

/* RFC 8785: members sorted by UTF-16 code units, ECMAScript numbers.  Appends.
 * Parse what is to be canonicalised with berth_json_parse_exact(). */
BERTH_MUST_USE enum berth_err berth_jcs(struct berth_buf *out, const struct berth_json *v);


#endif
