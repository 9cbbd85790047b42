/* SPDX-License-Identifier: Apache-2.0 */
/* did:web: a document on a web server, found by what the DID says.  It is worth as much
 * as the server's name and certificate; that its id is the DID the agent checks.  There
 * is no history, so a version that is asked for by name is never there. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "berth/registry.h"
#include "publish.h"
#include "site.h"
#include "url.h"

#define ACCEPT "application/did, application/did+ld+json, application/did+json, application/json;q=0.9"
#define MESSAGE_MAX 256
#define PUT_REPLY_MAX ((size_t)64 << 10)	/* nobody reads it */

/* One exchange, until it is answered */
struct job {
	const struct web_site *web;
	struct berth_registry_query *query;
	char url[WEB_URL_MAX + 1];	/* of the document */
	size_t max_bytes;		/* of the answer */
	bool publishing, resource;
};

/* ---- what servers answer ---- */

static bool is_done(const struct job *j, uint32_t code)
{
	return code == 200 || (j->publishing && (code == 201 || code == 204));
}

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

/* A type that has no room any more is left out. */
static void hand_on(const struct job *j, const struct berth_registry_http_reply *r)
{
	size_t type_len = strlen(r->content_type);
	const struct berth_registry_part parts[] = {
		{ j->resource ? "resource" : "didDocument", r->body, r->body_len },
		{ "contentType", (const uint8_t *)r->content_type, type_len },
	};

	if (r->body_len == 0)
		web_site_say(j->web, j->query, BERTH_REGISTRY_UNAVAILABLE, "web: the server has nothing there");
	else if (!j->resource && !is_document_type(r->content_type))
		web_site_say(j->web, j->query, BERTH_REGISTRY_NOT_FOUND, "web: what is there is no document, by its type");
	else
		web_site_say_parts(j->web, j->query, parts, j->resource && type_len && type_len <= j->max_bytes - r->body_len ? 2 : 1, r->max_age_s);
}

static void on_reply(void *arg, const struct berth_registry_http_reply *r)
{
	struct job *j = arg;
	char message[MESSAGE_MAX];

	if (r->status != BERTH_REGISTRY_OK) {
		web_site_say(j->web, j->query, r->status == BERTH_REGISTRY_CANCELLED ? BERTH_REGISTRY_UNAVAILABLE : r->status, r->message);
	} else if (!is_done(j, r->code)) {
		snprintf(message, sizeof(message), "web: HTTP %u%s", r->code,
			 r->code >= 300 && r->code < 400 ? ", redirections are not followed" : "");
		web_site_say(j->web, j->query, web_site_status(r->code, j->publishing), message);
	} else if (j->publishing) {
		web_site_say_published(j->web, j->query, j->url);
	} else {
		hand_on(j, r);
	}
	free(j);
}

/* Takes j over. */
static void begin(struct job *j, const struct berth_registry_http *http)
{
	if (j->web->host->http(j->query, http, on_reply, j) == 0)
		return;
	web_site_say(j->web, j->query, BERTH_REGISTRY_UNAVAILABLE, "web: no exchange can be begun");
	free(j);
}

static struct job *new_job(const struct web_site *w, struct berth_registry_query *query)
{
	struct job *j = calloc(1, sizeof(*j));

	if (!j) {
		web_site_say(w, query, BERTH_REGISTRY_UNAVAILABLE, "web: no memory");
		return NULL;
	}
	j->web = w;
	j->query = query;
	return j;
}

/* ---- asking ---- */

static void read_from(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	struct job *j = new_job(w, query);
	struct berth_registry_http http = { .size = sizeof(http), .method = "GET", .max_bytes = q->max_bytes };
	const char *why = "";
	int rc;

	if (!j)
		return;
	j->resource = q->op == BERTH_REGISTRY_FETCH;
	j->max_bytes = q->max_bytes;
	http.url = j->url;
	http.accept = j->resource ? NULL : ACCEPT;
	rc = j->resource ? web_url_resource(j->url, q->did, q->resource ? q->resource : "", &why) : web_url_document(j->url, q->did, &why);
	if (!rc) {
		begin(j, &http);
		return;
	}
	web_site_say(w, query, rc, why);
	free(j);
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
static void put_by_http(const struct web_site *w, const struct berth_registry_part *doc, struct berth_registry_query *query, const char *url)
{
	char target[WEB_TARGET_MAX], secret[WEB_SECRET_MAX];
	struct berth_registry_http http = { .size = sizeof(http), .method = "DELETE", .url = target, .max_bytes = PUT_REPLY_MAX };
	struct job *j;

	if (doc) {
		http.method = "PUT";
		http.content_type = "application/json";
		http.body = doc->p;
		http.body_len = doc->n;
	}
	web_site_target(target, w, url);
	if (!web_site_secret(w, secret)) {
		web_site_say(w, query, BERTH_REGISTRY_UNAVAILABLE, "web: authorization-file cannot be read");
	} else if ((j = new_job(w, query))) {
		j->publishing = true;
		snprintf(j->url, sizeof(j->url), "%s", url);
		http.authorization = secret[0] ? secret : NULL;
		begin(j, &http);
	}
	explicit_bzero(secret, sizeof(secret));
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
		put_by_http(w, doc, query, url);
}

static void web_ask(void *self, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	const struct web_site *w = self;

	if (q->op == BERTH_REGISTRY_RESOLVE && (q->version_id || q->version_time))
		web_site_say(w, query, BERTH_REGISTRY_UNSUPPORTED, "web: did:web keeps no versions");
	else if (q->op == BERTH_REGISTRY_RESOLVE || q->op == BERTH_REGISTRY_FETCH)
		read_from(w, q, query);
	else
		publish(w, q, query);
}

static int web_start(const struct berth_registry_host *host, const char *config, void **self)
{
	return web_site_start("web", host, config, self);
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "web",
	.methods = "web",
	.operations = 1u << BERTH_REGISTRY_RESOLVE | 1u << BERTH_REGISTRY_CREATE | 1u << BERTH_REGISTRY_UPDATE |
		      1u << BERTH_REGISTRY_DEACTIVATE | 1u << BERTH_REGISTRY_FETCH,
	.start = web_start,
	.stop = web_site_stop,
	.ask = web_ask,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
