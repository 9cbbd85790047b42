/* SPDX-License-Identifier: Apache-2.0 */
/* DIF Presentation Exchange 2: definitions. */
#include <string.h>

#include "vc/query_internal.h"
#include "vc/schema.h"

#define TEXT_MAX 4096

/* NULL: not there.  E_TYPE for any other word. */
static enum berth_err get_word(const struct berth_json *o, const char *member, const char *a, const char *b,
			       const char **out)
{
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_json_opt_str(o, member, 32, out)) || !*out)
		return rc;
	return !strcmp(*out, a) || !strcmp(*out, b) ? BERTH_OK : query_bad(member, "not one of its words");
}

static bool is_required(const char *word) { return word && !strcmp(word, "required"); }

/* ---- fields ---- */

static enum berth_err read_paths(struct query_claim *c, const struct berth_json *o)
{
	const struct berth_json *paths;
	struct berth_path *p;
	enum berth_err rc;

	if ((rc = berth_json_req_arr(o, "path", BERTH_QUERY_PATHS_MAX, &paths)))
		return rc;
	if (!berth_json_len(paths))
		return query_bad("path", "empty");
	berth_json_each(it, paths) {
		if (!berth_json_str(it))
			return query_bad("path", "not text");
		if ((rc = query_add_path(c, &p)) || (rc = berth_path_parse(p, berth_json_str(it))))
			return rc;
	}
	return BERTH_OK;
}

static enum berth_err read_field(struct query_item *item, const struct berth_json *o)
{
	struct query_claim *c;
	const char *predicate, *text = NULL;
	bool retain;
	enum berth_err rc;

	if (!berth_json_is(o, BERTH_JSON_OBJECT))
		return query_bad("fields", "not an object");
	if ((rc = query_add_claim(item, &c)) || (rc = berth_json_opt_str(o, "id", TEXT_MAX, &c->id)) ||
	    (rc = berth_json_opt_str(o, "purpose", TEXT_MAX, &text)) ||
	    (rc = berth_json_opt_bool(o, "optional", &c->optional)) ||
	    (rc = berth_json_opt_bool(o, "intent_to_retain", &retain)) || (rc = read_paths(c, o)) ||
	    (rc = get_word(o, "predicate", "required", "preferred", &predicate)))
		return rc;
	c->filter = berth_json_get(o, "filter");
	c->predicate = is_required(predicate);
	if (predicate && !c->filter)
		return query_bad("predicate", "without a filter");
	return c->filter ? berth_schema_check(c->filter) : BERTH_OK;
}

static bool has_field(const struct query_item *item, const char *id)
{
	for (size_t k = 0; k < item->n_claims; k++)
		if (item->claims[k].id && !strcmp(item->claims[k].id, id))
			return true;
	return false;
}

/* "unique from every other field object's id property, including those contained in
 * other Input Descriptor Objects" */
static enum berth_err check_field_ids(const struct berth_query *q, const struct query_item *item)
{
	for (size_t k = 0; k < item->n_claims; k++) {
		const char *id = item->claims[k].id;
		size_t times = 0;

		for (size_t i = 0; id && i < q->n_items; i++)
			for (size_t j = 0; j < q->items[i].n_claims; j++)
				times += q->items[i].claims[j].id && !strcmp(q->items[i].claims[j].id, id);
		if (times > 1)
			return query_bad("fields", "an id twice");
	}
	return BERTH_OK;
}

/* ---- what a holder can be asked for besides ---- */

/* [{"field_id": [], "directive": required | preferred}], about fields of this descriptor:
 * what has to be true of several credentials together nothing here decides.  *required:
 * any of them is. */
static enum berth_err read_relation(const struct query_item *item, const struct berth_json *constraints,
				    const char *member, bool *required)
{
	const struct berth_json *list = NULL, *ids;
	const char *directive;
	enum berth_err rc;

	*required = false;
	if ((rc = berth_json_opt_arr(constraints, member, BERTH_QUERY_CLAIMS_MAX, &list)))
		return rc;
	berth_json_each(it, list) {
		if ((rc = get_word(it, "directive", "required", "preferred", &directive)) ||
		    (rc = berth_json_req_arr(it, "field_id", BERTH_QUERY_CLAIMS_MAX, &ids)))
			return rc;
		if (!directive)
			return query_bad(member, "no directive");
		berth_json_each(id, ids)
			if (!berth_json_str(id) || (is_required(directive) && !has_field(item, berth_json_str(id))))
				return query_bad(member, "an id of no field of this descriptor");
		*required |= is_required(directive);
	}
	return BERTH_OK;
}

/* Expired credentials never match; whether one is revoked is not known here, and one that
 * has to be revoked or suspended we do not show. */
