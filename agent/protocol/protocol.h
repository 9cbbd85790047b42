/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_PROTOCOL_H
#define BERTH_AGENT_PROTOCOL_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/protocol/keys.h"
#include "agent/protocol/policy.h"
#include "berth/err.h"
#include "did/base/json.h"
#include "did/codec/base64url.h"	/* berth_json_set_b64url */
#include "did/resolver.h"
#include "didcomm/message.h"
#include "didcomm/pack.h"
#include "didcomm/unpack.h"

/* A protocol is a const table of rows (from, on, step, to, otherwise).  A message
 * for which the table has no row is refused by its absence.  Steps do no I/O: they
 * read an event and the instance's data, use keys, and say what they want done
 * in struct berth_effects.  The host stores the new state, the records and the
 * outgoing messages in one transaction and only then sends: a crash repeats a
 * step, never half of one.  Timers and operator's commands arrive as events. */

#define BERTH_PIURI_ONBOARDING "urn:berth:gateway-onboarding/1.0/"
#define BERTH_PIURI_RENDEZVOUS "urn:berth:gateway-rendezvous/1.0/"
#define BERTH_NS_POLL "poll"		/* records: whom to ask for messages */
#define BERTH_POLL_OWNER "self"		/* the owner's; the others' are relationships' */
#define BERTH_POLL_FACTORY "factory"	/* the owner's for our factory DID, which nobody else is to see */
#define BERTH_STATE_STAY (-1)		/* a row's `to` or `otherwise`: as it was */

/* One of the agent's own DIDs. */
struct berth_identity {
	char *name;			/* "factory", "owner", "op-0-1" ... */
	char *did_long, *did;		/* did: the short form; equal where there is one form */
	char *sign_kid, *agree_kid;	/* DID URLs on `did`; agree_kid may be NULL */
	char *sign_kid_long, *agree_kid_long;	/* the same on did_long */
	char *sign_key, *agree_key;	/* key names in the keystore */
	char *agree2_kid, *agree2_kid_long, *agree2_key;	/* a second curve for others; may be NULL */
	char *via;			/* the mediator's DID that its document names for an endpoint; may be NULL */
};

/* Read access to the store, for steps.  value: owned by the caller's buf. */
struct berth_records {
	/* E_NOMATCH: no such record. */
	enum berth_err (*get)(struct berth_records *r, const char *ns, const char *key, struct berth_buf *value);
	enum berth_err (*each)(struct berth_records *r, const char *ns,
			       enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len),
			       void *arg);
	/* The same, behind the key `after`. */
	enum berth_err (*each_after)(struct berth_records *r, const char *ns, const char *after,
				     enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len),
				     void *arg);
	/* Only those whose keys begin with prefix: costs nothing for all the others. */
	enum berth_err (*each_under)(struct berth_records *r, const char *ns, const char *prefix,
				     enum berth_err (*fn)(void *arg, const char *key, const uint8_t *value, size_t len),
				     void *arg);
};

/* What waits for the clients of a mediator (agent/core/mediate.c).  DIDs in short form.
 * Writes belong to the step's transaction. */
struct berth_queue_status { int64_t messages, bytes, waited_s, oldest_s, newest_s; /* oldest, newest: 0 unknown */ };
struct berth_queue {
	/* One packed message; that very one again is fine and nothing.  E_UNAVAILABLE: no
	 * room for it now, neither in the recipient's share nor in all. */
	enum berth_err (*put)(struct berth_queue *q, const char *recipient, const char *client,
			      const struct berth_buf *packed, int64_t lives_s);
	/* recipient NULL: all of the client's. */
	enum berth_err (*status)(struct berth_queue *q, const char *client, const char *recipient,
				 struct berth_queue_status *out);
	enum berth_err (*each)(struct berth_queue *q, const char *client, const char *recipient, size_t limit,
			       enum berth_err (*fn)(void *arg, const char *id, const uint8_t *packed, size_t len), void *arg);
	enum berth_err (*received)(struct berth_queue *q, const char *client, const char *id, bool *found);
	/* Live mode, until the process ends. */
	bool (*live)(struct berth_queue *q, const char *client);
	enum berth_err (*set_live)(struct berth_queue *q, const char *client, bool on);
};

struct berth_machine;

