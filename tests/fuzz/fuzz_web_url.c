/* SPDX-License-Identifier: Apache-2.0 */
/* A did:web, a line feed, what is asked of it: where that is. */
#include "registry-adapters/web/url.c"

#include <stdint.h>

#include "did/codec/did_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Its segments are names: none empty, none of dots, nothing that ends or separates. */
static void check_segments(const char *path)
{
	for (size_t n; ; path += n + 1) {
		n = strcspn(path, "/");
		if (n == 0 || strspn(path, ".") >= n)
			abort();
		if (!path[n])
			return;
	}
}

static void check_url(const char *url, const char *end)
{
	if (strncmp(url, "https://", 8) != 0 || strlen(url) > WEB_URL_MAX || strcmp(url + strlen(url) - strlen(end), end) != 0)
		abort();
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c > '~' || strchr("\"<>\\^`{|}@?#", *c))
			abort();
	check_segments(url + 8);
}

static void check_place(const char *did)
{
	char url[WEB_URL_MAX + 1], file[WEB_URL_MAX + 1];
	const char *why = NULL;
	int rc = web_url_document(url, did, &why);

	if (rc != web_url_file(file, did, &why) || (rc && !why))
		abort();
	if (rc)
		return;
	if (!berth_is_did(did))
		abort();
	check_url(url, "/did.json");
	check_segments(file);
	if (strchr(file, '\\') || strlen(file) > WEB_URL_MAX)
		abort();
}

static void check_resource(const char *did, const char *resource)
{
	char url[WEB_URL_MAX + 1], document[WEB_URL_MAX + 1];
	const char *why = NULL;
	size_t host;

	if (web_url_resource(url, did, resource, &why))
		return;
	if (resource[0] != '/')		/* a URL, for the host to judge */
		return;
	if (web_url_document(document, did, &why))
		abort();
	host = 8 + strcspn(document + 8, "/");
	if (strncmp(url, document, host + 1) != 0 || strpbrk(url, "\r\n \\#"))
		abort();
	url[strcspn(url, "?")] = '\0';
	if (strstr(url, "/../") || strstr(url, "/./"))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = strndup((const char *)p, n), *resource;

	if (!text)
		return 0;
	resource = strchr(text, '\n');
	if (resource)
		*resource++ = '\0';
	check_place(text);
	if (resource)
		check_resource(text, resource);
	free(text);
	return 0;
}
