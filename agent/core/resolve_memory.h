/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_RESOLVE_MEMORY_H
#define BERTH_AGENT_CORE_RESOLVE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/document.h"

/* What registries said: documents, which stay after their lifetime until others need the
 * room, and failures.  What was used the longest ago gives way, failures to failures and
 * documents to documents.  It is found by a hash that nobody outside can aim at. */
#define BERTH_RESOLVE_DOCS_MAX 512
#define BERTH_RESOLVE_DOCS_BYTES ((size_t)512 << 10)	/* of them and what is beside them, as JSON */
#define BERTH_RESOLVE_FAILURES_MAX 256
#define BERTH_RESOLVE_BUCKETS 1024

/* What came of an answer. */
struct resolve_document {
	struct berth_did_doc *doc;	/* NULL with an error */
	size_t bytes;			/* of it as JSON */
	struct berth_buf metadata;	/* didDocumentMetadata, JSON; empty: none */
	bool hearsay;			/* a resolver's word for it is all there is */
	bool wanted;			/* we asked ourselves, or much depends on it */
	uint32_t ttl_s;			/* 0: neither method nor registry says */
	/* with an error: */
	bool outage;			/* nobody was reached: it says nothing about the DID */
	const char *error;		/* W3C's name for it; static; NULL: as the code says */
};
void resolve_document_free(struct resolve_document *d);

struct remembered {
	struct remembered *chain, *newer, *older;
	uint32_t hash;
	char *did;
	struct berth_did_doc *doc;	/* NULL: a failure */
	char *metadata;			/* of a failure too; NULL: none */
	size_t bytes;
	bool hearsay, outage;
	bool unsaved;			/* the store is to hear of it */
	bool told;			/* it was said that it counts after its time */
	enum berth_err rc;
	const char *error;
	char *why;			/* of a failure: what this thread said of it */
	int64_t came_ms, until_ms;	/* on the monotonic clock; below 0: before it began */
};

struct resolve_memory {
	struct remembered *bucket[BERTH_RESOLVE_BUCKETS];
	struct remembered_list { struct remembered *newest, *oldest; size_t n, bytes; } docs, failures;
	uint32_t seed;
	int64_t max_age_ms;		/* no lifetime counts for more */
};

void resolve_memory_init(struct resolve_memory *m);
/* NULL: nothing that still holds.  Borrowed until anything is remembered or forgotten. */
const struct remembered *resolve_recall(struct resolve_memory *m, const char *did);
/* The document, however old. */
struct remembered *resolve_kept(struct resolve_memory *m, const char *did);
/* d's document is taken out of it.  A failure that is the registry's own word ends what is
 * kept of the DID; an outage and what we did not allow leave it.  The store is to have
 * what was wanted, and of what peers made us look up only what comes again.  Without
 * memory nothing is remembered, and nothing else happens. */
void resolve_remember(struct resolve_memory *m, const char *did, enum berth_err rc, struct resolve_document *d);
/* A document of before, with the times that it has. */
void resolve_restore(struct resolve_memory *m, const char *did, struct resolve_document *d, int64_t came_ms, int64_t until_ms);
void resolve_forget(struct resolve_memory *m, const char *did);	/* NULL: all */
/* Ends the lifetime of a document that is BERTH_RESOLVE_DOUBT_MS old; false: there is none
 * so old that still holds. */
bool resolve_doubt(struct resolve_memory *m, const char *did);

#endif
