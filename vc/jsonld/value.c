/* SPDX-License-Identifier: Apache-2.0 */
/* Literals: JSON-LD 1.1 API 5.3, Value Expansion, and 8.2.2, Object to RDF Conversion. */
#include "vc/jsonld/expand.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "did/codec/jcs.h"

#define INTEGER_END 1e21	/* from here on a number without a fraction is a double too */
#define LONG_ENOUGH 9e18	/* below, an int64_t holds it */
#define I18N "https://www.w3.org/ns/i18n#"

static enum berth_err put_literal(struct berth_jsonld *ld, struct berth_jsonld_sink *s, const char *text, size_t n,
				  const char *datatype)
{
	struct berth_rdf_term t = { .kind = BERTH_RDF_LITERAL, .value = text, .len = n, .datatype = datatype };

	if (datatype && !strcmp(datatype, BERTH_XSD_NS "string"))
		t.datatype = NULL;
	return berth_jsonld_put(ld, s, &t);
}

/* With a direction: the datatype of that language and direction ("i18n-datatype"). */
enum berth_err berth_jsonld_text(struct berth_jsonld *ld, const char *text, const char *lang, const char *dir,
				 struct berth_jsonld_sink *s)
{
	struct berth_rdf_term t = { .kind = BERTH_RDF_LITERAL, .value = text, .len = strlen(text) };
	char type[sizeof(I18N) + 128];

	if (dir && *dir) {
		if ((size_t)snprintf(type, sizeof(type), I18N "%s_%s", lang ? lang : "", dir) >= sizeof(type))
			return berth_fail(BERTH_E_SIZE, "JSON-LD: a language of %zu bytes", strlen(lang));
		if (!(t.datatype = berth_arena_text(ld->arena, type, strlen(type))))
			return BERTH_E_NOMEM;
	} else if (lang && *lang) {
		t.lang = lang;
	}
	return berth_jsonld_put(ld, s, &t);
}

enum berth_err berth_jsonld_json(struct berth_jsonld *ld, const struct berth_json *v, struct berth_jsonld_sink *s)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc = berth_jcs(&b, v);
	char *text = NULL;
	size_t n = b.len;

	if (!rc && !(text = berth_arena_text(ld->arena, berth_buf_cstr(&b), n)))
		rc = BERTH_E_NOMEM;
	berth_buf_free(&b);
	return rc ? rc : put_literal(ld, s, text, n, BERTH_RDF_NS "JSON");
}

/* ---- numbers ---- */

/* xsd:double as "%1.15E" has it, without the zeros that say nothing: 1.1E0.  What
 * stands for the point depends on the locale. */
static void format_double(struct berth_buf *out, double v)
{
	char raw[64], digits[32];
	const char *p = raw;
	size_t n = 0;

	snprintf(raw, sizeof(raw), "%.15E", fabs(v));
	for (; *p && *p != 'E'; p++)
		if (*p >= '0' && *p <= '9' && n < sizeof(digits))
			digits[n++] = *p;
	while (n > 2 && digits[n - 1] == '0')
		n--;
	if (signbit(v) && v != 0)
		berth_buf_u8(out, '-');
	berth_buf_u8(out, (uint8_t)digits[0]);
	berth_buf_u8(out, '.');
	berth_buf_put(out, digits + 1, n - 1);
	p++;
	berth_buf_str(out, *p == '-' ? "E-" : "E");
	p++;
	while (*p == '0' && p[1])
		p++;
	berth_buf_str(out, p);
}

static enum berth_err put_number(struct berth_jsonld *ld, struct berth_jsonld_sink *s, double v, const char *datatype)
{
	bool is_double = v != trunc(v) || fabs(v) >= INTEGER_END ||
			 (datatype && !strcmp(datatype, BERTH_XSD_NS "double"));
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;
	char *text = NULL;
	size_t n;

	if (is_double)
		format_double(&b, v);
	else if (fabs(v) < LONG_ENOUGH)
		berth_buf_printf(&b, "%" PRId64, (int64_t)v);
	else
		berth_buf_printf(&b, "%.0f", v);
	n = b.len;
	if (!(rc = berth_buf_status(&b)) && !(text = berth_arena_text(ld->arena, berth_buf_cstr(&b), n)))
		rc = BERTH_E_NOMEM;
	berth_buf_free(&b);
	if (!datatype)
		datatype = is_double ? BERTH_XSD_NS "double" : BERTH_XSD_NS "integer";
	return rc ? rc : put_literal(ld, s, text, n, datatype);
}

static enum berth_err put_typed(struct berth_jsonld *ld, struct berth_jsonld_sink *s, const struct berth_json *v,
				const char *datatype)
{
	const char *text = berth_json_str(v);

	if (text)
		return put_literal(ld, s, text, strlen(text), datatype);
	if (berth_json_is(v, BERTH_JSON_NUMBER))
		return put_number(ld, s, berth_json_num(v), datatype);
	if (!berth_json_is(v, BERTH_JSON_BOOL))
		return berth_fail(BERTH_E_VC, "JSON-LD: @value is no plain value");
	text = berth_json_bool(v, false) ? "true" : "false";
	return put_literal(ld, s, text, strlen(text), datatype ? datatype : BERTH_XSD_NS "boolean");
}

