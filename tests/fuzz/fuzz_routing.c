/* SPDX-License-Identifier: Apache-2.0 */
/* What routing 2.0 reads of others: a forward with all it carries, a DID document's
 * endpoints, and our own text of routes, which reads back as what it says. */
#include "did/base/secret.h"
#include "didcomm/routing.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void forward(const char *p, size_t n)
{
	struct berth_message m;
	struct berth_forward f;

	if (berth_message_parse(&m, p, n))
		return;
	if (berth_forward_read(&f, &m) == BERTH_OK)
		berth_json_each(a, f.payloads) {
			struct berth_buf out = BERTH_BUF_INIT;

			if (berth_forward_payload(a, &out) && out.len)
				__builtin_trap();
			berth_buf_free(&out);
		}
	berth_message_free(&m);
}

struct one { struct berth_resolver base; const char *p; size_t n; };

static enum berth_err resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	const struct one *o = (const struct one *)r;

	*out = NULL;
	return berth_did_doc_parse(out, o->p, o->n, did);
}

static void document(const char *p, size_t n)
{
	struct one o = { .base.resolve = resolve, .p = p, .n = n };
	struct berth_resolver r;
	struct berth_routes routes;

	berth_resolver_builtin_init(&r, &o.base);
	if (berth_routes_find(&routes, &r, "did:example:x", BERTH_ROUTE_LOOKUPS_MAX))
		return;
	if (routes.n > BERTH_ROUTES_MAX)
		__builtin_trap();
	berth_routes_free(&routes);
}

static void text(const char *p, size_t n)
{
	struct berth_buf in = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	struct berth_routes a, b;

	berth_buf_put(&in, p, n);
	if (berth_routes_parse(&a, berth_buf_cstr(&in)) == BERTH_OK) {
		if (berth_routes_print(&out, &a) || berth_routes_parse(&b, berth_buf_cstr(&out)) || a.n != b.n)
			__builtin_trap();
		berth_routes_free(&b);
		berth_routes_free(&a);
	}
	berth_buf_free(&in);
	berth_buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	berth_crypto_init();
	forward((const char *)p, n);
	document((const char *)p, n);
	text((const char *)p, n);
	return 0;
}
