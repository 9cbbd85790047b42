/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_EXAMPLES_FLEET_COUNT_H
#define BERTH_EXAMPLES_FLEET_COUNT_H

#include "tests/fakes/story.h"

/* Two counts of one onboarding, of each agent: what ours asks of the primitives (count.c),
 * and what the messages demand of whoever sends and takes them, with the octets
 * (count_list.c).  Both are of whoever is at work, and of nobody before that is set.  The
 * second is made once more of a poll. */
void count_world(struct sim *w);
void count_start(const char *texts);	/* zero; the JSON goes to that file, NULL: nowhere */
void count_poll(void);			/* what follows is one */
bool count_polled(struct sim *w);	/* somebody has opened it: sim_run()'s done */
void count_birth(const struct berth_agent_config *cfg);	/* its node's agent comes into being */
void count_turn(const struct berth_agent *a, bool request);	/* it is at work; request: something came in */
bool count_turns(const struct berth_agent *a);	/* it was another one until now */

void count_call(const char *type, const char *what);
void count_octets(const char *what, size_t n);
void count_link(struct sim_node *from, const char *uri);	/* a sim's on_send */
void count_print(void);			/* {"owner": {"calls": {...}, "list": {...}, "poll": {...}}, ...} */
void count_end(void);

/* A text that is made or read as JSON, for examples/fleet/price.c. */
void count_text(const char *what, const char *text, size_t n);
/* That document was asked for before by whoever is at work, whose memory is its own. */
bool count_knows(const char *did, bool as_short);
/* True the first time that whoever is at work comes with these octets. */
bool count_is_new(const void *p, size_t n);

/* What has to be durable before anybody hears of it: a turn that takes or makes a message
 * which is repeated until it is acknowledged is one step, however many transactions ours
 * makes of it. */
void count_moved(void);
void count_transaction(void);
/* A request or a reply, at whoever sends or gets it. */
void count_frame(size_t n);

#endif
