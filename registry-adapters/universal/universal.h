/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_ADAPTER_UNIVERSAL_H
#define BERTH_ADAPTER_UNIVERSAL_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/registry.h"

#define UNI_ENDPOINTS_MAX 8
#define UNI_URL_MAX 16384	/* an endpoint, and a DID URL with every octet encoded */
#define UNI_ENDPOINT_MAX 512
#define UNI_MESSAGE_MAX 256

struct uni_list {
	char *url[UNI_ENDPOINTS_MAX];	/* without a slash at the end */
	size_t n;
};

struct uni {
	const struct berth_registry_host *host;
	struct uni_list resolvers, registrars;
	char *authorization_file;	/* NULL: none */
};

/* Finish a query. */
void uni_say(const struct uni *u, struct berth_registry_query *q, int status, const char *message);
void uni_say_parts(const struct uni *u, struct berth_registry_query *q, const struct berth_registry_part *parts, size_t n,
		   uint32_t ttl_s);

/* What to send as Authorization: the first line of the file, "" without one; free(). */
char *uni_authorization(const struct uni *u);

/* resolve.c: RESOLVE and FETCH.  registrar.c: the others. */
void uni_resolve(const struct uni *u, const struct berth_registry_request *r, struct berth_registry_query *q);
void uni_register(const struct uni *u, const struct berth_registry_request *r, struct berth_registry_query *q);

/* json.c */
struct cJSON;
/* NULL: not JSON, or something behind it. */
struct cJSON *uni_parse(const uint8_t *p, size_t n);
/* Whether a private key is anywhere in it: a member that is named for one, or a JWK's d. */
bool uni_has_private_key(const struct cJSON *v);

#endif
