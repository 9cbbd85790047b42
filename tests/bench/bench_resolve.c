/* SPDX-License-Identifier: Apache-2.0 */
/* DIDs of registries whose documents are remembered, half as many as there is room for,
 * in turns.  The floor is one SHA-256 of 1 KiB: a measure of the machine, not of the work. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <string.h>

#include "agent/core/resolve_internal.h"
#include "did/crypto/hash.h"

static struct berth_resolveclient *c;
static char dids[BERTH_RESOLVE_DOCS_MAX][64];
static uint8_t kib[1024];

static void setup(void)
{
	need(!berth_resolveclient_new(&c, NULL, NULL), "a resolver");
	berth_resolveclient_set_policy(c, &(struct berth_resolve_policy){ .offline = true, .max_age_s = 3600 });
	for (size_t i = 0; i < BERTH_RESOLVE_DOCS_MAX; i++) {
		struct resolve_document d = { .bytes = 900 };
		char text[80];

		snprintf(dids[i], sizeof(dids[i]), "did:web:registry.example.com:gateways:%zu", i);
		snprintf(text, sizeof(text), "{\"id\":\"%.60s\"}", dids[i]);
		need(!berth_did_doc_parse(&d.doc, text, strlen(text), dids[i]), "a document");
		resolve_remember(&c->memory, dids[i], BERTH_OK, &d);
		resolve_document_free(&d);
	}
}

static void f_sha256(void)
{
	static uint8_t hash[32];

	berth_sha256(hash, kib, sizeof(kib));
	kib[0] ^= hash[0];
}

static void o_remembered(void)
{
	struct berth_resolver *r = berth_resolveclient_resolver(c);
	struct berth_did_doc *doc;
	static size_t i;

	need(!berth_resolve(r, dids[i++ % (BERTH_RESOLVE_DOCS_MAX / 2)], &doc), "resolve");
	berth_did_doc_free(doc);
}

void bench_resolve(int *missed)
{
	static const struct bench b[] = { { "a did:web that is remembered, one of 256", f_sha256, o_remembered, 1 } };

	setup();
	*missed += bench_run_us("resolution in the core (floor: SHA-256 of 1 KiB)", b, sizeof(b) / sizeof(b[0]));
	berth_resolveclient_free(c);
}
