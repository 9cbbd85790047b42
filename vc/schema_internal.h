/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_SCHEMA_INTERNAL_H
#define BERTH_VC_SCHEMA_INTERNAL_H

/* Shared by vc/schema*.c. */
#include "vc/schema.h"

struct schema_walk {
	const struct berth_json *root;	/* of the schema: what $ref points into */
	size_t *budget;
	size_t depth;
};

/* What a word of a schema says of v; schema is the object that it stands in. */
typedef enum berth_err schema_word(struct schema_walk *w, const struct berth_json *word,
				   const struct berth_json *schema, const struct berth_json *v, bool *valid);

/* Any schema, true and false included, of v. */
BERTH_MUST_USE enum berth_err
schema_apply(struct schema_walk *w, const struct berth_json *schema, const struct berth_json *v, bool *valid);

/* Takes n off the budget; E_SIZE: there is less. */
BERTH_MUST_USE enum berth_err schema_charge(struct schema_walk *w, size_t n);
/* As berth_json_equal(), paid for. */
BERTH_MUST_USE enum berth_err
schema_equal(struct schema_walk *w, const struct berth_json *a, const struct berth_json *b, bool *equal);

/* *valid = false, with a reason.  BERTH_OK. */
enum berth_err schema_invalid(bool *valid, const char *word, const char *what);
BERTH_MUST_USE enum berth_err
schema_pattern(struct schema_walk *w, const char *pattern, const char *text, bool *found);
/* The schema that a local $ref points to; NULL: none. */
const struct berth_json *schema_target(const struct berth_json *root, const char *ref);

/* schema_logic.c */
schema_word schema_all_of, schema_any_of, schema_one_of, schema_not, schema_if;
/* schema_scalar.c */
schema_word schema_type, schema_const, schema_enum, schema_pattern_word, schema_min_length, schema_max_length,
	schema_format, schema_minimum, schema_maximum, schema_above, schema_below, schema_multiple;
/* schema_container.c */
schema_word schema_properties, schema_required, schema_additional, schema_pattern_properties, schema_names,
	schema_min_properties, schema_max_properties, schema_dependent, schema_dependencies, schema_items, schema_prefix,
	schema_additional_items,
	schema_contains, schema_min_items, schema_max_items, schema_unique;

#endif /* BERTH_VC_SCHEMA_INTERNAL_H */
