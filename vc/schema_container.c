/* SPDX-License-Identifier: Apache-2.0 */
/* Words of schemas about objects and arrays. */
#include <string.h>

#include "vc/schema_internal.h"

#define WORD(name) \
	enum berth_err name(struct schema_walk *w, const struct berth_json *word, const struct berth_json *schema, \
			    const struct berth_json *v, bool *valid)
#define UNUSED (void)w; (void)schema

static bool is_object(const struct berth_json *v) { return berth_json_is(v, BERTH_JSON_OBJECT); }
static bool is_array(const struct berth_json *v) { return berth_json_is(v, BERTH_JSON_ARRAY); }

/* ---- objects ---- */

WORD(schema_properties)
{
	enum berth_err rc = BERTH_OK;

	(void)schema;
	for (const struct berth_json *p = berth_json_first(word); p && !rc && *valid; p = berth_json_next(p)) {
		const struct berth_json *member = is_object(v) ? berth_json_get(v, berth_json_key(p)) : NULL;

		if (member)
			rc = schema_apply(w, p, member, valid);
	}
	return rc;
}

WORD(schema_required)
{
	UNUSED;
	if (!is_object(v))
		return BERTH_OK;
	berth_json_each(it, word)
		if (!berth_json_get(v, berth_json_str(it)))
			return schema_invalid(valid, "required", berth_json_str(it));
	return BERTH_OK;
}

/* Whether properties or patternProperties of the same schema are about that name. */
static enum berth_err is_named(struct schema_walk *w, const struct berth_json *schema, const char *name, bool *named)
{
	enum berth_err rc = BERTH_OK;

	*named = berth_json_get(berth_json_get(schema, "properties"), name) != NULL;
	for (const struct berth_json *p = berth_json_first(berth_json_get(schema, "patternProperties"));
	     p && !rc && !*named; p = berth_json_next(p))
		rc = schema_pattern(w, berth_json_key(p), name, named);
	return rc;
}

WORD(schema_additional)
{
	bool named;
	enum berth_err rc = BERTH_OK;

	if (!is_object(v))
		return BERTH_OK;
	for (const struct berth_json *m = berth_json_first(v); m && !rc && *valid; m = berth_json_next(m))
		if (!(rc = is_named(w, schema, berth_json_key(m), &named)) && !named)
			rc = schema_apply(w, word, m, valid);
	return rc;
}

WORD(schema_pattern_properties)
{
	enum berth_err rc = BERTH_OK;
	bool found;

	(void)schema;
	if (!is_object(v))
		return BERTH_OK;
	berth_json_each(p, word)
		for (const struct berth_json *m = berth_json_first(v); m && !rc && *valid; m = berth_json_next(m))
			if (!(rc = schema_pattern(w, berth_json_key(p), berth_json_key(m), &found)) && found)
				rc = schema_apply(w, p, m, valid);
	return rc;
}

WORD(schema_names)
{
	enum berth_err rc = BERTH_OK;

	(void)schema;
	if (!is_object(v))
		return BERTH_OK;
	for (const struct berth_json *m = berth_json_first(v); m && !rc && *valid; m = berth_json_next(m)) {
		struct berth_json *name = berth_json_new_str(berth_json_key(m));

		rc = name ? schema_apply(w, word, name, valid) : berth_no_memory();
		berth_json_free(name);
	}
	return rc;
}

WORD(schema_min_properties)
{
	UNUSED;
	if (!is_object(v) || (double)berth_json_len(v) >= berth_json_num(word))
		return BERTH_OK;
	return schema_invalid(valid, "minProperties", "fewer");
}

WORD(schema_max_properties)
{
	UNUSED;
	if (!is_object(v) || (double)berth_json_len(v) <= berth_json_num(word))
		return BERTH_OK;
	return schema_invalid(valid, "maxProperties", "more");
}

