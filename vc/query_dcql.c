/* SPDX-License-Identifier: Apache-2.0 */
/* DCQL, OpenID4VP 1.0 section 6.  Members that are not known are ignored, as it says. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "vc/query_internal.h"

#include "did/base/chars.h"

/* "a non-empty string consisting of alphanumeric, underscore (_), or hyphen (-) characters" */
static bool is_id(const char *s)
{
	size_t n = s ? berth_chars_span(s, BERTH_CHARS_NAME & ~BERTH_CHARS_DOT) : 0;

	return n && !s[n];
}

/* A list with something in it, or NULL where there is none. */
static enum berth_err get_list(const struct berth_json *o, const char *member, size_t max, const struct berth_json **out)
{
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_json_opt_arr(o, member, max, out)))
		return rc;
	return *out && !berth_json_len(*out) ? query_bad(member, "empty") : BERTH_OK;
}

static bool are_texts(const struct berth_json *list)
{
	if (!berth_json_is(list, BERTH_JSON_ARRAY) || !berth_json_len(list))
		return false;
	berth_json_each(it, list)
		if (!berth_json_str(it))
			return false;
	return true;
}

/* ---- claims ---- */

/* "strings, integers or boolean values" */
static bool is_value(const struct berth_json *v)
{
	double d = berth_json_num(v);

	if (berth_json_is(v, BERTH_JSON_NUMBER))
		return d == trunc(d);
	return berth_json_str(v) || berth_json_is(v, BERTH_JSON_BOOL);
}

static enum berth_err read_values(struct query_claim *c, const struct berth_json *o)
{
	enum berth_err rc = get_list(o, "values", BERTH_JSON_MEMBERS_MAX, &c->values);

	if (rc)
		return rc;
	berth_json_each(it, c->values)
		if (!is_value(it))
			return query_bad("values", "neither text, nor an integer, nor a boolean");
	return BERTH_OK;
}

static enum berth_err read_claim(struct query_item *item, const struct berth_json *o, bool needs_id)
{
	const struct berth_json *id = berth_json_get(o, "id");
	struct query_claim *c;
	struct berth_path *p;
	enum berth_err rc;

	if (!berth_json_is(o, BERTH_JSON_OBJECT) || (id && !is_id(berth_json_str(id))) || (needs_id && !id))
		return query_bad("claims", "no object, or without a proper id");
	for (size_t i = 0; id && i < item->n_claims; i++)
		if (item->claims[i].id && !strcmp(item->claims[i].id, berth_json_str(id)))
			return query_bad("claims", "an id twice");
	if ((rc = query_add_claim(item, &c)))
		return rc;
	c->id = berth_json_str(id);
	if ((rc = query_add_path(c, &p)) || (rc = berth_path_read(p, berth_json_get(o, "path"))))
		return rc;
	return read_values(c, o);
}

static enum berth_err read_set(uint64_t *mask, const struct query_item *item, const struct berth_json *set)
{
	if (!are_texts(set))
		return query_bad("claim_sets", "not lists of ids");
	*mask = 0;
	berth_json_each(it, set) {
		size_t i = 0;

		while (i < item->n_claims && strcmp(item->claims[i].id, berth_json_str(it)) != 0)
			i++;
		if (i == item->n_claims)
			return query_bad("claim_sets", "an id of no claim");
		*mask |= UINT64_C(1) << i;
	}
	return BERTH_OK;
}

static enum berth_err read_claims(struct query_item *item, const struct berth_json *o)
{
	const struct berth_json *claims, *sets;
	enum berth_err rc;

	if ((rc = get_list(o, "claims", BERTH_QUERY_CLAIMS_MAX, &claims)) ||
	    (rc = get_list(o, "claim_sets", BERTH_QUERY_CLAIMS_MAX, &sets)))
		return rc;
	if (sets && !claims)
		return query_bad("claim_sets", "without claims");
	for (const struct berth_json *it = berth_json_first(claims); it && !rc; it = berth_json_next(it))
		rc = read_claim(item, it, sets != NULL);
	if (rc || !sets)
		return rc;
	if (!(item->sets = calloc(berth_json_len(sets), sizeof(*item->sets))))
		return berth_no_memory();
	for (const struct berth_json *it = berth_json_first(sets); it && !rc; it = berth_json_next(it))
		rc = read_set(&item->sets[item->n_sets++], item, it);
	return rc;
}

/* ---- credentials ---- */

/* vct_values: texts; type_values: lists of texts.  An empty meta asks for nothing. */
static enum berth_err read_meta(struct query_item *item, const struct berth_json *o)
{
	const struct berth_json *meta;
	enum berth_err rc;

	if ((rc = berth_json_req_obj(o, "meta", &meta)) ||
	    (rc = get_list(meta, "vct_values", BERTH_JSON_MEMBERS_MAX, &item->vcts)) ||
	    (rc = get_list(meta, "type_values", BERTH_JSON_MEMBERS_MAX, &item->types)))
		return rc;
	if (item->vcts && !are_texts(item->vcts))
		return query_bad("vct_values", "not texts");
	berth_json_each(it, item->types)
		if (!are_texts(it))
			return query_bad("type_values", "not lists of texts");
	return BERTH_OK;
}