/* How far an agent's audit log had come when it signed that. */
#define BERTH_AUDIT_HEAD_MAX ((size_t)1024)	/* the signature, compact */
struct berth_audit_seen {
	char did[256];			/* who signs: a did:key */
	int64_t seq, generation, time_s;	/* the last row; time_s -1: signed without a clock */
	uint8_t hash[32];		/* its */
};

/* What the host hands to every step. */
struct berth_env {
	struct berth_keys *keys;
	struct berth_resolver *resolver;
	struct berth_records *records;
	struct berth_queue *queue;
	const struct berth_policy *policy;
	const struct berth_machine *const *machines;	/* all that run here */
	size_t n_machines;
	int64_t restored_s;		/* when this store was taken up from a backup, a number that rises; 0: never */
	int64_t now_s;			/* -1: no trusted time */
	int64_t floor_s;		/* the time is at least this */
	int64_t uptime_s;		/* the agent's, over restarts; clocks do not move it */
	uint64_t mono_ms, wire_bytes;	/* octets on the wire so far, both ways */
	bool has_epoch;			/* a gateway: what it seals ends with this epoch */
	int64_t epoch;
	bool closed;			/* a device that is no more: it says what is left, and hears nobody */
	bool held;			/* the message came on a link that may wait for more */
	void *host;
	/* The identity of that name, NULL: none.  Borrowed, as long as the env. */
	const struct berth_identity *(*identity)(struct berth_env *env, const char *name);
	/* All of them, one by one; NULL behind the last. */
	const struct berth_identity *(*identity_at)(struct berth_env *env, size_t i);
	/* The one that owns this DID (any form), NULL: it is not ours. */
	const struct berth_identity *(*identity_of)(struct berth_env *env, const char *did);
	/* Makes (or finds) a did:peer:4 identity with these key types and names
	 * ("NAME-sign", "NAME-agree") and binds its kids; stored with the step's
	 * transaction.  public: it says the policy's endpoints and, where the store
	 * can, has a second key agreement key (X25519, else P-384) for everybody else's
	 * agents. */
	enum berth_err (*make_identity)(struct berth_env *env, const char *name, enum berth_key_type sign,
					enum berth_key_type agree, unsigned purposes, bool is_public,
					const struct berth_identity **out);
	/* Makes (or finds) a signing-only did:key identity. */
	enum berth_err (*make_signer)(struct berth_env *env, const char *name, enum berth_key_type type,
				      unsigned purposes, const struct berth_identity **out);
	/* That peer has business with us, and is no stranger from now on: what is kept
	 * of it no stranger pushes out.  The long form of a did:peer:4, checked against
	 * its hash, is remembered, so that its short form resolves. */
	enum berth_err (*learn)(struct berth_env *env, const char *did);
	/* Whether that peer has shown that it knows the document of our identity, so
	 * that the short form will do. */
	bool (*known)(struct berth_env *env, const struct berth_identity *mine, const char *peer);
	/* It is certain that peer has that document: it stood in a chain, or in a
	 * message that was answered. */
	enum berth_err (*mark_known)(struct berth_env *env, const struct berth_identity *mine, const char *peer);
	/* That peer has no business with us (yet). */
	bool (*stranger)(struct berth_env *env, const char *peer);
	/* How many messages wait for that peer; where the store cannot say, very many. */
	int64_t (*waiting)(struct berth_env *env, const char *peer);
	/* What the network at hand says of rendezvous (hints.h), as of now, added to text;
	 * nothing where there is none. */
	enum berth_err (*hints)(struct berth_env *env, struct berth_buf *text);
	/* The same of what DNS said when it was asked last.  It is asked anew then, for the
	 * next time; a step waits for nobody. */
	enum berth_err (*services)(struct berth_env *env, struct berth_buf *text);
	/* The log of this machine's measured boot, added to log, or somewhat more than
	 * BERTH_EVENT_LOG_MAX of it; nothing where there is none. */
	enum berth_err (*event_log)(struct berth_env *env, struct berth_buf *log);
	/* The last signature over our own audit log, compact, added to jws; nothing where there is none.
	 * Both are NULL where the host keeps no log. */
	enum berth_err (*audit_head)(struct berth_env *env, struct berth_buf *jws);
	/* Somebody's, checked with the key that it names: E_SIG, E_AUTHZ, and what a JWS may be. */
	enum berth_err (*audit_open)(struct berth_env *env, const char *jws, size_t n, struct berth_audit_seen *out);
};

