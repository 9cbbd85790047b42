/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_PATTERN_INTERNAL_H
#define BERTH_VC_PATTERN_INTERNAL_H

/* Shared by vc/pattern*.c: a pattern as the states of an automaton. */
#include <stdint.h>

#include "vc/pattern.h"

enum pattern_op {
	PATTERN_CHAR, PATTERN_ANY, PATTERN_SET, PATTERN_NOT_SET,	/* take a character */
	PATTERN_BEGIN, PATTERN_END, PATTERN_WORD_EDGE, PATTERN_NO_EDGE,	/* look at the place */
	PATTERN_SPLIT, PATTERN_JUMP, PATTERN_MATCH
};

struct pattern_state {
	enum pattern_op op;
	uint32_t a, b;		/* CHAR: it; SET: first range and how many; SPLIT, JUMP: where to */
};

struct pattern_range { uint32_t from, to; };

struct berth_pattern {
	struct pattern_state *s;
	size_t n, n_ranges;
	struct pattern_range *r;
	uint16_t *list[2], *stack;	/* live states; at work */
	uint32_t *mark;			/* in which round a state was last added */
};

#endif /* BERTH_VC_PATTERN_INTERNAL_H */
