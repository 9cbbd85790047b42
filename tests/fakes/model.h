/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FAKES_MODEL_H
#define BERTH_TESTS_FAKES_MODEL_H

#include "agent/protocol/gateway.h"
#include "agent/protocol/owner.h"
#include "tests/fakes/explore.h"

/* One gateway and two owners, A and then B, and a delegate D of A's, as far as it matters who owns
 * whom, with which items, and where: what each
 * step of gateway.h and owner.h does to a few numbers, and which messages it sends.  When a
 * step is taken, and whether at all, is not said here: that is read from the machines' own
 * tables.  A step is one transaction, so an end in the middle of one is as if it had not
 * begun; the start after it is the event "resume", which may come at any time.
 *
 * Where the power may go (cuts), a device that has taken steps which the table calls tentative
 * (berth_row_is_tentative()) may be at any time what it was before them, though what it has
 * said is under way, or it may find them on its disk.  Then the ids of what it took in them are
 * forgotten too: that may come once more.
 *
 * Messages are a set without an order.  Any may be lost for good (the outbox gives it up);
 * one that its sender says again may be there twice under two ids.  The very same id twice is
 * what the memory of ids is for, which one of the faults takes away. */
#define MODEL_FLIGHT 3

enum model_message {
	/* the device's */
	M_HELLO = 1, M_PROVE_DEVICE, M_ACCEPT_READY, M_COMMIT, M_COMPLETE, M_ABANDONED, M_RENEW_REQUEST, M_RENEW_ACTIVATED,
	M_STATUS_NOTED, M_READY, M_REFUSED, M_RELEASED, M_RETIRED, M_SET_WANTED, M_SET_RESULT, M_ITEM_RESULT, M_WHERE, M_RESYNCED,
	M_EVIDENCE,
	/* the owners' */
	M_PROVE_OWNER, M_PENDING, M_DENIED, M_ACCEPT_OWNERSHIP, M_ISSUE, M_ITEM, M_COMMITTED, M_RENEW_ISSUE, M_RENEW_DENIED,
	M_RENEW_EXPIRED, M_RENEWED, M_STATUS, M_PREPARE, M_CANCEL, M_RELEASE, M_RETIRE, M_SET, M_SET_ITEM, M_SET_NOTED,
	M_HERE, M_RESYNC, M_ATTEST, M_COUNT
};

enum model_status { IS_VALID, IS_SUSPENDED, IS_REVOKED, IS_ONBOARD };
enum { NOBODY, A, B, D };
#define MODEL_OWNERS 3

/* A set of items: its number, which of two contents it has, and who has to confirm it. */
enum model_confirm { BY_NOBODY, BY_OWNER, BY_APPLICATION };
#define MODEL_SET(seq, content, by) ((uint8_t)((seq) << 3 | (content) << 2 | (by)))
static inline uint8_t model_set_seq(uint8_t set) { return set >> 3; }
static inline uint8_t model_set_content(uint8_t set) { return set >> 2 & 1; }
static inline uint8_t model_set_by(uint8_t set) { return set & 3; }
enum model_set_status { SET_TRIAL, SET_ACTIVE, SET_REFUSED, SET_REVERTED };
enum { WAITS_HOOK = 1, HAS_ACK = 2 };		/* of a set on trial */

/* Addresses 0 and 1: where an owner can be reached. */
enum { AT_0, AT_BOTH, AT_1 };
static inline bool model_is_at(uint8_t at, uint8_t address) { return at == AT_BOTH || at >> 1 == address; }

