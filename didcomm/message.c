/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/message.h"

#include <string.h>

#include "did/base/rand.h"
#include "did/url.h"
#include "didcomm/attachment.h"
#include "didcomm/media.h"

#define DID_MAX BERTH_DID_URL_MAX
#define LANG_MAX 35	/* RFC 5646 4.4.1 */
#define RETURN_ROUTE_MAX 16
#define TYP_MAX 128

static enum berth_err req_text(const struct berth_json *o, const char *key, size_t max, const char **out)
{
	enum berth_err rc = berth_json_req_str(o, key, max, out);

	if (!rc && !**out)
		return berth_fail(BERTH_E_TYPE, "message: %s is empty", key);
	return rc;
}

static enum berth_err opt_text(const struct berth_json *o, const char *key, size_t max, const char **out)
{
	enum berth_err rc = berth_json_opt_str(o, key, max, out);

	if (!rc && *out && !**out)
		return berth_fail(BERTH_E_TYPE, "message: %s is empty", key);
	return rc;
}

/* SPEC message_structure: "a valid DID or DID URL (without the fragment
 * component)". */
static bool names_a_party(const char *text)
{
	return text && *text && strlen(text) <= DID_MAX && berth_did_len(text) > 0 && !strchr(text, '#');
}

static enum berth_err read_parties(struct berth_message *m)
{
	enum berth_err rc;

	if ((rc = opt_text(m->json, "from", DID_MAX, &m->from)) ||
	    (rc = berth_json_opt_arr(m->json, "to", BERTH_MESSAGE_TO_MAX, &m->to)))
		return rc;
	if (m->from && !names_a_party(m->from))
		return berth_fail(BERTH_E_TYPE, "message: from is not a DID");
	berth_json_each(to, m->to)
		if (!names_a_party(berth_json_str(to)))
			return berth_fail(BERTH_E_TYPE, "message: to has an entry that is not a DID");
	return BERTH_OK;
}

static enum berth_err read_times(struct berth_message *m)
{
	const int64_t max = ((int64_t)1 << 53) - 1;
	enum berth_err rc;

	if ((rc = berth_json_opt_int(m->json, "created_time", 0, max, &m->created_time)) ||
	    (rc = berth_json_opt_int(m->json, "expires_time", 1, max, &m->expires_time)))
		return rc;
	if (m->expires_time && m->expires_time < m->created_time)
		return berth_fail(BERTH_E_TYPE, "message: expires_time is before created_time");
	return BERTH_OK;
}

static enum berth_err read_typ(const struct berth_json *json)
{
	const char *typ = NULL;
	enum berth_err rc = berth_json_opt_str(json, "typ", TYP_MAX, &typ);

	if (!rc && typ && berth_media_parse(typ) != BERTH_MEDIA_IS_PLAIN)
		return berth_fail(BERTH_E_TYPE, "message: typ is not that of a plaintext message");
	return rc;
}

static enum berth_err read_return_route(struct berth_message *m)
{
	static const char *const known[] = { "none", "all", "thread" };
	enum berth_err rc = berth_json_opt_str(m->json, "return_route", RETURN_ROUTE_MAX, &m->return_route);

	if (rc || !m->return_route)
		return rc;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(m->return_route, known[i]) == 0)
			return BERTH_OK;
	return berth_fail(BERTH_E_TYPE, "message: return_route");
}

/* IANA's language tags (RFC 5646): letters, digits and hyphens. */
static bool is_language(const char *tag)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", more[] = "0123456789-";
	size_t n = tag ? strlen(tag) : 0;

	if (n == 0 || n > LANG_MAX || !strchr(letters, *tag))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!strchr(letters, tag[i]) && !strchr(more, tag[i]))
			return false;
	return true;
}

/* SPEC i18n: "an array of IANA's language codes, ranked from most to least preferred". */
static enum berth_err read_languages(struct berth_message *m)
{
	const struct berth_json *lang = berth_json_get(m->json, "lang");
	enum berth_err rc = berth_json_opt_arr(m->json, "accept-lang", BERTH_MESSAGE_LANGS_MAX, &m->accept_lang);

	if (rc)
		return rc;
	berth_json_each(tag, m->accept_lang)
		if (!is_language(berth_json_str(tag)))
			return berth_fail(BERTH_E_TYPE, "message: accept-lang has an entry that is no language");
	m->lang = berth_json_str(lang);
	return lang && !is_language(m->lang) ? berth_fail(BERTH_E_TYPE, "message: lang is no language") : BERTH_OK;
}

