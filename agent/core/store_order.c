/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the outbox that are in memory, sorted by what they are asked for: found in few steps, and
 * moving the pointers behind a place takes less time than a tree would for as many as there may be. */
#include <stdlib.h>
#include <string.h>

#include "agent/core/store_internal.h"

#define FIRST 8		/* rows that there is room for */

static int by_number(int64_t a, int64_t b) { return (a > b) - (a < b); }

static int by_seq(const struct store_listed *a, const struct store_listed *b) { return by_number(a->seq, b->seq); }

static int by_peer(const struct store_listed *a, const struct store_listed *b)
{
	int c = strcmp(a->peer, b->peer);

	return c ? c : by_seq(a, b);
}

static int by_due(const struct store_listed *a, const struct store_listed *b)
{
	int c = by_number(a->next_s, b->next_s);

	return c ? c : by_seq(a, b);
}

static int (*const compare[STORE_ORDERS])(const struct store_listed *a, const struct store_listed *b) = { by_seq, by_peer, by_due };

size_t store_order_place(const struct store_order *o, enum store_by by, const struct store_listed *key)
{
	const struct store_rows *x = &o->by[by];
	size_t first = 0, end = x->n;

	while (first < end) {
		size_t mid = first + (end - first) / 2;

		if (compare[by](x->rows[mid], key) < 0)
			first = mid + 1;
		else
			end = mid;
	}
	return first;
}

/* What is parked, sleeps or waits for an earlier one is not due at any time. */
static bool is_in(enum store_by by, const struct store_listed *r)
{
	return by != STORE_BY_DUE || (!r->parked && r->next_s >= 0 && r->next_s < BERTH_OUTBOX_ASLEEP);
}

void store_order_put(struct store_order *o, enum store_by by, struct store_listed *r)
{
	struct store_rows *x = &o->by[by];
	size_t at;

	if (!is_in(by, r))
		return;
	at = store_order_place(o, by, r);
	memmove(&x->rows[at + 1], &x->rows[at], (x->n++ - at) * sizeof(x->rows[0]));
	x->rows[at] = r;
}

void store_order_take(struct store_order *o, enum store_by by, const struct store_listed *r)
{
	struct store_rows *x = &o->by[by];
	size_t at;

	if (!is_in(by, r))
		return;
	at = store_order_place(o, by, r);
	memmove(&x->rows[at], &x->rows[at + 1], (--x->n - at) * sizeof(x->rows[0]));
}

bool store_order_room(struct store_order *o)
{
	size_t cap = o->cap ? 2 * o->cap : FIRST;

	if (o->by[STORE_BY_SEQ].n < o->cap)
		return true;
	for (int i = 0; i < STORE_ORDERS; i++) {
		struct store_listed **more = realloc(o->by[i].rows, cap * sizeof(*more));

		if (!more)
			return false;
		o->by[i].rows = more;
	}
	o->cap = cap;
	return true;
}

void store_order_end(struct store_order *o)
{
	for (int i = 0; i < STORE_ORDERS; i++)
		free(o->by[i].rows);
	*o = (struct store_order){ 0 };
}
