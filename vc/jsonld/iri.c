/* SPDX-License-Identifier: Apache-2.0 */
/* JSON-LD 1.1 API 5.2, IRI Expansion. */
#include <string.h>

#include "vc/jsonld/context.h"

/* The definition of n bytes as a term; one of the context in hand is made first. */
static enum berth_err lookup(const struct berth_jsonld_def **out, const struct berth_jsonld_ctx *ctx,
			     struct berth_jsonld_local *local, const char *term, size_t n)
{
	struct berth_jsonld_def *own = NULL;

	*out = NULL;
	if (local)
		own = berth_jsonld_layer_find(local->layer, term, n, berth_jsonld_hash(term, n));
	*out = own ? own : berth_jsonld_find(ctx, term, n);
	return own && own->state != DEF_DONE ? berth_jsonld_define(local, own) : BERTH_OK;
}

static enum berth_err concat(struct berth_jsonld *ld, const char **out, const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b);
	char *s;

	ld->n_text += na + nb;
	if (na + nb > BERTH_JSONLD_IRI_MAX || ld->n_text > BERTH_JSONLD_TEXT_MAX)
		return berth_fail(BERTH_E_SIZE, "an IRI of %zu bytes, %zu bytes of them in all", na + nb, ld->n_text);
	if (!(s = berth_arena_take(ld->arena, na + nb + 1)))
		return BERTH_E_NOMEM;
	memcpy(s, a, na);
	memcpy(s + na, b, nb);
	*out = berth_rdf_is_iri(s, na + nb) ? s : NULL;
	return BERTH_OK;
}

static bool stands_for_itself(const char *text, const char *colon)
{
	return (colon == text + 1 && *text == '_') || !strncmp(colon + 1, "//", 2);
}

/* A compact IRI, or one as it is; *found without an IRI: it is one that cannot be. */
static enum berth_err with_colon(struct berth_jsonld *ld, const char **out, bool *found,
				 const struct berth_jsonld_ctx *ctx, struct berth_jsonld_local *local, const char *text,
				 const char *colon)
{
	const struct berth_jsonld_def *prefix = NULL;
	enum berth_err rc;

	if (!stands_for_itself(text, colon)) {
		if ((rc = lookup(&prefix, ctx, local, text, (size_t)(colon - text))))
			return rc;
		if (prefix && prefix->iri && prefix->is_prefix) {
			*found = true;
			return concat(ld, out, prefix->iri, colon + 1);
		}
	}
	*found = !strncmp(text, "_:", 2) || berth_rdf_is_iri(text, strlen(text));
	*out = *found ? text : NULL;
	return BERTH_OK;
}

enum berth_err berth_jsonld_expand(struct berth_jsonld *ld, struct berth_jsonld_name *out,
				   const struct berth_jsonld_ctx *ctx, struct berth_jsonld_local *local,
				   const char *text, int how)
{
	const char *colon;
	enum berth_err rc;
	bool found = false;

	*out = (struct berth_jsonld_name){ .keyword = berth_jsonld_keyword(text) };
	if (!*text || out->keyword || berth_jsonld_is_reserved(text))
		return BERTH_OK;
	if ((rc = lookup(&out->def, ctx, local, text, strlen(text))))
		return rc;
	if (out->def && (out->def->keyword || how & EXPAND_VOCAB)) {
		out->keyword = out->def->keyword;
		out->iri = out->def->iri;
		return BERTH_OK;
	}
	if ((colon = strchr(text + 1, ':')) &&
	    ((rc = with_colon(ld, &out->iri, &found, ctx, local, text, colon)) || found))
		return rc;
	if (how & EXPAND_VOCAB && ctx->vocab)
		return concat(ld, &out->iri, ctx->vocab, text);
	return BERTH_OK;
}

bool berth_jsonld_is_disguised(const char *iri, const struct berth_jsonld_def *def)
{
	static const char *const vocabularies[] = {
		"https://www.w3.org/2018/credentials#", "https://w3id.org/security#",
		"https://www.w3.org/ns/credentials/status#", "https://w3id.org/vc/status-list#"
	};

	for (size_t i = 0; i < sizeof(vocabularies) / sizeof(vocabularies[0]); i++)
		if (!strncmp(iri, vocabularies[i], strlen(vocabularies[i])))
			return !def || !def->is_built_in;
	return false;
}

enum berth_err berth_jsonld_lang(struct berth_jsonld *ld, const char **out, const char *text)
{
	size_t n = strlen(text);
	char *s;

	if (!berth_rdf_is_lang(text, n))
		return berth_fail(BERTH_E_VC, "JSON-LD: %.40s is not a language", text);
	if (!(s = berth_arena_text(ld->arena, text, n)))
		return BERTH_E_NOMEM;
	for (size_t i = 0; i < n; i++)
		if (s[i] >= 'A' && s[i] <= 'Z')
			s[i] = (char)(s[i] | 0x20);
	*out = s;
	return BERTH_OK;
}

bool berth_jsonld_is_dir(const char *text)
{
	return !strcmp(text, "ltr") || !strcmp(text, "rtl");
}
