/* SPDX-License-Identifier: Apache-2.0 */
#include "did/webvh_params.h"

#include <string.h>

#include "did/webvh_hash.h"

#define TTL_MAX (INT64_C(1) << 31)
#define DID_KEY "did:key:"

static enum berth_err bad(const char *name)
{
	return berth_fail(BERTH_E_RESOLVE, "did:webvh: parameter %s", name);
}

static bool is_null(const struct berth_json *v)
{
	return berth_json_is(v, BERTH_JSON_NULL);
}

/* Early writers said null for what is "[]" or "{}" now, and are to be understood. */
static const struct berth_json *given(const struct berth_json *said, const char *name)
{
	const struct berth_json *v = berth_json_get(said, name);

	return is_null(v) || berth_json_len(v) == 0 ? NULL : v;
}

/* ---- what may be said ---- */

static bool is_set_of_texts(const struct berth_json *v, size_t max)
{
	if (!v || is_null(v))
		return true;
	if (!berth_json_is(v, BERTH_JSON_ARRAY) || berth_json_len(v) > max)
		return false;
	berth_json_each(a, v) {
		const char *s = berth_json_str(a);

		if (!s || !*s || strlen(s) > BERTH_WEBVH_TEXT_MAX)
			return false;
		for (const struct berth_json *b = berth_json_first(v); b != a; b = berth_json_next(b))
			if (!strcmp(berth_json_str(b), s))
				return false;
	}
	return true;
}

const char *berth_webvh_witness_key(const struct berth_json *witness)
{
	const char *id = berth_json_str(berth_json_get(witness, "id"));

	if (!id)
		return NULL;
	if (!strncmp(id, DID_KEY, strlen(DID_KEY)))
		id += strlen(DID_KEY);
	return id[0] == 'z' && strlen(id) <= BERTH_WEBVH_TEXT_MAX && !strpbrk(id, ":#?/") ? id : NULL;
}

/* "threshold MUST be between 1 and the number of items in the witnesses array",
 * "MUST be unique within the array" */
static bool is_witness(const struct berth_json *v)
{
	const struct berth_json *list = berth_json_get(v, "witnesses");
	int64_t threshold;

	if (!v || is_null(v))
		return true;
	if (!berth_json_is(v, BERTH_JSON_OBJECT))
		return false;
	if (berth_json_len(v) == 0)
		return true;
	if (!berth_json_is(list, BERTH_JSON_ARRAY) || berth_json_len(list) > BERTH_WEBVH_WITNESSES_MAX ||
	    berth_json_req_int(v, "threshold", 1, (int64_t)berth_json_len(list), &threshold))
		return false;
	berth_json_each(a, list) {
		const char *key = berth_webvh_witness_key(a);

		if (!key)
			return false;
		for (const struct berth_json *b = berth_json_first(list); b != a; b = berth_json_next(b))
			if (!strcmp(berth_webvh_witness_key(b), key))
				return false;
	}
	return true;
}

static bool is_bool(const struct berth_json *said, const char *name)
{
	const struct berth_json *v = berth_json_get(said, name);

	return !v || berth_json_is(v, BERTH_JSON_BOOL);
}

static bool is_ttl(const struct berth_json *said)
{
	int64_t ttl = 0;

	return is_null(berth_json_get(said, "ttl")) || !berth_json_opt_int(said, "ttl", 0, TTL_MAX, &ttl);
}

static enum berth_err check_types(const struct berth_json *said)
{
	static const char *const names[] = { "method", "scid", "updateKeys", "nextKeyHashes", "witness", "watchers",
					     "portable", "deactivated", "ttl" };

	berth_json_each(m, said) {
		size_t i = 0;

		while (i < sizeof(names) / sizeof(names[0]) && strcmp(names[i], berth_json_key(m)) != 0)
			i++;
		if (i == sizeof(names) / sizeof(names[0]))
			return berth_fail(BERTH_E_RESOLVE, "did:webvh: unknown parameter %.40s", berth_json_key(m));
	}
	if (!is_set_of_texts(berth_json_get(said, "updateKeys"), BERTH_WEBVH_KEYS_MAX))
		return bad("updateKeys");
	if (!is_set_of_texts(berth_json_get(said, "nextKeyHashes"), BERTH_WEBVH_KEYS_MAX))
		return bad("nextKeyHashes");
	if (!is_set_of_texts(berth_json_get(said, "watchers"), BERTH_WEBVH_WATCHERS_MAX))
		return bad("watchers");
	if (!is_witness(berth_json_get(said, "witness")))
		return bad("witness");
	if (!is_bool(said, "portable") || !is_bool(said, "deactivated"))
		return bad("portable or deactivated");
	return is_ttl(said) ? BERTH_OK : bad("ttl");
}

/* method and scid are said once; a later entry may repeat the method there is. */
static enum berth_err check_first(const struct berth_json *said, bool first)
{
	const struct berth_json *method = berth_json_get(said, "method"), *scid = berth_json_get(said, "scid");

