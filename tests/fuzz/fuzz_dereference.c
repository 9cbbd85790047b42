/* SPDX-License-Identifier: Apache-2.0 */
/* The first line is a DID URL without its DID, the rest the document of did:example:a.
 * Whatever comes out is an object of that id or URLs that begin as an endpoint does:
 * no relativeRef leads to another host. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/dereference.h"
#include "did/uri_ref.h"

#define DID "did:example:a"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const char *text;
static size_t len;

static enum berth_err resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	(void)r;
	return berth_did_doc_parse(out, text, len, did);
}

static void dereference(const char *url, const char *accept)
{
	struct berth_resolver r = { .resolve = resolve };
	struct berth_dereferenced d;
	struct berth_json *v;
	enum berth_err rc = berth_dereference(&d, &r, url, accept);

	if ((rc == BERTH_OK) != (d.content != NULL) || (rc == BERTH_OK) != (d.error == NULL))
		abort();
	if (d.type && strcmp(d.type, "text/uri-list") == 0 && !berth_json_str(d.content))
		abort();
	v = berth_dereferencing_result(&d);
	berth_json_free(v);
	berth_dereferenced_free(&d);
}

/* A reference resolved against an endpoint stays on its host. */
static void stays(const char *ref)
{
	static const char base[] = "https://a.example/b/c?d#e";
	struct berth_buf out = BERTH_BUF_INIT;

	if (berth_uri_is_local_ref(ref)) {
		if (berth_uri_resolve(&out, base, ref) || strncmp(berth_buf_cstr(&out), "https://a.example/", 18) != 0)
			abort();
	}
	berth_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	const uint8_t *end = memchr(p, '\n', n);
	struct berth_buf url = BERTH_BUF_INIT;
	size_t first = end ? (size_t)(end - p) : n;

	text = (const char *)p + first + !!end;
	len = n - first - !!end;
	berth_buf_str(&url, DID);
	berth_buf_put(&url, p, first);
	dereference(berth_buf_cstr(&url), NULL);
	dereference(berth_buf_cstr(&url), "application/did");
	stays(berth_buf_cstr(&url) + strlen(DID));
	berth_buf_free(&url);
	return 0;
}