struct berth_event {
	const char *on;			/* "hello", "timer", "resume", "go", "dead", "cmd/approve" ... */
	const struct berth_unpacked *in;	/* the message; NULL: the host's (go, resume, rollback, timer, due, dead, silent, cmd/...) */
	const char *sender;		/* the DID that authenticated it (short form), or NULL */
	/* Of a command; of a delivery the ids that were taken; may be NULL.  Of "dead", which a machine with a row for it hears at
	 * least once of each message that one of its instances sent and the host gave up:
	 * {"id", "thid", "peer", "reason", "tries"}. */
	const struct berth_json *args;
};

struct berth_send {
	char *identity;			/* whose: name of one of our identities; NULL: nobody's */
	char *to;			/* DID */
	char *uri;			/* dial this; NULL: keep until the peer asks, or its document's endpoint */
	enum berth_pack_mode mode;
	bool protect_sender;		/* anoncrypt around authcrypt */
	bool long_form;			/* from is the long form of our DID */
	bool ephemeral;			/* never stored: sent once to uri, or in the reply to this request */
	struct berth_message msg;
};

struct berth_put { char *ns, *key; struct berth_buf value; bool gone; };

#define BERTH_EFFECTS_SENDS_MAX 40
#define BERTH_EFFECTS_PUTS_MAX 64
#define BERTH_EFFECTS_FORGET_MAX 4
#define BERTH_EFFECTS_DROPS_MAX 10

/* What a step wants done, all or nothing. */
struct berth_effects {
	uint64_t timer_ms;		/* 0: no timer; replaces the instance's running one */
	uint64_t due_ms;		/* the same for "due", which is about no state: an instance may wait for
					 * both, and hears "due" at each start as well, behind "resume" */
	bool stop_timer;
	bool go;			/* deliver "go" to this instance right after the commit */
	bool timer_now;			/* or "timer": what it was set for is there already */
	bool step_generation, step_epoch;	/* in any case */
	bool may_step_generation;	/* when the day's allowance has one left (the host
					 * says so itself for a counted machine's states) */
	bool lasting;			/* it must not be lost, also between tentative states */
	bool fleeting;			/* made of that by berth_machine_step(): what leaves need not wait for the disk */
	int64_t floor_s;		/* the time is at least this from now on; 0: as it was */
	bool floor_back;		/* it is floor_s, even if it was later */
	bool clear_device;		/* after the commit: the TPM, once all keys are gone */
	bool wipe;			/* a gateway's epoch ends: what it has of its owner goes, before
					 * this step's own records and messages */
	char *drop_why;			/* as dead letters, for that reason; NULL: without a word */
	char *gone_peer;		/* nobody is there any more: nothing waits for that DID */
	char *moved_peer, *moved_from, *moved_to;	/* what waits for it at one URI goes to the other */
	int state;			/* BERTH_STATE_STAY: the row's `to`; a step may choose another */
	char *audit;			/* one line for the audit log */
	struct berth_json *result;	/* the answer to a command */
	size_t n_sends, n_puts;
	char *forget[BERTH_EFFECTS_FORGET_MAX];	/* identities that end, with their keys */
	size_t n_forget;
	struct berth_drop { char *peer, *thid; bool ours; } drops[BERTH_EFFECTS_DROPS_MAX];	/* forget what waits for peer
					 * in thid; ours: instead, all that this instance has said to it */
	size_t n_drops;
	struct berth_send sends[BERTH_EFFECTS_SENDS_MAX];
	struct berth_put puts[BERTH_EFFECTS_PUTS_MAX];
};

/* One running machine: a gateway's own life, one device of an owner... */
struct berth_instance {
	char *key;
	int state;
	struct berth_json *data;	/* object; what the steps remember */
};

typedef enum berth_err berth_step_fn(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx);

struct berth_transition {
	const char *on;
	berth_step_fn *step;
	int16_t from;			/* BERTH_STATE_STAY: any state */
	int16_t to;			/* when the step returns BERTH_OK */
	int16_t otherwise;		/* when it does not; only audit and timer are kept then */
};
/* A row as it is read; numbers side by side in memory leave no gaps. */
#define BERTH_ROW(from_, on_, step_, to_, otherwise_) \
	{ .from = from_, .on = on_, .step = step_, .to = to_, .otherwise = otherwise_ }

