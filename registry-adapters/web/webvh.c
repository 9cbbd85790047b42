/* SPDX-License-Identifier: Apache-2.0 */
/* Asking for logs, and for resources beside them. */
#include "webvh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

#define DID_WEBVH "did:webvh:"
#define ACCEPT_LOG "text/jsonl, application/jsonl, application/json;q=0.9, */*;q=0.1"
#define ACCEPT_WITNESS "application/json, */*;q=0.1"
#define SCID_LEN 46

/* ---- places ---- */

bool webvh_is_did(const char *did) { return strncmp(did, DID_WEBVH, strlen(DID_WEBVH)) == 0; }

bool webvh_web_did(char out[WEB_URL_MAX + 1], const char *did)
{
	const char *scid = did + strlen(DID_WEBVH);

	if (!webvh_is_did(did) || strcspn(scid, ":") != SCID_LEN || scid[SCID_LEN] != ':' ||
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
static void note_age(struct web_job *j, const struct berth_registry_http_reply *r, bool first)
{
	if (first || r->max_age_s < j->ttl_s)
		j->ttl_s = r->max_age_s;
}

static void hand_on(struct web_job *j, const void *witness, size_t len)
{
	const struct berth_registry_part parts[] = {
		{ "did.jsonl", (const uint8_t *)j->log, j->log_len }, { "did-witness.json", witness, len },
	};

	web_job_say_parts(j, parts, witness ? 2 : 1, j->ttl_s);
}

/* Whether it is missed is for whoever verifies the log. */
static void on_witness(void *arg, const struct berth_registry_http_reply *r)
{
	struct web_job *j = arg;

	if (r->status == BERTH_REGISTRY_OK && (r->code == 404 || r->code == 410)) {
		hand_on(j, NULL, 0);
	} else if (!web_job_failed(j, r, false)) {
		note_age(j, r, false);
		hand_on(j, r->body_len ? r->body : NULL, r->body_len);
	}
}

/* A log that has witnesses says so; one that hides it has none, and is refused for it. */
static bool asks_for_witnesses(const struct web_job *j)
{
	return memmem(j->log, j->log_len, "\"witnesses\"", strlen("\"witnesses\"")) != NULL;
}

static void on_log(void *arg, const struct berth_registry_http_reply *r)
{
	struct web_job *j = arg;
	char url[WEB_URL_MAX + 16];
	struct berth_registry_http http = { .size = sizeof(http), .method = "GET", .url = url, .accept = ACCEPT_WITNESS };

	if (web_job_failed(j, r, false))
		return;
	if (r->body_len == 0 || !(j->log = malloc(r->body_len))) {
		web_job_say(j, BERTH_REGISTRY_UNAVAILABLE, "web: the server has nothing there");
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
	web_job_begin(j, &http, on_witness);
}

static void ask_for_log(struct web_job *j, const char *web)
{
	char url[WEB_URL_MAX + 16];
	const struct berth_registry_http http = { .size = sizeof(http), .method = "GET", .url = url, .accept = ACCEPT_LOG,
						  .max_bytes = j->q->max_bytes };
	const char *why = "";
	int rc = web_url_document(j->url, web, &why);

	if (rc) {
		web_job_say(j, rc, why);
		return;
	}
	webvh_url_of(url, j->url, "did.jsonl");
	web_job_begin(j, &http, on_log);
}

/* All versions are in the log, so that it does not matter which is asked for. */
static void read_from(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	struct web_job *j = web_job_new(w, q, query);
	char web[WEB_URL_MAX + 1];

	if (!j)
		return;
	if (!webvh_web_did(web, q->did))
		web_job_say(j, BERTH_REGISTRY_INVALID, "web: no did:webvh");
	else if (q->op == BERTH_REGISTRY_FETCH)
		web_job_fetch(j, web);
	else
		ask_for_log(j, web);
}

void webvh_ask(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query)
{
	if (q->op == BERTH_REGISTRY_RESOLVE || q->op == BERTH_REGISTRY_FETCH)
		read_from(w, q, query);
	else
		webvh_publish(w, q, query);
}
