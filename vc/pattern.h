/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_PATTERN_H
#define BERTH_VC_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"

/* Regular expressions as JSON Schema's `pattern` has them: those of ECMA-262 that a
 * finite automaton can decide.  Characters, . [...] \d \w \s and their opposites, \b \B,
 * ^ $ (of the whole text), groups, alternatives, and the quantifiers * + ? {n} {n,} {n,m}
 * also with a ? behind.  A { that begins no quantifier is itself.  Everything that looks
 * back or around, and named groups, is refused.
 *
 * Time is text times pattern at most, whatever both are: no backtracking. */
#define BERTH_PATTERN_TEXT_MAX 1024	/* bytes of a pattern */
#define BERTH_PATTERN_SIZE_MAX 2048	/* states, quantifiers counted out */

struct berth_pattern;

/* E_TYPE: none, or one that is not supported; E_SIZE. */
BERTH_MUST_USE enum berth_err berth_pattern_parse(struct berth_pattern **out, const char *text);
void berth_pattern_free(struct berth_pattern *p);	/* NULL is fine */

/* Whether it matches anywhere in text (valid UTF-8).  Each step takes one off *budget;
 * E_SIZE: it is used up. */
BERTH_MUST_USE enum berth_err
berth_pattern_search(struct berth_pattern *p, const char *text, size_t *budget, bool *found);

#endif /* BERTH_VC_PATTERN_H */
