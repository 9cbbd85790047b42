/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_VC_RDF_ARENA_H
#define BERTH_VC_RDF_ARENA_H

#include <stddef.h>

/* Many small pieces that live and die together: the terms of one document. */
struct berth_arena {
	struct berth_arena_block *top;	/* owned */
	size_t left;			/* bytes of it that are free */
};

#define BERTH_ARENA_INIT { NULL, 0 }

/* Zeroed, aligned for anything; NULL without memory (said by berth_fail()). */
void *berth_arena_take(struct berth_arena *a, size_t n);
/* A copy of n bytes with a NUL behind them. */
char *berth_arena_text(struct berth_arena *a, const char *p, size_t n);
void berth_arena_free(struct berth_arena *a);	/* empty and usable afterwards */

#endif
