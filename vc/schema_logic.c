/* SPDX-License-Identifier: Apache-2.0 */
/* Words of schemas that put schemas together, and what all words pay with. */
#include <string.h>

#include "vc/pattern.h"
#include "vc/schema_internal.h"

#define PATTERN_COST 256	/* of building its states */
#define TEXT_COST 16		/* bytes for one step */

enum berth_err schema_charge(struct schema_walk *w, size_t n)
{
	if (*w->budget < n) {
		*w->budget = 0;
		return berth_fail(BERTH_E_SIZE, "schema: too much work");
	}
	*w->budget -= n;
	return BERTH_OK;
}

static size_t weigh(const struct berth_json *v)
{
	const char *text = berth_json_str(v);
	size_t n = text ? 1 + strlen(text) / TEXT_COST : 1;

	berth_json_each(it, v)
		n += weigh(it);
	return n;
}

enum berth_err schema_equal(struct schema_walk *w, const struct berth_json *a, const struct berth_json *b, bool *equal)
{
	enum berth_err rc = schema_charge(w, weigh(a));

	*equal = !rc && berth_json_equal(a, b);
	return rc;
}

enum berth_err schema_pattern(struct schema_walk *w, const char *pattern, const char *text, bool *found)
{
	struct berth_pattern *p = NULL;
	enum berth_err rc = schema_charge(w, PATTERN_COST);

	*found = false;
	if (!rc && !(rc = berth_pattern_parse(&p, pattern)))
		rc = berth_pattern_search(p, text, w->budget, found);
	berth_pattern_free(p);
	return rc;
}

enum berth_err schema_all_of(struct schema_walk *w, const struct berth_json *word, const struct berth_json *schema,
			   const struct berth_json *v, bool *valid)
{
	enum berth_err rc = BERTH_OK;

	(void)schema;
	for (const struct berth_json *it = berth_json_first(word); it && !rc && *valid; it = berth_json_next(it))
		rc = schema_apply(w, it, v, valid);
	return rc;
}

/* How many of a list of schemas v is valid against. */
static enum berth_err count(struct schema_walk *w, const struct berth_json *list, const struct berth_json *v, size_t *n)
{
	enum berth_err rc;

	*n = 0;
	berth_json_each(it, list) {
		bool one = true;

		if ((rc = schema_apply(w, it, v, &one)))
			return rc;
		*n += one;
	}
	return BERTH_OK;
}

enum berth_err schema_any_of(struct schema_walk *w, const struct berth_json *word, const struct berth_json *schema,
			   const struct berth_json *v, bool *valid)
{
	size_t n;
	enum berth_err rc = count(w, word, v, &n);

	(void)schema;
	return rc || n ? rc : schema_invalid(valid, "anyOf", "none of them");
}

enum berth_err schema_one_of(struct schema_walk *w, const struct berth_json *word, const struct berth_json *schema,
			   const struct berth_json *v, bool *valid)
{
	size_t n;
	enum berth_err rc = count(w, word, v, &n);

	(void)schema;
	return rc || n == 1 ? rc : schema_invalid(valid, "oneOf", "not exactly one of them");
}

enum berth_err schema_not(struct schema_walk *w, const struct berth_json *word, const struct berth_json *schema,
			   const struct berth_json *v, bool *valid)
{
	bool one = true;
	enum berth_err rc = schema_apply(w, word, v, &one);

	(void)schema;
	return rc || !one ? rc : schema_invalid(valid, "not", "it is");
}

enum berth_err schema_if(struct schema_walk *w, const struct berth_json *word, const struct berth_json *schema,
			 const struct berth_json *v, bool *valid)
{
	const struct berth_json *next;
	bool is = true;
	enum berth_err rc = schema_apply(w, word, v, &is);

	next = berth_json_get(schema, is ? "then" : "else");
	return rc || !next ? rc : schema_apply(w, next, v, valid);
}
