/* SPDX-License-Identifier: Apache-2.0 */
/* Schemas: the words there are, what stands behind each, and how they are put together. */
#include "vc/schema.h"

#include <stdlib.h>
#include <string.h>

#include "did/base/hex.h"
#include "vc/pattern.h"
#include "vc/schema_internal.h"

#define LIST_MAX 256		/* schemas in a list, members of a map */
#define REF_MAX 512
#define TEXT_COST 16		/* bytes for one step */

static schema_word ref;

enum kind {
	ANY, SCHEMA, SCHEMAS, SCHEMA_OR_LIST, MAP, PATTERN_MAP, TEXT, TEXTS, TEXT_OR_LIST, NAME_LISTS, LIST, PATTERN,
	DEPENDENCIES, REF,
	COUNT, NUMBER, NUMBER_OR_BOOL, ABOVE_ZERO, BOOL, REFUSED
};

static const struct {
	const char *word;
	enum kind kind;
	schema_word *fn;	/* NULL: another word looks at it */
} words[] = {
	{ "$ref", REF, ref },
	{ "type", TEXT_OR_LIST, schema_type },
	{ "const", ANY, schema_const },
	{ "enum", LIST, schema_enum },
	{ "pattern", PATTERN, schema_pattern_word },
	{ "minLength", COUNT, schema_min_length },
	{ "maxLength", COUNT, schema_max_length },
	{ "format", TEXT, schema_format },
	{ "minimum", NUMBER, schema_minimum },
	{ "maximum", NUMBER, schema_maximum },
	{ "exclusiveMinimum", NUMBER_OR_BOOL, schema_above },
	{ "exclusiveMaximum", NUMBER_OR_BOOL, schema_below },
	{ "multipleOf", ABOVE_ZERO, schema_multiple },
	{ "properties", MAP, schema_properties },
	{ "required", TEXTS, schema_required },
	{ "additionalProperties", SCHEMA, schema_additional },
	{ "patternProperties", PATTERN_MAP, schema_pattern_properties },
	{ "propertyNames", SCHEMA, schema_names },
	{ "minProperties", COUNT, schema_min_properties },
	{ "maxProperties", COUNT, schema_max_properties },
	{ "dependentRequired", NAME_LISTS, schema_dependent },
	{ "items", SCHEMA_OR_LIST, schema_items },
	{ "prefixItems", SCHEMAS, schema_prefix },
	{ "additionalItems", SCHEMA, schema_additional_items },
	{ "contains", SCHEMA, schema_contains },
	{ "minContains", COUNT, NULL },
	{ "maxContains", COUNT, NULL },
	{ "minItems", COUNT, schema_min_items },
	{ "maxItems", COUNT, schema_max_items },
	{ "uniqueItems", BOOL, schema_unique },
	{ "allOf", SCHEMAS, schema_all_of },
	{ "anyOf", SCHEMAS, schema_any_of },
	{ "oneOf", SCHEMAS, schema_one_of },
	{ "not", SCHEMA, schema_not },
	{ "if", SCHEMA, schema_if },
	{ "then", SCHEMA, NULL },
	{ "else", SCHEMA, NULL },
	{ "definitions", MAP, NULL },
	{ "$defs", MAP, NULL },
	{ "dependencies", DEPENDENCIES, schema_dependencies },
	{ "dependentSchemas", DEPENDENCIES, schema_dependencies },
	{ "unevaluatedItems", REFUSED, NULL },
	{ "unevaluatedProperties", REFUSED, NULL },
	{ "$dynamicRef", REFUSED, NULL },
	{ "$recursiveRef", REFUSED, NULL },
};
#define N_WORDS (sizeof(words) / sizeof(words[0]))

/* ---- checking ---- */

static enum berth_err check_schema(const struct berth_json *root, const struct berth_json *s, size_t depth);

static enum berth_err bad(const char *word, const char *what)
{
	return berth_fail(BERTH_E_TYPE, "schema: %.40s: %s", word, what);
}

static enum berth_err check_list(const struct berth_json *root, const struct berth_json *v, size_t depth)
{
	enum berth_err rc = BERTH_OK;

	for (const struct berth_json *it = berth_json_first(v); it && !rc; it = berth_json_next(it))
		rc = check_schema(root, it, depth + 1);
	return rc;
}

static enum berth_err check_pattern(const char *text)
{
	struct berth_pattern *p;
	enum berth_err rc = berth_pattern_parse(&p, text);

	berth_pattern_free(p);
	return rc;
}

static enum berth_err check_patterns(const struct berth_json *v)
{
	enum berth_err rc = BERTH_OK;

	for (const struct berth_json *it = berth_json_first(v); it && !rc; it = berth_json_next(it))
		rc = check_pattern(berth_json_key(it));
	return rc;
}

static bool are_texts(const struct berth_json *v)
{
	if (!berth_json_is(v, BERTH_JSON_ARRAY) || berth_json_len(v) > LIST_MAX)
		return false;
	berth_json_each(it, v)
		if (!berth_json_str(it))
			return false;
	return true;
}

