/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_BASE_JSON_STRING_H
#define BERTH_DID_BASE_JSON_STRING_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"

/* Strings of JSON, for json_parse.c alone. */

struct berth_json_cursor {
	const char *p, *start, *end;
};

static inline int berth_json_peek(const struct berth_json_cursor *c)
{
	return c->p < c->end ? (unsigned char)*c->p : -1;
}

/* E_JSON, with the place. */
enum berth_err berth_json_bad(const struct berth_json_cursor *c, const char *what);

/* The string behind the opening quote at which the cursor stands: how many bytes it has
 * at most when it is decoded, without the NUL; plain: it has so many, and nothing in it
 * has to be decoded or checked, as in most. */
struct berth_json_string {
	size_t room;
	bool plain;
};
void berth_json_string_measure(struct berth_json_string *out, const struct berth_json_cursor *c);

/* Decodes it into w, with a NUL, and goes behind its closing quote.  w NULL: only checks,
 * and then s may be NULL.  E_JSON. */
BERTH_MUST_USE enum berth_err
berth_json_string_take(struct berth_json_cursor *c, const struct berth_json_string *s, char *w);

#endif
