/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-LD 1.1 API 4.1, Context Processing. */
#include "vc/jsonld/context.h"

#include <string.h>

const struct berth_jsonld_ctx berth_jsonld_nothing;

const struct berth_jsonld_def *berth_jsonld_find(const struct berth_jsonld_ctx *ctx, const char *term, size_t n)
{
	uint32_t hash = berth_jsonld_hash(term, n);
	const struct berth_jsonld_def *def;

	for (; ctx; ctx = ctx->below)
		if (ctx->layer && (def = berth_jsonld_layer_find(ctx->layer, term, n, hash)))
			return def;
	return NULL;
}

/* ---- layers upon one another ---- */

/* Whether a layer that was read by itself fits here as it is: what is protected keeps
 * its meaning, and stays protected. */
static bool fits(const struct berth_jsonld_ctx *active, const struct berth_jsonld_layer *layer)
{
	for (size_t i = 0; active->has_protected && i < layer->n; i++) {
		const struct berth_jsonld_def *def = &layer->defs[i], *old;

		old = berth_jsonld_find(active, def->term, strlen(def->term));
		if (old && old->is_protected && (!def->is_protected || !berth_jsonld_same_def(old, def)))
			return false;
	}
	return true;
}

static enum berth_err push(struct berth_jsonld *ld, const struct berth_jsonld_ctx **out,
			   const struct berth_jsonld_ctx *active, const struct berth_jsonld_layer *layer)
{
	struct berth_jsonld_ctx *ctx;

	if (active->depth == BERTH_JSONLD_CONTEXTS_MAX)
		return berth_fail(BERTH_E_SIZE, "more than %d contexts upon one another", BERTH_JSONLD_CONTEXTS_MAX);
	if (!(ctx = berth_arena_take(ld->arena, sizeof(*ctx))))
		return BERTH_E_NOMEM;
	*ctx = *active;
	ctx->below = active;
	ctx->layer = layer;
	ctx->depth++;
	if (layer->has_vocab)
		ctx->vocab = layer->vocab;
	if (layer->has_lang)
		ctx->lang = layer->lang;
	if (layer->has_dir)
		ctx->dir = layer->dir;
	ctx->has_protected |= layer->has_protected;
	*out = ctx;
	return BERTH_OK;
}

/* ---- local contexts ---- */

static enum berth_err process_object(struct berth_jsonld *ld, const struct berth_jsonld_ctx **out,
				     const struct berth_jsonld_ctx *active, const struct berth_json *local,
				     const struct berth_jsonld_layer *layer, struct berth_jsonld_how *how)
{
	struct berth_jsonld_layer *own;
	enum berth_err rc;

	if (!layer || (!how->may_override && !fits(active, layer))) {
		if ((rc = berth_jsonld_read_layer(ld, &own, active, local, how->may_override)))
			return rc;
		layer = own;
	}
	if (layer->has_propagate)
		how->propagate = layer->propagate;
	return push(ld, out, active, layer);
}

static enum berth_err process_url(struct berth_jsonld *ld, const struct berth_jsonld_ctx **out,
				  const struct berth_jsonld_ctx *active, const char *url)
{
	const struct berth_jsonld_layer *layer;
	enum berth_err rc = berth_jsonld_built_in_layer(&layer, url);

	if (rc)
		return rc;
	if (!layer)
		return berth_fail(BERTH_E_VC, "@context: %.200s is not a built-in context, and none is fetched", url);
	if (!fits(active, layer))
		return berth_fail(BERTH_E_VC, "@context: %.200s defines a protected term otherwise", url);
	return push(ld, out, active, layer);
}

/* null takes everything away, but for what is protected */
static enum berth_err process_null(const struct berth_jsonld_ctx **out, const struct berth_jsonld_ctx *active,
				   const struct berth_jsonld_how *how)
{
	if (!how->may_override && active->has_protected)
		return berth_fail(BERTH_E_VC, "@context: null, and there are protected terms");
	*out = &berth_jsonld_nothing;
	return BERTH_OK;
}

