/* SPDX-License-Identifier: Apache-2.0 */
/* Which context a node is read with: JSON-LD 1.1 API 5.1.2, steps 7 to 11. */
#include <stdlib.h>
#include <string.h>

#include "vc/jsonld/expand.h"

#define TYPES_MAX 64	/* of one node */

const struct berth_json *berth_jsonld_value_of(const struct berth_jsonld_input *in, const struct berth_json *member)
{
	if (in && in->edited && !strcmp(berth_json_key(member), in->edited))
		return in->instead;
	return member;
}

enum berth_err berth_jsonld_use_scoped(struct berth_jsonld *ld, const struct berth_jsonld_ctx **ctx,
				       const struct berth_jsonld_property *p)
{
	const struct berth_jsonld_how how = { .may_override = true, .propagate = true };

	if (!p->def || !p->def->scoped)
		return BERTH_OK;
	return berth_jsonld_process(ld, ctx, *ctx, p->def->scoped, p->def->layer, how);
}

/* "the active context is not propagated", but for values and mere references */
static enum berth_err use_previous(struct berth_jsonld *ld, const struct berth_jsonld_ctx **ctx,
				   const struct berth_jsonld_property *p, const struct berth_json *object)
{
	enum berth_err rc;
	bool has;

	if (!(*ctx)->previous || p->from_map)
		return BERTH_OK;
	if ((rc = berth_jsonld_has(ld, &has, *ctx, object, KW_VALUE)) || has)
		return rc;
	if (berth_json_len(object) == 1 && ((rc = berth_jsonld_has(ld, &has, *ctx, object, KW_ID)) || has))
		return rc;
	*ctx = (*ctx)->previous;
	return BERTH_OK;
}

static enum berth_err use_own(struct berth_jsonld *ld, const struct berth_jsonld_ctx **ctx,
			      const struct berth_json *object, const struct berth_jsonld_input *in)
{
	const struct berth_jsonld_how how = { .may_override = false, .propagate = true };
	const struct berth_json *own = in && in->context ? in->context : berth_json_get(object, "@context");

	return own ? berth_jsonld_process(ld, ctx, *ctx, own, NULL, how) : BERTH_OK;
}

/* ---- types ---- */

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static enum berth_err list_types(const char **types, size_t *n, const struct berth_json *v)
{
	bool list = berth_json_is(v, BERTH_JSON_ARRAY);

	*n = 0;
	for (const struct berth_json *it = list ? berth_json_first(v) : v; it; it = list ? berth_json_next(it) : NULL) {
		if (!berth_json_str(it))
			return berth_fail(BERTH_E_VC, "JSON-LD: @type is not text");
		if (*n == TYPES_MAX)
			return berth_fail(BERTH_E_SIZE, "JSON-LD: more than %d types", TYPES_MAX);
		types[(*n)++] = berth_json_str(it);
	}
	qsort(types, *n, sizeof(*types), by_text);
	return BERTH_OK;
}

/* The contexts of the types, in their order by text.  Which they are was settled
 * before the first of them. */
static enum berth_err use_types(struct berth_jsonld *ld, const struct berth_jsonld_ctx **ctx,
				const struct berth_jsonld_ctx *type_ctx, const struct berth_json *v)
{
	const struct berth_jsonld_how how = { .may_override = false, .propagate = false };
	const struct berth_jsonld_def *def;
	const char *types[TYPES_MAX];
	enum berth_err rc;
	size_t n;

	if ((rc = list_types(types, &n, v)))
		return rc;
	for (size_t i = 0; i < n; i++) {
		def = berth_jsonld_find(type_ctx, types[i], strlen(types[i]));
		if (def && def->scoped && (rc = berth_jsonld_process(ld, ctx, *ctx, def->scoped, def->layer, how)))
			return rc;
	}
	return BERTH_OK;
}

static bool means_type(const struct berth_jsonld_ctx *ctx, const char *key)
{
	const struct berth_jsonld_def *def;

	if (*key == '@')
		return !strcmp(key, "@type");
	def = berth_jsonld_find(ctx, key, strlen(key));
	return def && def->keyword == KW_TYPE;
}

enum berth_err berth_jsonld_enter(struct berth_jsonld *ld, const struct berth_jsonld_ctx **ctx,
				  const struct berth_jsonld_ctx **type_ctx, const struct berth_jsonld_property *p,
				  const struct berth_json *object, const struct berth_jsonld_input *in)
{
	const struct berth_json *v;
	enum berth_err rc;

	if ((rc = use_previous(ld, ctx, p, object)) || (rc = berth_jsonld_use_scoped(ld, ctx, p)) ||
	    (rc = use_own(ld, ctx, object, in)))
		return rc;
	*type_ctx = *ctx;
	berth_json_each(m, object)
		if (means_type(*type_ctx, berth_json_key(m)) && (v = berth_jsonld_value_of(in, m)) &&
		    (rc = use_types(ld, ctx, *type_ctx, v)))
			return rc;
	return BERTH_OK;
}
