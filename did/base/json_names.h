/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_JSON_NAMES_H
#define BERTH_DID_BASE_JSON_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "did/base/json.h"

/* Whether the n members of an object, at most BERTH_JSON_MEMBERS_MAX, have different names,
 * for json_parse.c alone.  Not quadratic, whoever chose the names (C011). */
bool berth_json_names_differ(const struct berth_json *obj, size_t n);

#endif
