/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_JSON_NAMES_H
#define BERTH_DID_BASE_JSON_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "did/base/json.h"

/* Whether the members of an object have different names, for json_parse.c alone.  Not
 * quadratic, whoever chose the names (C011). */
struct berth_json_names {
	const char *text[BERTH_JSON_MEMBERS_MAX];	/* borrowed */
	uint32_t hash[BERTH_JSON_MEMBERS_MAX];
	size_t n;					/* the caller sets 0 */
};

uint32_t berth_json_name_hash(const char *s, size_t n);
void berth_json_names_add(struct berth_json_names *names, const char *text, uint32_t hash);
bool berth_json_names_differ(struct berth_json_names *names);	/* may change their order */

#endif