static enum berth_err read_authorities(struct query_item *item, const struct berth_json *o)
{
	enum berth_err rc = get_list(o, "trusted_authorities", BERTH_QUERY_CLAIMS_MAX, &item->authorities);

	if (rc)
		return rc;
	berth_json_each(it, item->authorities)
		if (!berth_json_str(berth_json_get(it, "type")) || !are_texts(berth_json_get(it, "values")))
			return query_bad("trusted_authorities", "without type or values");
	return BERTH_OK;
}

/* Said aloud, a binding is demanded; where nothing is said, a credential that cannot be
 * bound comes behind those that can (whoever presents it still has to bind it). */
static enum berth_err read_binding(struct query_item *item, const struct berth_json *o)
{
	bool bound = false;
	enum berth_err rc = berth_json_opt_bool(o, "require_cryptographic_holder_binding", &bound);

	item->bound = bound;
	item->unbound = berth_json_get(o, "require_cryptographic_holder_binding") && !bound;
	return rc;
}

static enum berth_err read_credential(struct berth_query *q, const struct berth_json *o)
{
	struct query_item *item;
	enum berth_err rc;

	if (!is_id(berth_json_str(berth_json_get(o, "id"))))
		return query_bad("credentials", "without a proper id");
	if ((rc = query_add_item(q, o, &item)) || (rc = berth_json_req_str(o, "format", 64, &item->format)) ||
	    (rc = berth_json_opt_bool(o, "multiple", &item->multiple)) || (rc = read_meta(item, o)) ||
	    (rc = read_authorities(item, o)) || (rc = read_binding(item, o)))
		return rc;
	return read_claims(item, o);
}

/* ---- sets of credentials ---- */

/* All of one option. */
static enum berth_err read_option(struct berth_query *q, uint16_t set, const struct berth_json *ids)
{
	uint16_t option, rule;
	enum berth_err rc;

	if (!are_texts(ids))
		return query_bad("options", "not lists of ids");
	if ((rc = query_add_rule(q, -1, &option)))
		return rc;
	berth_json_each(it, ids) {
		int item = query_find_item(q, berth_json_str(it));

		if (item < 0)
			return query_bad("options", "an id of no credential");
		if ((rc = query_add_rule(q, item, &rule)) || (rc = query_push_rule(q, option, rule)))
			return rc;
	}
	q->rules[option].min = q->rules[option].max = q->rules[option].n;
	return query_push_rule(q, set, option);
}

/* One of its options. */
static enum berth_err read_credential_set(struct berth_query *q, const struct berth_json *o)
{
	const struct berth_json *options;
	bool required = true;
	uint16_t set;
	enum berth_err rc;

	if ((rc = get_list(o, "options", BERTH_QUERY_RULES_MAX, &options)) ||
	    (rc = berth_json_opt_bool(o, "required", &required)) || (rc = query_add_rule(q, -1, &set)))
		return rc;
	if (!options)
		return query_bad("options", "missing");
	for (const struct berth_json *it = berth_json_first(options); it && !rc; it = berth_json_next(it))
		rc = read_option(q, set, it);
	q->rules[set].min = 1;
	q->rules[set].max = q->rules[set].n;
	if (rc)
		return rc;
	if (required)
		return query_push_rule(q, q->root, set);
	q->optional[q->n_optional++] = set;
	return BERTH_OK;
}

static enum berth_err read_credential_sets(struct berth_query *q, const struct berth_json *sets)
{
	enum berth_err rc = query_add_rule(q, -1, &q->root);

	for (const struct berth_json *it = berth_json_first(sets); it && !rc; it = berth_json_next(it))
		rc = read_credential_set(q, it);
	q->rules[q->root].min = q->rules[q->root].max = q->rules[q->root].n;
	return rc;
}

static enum berth_err read_query(struct berth_query *q)
{
	const struct berth_json *credentials, *sets;
	enum berth_err rc;

	if ((rc = get_list(q->doc, "credentials", BERTH_QUERY_ITEMS_MAX, &credentials)) ||
	    (rc = get_list(q->doc, "credential_sets", BERTH_QUERY_ITEMS_MAX, &sets)))
		return rc;
	if (!credentials)
		return query_bad("credentials", "missing");
	for (const struct berth_json *it = berth_json_first(credentials); it && !rc; it = berth_json_next(it))
		rc = read_credential(q, it);
	if (rc)
		return rc;
	return sets ? read_credential_sets(q, sets) : query_all_items(q);
}

enum berth_err berth_query_dcql(struct berth_query **out, const struct berth_json *doc)
{
	enum berth_err rc = query_new(out, doc, "dcql_query");

	if (!rc && (rc = read_query(*out))) {
		berth_query_free(*out);
		*out = NULL;
	}
	return rc;
}
