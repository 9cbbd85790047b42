/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_SCHEMA_H
#define BERTH_VC_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>

#include "did/base/json.h"

/* JSON Schema (drafts 4 to 2020-12) as far as filters and credential schemas use it:
 *	type const enum  allOf anyOf oneOf not if then else  $ref into the same document
 *	pattern minLength maxLength format(date, date-time, time, email, uri, uri-reference, uuid)
 *	minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
 *	properties required additionalProperties patternProperties propertyNames
 *	minProperties maxProperties dependencies dependentRequired dependentSchemas
 *	items prefixItems additionalItems contains minContains maxContains minItems maxItems uniqueItems
 * Annotations and words nobody knows are ignored, as the standard says; words that would
 * assert something, and are not above, are refused.  Nothing is ever fetched. */
#define BERTH_SCHEMA_DEPTH_MAX 48	/* of schemas within schemas, with $ref */
#define BERTH_SCHEMA_WORK_MAX ((size_t)1 << 20)

/* Whether all of it is supported.  E_TYPE, naming what is not or is malformed; E_SIZE. */
BERTH_MUST_USE enum berth_err berth_schema_check(const struct berth_json *schema);

/* Whether v is as a checked schema says; why not is berth_err_detail().  Work is taken
 * off *budget; E_SIZE: it is used up, or nested too deep. */
BERTH_MUST_USE enum berth_err
berth_schema_validate(const struct berth_json *schema, const struct berth_json *v, size_t *budget, bool *valid);

#endif /* BERTH_VC_SCHEMA_H */
