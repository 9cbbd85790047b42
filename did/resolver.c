/* SPDX-License-Identifier: Apache-2.0 */
#include "did/resolver.h"

#include <stdlib.h>
#include <string.h>

#include "did/method_key.h"
#include "did/method_peer.h"
#include "did/peer1.h"
#include "did/url.h"
#include "did/webvh_did.h"

#define PEER1 "did:peer:1"
#define PEER3 "did:peer:3"
#define PEER4 "did:peer:4"

static bool has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_builtin(const char *did)
{
	return has_prefix(did, "did:key:") || has_prefix(did, "did:jwk:") || has_prefix(did, "did:peer:");
}

/* A document of another DID is no answer.  That of a did:webvh which has moved is of what it
 * is now: its log, which has proved that, is one for both. */
static enum berth_err check_id(struct berth_did_doc **doc, const char *did)
{
	const char *id = (*doc)->id;

	if (strcmp(id, did) == 0 || berth_did_same(id, did) || berth_webvh_same(id, did))
		return BERTH_OK;
	berth_did_doc_free(*doc);
	*doc = NULL;
	return berth_fail(BERTH_E_RESOLVE, "the document is of another DID");
}

enum berth_err berth_resolve(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	enum berth_err rc;

	*out = NULL;
	if (!did || !berth_is_did(did))
		return berth_fail(BERTH_E_DID, "not a DID");
	rc = r->resolve(r, did, out);
	return rc ? rc : check_id(out, did);
}

bool berth_resolve_doubt(struct berth_resolver *r, const char *did)
{
	for (; r; r = r->next)
		if (r->doubt && r->doubt(r, did))
			return true;
	return false;
}

enum berth_err berth_resolve_version(struct berth_resolver *r, const char *did, const struct berth_did_version *version,
				     struct berth_did_doc **out)
{
	enum berth_err rc;

	*out = NULL;
	if (!version->id && !version->time && !version->number)
		return berth_resolve(r, did, out);
	if (!did || !berth_is_did(did))
		return berth_fail(BERTH_E_DID, "not a DID");
	if (is_builtin(did))
		return berth_fail(BERTH_E_RESOLVE, "a %.12s never changes: it has no versions", did);
	rc = berth_resolve_version_next(r, did, version, out);
	return rc ? rc : check_id(out, did);
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

enum berth_err berth_resolve_version_next(struct berth_resolver *r, const char *did,
					  const struct berth_did_version *version, struct berth_did_doc **out)
{
	*out = NULL;
	for (; r; r = r->next)
		if (r->resolve_version)
			return r->resolve_version(r, did, version, out);
	return berth_fail(BERTH_E_RESOLVE, "nobody here knows versions of %.60s", did);
}

/* ---- the built-in methods ---- */

/* The long form that a document gives of the did:peer:4 did; NULL: none. */
static const char *long_form(const struct berth_did_doc *doc, const char *did)
{
	const char *s = doc->id;

	if (strchr(s + strlen(PEER4), ':') && berth_did_same(s, did))
		return s;
	berth_json_each(also, berth_json_get(berth_did_doc_json(doc), "alsoKnownAs")) {
		s = berth_json_str(also);
		if (s && berth_is_did(s) && berth_did_same(s, did) && strchr(s + strlen(PEER4), ':'))
			return s;
	}
	return NULL;
}

static enum berth_err recall(struct berth_resolver *r, const char *did, struct berth_buf *kept)
{
	enum berth_err rc = BERTH_E_RESOLVE;
	bool asked = false;