/* dependentRequired: a list of names under each name. */
static bool are_lists(const struct berth_json *v)
{
	if (!berth_json_is(v, BERTH_JSON_OBJECT))
		return false;
	berth_json_each(it, v)
		if (!are_texts(it))
			return false;
	return true;
}

/* dependencies: either of names or of schemas. */
static bool are_dependencies(const struct berth_json *v)
{
	if (!berth_json_is(v, BERTH_JSON_OBJECT) || berth_json_len(v) > LIST_MAX)
		return false;
	berth_json_each(it, v)
		if (!are_texts(it) && !berth_json_is(it, BERTH_JSON_OBJECT) && !berth_json_is(it, BERTH_JSON_BOOL))
			return false;
	return true;
}

static bool is_number(const struct berth_json *v, double min)
{
	return berth_json_is(v, BERTH_JSON_NUMBER) && berth_json_num(v) >= min;
}

/* Whether what stands behind a word is of its kind, but for the schemas in it. */
static bool has_shape(size_t i, const struct berth_json *v)
{
	bool list = berth_json_is(v, BERTH_JSON_ARRAY) && berth_json_len(v) <= LIST_MAX;
	bool schema = berth_json_is(v, BERTH_JSON_OBJECT) || berth_json_is(v, BERTH_JSON_BOOL);

	switch (words[i].kind) {
	case ANY:
		return true;
	case SCHEMA:
		return schema;
	case SCHEMAS:
		return list && berth_json_len(v);
	case SCHEMA_OR_LIST:
		return schema || list;
	case MAP:
	case PATTERN_MAP:
		return berth_json_is(v, BERTH_JSON_OBJECT) && berth_json_len(v) <= LIST_MAX;
	case NAME_LISTS:
		return are_lists(v);
	case DEPENDENCIES:
		return are_dependencies(v);
	case TEXT:
	case PATTERN:
	case REF:
		return berth_json_str(v) != NULL;
	case TEXTS:
		return are_texts(v);
	case TEXT_OR_LIST:
		return berth_json_str(v) || are_texts(v);
	case LIST:
		return list;
	case COUNT:
		return is_number(v, 0);
	case NUMBER:
		return berth_json_is(v, BERTH_JSON_NUMBER);
	case NUMBER_OR_BOOL:
		return berth_json_is(v, BERTH_JSON_NUMBER) || berth_json_is(v, BERTH_JSON_BOOL);
	case ABOVE_ZERO:
		return is_number(v, 0) && berth_json_num(v) > 0;
	case BOOL:
		return berth_json_is(v, BERTH_JSON_BOOL);
	case REFUSED:
		break;
	}
	return false;
}

static enum berth_err check_dependencies(const struct berth_json *root, const struct berth_json *v, size_t depth)
{
	enum berth_err rc = BERTH_OK;

	for (const struct berth_json *it = berth_json_first(v); it && !rc; it = berth_json_next(it))
		if (!berth_json_is(it, BERTH_JSON_ARRAY))
			rc = check_schema(root, it, depth + 1);
	return rc;
}

static enum berth_err check_word(const struct berth_json *root, size_t i, const struct berth_json *v, size_t depth)
{
	enum kind kind = words[i].kind;

	if (kind == REFUSED)
		return bad(words[i].word, "not supported");
	if (!has_shape(i, v))
		return bad(words[i].word, "of the wrong type, or too long");
	if (kind == REF && !schema_target(root, berth_json_str(v)))
		return bad(words[i].word, "only to what stands in the same schema");
	if (kind == PATTERN)
		return check_pattern(berth_json_str(v));
	if (kind == SCHEMA || (kind == SCHEMA_OR_LIST && !berth_json_is(v, BERTH_JSON_ARRAY)))
		return check_schema(root, v, depth + 1);
	if (kind == DEPENDENCIES)
		return check_dependencies(root, v, depth);
	if (kind == SCHEMAS || kind == SCHEMA_OR_LIST || kind == MAP || kind == PATTERN_MAP) {
		enum berth_err rc = kind == PATTERN_MAP ? check_patterns(v) : BERTH_OK;

		return rc ? rc : check_list(root, v, depth);
	}
	return BERTH_OK;
}

static size_t find_word(const char *word)
{
	size_t i = 0;

	while (i < N_WORDS && strcmp(words[i].word, word) != 0)
		i++;
	return i;
}

static enum berth_err check_schema(const struct berth_json *root, const struct berth_json *s, size_t depth)
{
	enum berth_err rc = BERTH_OK;

	if (berth_json_is(s, BERTH_JSON_BOOL))
		return BERTH_OK;
	if (!berth_json_is(s, BERTH_JSON_OBJECT))
		return berth_fail(BERTH_E_TYPE, "schema: neither an object nor a boolean");
	if (depth > BERTH_SCHEMA_DEPTH_MAX)
		return berth_fail(BERTH_E_SIZE, "schema: nested too deep");
	for (const struct berth_json *m = berth_json_first(s); m && !rc; m = berth_json_next(m)) {
		size_t i = find_word(berth_json_key(m));

		if (i < N_WORDS)
			rc = check_word(root, i, m, depth);
	}
	return rc;
}

