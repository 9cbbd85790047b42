/* SPDX-License-Identifier: Apache-2.0 */
/* Queries, read or being read, and what answers them. */
#include "vc/query.h"

#include <stdlib.h>
#include <string.h>

#include "vc/query_internal.h"
#include "vc/token.h"

enum berth_err query_bad(const char *where, const char *what)
{
	return berth_fail(BERTH_E_TYPE, "query: %s: %s", where, what);
}

/* ---- being read ---- */

enum berth_err query_new(struct berth_query **out, const struct berth_json *doc, const char *around)
{
	const struct berth_json *inner = berth_json_get(doc, around);

	*out = NULL;
	if (!berth_json_is(inner ? inner : doc, BERTH_JSON_OBJECT))
		return query_bad(around, "not an object");
	if (!(*out = calloc(1, sizeof(**out))) || !((*out)->doc = berth_json_clone(inner ? inner : doc))) {
		berth_query_free(*out);
		*out = NULL;
		return berth_no_memory();
	}
	return BERTH_OK;
}

static void free_claim(struct query_claim *c)
{
	for (size_t i = 0; i < c->n_paths; i++)
		berth_path_free(&c->paths[i]);
	free(c->paths);
}

void berth_query_free(struct berth_query *q)
{
	if (!q)
		return;
	for (size_t i = 0; i < q->n_items; i++) {
		for (size_t k = 0; k < q->items[i].n_claims; k++)
			free_claim(&q->items[i].claims[k]);
		free(q->items[i].claims);
		free(q->items[i].sets);
	}
	for (size_t i = 0; i < q->n_rules; i++)
		free(q->rules[i].list);
	berth_json_free(q->doc);
	free(q);
}

int query_find_item(const struct berth_query *q, const char *id)
{
	for (size_t i = 0; i < q->n_items; i++)
		if (!strcmp(q->items[i].id, id))
			return (int)i;
	return -1;
}

enum berth_err query_add_item(struct berth_query *q, const struct berth_json *o, struct query_item **out)
{
	const char *id;
	enum berth_err rc;

	if (q->n_items == BERTH_QUERY_ITEMS_MAX)
		return berth_fail(BERTH_E_SIZE, "query: more than %d items", BERTH_QUERY_ITEMS_MAX);
	if ((rc = berth_json_req_str(o, "id", 4096, &id)))
		return rc;
	if (query_find_item(q, id) >= 0)
		return query_bad("id", "twice");
	*out = &q->items[q->n_items++];
	(*out)->id = id;
	return BERTH_OK;
}

enum berth_err query_add_claim(struct query_item *i, struct query_claim **out)
{
	struct query_claim *grown = realloc(i->claims, (i->n_claims + 1) * sizeof(*grown));

	if (!grown)
		return berth_no_memory();
	i->claims = grown;
	*out = &grown[i->n_claims++];
	**out = (struct query_claim){ .id = NULL };
	return BERTH_OK;
}

enum berth_err query_add_path(struct query_claim *c, struct berth_path **out)
{
	struct berth_path *grown = realloc(c->paths, (c->n_paths + 1) * sizeof(*grown));

	if (!grown)
		return berth_no_memory();
	c->paths = grown;
	*out = &grown[c->n_paths++];
	**out = (struct berth_path){ .n = 0 };
	return BERTH_OK;
}

enum berth_err query_add_rule(struct berth_query *q, int item, uint16_t *index)
{
	if (q->n_rules == BERTH_QUERY_RULES_MAX)
		return berth_fail(BERTH_E_SIZE, "query: more than %d rules", BERTH_QUERY_RULES_MAX);
	*index = (uint16_t)q->n_rules;
	q->rules[q->n_rules++] = (struct query_rule){ .item = item };
	return BERTH_OK;
}

enum berth_err query_push_rule(struct berth_query *q, uint16_t list, uint16_t rule)
{
	struct query_rule *r = &q->rules[list];
	uint16_t *grown = realloc(r->list, (r->n + 1) * sizeof(*grown));

	if (!grown)
		return berth_no_memory();
	r->list = grown;
	grown[r->n++] = rule;
	return BERTH_OK;
}

