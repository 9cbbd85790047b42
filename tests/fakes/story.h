/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_STORY_H
#define BERTH_TESTS_FAKES_STORY_H

#include "tests/fakes/sim.h"

/* The main job's four agents, up to the moment the gateway is switched on. */
struct story {
	struct sim w;
	struct sim_node *factory, *rendezvous, *owner, *gateway;
	char device[65];
};

void story_cast(struct story *s);		/* the agents exist, all but the gateway are on */
void story_birth(struct story *s);		/* the gateway is born and switched off again */
void story_sale(struct story *s);		/* the owner has imported, registered, provisioned */
void story_end(struct story *s);

bool story_operational(struct sim *w);	/* the gateway is, and its owner knows */
void story_provision(struct story *s, const char *id, const char *type, const char *value);

#endif
