/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_DOC_MEMORY_H
#define BERTH_DID_DOC_MEMORY_H

#include <stdbool.h>

#include "did/document.h"

/* The documents that this thread lately read out of DIDs that say them (did:peer, did:key).
 * Such a DID says the same for ever, an agent reads each several times for one message, and
 * reading one costs as much as a signature.  A document is found again by the whole text of
 * the DID and in no other way; one that was not asked for lately gives way.  A DID of 800
 * bytes takes 4.7 KiB, and 1.1 KiB more with its short form. */
#define BERTH_DOC_MEMORY_DIDS 64	/* where nobody says how many */
#define BERTH_DOC_MEMORY_DIDS_MAX 1024
#define BERTH_DOC_MEMORY_TEXT_MAX 2048	/* bytes of a DID; longer ones are read each time */

/* So many (at least the 64, at most the 1,024) for each thread that has none yet; for whoever
 * is talked to by many at a time, before there are other threads. */
void berth_doc_memory_dids(size_t dids);

/* Of the short form or the long one of that long DID; to be freed like any other. */
bool berth_doc_recall(struct berth_did_doc **out, const char *long_did, bool as_short);
/* One that its DID says, or its other form (did/doc_known.h); E_NOMEM. */
BERTH_MUST_USE enum berth_err berth_doc_remember(struct berth_did_doc *doc);
void berth_doc_forget(void);	/* all of them, as in a new thread: for tests */

#endif /* BERTH_DID_DOC_MEMORY_H */
