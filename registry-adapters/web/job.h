/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ADAPTER_WEB_JOB_H
#define BERTH_ADAPTER_WEB_JOB_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/registry.h"
#include "site.h"
#include "url.h"

#define WEB_PUT_REPLY_MAX ((size_t)64 << 10)	/* nobody reads it */

/* A query until it is answered, one exchange after the other. */
struct web_job {
	const struct web_site *w;
	const struct berth_registry_request *q;
	struct berth_registry_query *query;
	char url[WEB_URL_MAX + 1];	/* of did.json, or of the resource */
	char *log;			/* webvh.c: copied */
	size_t log_len;
	unsigned ttl_s;
	int step;			/* webvh_publish.c */
};

/* NULL, and the query is answered, without memory. */
struct web_job *web_job_new(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query);
void web_job_free(struct web_job *j);
/* Answers and ends it. */
void web_job_say(struct web_job *j, int status, const char *message);
void web_job_say_parts(struct web_job *j, const struct berth_registry_part *parts, size_t n, uint32_t ttl_s);
/* Says what is wrong with a reply and ends the job, unless it is HTTP 200 (or, of PUT and DELETE,
 * 201 or 204). */
bool web_job_failed(struct web_job *j, const struct berth_registry_http_reply *r, bool publishing);
/* Begins an exchange, or answers that it could not. */
void web_job_begin(struct web_job *j, const struct berth_registry_http *http, berth_registry_http_done *done);
/* The same with what publishing needs to be let in. */
void web_job_begin_let_in(struct web_job *j, struct berth_registry_http *http, berth_registry_http_done *done);
/* Fetches what q->resource is of that did:web, and answers with it. */
void web_job_fetch(struct web_job *j, const char *did);

#endif
