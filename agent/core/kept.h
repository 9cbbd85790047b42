/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_KEPT_H
#define BERTH_AGENT_CORE_KEPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/json.h"

/* Documents of registries over restarts, as they were when they were judged good. */
struct berth_kept_doc {
	const struct berth_json *document, *metadata;	/* metadata: NULL for none */
	int64_t came_s;			/* by the clock of then */
	int64_t life_s;			/* for so long it held */
	bool hearsay;			/* a resolver's word for it is all there was */
};

struct berth_kept {
	/* *found: tree is the caller's, and out points into it. */
	enum berth_err (*get)(struct berth_kept *k, const char *did, struct berth_kept_doc *out, struct berth_json **tree,
			      bool *found);
	/* Outside of transactions.  ours: much depends on it; others give way to each other.
	 * One that says nothing new is not written before it is BERTH_KEPT_WRITE_S younger
	 * than what is there: the flash wears out. */
	enum berth_err (*put)(struct berth_kept *k, const char *did, const struct berth_kept_doc *doc, bool ours);
	enum berth_err (*drop)(struct berth_kept *k, const char *did);
};
#define BERTH_KEPT_WRITE_S 3600
#define BERTH_KEPT_OURS_MAX 256		/* documents; what is more is as others' are */
#define BERTH_KEPT_BYTES_MAX ((size_t)192 << 10)	/* of one with what is beside it */

/* Records in the store (agent/core/store_kept.c).  They go with a gateway's epoch: they say
 * whom it dealt with. */
#define BERTH_NS_DID_DOC "did-doc"
struct berth_store;
BERTH_MUST_USE enum berth_err berth_store_kept_new(struct berth_kept **out, struct berth_store *store);
void berth_store_kept_free(struct berth_kept *k);	/* NULL is fine */

#endif
