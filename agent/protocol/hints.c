/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/hints.h"

#include <stdlib.h>
#include <string.h>

static bool is_text(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((text[i] < ' ' || text[i] > '~') && text[i] != '\n' && text[i] != '\t')
			return false;
	return true;
}

/* A socket of this machine is nothing that a network may send us to. */
static bool is_of_a_network(const char *uri)
{
	static const char *const schemes[] = { "nng+tcp://", "nng+tls://", "https://", "http://", "wss://", "ws://" };

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		size_t n = strlen(schemes[i]);

		if (strncmp(uri, schemes[i], n) == 0 && uri[n])
			return true;
	}
	return false;
}

static enum berth_err add(struct berth_hints *h, char *line)
{
	char *at = line, *first = strtok_r(line, " \t", &at), *second = strtok_r(NULL, " \t", &at);
	const char *uri = second ? second : first;

	if (!first || first[0] == '#')
		return BERTH_OK;
	if (strtok_r(NULL, " \t", &at))
		return berth_fail(BERTH_E_TYPE, "hint %zu: more than DID and URI", h->n);
	if (second && strncmp(first, "did:", 4) != 0)
		return berth_fail(BERTH_E_DID, "hint %zu", h->n);
	if (h->n == BERTH_HINTS_MAX || strlen(uri) > BERTH_HINT_URI_MAX)
		return berth_fail(BERTH_E_SIZE, "hint %zu", h->n);
	if (!is_of_a_network(uri))
		return berth_fail(BERTH_E_NETPOL, "hint %zu: %.80s", h->n, uri);
	h->v[h->n++] = (struct berth_hint){ second ? first : NULL, uri };
	return BERTH_OK;
}

enum berth_err berth_hints_parse(struct berth_hints *out, const char *text, size_t len)
{
	enum berth_err rc = BERTH_OK;
	char *rest, *line;

	*out = (struct berth_hints){ 0 };
	if (len > BERTH_HINTS_TEXT_MAX)
		return berth_fail(BERTH_E_SIZE, "hints: more than %d octets", BERTH_HINTS_TEXT_MAX);
	if (!is_text(text, len))
		return berth_fail(BERTH_E_TYPE, "hints: not plain text");
	if (!(rest = out->text = strndup(text, len)))
		return berth_no_memory();
	while (!rc && (line = strsep(&rest, "\n")))
		rc = add(out, line);
	if (rc)
		berth_hints_free(out);
	return rc;
}

void berth_hints_free(struct berth_hints *h)
{
	free(h->text);
	*h = (struct berth_hints){ 0 };
}

bool berth_hint_is_for(const struct berth_hint *h, const char *did)
{
	return !h->did || strncmp(h->did, did, strlen(h->did)) == 0;
}
