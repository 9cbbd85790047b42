/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ADAPTER_WEBVH_H
#define BERTH_ADAPTER_WEBVH_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/registry.h"
#include "site.h"
#include "url.h"

/* did:webvh: a log on a web server, and beside it what witnesses say.  Nothing of it is
 * judged here.  A did:webvh is where the did:web without its SCID is, so the web adapter's
 * options, places and files serve this one too (site.h, url.h, publish.h). */
#define WEBVH_MESSAGE_MAX 256

/* A query until it is answered, one exchange after the other. */
struct webvh_job {
	const struct web_site *w;
	const struct berth_registry_request *q;
	struct berth_registry_query *query;
	char url[WEB_URL_MAX + 1];	/* of did.json: the other names take its place */
	char *log;			/* copied */
	size_t log_len;
	unsigned ttl_s;
	int step;			/* of publishing */
};

/* NULL, and the query is answered, without memory. */
struct webvh_job *webvh_job_new(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query);
void webvh_job_free(struct webvh_job *j);
/* Answers and ends it. */
void webvh_job_say(struct webvh_job *j, int status, const char *message);
/* Says what is wrong with a reply and ends the job, unless it is HTTP 200 (or, of PUT, 201
 * or 204). */
bool webvh_job_failed(struct webvh_job *j, const struct berth_registry_http_reply *r, bool publishing);
/* Begins an exchange, or answers that it could not. */
void webvh_job_begin(struct webvh_job *j, const struct berth_registry_http *http, berth_registry_http_done *done);

/* The did:web of the same place, which has its host in lower case; false: no did:webvh. */
bool webvh_web_did(char out[WEB_URL_MAX + 1], const char *did);
/* url, which ends in did.json, with that name instead. */
void webvh_url_of(char out[WEB_URL_MAX + 16], const char *url, const char *file);

/* ---- submit.c ---- */
void webvh_publish(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query);

#endif
