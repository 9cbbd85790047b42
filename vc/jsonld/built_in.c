/* SPDX-License-Identifier: Apache-2.0 */
/* The contexts that we know: contexts/ of this folder, linked in as one gzip of the
 * files in the order of their names, a NUL behind each. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "did/codec/linked_text.h"
#include "vc/jsonld/context.h"

__asm__(".section .rodata\n"
	"berth_contexts_gz: .incbin \"vc/jsonld/contexts.gz\"\n"
	"berth_contexts_gz_end: .byte 0\n"
	".previous\n");
extern const uint8_t berth_contexts_gz[] __attribute__((visibility("hidden")));
extern const uint8_t berth_contexts_gz_end[] __attribute__((visibility("hidden")));

static const char *const urls[] = {	/* in the order of their files */
	"https://www.w3.org/2018/credentials/v1",
	"https://www.w3.org/ns/credentials/v2",
	"https://w3id.org/security/data-integrity/v1",
	"https://w3id.org/security/data-integrity/v2",
	"https://w3id.org/security/suites/ed25519-2020/v1",
	"https://www.w3.org/ns/credentials/examples/v2",
	"https://w3id.org/security/jwk/v1",
	"https://w3id.org/security/multikey/v1",
	"urn:berth:contexts/onboarding/v1",
	"https://w3id.org/vc/status-list/2021/v1",
	"https://www.w3.org/ns/credentials/status/v1",
	"https://www.w3.org/ns/credentials/undefined-terms/v2",
};
#define N_BUILT_INS (sizeof(urls) / sizeof(urls[0]))

static struct built_in {
	/* read once, never freed; the layer borrows from the two behind it */
	_Atomic(const struct berth_jsonld_layer *) layer;
	struct berth_json *document;
	struct berth_arena arena;
} built_ins[N_BUILT_INS];

const char *berth_jsonld_built_in(size_t i)
{
	return i < N_BUILT_INS ? urls[i] : NULL;
}

static const char *url_of(const struct built_in *b) { return urls[b - built_ins]; }

/* ---- the text ---- */

static enum berth_err put_text(struct berth_buf *out, const struct built_in *b, const char *text, size_t n)
{
	const char *end = text + n, *nul;

	for (const struct built_in *at = built_ins; (nul = memchr(text, 0, (size_t)(end - text))); at++) {
		if (at == b) {
			berth_buf_put(out, text, (size_t)(nul - text));
			return berth_buf_status(out);
		}
		text = nul + 1;
	}
	return berth_fail(BERTH_E_INTERNAL, "built-in context %s", url_of(b));
}

static struct built_in *find(const char *url)
{
	for (size_t i = 0; i < N_BUILT_INS; i++)
		if (!strcmp(urls[i], url))
			return &built_ins[i];
	return NULL;
}

enum berth_err berth_jsonld_built_in_text(struct berth_buf *out, const char *url)
{
	const struct built_in *b = find(url);
	enum berth_err rc;
	char *text;
	size_t n;

	if (!b)
		return BERTH_OK;
	if ((rc = berth_linked_text(&text, &n, berth_contexts_gz, berth_contexts_gz_end)))
		return rc;
	rc = put_text(out, b, text, n);
	free(text);
	return rc;
}

/* ---- the terms ---- */

/* The contexts within it as well: none of them needs what lies below. */
static enum berth_err read_scoped(struct berth_jsonld *ld, struct berth_jsonld_layer *layer)
{
	struct berth_jsonld_layer *within;
	enum berth_err rc;

	for (size_t i = 0; i < layer->n; i++) {
		struct berth_jsonld_def *def = &layer->defs[i];

		if (!berth_json_is(def->scoped, BERTH_JSON_OBJECT))
			continue;
		if ((rc = berth_jsonld_read_layer(ld, &within, &berth_jsonld_nothing, def->scoped, false)) ||
		    (rc = read_scoped(ld, within)))
			return rc;
		def->layer = within;
	}
	return BERTH_OK;
}

static enum berth_err read_document(struct berth_jsonld *ld, struct berth_jsonld_layer **out, const char *text, size_t n,
				    struct berth_json **document)
{
	const struct berth_json *context;
	enum berth_err rc;

	if ((rc = berth_json_parse_object(document, text, n, n)) ||
	    (rc = berth_json_req_obj(*document, "@context", &context)) ||
	    (rc = berth_jsonld_read_layer(ld, out, &berth_jsonld_nothing, context, false)))
		return rc;
	return read_scoped(ld, *out);
}

static enum berth_err load(struct built_in *b)
{
	struct berth_jsonld ld = { .arena = &b->arena, .built_in = true };
	struct berth_jsonld_layer *layer = NULL;
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_jsonld_built_in_text(&text, url_of(b))))
		rc = read_document(&ld, &layer, berth_buf_cstr(&text), text.len, &b->document);
	berth_buf_free(&text);
	if (!rc) {
		atomic_store(&b->layer, layer);
		return BERTH_OK;
	}
	berth_json_free(b->document);
	b->document = NULL;
	berth_arena_free(&b->arena);
	return rc == BERTH_E_NOMEM ? rc : berth_fail(BERTH_E_INTERNAL, "built-in context %s", url_of(b));
}

enum berth_err berth_jsonld_built_in_layer(const struct berth_jsonld_layer **out, const char *url)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	struct built_in *b = find(url);
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	if (!b)
		return BERTH_OK;
	if (!atomic_load(&b->layer)) {
		pthread_mutex_lock(&once);
		if (!atomic_load(&b->layer))
			rc = load(b);
		pthread_mutex_unlock(&once);
	}
	*out = atomic_load(&b->layer);
	return rc;
}
