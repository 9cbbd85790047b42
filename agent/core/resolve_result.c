/* SPDX-License-Identifier: Apache-2.0 */
/* Resolution results of W3C DID Resolution, with what is known beside the document. */
#include <string.h>

#include "agent/core/resolveclient.h"
#include "did/base/json.h"

/* A DID that was deactivated has no document, and that is no error of the resolution. */
static enum berth_err add_metadata(struct berth_json *result, const char *text)
{
	struct berth_json *meta = NULL;
	enum berth_err rc = berth_json_parse_object(&meta, text, strlen(text), BERTH_JSON_MAX);
	bool off = berth_json_bool(berth_json_get(meta, "deactivated"), false);

	if (rc || (rc = berth_json_set(result, "didDocumentMetadata", meta)))
		return rc;
	if (off && !berth_json_is(berth_json_get(result, "didDocument"), BERTH_JSON_OBJECT))
		rc = berth_json_set(result, "didResolutionMetadata", berth_json_new_object());
	return rc;
}

/* "cached", "stale", and "age" in seconds, which may not be known. */
static enum berth_err add_said(struct berth_json *result, const struct berth_resolve_said *s)
{
	struct berth_json *meta = berth_json_clone(berth_json_get(result, "didResolutionMetadata"));
	enum berth_err rc = berth_json_set_bool(meta, "cached", true);

	if (!rc && s->age_s >= 0)
		rc = berth_json_set_int(meta, "age", s->age_s);
	if (!rc && s->stale)
		rc = berth_json_set_bool(meta, "stale", true);
	return berth_json_set_made(result, "didResolutionMetadata", meta, rc);
}

/* DID Resolution's own words for these two. */
static enum berth_err add_problem(struct berth_json *result, const struct berth_resolve_said *s)
{
	bool invalid = strcmp(s->error, "invalidDid") == 0;
	struct berth_json *meta = berth_json_get_mut(result, "didResolutionMetadata"), *p = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(p, "type", invalid ? "https://www.w3.org/ns/did#INVALID_DID" : "https://www.w3.org/ns/did#NOT_FOUND")) ||
	    (rc = berth_json_set_str(p, "title", invalid ? "The DID is not valid." : "The DID was not found.")) ||
	    (rc = berth_json_set_str(p, "detail", s->why))) {
		berth_json_free(p);
		return rc;
	}
	return berth_json_set(meta, "problemDetails", p);
}

static bool is_problem(const struct berth_resolve_said *s)
{
	return s->error && s->why[0] && (strcmp(s->error, "invalidDid") == 0 || strcmp(s->error, "notFound") == 0);
}

struct berth_json *berth_resolveclient_result(struct berth_resolveclient *c, enum berth_err rc, struct berth_resolver *top,
					      const char *did, const struct berth_did_doc *doc)
{
	struct berth_json *v = berth_resolution_result(rc, top, did, doc);
	const char *meta = berth_resolveclient_metadata(c, did);
	struct berth_resolve_said s;
	enum berth_err set = v ? BERTH_OK : BERTH_E_NOMEM;

	berth_resolveclient_said(c, did, &s);
	if (!set && s.cached)
		set = add_said(v, &s);
	if (!set && rc && is_problem(&s))
		set = add_problem(v, &s);
	if (!set && meta)
		set = add_metadata(v, meta);
	if (!set)
		return v;
	berth_json_free(v);
	return NULL;
}
