/* SPDX-License-Identifier: Apache-2.0 */
#include "site.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#define HTTPS "https://"
#define LINE_MAX_LEN 256

/* ---- configuration ---- */

void web_site_stop(void *self)
{
	struct web_site *w = self;

	if (w->tree >= 0)
		close(w->tree);
	free(w->publish_url);
	free(w->authorization_file);
	free(w);
}

/* NULL: fine */
static const char *set_option(struct web_site *w, const char *name, const char *value)
{
	if (strcmp(name, "publish-dir") == 0 && value[0] == '/') {
		w->tree = open(value, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		return w->tree >= 0 ? NULL : "publish-dir cannot be opened";
	}
	if (strcmp(name, "publish-url") == 0 && (strncmp(value, HTTPS, strlen(HTTPS)) == 0 || strcmp(value, "itself") == 0)) {
		w->publish_url = strdup(value);
		return w->publish_url && strlen(value) <= WEB_PUBLISH_URL_MAX ? NULL : "publish-url is too long";
	}
	if (strcmp(name, "authorization-file") == 0 && value[0] == '/') {
		w->authorization_file = strdup(value);
		return w->authorization_file ? NULL : "no memory";
	}
	return "takes publish-dir = PATH, or publish-url = https://... or itself and authorization-file = PATH, and nothing else";
}

static const char *configure(struct web_site *w, const cJSON *c)
{
	const char *bad = NULL;
	const cJSON *option;

	cJSON_ArrayForEach(option, c) {
		const char *value = cJSON_GetStringValue(option);

		if ((bad = value ? set_option(w, option->string, value) : "an option without a value"))
			return bad;
	}
	if (w->tree >= 0 && w->publish_url)
		return "publish-dir and publish-url exclude each other";
	return w->authorization_file && !w->publish_url ? "authorization-file is for publish-url" : NULL;
}

int web_site_start(const struct berth_registry_host *host, const char *config, void **self)
{
	cJSON *c = cJSON_Parse(config);
	struct web_site *w = calloc(1, sizeof(*w));
	const char *bad = "no memory";
	char line[LINE_MAX_LEN];

	if (w) {
		w->host = host;
		w->tree = -1;
		bad = configure(w, c);
	}
	cJSON_Delete(c);
	if (!bad) {
		*self = w;
		return 0;
	}
	snprintf(line, sizeof(line), "web: %s", bad);
	host->log(0, line);
	if (w)
		web_site_stop(w);
	return 1;
}

/* ---- servers ---- */

void web_site_target(char out[WEB_TARGET_MAX], const struct web_site *w, const char *url)
{
	if (strcmp(w->publish_url, "itself") == 0)
		snprintf(out, WEB_TARGET_MAX, "%s", url);
	else
		snprintf(out, WEB_TARGET_MAX, "%.*s/%s", WEB_PUBLISH_URL_MAX, w->publish_url, url + strlen(HTTPS));
}

bool web_site_secret(const struct web_site *w, char out[WEB_SECRET_MAX])
{
	int fd = w->authorization_file ? open(w->authorization_file, O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd >= 0 ? read(fd, out, WEB_SECRET_MAX - 1) : 0;

	if (fd >= 0)
		close(fd);
	out[n > 0 ? n : 0] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	return !w->authorization_file || out[0];
}

/* What is not shown to us is not there for us. */
int web_site_status(uint32_t code, bool publishing)
{
	if (code == 404 || code == 410 || (!publishing && (code == 401 || code == 403)))
		return BERTH_REGISTRY_NOT_FOUND;
	if (publishing && (code == 409 || code == 412))
		return BERTH_REGISTRY_CONFLICT;
	if (publishing && code == 413)
		return BERTH_REGISTRY_TOO_BIG;
	if (publishing && (code == 405 || code == 501))
		return BERTH_REGISTRY_UNSUPPORTED;
	return (code >= 300 && code < 400) || code == 401 || code == 403 ? BERTH_REGISTRY_REFUSED : BERTH_REGISTRY_UNAVAILABLE;
}

/* ---- answers ---- */

void web_site_say(const struct web_site *w, struct berth_registry_query *q, int status, const char *message)
{
	const struct berth_registry_answer a = { .size = sizeof(a), .status = status, .message = message };

	w->host->answer(q, &a);
}

void web_site_say_parts(const struct web_site *w, struct berth_registry_query *q, const struct berth_registry_part *parts, size_t n,
			uint32_t ttl_s)
{
	const struct berth_registry_answer a = { .size = sizeof(a), .parts = parts, .n_parts = n, .ttl_s = ttl_s };

	w->host->answer(q, &a);
}

void web_site_say_published(const struct web_site *w, struct berth_registry_query *q, const char *url)
{
	char receipt[WEB_URL_MAX + 32];
	int n = snprintf(receipt, sizeof(receipt), "{\"url\":\"%s\"}", url);
	const struct berth_registry_part part = { "receipt", (const uint8_t *)receipt, (size_t)n };

	web_site_say_parts(w, q, &part, 1, 0);
}
