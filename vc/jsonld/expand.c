/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-LD 1.1 API 5.1.2, Expansion, with statements instead of expanded JSON. */
#include "vc/jsonld/expand.h"

#include <string.h>

struct member {
	const struct berth_json *v;
	const char *term, *iri;
	const struct berth_jsonld_def *def;
};

/* One JSON object while it is looked at. */
struct node {
	const struct berth_json *object;
	const struct berth_jsonld_input *in;	/* NULL but for the outermost */
	const struct berth_jsonld_ctx *ctx, *type_ctx;	/* see berth_jsonld_enter() */
	const struct berth_json *by_keyword[KW_VOCAB + 1];
	struct member *members;			/* those that are no keywords */
	size_t n;
};

static enum berth_err bad(const char *what, const char *which)
{
	return berth_fail(BERTH_E_VC, "JSON-LD: %s%.80s", what, which);
}

/* ---- its members ---- */

static enum berth_err list_member(struct berth_jsonld *ld, struct node *node, const char *key, const struct berth_json *v)
{
	struct berth_jsonld_name name;
	enum berth_err rc;

	if ((rc = berth_jsonld_expand(ld, &name, node->ctx, NULL, key, EXPAND_VOCAB)))
		return rc;
	if (berth_json_is(v, BERTH_JSON_NULL))
		return bad("null would not be signed: ", key);
	if (name.keyword) {
		if (node->by_keyword[name.keyword])
			return bad("two members mean the same: ", key);
		node->by_keyword[name.keyword] = v;
		return BERTH_OK;
	}
	if (!name.iri || !strncmp(name.iri, "_:", 2))
		return bad("no context defines the member ", key);
	if (berth_jsonld_is_disguised(name.iri, name.def))
		return bad("another name for a member that verifiers look for: ", key);
	node->members[node->n++] = (struct member){ .v = v, .term = key, .iri = name.iri, .def = name.def };
	return BERTH_OK;
}

static enum berth_err list_members(struct berth_jsonld *ld, struct node *node)
{
	const struct berth_json *v;
	enum berth_err rc;

	node->members = berth_arena_take(ld->arena, (berth_json_len(node->object) + 1) * sizeof(*node->members));
	if (!node->members)
		return BERTH_E_NOMEM;
	berth_json_each(m, node->object)
		if (strcmp(berth_json_key(m), "@context") && (v = berth_jsonld_value_of(node->in, m)) &&
		    (rc = list_member(ld, node, berth_json_key(m), v)))
			return rc;
	return BERTH_OK;
}

/* No keywords but those of the list (up to NONE_SUCH), and maybe members. */
static enum berth_err only(const struct node *node, bool members, const enum berth_jsonld_keyword *list)
{
	const enum berth_jsonld_keyword *at;

	for (int kw = 1; kw <= KW_VOCAB; kw++) {
		if (!node->by_keyword[kw])
			continue;
		for (at = list; *at && (int)*at != kw; at++)
			;
		if (!*at)
			return bad("cannot stand where it stands: ", berth_json_key(node->by_keyword[kw]));
	}
	return members || !node->n ? BERTH_OK : bad("a value or list with the member ", node->members[0].term);
}

/* ---- nodes ---- */

/* What verifiers take for a document when it is the outermost node. */
static bool is_document(const char *iri)
{
	return !strcmp(iri, "https://www.w3.org/2018/credentials#VerifiableCredential") ||
	       !strcmp(iri, "https://www.w3.org/2018/credentials#VerifiablePresentation");
}

static enum berth_err put_type(struct berth_jsonld *ld, const struct node *node, struct berth_rdf_quad *q,
			       const struct berth_json *v)
{
	const struct berth_jsonld_def *def;
	enum berth_err rc;

	if ((rc = berth_jsonld_node_term(ld, &q->o, node->type_ctx, v, EXPAND_VOCAB | EXPAND_RELATIVE, "the type")))
		return rc;
	def = berth_jsonld_find(node->type_ctx, berth_json_str(v), strlen(berth_json_str(v)));
	if (q->o.kind == BERTH_RDF_IRI && berth_jsonld_is_disguised(q->o.value, def))
		return bad("another name for a type that verifiers look for: ", berth_json_str(v));
	if (!node->in && q->g.kind == BERTH_RDF_DEFAULT_GRAPH && q->o.kind == BERTH_RDF_IRI && is_document(q->o.value))
		ld->second = true;
	return berth_rdf_add(ld->d, q);
}

static enum berth_err put_types(struct berth_jsonld *ld, const struct node *node, const struct berth_rdf_term *subject,
				const struct berth_rdf_term *graph)
{
	const struct berth_json *v = node->by_keyword[KW_TYPE];
	struct berth_rdf_quad q = { .s = *subject, .p = berth_rdf_iri(BERTH_RDF_NS "type"), .g = *graph };
	bool list = berth_json_is(v, BERTH_JSON_ARRAY);
	enum berth_err rc;

	for (const struct berth_json *it = list ? berth_json_first(v) : v; it; it = list ? berth_json_next(it) : NULL)
		if ((rc = put_type(ld, node, &q, it)))
			return rc;
	return BERTH_OK;
}

