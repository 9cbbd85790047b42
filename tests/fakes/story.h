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
struct berth_json *story_chain(struct story *s);	/* the factory sells to the owner; owned */
/* An owner takes a chain; receipt and result may be NULL. */
enum berth_err story_import(struct sim_node *owner, const struct berth_json *package, const char *receipt,
			    struct berth_json **result);
void story_end(struct story *s);

void story_start(struct story *s);	/* after story_cast(): born, sold and switched on */
void story_begin(struct story *s);	/* both */
const struct berth_identity *story_identity(struct sim_node *n, const char *name);

bool story_operational(struct sim *w);	/* the gateway is, and its owner knows */
/* Until the node's machine is in that state; it stops right there, with whatever is
 * under way still under way. */
const char *story_state(struct story *s, struct sim_node *n);
bool story_run_to(struct story *s, struct sim_node *n, const char *state);
bool story_quiet(struct sim *w);	/* nothing waits in any outbox */
bool story_settled(struct sim *w);	/* both */
#define STORY_LIMIT_S 14400
void story_settle(struct story *s);	/* fails when it is not so within that time */
void story_in_use(struct story *s);	/* story_begin() and that */
/* Exactly one owner, one credential on both sides, the items once each, nothing left
 * over of the run; runs: credentials that were issued on the way. */
void story_check_end(struct story *s, int runs);
/* The gateway's OperationalCredential, owned; and the owner remembers that one. */
char *story_credential(struct story *s);
void story_check_credential(struct story *s);
/* Lines of the node's audit log that contain text. */
int story_audit(struct sim_node *n, const char *text);
/* data of the gateway, or of the owner's instance; owned. */
struct berth_json *story_data(struct story *s, struct sim_node *n);
/* The gateway's operational DID, "" before there is one; static. */
const char *story_operational_did(struct story *s);
/* Proves a renew-request of the gateway's anew, by the new key: what is refused then is the request. */
void story_prove_renewal(struct story *s, struct berth_json *m);
void story_rotate(struct story *s);	/* its operator wants new keys */
bool story_rotated(struct story *s, const char *before);	/* settled, with another operational DID */
/* All that the four agents know, as text; times do not count. */
void story_dump(struct story *s, struct berth_buf *out);
void story_provision(struct story *s, const char *id, const char *type, const char *value);

#endif
