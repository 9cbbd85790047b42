/* SPDX-License-Identifier: Apache-2.0 */
/* What is on web servers: did:webvh (webvh.c), and did:web, a document found by what the DID
 * says.  That is worth as much as the server's name and certificate; that its id is the DID
 * the agent checks.  There is no history, so a version that is asked for by name is never there. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "berth/registry.h"
#include "job.h"
#include "publish.h"
#include "webvh.h"

#define ACCEPT "application/did, application/did+ld+json, application/did+json, application/json;q=0.9"

/* ---- what servers answer ---- */

/* A page for people is no document, whatever is in it.  Servers that know nothing of
 * types say none, or one of the two that mean nothing. */
static bool is_document_type(const char *type)
{
	static const char *const fine[] = { "", "application/json", "application/did", "text/json", "text/plain",
					    "application/octet-stream" };
	size_t n = strcspn(type, "; \t");

	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++)
		if (strlen(fine[i]) == n && strncasecmp(type, fine[i], n) == 0)
			return true;
	return n > 5 && strncasecmp(type + n - 5, "+json", 5) == 0;
}

static void on_document(void *arg, const struct berth_registry_http_reply *r)
{
	struct web_job *j = arg;
	const struct berth_registry_part document = { "didDocument", r->body, r->body_len };

	if (web_job_failed(j, r, false))
		return;
	if (r->body_len == 0)
		web_job_say(j, BERTH_REGISTRY_UNAVAILABLE, "web: the server has nothing there");
	else if (!is_document_type(r->content_type))
		web_job_say(j, BERTH_REGISTRY_NOT_FOUND, "web: what is there is no document, by its type");
	else
		web_job_say_parts(j, &document, 1, r->max_age_s);
}

static void on_put(void *arg, const struct berth_registry_http_reply *r)
{
	struct web_job *j = arg;

	if (web_job_failed(j, r, true))
		return;
	web_site_say_published(j->w, j->query, j->url);
	web_job_free(j);
}

/* ---- asking ---- */

static void ask_for_document(struct web_job *j)
{
	const struct berth_registry_http http = { .size = sizeof(http), .method = "GET", .url = j->url, .accept = ACCEPT,
						  .max_bytes = j->q->max_bytes };
	const char *why = "";
	int rc = web_url_document(j->url, j->q->did, &why);

	if (rc)
		web_job_say(j, rc, why);
	else
		web_job_begin(j, &http, on_document);
}

static void read_from(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	struct web_job *j = web_job_new(w, q, query);

	if (!j)
		return;
	if (q->op == BERTH_REGISTRY_FETCH)
		web_job_fetch(j, q->did);
	else
		ask_for_document(j);
}

/* ---- publishing ---- */

/* The didDocument among the parts whose id is the DID; NULL: none, or of another. */
static const struct berth_registry_part *document_of(const struct berth_registry_request *q)
{
	for (size_t i = 0; i < q->n_parts; i++) {
		const struct berth_registry_part *p = &q->parts[i];
		cJSON *doc = strcmp(p->name, "didDocument") == 0 ? cJSON_ParseWithLength((const char *)p->p, p->n) : NULL;
		const char *id = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(doc, "id"));
		bool same = id && strcmp(id, q->did) == 0;

		cJSON_Delete(doc);
		if (same)
			return p;
	}
	return NULL;
}

/* doc: NULL: what is there is removed. */
static void put_by_http(const struct web_site *w, const struct berth_registry_request *q, const struct berth_registry_part *doc,
			struct berth_registry_query *query, const char *url)
{
	char target[WEB_TARGET_MAX];
	struct berth_registry_http http = { .size = sizeof(http), .method = "DELETE", .url = target, .max_bytes = WEB_PUT_REPLY_MAX };
	struct web_job *j = web_job_new(w, q, query);

	if (!j)
		return;
	if (doc) {
		http.method = "PUT";
		http.content_type = "application/json";
		http.body = doc->p;
		http.body_len = doc->n;
	}
	snprintf(j->url, sizeof(j->url), "%s", url);
	web_site_target(target, w, url);
	web_job_begin_let_in(j, &http, on_put);
}

static void put_in_tree(const struct web_site *w, const struct berth_registry_request *q, const struct berth_registry_part *doc,
			struct berth_registry_query *query, const char *url, const char *file)
{
	const char *why = "";
	int rc = doc ? web_publish_write(w->tree, file, q->op == BERTH_REGISTRY_CREATE ? WEB_CREATE : WEB_REPLACE, doc->p, doc->n, &why)
		     : web_publish_remove(w->tree, file, &why);

	if (rc)
		web_site_say(w, query, rc, why);
	else
		web_site_say_published(w, query, url);
}

/* To deactivate is to take the document away, or to put one there that says so. */
static void publish(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	const struct berth_registry_part *doc = document_of(q);
	char url[WEB_URL_MAX + 1], file[WEB_URL_MAX + 1];
	const char *why = "";
	int rc;

	if (q->phase != BERTH_REGISTRY_SUBMIT)
		web_site_say(w, query, BERTH_REGISTRY_UNSUPPORTED, "web: a document is complete, so there is only SUBMIT");
	else if ((rc = web_url_document(url, q->did, &why)) || (rc = web_url_file(file, q->did, &why)))
		web_site_say(w, query, rc, why);
	else if (!doc && (q->n_parts > 0 || q->op != BERTH_REGISTRY_DEACTIVATE))
		web_site_say(w, query, BERTH_REGISTRY_INVALID, "web: no document with that id is given");
	else if (w->tree >= 0)
		put_in_tree(w, q, doc, query, url, file);
	else if (!w->publish_url)
		web_site_say(w, query, BERTH_REGISTRY_UNSUPPORTED, "web: neither publish-dir nor publish-url is configured");
	else
		put_by_http(w, q, doc, query, url);
}

static void web_ask(void *self, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	const struct web_site *w = self;

	if (webvh_is_did(q->did))
		webvh_ask(w, q, query);
	else if (q->op == BERTH_REGISTRY_RESOLVE && (q->version_id || q->version_time))
		web_site_say(w, query, BERTH_REGISTRY_UNSUPPORTED, "web: did:web keeps no versions");
	else if (q->op == BERTH_REGISTRY_RESOLVE || q->op == BERTH_REGISTRY_FETCH)
		read_from(w, q, query);
	else
		publish(w, q, query);
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "web",
	.methods = "web webvh",
	.operations = 1u << BERTH_REGISTRY_RESOLVE | 1u << BERTH_REGISTRY_CREATE | 1u << BERTH_REGISTRY_UPDATE |
		      1u << BERTH_REGISTRY_DEACTIVATE | 1u << BERTH_REGISTRY_FETCH,
	.start = web_site_start,
	.stop = web_site_stop,
	.ask = web_ask,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
