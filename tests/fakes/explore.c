/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/explore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

#define NONE UINT32_MAX

const void *explore_state(const struct explore *x, size_t i) { return x->states + i * x->size; }

static uint32_t hash(const uint8_t *p, size_t n)
{
	uint64_t h = 0xcbf29ce484222325u, word;

	for (; n; n -= n < 8 ? n : 8, p += 8) {
		word = 0;
		memcpy(&word, p, n < 8 ? n : 8);
		h = (h ^ word) * 0x9e3779b97f4a7c15u;
		h ^= h >> 29;
	}
	return (uint32_t)(h ^ h >> 32);
}

/* where it is in the set, or would be */
static uint32_t *slot(const struct explore *x, const void *state)
{
	uint32_t i = hash(state, x->size) & (x->set_len - 1);

	while (x->set[i] != NONE && memcmp(explore_state(x, x->set[i]), state, x->size) != 0)
		i = (i + 1) & (x->set_len - 1);
	return &x->set[i];
}

static void rehash(struct explore *x, uint32_t len)
{
	free(x->set);
	x->set = malloc(len * sizeof(*x->set));
	assert_non_null(x->set);
	memset(x->set, 0xff, len * sizeof(*x->set));
	x->set_len = len;
	for (size_t i = 0; i < x->n; i++)
		*slot(x, explore_state(x, i)) = (uint32_t)i;
}

static void *grown(void *p, size_t n)
{
	p = realloc(p, n);
	assert_non_null(p);
	return p;
}

static void grow(struct explore *x)
{
	x->cap = x->cap ? 2 * x->cap : 1 << 14;
	x->states = grown(x->states, x->cap * x->size);
	x->parent = grown(x->parent, x->cap * sizeof(*x->parent));
	x->depth = grown(x->depth, x->cap * sizeof(*x->depth));
	x->label = grown(x->label, x->cap * sizeof(*x->label));
	rehash(x, (uint32_t)x->cap * 4);
}

static uint32_t add(struct explore *x, const void *state, const char *label)
{
	uint32_t *at;

	if (x->n == x->cap)
		grow(x);
	at = slot(x, state);
	if (*at != NONE)
		return *at;
	*at = (uint32_t)x->n;
	memcpy(x->states + x->n * x->size, state, x->size);
	x->parent[x->n] = (uint32_t)x->at;
	x->depth[x->n] = x->n ? x->depth[x->at] + 1 : 0;
	x->label[x->n] = label;
	return (uint32_t)x->n++;
}

void explore_to(struct explore *x, const void *state, enum explore_kind kind, const char *label)
{
	if (x->n_edges == x->cap_edges) {
		x->cap_edges = x->cap_edges ? 2 * x->cap_edges : 1 << 16;
		x->edges = grown(x->edges, x->cap_edges * sizeof(*x->edges));
	}
	uint32_t to = add(x, state, label);

	x->edges[x->n_edges++] = (struct explore_edge){ (uint32_t)x->at, to, (uint8_t)kind };
}

void explore_break(struct explore *x, const void *state, const char *label, const char *what)
{
	explore_to(x, state, EXPLORE_FAULT, label);
	x->at = x->edges[x->n_edges - 1].to;
	x->broken = what;
}

void explore_run(struct explore *x, const void *initial)
{
	add(x, initial, "");
	for (size_t i = 0; i < x->n && !x->broken; i++) {
		uint8_t now[256];

		if ((x->full = x->n > x->max))
			return;
		assert_true(x->size <= sizeof(now));
		memcpy(now, explore_state(x, i), x->size);	/* the table moves as it grows */
		x->at = i;
		x->next(x, now);
	}
}

uint8_t *explore_can_reach(const struct explore *x, bool (*goal)(const void *), unsigned kinds)
{
	uint8_t *can = calloc(x->n, 1);
	bool more = true;

	assert_non_null(can);
	for (size_t i = 0; i < x->n; i++)
		can[i] = goal(explore_state(x, i));
	while (more) {
		more = false;
		for (size_t i = x->n_edges; i-- > 0;) {	/* steps mostly lead to later ones */
			const struct explore_edge *e = &x->edges[i];

			if ((e->kind & kinds) && can[e->to] && !can[e->from])
				can[e->from] = more = true;
		}
	}
	return can;
}

void explore_trace(const struct explore *x, size_t i)
{
	if (i == 0)
		return;
	explore_trace(x, x->parent[i]);
	printf("%4u %s\n", x->depth[i], x->label[i]);
}

size_t explore_depth(const struct explore *x) { return x->n ? x->depth[x->n - 1] : 0; }

void explore_free(struct explore *x)
{
	free(x->states);
	free(x->set);
	free(x->parent);
	free(x->depth);
	free(x->label);
	free(x->edges);
}