	for (r = r->next; r && rc == BERTH_E_RESOLVE; r = r->next)
		if (r->recall) {
			asked = true;
			rc = r->recall(r, did, kept);
		}
	if (!asked)
		return berth_fail(BERTH_E_RESOLVE, "%.60s says nothing by itself", did);
	return rc ? rc : berth_buf_status(kept);
}

static enum berth_err found_short(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
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

/* Who keeps long forms is asked for the text before anybody is for a document. */
static enum berth_err resolve_short(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct berth_buf kept = BERTH_BUF_INIT;
	enum berth_err rc = recall(r, did, &kept);

	if (rc == BERTH_E_RESOLVE)
		rc = found_short(r, did, out);
	else if (!rc && !(rc = berth_did_peer_resolve_short(out, berth_buf_cstr(&kept))) && strcmp((*out)->id, did) != 0) {
		berth_did_doc_free(*out);
		*out = NULL;
		rc = berth_fail(BERTH_E_RESOLVE, "what is known of %.60s is of another DID", did);
	}
	berth_buf_free(&kept);
	return rc;
}

/* The document of the did:peer:3 is that of the did:peer:2, if it is its hash. */
static enum berth_err resolve_numalgo3(struct berth_did_doc **out, const char *did, const char *did2)
{
	struct berth_buf did3 = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_peer_short(&did3, did2);

	if (!rc && strcmp(berth_buf_cstr(&did3), did) != 0)
		rc = berth_fail(BERTH_E_RESOLVE, "what is known of %.60s has another hash", did);
	if (!rc)
		rc = berth_did_peer_resolve_short(out, did2);
	berth_buf_free(&did3);
	return rc;
}

static enum berth_err resolve_hash(struct berth_resolver *r, const char *did, struct berth_did_doc **out)
{
	struct berth_buf kept = BERTH_BUF_INIT;
	enum berth_err rc;

	/* says what is wrong with a text that is no hash */
	if ((rc = berth_did_peer_resolve(out, did)) != BERTH_E_RESOLVE)
		return rc;
	if ((rc = recall(r, did, &kept)) == BERTH_OK)
		rc = has_prefix(did, PEER1) ? berth_peer1_resolve(out, did, berth_buf_cstr(&kept), kept.len) :
					      resolve_numalgo3(out, did, berth_buf_cstr(&kept));
	berth_buf_free(&kept);
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
	if (has_prefix(did, PEER1) || has_prefix(did, PEER3))
		return resolve_hash(r, did, out);
	if (has_prefix(did, "did:peer:"))
		return berth_did_peer_resolve(out, did);
	return berth_resolve_next(r, did, out);
}

void berth_resolver_builtin_init(struct berth_resolver *r, struct berth_resolver *next)
{
	*r = (struct berth_resolver){ .resolve = builtin_resolve, .next = next };
}

/* ---- results ---- */

/* A DID whose method we know, and which is none of it. */
static bool is_malformed(const char *did)
{
	struct berth_webvh_did d;

	return is_builtin(did) || (has_prefix(did, BERTH_WEBVH_PREFIX) && berth_webvh_did_parse(&d, did));
}

const char *berth_resolution_error(enum berth_err rc, struct berth_resolver *r, const char *did)
{
	const char *error = NULL;

	for (; r && did && !error; r = r->next)
		error = r->error ? r->error(r, did) : NULL;
	if (error)
		return error;
	switch (rc) {
	case BERTH_E_DID:
		return did && berth_is_did(did) && !is_malformed(did) ? "methodNotSupported" : "invalidDid";
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

static enum berth_err fill_result(struct berth_json *o, enum berth_err rc, struct berth_resolver *r, const char *did,
				  const struct berth_did_doc *doc)
{
	const struct berth_json *json = rc || !doc ? NULL : berth_did_doc_json(doc);
	struct berth_json *meta;
	enum berth_err set;

	if (!rc && doc && !json)
		return BERTH_E_NOMEM;
	meta = berth_json_new_object();
	if (!json)
		set = berth_json_set_str(meta, "error", berth_resolution_error(rc, r, did));
	else
		set = berth_json_set_str(meta, "contentType", berth_did_doc_media_type(doc));
	if (set) {
		berth_json_free(meta);
		return set;
	}
	if ((set = berth_json_set(o, "didDocument", json ? berth_json_clone(json) : berth_json_new_null()))) {
		berth_json_free(meta);
		return set;
	}
	if ((set = berth_json_set(o, "didResolutionMetadata", meta)))
		return set;
	return berth_json_set(o, "didDocumentMetadata", berth_json_new_object());
}

struct berth_json *
berth_resolution_result(enum berth_err rc, struct berth_resolver *r, const char *did, const struct berth_did_doc *doc)
{
	struct berth_json *o = berth_json_new_object();

	if (fill_result(o, rc, r, did, doc) == BERTH_OK)
		return o;
	berth_json_free(o);
	return NULL;
}
