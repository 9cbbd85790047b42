/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_PAIR_H
#define BERTH_TESTS_FAKES_PAIR_H

#include "tests/fakes/sim.h"

/* Two agents that can dial each other, each with one identity and an application "app"
 * that may send and receive basic messages and whatever begins with urn:app:. */
struct pair {
	struct sim w;
	struct sim_node *a, *b;
};

void pair_make(struct pair *p);
struct sim_node *pair_third(struct pair *p, const char *name);	/* another of the kind, NAME.test */
struct sim_node *pair_mute(struct pair *p, const char *name);	/* one that nobody can dial */
void pair_free(struct pair *p);
void pair_introduce(struct pair *p);	/* neither is a stranger to the other any more */
const struct berth_identity *pair_identity(struct sim_node *n, const char *name);
/* Lets what is under way and what is due within some seconds happen. */
void pair_settle(struct pair *p, int64_t seconds);
/* What waits for the application, unsealed; berth_json_free(). */
struct berth_json *pair_box(struct sim_node *n);
/* {"app", "to", "type", "body"} and whatever members says ("\"pleaseAck\":true"). */
enum berth_err pair_send(struct sim_node *n, const char *to, const char *type, const char *body, const char *members,
			 struct berth_json **result);
enum berth_err pair_ack(struct sim_node *n, int64_t up_to);
/* cmd with args as JSON text; result may be NULL. */
enum berth_err pair_command(struct sim_node *n, const char *machine, const char *on, const char *args,
			    struct berth_json **result);
/* A problem report of from's about that thread, straight into to; body is taken. */
void pair_report(struct sim_node *from, struct sim_node *to, const char *pthid, struct berth_json *body);
int pair_audit(struct sim_node *n, const char *text);	/* lines that have it */

#endif