struct berth_machine {
	const char *name;		/* "gateway", "owner", "factory": also the store's namespace */
	const char *piuri, *piuri2;	/* the prefixes of its messages' types; piuri2 may be NULL */
	const char *const *states;
	size_t n_states;
	const struct berth_transition *table;
	size_t table_len;
	/* Its states are a device's own: each change of one is worth a step of the
	 * generation counter, so that an older copy of the store shows. */
	bool counted;
	/* Bits of states (1u << state) in which nobody has been promised anything.  What a step from
	 * one of them to one of them stores may be lost with the power, although its messages have
	 * left: the next start begins anew, and what comes for what was forgotten is refused.  Not
	 * so commands, refusals, rows for any state, whatever ends something, and what the step
	 * says has to last.  0: all of it lasts. */
	unsigned tentative;
	/* Names of messages that may come from nobody in particular (anoncrypt without
	 * a signature), NULL-terminated; NULL: none.  All others need a sender (C052). */
	const char *const *anonymous;
	const char *role;		/* discover-features: its role in the protocols; NULL: not said */
	/* Takes messages of strangers, and what they make here is kept only as long as
	 * there is room: instances of machines with find(), and all records. */
	bool strangers;
	/* A peer hears of what was refused, unless it is a stranger. */
	bool reports;
	/* Judges from_prior itself: a device's owner does not change by a header alone. */
	bool rotates;
	/* In this state of its instance "self" no machine for everyday use is heard; 0: in none. */
	int recovery;
	bool everyday;			/* is for peers and applications */
	/* Its instances are threads that problem reports may be about ("problem-report"). */
	bool threads;
	/* The state in which the whole agent answers nobody any more; NULL: none. */
	const char *closed;
	/* Decides over devices: a DID counts by its evidence, nobody's word for it does (C100). */
	bool strict;
	/* Takes, as "message", whatever no other machine's protocol is. */
	bool rest;
	/* A member of data that is long, and seldom set or read.  The host keeps it in a record of
	 * its own, in that namespace and under the instance's key, from the transaction of the
	 * step that has set it on; steps read it with berth_instance_apart().  NULL: none. */
	const char *apart, *apart_ns;
	/* Which instance a message belongs to: allocated key.  E_NOMATCH: none of
	 * this machine's.  NULL: there is only "self". */
	enum berth_err (*find)(struct berth_env *env, const struct berth_event *ev, char **key);
};

/* Runs the row for (state, event); the only place where a state changes.  E_TYPE: no row
 * (C076).  On failure fx keeps audit and timer only, inst->state is the row's `otherwise`,
 * and data is not what it was: the host reads it again. */
BERTH_MUST_USE enum berth_err
berth_machine_step(const struct berth_machine *m, struct berth_env *env,
		   struct berth_instance *inst, const struct berth_event *ev, struct berth_effects *fx);
/* Whether what that row stores on its way to the state `to` may be lost, as far as the table says. */
bool berth_row_is_tentative(const struct berth_machine *m, const struct berth_transition *row, int to);
/* Whether any row takes this event. */
bool berth_machine_knows(const struct berth_machine *m, const char *on);
int berth_machine_state(const struct berth_machine *m, const char *name);	/* -1 */

/* Nothing is wanted.  The messages and records behind their counts, most of it, are not cleared. */
void berth_effects_init(struct berth_effects *fx);
void berth_effects_free(struct berth_effects *fx);
void berth_instance_free(struct berth_instance *inst);
/* What the machine keeps apart: as this step has set it, else its record.  Owned by the
 * caller.  E_NOMATCH: it was never set. */
BERTH_MUST_USE enum berth_err
berth_instance_apart(struct berth_env *env, const struct berth_machine *m, const struct berth_instance *inst,
		     struct berth_json **out);

/* Adds a message: authcrypt from one of our identities (in its long form until the
 * peer is known to know it), anoncrypt when from is NULL; to becomes the short form.  body is taken over, also
 * on failure.  uri: where to dial; it then asks for answers on the same link.  thid
 * NULL: a new thread.  The message is complete (id, from, to), so that its bytes
 * can be hashed; *out (out may be NULL) is borrowed until fx is freed, and mode,
 * protect_sender and so on may be changed through it. */
