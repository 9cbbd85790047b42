/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for logs and resources. */
#include "webvh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DID_WEBVH "did:webvh:"
#define ACCEPT_LOG "text/jsonl, application/jsonl, application/json;q=0.9, */*;q=0.1"
#define ACCEPT_WITNESS "application/json, */*;q=0.1"
#define SCID_LEN 46

/* ---- jobs ---- */

struct webvh_job *webvh_job_new(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	struct webvh_job *j = calloc(1, sizeof(*j));

	if (!j) {
		web_site_say(w, query, BERTH_REGISTRY_UNAVAILABLE, "webvh: no memory");
		return NULL;
	}
	j->w = w;
	j->q = q;
	j->query = query;
	return j;
}

void webvh_job_free(struct webvh_job *j)
{
	free(j->log);
	free(j);
}

void webvh_job_say(struct webvh_job *j, int status, const char *message)
{
	web_site_say(j->w, j->query, status, message);
	webvh_job_free(j);
}

bool webvh_job_failed(struct webvh_job *j, const struct berth_registry_http_reply *r, bool publishing)
{
	char message[WEBVH_MESSAGE_MAX];

	if (r->status != BERTH_REGISTRY_OK) {
		webvh_job_say(j, r->status == BERTH_REGISTRY_CANCELLED ? BERTH_REGISTRY_UNAVAILABLE : r->status, r->message);
		return true;
	}
	if (r->code == 200 || (publishing && (r->code == 201 || r->code == 204)))
		return false;
	snprintf(message, sizeof(message), "webvh: HTTP %u%s", r->code,
		 r->code >= 300 && r->code < 400 ? ", redirections are not followed" : "");
	webvh_job_say(j, web_site_status(r->code, publishing), message);
	return true;
}

void webvh_job_begin(struct webvh_job *j, const struct berth_registry_http *http, berth_registry_http_done *done)
{
	if (j->w->host->http(j->query, http, done, j))
		webvh_job_say(j, BERTH_REGISTRY_UNAVAILABLE, "webvh: no exchange can be begun");
}

/* ---- places ---- */

