/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTP interfaces of the DIF Universal Resolver and Registrar: somebody else's
 * machine says what a DID is.  Nothing it says can be checked, which is why the agent
 * takes no DID from here whose owner decides anything, unless it was told to. */
#include "universal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#define SECRET_MAX 4096

void uni_say(const struct uni *u, struct berth_registry_query *q, int status, const char *message)
{
	const struct berth_registry_answer a = { .size = sizeof(a), .status = status, .message = message };

	u->host->answer(q, &a);
}

void uni_say_parts(const struct uni *u, struct berth_registry_query *q, const struct berth_registry_part *parts, size_t n,
		   uint32_t ttl_s)
{
	const struct berth_registry_answer a = { .size = sizeof(a), .parts = parts, .n_parts = n, .ttl_s = ttl_s };

	u->host->answer(q, &a);
}

char *uni_authorization(const struct uni *u)
{
	int fd = u->authorization_file ? open(u->authorization_file, O_RDONLY | O_CLOEXEC) : -1;
	char *out = calloc(1, SECRET_MAX);
	ssize_t n = fd >= 0 && out ? read(fd, out, SECRET_MAX - 1) : 0;

	if (fd >= 0)
		close(fd);
	if (out) {
		out[n > 0 ? n : 0] = '\0';
		out[strcspn(out, "\r\n")] = '\0';
	}
	return out;
}

static void uni_ask(void *self, const struct berth_registry_request *r, struct berth_registry_query *q)
{
	const struct uni *u = self;

	if (r->op == BERTH_REGISTRY_RESOLVE || r->op == BERTH_REGISTRY_FETCH)
		uni_resolve(u, r, q);
	else
		uni_register(u, r, q);
}

/* ---- configuration ---- */

static void uni_stop(void *self)
{
	struct uni *u = self;

	for (size_t i = 0; i < UNI_ENDPOINTS_MAX; i++) {
		free(u->resolvers.url[i]);
		free(u->registrars.url[i]);
	}
	free(u->authorization_file);
	free(u);
}

/* URLs between spaces or commas; https, or http where the agent's policy names the host. */
static const char *set_list(struct uni_list *l, const char *value)
{
	while (*(value += strspn(value, " ,\t"))) {
		size_t n = strcspn(value, " ,\t"), len = n;

		if (l->n == UNI_ENDPOINTS_MAX || n > UNI_ENDPOINT_MAX)
			return "universal: more than 8 endpoints, or too long a one";
		if (strncmp(value, "https://", 8) != 0 && strncmp(value, "http://", 7) != 0)
			return "universal: an endpoint is an https URL";
		if (memchr(value, '?', n) || memchr(value, '#', n))
			return "universal: an endpoint has no query and no fragment";
		while (value[len - 1] == '/')
			len--;
		if (!(l->url[l->n++] = strndup(value, len)))
			return "universal: no memory";
		value += n;
	}
	return NULL;
}

static const char *set_option(struct uni *u, const char *name, const char *value)
{
	if (strcmp(name, "resolvers") == 0)
		return set_list(&u->resolvers, value);
	if (strcmp(name, "registrars") == 0)
		return set_list(&u->registrars, value);
	if (strcmp(name, "authorization-file") == 0 && value[0] == '/') {
		u->authorization_file = strdup(value);
		return u->authorization_file ? NULL : "universal: no memory";
	}
	return "universal: takes resolvers, registrars, authorization-file = PATH, and nothing else";
}

static const char *configure(struct uni *u, const cJSON *c)
{
	const char *bad = NULL;
	const cJSON *option;

	cJSON_ArrayForEach(option, c) {
		const char *value = cJSON_GetStringValue(option);

		if ((bad = value ? set_option(u, option->string, value) : "universal: an option without a value"))
			return bad;
	}
	return u->resolvers.n + u->registrars.n ? NULL : "universal: needs resolvers or registrars";
}

static int uni_start(const struct berth_registry_host *host, const char *config, void **self)
{
	cJSON *c = cJSON_Parse(config);
	struct uni *u = calloc(1, sizeof(*u));
	const char *bad = "universal: no memory";

	if (u) {
		u->host = host;
		bad = configure(u, c);
	}
	cJSON_Delete(c);
	if (bad) {
		host->log(0, bad);
		if (u)
			uni_stop(u);
		return 1;
	}
	*self = u;
	return 0;
}

static const struct berth_registry_adapter adapter = {
	.size = sizeof(adapter),
	.abi_major = BERTH_REGISTRY_ABI_MAJOR,
	.abi_minor = BERTH_REGISTRY_ABI_MINOR,
	.name = "universal",
	.methods = "*",
	.operations = 1u << BERTH_REGISTRY_RESOLVE | 1u << BERTH_REGISTRY_CREATE | 1u << BERTH_REGISTRY_UPDATE |
		      1u << BERTH_REGISTRY_DEACTIVATE | 1u << BERTH_REGISTRY_FETCH,
	.start = uni_start,
	.stop = uni_stop,
	.ask = uni_ask,
};

__attribute__((visibility("default")))
const struct berth_registry_adapter *berth_registry_adapter_v2(void)
{
	return &adapter;
}
