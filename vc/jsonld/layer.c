/* SPDX-License-Identifier: Apache-2.0 */
/* One local context: JSON-LD 1.1 API 4.1, the part for an object. */
#include <string.h>

#include "vc/jsonld/context.h"

/* FNV-1a; the limits on members and terms bound what chosen names can cost. */
uint32_t berth_jsonld_hash(const char *term, size_t n)
{
	uint32_t h = 2166136261u;

	while (n--)
		h = (h ^ (uint8_t)*term++) * 16777619u;
	return h;
}

struct berth_jsonld_def *
berth_jsonld_layer_find(const struct berth_jsonld_layer *layer, const char *term, size_t n, uint32_t hash)
{
	struct berth_jsonld_def *def;

	for (size_t i = hash & (layer->n_slots - 1); layer->slots[i]; i = (i + 1) & (layer->n_slots - 1)) {
		def = &layer->defs[layer->slots[i] - 1];
		if (def->hash == hash && !strncmp(def->term, term, n) && !def->term[n])
			return def;
	}
	return NULL;
}

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

bool berth_jsonld_same_def(const struct berth_jsonld_def *a, const struct berth_jsonld_def *b)
{
	return a == b ||
	       (a->keyword == b->keyword && same_text(a->iri, b->iri) && a->type_keyword == b->type_keyword &&
		same_text(a->type, b->type) && same_text(a->lang, b->lang) && same_text(a->dir, b->dir) &&
		a->container == b->container && a->is_prefix == b->is_prefix &&
		(a->scoped == b->scoped || berth_json_equal(a->scoped, b->scoped)));
}

/* ---- the context's own keywords ---- */

static enum berth_err bad(const char *key, const char *what)
{
	return berth_fail(BERTH_E_VC, "@context: %s: %s", key, what);
}

static enum berth_err read_vocab(struct berth_jsonld_local *l, const struct berth_json *v)
{
	const char *s = berth_json_str(v);
	struct berth_jsonld_name name;
	enum berth_err rc;

	l->layer->has_vocab = true;
	if (berth_json_is(v, BERTH_JSON_NULL))
		return BERTH_OK;
	if (!s)
		return bad("@vocab", "not text");
	if ((rc = berth_jsonld_expand(l->ld, &name, l->active, NULL, s, EXPAND_VOCAB | EXPAND_RELATIVE)))
		return rc;
	if (!name.iri || !strncmp(name.iri, "_:", 2))
		return bad("@vocab", "not an absolute IRI");
	l->layer->vocab = name.iri;
	return BERTH_OK;
}

static enum berth_err read_lang(struct berth_jsonld_local *l, const struct berth_json *v)
{
	l->layer->has_lang = true;
	if (berth_json_is(v, BERTH_JSON_NULL))
		return BERTH_OK;
	if (!berth_json_str(v))
		return bad("@language", "not text");
	return berth_jsonld_lang(l->ld, &l->layer->lang, berth_json_str(v));
}

static enum berth_err read_dir(struct berth_jsonld_local *l, const struct berth_json *v)
{
	l->layer->has_dir = true;
	l->layer->dir = berth_json_str(v);
	if (berth_json_is(v, BERTH_JSON_NULL) || (l->layer->dir && berth_jsonld_is_dir(l->layer->dir)))
		return BERTH_OK;
	return bad("@direction", "neither ltr nor rtl");
}

static enum berth_err read_flag(const struct berth_json *v, bool *out)
{
	if (!berth_json_is(v, BERTH_JSON_BOOL))
		return bad(berth_json_key(v), "neither true nor false");
	*out = berth_json_bool(v, false);
	return BERTH_OK;
}

static enum berth_err read_keyword(struct berth_jsonld_local *l, const struct berth_json *v,
				   enum berth_jsonld_keyword kw)
{
	switch (kw) {
	case KW_VERSION: return berth_json_num(v) == 1.1 ? BERTH_OK : bad("@version", "not 1.1");
	case KW_VOCAB: return read_vocab(l, v);
	case KW_LANGUAGE: return read_lang(l, v);
	case KW_DIRECTION: return read_dir(l, v);
	case KW_PROTECTED: return read_flag(v, &l->layer->is_protected);
	case KW_PROPAGATE:
		l->layer->has_propagate = true;
		return read_flag(v, &l->layer->propagate);
	case KW_BASE: return berth_json_is(v, BERTH_JSON_NULL) ? BERTH_OK : bad("@base", "only null is supported");
	default: return bad(berth_json_key(v), "not supported here");
	}
}

static enum berth_err read_keywords(struct berth_jsonld_local *l, const struct berth_json *local)
{
	enum berth_jsonld_keyword kw;
	enum berth_err rc;

	berth_json_each(m, local)
		if ((kw = berth_jsonld_keyword(berth_json_key(m))) && (rc = read_keyword(l, m, kw)))
			return rc;
	return BERTH_OK;
}

/* ---- terms ---- */

static enum berth_err allocate(struct berth_jsonld *ld, struct berth_jsonld_layer *layer, size_t n)
{
	layer->n_slots = 4;
	while (layer->n_slots < 2 * n)
		layer->n_slots *= 2;
	layer->defs = berth_arena_take(ld->arena, (n + 1) * sizeof(*layer->defs));
	layer->slots = berth_arena_take(ld->arena, layer->n_slots * sizeof(*layer->slots));
	return layer->defs && layer->slots ? BERTH_OK : BERTH_E_NOMEM;
}

static void list_term(struct berth_jsonld_layer *layer, const struct berth_json *v)
{
	struct berth_jsonld_def *def = &layer->defs[layer->n++];
	size_t i;

	def->term = berth_json_key(v);
	def->value = v;
	def->hash = berth_jsonld_hash(def->term, strlen(def->term));
	for (i = def->hash & (layer->n_slots - 1); layer->slots[i]; i = (i + 1) & (layer->n_slots - 1))
		;
	layer->slots[i] = (uint32_t)layer->n;
}

/* All are listed before any is read, for they use one another in any order. */
static enum berth_err read_terms(struct berth_jsonld_local *l, const struct berth_json *local)
{
	enum berth_err rc = BERTH_OK;

	berth_json_each(m, local)
		if (!berth_jsonld_keyword(berth_json_key(m)))
			list_term(l->layer, m);
	for (size_t i = 0; i < l->layer->n && !rc; i++) {
		rc = berth_jsonld_define(l, &l->layer->defs[i]);
		l->layer->has_protected |= l->layer->defs[i].is_protected;
	}
	return rc;
}

enum berth_err berth_jsonld_read_layer(struct berth_jsonld *ld, struct berth_jsonld_layer **out,
				       const struct berth_jsonld_ctx *active, const struct berth_json *local,
				       bool may_override)
{
	struct berth_jsonld_layer *layer = berth_arena_take(ld->arena, sizeof(*layer));
	struct berth_jsonld_local l = { .ld = ld, .active = active, .layer = layer, .may_override = may_override };
	enum berth_err rc;

	if (!layer)
		return BERTH_E_NOMEM;
	if ((rc = allocate(ld, layer, berth_json_len(local))) || (rc = read_keywords(&l, local)))
		return rc;
	l.ctx = (struct berth_jsonld_ctx){ .below = active, .layer = layer,
					   .vocab = layer->has_vocab ? layer->vocab : active->vocab };
	rc = read_terms(&l, local);
	*out = layer;
	return rc;
}
