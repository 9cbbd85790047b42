/* SPDX-License-Identifier: Apache-2.0 */
#include "did/dereference.h"

#include <string.h>

#include "did/base/buf.h"
#include "did/did_params.h"
#include "did/uri_ref.h"
#include "did/url.h"
#include "did/webvh_path.h"

#define URI_LIST "text/uri-list"

/* One call. */
struct task {
	struct berth_did_url url;
	struct berth_did_params params;
	struct berth_did_doc *doc;
	const char *accept;
	struct berth_dereferenced *out;
};

static enum berth_err fail(struct task *t, enum berth_err rc, const char *error)
{
	t->out->error = error;
	return rc;
}

static enum berth_err not_found(struct task *t, const char *what)
{
	return fail(t, berth_fail(BERTH_E_RESOLVE, "%s", what), "notFound");
}

static enum berth_err give(struct task *t, struct berth_json *content, const char *type)
{
	if (!content)
		return fail(t, berth_no_memory(), "internalError");
	t->out->content = content;
	t->out->type = type;
	return BERTH_OK;
}

/* ---- objects of the document ---- */

/* Whether id, which may be relative, is the DID URL made of the document's DID and
 * what follows it. */
static bool is_id(const struct berth_did_doc *doc, const char *id, const char *rest)
{
	if (!id || !*id)
		return false;
	if (!strchr("/?#", *id)) {
		if (!berth_did_same(id, doc->id))
			return false;
		id += berth_did_len(id);
	}
	return strcmp(id, rest) == 0;
}

/* The first object below v with that id.  The JSON gate bounds the depth. */
static const struct berth_json *find_object(const struct berth_did_doc *doc, const struct berth_json *v, const char *rest)
{
	const struct berth_json *found = NULL;

	if (berth_json_is(v, BERTH_JSON_OBJECT) && is_id(doc, berth_json_str(berth_json_get(v, "id")), rest))
		return v;
	for (v = berth_json_first(v); v && !found; v = berth_json_next(v))
		found = find_object(doc, v, rest);
	return found;
}

static enum berth_err give_object(struct task *t, const char *rest)
{
	const struct berth_json *found = *rest ? find_object(t->doc, berth_did_doc_json(t->doc), rest) : NULL;

	if (!found)
		return not_found(t, "nothing in the document has that id");
	return give(t, berth_json_clone(found), berth_did_doc_media_type(t->doc));
}

/* The document, or what a fragment of it names. */
static enum berth_err give_document(struct task *t)
{
	struct berth_buf rest = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!t->url.fragment)
		return give(t, berth_json_clone(berth_did_doc_json(t->doc)), berth_did_doc_media_type(t->doc));
	berth_buf_printf(&rest, "#%s", t->url.fragment);
	rc = berth_buf_status(&rest);
	rc = rc ? fail(t, rc, "internalError") : give_object(t, t->url.fragment[0] ? berth_buf_cstr(&rest) : "");
	berth_buf_free(&rest);
	return rc;
}

/* ---- services ---- */

static bool has_type(const struct berth_json *service, const char *want)
{
	const struct berth_json *type = berth_json_get(service, "type");

	if (berth_json_str(type))
		return strcmp(berth_json_str(type), want) == 0;
	berth_json_each(t, type)
		if (berth_json_str(t) && strcmp(berth_json_str(t), want) == 0)
			return true;
	return false;
}

/* "If the id property or the service DID parameter or both contain relative references,
 * the corresponding absolute URIs MUST be resolved"; a bare name was a fragment in all
 * drafts before. */
static bool has_id(const struct berth_did_doc *doc, const char *id, const char *want)
{
	const char *hash;

	if (strcmp(id, want) == 0)
		return true;
	if (*want == '#' || berth_is_did_url(want))
		return *want == '#' ? is_id(doc, id, want) : berth_did_url_same(id, want);
	hash = strchr(id, '#');
	return hash && strcmp(hash + 1, want) == 0;
}

static bool is_selected(const struct task *t, const struct berth_service *s)
{
	return (!t->params.service || has_id(t->doc, s->id, t->params.service)) &&
	       (!t->params.service_type || has_type(s->json, t->params.service_type));
}

static enum berth_err put_url(struct task *t, struct berth_buf *list, const struct berth_json *endpoint)
{
	const char *s = berth_json_str(endpoint);
	enum berth_err rc;

	if (!s)		/* "If the value of the serviceEndpoint property ... is a map, skip" */
		return BERTH_OK;
	if (list->len > 0)
		berth_buf_str(list, "\r\n");
	if (!t->params.relative_ref)
		berth_buf_str(list, s);
	else if ((rc = berth_uri_resolve(list, s, t->params.relative_ref)))
		return fail(t, rc, "notFound");
	if (!t->url.fragment)
		return BERTH_OK;
	if (strchr(s, '#') || (t->params.relative_ref && strchr(t->params.relative_ref, '#')))
		return not_found(t, "the endpoint has a fragment already");
	berth_buf_printf(list, "#%s", t->url.fragment);
	return BERTH_OK;
}

static enum berth_err put_urls(struct task *t, struct berth_buf *list, const struct berth_json *endpoint)
{
	enum berth_err rc = BERTH_OK;

	if (!berth_json_is(endpoint, BERTH_JSON_ARRAY))
		return put_url(t, list, endpoint);
	for (const struct berth_json *e = berth_json_first(endpoint); e && !rc; e = berth_json_next(e))
		rc = put_url(t, list, e);
	return rc;
}