/* Faults that are planted, to see that they are found. */
enum model_fault {
	FAULT_OWNER_EPOCH = 1,		/* an owner takes the hello of another epoch */
	FAULT_GATEWAY_EPOCH = 2,	/* a device takes the chain of another epoch */
	FAULT_NOT_DURABLE = 4,		/* an owner says committed, and forgets it */
	FAULT_NO_MEMORY = 8,		/* ids of messages are not remembered */
	FAULT_ANYBODY = 16,		/* a device hears whoever speaks as its owner */
	FAULT_COUNTER_FIRST = 32,	/* the device's counter steps before the commit */
	FAULT_SAID_ONCE = 64,		/* the receipt of a release is not repeated */
	FAULT_HELLO_COUNTS = 128,	/* an owner gives up what was under way for a hello */
	FAULT_COMPLETE_ONCE = 256,	/* complete is not repeated, and nothing else will do */
	FAULT_BYE_ONCE = 512,		/* who is let in again is told once, and only that */
	FAULT_NEVER_ANEW = 1024,	/* who lets a device go does not hear that it has begun anew */
	FAULT_UNNUMBERED = 2048,	/* an owner takes a request for keys of before */
	FAULT_SOLD_AND_SILENT = 4096,	/* who has sold a device does not answer its commit */
	FAULT_OLD_SET = 1 << 13,	/* a device takes a set that is older than its last */
	FAULT_SET_ONCE = 1 << 14,	/* what became of a set is not said again */
	FAULT_NEVER_BACK = 1 << 15,	/* a set that nobody confirms stays on trial */
	FAULT_NOTED_ANY = 1 << 16,	/* any word of the owner's confirms the set on trial */
	FAULT_SAME_UNSAID = 1 << 17,	/* an owner that takes a change back says nothing of that */
	FAULT_NEVER_LOOKS = 1 << 18,	/* a device does not look for an owner that is silent */
	FAULT_NEVER_ASKS = 1 << 19,	/* an owner that was restored does not ask its devices */
	FAULT_DELEGATE_SELLS = 1 << 20,	/* a delegate lets a device go that its owner keeps */
	FAULT_UNSIGNED = 1 << 21,	/* a device takes that for its owner's word */
	FAULT_LIFTS = 1 << 22,		/* a good attestation lifts what a person has ordered */
	FAULT_SELLS_UNHEARD = 1 << 23,	/* who was restored sells what it does not know in use */
	FAULT_KEPT_REQUEST = 1 << 24,	/* a device goes on with what it had asked the owner before the backup */
	FAULT_ROTATES_TWICE = 1 << 30,	/* keys that the owner has just given make way for others, for an old question */
	FAULT_ANSWERED_ONCE = 1 << 25,	/* a device that has answered once does so again, whatever its keys are now */
	FAULT_KNOWN_ONLY = 1 << 26,	/* who was restored speaks only to the keys that it knows */
	FAULT_UNNOTED = 1 << 28,	/* what is provided for a device that is being let go is not told when it stays */
	FAULT_ANY_WORD = 1 << 29,	/* who was restored takes any word for an answer to its question */
	FAULT_ITEMS_KEPT = 1 << 27,	/* and takes the items for those that it knows */
};

struct model_owner { uint8_t state, epoch, hello, run, op, renewal, seq, is, notice, bye, transfers, transfer, ready, from, used;
	uint8_t want, changed, by, set, last, is_set, odd, heard;	/* items: what is provided, and what was said of it */
	uint8_t restored, synced;			/* so often; and whether the device has spoken since */
	uint8_t at, told;				/* where it can be reached, and what the device knows of that */
	uint8_t asked, drift;				/* what it runs; suspended for what it ran */
	uint8_t signed_;				/* an end that its delegate is to carry */
};

#define MODEL_DEVICE 38		/* octets of a device, up to its owners */

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
	uint8_t set_seq, staged, in_use, trial, wait, outcome, kept;	/* items; kept: confirmed last */
	uint8_t resync, resynced;
	uint8_t at, tried;				/* addresses: in use, and asked (bits) */
	uint8_t attempt;				/* the last that was named */
	struct model_owner o[MODEL_OWNERS];			/* what is before it is the device's own */
	uint8_t dead;					/* what the outbox has given up: model_dead() */
	uint8_t renewals, abandons, copies, sets, restores, moves, attests;	/* so many may still come */
	uint8_t shown;				/* the last attempt whose keys an owner has seen */
	uint8_t synced[MODEL_DEVICE];		/* what the device is on its disk, BLANK: the same */
	uint8_t offline;			/* A's key: D works for it, and what it says is carried by hand */
	uint8_t type[MODEL_FLIGHT], who[MODEL_FLIGHT];		/* sorted; type 0: none */
	uint16_t id[MODEL_FLIGHT];
};

