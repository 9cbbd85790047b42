/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_MODEL_H
#define BERTH_TESTS_FAKES_MODEL_H

#include "agent/protocol/gateway.h"
#include "agent/protocol/owner.h"
#include "tests/fakes/explore.h"

/* One gateway and two owners, A and then B, as far as it matters who owns whom: what each
 * step of gateway.h and owner.h does to a few numbers, and which messages it sends.  When a
 * step is taken, and whether at all, is not said here: that is read from the machines' own
 * tables.  A step is one transaction, so an end in the middle of one is as if it had not
 * begun; the start after it is the event "resume", which may come at any time.
 *
 * Messages are a set without an order.  Any may be lost for good (the outbox gives it up);
 * one that its sender says again may be there twice under two ids.  The very same id twice is
 * what the memory of ids is for, which one of the faults takes away. */
#define MODEL_FLIGHT 3

enum model_message {
	/* the device's */
	M_HELLO = 1, M_PROVE_DEVICE, M_ACCEPT_READY, M_COMMIT, M_COMPLETE, M_ABANDONED, M_RENEW_REQUEST, M_RENEW_ACTIVATED,
	M_STATUS_NOTED, M_READY, M_REFUSED, M_RELEASED, M_RETIRED,
	/* the owners' */
	M_PROVE_OWNER, M_PENDING, M_DENIED, M_ACCEPT_OWNERSHIP, M_ISSUE, M_ITEM, M_COMMITTED, M_RENEW_ISSUE, M_RENEW_DENIED,
	M_RENEW_EXPIRED, M_RENEWED, M_STATUS, M_PREPARE, M_CANCEL, M_RELEASE, M_RETIRE, M_COUNT
};

enum model_status { IS_VALID, IS_SUSPENDED, IS_REVOKED, IS_ONBOARD };
enum { NOBODY, A, B };

/* Faults that are planted, to see that they are found. */
enum model_fault {
	FAULT_OWNER_EPOCH = 1,		/* an owner takes the hello of another epoch */
	FAULT_GATEWAY_EPOCH = 2,	/* a device takes the chain of another epoch */
	FAULT_NOT_DURABLE = 4,		/* an owner says committed, and forgets it */
	FAULT_NO_MEMORY = 8,		/* ids of messages are not remembered */
	FAULT_ANYBODY = 16,		/* a device hears whoever speaks as its owner */
	FAULT_COUNTER_FIRST = 32,	/* the device's counter steps before the commit */
	FAULT_SAID_ONCE = 64,		/* the receipt of a release is not repeated */
	FAULT_SOLD_AND_SILENT = 4096,	/* who has sold a device does not answer its commit */
	FAULT_UNNUMBERED = 2048,	/* an owner takes a request for keys of before */
	FAULT_NEVER_ANEW = 1024,	/* who lets a device go does not hear that it has begun anew */
	FAULT_BYE_ONCE = 512,		/* who is let in again is told once, and only that */
	FAULT_COMPLETE_ONCE = 256,	/* complete is not repeated, and nothing else will do */
	FAULT_HELLO_COUNTS = 128,	/* an owner gives up what was under way for a hello */
};

struct model_owner { uint8_t state, epoch, hello, run, op, renewal, seq, is, notice, bye, transfers, transfer, ready, from, used; };

struct model_state {
	uint8_t state, epoch, device_epoch;		/* the gateway's, of its store and its TPM */
	uint8_t run, peer, item;
	uint8_t tip, active, op, renewal, keys;		/* the last keys of this epoch */
	uint8_t complete, due;				/* the run that it has to say so of; once more */
	uint8_t why, was, seq;				/* of its quarantine */
	uint8_t abandoned, abandoned_by;
	uint8_t release, release_ready, refused;
	uint8_t ended, ended_by;
	uint8_t owned[3];				/* who was active in each epoch */
	struct model_owner o[2];			/* what is before it is the device's own */
	uint8_t dead;					/* what the outbox has given up: model_dead() */
	uint8_t renewals, abandons, copies;		/* so many may still come */
	uint8_t type[MODEL_FLIGHT], who[MODEL_FLIGHT], id[MODEL_FLIGHT];	/* sorted; type 0: none */
};

struct model {
	unsigned faults;
	/* bounds: messages under way at once, runs that anybody still knows of, an owner's words
	 * about its device */
	uint8_t flight, runs, seq_max, transfers_max;
	bool alone;				/* nobody else wants to buy the device */
	uint8_t *used[2];			/* rows of the two tables that were run */
};

/* One event at one machine.  A step may end in several ways: it is asked with choice 0, 1...
 * until it says MODEL_END. */
struct model_step {
	struct model *m;
	struct model_state s;		/* what it makes of it */
	uint8_t who, id;		/* A or B: whose message, or whose machine; what the message says */
	enum model_message type;	/* 0: no message */
	const char *on;
	int choice;
	const char *broken;
};

#define MODEL_END (-1)
#define MODEL_REFUSED (-2)
#define MODEL_STAY (-3)
#define MODEL_FORGOTTEN (-4)		/* planted: the row's messages leave, its state does not last */

typedef int model_fn(struct model_step *t);	/* the next state, or one of the above */
struct model_binding { berth_step_fn *step; model_fn *fn; };

extern const struct model_binding model_gateway[], model_owners[];	/* fn NULL: the end */

void model_say(struct model_step *t, enum model_message type, uint8_t who, uint8_t id);
uint8_t model_dead(enum model_message type);	/* bits of dead: a receipt, or complete */
bool model_under_way(const struct model_state *s, enum model_message type);
uint8_t model_run_of(enum model_message type, uint8_t id);	/* 0: of none */
struct model_owner *model_owner(struct model_step *t);

void model_first(struct model_state *s);	/* born, and nobody has bought it */
void model_owned(struct model_state *s);	/* A's, and in use */
void model_next(struct explore *x, const void *state);	/* x->arg: struct model */
/* Device and owner are of one mind, or wait for somebody to buy the device. */
bool model_agreed(const void *state);
void model_print(const struct model_state *s);

#endif
