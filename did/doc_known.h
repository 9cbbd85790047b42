/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_DOC_KNOWN_H
#define BERTH_DID_DOC_KNOWN_H

#include <stddef.h>

#include "did/document.h"

/* Documents whose DID says all their methods (did:key): made without JSON, which most
 * who resolve them never look at; describe() makes it when somebody does. */

/* Without methods, with places for n of them. */
BERTH_MUST_USE enum berth_err
berth_did_doc_known_new(struct berth_did_doc **out, const char *did, size_t n,
			enum berth_err (*describe)(struct berth_json **tree, const struct berth_did_doc *doc));

/* Fills the next place: a method did '#' fragment of the document's own, fragment_len bytes. */
BERTH_MUST_USE enum berth_err
berth_did_doc_known_add(struct berth_did_doc *doc, const char *fragment, size_t fragment_len,
			const struct berth_pubkey *key, unsigned rels);

/* Of one made this way. */
BERTH_MUST_USE enum berth_err
berth_did_doc_known_clone(struct berth_did_doc **out, const struct berth_did_doc *doc);

#endif /* BERTH_DID_DOC_KNOWN_H */