/* ---- values of members ---- */

enum berth_err berth_jsonld_node_term(struct berth_jsonld *ld, struct berth_rdf_term *out,
				      const struct berth_jsonld_ctx *ctx, const struct berth_json *v, int how,
				      const char *what)
{
	const char *text = berth_json_str(v);
	struct berth_jsonld_name name;
	enum berth_err rc;

	if (!text)
		return berth_fail(BERTH_E_VC, "JSON-LD: %s is not text", what);
	if ((rc = berth_jsonld_expand(ld, &name, ctx, NULL, text, how)))
		return rc;
	if (!name.iri)
		return berth_fail(BERTH_E_VC, "JSON-LD: %s %.80s is not an absolute IRI, nor does a context make it one",
				  what, text);
	if (!strncmp(name.iri, "_:", 2))
		return berth_rdf_labelled(ld->d, out, name.iri + 2, strlen(name.iri + 2));
	*out = berth_rdf_iri(name.iri);
	return BERTH_OK;
}

static enum berth_err bad(const char *what)
{
	return berth_fail(BERTH_E_VC, "JSON-LD: a value with %s", what);
}

static enum berth_err put_node(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx, const struct berth_json *v,
			       int how, struct berth_jsonld_sink *s)
{
	struct berth_rdf_term t;
	enum berth_err rc = berth_jsonld_node_term(ld, &t, ctx, v, how, "the reference");

	return rc ? rc : berth_jsonld_put(ld, s, &t);
}

enum berth_err berth_jsonld_scalar(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
				   const struct berth_jsonld_property *p, const struct berth_json *v,
				   struct berth_jsonld_sink *s)
{
	const struct berth_jsonld_def *def = p->term ? berth_jsonld_find(ctx, p->term, strlen(p->term)) : NULL;
	const char *text = berth_json_str(v);

	if (text && def && def->type_keyword == KW_ID)
		return put_node(ld, ctx, v, EXPAND_RELATIVE, s);
	if (text && def && def->type_keyword == KW_VOCAB)
		return put_node(ld, ctx, v, EXPAND_VOCAB | EXPAND_RELATIVE, s);
	if (def && def->keyword)
		return bad("a name that its own context makes a keyword");
	if (def && def->type_keyword == KW_JSON)
		return berth_jsonld_json(ld, v, s);
	if (!text || (def && def->type))
		return put_typed(ld, s, v, def ? def->type : NULL);
	return berth_jsonld_text(ld, text, def && def->lang ? def->lang : ctx->lang, def && def->dir ? def->dir : ctx->dir, s);
}

/* ---- {"@value": ...} ---- */

static enum berth_err put_of_type(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
				  const struct berth_json *v, const struct berth_json *type, struct berth_jsonld_sink *s)
{
	struct berth_jsonld_name name;
	enum berth_err rc;

	if (!berth_json_str(type))
		return bad("a @type that is not text");
	if ((rc = berth_jsonld_expand(ld, &name, ctx, NULL, berth_json_str(type), EXPAND_VOCAB | EXPAND_RELATIVE)))
		return rc;
	if (name.keyword == KW_JSON)
		return berth_jsonld_json(ld, v, s);
	if (!name.iri || !strncmp(name.iri, "_:", 2))
		return bad("a @type that is not an IRI");
	return put_typed(ld, s, v, name.iri);
}

static enum berth_err put_of_language(struct berth_jsonld *ld, const struct berth_json *v,
				      const struct berth_json *lang, const struct berth_json *dir,
				      struct berth_jsonld_sink *s)
{
	const char *l = NULL, *d = berth_json_str(dir);
	enum berth_err rc;

	if (!berth_json_str(v) || (lang && !berth_json_str(lang)) || (dir && (!d || !berth_jsonld_is_dir(d))))
		return bad("a @language or @direction that is none, or for what is not text");
	if (lang && (rc = berth_jsonld_lang(ld, &l, berth_json_str(lang))))
		return rc;
	return berth_jsonld_text(ld, berth_json_str(v), l, d, s);
}

enum berth_err berth_jsonld_value_object(struct berth_jsonld *ld, const struct berth_jsonld_ctx *ctx,
					 const struct berth_json *const *by_keyword, struct berth_jsonld_sink *s)
{
	const struct berth_json *v = by_keyword[KW_VALUE];
	const struct berth_json *lang = by_keyword[KW_LANGUAGE], *dir = by_keyword[KW_DIRECTION];

	if (by_keyword[KW_TYPE] && (lang || dir))
		return bad("both a @type and a @language or @direction");
	if (by_keyword[KW_TYPE])
		return put_of_type(ld, ctx, v, by_keyword[KW_TYPE], s);
	if (lang || dir)
		return put_of_language(ld, v, lang, dir, s);
	return put_typed(ld, s, v, NULL);
}