struct model {
	unsigned faults;
	/* bounds: messages under way at once, runs that anybody still knows of, an owner's words
	 * about its device */
	uint8_t flight, runs, seq_max, transfers_max;
	bool alone;				/* nobody else wants to buy the device */
	bool items, hooks, lifts;
	bool cuts;				/* the power may go */
	unsigned tentative;			/* bits of a gateway's states, beside its machine's own: planted */
	uint8_t *used[2];			/* rows of the two tables that were run */
};

/* One event at one machine.  A step may end in several ways: it is asked with choice 0, 1...
 * until it says MODEL_END. */
struct model_step {
	struct model *m;
	struct model_state s;		/* what it makes of it */
	uint8_t who;			/* whose message, or whose machine */
	uint16_t id;			/* what the message says */
	enum model_message type;	/* 0: no message */
	const char *on;
	int choice;
	bool lasting;			/* it says so itself, as fx->lasting */
	const char *broken;
};

#define MODEL_END (-1)
#define MODEL_REFUSED (-2)
#define MODEL_STAY (-3)
#define MODEL_FORGOTTEN (-4)		/* planted: the row's messages leave, its state does not last */

typedef int model_fn(struct model_step *t);	/* the next state, or one of the above */
struct model_binding { berth_step_fn *step; model_fn *fn; };

extern const struct model_binding model_gateway[], model_gateway_life[], model_owners[], model_owners_life[];	/* fn NULL: the end */

void model_say(struct model_step *t, enum model_message type, uint8_t who, uint16_t id);
uint8_t model_dead(enum model_message type);	/* bits of dead: a receipt, or complete */
bool model_under_way(const struct model_state *s, enum model_message type);
uint8_t model_run_of(enum model_message type, uint16_t id);	/* 0: of none */
struct model_owner *model_owner(struct model_step *t);
struct model_owner *model_owner_now(struct model_step *t);	/* whose the device is */

/* Of the epoch.  The generation stops nobody but the device itself, at a start, and by how much a power
 * cut turns it back is for the tests that cut the power (flow/test_crash.c). */
bool model_is_level(const struct model_state *s);
/* Which of two is the later one is all that counts: the same state, with numbers that are as low as can be. */
void model_renumber(struct model_state *s);
bool model_from_owner(const struct model_step *t);
uint8_t model_owner_of(uint8_t who);	/* in whose name D speaks */
/* One of the things that an owner's timer may find due: what it says, or MODEL_REFUSED. */
int model_provide(struct model_step *t);
int model_ask_again(struct model_step *t);
int model_attest_again(struct model_step *t);
int model_tell(struct model_step *t);
/* An owner that was restored hears again from a device that it does not know in use. */
int model_take_up(struct model_step *t);
int model_renew_request(struct model_step *t);
int model_activated(struct model_step *t);
void model_synced(struct model_step *t);	/* the device has spoken since the restoration */
int model_sign(struct model_step *t, int to);	/* A, for D to carry: the end to which it leads */
int model_change(struct model_step *t, enum model_status is, int to);
bool model_needs_person(const void *state);	/* agreed, or waits for a person */

void model_first(struct model_state *s);	/* born, and nobody has bought it */
void model_owned(struct model_state *s);	/* A's, and in use */
void model_next(struct explore *x, const void *state);	/* x->arg: struct model */
/* Device and owner are of one mind, or wait for somebody to buy the device. */
bool model_agreed(const void *state);
void model_print(const struct model_state *s);

#endif
