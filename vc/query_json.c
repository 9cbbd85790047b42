/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to queries, as JSON. */
#include <stdio.h>
#include <string.h>

#include "vc/query_internal.h"

#define TEXT_MAX 4096

static enum berth_err push_take(struct berth_json *list, struct berth_json *o, enum berth_err rc)
{
	if (!rc)
		return berth_json_push(list, o);
	berth_json_free(o);
	return rc;
}

static enum berth_err set_claims(struct berth_json *o, const struct berth_answer_credential *c)
{
	struct berth_json *list = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < c->n_claims && !rc; i++)
		rc = berth_json_push_str(list, c->claims[i]);
	if (!rc)
		return berth_json_set(o, "claims", list);
	berth_json_free(list);
	return rc;
}

static enum berth_err push_credential(struct berth_json *list, const struct berth_answer_credential *c,
				      const struct berth_wallet *w)
{
	const struct berth_wallet_item *i = &w->items[c->index];
	struct berth_json *o = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_int(o, "credential", (int64_t)c->index)) ||
	    (i->name && (rc = berth_json_set_str(o, "name", i->name))) ||
	    (rc = berth_json_set_str(o, "format", berth_vc_format_name(i->format, false))) ||
	    (rc = berth_json_set_bool(o, "holderBinding", query_is_bindable(i))))
		return push_take(list, o, rc);
	return push_take(list, o, set_claims(o, c));
}

static enum berth_err push_item(struct berth_json *list, const struct berth_answer_item *a, const struct berth_wallet *w)
{
	struct berth_json *o = berth_json_new_object(), *credentials = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < a->n && !rc; i++)
		rc = push_credential(credentials, &a->credentials[i], w);
	if (rc || (rc = berth_json_set_str(o, "id", a->id)) || (rc = berth_json_set_bool(o, "optional", a->optional)) ||
	    (rc = berth_json_set_bool(o, "multiple", a->multiple))) {
		berth_json_free(credentials);
		return push_take(list, o, rc);
	}
	return push_take(list, o, berth_json_set(o, "credentials", credentials));
}

struct berth_json *berth_answer_json(const struct berth_answer *a, const struct berth_wallet *w)
{
	struct berth_json *o = berth_json_new_object(), *list = berth_json_new_array();
	enum berth_err rc = BERTH_OK;

	for (size_t i = 0; i < a->n && !rc; i++)
		rc = push_item(list, &a->items[i], w);
	rc = berth_json_set_made(o, "matches", list, rc);
	if (!rc)
		return o;
	berth_json_free(o);
	return NULL;
}

/* ---- presentation_submission ---- */

/* What Presentation Exchange calls our formats. */
static const char *designation(enum berth_vc_format f)
{
	static const char *const names[] = {
		[BERTH_FORMAT_NONE] = "", [BERTH_FORMAT_VC_JWT] = "jwt_vc", [BERTH_FORMAT_DI] = "ldp_vc",
		[BERTH_FORMAT_DC_SD_JWT] = "dc+sd-jwt", [BERTH_FORMAT_VC_SD_JWT] = "vc+sd-jwt",
		[BERTH_FORMAT_VC_JWT1] = "jwt_vc",
	};

	return names[f];
}

static enum berth_err push_mapping(struct berth_json *list, const struct berth_answer_item *a, const struct berth_wallet *w,
				   size_t place, bool alone)
{
	const struct berth_wallet_item *i = &w->items[a->credentials[0].index];
	struct berth_json *o = berth_json_new_object();
	char path[64] = "$";
	enum berth_err rc;

	if (!alone || !query_is_sd(i))
		snprintf(path, sizeof(path), "$.verifiableCredential[%zu]", place);
	if (!(rc = berth_json_set_str(o, "id", a->id)) && !(rc = berth_json_set_str(o, "format", designation(i->format))))
		rc = berth_json_set_str(o, "path", path);
	return push_take(list, o, rc);
}

enum berth_err berth_query_submission(struct berth_json **out, const struct berth_query *q, const struct berth_answer *a,
				      const struct berth_wallet *w, const char *id)
{
	struct berth_json *o = berth_json_new_object(), *map = berth_json_new_array();
	size_t n = 0, place = 0;
	enum berth_err rc = BERTH_OK;

	*out = NULL;
	for (size_t i = 0; i < a->n; i++)
		n += !a->items[i].optional;
	for (size_t i = 0; i < a->n && !rc; i++)
		if (!a->items[i].optional)
			rc = push_mapping(map, &a->items[i], w, place++, n == 1);
	if (!rc && !(rc = berth_json_set_str(o, "id", id)))
		rc = berth_json_set_str(o, "definition_id", q->id ? q->id : "");
	rc = berth_json_set_made(o, "descriptor_map", map, rc);
	if (rc)
		berth_json_free(o);
	else
		*out = o;
	return rc;
}
