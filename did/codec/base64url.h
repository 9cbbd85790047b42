/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CODEC_BASE64URL_H
#define BERTH_DID_CODEC_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"

/* RFC 4648 section 5 without padding, one spelling per value: padding, other
 * alphabets, white space, a length of 4n+1 and non-zero trailing bits are E_B64.  For private
 * keys, too: no branch and no address depends on the content. */
void berth_b64url_encode(struct berth_buf *out, const void *p, size_t n);
BERTH_MUST_USE enum berth_err berth_b64url_decode(struct berth_buf *out, const char *s, size_t n);

/* Exactly want bytes into out; another length is E_B64. */
BERTH_MUST_USE enum berth_err
berth_b64url_decode_fixed(void *out, size_t want, const char *s, size_t n);

/* A member, or an element, whose value is bytes. */
BERTH_MUST_USE enum berth_err
berth_json_set_b64url(struct berth_json *obj, const char *key, const void *p, size_t n);
BERTH_MUST_USE enum berth_err berth_json_push_b64url(struct berth_json *arr, const void *p, size_t n);

#endif
