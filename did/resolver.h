/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_RESOLVER_H
#define BERTH_DID_RESOLVER_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/document.h"

/* Which document of a DID: its versionId, the newest at versionTime (RFC 3339), its
 * versionNumber (did:webvh).  NULL members ask for nothing; with all NULL it is the newest
 * there is. */
struct berth_did_version {
	const char *id, *time, *number;
};

/* DID -> document.  Self-contained methods (key, jwk, peer) are computed; all
 * else is asked of `next` (a folder of documents, the daemon's store of long
 * forms, resolverd).  E_DID: not a DID or no such method; E_RESOLVE: not found. */
struct berth_resolver {
	enum berth_err (*resolve)(struct berth_resolver *r, const char *did, struct berth_did_doc **out);
	struct berth_resolver *next;	/* borrowed; may be NULL */
	/* Optional.  One version, asked of next where this one has none of that DID. */
	enum berth_err (*resolve_version)(struct berth_resolver *r, const char *did,
					  const struct berth_did_version *version, struct berth_did_doc **out);
	/* Optional.  What was kept of a DID that is a hash: the genesis document of a
	 * did:peer:1, the did:peer:2 of a did:peer:3, the long form of a did:peer:4.
	 * Appended to kept and not believed: the hash decides.  E_RESOLVE: nothing, and
	 * next is asked. */
	enum berth_err (*recall)(struct berth_resolver *r, const char *did, struct berth_buf *kept);
	/* Optional.  True: what was remembered of that DID may be out of date and is
	 * forgotten, so that asking once more asks afresh. */
	bool (*doubt)(struct berth_resolver *r, const char *did);
	/* Optional.  What W3C calls the failure to resolve that DID just now; static; NULL: as
	 * the code says, or it was not asked. */
	const char *(*error)(struct berth_resolver *r, const char *did);
};

/* resolve() along the chain; the document's id is the DID asked for, the other form of
 * the same did:peer:4, or where a did:webvh has moved to (the same SCID). */
BERTH_MUST_USE enum berth_err
berth_resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out);

/* A key was missed in the document that a did has by what was remembered (C059): true
 * when resolving it again may bring a newer one.  Says so rarely for one DID. */
bool berth_resolve_doubt(struct berth_resolver *r, const char *did);

/* The same for one version of the document.  E_RESOLVE also where nobody in the chain
 * knows of versions; did:key, did:jwk and did:peer never change and have none. */
BERTH_MUST_USE enum berth_err
berth_resolve_version(struct berth_resolver *r, const char *did, const struct berth_did_version *version,
		      struct berth_did_doc **out);

/* What a resolver says that has nothing for the DID: asks next, else E_DID. */
BERTH_MUST_USE enum berth_err
berth_resolve_next(struct berth_resolver *r, const char *did, struct berth_did_doc **out);
/* The first resolve_version of r or behind it; E_RESOLVE without one. */
BERTH_MUST_USE enum berth_err
berth_resolve_version_next(struct berth_resolver *r, const char *did, const struct berth_did_version *version,
			   struct berth_did_doc **out);

/* did:key, did:jwk, did:peer:0/2/4.  The short forms are asked of next: what recall()
 * gives, and of 4 else a document whose id or alsoKnownAs is the long form.
 * All of it counts only as far as the hash in the DID bears it out. */
void berth_resolver_builtin_init(struct berth_resolver *r, struct berth_resolver *next);

/* A folder of *.json documents, read when it is opened and found by id.  A
 * document is judged when it is asked for, like a fetched one; a file that is no
 * JSON object with a DID for an id is left out, and a search that finds nothing
 * names the first such file.  An object without any id may be the genesis document
 * of a did:peer:1 and is found as that.  E_RESOLVE: no such folder; E_DID: two
 * documents for one DID. */
struct berth_resolver_dir {
	struct berth_resolver base;
	struct berth_json **docs;
	size_t n;
	struct berth_genesis { char *did, *text; } *genesis;
	size_t n_genesis;
	char skipped[160];	/* why the first file was left out; "" for none */
};
#define BERTH_RESOLVER_DIR_MAX 4096	/* documents */

BERTH_MUST_USE enum berth_err
berth_resolver_dir_open(struct berth_resolver_dir *r, const char *path, struct berth_resolver *next);
void berth_resolver_dir_close(struct berth_resolver_dir *r);

/* A W3C DID resolution result for did: made in every case, rc says which; NULL
 * without memory.  Errors are invalidDid, methodNotSupported, notFound and
 * internalError.  doc may be NULL when rc is an error.  r: who was asked, and may know it
 * better than the code does; NULL: nobody. */
struct berth_json *
berth_resolution_result(enum berth_err rc, struct berth_resolver *r, const char *did, const struct berth_did_doc *doc);

/* The name of that error in such a result; static. */
const char *berth_resolution_error(enum berth_err rc, struct berth_resolver *r, const char *did);

#endif
