/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_ATTACHMENT_H
#define BERTH_DIDCOMM_ATTACHMENT_H

#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/resolver.h"

/* Attachments of a plaintext message; users call them through message.h. */

/* Each an object whose data is an object with json, base64 or links, with a hash
 * beside links, and a jws without payload (C081); the describing members are of their
 * types; ids, where present, differ.  E_TYPE, E_SIZE.  NULL is fine. */
BERTH_MUST_USE enum berth_err berth_attachments_check(const struct berth_json *attachments);

/* {"id", "media_type", "data"}; take is taken over in every case. */
BERTH_MUST_USE enum berth_err
berth_attachment_json(struct berth_json **out, const char *id, struct berth_json *take);
BERTH_MUST_USE enum berth_err
berth_attachment_bytes(struct berth_json **out, const char *id, const char *media_type,
		       const void *p, size_t n);

/* The kid of the (first) signature over the content; owned. */
BERTH_MUST_USE enum berth_err
berth_attachment_signer(const struct berth_json *attachment, struct berth_resolver *resolver, char **kid);

/* The content, appended, with its hash checked. */
BERTH_MUST_USE enum berth_err berth_attachment_read(const struct berth_json *attachment, struct berth_buf *out);

#endif