enum berth_err query_all_items(struct berth_query *q)
{
	enum berth_err rc = query_add_rule(q, -1, &q->root);
	uint16_t rule = 0;

	for (size_t i = 0; i < q->n_items && !rc; i++)
		if (!(rc = query_add_rule(q, (int)i, &rule)))
			rc = query_push_rule(q, q->root, rule);
	q->rules[q->root].min = q->rules[q->root].max = q->n_items;
	return rc;
}

bool berth_query_is_pex(const struct berth_query *q) { return q->pex; }

/* ---- the search ---- */

struct search {
	const struct berth_query *q;
	uint64_t there;		/* items that a credential answers */
	uint64_t chosen;
	bool possible[BERTH_QUERY_RULES_MAX];	/* with all that is there */
	size_t steps;
};

/* What is still to be satisfied: `need` more of a list from `from` on, or an item. */
struct goal {
	uint16_t rule;
	size_t from, need;
	const struct goal *next;
};

static bool holds(const struct berth_query *q, uint16_t rule, uint64_t chosen)
{
	const struct query_rule *r = &q->rules[rule];
	size_t n = 0;

	if (r->item >= 0)
		return chosen >> r->item & 1;
	for (size_t i = 0; i < r->n; i++)
		n += holds(q, r->list[i], chosen);
	return n >= r->min && n <= r->max;
}

/* Rules come before those in their lists. */
static void find_possible(struct search *s)
{
	for (size_t i = s->q->n_rules; i-- > 0;) {
		const struct query_rule *r = &s->q->rules[i];
		size_t n = 0;

		for (size_t k = 0; k < r->n; k++)
			n += s->possible[r->list[k]];
		s->possible[i] = r->item >= 0 ? s->there >> r->item & 1 : n >= r->min;
	}
}

/* How many of a list can be had from there on. */
static size_t left(const struct search *s, const struct query_rule *r, size_t from)
{
	size_t n = 0;

	for (size_t i = from; i < r->n; i++)
		n += s->possible[r->list[i]];
	return n;
}

static bool solve(struct search *s, const struct goal *g);

static bool solve_item(struct search *s, const struct goal *g, int item)
{
	uint64_t before = s->chosen, bit = UINT64_C(1) << item;

	s->chosen |= bit;
	if (solve(s, g->next))
		return true;
	s->chosen = before;
	return false;
}

/* Whether the goals can be met, and together do not break a rule: then s->chosen is how.
 * Fewest first, in the query's order. */
static bool solve(struct search *s, const struct goal *g)
{
	const struct query_rule *r;

	if (++s->steps > BERTH_QUERY_COMBINATIONS_MAX)
		return false;
	if (!g)
		return holds(s->q, s->q->root, s->chosen);
	r = &s->q->rules[g->rule];
	if (r->item >= 0)
		return solve_item(s, g, r->item);
	if (g->need == 0)
		return solve(s, g->next);
	for (size_t i = g->from; left(s, r, i) >= g->need; i++) {
		if (!s->possible[r->list[i]])
			continue;
		const struct goal rest = { g->rule, i + 1, g->need - 1, g->next };
		const struct goal first = { r->list[i], 0, s->q->rules[r->list[i]].min, &rest };

		if (solve(s, &first))
			return true;
	}
	return false;
}

static bool satisfy(struct search *s, uint16_t rule, size_t need)
{
	const struct goal g = { rule, 0, need, NULL };

	return solve(s, &g);
}

/* What nothing rests on, where it can be had without breaking a rule. */
static void add_optional(struct search *s)
{
	for (size_t i = 0; i < s->q->n_optional; i++) {
		uint64_t before = s->chosen;

		if (!satisfy(s, s->q->optional[i], 1))
			s->chosen = before;
	}
}

/* ---- matching ---- */

static void free_item(struct berth_answer_item *i)
{
	for (size_t k = 0; k < i->n; k++)
		query_credential_free(&i->credentials[k]);
	free(i->credentials);
	memset(i, 0, sizeof(*i));
}

void berth_answer_free(struct berth_answer *a)
{
	for (size_t i = 0; i < a->n; i++)
		free_item(&a->items[i]);
	free(a->items);
	memset(a, 0, sizeof(*a));
}

