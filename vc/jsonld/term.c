/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-LD 1.1 API 4.2, Create Term Definition. */
#include <string.h>

#include "vc/jsonld/context.h"

static enum berth_err bad(const struct berth_jsonld_def *def, const char *what)
{
	return berth_fail(BERTH_E_VC, "@context: %.80s: %s", def->term, what);
}

/* ---- members of a definition ---- */

static enum berth_err read_type(struct berth_jsonld_local *l, struct berth_jsonld_def *def, const struct berth_json *v)
{
	struct berth_jsonld_name name;
	enum berth_err rc;

	if (!berth_json_str(v))
		return bad(def, "@type is not text");
	if ((rc = berth_jsonld_expand(l->ld, &name, &l->ctx, l, berth_json_str(v), EXPAND_VOCAB)))
		return rc;
	switch (name.keyword) {
	case KW_ID: case KW_VOCAB: case KW_JSON: case KW_NONE:
		def->type_keyword = name.keyword;
		return BERTH_OK;
	case KW_NONE_SUCH:
		break;
	default:
		return bad(def, "@type is another keyword");
	}
	if (!name.iri || !strncmp(name.iri, "_:", 2))
		return bad(def, "@type is not an IRI");
	def->type = name.iri;
	return BERTH_OK;
}

static enum berth_err read_container_word(struct berth_jsonld_def *def, const struct berth_json *v)
{
	const char *s = berth_json_str(v);

	switch (s ? berth_jsonld_keyword(s) : KW_NONE_SUCH) {
	case KW_LIST: def->container |= CONTAINER_LIST; return BERTH_OK;
	case KW_SET: def->container |= CONTAINER_SET; return BERTH_OK;
	case KW_LANGUAGE: def->container |= CONTAINER_LANGUAGE; return BERTH_OK;
	case KW_INDEX: def->container |= CONTAINER_INDEX; return BERTH_OK;
	case KW_GRAPH: def->container |= CONTAINER_GRAPH; return BERTH_OK;
	case KW_ID: case KW_TYPE: return bad(def, "a container that is not supported");
	default: return bad(def, "no such @container");
	}
}

/* One of them; or @graph with @index; @set may stand with any but @list. */
static enum berth_err read_container(struct berth_jsonld_def *def, const struct berth_json *v)
{
	enum berth_err rc;
	unsigned others;

	if (!berth_json_is(v, BERTH_JSON_ARRAY))
		return read_container_word(def, v);
	berth_json_each(it, v)
		if ((rc = read_container_word(def, it)))
			return rc;
	others = def->container & ~(unsigned)CONTAINER_SET;
	if ((others & (others - 1) && others != (CONTAINER_GRAPH | CONTAINER_INDEX)) ||
	    (others == CONTAINER_LIST && def->container != CONTAINER_LIST))
		return bad(def, "containers that do not go together");
	return BERTH_OK;
}

static enum berth_err read_flag(const struct berth_jsonld_def *def, const struct berth_json *v, bool *out)
{
	if (!berth_json_is(v, BERTH_JSON_BOOL))
		return bad(def, "@protected or @prefix is neither true nor false");
	*out = berth_json_bool(v, false);
	return BERTH_OK;
}

static enum berth_err read_lang(struct berth_jsonld_local *l, struct berth_jsonld_def *def, const struct berth_json *v)
{
	def->lang = "";
	if (berth_json_is(v, BERTH_JSON_NULL))
		return BERTH_OK;
	return berth_json_str(v) ? berth_jsonld_lang(l->ld, &def->lang, berth_json_str(v)) :
				   bad(def, "@language is not text");
}

static enum berth_err read_dir(struct berth_jsonld_def *def, const struct berth_json *v)
{
	def->dir = berth_json_is(v, BERTH_JSON_NULL) ? "" : berth_json_str(v);
	return def->dir && (!*def->dir || berth_jsonld_is_dir(def->dir)) ? BERTH_OK : bad(def, "bad @direction");
}