enum berth_err berth_schema_check(const struct berth_json *schema)
{
	return check_schema(schema, schema, 0);
}

/* ---- references ---- */

/* A reference's part behind #, of this schema itself; NULL: to another. */
static const char *fragment(const struct berth_json *root, const char *ref_)
{
	const char *id = berth_json_str(berth_json_get(root, "$id")), *hash = strchr(ref_, '#');
	size_t n = hash ? (size_t)(hash - ref_) : strlen(ref_), id_n = id ? strcspn(id, "#") : 0;

	if (n && (n != id_n || strncmp(ref_, id, n) != 0))
		return NULL;
	return hash ? hash + 1 : ref_ + n;
}

/* One character of a fragment, which is percent-encoded; *p is left at its last byte. */
static char fragment_char(const char **p)
{
	int hi = **p == '%' ? berth_hex_digit((*p)[1]) : -1, lo = hi >= 0 ? berth_hex_digit((*p)[2]) : -1;

	if (lo < 0)
		return **p;
	*p += 2;
	return (char)(hi << 4 | lo);
}

/* One name of a JSON Pointer, unescaped; the place behind it. */
static const char *pointer_step(char name[REF_MAX], const char *p)
{
	size_t n = 0;

	for (p++; *p && *p != '/'; p++) {
		if (*p == '~' && (p[1] == '0' || p[1] == '1'))
			name[n++] = *++p == '1' ? '/' : '~';
		else
			name[n++] = fragment_char(&p);
	}
	name[n] = '\0';
	return p;
}

const struct berth_json *schema_target(const struct berth_json *root, const char *ref_)
{
	const char *p = strlen(ref_) < REF_MAX ? fragment(root, ref_) : NULL;
	const struct berth_json *v = root;
	char name[REF_MAX];

	if (!p || (*p && *p != '/'))
		return NULL;
	while (v && *p) {
		p = pointer_step(name, p);
		v = berth_json_is(v, BERTH_JSON_ARRAY) ? berth_json_at(v, strtoul(name, NULL, 10)) : berth_json_get(v, name);
	}
	return v;
}

static enum berth_err ref(struct schema_walk *w, const struct berth_json *word, const struct berth_json *schema,
			  const struct berth_json *v, bool *valid)
{
	const struct berth_json *target = schema_target(w->root, berth_json_str(word));

	(void)schema;
	return target ? schema_apply(w, target, v, valid) : bad("$ref", "to nothing");
}

/* ---- applying ---- */

enum berth_err schema_invalid(bool *valid, const char *word, const char *what)
{
	*valid = false;
	(void)!berth_fail(BERTH_E_VC, "schema: %s: %.80s", word, what);
	return BERTH_OK;
}

/* A $ref may lead to where nobody has looked for schemas: shapes are looked at again. */
static enum berth_err apply_words(struct schema_walk *w, const struct berth_json *schema, const struct berth_json *v,
				  bool *valid)
{
	enum berth_err rc = BERTH_OK;

	for (const struct berth_json *m = berth_json_first(schema); m && !rc && *valid; m = berth_json_next(m)) {
		size_t i = find_word(berth_json_key(m));

		if (i < N_WORDS && !has_shape(i, m))
			rc = bad(words[i].word, "not supported, or of the wrong type");
		else if (i < N_WORDS && words[i].fn)
			rc = words[i].fn(w, m, schema, v, valid);
	}
	return rc;
}

enum berth_err schema_apply(struct schema_walk *w, const struct berth_json *schema, const struct berth_json *v,
			    bool *valid)
{
	const char *text = berth_json_str(v);
	enum berth_err rc;

	if (berth_json_is(schema, BERTH_JSON_BOOL))
		return berth_json_bool(schema, false) ? BERTH_OK : schema_invalid(valid, "false", "nothing may be here");
	if (!berth_json_is(schema, BERTH_JSON_OBJECT))
		return bad("schema", "neither an object nor a boolean");
	if (w->depth == BERTH_SCHEMA_DEPTH_MAX)
		return berth_fail(BERTH_E_SIZE, "schema: nested too deep");
	if ((rc = schema_charge(w, 1 + berth_json_len(schema) + (text ? strlen(text) / TEXT_COST : 0))))
		return rc;
	w->depth++;
	rc = apply_words(w, schema, v, valid);
	w->depth--;
	return rc;
}

enum berth_err berth_schema_validate(const struct berth_json *schema, const struct berth_json *v, size_t *budget,
				     bool *valid)
{
	struct schema_walk w = { .root = schema, .budget = budget };

	*valid = true;
	return schema_apply(&w, schema, v, valid);
}
