/* SPDX-License-Identifier: Apache-2.0 */
#include "did/did_params.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/buf.h"
#include "did/base/clock.h"
#include "did/base/hex.h"
#include "did/base/utf8.h"
#include "did/uri_ref.h"

/* Where the value of the parameter with this name of n bytes belongs; NULL: nowhere. */
static char **place_of(struct berth_did_params *p, const char *name, size_t n)
{
	const struct { const char *name; char **place; } known[] = {
		{ "service", &p->service }, { "serviceType", &p->service_type }, { "relativeRef", &p->relative_ref },
		{ "versionId", &p->version_id }, { "versionTime", &p->version_time },
		{ "versionNumber", &p->version_number },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strlen(known[i].name) == n && memcmp(known[i].name, name, n) == 0)
			return known[i].place;
	return NULL;
}

/* The syntax of the query has been checked: two hex digits follow each '%'. */
static void decode(struct berth_buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '%') {
			berth_buf_u8(out, (uint8_t)(berth_hex_digit(s[i + 1]) << 4 | berth_hex_digit(s[i + 2])));
			i += 2;
		} else {
			berth_buf_u8(out, (uint8_t)s[i]);
		}
	}
}

static bool is_text(const struct berth_buf *b)
{
	for (size_t i = 0; i < b->len; i++)
		if (b->p[i] < ' ' || b->p[i] == 0x7f)
			return false;
	return b->len > 0 && berth_utf8_valid((const char *)b->p, b->len);
}

static enum berth_err take_value(char **place, const char *s, size_t n)
{
	struct berth_buf value = BERTH_BUF_INIT;
	enum berth_err rc;

	if (*place)
		return berth_fail(BERTH_E_DID, "DID URL: a parameter twice");
	decode(&value, s, n);
	if ((rc = berth_buf_status(&value)) == BERTH_OK && !is_text(&value))
		rc = berth_fail(BERTH_E_DID, "DID URL: a parameter without a value that is text");
	if (!rc && !(*place = berth_buf_take_str(&value)))
		rc = berth_no_memory();
	berth_buf_free(&value);
	return rc;
}

/* One of the query's parts between '&'. */
static enum berth_err take_parameter(struct berth_did_params *p, const char *s, size_t n)
{
	const char *equals = memchr(s, '=', n);
	size_t name = equals ? (size_t)(equals - s) : n;
	char **place = place_of(p, s, name);

	if (!place) {
		p->others = true;
		return BERTH_OK;
	}
	return take_value(place, s + name + !!equals, n - name - !!equals);
}

/* "timestamps used in DID Resolution MUST be adjusted to UTC without sub-second decimal
 * precision" */
static enum berth_err check(const struct berth_did_params *p)
{
	int64_t s;

	if (p->version_time && (strlen(p->version_time) != BERTH_RFC3339_LEN ||
				p->version_time[BERTH_RFC3339_LEN - 1] != 'Z' ||
				berth_rfc3339_parse(&s, p->version_time)))
		return berth_fail(BERTH_E_DID, "DID URL: versionTime is not like 2026-11-23T13:50:00Z");
	if (p->relative_ref && !berth_uri_is_local_ref(p->relative_ref))
		return berth_fail(BERTH_E_DID, "DID URL: relativeRef is no reference within the endpoint");
	return BERTH_OK;
}

enum berth_err berth_did_params_parse(struct berth_did_params *out, const char *query)
{
	enum berth_err rc = BERTH_OK;

	memset(out, 0, sizeof(*out));
	while (query && *query && !rc) {
		size_t n = strcspn(query, "&");

		rc = take_parameter(out, query, n);
		query += n + (query[n] == '&');
	}
	if (rc || (rc = check(out)))
		berth_did_params_free(out);
	return rc;
}

void berth_did_params_free(struct berth_did_params *p)
{
	free(p->service);
	free(p->service_type);
	free(p->relative_ref);
	free(p->version_id);
	free(p->version_time);
	free(p->version_number);
	memset(p, 0, sizeof(*p));
}
