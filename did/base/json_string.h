/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_JSON_STRING_H
#define BERTH_DID_BASE_JSON_STRING_H

#include "did/base/json_tree.h"

/* Strings of JSON, for json_parse.c alone: decoded where they stand, for nothing is longer
 * decoded than written. */

struct berth_json_cursor {
	char *p, *start, *end;
};

static inline int berth_json_peek(const struct berth_json_cursor *c)
{
	return c->p < c->end ? (unsigned char)*c->p : -1;
}

/* E_JSON, with the place. */
enum berth_err berth_json_bad(const struct berth_json_cursor *c, const char *what);

/* Decodes the string at whose opening quote the cursor stands, puts a NUL behind it, at the
 * latest where its closing quote was, and goes behind that.  E_JSON. */
BERTH_MUST_USE enum berth_err berth_json_string_read(struct berth_json_cursor *c, struct berth_json_text *out);

#endif