/* Ids of messages; of this one, please_ack may say "". */
static enum berth_err read_ids(const struct berth_json *o, const char *key, bool may_be_empty, const struct berth_json **out)
{
	enum berth_err rc = berth_json_opt_arr(o, key, BERTH_MESSAGE_ACKS_MAX, out);

	if (rc)
		return rc;
	berth_json_each(v, *out) {
		const char *id = berth_json_str(v);

		if (!id || strlen(id) > BERTH_MESSAGE_ID_MAX || (!*id && !may_be_empty))
			return berth_fail(BERTH_E_TYPE, "message: %s has an entry that is no id", key);
	}
	return BERTH_OK;
}

/* SPEC message_structure 2.1: body is optional; readers see an empty object. */
static enum berth_err read_body(struct berth_message *m)
{
	enum berth_err rc = berth_json_opt_obj(m->json, "body", &m->body);

	if (rc || m->body)
		return rc;
	if (!m->no_body && !(m->no_body = berth_json_new_object()))
		return berth_no_memory();
	m->body = m->no_body;
	return BERTH_OK;
}

static enum berth_err read_headers(struct berth_message *m)
{
	enum berth_err rc;

	if ((rc = req_text(m->json, "id", BERTH_MESSAGE_ID_MAX, &m->id)) ||
	    (rc = req_text(m->json, "type", BERTH_MESSAGE_TYPE_MAX, &m->type)) ||
	    (rc = read_typ(m->json)) || (rc = read_parties(m)) ||
	    (rc = opt_text(m->json, "thid", BERTH_MESSAGE_ID_MAX, &m->thid)) ||
	    (rc = opt_text(m->json, "pthid", BERTH_MESSAGE_ID_MAX, &m->pthid)) ||
	    (rc = read_times(m)) || (rc = read_body(m)) ||
	    (rc = berth_json_opt_arr(m->json, "attachments", BERTH_ATTACHMENTS_MAX, &m->attachments)) ||
	    (rc = berth_attachments_check(m->attachments)) ||
	    (rc = opt_text(m->json, "from_prior", BERTH_FROM_PRIOR_MAX, &m->from_prior)) ||
	    (rc = read_return_route(m)) || (rc = read_languages(m)) ||
	    (rc = read_ids(m->json, "please_ack", true, &m->please_ack)) ||
	    (rc = read_ids(m->json, "ack", false, &m->ack)))
		return rc;
	if (!m->thid)
		m->thid = m->id;
	return BERTH_OK;
}

/* The struct's pointers go into the tree: after each change they are read anew. */
static enum berth_err reread(struct berth_message *m)
{
	struct berth_json *json = m->json, *no_body = m->no_body;

	*m = (struct berth_message){ .json = json, .no_body = no_body };
	return read_headers(m);
}

enum berth_err berth_message_from_json(struct berth_message *out, struct berth_json *json)
{
	enum berth_err rc;

	*out = (struct berth_message){ .json = json };
	if (!json)
		return berth_no_memory();
	if (!berth_json_is(json, BERTH_JSON_OBJECT))
		rc = berth_fail(BERTH_E_TYPE, "message: not an object");
	else
		rc = read_headers(out);
	if (rc)
		berth_message_free(out);
	return rc;
}

enum berth_err berth_message_parse(struct berth_message *out, const char *p, size_t n)
{
	struct berth_json *json = NULL;
	enum berth_err rc;

	*out = (struct berth_message){ 0 };
	if ((rc = berth_json_parse_object(&json, p, n, BERTH_JSON_MAX)))
		return rc;
	return berth_message_from_json(out, json);
}

void berth_message_free(struct berth_message *m)
{
	if (!m)
		return;
	berth_json_free(m->json);
	berth_json_free(m->no_body);
	*m = (struct berth_message){ 0 };
}

static enum berth_err set_to(struct berth_json *json, const char *to)
{
	struct berth_json *arr;
	enum berth_err rc = berth_json_set_array(json, "to", &arr);

	return rc ? rc : berth_json_push_str(arr, to);
}