	if ((first || method) && (!berth_json_str(method) || strcmp(berth_json_str(method), BERTH_WEBVH_METHOD) != 0))
		return bad("method: only " BERTH_WEBVH_METHOD " is known");
	if (first ? !berth_json_str(scid) || !berth_webvh_is_hash(berth_json_str(scid)) : scid != NULL)
		return bad("scid");
	if (first && !given(said, "updateKeys"))
		return bad("updateKeys: none in the first entry");
	/* "Can ONLY be set to true in the first entry" */
	if (!first && berth_json_bool(berth_json_get(said, "portable"), false))
		return bad("portable: true in a later entry");
	return BERTH_OK;
}

/* While pre-rotation is active both lists must be there, and all keys have been
 * promised (C108). */
static enum berth_err check_prerotation(const struct berth_webvh_params *p, const struct berth_json *said)
{
	const struct berth_json *keys = given(said, "updateKeys");
	struct berth_buf hash = BERTH_BUF_INIT;
	enum berth_err rc = BERTH_OK;

	if (!keys || !berth_json_get(said, "nextKeyHashes"))
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: pre-rotation is active, and updateKeys or nextKeyHashes missing");
	for (const struct berth_json *k = berth_json_first(keys); k && !rc; k = berth_json_next(k)) {
		berth_buf_reset(&hash);
		if (!(rc = berth_webvh_key_hash(&hash, berth_json_str(k))) &&
		    !berth_json_says(p->next_key_hashes, berth_buf_cstr(&hash)))
			rc = berth_fail(BERTH_E_RESOLVE, "did:webvh: an update key that was not promised");
	}
	berth_buf_free(&hash);
	return rc;
}

enum berth_err berth_webvh_params_check(const struct berth_webvh_params *p, const struct berth_json *said, bool first)
{
	enum berth_err rc;

	if (p->deactivated)
		return berth_fail(BERTH_E_RESOLVE, "did:webvh: an entry after the DID was deactivated");
	if ((rc = check_types(said)) || (rc = check_first(said, first)))
		return rc;
	return p->next_key_hashes ? check_prerotation(p, said) : BERTH_OK;
}

const struct berth_json *
berth_webvh_params_signers(const struct berth_webvh_params *p, const struct berth_json *said, bool first)
{
	return first || p->next_key_hashes ? given(said, "updateKeys") : p->update_keys;
}

/* "If the witness property is updated from {}, the change is immediately active"; a list
 * that replaces another is after the entry that brings it. */
const struct berth_json *
berth_webvh_params_witness(const struct berth_webvh_params *p, const struct berth_json *said)
{
	return p->witness ? p->witness : given(said, "witness");
}

/* ---- what is in force ---- */

static enum berth_err keep(struct berth_json **place, const struct berth_json *said, const char *name)
{
	const struct berth_json *v = given(said, name);
	struct berth_json *copy = NULL;

	if (!berth_json_get(said, name) || (v && *place && berth_json_equal(v, *place)))
		return BERTH_OK;
	if (v && !(copy = berth_json_clone(v)))
		return berth_no_memory();
	berth_json_free(*place);
	*place = copy;
	return BERTH_OK;
}

enum berth_err berth_webvh_params_apply(struct berth_webvh_params *p, const struct berth_json *said, bool first)
{
	int64_t ttl = first || is_null(berth_json_get(said, "ttl")) ? BERTH_WEBVH_TTL_S : p->ttl_s;
	enum berth_err rc;

	if ((rc = keep(&p->update_keys, said, "updateKeys")) ||
	    (rc = keep(&p->next_key_hashes, said, "nextKeyHashes")) ||
	    (rc = keep(&p->witness, said, "witness")) || (rc = keep(&p->watchers, said, "watchers")))
		return rc;
	if (first)
		memcpy(p->scid, berth_json_str(berth_json_get(said, "scid")), sizeof(p->scid));
	p->portable = berth_json_bool(berth_json_get(said, "portable"), p->portable);
	p->deactivated = berth_json_bool(berth_json_get(said, "deactivated"), false);
	if (!is_null(berth_json_get(said, "ttl")) && (rc = berth_json_opt_int(said, "ttl", 0, TTL_MAX, &ttl)))
		return rc;
	p->ttl_s = (uint32_t)ttl;
	return BERTH_OK;
}

void berth_webvh_params_free(struct berth_webvh_params *p)
{
	berth_json_free(p->update_keys);
	berth_json_free(p->next_key_hashes);
	berth_json_free(p->witness);
	berth_json_free(p->watchers);
	memset(p, 0, sizeof(*p));
}

enum berth_err berth_webvh_key_hash(struct berth_buf *out, const char *multikey)
{
	return berth_webvh_hash(out, multikey, strlen(multikey));
}
