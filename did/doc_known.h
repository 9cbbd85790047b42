/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_DOC_KNOWN_H
#define BERTH_DID_DOC_KNOWN_H

#include <stddef.h>

#include "did/document.h"

/* Documents that their DID says, without JSON, which most who resolve them never look at;
 * describe() makes it when somebody does.  Of a did:key they are made so; of a did:peer the
 * JSON goes when it has been read, which is most of its size. */

/* Without methods, with places for n of them. */
BERTH_MUST_USE enum berth_err
berth_did_doc_known_new(struct berth_did_doc **out, const char *did, size_t n,
			enum berth_err (*describe)(struct berth_json **tree, const struct berth_did_doc *doc));

/* Fills the next place: a method did '#' fragment of the document's own, fragment_len bytes. */
BERTH_MUST_USE enum berth_err
berth_did_doc_known_add(struct berth_did_doc *doc, const char *fragment, size_t fragment_len,
			const struct berth_pubkey *key, unsigned rels);

/* One that was read lets its JSON go, services excepted.  One with methods that are not its
 * own, or not named by relative ids, stays as it is.  E_NOMEM: it is as it was. */
BERTH_MUST_USE enum berth_err
berth_did_doc_known_lighten(struct berth_did_doc *doc, enum berth_err (*describe)(struct berth_json **tree, const struct berth_did_doc *doc));

/* The document of did, the other form of whole's id: the same methods and services under
 * their other names.  whole has been made lighter, is not such a form itself, and lives as
 * long as this. */
BERTH_MUST_USE enum berth_err
berth_did_doc_known_form(struct berth_did_doc **out, struct berth_did_doc *whole, const char *did);

#endif /* BERTH_DID_DOC_KNOWN_H */
