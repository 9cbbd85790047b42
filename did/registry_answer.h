/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_REGISTRY_ANSWER_H
#define BERTH_DID_REGISTRY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "did/base/buf.h"
#include "did/document.h"
#include "did/resolver.h"

struct berth_webvh_log;

/* What a registry adapter says of a DID, as it came: evidence, not a document.  Each
 * method whose registry proves what it says has a judge (method_webvh, method_ethr),
 * which makes a document of it or refuses; of the others the document alone is taken. */

/* One piece: "didDocument", "did.jsonl", "did-witness.json", "ethr", "didResolution",
 * "resource".  Borrowed. */
struct berth_registry_piece {
	const char *name;
	const uint8_t *p;
	size_t n;
};

struct berth_registry_evidence {
	const struct berth_registry_piece *pieces;
	size_t n;
	uint32_t ttl_s;		/* as the registry or its adapter said; 0: nothing */
};

/* NULL: there is none of that name. */
const struct berth_registry_piece *
berth_registry_piece(const struct berth_registry_evidence *e, const char *name);

/* What was believed of a DID before, for methods with a history: opaque text that the
 * judge made and that only ever moves forward (the did:webvh head: version number, entry
 * hash, and what later entries are held against). */
struct berth_registry_judge {
	int64_t now_s;		/* the later of the clock and the floor of trusted time */
	bool clock_trusted;
	const char *pin;	/* "": nothing yet; NUL-terminated */
	struct berth_buf *new_pin;	/* what to keep from now on; left empty: as it was */
	/* The log of a did:webvh that was read for that DID in many steps (did/webvh_reading.h);
	 * NULL: the judge reads it. */
	const struct berth_webvh_log *log;
};

/* A document that was judged good.  With an error there is none, but `error` may say what
 * W3C calls it. */
struct berth_registry_result {
	struct berth_did_doc *doc;	/* owned; NULL when deactivated without one */
	struct berth_json *metadata;	/* owned: didDocumentMetadata (W3C DID Resolution); may be NULL */
	bool deactivated;
	uint32_t ttl_s;			/* the method's own; 0: none */
	const char *error;		/* static; NULL: the method has no word of its own for it */
};
void berth_registry_result_free(struct berth_registry_result *r);	/* zeroed is fine; leaves it zeroed */

#endif
