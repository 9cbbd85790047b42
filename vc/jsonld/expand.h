/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_JSONLD_EXPAND_H
#define BERTH_VC_JSONLD_EXPAND_H

#include "vc/jsonld/context.h"

/* Inside vc/jsonld only: what is between scope.c, expand.c, property.c and value.c. */

/* Where the terms that a value stands for go. */
struct berth_jsonld_sink {
	enum { SINK_NOWHERE, SINK_STATEMENTS, SINK_LIST } kind;
	struct berth_rdf_term graph;
	struct berth_rdf_term subject;		/* STATEMENTS: of these */
	const char *predicate;
	struct berth_rdf_term head, last;	/* LIST: its cells so far */
};

/* The member whose value is looked at ("active property"). */
struct berth_jsonld_property {
	const char *term;			/* NULL: none */
	const struct berth_jsonld_def *def;	/* NULL: no term */
	bool in_list, from_map;
};

/* NOWHERE: only nodes that say something themselves; others would be lost (E_VC). */
BERTH_MUST_USE enum berth_err
berth_jsonld_put(struct berth_jsonld *ld, struct berth_jsonld_sink *s, const struct berth_rdf_term *t);
/* One list: begin, put what is in it, end; then the list itself is put into outer. */
void berth_jsonld_list_begin(struct berth_jsonld_sink *list, const struct berth_jsonld_sink *outer);
BERTH_MUST_USE enum berth_err
berth_jsonld_list_end(struct berth_jsonld *ld, struct berth_jsonld_sink *list, struct berth_jsonld_sink *outer);

/* ---- scope.c ---- */
/* A member's value, as the input wants it; NULL: left out.  in may be NULL. */
const struct berth_json *berth_jsonld_value_of(const struct berth_jsonld_input *in, const struct berth_json *member);
/* The context of the member itself, if it has one. */
BERTH_MUST_USE enum berth_err
berth_jsonld_use_scoped(struct berth_jsonld *ld, const struct berth_jsonld_ctx **ctx, const struct berth_jsonld_property *p);
/* *ctx becomes what the object's members are read with, *type_ctx what its types are. */
BERTH_MUST_USE enum berth_err
berth_jsonld_enter(struct berth_jsonld *ld, const struct berth_jsonld_ctx **ctx, const struct berth_jsonld_ctx **type_ctx,
		   const struct berth_jsonld_property *p, const struct berth_json *object,
		   const struct berth_jsonld_input *in);

/* ---- expand.c ---- */
/* Any value: an array is each of its elements. */
BERTH_MUST_USE enum berth_err
berth_jsonld_element(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx, const struct berth_jsonld_property *p,
		     const struct berth_json *v, struct berth_jsonld_sink *s);

/* ---- property.c ---- */
/* A member's value, as the containers of its term say. */
BERTH_MUST_USE enum berth_err
berth_jsonld_property(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx, const struct berth_jsonld_property *p,
		      const struct berth_json *v, struct berth_jsonld_sink *s);
/* Some member of v means that keyword. */
BERTH_MUST_USE enum berth_err
berth_jsonld_has(struct berth_jsonld *ld, bool *out, const struct berth_jsonld_ctx *ctx, const struct berth_json *v,
		 enum berth_jsonld_keyword kw);

/* ---- value.c ---- */
/* Value Expansion of text, a number, true or false. */
BERTH_MUST_USE enum berth_err
berth_jsonld_scalar(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx, const struct berth_jsonld_property *p,
		    const struct berth_json *v, struct berth_jsonld_sink *s);
/* {"@value": ...}: its members by keyword. */
BERTH_MUST_USE enum berth_err
berth_jsonld_value_object(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
			  const struct berth_json *const *by_keyword, struct berth_jsonld_sink *s);
BERTH_MUST_USE enum berth_err
berth_jsonld_json(struct berth_jsonld *ld, const struct berth_json *v, struct berth_jsonld_sink *s);
/* lang, dir: NULL or "": none. */
BERTH_MUST_USE enum berth_err
berth_jsonld_text(struct berth_jsonld *ld, const char *text, const char *lang, const char *dir,
		  struct berth_jsonld_sink *s);
/* The node that an identifier stands for.  what: for the error text. */
BERTH_MUST_USE enum berth_err
berth_jsonld_node_term(struct berth_jsonld *ld, struct berth_rdf_term *out, const struct berth_jsonld_ctx *ctx,
		       const struct berth_json *v, int how, const char *what);

#endif
