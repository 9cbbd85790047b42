/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_WEBVH_PATH_H
#define BERTH_DID_WEBVH_PATH_H

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/document.h"

/* Where a path behind a did:webvh leads: it is appended to the endpoint of the service
 * #files, and "/whois" is the endpoint of #whois.  Appends the URL.  path begins with
 * '/'.  E_DID: a segment of it is "." or ".."; E_RESOLVE: not a did:webvh, or no such
 * service with a URI for an endpoint. */
BERTH_MUST_USE enum berth_err
berth_webvh_path(struct berth_buf *out, const struct berth_did_doc *doc, const char *path);

#endif /* BERTH_DID_WEBVH_PATH_H */
