/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_MEDIATION_H
#define BERTH_TESTS_FAKES_MEDIATION_H

#include "agent/protocol/mediate.h"
#include "tests/fakes/sim.h"

/* Alice, whom anybody can dial; a box behind NAT that only dials out; between them one
 * mediator, or two in a row (outer, then mediator).  Both know a protocol whose messages
 * are numbered and counted, so that one that is lost or taken twice shows. */
struct mediation {
	struct sim w;
	struct sim_node *alice, *outer, *mediator, *box;	/* outer NULL: there is none */
};

#define MEDIATION_ALICE "alice"
#define MEDIATION_APP "app"		/* the box's identity */

void mediation_cast(struct mediation *m, bool two);	/* all exist, and none but the mediators are on */
void mediation_begin(struct mediation *m, bool two);	/* and the box is registered */
void mediation_meet(struct mediation *m);	/* the second half of mediation_begin() */
void mediation_make(struct sim_node *n, const char *name);	/* a public identity */
struct sim_node *mediation_add(struct mediation *m, const char *name, const char *uri);	/* somebody else */
void mediation_end(struct mediation *m);
const struct berth_identity *mediation_identity(struct sim_node *n, const char *name);
/* Message number n from a node's identity to the other's public one. */
enum berth_err mediation_send(struct sim_node *from, const char *to_did, int n);
/* Alice to the box. */
void mediation_say(struct mediation *m, int n);
int mediation_count(struct sim_node *n, int number);	/* how often it had an effect */
/* All of 1 to n had one; and none had two. */
bool mediation_all_once(struct sim_node *node, int n);
bool mediation_registered(struct sim *w);
bool mediation_is_registered(struct sim_node *mediator, const char *did);
/* Messages that wait for the box at that mediator; and what its outbox holds. */
int64_t mediation_waiting(struct sim_node *mediator);
int64_t mediation_outbox(struct sim_node *n);

#endif
