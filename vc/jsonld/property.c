/* SPDX-License-Identifier: Apache-2.0 */
/* The values of a member: JSON-LD 1.1 API 5.1.2, from step 13.6 on. */
#include <string.h>

#include "vc/jsonld/expand.h"

/* ---- sinks ---- */

static enum berth_err add(struct berth_jsonld *ld, const struct berth_rdf_term *s, const char *predicate,
			  const struct berth_rdf_term *o, const struct berth_rdf_term *g)
{
	const struct berth_rdf_quad q = { .s = *s, .p = berth_rdf_iri(predicate), .o = *o, .g = *g };

	return berth_rdf_add(ld->d, &q);
}

/* RDF has lists as chains of cells. */
static enum berth_err put_cell(struct berth_jsonld *ld, struct berth_jsonld_sink *s, const struct berth_rdf_term *t)
{
	struct berth_rdf_term cell;
	enum berth_err rc;

	if ((rc = berth_rdf_blank(ld->d, &cell)) || (rc = add(ld, &cell, BERTH_RDF_NS "first", t, &s->graph)))
		return rc;
	if (s->head.kind == BERTH_RDF_DEFAULT_GRAPH)
		s->head = cell;
	else if ((rc = add(ld, &s->last, BERTH_RDF_NS "rest", &cell, &s->graph)))
		return rc;
	s->last = cell;
	return BERTH_OK;
}

enum berth_err berth_jsonld_put(struct berth_jsonld *ld, struct berth_jsonld_sink *s, const struct berth_rdf_term *t)
{
	if (s->kind == SINK_STATEMENTS)
		return add(ld, &s->subject, s->predicate, t, &s->graph);
	if (s->kind == SINK_LIST)
		return put_cell(ld, s, t);
	return berth_fail(BERTH_E_VC, "JSON-LD: a value that belongs to no member");
}

void berth_jsonld_list_begin(struct berth_jsonld_sink *list, const struct berth_jsonld_sink *outer)
{
	memset(list, 0, sizeof(*list));
	list->kind = SINK_LIST;
	list->graph = outer->graph;
}

enum berth_err berth_jsonld_list_end(struct berth_jsonld *ld, struct berth_jsonld_sink *list,
				     struct berth_jsonld_sink *outer)
{
	const struct berth_rdf_term nil = berth_rdf_iri(BERTH_RDF_NS "nil");
	enum berth_err rc;

	if (list->head.kind == BERTH_RDF_DEFAULT_GRAPH)
		return berth_jsonld_put(ld, outer, &nil);
	if ((rc = add(ld, &list->last, BERTH_RDF_NS "rest", &nil, &list->graph)))
		return rc;
	return berth_jsonld_put(ld, outer, &list->head);
}

/* ---- containers ---- */

enum berth_err berth_jsonld_has(struct berth_jsonld *ld, bool *out, const struct berth_jsonld_ctx *ctx,
				const struct berth_json *v, enum berth_jsonld_keyword kw)
{
	struct berth_jsonld_name name;
	enum berth_err rc;

	*out = false;
	berth_json_each(m, berth_json_is(v, BERTH_JSON_OBJECT) ? v : NULL) {
		if ((rc = berth_jsonld_expand(ld, &name, ctx, NULL, berth_json_key(m), EXPAND_VOCAB)))
			return rc;
		*out |= name.keyword == kw;
	}
	return BERTH_OK;
}

static enum berth_err put_list(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
			       const struct berth_jsonld_property *p, const struct berth_json *v,
			       struct berth_jsonld_sink *s)
{
	struct berth_jsonld_property within = *p;
	struct berth_jsonld_sink list;
	enum berth_err rc;
	bool is_list;

	if ((rc = berth_jsonld_has(ld, &is_list, ctx, v, KW_LIST)))
		return rc;
	if (is_list)
		return berth_jsonld_element(ld, ctx, p, v, s);
	within.in_list = true;
	berth_jsonld_list_begin(&list, s);
	rc = berth_jsonld_element(ld, ctx, &within, v, &list);
	return rc ? rc : berth_jsonld_list_end(ld, &list, s);
}