static enum berth_err give_urls(struct task *t)
{
	struct berth_buf list = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < t->doc->n_services && !rc; i++)
		if (is_selected(t, &t->doc->services[i]))
			rc = put_urls(t, &list, berth_json_get(t->doc->services[i].json, "serviceEndpoint"));
	if (!rc && (rc = berth_buf_status(&list)))
		rc = fail(t, rc, "internalError");
	if (!rc && list.len == 0)
		rc = not_found(t, "no such service with an endpoint that is a URI");
	if (!rc)
		rc = give(t, berth_json_new_str(berth_buf_cstr(&list)), URI_LIST);
	berth_buf_free(&list);
	return rc;
}

/* "Update the services in the resolved DID document to contain only the selected
 * services." */
static enum berth_err only_selected(struct task *t)
{
	struct berth_json *list = berth_json_new_array(), *json;
	struct berth_did_doc *doc;
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < t->doc->n_services && !rc; i++)
		if (is_selected(t, &t->doc->services[i]))
			rc = berth_json_push(list, berth_json_clone(t->doc->services[i].json));
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	json = berth_json_clone(berth_did_doc_json(t->doc));
	if ((rc = berth_json_set(json, "service", list))) {
		berth_json_free(json);
		return rc;
	}
	if ((rc = berth_did_doc_from_json(&doc, json, NULL)))
		return rc;
	berth_did_doc_free(t->doc);
	t->doc = doc;
	return BERTH_OK;
}

/* A path names what has it in its id, or with did:webvh what is at a service's place. */
static enum berth_err give_path(struct task *t)
{
	enum berth_err rc = give_object(t, t->url.text + strlen(t->url.did));
	struct berth_buf url = BERTH_BUF_INIT;

	if (rc != BERTH_E_RESOLVE || !t->url.path || t->params.others)
		return rc;
	if ((rc = berth_webvh_path(&url, t->doc, t->url.path)) == BERTH_OK) {
		if (t->url.fragment)
			berth_buf_printf(&url, "#%s", t->url.fragment);
		t->out->error = NULL;
		rc = give(t, berth_json_new_str(berth_buf_cstr(&url)), URI_LIST);
	} else {
		rc = fail(t, rc, rc == BERTH_E_DID ? "invalidDidUrl" : "notFound");
	}
	berth_buf_free(&url);
	return rc;
}

/* ---- the whole ---- */

static bool wants_urls(const struct task *t)
{
	return t->accept && strcmp(t->accept, URI_LIST) == 0;
}

static enum berth_err check_accept(struct task *t)
{
	static const char *const types[] = {
		"application/did", "application/did+json", "application/did+ld+json", URI_LIST,
	};

	for (size_t i = 0; t->accept && i < sizeof(types) / sizeof(types[0]); i++)
		if (strcmp(t->accept, types[i]) == 0)
			return BERTH_OK;
	return t->accept ? fail(t, berth_fail(BERTH_E_TYPE, "no representation is of type %.60s", t->accept),
				"representationNotSupported") : BERTH_OK;
}

static enum berth_err give_content(struct task *t)
{
	bool services = t->params.service || t->params.service_type;
	enum berth_err rc;

	if (!berth_did_doc_json(t->doc))
		return give(t, NULL, NULL);
	/* before anything else: documents may have methods with a path in their ids */
	if (t->url.path || t->params.others)
		return give_path(t);
	if (services && (!t->accept || wants_urls(t)))
		return give_urls(t);
	if (wants_urls(t))
		return fail(t, berth_fail(BERTH_E_TYPE, "a document is no " URI_LIST), "representationNotSupported");
	if (services && (rc = only_selected(t)))
		return fail(t, rc, "internalError");
	return give_document(t);
}

static enum berth_err run(struct task *t, struct berth_resolver *r, const char *did_url)
{
	struct berth_did_version version;
	enum berth_err rc;

	if ((rc = berth_did_url_parse(&t->url, did_url)) || (rc = berth_did_params_parse(&t->params, t->url.query)))
		return fail(t, rc, rc == BERTH_E_NOMEM ? "internalError" : "invalidDidUrl");
	if ((rc = check_accept(t)))
		return rc;
	version = (struct berth_did_version){ t->params.version_id, t->params.version_time, t->params.version_number };
	if ((rc = berth_resolve_version(r, t->url.did, &version, &t->doc)))
		return fail(t, rc, berth_resolution_error(rc, r, t->url.did));
	return give_content(t);
}

enum berth_err
berth_dereference(struct berth_dereferenced *out, struct berth_resolver *r, const char *did_url, const char *accept)
{
	struct task t = { .accept = accept, .out = out };
	enum berth_err rc;

	*out = (struct berth_dereferenced){ NULL, NULL, NULL };
	rc = run(&t, r, did_url);
	berth_did_url_free(&t.url);
	berth_did_params_free(&t.params);
	berth_did_doc_free(t.doc);
	return rc;
}

void berth_dereferenced_free(struct berth_dereferenced *d)
{
	berth_json_free(d->content);
	*d = (struct berth_dereferenced){ NULL, NULL, NULL };
}

struct berth_json *berth_dereferencing_result(const struct berth_dereferenced *d)
{
	struct berth_json *o = berth_json_new_object(), *meta = berth_json_new_object();
	enum berth_err rc;

	rc = d->error ? berth_json_set_str(meta, "error", d->error) : berth_json_set_str(meta, "contentType", d->type);
	if (rc) {
		berth_json_free(meta);
		goto out;
	}
	if ((rc = berth_json_set(o, "content", d->content ? berth_json_clone(d->content) : berth_json_new_null()))) {
		berth_json_free(meta);
		goto out;
	}
	if ((rc = berth_json_set(o, "dereferencingMetadata", meta)) == BERTH_OK)
		rc = berth_json_set(o, "contentMetadata", berth_json_new_object());
out:
	if (!rc)
		return o;
	berth_json_free(o);
	return NULL;
}