static enum berth_err read_statuses(const struct berth_json *constraints)
{
	static const char *const names[] = { "active", "suspended", "revoked" };
	const struct berth_json *statuses = NULL, *o;
	const char *directive;
	enum berth_err rc;

	if ((rc = berth_json_opt_obj(constraints, "statuses", &statuses)))
		return rc;
	for (size_t i = 0; statuses && i < 3; i++) {
		o = NULL;
		if ((rc = berth_json_opt_obj(statuses, names[i], &o)) || !o)
			continue;
		if ((rc = berth_json_req_str(o, "directive", 32, &directive)))
			return rc;
		if (strcmp(directive, "required") && strcmp(directive, "allowed") && strcmp(directive, "disallowed"))
			return query_bad("directive", "not one of its words");
		if (!strcmp(directive, i ? "required" : "disallowed"))
			return query_bad("statuses", "only active credentials are shown");
	}
	return rc;
}

static enum berth_err read_relations(struct query_item *item, const struct berth_json *o)
{
	const char *self;
	bool holder;
	enum berth_err rc;

	if ((rc = get_word(o, "subject_is_issuer", "required", "preferred", &self)) ||
	    (rc = read_relation(item, o, "is_holder", &holder)) ||
	    (rc = read_relation(item, o, "same_subject", &item->one_subject)) || (rc = read_statuses(o)))
		return rc;
	item->self_issued = is_required(self);
	item->bound = holder;
	return BERTH_OK;
}

/* ---- descriptors ---- */

static enum berth_err read_constraints(struct berth_query *q, struct query_item *item, const struct berth_json *o)
{
	const struct berth_json *fields = NULL, *c;
	const char *limit;
	enum berth_err rc;

	if ((rc = berth_json_req_obj(o, "constraints", &c)) ||
	    (rc = berth_json_opt_arr(c, "fields", BERTH_QUERY_CLAIMS_MAX, &fields)) ||
	    (rc = get_word(c, "limit_disclosure", "required", "preferred", &limit)))
		return rc;
	item->limit = is_required(limit) ? QUERY_LIMIT_REQUIRED : limit ? QUERY_LIMIT_PREFERRED : QUERY_LIMIT_NONE;
	for (const struct berth_json *it = berth_json_first(fields); it && !rc; it = berth_json_next(it))
		rc = read_field(item, it);
	if (rc || (rc = check_field_ids(q, item)))
		return rc;
	return read_relations(item, c);
}

/* {"jwt_vc": {"alg": []}, "ldp_vc": {"proof_type": []}} */
static enum berth_err read_format(const struct berth_json *o, const struct berth_json *otherwise,
				  const struct berth_json **out)
{
	enum berth_err rc;

	*out = NULL;
	if ((rc = berth_json_opt_obj(o, "format", out)))
		return rc;
	berth_json_each(it, *out)
		if (!berth_json_is(it, BERTH_JSON_OBJECT))
			return query_bad("format", "not objects");
	if (*out && !berth_json_len(*out))
		return query_bad("format", "empty");
	if (!*out)
		*out = otherwise;
	return BERTH_OK;
}

static enum berth_err check_group(const struct berth_json *o, bool needed)
{
	const struct berth_json *group = NULL;
	enum berth_err rc = berth_json_opt_arr(o, "group", BERTH_QUERY_ITEMS_MAX, &group);

	if (rc)
		return rc;
	berth_json_each(it, group)
		if (!berth_json_str(it))
			return query_bad("group", "not text");
	return !needed || berth_json_len(group) ? BERTH_OK : query_bad("group", "a descriptor without one");
}

static enum berth_err read_descriptor(struct berth_query *q, const struct berth_json *o, const struct berth_json *format)
{
	const char *text = NULL;
	struct query_item *item;
	enum berth_err rc;

	if ((rc = query_add_item(q, o, &item)) || (rc = berth_json_opt_str(o, "purpose", TEXT_MAX, &text)) ||
	    (rc = read_format(o, format, &item->formats)) ||
	    (rc = check_group(o, berth_json_get(q->doc, "submission_requirements") != NULL)))
		return rc;
	return read_constraints(q, item, o);
}

/* ---- submission requirements ---- */

static bool is_in(const struct berth_json *descriptor, const char *group)
{
	berth_json_each(it, berth_json_get(descriptor, "group"))
		if (!strcmp(berth_json_str(it), group))
			return true;
	return false;
}

static enum berth_err read_from(struct berth_query *q, uint16_t list, const char *group)
{
	int item = 0;
	uint16_t rule;
	enum berth_err rc;

	berth_json_each(it, berth_json_get(q->doc, "input_descriptors")) {
		if (is_in(it, group) && ((rc = query_add_rule(q, item, &rule)) || (rc = query_push_rule(q, list, rule))))
			return rc;
		item++;
	}
	return q->rules[list].n ? BERTH_OK : query_bad("from", "a group of no descriptor");
}

