/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ADAPTER_WEB_WEBVH_H
#define BERTH_ADAPTER_WEB_WEBVH_H

#include <stdbool.h>

#include "berth/registry.h"
#include "site.h"
#include "url.h"

/* did:webvh: a log on a web server, and beside it what witnesses say.  Nothing of it is
 * judged here.  A did:webvh is where the did:web without its SCID is, so the options, places
 * and files of that serve this one too (site.h, url.h, publish.h). */
bool webvh_is_did(const char *did);
void webvh_ask(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query);

/* The did:web of the same place, which has its host in lower case; false: no did:webvh. */
bool webvh_web_did(char out[WEB_URL_MAX + 1], const char *did);
/* url, which ends in did.json, with that name instead. */
void webvh_url_of(char out[WEB_URL_MAX + 16], const char *url, const char *file);

/* ---- webvh_publish.c ---- */
void webvh_publish(const struct web_site *w, const struct berth_registry_request *q, struct berth_registry_query *query);

#endif