static enum berth_err process_one(struct berth_jsonld *ld, const struct berth_jsonld_ctx **out,
				  const struct berth_jsonld_ctx *active, const struct berth_json *local,
				  const struct berth_jsonld_layer *layer, struct berth_jsonld_how *how)
{
	switch (berth_json_kind(local)) {
	case BERTH_JSON_NULL: return process_null(out, active, how);
	case BERTH_JSON_STRING: return process_url(ld, out, active, berth_json_str(local));
	case BERTH_JSON_OBJECT: return process_object(ld, out, active, local, layer, how);
	default: return berth_fail(BERTH_E_VC, "@context: neither a URL nor an object");
	}
}

static enum berth_err process_all(struct berth_jsonld *ld, const struct berth_jsonld_ctx **out,
				  const struct berth_jsonld_ctx *active, const struct berth_json *local,
				  const struct berth_jsonld_layer *layer, struct berth_jsonld_how *how)
{
	struct berth_jsonld_how each = *how;
	enum berth_err rc;

	if (!berth_json_is(local, BERTH_JSON_ARRAY))
		return process_one(ld, out, active, local, layer, how);
	*out = active;
	berth_json_each(it, local)
		if ((rc = process_one(ld, out, *out, it, NULL, &each)))
			return rc;
	return BERTH_OK;
}

/* What does not propagate ends with the node: then the context before comes back. */
static enum berth_err remember(struct berth_jsonld *ld, const struct berth_jsonld_ctx **out,
			       const struct berth_jsonld_ctx *active)
{
	struct berth_jsonld_ctx *ctx;

	if ((*out)->previous)
		return BERTH_OK;
	if (!(ctx = berth_arena_take(ld->arena, sizeof(*ctx))))
		return BERTH_E_NOMEM;
	*ctx = **out;
	ctx->previous = active;
	*out = ctx;
	return BERTH_OK;
}

/* ---- those made before ---- */

static const struct berth_jsonld_made **bucket(struct berth_jsonld *ld, const struct berth_jsonld_ctx *from,
					       const struct berth_json *local)
{
	uintptr_t mixed = (uintptr_t)from / sizeof(*from) + (uintptr_t)local / 16;

	return &ld->made[mixed % BERTH_JSONLD_BUCKETS];
}

static const struct berth_jsonld_ctx *made_before(const struct berth_jsonld_made *m, const struct berth_jsonld_ctx *from,
						  const struct berth_json *local, struct berth_jsonld_how how)
{
	for (; m; m = m->next)
		if (m->from == from && m->local == local && m->how.may_override == how.may_override &&
		    m->how.propagate == how.propagate)
			return m->made;
	return NULL;
}

static enum berth_err keep(struct berth_jsonld *ld, const struct berth_jsonld_made *m)
{
	const struct berth_jsonld_made **at = bucket(ld, m->from, m->local);
	struct berth_jsonld_made *kept = berth_arena_take(ld->arena, sizeof(*kept));

	if (!kept)
		return BERTH_E_NOMEM;
	*kept = *m;
	kept->next = *at;
	*at = kept;
	return BERTH_OK;
}

enum berth_err berth_jsonld_process(struct berth_jsonld *ld, const struct berth_jsonld_ctx **out,
				    const struct berth_jsonld_ctx *active, const struct berth_json *local,
				    const struct berth_jsonld_layer *layer, struct berth_jsonld_how how)
{
	struct berth_jsonld_made m = { .from = active, .local = local, .how = how };
	enum berth_err rc;

	if ((m.made = made_before(*bucket(ld, active, local), active, local, how))) {
		*out = m.made;
		return BERTH_OK;
	}
	if ((rc = process_all(ld, &m.made, active, local, layer, &how)) ||
	    (!how.propagate && (rc = remember(ld, &m.made, active))) || (rc = keep(ld, &m)))
		return rc;
	*out = m.made;
	return BERTH_OK;
}