/* How many: count exactly, or from min to max; where pick says nothing, one at least. */
static enum berth_err read_counts(struct query_rule *r, const struct berth_json *o)
{
	int64_t count = 0, min = -1, max = -1;
	enum berth_err rc;

	if ((rc = berth_json_opt_int(o, "count", 1, 1000000, &count)) ||
	    (rc = berth_json_opt_int(o, "min", 0, 1000000, &min)) ||
	    (rc = berth_json_opt_int(o, "max", 1, 1000000, &max)))
		return rc;
	if ((max >= 0 && min >= 0 && max < min) || (count && ((min >= 0 && count < min) || (max >= 0 && count > max))))
		return query_bad("count, min, max", "contradict each other");
	r->min = count ? (size_t)count : min >= 0 ? (size_t)min : 1;
	r->max = count ? (size_t)count : max >= 0 ? (size_t)max : r->n;
	return BERTH_OK;
}

static enum berth_err read_requirement(struct berth_query *q, const struct berth_json *o, size_t depth, uint16_t *index);

static enum berth_err read_nested(struct berth_query *q, uint16_t list, const struct berth_json *nested, size_t depth)
{
	enum berth_err rc;
	uint16_t rule;

	if (!berth_json_len(nested))
		return query_bad("from_nested", "empty");
	berth_json_each(it, nested)
		if ((rc = read_requirement(q, it, depth + 1, &rule)) || (rc = query_push_rule(q, list, rule)))
			return rc;
	return BERTH_OK;
}

static enum berth_err read_requirement(struct berth_query *q, const struct berth_json *o, size_t depth, uint16_t *index)
{
	const struct berth_json *nested = NULL;
	const char *from = NULL, *rule;
	enum berth_err rc;

	if (depth > BERTH_QUERY_DEPTH_MAX)
		return berth_fail(BERTH_E_SIZE, "query: nested too deep");
	if ((rc = get_word(o, "rule", "all", "pick", &rule)) || (rc = berth_json_opt_str(o, "from", TEXT_MAX, &from)) ||
	    (rc = berth_json_opt_arr(o, "from_nested", BERTH_QUERY_RULES_MAX, &nested)))
		return rc;
	if (!rule || !from == !nested)
		return query_bad("submission_requirements", "no rule, or not one of from and from_nested");
	if ((rc = query_add_rule(q, -1, index)) ||
	    (rc = from ? read_from(q, *index, from) : read_nested(q, *index, nested, depth)))
		return rc;
	q->rules[*index].min = q->rules[*index].max = q->rules[*index].n;
	return *rule == 'p' ? read_counts(&q->rules[*index], o) : BERTH_OK;
}

/* What may be left out altogether is answered by one where it can be. */
static enum berth_err add_requirement(struct berth_query *q, uint16_t rule)
{
	enum berth_err rc = query_push_rule(q, q->root, rule);

	if (!rc && q->rules[rule].min == 0)
		q->optional[q->n_optional++] = rule;
	return rc;
}

static enum berth_err read_requirements(struct berth_query *q)
{
	const struct berth_json *list;
	uint16_t rule;
	enum berth_err rc;

	if ((rc = berth_json_req_arr(q->doc, "submission_requirements", BERTH_QUERY_RULES_MAX, &list)) ||
	    (rc = query_add_rule(q, -1, &q->root)))
		return rc;
	if (!berth_json_len(list))
		return query_bad("submission_requirements", "empty");
	berth_json_each(it, list)
		if ((rc = read_requirement(q, it, 1, &rule)) || (rc = add_requirement(q, rule)))
			return rc;
	q->rules[q->root].min = q->rules[q->root].max = q->rules[q->root].n;
	return BERTH_OK;
}

static enum berth_err read_definition(struct berth_query *q)
{
	const struct berth_json *list, *format;
	enum berth_err rc;

	q->pex = true;
	if ((rc = berth_json_req_str(q->doc, "id", TEXT_MAX, &q->id)) || (rc = read_format(q->doc, NULL, &format)) ||
	    (rc = berth_json_req_arr(q->doc, "input_descriptors", BERTH_QUERY_ITEMS_MAX, &list)))
		return rc;
	if (!berth_json_len(list))
		return query_bad("input_descriptors", "empty");
	for (const struct berth_json *it = berth_json_first(list); it && !rc; it = berth_json_next(it))
		rc = read_descriptor(q, it, format);
	if (rc)
		return rc;
	return berth_json_get(q->doc, "submission_requirements") ? read_requirements(q) : query_all_items(q);
}

enum berth_err berth_query_pex(struct berth_query **out, const struct berth_json *doc)
{
	enum berth_err rc = query_new(out, doc, "presentation_definition");

	if (!rc && (rc = read_definition(*out))) {
		berth_query_free(*out);
		*out = NULL;
	}
	return rc;
}
