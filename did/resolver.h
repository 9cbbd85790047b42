/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_RESOLVER_H
#define BERTH_DID_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

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

/* What a resolver says that has nothing for the DID: asks next, else E_DID. */
BERTH_MUST_USE enum berth_err
berth_resolve_next(struct berth_resolver *r, const char *did, struct berth_did_doc **out);

/* did:key, did:jwk, did:peer:0/2/4.  The short form of 4 is asked of next, and what
 * next knows (a document whose id or alsoKnownAs is the long form) counts only as
 * far as the long form's own hash bears it out. */
void berth_resolver_builtin_init(struct berth_resolver *r, struct berth_resolver *next);

/* A folder of *.json documents, read when it is opened and found by id.  A
 * document is judged when it is asked for, like a fetched one; a file that is no
 * JSON object with a DID for an id is left out, and a search that finds nothing
 * names the first such file.  E_RESOLVE: no such folder; E_DID: two documents for
 * one DID. */
struct berth_resolver_dir {
	struct berth_resolver base;
	struct berth_json **docs;
	size_t n;
	char skipped[160];	/* why the first file was left out; "" for none */
};
#define BERTH_RESOLVER_DIR_MAX 4096	/* documents */

BERTH_MUST_USE enum berth_err
berth_resolver_dir_open(struct berth_resolver_dir *r, const char *path, struct berth_resolver *next);
void berth_resolver_dir_close(struct berth_resolver_dir *r);

/* A W3C DID resolution result for did: made in every case, rc says which; NULL
 * without memory.  Errors are invalidDid, methodNotSupported, notFound and
 * internalError.  doc may be NULL when rc is an error. */
struct berth_json *
berth_resolution_result(enum berth_err rc, const char *did, const struct berth_did_doc *doc);

#endif
