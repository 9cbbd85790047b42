/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_CONFIG_INTERNAL_H
#define BERTH_AGENT_CORE_CONFIG_INTERNAL_H

/* Shared by agent/core/config*.c. */
#include "agent/core/config.h"

struct config_section {
	const char *kind;	/* the table's word */
	char name[BERTH_CONFIG_NAME_MAX + 1];	/* "" none */
};

struct config_value {
	const struct berth_option *opt;
	size_t section;
	char *key;	/* owned; of a "*" option; else NULL */
	char *text;	/* owned; of a list: one item */
	int line;
};

struct berth_config {
	struct config_section sections[BERTH_CONFIG_SECTIONS_MAX];
	size_t n_sections;
	struct config_value values[BERTH_CONFIG_VALUES_MAX];
	size_t n_values;
};

/* config_life.c: what an owner asks of its devices. */
struct berth_policy;
BERTH_MUST_USE enum berth_err config_life(const struct berth_config *c, struct berth_policy *out);

bool config_is_list(enum berth_option_type t);
/* What is wrong with a value, or with one item of a list; NULL: nothing. */
const char *config_fault(const struct berth_option *o, char *s);
bool config_number(int64_t *out, const char *s, bool time);
bool config_word_in(const char *words, const char *word, size_t n);

#endif
