/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_RESOLVER_H
#define BERTH_DID_RESOLVER_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/document.h"

/* DID -> document.  Self-contained methods (key, jwk, peer) are computed; all
 * else is asked of `next` (a folder of documents, the daemon's store of long
 * forms, resolverd).  E_DID: not a DID or no such method; E_RESOLVE: not found. */
struct berth_resolver {
	enum berth_err (*resolve)(struct berth_resolver *r, const char *did, struct berth_did_doc **out);
	struct berth_resolver *next;	/* borrowed; may be NULL */
};

/* resolve() along the chain; the document's id is the DID asked for, or the other
 * form of the same did:peer:4. */
BERTH_MUST_USE enum berth_err
berth_resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out);

/* did:key, did:jwk, did:peer:0/2/4 (4 short form: next). */
void berth_resolver_builtin_init(struct berth_resolver *r, struct berth_resolver *next);

/* A folder of *.json documents, read and checked when it is opened; found by id. */
struct berth_resolver_dir {
	struct berth_resolver base;
	struct berth_did_doc **docs;
	size_t n;
};
BERTH_MUST_USE enum berth_err
berth_resolver_dir_open(struct berth_resolver_dir *r, const char *path, struct berth_resolver *next);
void berth_resolver_dir_close(struct berth_resolver_dir *r);

/* A W3C DID resolution result for DID: printed in every case, rc says which. */
struct berth_json *berth_resolution_result(enum berth_err rc, const struct berth_did_doc *doc);

#endif