static enum berth_err put_members(struct berth_jsonld *ld, const struct node *node, const struct berth_rdf_term *subject,
				  const struct berth_rdf_term *graph)
{
	enum berth_err rc;

	for (size_t i = 0; i < node->n; i++) {
		const struct member *m = &node->members[i];
		const struct berth_jsonld_property p = { .term = m->term, .def = m->def };
		struct berth_jsonld_sink s = { .kind = SINK_STATEMENTS, .graph = *graph, .subject = *subject,
					       .predicate = m->iri };

		if ((rc = berth_jsonld_property(ld, node->ctx, &p, m->v, &s)))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err put_graph(struct berth_jsonld *ld, const struct node *node, const struct berth_rdf_term *name)
{
	const struct berth_jsonld_property none = { .term = NULL };
	struct berth_jsonld_sink s = { .kind = SINK_NOWHERE, .graph = *name };
	const struct berth_json *v = node->by_keyword[KW_GRAPH];

	return v ? berth_jsonld_element(ld, node->ctx, &none, v, &s) : BERTH_OK;
}

static bool is_same_node(const struct berth_rdf_term *a, const struct berth_rdf_term *b)
{
	if (a->kind != b->kind)
		return false;
	return a->kind == BERTH_RDF_BLANK ? a->blank == b->blank : a->len == b->len && !memcmp(a->value, b->value, a->len);
}

static enum berth_err name_node(struct berth_jsonld *ld, const struct node *node, struct berth_rdf_term *out)
{
	const struct berth_json *id = node->by_keyword[KW_ID];

	if (!id)
		return berth_rdf_blank(ld->d, out);
	return berth_jsonld_node_term(ld, out, node->ctx, id, EXPAND_RELATIVE, "the identifier");
}

/* What the document says of itself it says at its top, where verifiers look: not in
 * another place, under the same identifier. */
static enum berth_err check_root(struct berth_jsonld *ld, const struct node *node, const struct berth_rdf_term *subject)
{
	if (node->in)
		ld->root = *subject;
	else if (ld->root.kind != BERTH_RDF_DEFAULT_GRAPH && is_same_node(subject, &ld->root))
		return bad("members of the document itself in another place", "");
	return BERTH_OK;
}

static enum berth_err put_node(struct berth_jsonld *ld, const struct node *node, struct berth_jsonld_sink *s)
{
	static const enum berth_jsonld_keyword list[] = { KW_ID, KW_TYPE, KW_GRAPH, KW_INDEX, KW_NONE_SUCH };
	bool says = node->n || node->by_keyword[KW_TYPE];
	struct berth_rdf_term subject = { .kind = BERTH_RDF_DEFAULT_GRAPH };
	enum berth_err rc;

	if ((rc = only(node, true, list)))
		return rc;
	/* the outermost object may be nothing but a bag of nodes */
	if (node->in && !says && !node->by_keyword[KW_ID])
		return put_graph(ld, node, &subject);
	if (s->kind == SINK_NOWHERE && !says && !node->by_keyword[KW_GRAPH])
		return bad("a node that says nothing", "");
	if ((rc = name_node(ld, node, &subject)) || ((says || node->in) && (rc = check_root(ld, node, &subject))) ||
	    (s->kind != SINK_NOWHERE && (rc = berth_jsonld_put(ld, s, &subject))) ||
	    (rc = put_types(ld, node, &subject, &s->graph)) || (rc = put_graph(ld, node, &subject)))
		return rc;
	return put_members(ld, node, &subject, &s->graph);
}

/* ---- other objects ---- */

static enum berth_err put_value(struct berth_jsonld *ld, const struct node *node, struct berth_jsonld_sink *s)
{
	static const enum berth_jsonld_keyword list[] = {
		KW_VALUE, KW_TYPE, KW_LANGUAGE, KW_DIRECTION, KW_INDEX, KW_NONE_SUCH
	};
	enum berth_err rc = only(node, false, list);

	return rc ? rc : berth_jsonld_value_object(ld, node->type_ctx, node->by_keyword, s);
}

/* The same member within @list or @set: its term as the context there has it. */
static struct berth_jsonld_property same_member(const struct node *node, const struct berth_jsonld_property *p)
{
	const struct berth_jsonld_def *def = p->term ? berth_jsonld_find(node->ctx, p->term, strlen(p->term)) : NULL;

	return (struct berth_jsonld_property){ .term = p->term, .def = def };
}

static enum berth_err put_list(struct berth_jsonld *ld, const struct node *node, const struct berth_jsonld_property *p,
			       struct berth_jsonld_sink *s)
{
	static const enum berth_jsonld_keyword keywords[] = { KW_LIST, KW_INDEX, KW_NONE_SUCH };
	struct berth_jsonld_property within = same_member(node, p);
	struct berth_jsonld_sink list;
	enum berth_err rc = only(node, false, keywords);

	if (rc)
		return rc;
	within.in_list = true;
	berth_jsonld_list_begin(&list, s);
	rc = berth_jsonld_element(ld, node->ctx, &within, node->by_keyword[KW_LIST], &list);
	return rc ? rc : berth_jsonld_list_end(ld, &list, s);
}

static enum berth_err put_set(struct berth_jsonld *ld, const struct node *node, const struct berth_jsonld_property *p,
			      struct berth_jsonld_sink *s)
{
	static const enum berth_jsonld_keyword keywords[] = { KW_SET, KW_INDEX, KW_NONE_SUCH };
	const struct berth_jsonld_property within = same_member(node, p);
	enum berth_err rc = only(node, false, keywords);

	/* nobody agrees what that is in a list, or how many graphs it is in one */
	if (!rc && (p->in_list || s->kind == SINK_NOWHERE))
		return bad("@set in a list or graph", "");
	return rc ? rc : berth_jsonld_element(ld, node->ctx, &within, node->by_keyword[KW_SET], s);
}

static enum berth_err put_object(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
				 const struct berth_jsonld_property *p, const struct berth_json *v,
				 const struct berth_jsonld_input *in, struct berth_jsonld_sink *s)
{
	struct node node = { .object = v, .in = in, .ctx = ctx };
	enum berth_err rc;

	if ((rc = berth_jsonld_enter(ld, &node.ctx, &node.type_ctx, p, v, in)) || (rc = list_members(ld, &node)))
		return rc;
	if (node.by_keyword[KW_VALUE])
		return put_value(ld, &node, s);
	if (node.by_keyword[KW_LIST])
		return put_list(ld, &node, p, s);
	if (node.by_keyword[KW_SET])
		return put_set(ld, &node, p, s);
	return put_node(ld, &node, s);
}

/* ---- anything ---- */

static enum berth_err put_array(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
				const struct berth_jsonld_property *p, const struct berth_json *v,
				struct berth_jsonld_sink *s)
{
	struct berth_jsonld_sink list;
	enum berth_err rc = BERTH_OK;

	for (const struct berth_json *it = berth_json_first(v); it && !rc; it = berth_json_next(it)) {
		if (!p->in_list || !berth_json_is(it, BERTH_JSON_ARRAY)) {
			rc = berth_jsonld_element(ld, ctx, p, it, s);
			continue;
		}
		/* a list in a list; where no @container says so, nobody agrees what it is */
		if (!p->def || !(p->def->container & CONTAINER_LIST))
			return bad("an array in a list: ", p->term ? p->term : "");
		berth_jsonld_list_begin(&list, s);
		if (!(rc = berth_jsonld_element(ld, ctx, p, it, &list)))
			rc = berth_jsonld_list_end(ld, &list, s);
	}
	return rc;
}

enum berth_err berth_jsonld_element(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
				    const struct berth_jsonld_property *p, const struct berth_json *v,
				    struct berth_jsonld_sink *s)
{
	enum berth_err rc;

	switch (berth_json_kind(v)) {
	case BERTH_JSON_OBJECT: return put_object(ld, ctx, p, v, NULL, s);
	case BERTH_JSON_ARRAY: return put_array(ld, ctx, p, v, s);
	case BERTH_JSON_NULL: return bad("null would not be signed: ", p->term ? p->term : "");
	default: break;
	}
	if ((rc = berth_jsonld_use_scoped(ld, &ctx, p)))
		return rc;
	return berth_jsonld_scalar(ld, ctx, p, v, s);
}

/* Statements do not say which node is the outermost one.  If another is a credential
 * as well, and leads to it, the same statements make another document, from there. */
static enum berth_err check_beginning(const struct berth_jsonld *ld)
{
	if (!ld->second)
		return BERTH_OK;
	for (size_t i = 0; i < ld->d->n; i++)
		if (is_same_node(&ld->d->quads[i].o, &ld->root))
			return bad("two credentials or presentations that name each other", "");
	return BERTH_OK;
}

enum berth_err berth_jsonld_to_rdf(struct berth_rdf *d, const struct berth_jsonld_input *in)
{
	const struct berth_jsonld_property none = { .term = NULL };
	struct berth_jsonld ld = { .d = d, .arena = &d->arena };
	struct berth_jsonld_sink s = { .kind = SINK_NOWHERE };
	enum berth_err rc;

	if (!berth_json_is(in->object, BERTH_JSON_OBJECT))
		return bad("not an object", "");
	rc = put_object(&ld, &berth_jsonld_nothing, &none, in->object, in, &s);
	return rc ? rc : check_beginning(&ld);
}
