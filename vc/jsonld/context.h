/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_JSONLD_CONTEXT_H
#define BERTH_VC_JSONLD_CONTEXT_H

#include "vc/jsonld/jsonld.h"
#include "vc/jsonld/keyword.h"

/* Inside vc/jsonld only.  An active context is a chain of layers, each the terms of
 * one local context; chains share their lower ends and are never changed. */
enum {
	CONTAINER_LIST = 1, CONTAINER_SET = 2, CONTAINER_LANGUAGE = 4, CONTAINER_INDEX = 8, CONTAINER_GRAPH = 16
};

/* What a term stands for. */
struct berth_jsonld_def {
	const char *term;
	const struct berth_json *value;		/* as it is written */
	uint32_t hash;
	enum { DEF_UNTOUCHED, DEF_IN_HAND, DEF_DONE } state;
	enum berth_jsonld_keyword keyword;	/* an alias of it */
	const char *iri;			/* NULL: a keyword's alias, or the term is nothing */
	enum berth_jsonld_keyword type_keyword;	/* @id, @vocab, @json, @none */
	const char *type;			/* or a datatype's IRI; NULL: none */
	const char *lang, *dir;			/* NULL: the context's; "": none */
	unsigned container;
	bool is_protected, is_prefix, is_built_in;
	const struct berth_json *scoped;	/* its local context; NULL: none */
	const struct berth_jsonld_layer *layer;	/* the same read, where it is built in */
};

struct berth_jsonld_layer {
	struct berth_jsonld_def *defs;
	size_t n;
	uint32_t *slots;			/* 1 + index into defs; open addressing */
	size_t n_slots;				/* a power of two */
	bool has_vocab, has_lang, has_dir;	/* said here, maybe to be none */
	const char *vocab, *lang, *dir;
	bool is_protected;			/* its terms, unless they say otherwise */
	bool has_protected;			/* some are */
	bool has_propagate, propagate;
};

struct berth_jsonld_ctx {
	const struct berth_jsonld_ctx *below;
	const struct berth_jsonld_layer *layer;
	const struct berth_jsonld_ctx *previous;	/* comes back in the next node; NULL: none */
	const char *vocab, *lang, *dir;			/* NULL: none */
	bool has_protected;
	size_t depth;
};

/* How a local context counts. */
struct berth_jsonld_how {
	bool may_override;	/* protected terms: property-scoped contexts */
	bool propagate;		/* false: type-scoped contexts */
};

/* Contexts made before: one that is met again is not read again. */
struct berth_jsonld_made {
	const struct berth_jsonld_made *next;
	const struct berth_jsonld_ctx *from, *made;
	const struct berth_json *local;
	struct berth_jsonld_how how;
};

/* The reading of one document. */
#define BERTH_JSONLD_BUCKETS 64
struct berth_jsonld {
	struct berth_rdf *d;
	struct berth_arena *arena;
	bool built_in;			/* no document, but one of our own contexts */
	size_t n_terms;			/* defined so far */
	unsigned chain;			/* definitions in hand */
	size_t n_text;			/* bytes of IRIs put together so far */
	struct berth_rdf_term root;	/* the outermost node; DEFAULT_GRAPH: none yet */
	bool second;			/* another node could be a document's outermost too */
	const struct berth_jsonld_made *made[BERTH_JSONLD_BUCKETS];
};

/* ---- context.c ---- */
extern const struct berth_jsonld_ctx berth_jsonld_nothing;	/* the initial context */

/* Context Processing; layer: what local is, read before, or NULL. */
BERTH_MUST_USE enum berth_err
berth_jsonld_process(struct berth_jsonld *ld, const struct berth_jsonld_ctx **out, const struct berth_jsonld_ctx *active,
		     const struct berth_json *local, const struct berth_jsonld_layer *layer, struct berth_jsonld_how how);
const struct berth_jsonld_def *berth_jsonld_find(const struct berth_jsonld_ctx *ctx, const char *term, size_t n);

/* ---- layer.c ---- */
/* Reads one local context, an object, on top of active. */
BERTH_MUST_USE enum berth_err
berth_jsonld_read_layer(struct berth_jsonld *ld, struct berth_jsonld_layer **out,
			const struct berth_jsonld_ctx *active, const struct berth_json *local, bool may_override);
uint32_t berth_jsonld_hash(const char *term, size_t n);
struct berth_jsonld_def *
berth_jsonld_layer_find(const struct berth_jsonld_layer *layer, const char *term, size_t n, uint32_t hash);
/* Both are the same but for their being protected. */
bool berth_jsonld_same_def(const struct berth_jsonld_def *a, const struct berth_jsonld_def *b);

/* ---- term.c ---- */
/* A local context while it is being read. */
struct berth_jsonld_local {
	struct berth_jsonld *ld;
	const struct berth_jsonld_ctx *active;	/* what is below it */
	struct berth_jsonld_layer *layer;
	struct berth_jsonld_ctx ctx;		/* layer upon active */
	bool may_override;
};
/* Create Term Definition */
BERTH_MUST_USE enum berth_err berth_jsonld_define(struct berth_jsonld_local *l, struct berth_jsonld_def *def);

/* ---- iri.c ---- */
enum { EXPAND_VOCAB = 1, EXPAND_RELATIVE = 2 };
struct berth_jsonld_name {
	enum berth_jsonld_keyword keyword;
	const char *iri;			/* absolute, or "_:..."; NULL: a keyword, or nothing */
	const struct berth_jsonld_def *def;	/* of the whole text as a term; NULL: it is none */
};
/* IRI Expansion; local is NULL but while a context is read.  Nothing found is OK. */
BERTH_MUST_USE enum berth_err
berth_jsonld_expand(struct berth_jsonld *ld, struct berth_jsonld_name *out, const struct berth_jsonld_ctx *ctx,
		    struct berth_jsonld_local *local, const char *text, int how);

/* Of the vocabularies of credentials and proofs, what verifiers look for by name must
 * stand under the name that the built-in contexts give it, and these give it but one.
 * def: the term that it is written with, or NULL. */
bool berth_jsonld_is_disguised(const char *iri, const struct berth_jsonld_def *def);
/* A lower-case copy; E_VC: not a language tag. */
BERTH_MUST_USE enum berth_err berth_jsonld_lang(struct berth_jsonld *ld, const char **out, const char *text);
bool berth_jsonld_is_dir(const char *text);	/* "ltr" or "rtl" */

/* ---- built_in.c ---- */
/* The terms of a built-in context, read once a process.  *out NULL: no such context. */
BERTH_MUST_USE enum berth_err
berth_jsonld_built_in_layer(const struct berth_jsonld_layer **out, const char *url);
/* Appends its text; nothing where there is no such context. */
BERTH_MUST_USE enum berth_err berth_jsonld_built_in_text(struct berth_buf *out, const char *url);

#endif
