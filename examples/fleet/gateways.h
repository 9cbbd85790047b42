/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_EXAMPLES_FLEET_GATEWAYS_H
#define BERTH_EXAMPLES_FLEET_GATEWAYS_H

#include <nng/nng.h>
#include <pthread.h>
#include <stdatomic.h>

#include "agent/core/agent.h"
#include "agent/netd/req.h"
#include "agent/protocol/onboarding.h"

/* The simulator's parts: gateways.c (phases and threads), gateway.c (one gateway's agent),
 * wire.c (its transport: nng on loopback).  A gateway belongs to one thread while a phase
 * runs; what nng says comes over its worker's list. */
#define FLEET_LINKS_MAX 4	/* factory, rendezvous, owner */

struct fleet_worker;
struct fleet_link;

struct fleet_gateway {
	struct berth_transport transport;	/* first */
	struct fleet_worker *worker;
	size_t index;
	char serial[24];
	struct berth_policy policy;
	struct berth_store *store;
	struct berth_keystore *ks;
	struct berth_keys *keys;
	struct berth_agent *agent;		/* NULL: switched off */
	struct fleet_link *links[FLEET_LINKS_MAX];
	size_t n_links;
	size_t place;				/* among its worker's */
	uint64_t seen;				/* changes of its agent at the last look */
	uint64_t began_ms, done_ms, took_ms, bytes;
	bool done, ok;				/* of this phase */
};

struct fleet_sending;
struct fleet_worker {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t some;
	struct fleet_sending *first, **last;	/* what nng has done with, under the lock */
	struct fleet_gateway **of;
	uint64_t *due_ms;	/* of each, beside one another: all are looked at again and again, */
	uint64_t soon_ms;	/* but not before this */
	size_t n, next, running, n_done, at_once;
	uint64_t *free_ms;	/* since when each of its places is free: the oldest at next % at_once */
	bool through;
};

struct fleet {
	const char *dir, *factory_did, *factory_uri;
	size_t n;
	struct fleet_gateway *gateways;
	bool onboarding;			/* else they are being born */
	atomic_bool stop;
	atomic_size_t through, n_done;		/* threads; gateways */
	atomic_uint frames, polls, unanswered, busy;	/* requests of all gateways in this phase */
	atomic_long links_spare;		/* so many that are not used any more may stay open */
};
extern struct fleet fleet;

void fleet_need(bool ok, const char *what);	/* or the process ends */

/* gateway.c.  boot: its store and keys are open, its agent is made.  begin: it lives.  tick: does what is due.  look: whether it is through
 * with this phase, after anything that may have changed it. */
void fleet_gateway_init(struct fleet_gateway *g, size_t index);
void fleet_gateway_boot(struct fleet_gateway *g);
void fleet_gateway_begin(struct fleet_gateway *g);
void fleet_gateway_tick(struct fleet_gateway *g);
void fleet_gateway_look(struct fleet_gateway *g);
void fleet_gateway_end(struct fleet_gateway *g);

/* wire.c */
extern const struct berth_transport_ops fleet_wire;
void fleet_links_idle(struct fleet_gateway *g);		/* all but the last are not used any more */
void fleet_links_close(struct fleet_gateway *g);
void fleet_wait_init(struct fleet_worker *w);
void fleet_wait(struct fleet_worker *w, uint64_t until_ms);	/* until then, or for results */
void fleet_take_results(struct fleet_worker *w);		/* to the agents */

#endif