bool webvh_web_did(char out[WEB_URL_MAX + 1], const char *did)
{
	const char *scid = did + strlen(DID_WEBVH);

	if (strncmp(did, DID_WEBVH, strlen(DID_WEBVH)) != 0 || strcspn(scid, ":") != SCID_LEN || scid[SCID_LEN] != ':' ||
	    strlen(scid) > WEB_URL_MAX)
		return false;
	snprintf(out, WEB_URL_MAX + 1, "did:web:%s", scid + SCID_LEN + 1);
	for (char *c = out + strlen("did:web:"); *c && *c != ':' && *c != '%'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return true;
}

void webvh_url_of(char out[WEB_URL_MAX + 16], const char *url, const char *file)
{
	snprintf(out, WEB_URL_MAX + 16, "%.*s%s", (int)(strlen(url) - strlen("did.json")), url, file);
}

/* ---- resolving ---- */

/* It may be remembered as long as each of its pieces. */
static void note_age(struct webvh_job *j, const struct berth_registry_http_reply *r, bool first)
{
	if (first || r->max_age_s < j->ttl_s)
		j->ttl_s = r->max_age_s;
}

static void hand_on(struct webvh_job *j, const void *witness, size_t len)
{
	const struct berth_registry_part parts[] = {
		{ "did.jsonl", (const uint8_t *)j->log, j->log_len }, { "did-witness.json", witness, len },
	};

	web_site_say_parts(j->w, j->query, parts, witness ? 2 : 1, j->ttl_s);
	webvh_job_free(j);
}

/* Whether it is missed is for whoever verifies the log. */
static void on_witness(void *arg, const struct berth_registry_http_reply *r)
{
	struct webvh_job *j = arg;

	if (r->status == BERTH_REGISTRY_OK && (r->code == 404 || r->code == 410)) {
		hand_on(j, NULL, 0);
	} else if (!webvh_job_failed(j, r, false)) {
		note_age(j, r, false);
		hand_on(j, r->body_len ? r->body : NULL, r->body_len);
	}
}

/* A log that has witnesses says so; one that hides it has none, and is refused for it. */
static bool asks_for_witnesses(const struct webvh_job *j)
{
	return memmem(j->log, j->log_len, "\"witnesses\"", strlen("\"witnesses\"")) != NULL;
}

static void on_log(void *arg, const struct berth_registry_http_reply *r)
{
	struct webvh_job *j = arg;
	char url[WEB_URL_MAX + 16];
	struct berth_registry_http http = { .size = sizeof(http), .method = "GET", .url = url, .accept = ACCEPT_WITNESS };

	if (webvh_job_failed(j, r, false))
		return;
	if (r->body_len == 0 || !(j->log = malloc(r->body_len))) {
		webvh_job_say(j, BERTH_REGISTRY_UNAVAILABLE, "webvh: the server has nothing there");
		return;
	}
	memcpy(j->log, r->body, r->body_len);
	j->log_len = r->body_len;
	note_age(j, r, true);
	if (!asks_for_witnesses(j)) {
		hand_on(j, NULL, 0);
		return;
	}
	webvh_url_of(url, j->url, "did-witness.json");
	http.max_bytes = j->q->max_bytes - j->log_len;
	webvh_job_begin(j, &http, on_witness);
}

static void on_resource(void *arg, const struct berth_registry_http_reply *r)
{
	struct webvh_job *j = arg;
	size_t type_len = strlen(r->content_type);
	const struct berth_registry_part parts[] = {
		{ "resource", r->body, r->body_len }, { "contentType", (const uint8_t *)r->content_type, type_len },
	};
	bool room = type_len && type_len <= j->q->max_bytes - r->body_len;

	if (webvh_job_failed(j, r, false))
		return;
	web_site_say_parts(j->w, j->query, parts, room ? 2 : 1, r->max_age_s);
	webvh_job_free(j);
}

static void read_from(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	struct webvh_job *j = webvh_job_new(w, q, query);
	char web[WEB_URL_MAX + 1], url[WEB_URL_MAX + 16];
	struct berth_registry_http http = { .size = sizeof(http), .method = "GET", .url = url, .max_bytes = q->max_bytes };
	bool resource = q->op == BERTH_REGISTRY_FETCH;
	const char *why = "webvh: no did:webvh";
	int rc = BERTH_REGISTRY_INVALID;

	if (!j)
		return;
	if (webvh_web_did(web, q->did))
		rc = resource ? web_url_resource(j->url, web, q->resource ? q->resource : "", &why) : web_url_document(j->url, web, &why);
	if (rc) {
		webvh_job_say(j, rc, why);
		return;
	}
	if (resource) {
		snprintf(url, sizeof(url), "%s", j->url);
	} else {
		webvh_url_of(url, j->url, "did.jsonl");
		http.accept = ACCEPT_LOG;
	}
	webvh_job_begin(j, &http, resource ? on_resource : on_log);
}

/* All versions are in the log, so that it does not matter which is asked for. */
static void webvh_ask(void *self, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	const struct web_site *w = self;

	if (q->op == BERTH_REGISTRY_RESOLVE || q->op == BERTH_REGISTRY_FETCH)
		read_from(w, q, query);
	else
		webvh_publish(w, q, query);
}

static int webvh_start(const struct berth_registry_host *host, const char *config, void **self)
{
	return web_site_start("webvh", host, config, self);
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "webvh",
	.methods = "webvh",
	.operations = 1u << BERTH_REGISTRY_RESOLVE | 1u << BERTH_REGISTRY_CREATE | 1u << BERTH_REGISTRY_UPDATE |
		      1u << BERTH_REGISTRY_DEACTIVATE | 1u << BERTH_REGISTRY_FETCH,
	.start = webvh_start,
	.stop = web_site_stop,
	.ask = webvh_ask,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
