/* SPDX-License-Identifier: Apache-2.0 */
#include "did/peer_service.h"

#include <stdio.h>
#include <string.h>

#include "did/codec/base64url.h"

#define SERVICE_MAX ((size_t)8 << 10)	/* bytes of JSON; the whole DID is shorter */

/* peer-did-method-spec, Common String Abbreviations: members first, and the one
 * value, which only stands for a type. */
static const struct { const char *full, *brief; } members[] = {
	{ "type", "t" }, { "serviceEndpoint", "s" }, { "routingKeys", "r" }, { "accept", "a" },
};
#define N_MEMBERS (sizeof(members) / sizeof(members[0]))
#define TYPE_FULL "DIDCommMessaging"
#define TYPE_BRIEF "dm"

static const char *rename_member(const char *key, bool expand)
{
	for (size_t i = 0; i < N_MEMBERS; i++)
		if (strcmp(key, expand ? members[i].brief : members[i].full) == 0)
			return expand ? members[i].full : members[i].brief;
	return key;
}

static const char *rename_type(const char *value, bool expand)
{
	if (strcmp(value, expand ? TYPE_BRIEF : TYPE_FULL) == 0)
		return expand ? TYPE_FULL : TYPE_BRIEF;
	return value;
}

static enum berth_err translate(struct berth_json **out, const struct berth_json *v, bool expand, bool is_type);

static enum berth_err translate_object(struct berth_json *into, const struct berth_json *v, bool expand)
{
	struct berth_json *value;
	enum berth_err rc;

	berth_json_each(m, v) {
		const char *key = rename_member(berth_json_key(m), expand);
		bool is_type = strcmp(rename_member(key, true), "type") == 0;

		if (berth_json_get(into, key))
			return berth_fail(BERTH_E_DID, "did:peer: a service has a member and its abbreviation");
		if ((rc = translate(&value, m, expand, is_type)) || (rc = berth_json_set(into, key, value)))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err translate_array(struct berth_json *into, const struct berth_json *v, bool expand, bool is_type)
{
	struct berth_json *value;
	enum berth_err rc;

	berth_json_each(e, v)
		if ((rc = translate(&value, e, expand, is_type)) || (rc = berth_json_push(into, value)))
			return rc;
	return BERTH_OK;
}

/* A copy with names replaced at every depth, which the JSON gate bounds. */
static enum berth_err translate(struct berth_json **out, const struct berth_json *v, bool expand, bool is_type)
{
	struct berth_json *copy;
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	if (berth_json_is(v, BERTH_JSON_OBJECT))
		copy = berth_json_new_object();
	else if (berth_json_is(v, BERTH_JSON_ARRAY))
		copy = berth_json_new_array();
	else if (is_type && berth_json_str(v))
		copy = berth_json_new_str(rename_type(berth_json_str(v), expand));
	else
		copy = berth_json_clone(v);
	if (!copy)
		return berth_no_memory();
	if (berth_json_is(v, BERTH_JSON_OBJECT))
		rc = translate_object(copy, v, expand);
	else if (berth_json_is(v, BERTH_JSON_ARRAY))
		rc = translate_array(copy, v, expand, is_type);
	if (rc)
		berth_json_free(copy);
	else
		*out = copy;
	return rc;
}

enum berth_err berth_peer_service_encode(struct berth_buf *did, const struct berth_json *service)
{
	const char *id = berth_json_str(berth_json_get(service, "id"));
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *brief;
	enum berth_err rc;

	if (!berth_json_is(service, BERTH_JSON_OBJECT) || (berth_json_get(service, "id") && !id) || (id && *id != '#'))
		return berth_fail(BERTH_E_DID, "did:peer: a service is an object with a relative id");
	if ((rc = translate(&brief, service, false, false)))
		return rc;
	if ((rc = berth_json_print(&text, brief)) == BERTH_OK) {
		berth_buf_str(did, ".S");
		berth_b64url_encode(did, text.p, text.len);
		rc = berth_buf_status(did);
	}
	berth_json_free(brief);
	berth_buf_free(&text);
	return rc;
}

enum berth_err berth_peer_service_name(struct berth_json *service, size_t *unnamed)
{
	char id[32] = "#service";

	if (berth_json_get(service, "id"))
		return BERTH_OK;
	if (*unnamed)
		snprintf(id, sizeof(id), "#service-%zu", *unnamed);
	(*unnamed)++;
	return berth_json_set_str(service, "id", id);
}

static enum berth_err push_service(struct berth_json *services, size_t *unnamed, const struct berth_json *brief)
{
	struct berth_json *s;
	enum berth_err rc;

	if (!berth_json_is(brief, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_DID, "did:peer: not a service");
	if ((rc = translate(&s, brief, true, false)))
		return rc;
	rc = berth_peer_service_name(s, unnamed);
	return berth_json_push_made(services, s, rc);
}

enum berth_err berth_peer_service_decode(struct berth_json *services, size_t *unnamed, const char *b64, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	enum berth_err rc;

	if ((rc = berth_b64url_decode(&text, b64, n)) ||
	    (rc = berth_json_parse(&v, berth_buf_cstr(&text), text.len, SERVICE_MAX)))
		rc = rc == BERTH_E_NOMEM ? rc : berth_fail(BERTH_E_DID, "did:peer: a service is not base64url of JSON");
	else if (!berth_json_is(v, BERTH_JSON_ARRAY))
		rc = push_service(services, unnamed, v);
	else	/* "The services MUST NOT be encoded as a JSON list", but once were */
		for (const struct berth_json *s = berth_json_first(v); s && !rc; s = berth_json_next(s))
			rc = push_service(services, unnamed, s);
	berth_json_free(v);
	berth_buf_free(&text);
	return rc;
}
