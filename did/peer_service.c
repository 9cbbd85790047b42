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

static struct berth_json *translate(const struct berth_json *v, bool expand, bool is_type);

static struct berth_json *translate_object(const struct berth_json *v, bool expand)
{
	struct berth_json *out = berth_json_new_object();

	berth_json_each(m, v) {
		const char *key = rename_member(berth_json_key(m), expand);

		/* "t" and "type" in one object are one member twice */
		if (berth_json_get(out, key) ||
		    berth_json_set(out, key, translate(m, expand, strcmp(rename_member(key, true), "type") == 0))) {
			berth_json_free(out);
			return NULL;
		}
	}
	return out;
}

/* A copy with names replaced at every depth; NULL without memory, or when two
 * members would get one name.  Depth is bounded by the JSON gate. */
static struct berth_json *translate(const struct berth_json *v, bool expand, bool is_type)
{
	struct berth_json *out;

	if (berth_json_is(v, BERTH_JSON_OBJECT))
		return translate_object(v, expand);
	if (is_type && berth_json_str(v))
		return berth_json_new_str(rename_type(berth_json_str(v), expand));
	if (!berth_json_is(v, BERTH_JSON_ARRAY))
		return berth_json_clone(v);
	out = berth_json_new_array();
	berth_json_each(e, v)
		if (berth_json_push(out, translate(e, expand, is_type))) {
			berth_json_free(out);
			return NULL;
		}
	return out;
}

enum berth_err berth_peer_service_encode(struct berth_buf *did, const struct berth_json *service)
{
	const char *id = berth_json_str(berth_json_get(service, "id"));
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *brief;
	enum berth_err rc;

	if (!berth_json_is(service, BERTH_JSON_OBJECT) || (berth_json_get(service, "id") && !id) || (id && *id != '#'))
		return berth_fail(BERTH_E_DID, "did:peer: a service is an object with a relative id");
	if (!(brief = translate(service, false, false)))
		return berth_fail(BERTH_E_DID, "did:peer: a service has a member and its abbreviation");
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

	if (!berth_json_is(brief, BERTH_JSON_OBJECT) || !(s = translate(brief, true, false)))
		return berth_fail(BERTH_E_DID, "did:peer: not a service");
	if ((rc = berth_peer_service_name(s, unnamed))) {
		berth_json_free(s);
		return rc;
	}
	return berth_json_push(services, s);
}

enum berth_err berth_peer_service_decode(struct berth_json *services, size_t *unnamed, const char *b64, size_t n)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_json *v = NULL;
	enum berth_err rc = BERTH_OK;

	if (berth_b64url_decode(&text, b64, n) ||
	    berth_json_parse(&v, berth_buf_cstr(&text), text.len, SERVICE_MAX))
		rc = berth_fail(BERTH_E_DID, "did:peer: a service is not base64url of JSON");
	else if (!berth_json_is(v, BERTH_JSON_ARRAY))
		rc = push_service(services, unnamed, v);
	else	/* "The services MUST NOT be encoded as a JSON list", but once were */
		for (const struct berth_json *s = berth_json_first(v); s && !rc; s = berth_json_next(s))
			rc = push_service(services, unnamed, s);
	berth_json_free(v);
	berth_buf_free(&text);
	return rc;
}