BERTH_MUST_USE enum berth_err
berth_effects_send(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from,
		   const char *to, const char *uri, const char *type,
		   const char *thid, struct berth_json *body, struct berth_send **out);
/* The message that was added last goes before those from at on. */
void berth_effects_send_before(struct berth_effects *fx, size_t at);
/* The message names its sender in the long form after all: `to` may have forgotten us,
 * since to it we are a stranger. */
BERTH_MUST_USE enum berth_err
berth_send_in_full(struct berth_send *s, const struct berth_identity *from);
/* The receiver is asked to say that it has this message. */
BERTH_MUST_USE enum berth_err berth_send_please_ack(struct berth_send *s);
/* After the commit: keep asking `peer` for messages to that identity over uri (a
 * gateway behind NAT), in place of whom it asked before.  mine NULL: nobody any more. */
BERTH_MUST_USE enum berth_err
berth_effects_poll(struct berth_effects *fx, const struct berth_identity *mine, const char *peer, const char *uri);
/* The same, but unhurried: where nothing comes, ever more seldom, up to rest_s; 0: as above. */
BERTH_MUST_USE enum berth_err
berth_effects_poll_resting(struct berth_effects *fx, const struct berth_identity *mine, const char *peer, const char *uri,
			   int64_t rest_s);
/* The same for somebody else, under that key; mine: a name of ours, NULL: nobody. */
BERTH_MUST_USE enum berth_err
berth_effects_poll_also(struct berth_effects *fx, const char *key, const char *mine, const char *peer, const char *uri);
/* That peer is at another URI: what waits for it at the old one goes there, and so do our
 * questions for messages where it is the owner. */
BERTH_MUST_USE enum berth_err
berth_effects_moved(struct berth_env *env, struct berth_effects *fx, const char *peer, const char *from, const char *to);
/* Under that key, and unhurried from the start. */
BERTH_MUST_USE enum berth_err
berth_effects_poll_seldom(struct berth_effects *fx, const char *key, const char *mine, const char *peer, const char *uri,
			  int64_t rest_s);
BERTH_MUST_USE enum berth_err
berth_effects_drop(struct berth_effects *fx, const char *peer, const char *thid);
/* All that this instance has said to that DID, which is used no more. */
BERTH_MUST_USE enum berth_err berth_effects_unsay(struct berth_effects *fx, const char *did);
/* All that waits for that DID is dropped, before this step's own messages. */
BERTH_MUST_USE enum berth_err berth_effects_part(struct berth_effects *fx, const char *peer);
/* One of our identities ends: its record in this step's transaction, its keys after the
 * commit.  It need not exist: a name that was set aside and never used is fine. */
BERTH_MUST_USE enum berth_err berth_effects_forget(struct berth_effects *fx, const char *name);
BERTH_MUST_USE enum berth_err
berth_effects_put(struct berth_effects *fx, const char *ns, const char *key, const void *value, size_t len);
BERTH_MUST_USE enum berth_err
berth_effects_put_json(struct berth_effects *fx, const char *ns, const char *key, const struct berth_json *v);
BERTH_MUST_USE enum berth_err
berth_effects_remove(struct berth_effects *fx, const char *ns, const char *key);
void berth_effects_audit(struct berth_effects *fx, const char *fmt, ...) BERTH_PRINTF(2, 3);

/* At rest: of a gateway for as long as its epoch lasts, else for the agent's whole life. */
BERTH_MUST_USE enum berth_err
berth_env_seal(struct berth_env *env, const char *label, const struct berth_buf *plain, struct berth_buf *box);
BERTH_MUST_USE enum berth_err
berth_env_unseal(struct berth_env *env, const char *label, const uint8_t *box, size_t len, struct berth_buf *plain);

/* Members of our message bodies that hold bytes: base64url.  get_32: exactly 32
 * bytes, what nonces and hashes are; E_TYPE when missing, E_B64 when malformed. */
BERTH_MUST_USE enum berth_err
berth_body_get_b64(const struct berth_json *obj, const char *key, size_t max, struct berth_buf *out);
BERTH_MUST_USE enum berth_err
berth_body_get_32(const struct berth_json *obj, const char *key, uint8_t out[32]);
/* What we know already is said all the same, and must be it: E_AUTHZ else. */
BERTH_MUST_USE enum berth_err
berth_body_is_32(const struct berth_json *obj, const char *key, const uint8_t want[32]);

#endif
