/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX 256

struct web_job *web_job_new(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	struct web_job *j = calloc(1, sizeof(*j));

	if (!j) {
		web_site_say(w, query, BERTH_REGISTRY_UNAVAILABLE, "web: no memory");
		return NULL;
	}
	j->w = w;
	j->q = q;
	j->query = query;
	return j;
}

void web_job_free(struct web_job *j)
{
	free(j->log);
	free(j);
}

void web_job_say(struct web_job *j, int status, const char *message)
{
	web_site_say(j->w, j->query, status, message);
	web_job_free(j);
}

void web_job_say_parts(struct web_job *j, const struct berth_registry_part *parts, size_t n, uint32_t ttl_s)
{
	web_site_say_parts(j->w, j->query, parts, n, ttl_s);
	web_job_free(j);
}

bool web_job_failed(struct web_job *j, const struct berth_registry_http_reply *r, bool publishing)
{
	char message[MESSAGE_MAX];

	if (r->status != BERTH_REGISTRY_OK) {
		web_job_say(j, r->status == BERTH_REGISTRY_CANCELLED ? BERTH_REGISTRY_UNAVAILABLE : r->status, r->message);
		return true;
	}
	if (r->code == 200 || (publishing && (r->code == 201 || r->code == 204)))
		return false;
	snprintf(message, sizeof(message), "web: HTTP %u%s", r->code,
		 r->code >= 300 && r->code < 400 ? ", redirections are not followed" : "");
	web_job_say(j, web_site_status(r->code, publishing), message);
	return true;
}

void web_job_begin(struct web_job *j, const struct berth_registry_http *http, berth_registry_http_done *done)
{
	if (j->w->host->http(j->query, http, done, j))
		web_job_say(j, BERTH_REGISTRY_UNAVAILABLE, "web: no exchange can be begun");
}

void web_job_begin_let_in(struct web_job *j, struct berth_registry_http *http, berth_registry_http_done *done)
{
	char secret[WEB_SECRET_MAX];

	if (!web_site_secret(j->w, secret)) {
		web_job_say(j, BERTH_REGISTRY_UNAVAILABLE, "web: authorization-file cannot be read");
	} else {
		http->authorization = secret[0] ? secret : NULL;
		web_job_begin(j, http, done);
	}
	explicit_bzero(secret, sizeof(secret));
}

/* A type that has no room any more is left out. */
static void on_resource(void *arg, const struct berth_registry_http_reply *r)
{
	struct web_job *j = arg;
	size_t type_len = strlen(r->content_type);
	const struct berth_registry_part parts[] = {
		{ "resource", r->body, r->body_len }, { "contentType", (const uint8_t *)r->content_type, type_len },
	};
	bool room = type_len && type_len <= j->q->max_bytes - r->body_len;

	if (web_job_failed(j, r, false))
		return;
	if (r->body_len)
		web_job_say_parts(j, parts, room ? 2 : 1, r->max_age_s);
	else
		web_job_say(j, BERTH_REGISTRY_UNAVAILABLE, "web: the server has nothing there");
}

void web_job_fetch(struct web_job *j, const char *did)
{
	const struct berth_registry_http http = { .size = sizeof(http), .method = "GET", .url = j->url, .max_bytes = j->q->max_bytes };
	const char *why = "";
	int rc = web_url_resource(j->url, did, j->q->resource ? j->q->resource : "", &why);

	if (rc)
		web_job_say(j, rc, why);
	else
		web_job_begin(j, &http, on_resource);
}
