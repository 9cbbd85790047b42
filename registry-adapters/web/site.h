/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ADAPTER_WEB_SITE_H
#define BERTH_ADAPTER_WEB_SITE_H

#include <stdbool.h>
#include <stdint.h>

#include "berth/registry.h"
#include "url.h"

/* What did:web and did:webvh share: the options, what the codes of servers mean, and answers. */
#define WEB_SECRET_MAX 4096
#define WEB_PUBLISH_URL_MAX 1024
#define WEB_TARGET_MAX (WEB_PUBLISH_URL_MAX + WEB_URL_MAX + 32)

struct web_site {
	const struct berth_registry_host *host;
	int tree;			/* publish-dir; -1: none */
	char *publish_url;		/* NULL: none; "itself": where it is read */
	char *authorization_file;	/* NULL: none */
};

/* start() and stop() of the adapter. */
int web_site_start(const struct berth_registry_host *host, const char *config, void **self);
void web_site_stop(void *self);

/* Where what is read at url is put. */
void web_site_target(char out[WEB_TARGET_MAX], const struct web_site *w, const char *url);
/* "Bearer ...": the first line of the file, read each time so that it can be renewed; ""
 * where there is to be none.  false: there is to be one and there is none. */
bool web_site_secret(const struct web_site *w, char out[WEB_SECRET_MAX]);

/* What an HTTP code means that is not success. */
int web_site_status(uint32_t code, bool publishing);

void web_site_say(const struct web_site *w, struct berth_registry_query *q, int status, const char *message);
void web_site_say_parts(const struct web_site *w, struct berth_registry_query *q, const struct berth_registry_part *parts, size_t n,
			uint32_t ttl_s);
void web_site_say_published(const struct web_site *w, struct berth_registry_query *q, const char *url);

#endif
