/* SPDX-License-Identifier: Apache-2.0 */
/* The contexts that we know: contexts/ of this folder, linked in as gzip. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "vc/jsonld/context.h"

#define GZIP_BITS (15 + 16)
#define GZIP_MIN 18			/* header and trailer */
#define CONTEXT_MAX ((size_t)16 << 10)	/* of its text */

/* NAME_gz and NAME_gz_end stand around the bytes */
#define GZIP(name, file) \
	__asm__(".section .rodata\n" #name "_gz: .incbin \"vc/jsonld/contexts/" file ".gz\"\n" \
		#name "_gz_end: .byte 0\n.previous\n"); \
	extern const uint8_t name##_gz[] __attribute__((visibility("hidden"))); \
	extern const uint8_t name##_gz_end[] __attribute__((visibility("hidden")))

GZIP(credentials_v1, "credentials-v1.jsonld");
GZIP(credentials_v2, "credentials-v2.jsonld");
GZIP(data_integrity_v1, "data-integrity-v1.jsonld");
GZIP(data_integrity_v2, "data-integrity-v2.jsonld");
GZIP(ed25519_2020_v1, "ed25519-2020-v1.jsonld");
GZIP(examples_v2, "examples-v2.jsonld");
GZIP(jwk_v1, "jwk-v1.jsonld");
GZIP(multikey_v1, "multikey-v1.jsonld");
GZIP(onboarding_v1, "onboarding-v1.jsonld");
GZIP(status_list_2021_v1, "status-list-2021-v1.jsonld");
GZIP(status_v1, "status-v1.jsonld");
GZIP(undefined_terms_v2, "undefined-terms-v2.jsonld");

#define BUILT_IN(name, where) { .url = (where), .gz = name##_gz, .gz_end = name##_gz_end }
static struct built_in {
	const char *url;
	const uint8_t *gz, *gz_end;
	/* read once, never freed; the layer borrows from the two behind it */
	_Atomic(const struct berth_jsonld_layer *) layer;
	struct berth_json *document;
	struct berth_arena arena;
} built_ins[] = {
	BUILT_IN(credentials_v2, "https://www.w3.org/ns/credentials/v2"),
	BUILT_IN(credentials_v1, "https://www.w3.org/2018/credentials/v1"),
	BUILT_IN(data_integrity_v2, "https://w3id.org/security/data-integrity/v2"),
	BUILT_IN(data_integrity_v1, "https://w3id.org/security/data-integrity/v1"),
	BUILT_IN(ed25519_2020_v1, "https://w3id.org/security/suites/ed25519-2020/v1"),
	BUILT_IN(multikey_v1, "https://w3id.org/security/multikey/v1"),
	BUILT_IN(jwk_v1, "https://w3id.org/security/jwk/v1"),
	BUILT_IN(status_list_2021_v1, "https://w3id.org/vc/status-list/2021/v1"),
	BUILT_IN(status_v1, "https://www.w3.org/ns/credentials/status/v1"),
	BUILT_IN(examples_v2, "https://www.w3.org/ns/credentials/examples/v2"),
	BUILT_IN(undefined_terms_v2, "https://www.w3.org/ns/credentials/undefined-terms/v2"),
	BUILT_IN(onboarding_v1, "urn:berth:contexts/onboarding/v1"),
};
#define N_BUILT_INS (sizeof(built_ins) / sizeof(built_ins[0]))

const char *berth_jsonld_built_in(size_t i)
{
	return i < N_BUILT_INS ? built_ins[i].url : NULL;
}

/* ---- the text ---- */

/* With our own allocator a failure of it can be told and tested. */
static void *take(void *opaque, unsigned items, unsigned size)
{
	(void)opaque;
	return calloc(items, size);
}

static void give(void *opaque, void *p)
{
	(void)opaque;
	free(p);
}

/* Our own bytes: what is wrong with them is ours to mend. */
static enum berth_err inflate_text(const struct built_in *b, char *text, size_t *n)
{
	z_stream z = { .zalloc = take, .zfree = give, .next_in = (Bytef *)(uintptr_t)b->gz,
		       .avail_in = (uInt)(b->gz_end - b->gz), .next_out = (Bytef *)text, .avail_out = CONTEXT_MAX };
	int zrc;

	if (inflateInit2(&z, GZIP_BITS) != Z_OK)
		return berth_fail(BERTH_E_NOMEM, "built-in context");
	zrc = inflate(&z, Z_FINISH);
	*n = CONTEXT_MAX - z.avail_out;
	inflateEnd(&z);
	if (zrc == Z_MEM_ERROR)
		return berth_fail(BERTH_E_NOMEM, "built-in context");
	return zrc == Z_STREAM_END ? BERTH_OK : berth_fail(BERTH_E_INTERNAL, "built-in context %s", b->url);
}

enum berth_err berth_jsonld_built_in_text(struct berth_buf *out, const char *url)
{
	const struct built_in *b = built_ins;
	char text[CONTEXT_MAX];
	enum berth_err rc;
	size_t n = 0;

	while (b < built_ins + N_BUILT_INS && strcmp(b->url, url))
		b++;
	if (b == built_ins + N_BUILT_INS)
		return BERTH_OK;
	if ((rc = inflate_text(b, text, &n)))
		return rc;
	berth_buf_put(out, text, n);
	return berth_buf_status(out);
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

	if ((rc = berth_json_parse_object(document, text, n, CONTEXT_MAX)) ||
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

	if (!(rc = berth_jsonld_built_in_text(&text, b->url)))
		rc = read_document(&ld, &layer, berth_buf_cstr(&text), text.len, &b->document);
	berth_buf_free(&text);
	if (!rc) {
		atomic_store(&b->layer, layer);
		return BERTH_OK;
	}
	berth_json_free(b->document);
	b->document = NULL;
	berth_arena_free(&b->arena);
	return rc == BERTH_E_NOMEM ? rc : berth_fail(BERTH_E_INTERNAL, "built-in context %s", b->url);
}

enum berth_err berth_jsonld_built_in_layer(const struct berth_jsonld_layer **out, const char *url)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	struct built_in *b = built_ins;
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	while (b < built_ins + N_BUILT_INS && strcmp(b->url, url))
		b++;
	if (b == built_ins + N_BUILT_INS)
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
