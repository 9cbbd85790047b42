/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_DEREFERENCE_H
#define BERTH_DID_DEREFERENCE_H

#include "berth/err.h"
#include "did/base/json.h"
#include "did/resolver.h"

/* DID URL -> what it names (DID Resolution, 5):
 *   DID                        the document
 *   DID?versionId, versionTime that version of it, as far as the resolver knows any
 *   ...#fragment               the verification method, the service or any other
 *                              object of the document with that id
 *   DID?service, serviceType   the endpoints of those services that are strings, with
 *                              relativeRef resolved against them and the fragment
 *                              appended, as text/uri-list; or, with a media type of DID
 *                              documents in accept, the document with only them
 *   DID/path, DID?other        what in the document has that DID URL for its id; of a
 *                              did:webvh with a path else where that is, as text/uri-list
 *
 * accept is one of application/did, application/did+json, application/did+ld+json,
 * text/uri-list, or NULL for whatever fits. */
struct berth_dereferenced {
	struct berth_json *content;	/* owned; NULL on failure.  URLs are one string, CRLF between them */
	const char *type;		/* media type of content; static */
	const char *error;		/* on failure: W3C's name for it; static */
};

/* out->error says what rc does not: E_DID "invalidDidUrl" ("invalidDid" and
 * "methodNotSupported" where the DID itself is at fault), E_RESOLVE "notFound", E_TYPE
 * "representationNotSupported". */
BERTH_MUST_USE enum berth_err
berth_dereference(struct berth_dereferenced *out, struct berth_resolver *r, const char *did_url, const char *accept);
void berth_dereferenced_free(struct berth_dereferenced *d);

/* A W3C DID URL dereferencing result {"content", "dereferencingMetadata",
 * "contentMetadata"}, of a success or a failure; NULL without memory. */
struct berth_json *berth_dereferencing_result(const struct berth_dereferenced *d);

#endif /* BERTH_DID_DEREFERENCE_H */
