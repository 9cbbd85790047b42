/* SPDX-License-Identifier: Apache-2.0 */
/* Credentials, presentations and what is asked of them as attachments of an exchange, and
 * which format each of them is. */
#include <string.h>

#include "agent/protocol/exchange.h"
#include "didcomm/attachment.h"

static const struct kind {
	enum berth_vc_format f;
	const char *format[3];		/* by enum berth_attachment_kind */
	const char *media_type;
} kinds[] = {
	{ BERTH_FORMAT_DI, { "aries/ld-proof-vc-detail@v1.0", "aries/ld-proof-vc@v1.0",
			     "dif/presentation-exchange/submission@v1.0" }, "application/json" },
	{ BERTH_FORMAT_VC_JWT, { "urn:berth:vc+jwt-detail@v1.0", "urn:berth:vc+jwt@v1.0", "urn:berth:vp+jwt@v1.0" },
	  "application/vc+jwt" },
	{ BERTH_FORMAT_DC_SD_JWT, { "urn:berth:dc+sd-jwt-detail@v1.0", "urn:berth:dc+sd-jwt@v1.0",
				    "urn:berth:dc+sd-jwt+kb@v1.0" }, "application/dc+sd-jwt" },
	{ BERTH_FORMAT_VC_SD_JWT, { "urn:berth:vc+sd-jwt-detail@v1.0", "urn:berth:vc+sd-jwt@v1.0",
				    "urn:berth:vc+sd-jwt+kb@v1.0" }, "application/vc+sd-jwt" },
	{ BERTH_FORMAT_VC_JWT1, { "urn:berth:vc-jwt-detail@v1.0", "urn:berth:vc-jwt@v1.0", NULL }, "application/jwt" },
};
#define N_KINDS (sizeof(kinds) / sizeof(kinds[0]))

const char *berth_attachment_format(enum berth_vc_format f, enum berth_attachment_kind kind)
{
	for (size_t i = 0; i < N_KINDS; i++)
		if (kinds[i].f == f)
			return kinds[i].format[kind];
	return NULL;
}

/* 3.0 says it in the attachment, 2.0 in the body. */
static const char *format_of(const struct berth_message *m, const struct berth_json *attachment)
{
	const char *format = berth_json_str(berth_json_get(attachment, "format"));
	const char *id = berth_json_str(berth_json_get(attachment, "id"));

	berth_json_each(f, berth_json_get(m->body, "formats")) {
		const char *of = berth_json_str(berth_json_get(f, "attach_id"));

		if (!format && id && of && strcmp(of, id) == 0)
			format = berth_json_str(berth_json_get(f, "format"));
	}
	return format;
}

enum berth_err berth_exchange_read(const struct berth_message *m, enum berth_attachment_kind kind,
				   enum berth_vc_format *f, struct berth_buf *text)
{
	*f = BERTH_FORMAT_NONE;
	berth_json_each(a, m->attachments) {
		const char *format = format_of(m, a);

		for (size_t i = 0; format && i < N_KINDS; i++) {
			if (!kinds[i].format[kind] || strcmp(kinds[i].format[kind], format) != 0)
				continue;
			*f = kinds[i].f;
			return berth_attachment_read(a, text);
		}
	}
	return berth_fail(BERTH_E_TYPE, "no attachment of a format that we have");
}

enum berth_err berth_exchange_read_format(const struct berth_message *m, const char *format, struct berth_buf *text)
{
	berth_json_each(a, m->attachments)
		if (format_of(m, a) && strcmp(format_of(m, a), format) == 0)
			return berth_attachment_read(a, text);
	return berth_fail(BERTH_E_NOMATCH, "no attachment of format %s", format);
}

static const char *media_type_of(const char *format)
{
	for (size_t i = 0; i < N_KINDS; i++)
		for (int k = 0; k < 3; k++)
			if (kinds[i].format[k] && strcmp(kinds[i].format[k], format) == 0)
				return kinds[i].media_type;
	return "application/json";
}

/* body.formats: what 2.0 reads, and nobody minds in 3.0 */
static enum berth_err add_to_formats(struct berth_message *m, const char *id, const char *format)
{
	struct berth_json *body = berth_json_get_mut(m->json, "body"), *list, *entry;
	enum berth_err rc;

	if (!berth_json_get(body, "formats") && (rc = berth_json_set(body, "formats", berth_json_new_array())))
		return rc;
	list = berth_json_get_mut(body, "formats");
	entry = berth_json_new_object();
	if ((rc = berth_json_set_str(entry, "attach_id", id)) || (rc = berth_json_set_str(entry, "format", format))) {
		berth_json_free(entry);
		return rc;
	}
	return berth_json_push(list, entry);
}

enum berth_err berth_exchange_attach(struct berth_message *m, const char *id, const char *format, const char *text, size_t n)
{
	struct berth_json *json = NULL, *last;
	enum berth_err rc;

	if (n && text[0] == '{') {
		if ((rc = berth_json_parse_exact(&json, text, n, BERTH_VP_MAX)) ||
		    (rc = berth_message_attach_json(m, id, json)))
			return rc;
	} else if ((rc = berth_message_attach_bytes(m, id, media_type_of(format), text, n))) {
		return rc;
	}
	last = berth_json_first_mut(berth_json_get_mut(m->json, "attachments"));
	while (last && berth_json_next(last))
		last = berth_json_next_mut(last);
	if ((rc = berth_json_set_str(last, "format", format)))
		return rc;
	return add_to_formats(m, id, format);
}
