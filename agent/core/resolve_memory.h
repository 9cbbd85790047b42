/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_RESOLVE_MEMORY_H
#define BERTH_AGENT_CORE_RESOLVE_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* What registries said lately: documents, as they came, and failures.  The oldest of
 * either gives way to the next, so that failures push out no document. */
#define BERTH_RESOLVE_REMEMBERED_MAX 64	/* of either */

struct remembered {
	char *did;
	char *doc;		/* NULL: a failure */
	size_t doc_len;
	char *metadata;		/* didDocumentMetadata, JSON; of a failure too; NULL: none */
	bool hearsay;		/* of a document: a resolver's word for it is all there is */
	enum berth_err rc;
	char why[128];		/* of a failure: what this thread said of it */
	uint64_t until_ms;
};

/* What came of an answer. */
struct resolve_document {
	struct berth_buf text, metadata;	/* JSON; empty: none */
	bool hearsay;
};
void resolve_document_free(struct resolve_document *d);

struct resolve_memory {
	struct remembered docs[BERTH_RESOLVE_REMEMBERED_MAX], failures[BERTH_RESOLVE_REMEMBERED_MAX];
	size_t next_doc, next_failure;
};

/* NULL: nothing that still holds.  Borrowed until the next call. */
const struct remembered *resolve_recall(const struct resolve_memory *m, const char *did);
/* Without memory nothing is remembered, and nothing else happens. */
void resolve_remember(struct resolve_memory *m, const char *did, enum berth_err rc, const struct resolve_document *d);
void resolve_forget(struct resolve_memory *m, const char *did);	/* NULL: all */
/* Forgets a document that is BERTH_RESOLVE_DOUBT_MS old; false: there is none so old. */
bool resolve_doubt(struct resolve_memory *m, const char *did);

#endif