static enum berth_err read_member(struct berth_jsonld_local *l, struct berth_jsonld_def *def, const struct berth_json *v)
{
	switch (berth_jsonld_keyword(berth_json_key(v))) {
	case KW_ID: return BERTH_OK;		/* read_iri() */
	case KW_PREFIX: return BERTH_OK;	/* read_prefix() */
	case KW_PROTECTED: return read_flag(def, v, &def->is_protected);
	case KW_TYPE: return read_type(l, def, v);
	case KW_CONTAINER: return read_container(def, v);
	case KW_LANGUAGE: return read_lang(l, def, v);
	case KW_DIRECTION: return read_dir(def, v);
	case KW_CONTEXT:
		def->scoped = v;
		return BERTH_OK;
	case KW_REVERSE: case KW_NEST: case KW_INDEX:
		return bad(def, "@reverse, @nest and @index are not supported");
	default:
		return bad(def, "an unknown member in its definition");
	}
}

/* ---- what it stands for ---- */

static bool is_simple_name(const char *term)
{
	return !strchr(term + 1, ':') && !strchr(term, '/');
}

static enum berth_err read_id(struct berth_jsonld_local *l, struct berth_jsonld_def *def, const char *id)
{
	struct berth_jsonld_name name;
	enum berth_err rc;

	if ((rc = berth_jsonld_expand(l->ld, &name, &l->ctx, l, id, EXPAND_VOCAB)))
		return rc;
	if (name.keyword == KW_CONTEXT || (!name.keyword && !name.iri))
		return bad(def, "@id is neither an IRI nor a keyword that can have other names");
	def->keyword = name.keyword;
	def->iri = name.iri;
	return BERTH_OK;
}

/* A term that looks like an IRI must not stand for another one. */
static enum berth_err check_iri_term(struct berth_jsonld_local *l, struct berth_jsonld_def *def)
{
	const char *colon = strchr(def->term + 1, ':');
	struct berth_jsonld_name name;
	enum berth_err rc;

	if (is_simple_name(def->term) || (colon && !colon[1]))
		return BERTH_OK;
	def->state = DEF_DONE;	/* as if it were no term */
	if ((rc = berth_jsonld_expand(l->ld, &name, &l->ctx, l, def->term, 0)))
		return rc;
	return name.iri && def->iri && !strcmp(name.iri, def->iri) ? BERTH_OK : bad(def, "an IRI that stands for another");
}

static enum berth_err read_behind_vocab(struct berth_jsonld_local *l, struct berth_jsonld_def *def)
{
	struct berth_buf text = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!l->ctx.vocab)
		return bad(def, "has neither @id nor @vocab");
	berth_buf_str(&text, l->ctx.vocab);
	berth_buf_str(&text, def->term);
	rc = berth_buf_status(&text);
	if (!rc && text.len > BERTH_JSONLD_IRI_MAX)
		rc = berth_fail(BERTH_E_SIZE, "an IRI of %zu bytes", text.len);
	if (!rc && !berth_rdf_is_iri(berth_buf_cstr(&text), text.len))
		rc = bad(def, "not an IRI behind @vocab");
	if (!rc && !(def->iri = berth_arena_text(l->ld->arena, berth_buf_cstr(&text), text.len)))
		rc = BERTH_E_NOMEM;
	berth_buf_free(&text);
	return rc;
}

/* Without @id: the term itself as an IRI, or behind @vocab. */
static enum berth_err read_own_name(struct berth_jsonld_local *l, struct berth_jsonld_def *def)
{
	struct berth_jsonld_name name;
	enum berth_err rc;

	if (is_simple_name(def->term))
		return read_behind_vocab(l, def);
	def->state = DEF_DONE;	/* as if it were no term */
	if ((rc = berth_jsonld_expand(l->ld, &name, &l->ctx, l, def->term, 0)))
		return rc;
	def->iri = name.iri;
	return def->iri ? BERTH_OK : bad(def, "not an IRI");
}

