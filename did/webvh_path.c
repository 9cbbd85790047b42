/* SPDX-License-Identifier: Apache-2.0 */
#include "did/webvh_path.h"

#include <string.h>
#include <strings.h>

#include "did/webvh_did.h"

/* A '.' at *s, written as it is or percent-encoded; *s moves on. */
static bool skip_dot(const char **s)
{
	size_t n = **s == '.' ? 1 : strncasecmp(*s, "%2e", 3) == 0 ? 3 : 0;

	*s += n;
	return n > 0;
}

/* "/a/../b" leads out of the folder. */
static bool stays(const char *path)
{
	for (const char *s = path; (s = strchr(s, '/'));) {
		size_t dots = 0;

		for (s++; skip_dot(&s); dots++)
			;
		if (dots > 0 && dots <= 2 && (*s == '/' || *s == '\0'))
			return false;
	}
	return true;
}

static const char *endpoint_of(const struct berth_did_doc *doc, const char *fragment)
{
	size_t n = strlen(doc->id);

	for (size_t i = 0; i < doc->n_services; i++)
		if (strncmp(doc->services[i].id, doc->id, n) == 0 && strcmp(doc->services[i].id + n, fragment) == 0)
			return berth_json_str(berth_json_get(doc->services[i].json, "serviceEndpoint"));
	return NULL;
}

enum berth_err berth_webvh_path(struct berth_buf *out, const struct berth_did_doc *doc, const char *path)
{
	bool whois = strcmp(path, "/whois") == 0;
	const char *endpoint = NULL;
	size_t n;

	if (strncmp(doc->id, BERTH_WEBVH_PREFIX, strlen(BERTH_WEBVH_PREFIX)) == 0)
		endpoint = endpoint_of(doc, whois ? "#whois" : "#files");
	if (!endpoint)
		return berth_fail(BERTH_E_RESOLVE, "a path, and no service for it");
	if (!stays(path))
		return berth_fail(BERTH_E_DID, "DID URL: a path with . or ..");
	n = strlen(endpoint);
	if (!whois && n > 0 && endpoint[n - 1] == '/')
		n--;
	berth_buf_put(out, endpoint, n);
	if (!whois)
		berth_buf_str(out, path);
	return berth_buf_status(out);
}
