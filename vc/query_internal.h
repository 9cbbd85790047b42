/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_QUERY_INTERNAL_H
#define BERTH_VC_QUERY_INTERNAL_H

/* Shared by vc/query*.c: what both languages are read into. */
#include "vc/json_path.h"
#include "vc/query.h"

/* One claim, or field.  It is there when a path selects a value that passes. */
struct query_claim {
	const char *id;			/* borrowed from the query, as all text is; may be NULL */
	struct berth_path *paths;	/* owned; the first that does it counts */
	size_t n_paths;
	const struct berth_json *filter;	/* PEX: a schema, for the first value of a path */
	const struct berth_json *values;	/* DCQL: one of these, for any value */
	bool optional;
	bool predicate;			/* PEX: only whether it passes is to be said */
};

enum query_limit { QUERY_LIMIT_NONE, QUERY_LIMIT_PREFERRED, QUERY_LIMIT_REQUIRED };

struct query_item {
	const char *id;
	const struct berth_json *formats;	/* PEX: {"jwt_vc": {"alg": []}}; NULL: any */
	const char *format;			/* DCQL: one name */
	const struct berth_json *vcts, *types, *authorities;	/* DCQL; NULL: any */
	bool multiple, unbound;
	bool bound;			/* without a key or DID of the holder it will not do */
	bool self_issued;
	bool one_subject;		/* all it says is about one and the same */
	enum query_limit limit;
	struct query_claim *claims;	/* owned */
	size_t n_claims;
	uint64_t *sets;			/* owned; DCQL: alternatives, as masks over claims */
	size_t n_sets;
};

/* A rule is an item, or from min to max rules of a list. */
struct query_rule {
	int item;			/* -1: a list */
	size_t min, max;
	uint16_t *list;			/* owned; indices into rules */
	size_t n;
};

struct berth_query {
	struct berth_json *doc;		/* owned */
	const char *id;			/* PEX */
	bool pex;
	struct query_item items[BERTH_QUERY_ITEMS_MAX];
	size_t n_items;
	struct query_rule rules[BERTH_QUERY_RULES_MAX];
	size_t n_rules;
	uint16_t root;			/* all of it must hold */
	uint16_t optional[BERTH_QUERY_RULES_MAX];	/* answered where it can be */
	size_t n_optional;
};

_Static_assert(BERTH_QUERY_ITEMS_MAX <= 64 && BERTH_QUERY_CLAIMS_MAX <= 64, "sets are masks");

/* Reading: a copy of doc, or of what stands in it under that name. */
BERTH_MUST_USE enum berth_err
query_new(struct berth_query **out, const struct berth_json *doc, const char *around);
BERTH_MUST_USE enum berth_err query_add_item(struct berth_query *q, const struct berth_json *o, struct query_item **out);
BERTH_MUST_USE enum berth_err query_add_claim(struct query_item *i, struct query_claim **out);
BERTH_MUST_USE enum berth_err query_add_path(struct query_claim *c, struct berth_path **out);
/* *index of a new rule; item -1: an empty list. */
BERTH_MUST_USE enum berth_err query_add_rule(struct berth_query *q, int item, uint16_t *index);
BERTH_MUST_USE enum berth_err query_push_rule(struct berth_query *q, uint16_t list, uint16_t rule);
/* All items, each required. */
BERTH_MUST_USE enum berth_err query_all_items(struct berth_query *q);
int query_find_item(const struct berth_query *q, const char *id);	/* -1: none */
enum berth_err query_bad(const char *where, const char *what);		/* E_TYPE */

/* Whether the credential will do for the item, and with which claims.  *fits false: not.
 * E_SIZE: the work of *budget is used up. */
BERTH_MUST_USE enum berth_err
query_hold(const struct query_item *item, const struct berth_wallet_item *w, size_t *budget,
	   struct berth_answer_credential *out, bool *fits);
/* Whether the holder can be proved. */
bool query_is_bindable(const struct berth_wallet_item *w);
bool query_is_sd(const struct berth_wallet_item *w);
void query_credential_free(struct berth_answer_credential *c);

#endif /* BERTH_VC_QUERY_INTERNAL_H */