static enum berth_err read_iri(struct berth_jsonld_local *l, struct berth_jsonld_def *def, const struct berth_json *id)
{
	enum berth_err rc;

	if (berth_json_is(id, BERTH_JSON_NULL))
		return BERTH_OK;	/* the term is nothing */
	if (!id || (berth_json_str(id) && !strcmp(berth_json_str(id), def->term)))
		return read_own_name(l, def);
	if (!berth_json_str(id))
		return bad(def, "@id is not text");
	rc = read_id(l, def, berth_json_str(id));
	return rc ? rc : check_iri_term(l, def);
}

/* "simple term ... the last character of the IRI mapping is a gen-delim" */
static enum berth_err read_prefix(struct berth_jsonld_def *def, bool simple)
{
	const struct berth_json *v = berth_json_get(def->value, "@prefix");
	size_t n = def->iri ? strlen(def->iri) : 0;

	def->is_prefix = simple && is_simple_name(def->term) && n &&
			 (strchr(":/?#[]@", def->iri[n - 1]) || !strncmp(def->iri, "_:", 2));
	if (!v)
		return BERTH_OK;
	if (!is_simple_name(def->term) || def->keyword)
		return bad(def, "@prefix for what cannot be one");
	return read_flag(def, v, &def->is_prefix);
}

static enum berth_err read_definition(struct berth_jsonld_local *l, struct berth_jsonld_def *def)
{
	bool object = berth_json_is(def->value, BERTH_JSON_OBJECT);
	enum berth_err rc;

	if (!object && !berth_json_str(def->value) && !berth_json_is(def->value, BERTH_JSON_NULL))
		return bad(def, "neither text nor an object");
	if (object)
		berth_json_each(m, def->value)
			if ((rc = read_member(l, def, m)))
				return rc;
	if (object && berth_json_get(def->value, "@type"))
		def->lang = def->dir = NULL;	/* they are for what has no type */
	if (def->type_keyword == KW_JSON && def->container & ~(unsigned)CONTAINER_SET)
		return bad(def, "a container of @json other than @set is not supported");
	if ((rc = read_iri(l, def, object ? berth_json_get(def->value, "@id") : def->value)))
		return rc;
	return read_prefix(def, !object);
}

/* "protected term redefinition" */
static enum berth_err check_protected(const struct berth_jsonld_local *l, struct berth_jsonld_def *def)
{
	const struct berth_jsonld_def *old;

	if (l->may_override || !l->active->has_protected)
		return BERTH_OK;
	old = berth_jsonld_find(l->active, def->term, strlen(def->term));
	if (!old || !old->is_protected)
		return BERTH_OK;
	if (!berth_jsonld_same_def(old, def))
		return bad(def, "is protected and cannot be defined otherwise");
	def->is_protected = true;
	return BERTH_OK;
}

enum berth_err berth_jsonld_define(struct berth_jsonld_local *l, struct berth_jsonld_def *def)
{
	enum berth_err rc;

	if (def->state == DEF_DONE)
		return BERTH_OK;
	if (def->state == DEF_IN_HAND)
		return bad(def, "is defined by means of itself");
	if (l->ld->chain == BERTH_JSONLD_CHAIN_MAX || l->ld->n_terms++ == BERTH_JSONLD_TERMS_MAX)
		return berth_fail(BERTH_E_SIZE, "@context: too many terms");
	if (!*def->term || berth_jsonld_is_reserved(def->term))
		return bad(def, "cannot be a term");
	l->ld->chain++;
	def->state = DEF_IN_HAND;
	def->is_protected = l->layer->is_protected;
	def->is_built_in = l->ld->built_in;
	if (!(rc = read_definition(l, def)))
		rc = check_protected(l, def);
	def->state = DEF_DONE;
	l->ld->chain--;
	return rc;
}
