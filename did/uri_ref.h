/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_URI_REF_H
#define BERTH_DID_URI_REF_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* References within a service endpoint (RFC 3986, 4.2 and 5.2). */

/* text is a relative reference that stays where it is resolved: a path, query or
 * fragment of URI characters, without a scheme and without an authority ("//"). */
bool berth_uri_is_local_ref(const char *text);

/* The reference ref, which is local, resolved against base.  Appends.  E_RESOLVE:
 * base is no URI with an authority. */
BERTH_MUST_USE enum berth_err berth_uri_resolve(struct berth_buf *out, const char *base, const char *ref);

#endif /* BERTH_DID_URI_REF_H */
