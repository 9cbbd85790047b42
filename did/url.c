/* SPDX-License-Identifier: Apache-2.0 */
#include "did/url.h"

#include <stdlib.h>
#include <string.h>

/* Copies the n bytes at s; *bad is set without memory. */
static char *copy(const char *s, size_t n, bool *bad)
{
	char *p = strndup(s, n);

	if (!p)
		*bad = true;
	return p;
}

/* The text is known to be a DID URL whose DID has n bytes. */
static enum berth_err split(struct berth_did_url *u, const char *text, size_t n)
{
	const char *rest = text + n;
	size_t method = strcspn(text + 4, ":"), len;
	bool bad = false;

	memcpy(u->method, text + 4, method);
	u->text = copy(text, strlen(text), &bad);
	u->did = copy(text, n, &bad);
	u->id = u->did ? u->did + 5 + method : NULL;
	if ((len = strcspn(rest, "?#")) > 0)
		u->path = copy(rest, len, &bad);
	rest += len;
	if (*rest == '?') {
		len = strcspn(++rest, "#");
		u->query = copy(rest, len, &bad);
		rest += len;
	}
	if (*rest == '#')
		u->fragment = copy(rest + 1, strlen(rest + 1), &bad);
	return bad ? berth_no_memory() : BERTH_OK;
}

enum berth_err berth_did_url_parse(struct berth_did_url *out, const char *text)
{
	enum berth_err rc;

	memset(out, 0, sizeof(*out));
	if (strnlen(text, BERTH_DID_URL_MAX + 1) > BERTH_DID_URL_MAX)
		return berth_fail(BERTH_E_SIZE, "DID URL of more than %d bytes", BERTH_DID_URL_MAX);
	if (!berth_is_did_url(text))
		return berth_fail(BERTH_E_DID, "not a DID URL: %.40s", text);
	if ((rc = split(out, text, berth_did_len(text))))
		berth_did_url_free(out);
	return rc;
}

void berth_did_url_free(struct berth_did_url *u)
{
	if (!u)
		return;
	free(u->text);
	free(u->did);
	free(u->path);
	free(u->query);
	free(u->fragment);
	memset(u, 0, sizeof(*u));
}