/* Each value is a graph of its own. */
static enum berth_err put_graph(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
				const struct berth_jsonld_property *p, const struct berth_json *v,
				struct berth_jsonld_sink *s)
{
	struct berth_jsonld_sink inside = { .kind = SINK_NOWHERE };
	enum berth_err rc;

	if (berth_json_is(v, BERTH_JSON_ARRAY)) {
		berth_json_each(it, v)
			if ((rc = put_graph(ld, ctx, p, it, s)))
				return rc;
		return BERTH_OK;
	}
	if ((rc = berth_rdf_blank(ld->d, &inside.graph)) || (rc = berth_jsonld_put(ld, s, &inside.graph)))
		return rc;
	return berth_jsonld_element(ld, ctx, p, v, &inside);
}

static enum berth_err put_words(struct berth_jsonld *ld, const struct berth_json *v, const char *lang, const char *dir,
				struct berth_jsonld_sink *s)
{
	enum berth_err rc;

	if (berth_json_is(v, BERTH_JSON_ARRAY)) {
		berth_json_each(it, v)
			if ((rc = berth_json_str(it) ? berth_jsonld_text(ld, berth_json_str(it), lang, dir, s) :
						       berth_fail(BERTH_E_VC, "JSON-LD: in a language, and not text")))
				return rc;
		return BERTH_OK;
	}
	if (!berth_json_str(v))
		return berth_fail(BERTH_E_VC, "JSON-LD: in a language, and not text");
	return berth_jsonld_text(ld, berth_json_str(v), lang, dir, s);
}

/* {"de": "...", "en": ["...", "..."]} */
static enum berth_err put_languages(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
				    const struct berth_jsonld_property *p, const struct berth_json *v,
				    struct berth_jsonld_sink *s)
{
	const char *dir = p->def->dir ? p->def->dir : ctx->dir, *lang;
	struct berth_jsonld_name name;
	enum berth_err rc;

	berth_json_each(m, v) {
		lang = NULL;
		if ((rc = berth_jsonld_expand(ld, &name, ctx, NULL, berth_json_key(m), EXPAND_VOCAB)))
			return rc;
		if (name.keyword != KW_NONE && (rc = berth_jsonld_lang(ld, &lang, berth_json_key(m))))
			return rc;
		if ((rc = put_words(ld, m, lang, dir, s)))
			return rc;
	}
	return BERTH_OK;
}

/* RDF has no place for the index: only the values count. */
static enum berth_err put_indexed(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
				  const struct berth_jsonld_property *p, const struct berth_json *v,
				  struct berth_jsonld_sink *s)
{
	struct berth_jsonld_property within = *p;
	enum berth_err rc = BERTH_OK;

	within.from_map = true;
	for (const struct berth_json *m = berth_json_first(v); m && !rc; m = berth_json_next(m)) {
		if (p->def->container & CONTAINER_GRAPH)
			rc = put_graph(ld, ctx, &within, m, s);
		else
			rc = berth_jsonld_element(ld, ctx, &within, m, s);
	}
	return rc;
}

enum berth_err berth_jsonld_property(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
				     const struct berth_jsonld_property *p, const struct berth_json *v,
				     struct berth_jsonld_sink *s)
{
	unsigned container = p->def ? p->def->container : 0;
	bool map = berth_json_is(v, BERTH_JSON_OBJECT);

	if (p->def && p->def->type_keyword == KW_JSON)
		return berth_jsonld_json(ld, v, s);
	if (container & CONTAINER_LANGUAGE && map)
		return put_languages(ld, ctx, p, v, s);
	if (container & CONTAINER_INDEX && map)
		return put_indexed(ld, ctx, p, v, s);
	if (container & CONTAINER_GRAPH && !(container & CONTAINER_INDEX))
		return put_graph(ld, ctx, p, v, s);
	if (container & CONTAINER_LIST)
		return put_list(ld, ctx, p, v, s);
	return berth_jsonld_element(ld, ctx, p, v, s);
}
