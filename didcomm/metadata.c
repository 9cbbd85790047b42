/* SPDX-License-Identifier: Apache-2.0 */
#include "didcomm/unpack.h"

#include <stddef.h>

static enum berth_err set_null(struct berth_json *o, const char *key)
{
	struct berth_json *null = NULL;
	enum berth_err rc = berth_json_parse(&null, "null", 4, 4);

	return rc ? rc : berth_json_set(o, key, null);
}

static enum berth_err set_str(struct berth_json *o, const char *key, const char *s)
{
	return s ? berth_json_set_str(o, key, s) : set_null(o, key);
}

static enum berth_err set_tree(struct berth_json *o, const char *key, const struct berth_json *v)
{
	return v ? berth_json_set(o, key, berth_json_clone(v)) : set_null(o, key);
}

static enum berth_err set_expired(struct berth_json *o, const struct berth_message *m, int64_t now_s)
{
	if (now_s < 0)
		return set_null(o, "expired");
	return berth_json_set_bool(o, "expired", m->expires_time && m->expires_time <= now_s);
}

static enum berth_err fill(struct berth_json *o, const struct berth_unpacked *u, int64_t now_s)
{
	const struct { const char *key; bool v; } flags[] = {
		{ "encrypted", u->encrypted }, { "authenticated", u->authenticated },
		{ "non_repudiation", u->non_repudiation }, { "anonymous_sender", u->anonymous_sender },
		{ "re_wrapped_in_forward", u->re_wrapped_in_forward },
	};
	const struct { const char *key, *v; } texts[] = {
		{ "encrypted_from_kid", u->encrypted_from_kid }, { "encrypted_to_kid", u->encrypted_to_kid },
		{ "sign_from", u->sign_from }, { "enc_alg_auth", u->enc_alg_auth },
		{ "enc_alg_anon", u->enc_alg_anon }, { "sign_alg", u->sign_alg },
		{ "from_prior_issuer_kid", u->from_prior_issuer_kid },
	};
	enum berth_err rc;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if ((rc = berth_json_set_bool(o, flags[i].key, flags[i].v)))
			return rc;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if ((rc = set_str(o, texts[i].key, texts[i].v)))
			return rc;
	if ((rc = set_tree(o, "encrypted_to_kids", u->encrypted_to_kids)) ||
	    (rc = set_tree(o, "from_prior", u->from_prior)))
		return rc;
	return set_expired(o, &u->msg, now_s);
}

struct berth_json *berth_unpacked_metadata(const struct berth_unpacked *u, int64_t now_s)
{
	struct berth_json *o = berth_json_new_object();

	if (fill(o, u, now_s) == BERTH_OK)
		return o;
	berth_json_free(o);
	return NULL;
}