static bool is_valid_at(const struct berth_wallet_item *w, int64_t now_s)
{
	struct berth_window in = berth_window_of(w->claims), out;

	if (now_s < 0)
		return true;
	out = berth_window_of(berth_wallet_credential(w));
	return now_s >= in.from && now_s < in.until && now_s >= out.from && now_s < out.until;
}

/* Where a credential goes among those that answer the item. */
static int rank(const struct query_item *item, const struct berth_wallet_item *w)
{
	return (item->limit == QUERY_LIMIT_PREFERRED && !query_is_sd(w)) + 2 * (!item->unbound && !query_is_bindable(w));
}

static enum berth_err insert(struct berth_answer_item *a, const struct query_item *item, const struct berth_wallet *w,
			     struct berth_answer_credential *c)
{
	struct berth_answer_credential *grown = realloc(a->credentials, (a->n + 1) * sizeof(*grown));
	size_t at = a->n;

	if (!grown) {
		query_credential_free(c);
		return berth_no_memory();
	}
	a->credentials = grown;
	for (; at > 0 && rank(item, &w->items[grown[at - 1].index]) > rank(item, &w->items[c->index]); at--)
		grown[at] = grown[at - 1];
	grown[at] = *c;
	a->n++;
	return BERTH_OK;
}

static enum berth_err match_item(struct berth_answer_item *a, const struct query_item *item, const struct berth_wallet *w,
				 int64_t now_s, size_t *budget)
{
	struct berth_answer_credential c;
	bool fits;
	enum berth_err rc = BERTH_OK;

	*a = (struct berth_answer_item){ .id = item->id, .multiple = item->multiple, .unbound = item->unbound };
	for (size_t i = 0; i < w->n && !rc; i++) {
		if (!is_valid_at(&w->items[i], now_s))
			continue;
		if (!(rc = query_hold(item, &w->items[i], budget, &c, &fits)) && fits) {
			c.index = i;
			rc = insert(a, item, w, &c);
		}
	}
	return rc;
}

/* Keeps of a what is chosen. */
static void keep(struct berth_answer *a, uint64_t chosen, uint64_t required)
{
	size_t n = 0;

	for (size_t i = 0; i < a->n; i++) {
		if (!(chosen >> i & 1)) {
			free_item(&a->items[i]);
			continue;
		}
		a->items[i].optional = !(required >> i & 1);
		a->items[n++] = a->items[i];
	}
	a->n = n;
}

static enum berth_err no_match(const struct berth_answer *a, const struct search *s)
{
	if (s->steps > BERTH_QUERY_COMBINATIONS_MAX)
		return berth_fail(BERTH_E_SIZE, "query: too many combinations");
	for (size_t i = 0; i < a->n; i++)
		if (!a->items[i].n)
			return berth_fail(BERTH_E_NOMATCH, "query: nothing answers %.80s", a->items[i].id);
	return berth_fail(BERTH_E_NOMATCH, "query: no combination of what answers it is asked for");
}

enum berth_err berth_query_match(struct berth_answer *out, const struct berth_query *q, const struct berth_wallet *w,
				 int64_t now_s)
{
	struct search s = { .q = q };
	size_t budget = BERTH_QUERY_WORK_MAX;
	uint64_t required;
	enum berth_err rc = BERTH_OK;

	memset(out, 0, sizeof(*out));
	if (!(out->items = calloc(q->n_items, sizeof(*out->items))))
		return berth_no_memory();
	for (; out->n < q->n_items && !rc; out->n++) {
		rc = match_item(&out->items[out->n], &q->items[out->n], w, now_s, &budget);
		s.there |= (uint64_t)(out->items[out->n].n > 0) << out->n;
	}
	find_possible(&s);
	if (!rc && !satisfy(&s, q->root, q->rules[q->root].min))
		rc = no_match(out, &s);
	if (!rc) {
		required = s.chosen;
		add_optional(&s);
		if (!s.chosen)
			rc = no_match(out, &s);
		keep(out, s.chosen, required);
	}
	if (rc)
		berth_answer_free(out);
	return rc;
}
