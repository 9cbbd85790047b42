/* SPDX-License-Identifier: Apache-2.0 */
#include "vc/rdf/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "berth/err.h"

#define BLOCK ((size_t)8 << 10)

struct berth_arena_block {
	struct berth_arena_block *next;
	size_t size;
	alignas(max_align_t) char b[];
};

static bool add_block(struct berth_arena *a, size_t n)
{
	size_t size = n > BLOCK / 4 ? n : BLOCK;
	struct berth_arena_block *block = calloc(1, sizeof(*block) + size);

	if (!block) {
		(void)berth_fail(BERTH_E_NOMEM, "%zu bytes of terms", size);
		return false;
	}
	block->next = a->top;
	block->size = size;
	a->top = block;
	a->left = size;
	return true;
}

void *berth_arena_take(struct berth_arena *a, size_t n)
{
	void *p;

	n = (n + alignof(max_align_t) - 1) / alignof(max_align_t) * alignof(max_align_t);
	if (n > a->left && !add_block(a, n))
		return NULL;
	p = a->top->b + a->top->size - a->left;
	a->left -= n;
	return p;
}

char *berth_arena_text(struct berth_arena *a, const char *p, size_t n)
{
	char *s = berth_arena_take(a, n + 1);

	if (s && n)
		memcpy(s, p, n);
	return s;
}

void berth_arena_free(struct berth_arena *a)
{
	struct berth_arena_block *next;

	for (struct berth_arena_block *b = a->top; b; b = next) {
		next = b->next;
		free(b);
	}
	*a = (struct berth_arena)BERTH_ARENA_INIT;
}