WORD(schema_dependent)
{
	UNUSED;
	if (!is_object(v))
		return BERTH_OK;
	berth_json_each(p, word) {
		if (!berth_json_get(v, berth_json_key(p)))
			continue;
		berth_json_each(it, p)
			if (!berth_json_get(v, berth_json_str(it)))
				return schema_invalid(valid, "dependentRequired", berth_json_str(it));
	}
	return BERTH_OK;
}

/* A list of names, or a schema for all of it. */
WORD(schema_dependencies)
{
	enum berth_err rc = BERTH_OK;

	(void)schema;
	for (const struct berth_json *p = berth_json_first(word); p && !rc && *valid; p = berth_json_next(p)) {
		if (!is_object(v) || !berth_json_get(v, berth_json_key(p)))
			continue;
		rc = is_array(p) ? schema_required(w, p, schema, v, valid) : schema_apply(w, p, v, valid);
	}
	return rc;
}

/* ---- arrays ---- */

/* The elements from that one on. */
static enum berth_err each_from(struct schema_walk *w, const struct berth_json *schema, const struct berth_json *v,
				size_t from, bool *valid)
{
	enum berth_err rc = BERTH_OK;
	size_t i = 0;

	for (const struct berth_json *it = berth_json_first(v); it && !rc && *valid; it = berth_json_next(it))
		if (i++ >= from)
			rc = schema_apply(w, schema, it, valid);
	return rc;
}

/* One schema an element, as far as there are both. */
WORD(schema_prefix)
{
	const struct berth_json *it = berth_json_first(v), *s = berth_json_first(word);
	enum berth_err rc = BERTH_OK;

	(void)schema;
	if (!is_array(v))
		return BERTH_OK;
	for (; it && s && !rc && *valid; it = berth_json_next(it), s = berth_json_next(s))
		rc = schema_apply(w, s, it, valid);
	return rc;
}

/* A list is what prefixItems is since draft 2020-12. */
WORD(schema_items)
{
	if (!is_array(v))
		return BERTH_OK;
	if (is_array(word))
		return schema_prefix(w, word, schema, v, valid);
	return each_from(w, word, v, berth_json_len(berth_json_get(schema, "prefixItems")), valid);
}

WORD(schema_additional_items)
{
	const struct berth_json *items = berth_json_get(schema, "items");

	return is_array(v) && is_array(items) ? each_from(w, word, v, berth_json_len(items), valid) : BERTH_OK;
}

static double count_or(const struct berth_json *schema, const char *word, double otherwise)
{
	const struct berth_json *v = berth_json_get(schema, word);

	return v ? berth_json_num(v) : otherwise;
}

WORD(schema_contains)
{
	double n = 0;
	enum berth_err rc;

	if (!is_array(v))
		return BERTH_OK;
	berth_json_each(it, v) {
		bool one = true;

		if ((rc = schema_apply(w, word, it, &one)))
			return rc;
		n += one;
	}
	if (n >= count_or(schema, "minContains", 1) && n <= count_or(schema, "maxContains", n))
		return BERTH_OK;
	return schema_invalid(valid, "contains", "not as many elements as it says");
}

WORD(schema_min_items)
{
	UNUSED;
	if (!is_array(v) || (double)berth_json_len(v) >= berth_json_num(word))
		return BERTH_OK;
	return schema_invalid(valid, "minItems", "fewer");
}

WORD(schema_max_items)
{
	UNUSED;
	if (!is_array(v) || (double)berth_json_len(v) <= berth_json_num(word))
		return BERTH_OK;
	return schema_invalid(valid, "maxItems", "more");
}

WORD(schema_unique)
{
	bool equal;
	enum berth_err rc;

	(void)schema;
	if (!is_array(v) || !berth_json_bool(word, false))
		return BERTH_OK;
	berth_json_each(a, v)
		for (const struct berth_json *b = berth_json_next(a); b; b = berth_json_next(b)) {
			if ((rc = schema_equal(w, a, b, &equal)))
				return rc;
			if (equal)
				return schema_invalid(valid, "uniqueItems", "two are equal");
		}
	return BERTH_OK;
}
