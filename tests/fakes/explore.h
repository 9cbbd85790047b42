/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_EXPLORE_H
#define BERTH_TESTS_FAKES_EXPLORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* All states that can be reached from one, breadth first, each once.  A state is `size`
 * octets without padding: two are the same when their octets are. */
enum explore_kind { EXPLORE_AUTO = 1, EXPLORE_PERSON = 2, EXPLORE_FAULT = 4 };

struct explore_edge { uint32_t from, to; uint8_t kind; };

struct explore {
	size_t size, max;	/* of a state, octets; of states, a bound that ends the test */
	/* Calls explore_to() for each state that may follow. */
	void (*next)(struct explore *x, const void *state);
	void *arg;
	/* what has been found */
	uint8_t *states;
	size_t n, cap, at;	/* at: the state that next() is asked for */
	uint32_t *set, set_len, *parent, *depth;
	const char **label;	/* of the step that found the state first */
	struct explore_edge *edges;
	size_t n_edges, cap_edges;
	const char *broken;	/* a property that does not hold; NULL: they all do */
	bool full;		/* there are more than max */
};

/* Until there is nothing new, something is broken or the bound is met. */
void explore_run(struct explore *x, const void *initial);
void explore_to(struct explore *x, const void *state, enum explore_kind kind, const char *label);
/* Of the step to `state` from where next() is: what it breaks. */
void explore_break(struct explore *x, const void *state, const char *label, const char *what);
const void *explore_state(const struct explore *x, size_t i);
/* A flag a state, owned by the caller: from it one of `goal` can be reached by steps of these
 * kinds alone. */
uint8_t *explore_can_reach(const struct explore *x, bool (*goal)(const void *state), unsigned kinds);
/* The shortest way to a state, step by step. */
void explore_trace(const struct explore *x, size_t i);
size_t explore_depth(const struct explore *x);
void explore_free(struct explore *x);

#endif
