/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_PEER_MEMORY_H
#define BERTH_DID_PEER_MEMORY_H

#include <stdbool.h>

#include "did/document.h"

/* The documents that this thread lately read out of peer DIDs.  A peer DID says the same
 * for ever, an agent reads each several times for one message, and reading one costs as
 * much as a signature.  A document is found again by the whole text of the DID and in no
 * other way; what was used the longest ago gives way.  One of a DID of 800 bytes takes 7 to
 * 11 KiB, and a peer that is talked to has up to four: two DIDs, each in two forms. */
#define BERTH_PEER_MEMORY_DOCS 64	/* where nobody says how many */
#define BERTH_PEER_MEMORY_DOCS_MAX 512
#define BERTH_PEER_MEMORY_DID_MAX 2048	/* bytes of a DID; longer ones are read each time */

/* So many (at least the 64, at most the 512) for each thread that has none yet; for whoever
 * is talked to by many at a time, before there are other threads. */
void berth_peer_memory_docs(size_t docs);

/* Of the short form or the long one of that long DID; to be freed like any other. */
bool berth_peer_recall(struct berth_did_doc **out, const char *long_did, bool as_short);
/* One that was read from its JSON; E_NOMEM. */
BERTH_MUST_USE enum berth_err
berth_peer_remember(struct berth_did_doc *doc, const char *long_did, bool as_short);
void berth_peer_forget(void);	/* all of them, as in a new thread: for tests */

#endif /* BERTH_DID_PEER_MEMORY_H */
