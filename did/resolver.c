/* SPDX-License-Identifier: Apache-2.0 */
#include "did/resolver.h"

#include <stdlib.h>
#include <string.h>

#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/url.h"

#define PEER4 "did:peer:4"

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_builtin(const char *did)
{
	return has_prefix(did, "did:key:") || has_prefix(did, "did:jwk:") || has_prefix(did, "did:peer:");
}

enum berth_err berth_resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	enum berth_err rc;

	*out = NULL;
	if (!did || !berth_is_did(did))
		return berth_fail(BERTH_E_DID, "not a DID");
	if ((rc = r->resolve(r, did, out)) == BERTH_OK && !berth_did_same((*out)->id, did)) {
		berth_did_doc_free(*out);
		*out = NULL;
		rc = berth_fail(BERTH_E_RESOLVE, "the document is of another DID");
	}
	return rc;
}

enum berth_err berth_resolve_next(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	*out = NULL;
	if (r->next)
		return r->next->resolve(r->next, did, out);
	if (is_builtin(did))
		return berth_fail(BERTH_E_RESOLVE, "%.60s says nothing by itself", did);
	return berth_fail(BERTH_E_DID, "no such DID method: %.40s", did);
}

/* ---- the built-in methods ---- */

/* The long form that a document gives of the did:peer:4 did; NULL: none. */
static const char *long_form(const struct berth_did_doc *doc, const char *did)
{
	const char *s = doc->id;

	if (strchr(s + strlen(PEER4), ':') && berth_did_same(s, did))
		return s;
	berth_json_each(also, berth_json_get(doc->json, "alsoKnownAs")) {
		s = berth_json_str(also);
		if (s && berth_is_did(s) && berth_did_same(s, did) && strchr(s + strlen(PEER4), ':'))
			return s;
	}
	return NULL;
}

static enum berth_err resolve_short(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct berth_did_doc *found = NULL;
	const char *whole;
	enum berth_err rc;

	if ((rc = berth_resolve_next(r, did, &found)))
		return rc;
	whole = berth_did_same(found->id, did) ? long_form(found, did) : NULL;
	rc = whole ? berth_did_peer_resolve_short(out, whole) :
		     berth_fail(BERTH_E_RESOLVE, "what is known of %.60s has no long form", did);
	berth_did_doc_free(found);
	return rc;
}

static enum berth_err builtin_resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	if (has_prefix(did, "did:key:"))
		return berth_did_key_resolve(out, did);
	if (has_prefix(did, "did:jwk:"))
		return berth_did_jwk_resolve(out, did);
	if (has_prefix(did, PEER4) && !strchr(did + strlen(PEER4), ':'))
		return resolve_short(r, did, out);
	if (has_prefix(did, "did:peer:"))
		return berth_did_peer_resolve(out, did);
	return berth_resolve_next(r, did, out);
}

void berth_resolver_builtin_init(struct berth_resolver *r, struct berth_resolver *next)
{
	r->resolve = builtin_resolve;
	r->next = next;
}

/* ---- results ---- */

static const char *error_name(enum berth_err rc, const char *did)
{
	switch (rc) {
	case BERTH_E_DID:
		return did && berth_is_did(did) && !is_builtin(did) ? "methodNotSupported" : "invalidDid";
	case BERTH_E_KEY:
	case BERTH_E_B64:
	case BERTH_E_SIZE:
	case BERTH_E_JSON:
	case BERTH_E_TYPE:
		return "invalidDid";
	case BERTH_E_RESOLVE:
		return "notFound";
	default:
		return "internalError";
	}
}

static struct berth_json *json_null(void)
{
	struct berth_json *v;

	return berth_json_parse(&v, "null", 4, 4) ? NULL : v;
}

static enum berth_err fill_result(struct berth_json *o, enum berth_err rc, const char *did,
				  const struct berth_did_doc *doc)
{
	struct berth_json *meta = berth_json_new_object();
	enum berth_err set;

	if (rc || !doc)
		set = berth_json_set_str(meta, "error", error_name(rc, did));
	else
		set = berth_json_set_str(meta, "contentType", berth_json_get(doc->json, "@context") ?
					 "application/did+ld+json" : "application/did+json");
	if (set) {
		berth_json_free(meta);
		return set;
	}
	if ((set = berth_json_set(o, "didDocument", rc || !doc ? json_null() : berth_json_clone(doc->json)))) {
		berth_json_free(meta);
		return set;
	}
	if ((set = berth_json_set(o, "didResolutionMetadata", meta)))
		return set;
	return berth_json_set(o, "didDocumentMetadata", berth_json_new_object());
}

struct berth_json *berth_resolution_result(enum berth_err rc, const char *did, const struct berth_did_doc *doc)
{
	struct berth_json *o = berth_json_new_object();

	if (fill_result(o, rc, did, doc) == BERTH_OK)
		return o;
	berth_json_free(o);
	return NULL;
}
