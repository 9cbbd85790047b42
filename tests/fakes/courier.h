/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_COURIER_H
#define BERTH_TESTS_FAKES_COURIER_H

#include "tests/fakes/note.h"
#include "tests/fakes/sim.h"

/* Agents that do nothing but write each other numbered notes, in threads of their own,
 * and keep count of what they got: how often, and whether a thread came in order. */
#define COURIERS_MAX 5
#define COURIER_THREADS_MAX 16

struct courier {
	struct sim w;
	struct sim_node *node[COURIERS_MAX];
	char *did[COURIERS_MAX];	/* long forms */
	size_t n;
	int sent[COURIERS_MAX][COURIERS_MAX][COURIER_THREADS_MAX];	/* notes, from, to */
};

void courier_begin(struct courier *c);
void courier_end(struct courier *c);
/* Switched on, with a DID; uri NULL: nobody can dial it, and it asks the first for messages. */
void courier_add(struct courier *c, const char *name, const char *uri);
/* The same, and before uri its document names another address. */
void courier_add_with(struct courier *c, const char *name, const char *first, const char *uri);
/* The next n notes (40 at most) of a thread; what stopped it.  A crash may have kept it from
 * us that they are in the outbox: courier_recount() before sending more. */
enum berth_err courier_send(struct courier *c, size_t from, size_t to, int thread, int n);
void courier_recount(struct courier *c, size_t from, size_t to, int thread);

/* What a node got of a thread: how many different notes, and all together. */
struct test_note_got courier_got(struct courier *c, size_t from, size_t to, int thread);
int courier_dead(struct courier *c, size_t at);		/* it was told that they were given up */
bool courier_idle(struct sim *w);	/* no outbox has anything */
/* Everything that was sent came once, and each thread in its order; how many. */
int courier_check(struct courier *c);

#endif