static enum berth_err fill(struct berth_json *json, const char *type, const char *from, const char *to,
			   const char *thid)
{
	char id[BERTH_UUID_LEN + 1];
	enum berth_err rc;

	berth_random_uuid(id);
	if ((rc = berth_json_set_str(json, "id", id)) ||
	    (rc = berth_json_set_str(json, "typ", BERTH_MEDIA_PLAIN)) ||
	    (rc = berth_json_set_str(json, "type", type)) ||
	    (from && (rc = berth_json_set_str(json, "from", from))) ||
	    (to && (rc = set_to(json, to))) ||
	    (thid && (rc = berth_json_set_str(json, "thid", thid))))
		return rc;
	return BERTH_OK;
}

enum berth_err berth_message_new(struct berth_message *out, const char *type, const char *from,
				 const char *to, const char *thid, struct berth_json *body)
{
	struct berth_json *json = berth_json_new_object();
	enum berth_err rc;

	*out = (struct berth_message){ 0 };
	if (!body)
		body = berth_json_new_object();
	if ((rc = fill(json, type, from, to, thid))) {
		berth_json_free(body);
		goto out;
	}
	if ((rc = berth_json_set(json, "body", body)))
		goto out;
	rc = berth_message_from_json(out, json);
	json = NULL;
out:
	berth_json_free(json);
	return rc;
}

enum berth_err berth_message_set(struct berth_message *m, const char *header, const char *value)
{
	enum berth_err rc = berth_json_set_str(m->json, header, value);

	return rc ? rc : reread(m);
}

enum berth_err berth_message_set_json(struct berth_message *m, const char *header, struct berth_json *take)
{
	enum berth_err rc = berth_json_set(m->json, header, take);

	return rc ? rc : reread(m);
}

enum berth_err berth_message_set_list(struct berth_message *m, const char *header, const char *const *values, size_t n)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = list ? BERTH_OK : berth_no_memory();

	for (size_t i = 0; !rc && i < n; i++)
		rc = berth_json_push_str(list, values[i]);
	if (rc) {
		berth_json_free(list);
		return rc;
	}
	return (rc = berth_json_set(m->json, header, list)) ? rc : reread(m);
}

enum berth_err berth_message_set_time(struct berth_message *m, const char *header, int64_t at_s)
{
	enum berth_err rc = berth_json_set_int(m->json, header, at_s);

	return rc ? rc : reread(m);
}

/* Takes attachment over. */
static enum berth_err attach(struct berth_message *m, struct berth_json *attachment)
{
	struct berth_json *list = berth_json_get_mut(m->json, "attachments");
	enum berth_err rc;

	if (!list && (rc = berth_json_set_array(m->json, "attachments", &list))) {
		berth_json_free(attachment);
		return rc;
	}
	if ((rc = berth_json_push(list, attachment)))
		return rc;
	return reread(m);
}

enum berth_err berth_message_attach_json(struct berth_message *m, const char *id, struct berth_json *take)
{
	struct berth_json *a = NULL;
	enum berth_err rc = berth_attachment_json(&a, id, take);

	return rc ? rc : attach(m, a);
}

enum berth_err berth_message_attach_bytes(struct berth_message *m, const char *id,
					  const char *media_type, const void *p, size_t n)
{
	struct berth_json *a = NULL;
	enum berth_err rc = berth_attachment_bytes(&a, id, media_type, p, n);

	return rc ? rc : attach(m, a);
}

/* NULL: none with that id. */
static const struct berth_json *find(const struct berth_message *m, const char *id)
{
	berth_json_each(a, m->attachments) {
		const char *name = berth_json_str(berth_json_get(a, "id"));

		if (name && strcmp(name, id) == 0)
			return a;
	}
	(void)berth_fail(BERTH_E_TYPE, "attachment: none with that id");
	return NULL;
}

enum berth_err berth_message_attachment(const struct berth_message *m, const char *id, struct berth_buf *out)
{
	const struct berth_json *a = find(m, id);

	return a ? berth_attachment_read(a, out) : BERTH_E_TYPE;
}

bool berth_message_attachment_is_signed(const struct berth_message *m, const char *id)
{
	return berth_json_get(berth_json_get(find(m, id), "data"), "jws") != NULL;
}

enum berth_err berth_message_attachment_signer(const struct berth_message *m, const char *id,
					       struct berth_resolver *resolver, char **kid)
{
	const struct berth_json *a = find(m, id);

	*kid = NULL;
	return a ? berth_attachment_signer(a, resolver, kid) : BERTH_E_TYPE;
}
