/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_AGENT_INTERNAL_H
#define BERTH_AGENT_CORE_AGENT_INTERNAL_H

/* What the files of the agent share: agent.c (birth and status), identity.c (our
 * DIDs), identity_new.c (another one), known_peers.c (those of others), forget.c (the end of ours), wipe.c (the end of an epoch),
 * deliver.c (one event, one transaction), instance.c (the records of machines), counters.c (the store's and the device's), inbound.c (frames to events),
 * outbound.c (the outbox and what is in flight), results.c (what became of it),
 * route.c (which way it goes), letters.c (what is given up), renew.c (credentials before
 * they end), batch.c (one sync for many), answer.c (replies), ahead.c (messages that came together), wraps.c (keys and answers that are waited for together), parked.c (requests that wait),
 * held.c (what waits for a look-up), audit.c (signatures over the audit log), poll.c (asking for messages), mediate.c (what waits
 * for a mediator's clients), fetch.c (what our mediator delivers). */
#include "agent/core/agent.h"
#include "agent/ipc/frame.h"
#include "didcomm/jwe.h"
#include "didcomm/routing.h"

#define NS_IDENTITY "identity"
#define NS_PEER "peer"		/* short did:peer:4 -> long form; of other DIDs we deal with, the DID itself */
#define NS_KNOWN "known"	/* who has seen our long form */
#define NS_DOOMED "doomed"	/* identities whose keys have to go */
#define COUNTER_UPTIME "uptime"
#define COUNTER_FLOOR "time-floor"
#define COUNTER_GENERATION "generation"
#define COUNTER_EPOCH "epoch"

#define IN_FLIGHT_MAX 256
#define IN_FLIGHT_PEER_MAX 8	/* of them to one peer */
#define IN_FLIGHT_SILENT_MAX 64	/* to peers that did not answer last time */
#define PAUSE_MS 1000u		/* the transport takes nothing: not now */
#define REPLIES_MAX 64
#define ARRIVED_MAX 64
#define REPLIES_BYTES_MAX ((size_t)1 << 20)
#define LETTERS_AT_ONCE 32
#define LETTERS_RETRY_MS 10000u
#define ACKS_MAX 64
#define TIMERS_MAX 4096
#define EPHEMERAL_MAX 32
#define WRAPS_MAX 64		/* messages whose keys are being wrapped; beyond it each is waited for */
#define OWED_MAX 64
#define GO_MAX 16		/* "go" after "go" within one event */
#define REPLY_BYTES_MAX ((size_t)512 << 10)
#define GIVEN_MAX 64		/* beyond it the oldest is given once more */
#define HELD_MAX 16		/* requests and messages that wait for a look-up */
#define HELD_OF_ONE_MAX 4	/* of one source */
#define HELD_BYTES_MAX ((size_t)2 << 20)
#define CLIENTS_MAX 256		/* of a mediator, whose links we remember; the longest unused goes */
#define OFFER_AGAIN_MS 2000u	/* the same is offered again after that, then twice that, ... */
#define OFFER_DOUBLINGS 4
#define SP_OVERHEAD 12		/* the SP length and the request id, per direction */
#define BUSY_RETRY_S 5
#define COUNTERS_RETRY_MS 1000u	/* a device that has not followed is asked again */
#define QUARANTINE_RETRY_S 3600
#define HOUSEKEEPING_MS 600000u
#define RATIONED_LINES_MAX 60	/* an hour: nobody flushes our audit log with nonsense */
#define TALKER_LINES_MAX 300	/* of one peer, of what moved nothing, */
#define TALKER_MOVES_MAX 600	/* and of what did */
#define TALKERS_MAX 128		/* peers that are counted; who was counted the longest ago gives way */

struct timer { size_t machine; char *key; uint64_t hash /* of key */, due_ms; const char *on; /* "timer", "due", or a "go" to try again */ };
/* look: there may be something for it */
struct parked { uint64_t request; enum berth_link link; bool look; char *peer, *thread; /* NULL: any */ uint64_t until_ms, offer_ms; /* 0: nothing to offer */ uint64_t again_ms; /* a row for it may go */ };
/* a row that is in an answer over HTTP to a peer that sends no acks */
struct given { uint64_t request; char *peer; uint8_t ack[BERTH_ACK_LEN]; };
struct in_flight { uint64_t id; int64_t seq; char *peer, *uri; size_t n_acks;
	bool poll, silent, others /* more endpoints */, met /* the peer has answered something since */; };
struct pending_ack { char *uri; uint8_t ack[BERTH_ACK_LEN]; };

/* request 0: a message out of a reply, from the uri that is its source */
struct held { uint64_t request; enum berth_link link; char *source; uint8_t *bytes; size_t len; uint64_t until_ms; };

/* request: with whose answer it goes; hole: it has room for a key there; NULL: it is here */
struct ephemeral { struct berth_buf packed; struct berth_jwe_hole *hole; char *uri, *peer; uint64_t request; };

/* the text of a row of the outbox, which has room for a key there; hole NULL: it is here */
struct due_wrap { int64_t seq; struct berth_buf packed; struct berth_jwe_hole *hole; };

/* the answer to a request whose messages are among them; peer NULL: it asks for none */
struct owed { uint64_t request; enum berth_link link; char *peer, *thread; bool is_poll; };

struct ration { uint64_t since_ms; unsigned used; };	/* of an hour */
struct talker { uint64_t who; struct ration said, refused, moved; };

#define POLLS_MAX 11		/* the owner by two DIDs, the mediator, and peers that cannot dial us */

struct poll {
	char *key;			/* of its record; NULL: nobody to ask */
	char *identity, *peer, *uri;
	uint64_t flight;		/* of the one that counts; 0: none is under way */
	uint64_t since_ms, next_ms;
	int failures;
	int64_t rest_s;			/* unhurried: ever more seldom, up to this; 0: at once again */
	unsigned idle;			/* how often it brought nothing */
	uint64_t silent_ms;		/* what was asked since was not answered; 0: the last was */
	bool tell, told;		/* the machine whose owner it is has not heard of the last; has of one */
};

/* a row that is with its peer; seq 0: no row, but the peer answered */
struct arrived { int64_t seq; char *peer; };

/* an answer that waits for the disk */
struct reply { uint64_t request; struct berth_buf frame; };

struct agent_records { struct berth_records base; struct berth_agent *a; };
struct agent_queue { struct berth_queue base; struct berth_agent *a; };

/* A mediator's client, as far as its links matter. */
struct client { char *did; bool live; int64_t offered_seq; unsigned offers; uint64_t again_ms, used_ms; };
struct peer_resolver { struct berth_resolver base; struct berth_agent *a; };

struct berth_agent {
	struct berth_identity **ids;	/* each allocated, so that borrowed ones stay put */
	size_t n_ids;
	struct timer *timers;
	size_t n_timers;
	uint64_t timer_ms;		/* none of them is due before */
	struct berth_agent_config cfg;
	struct berth_env env;
	struct agent_records records;
	struct agent_queue queue;
	struct client clients[CLIENTS_MAX];
	size_t n_clients;
	bool via_news;			/* an identity was made that our mediator has to know of */
	bool queue_news;		/* something came in that a parked request may be waiting for */
	struct berth_resolver builtin;
	struct peer_resolver peers;
	struct parked parked[BERTH_AGENT_PARKED_MAX];	/* first those to be looked at */
	uint64_t parked_hash[BERTH_AGENT_PARKED_MAX];	/* of their peers: one is found among thousands */
	size_t n_parked, n_looks;
	uint64_t parked_ms;		/* the others are not due before */
	uint64_t moved;			/* berth_store_outbox_moved() when they were looked at */
	struct given given[GIVEN_MAX];	/* the oldest first */
	size_t n_given;
	struct held held[HELD_MAX];
	size_t n_held;
	struct in_flight flight[IN_FLIGHT_MAX];
	size_t n_flight;
	struct pending_ack acks[ACKS_MAX];
	size_t n_acks;
	struct poll polls[POLLS_MAX];
	size_t n_polls;
	bool polls_stale;		/* a record of theirs was written */
	uint64_t next_id, wire_bytes, start_ms;
	struct berth_buf services;	/* what DNS said last */
	uint64_t browse_ms;		/* not again before */
	bool browsing;
	int64_t start_uptime_s;
	unsigned batch;			/* how deep we are in batches; 0: in none */
	size_t batch_ids;		/* n_ids when all was on disk the last time */
	struct reply replies[REPLIES_MAX];
	size_t n_replies, reply_bytes;
	struct arrived arrived[ARRIVED_MAX];
	size_t n_arrived;
	uint64_t pause_ms;		/* nothing is handed to the transport before */
	bool unread;			/* the store failed: it is read again before anything else */
	bool untold;			/* there may be dead letters that nobody was told of */
	uint64_t untold_ms;		/* not before */
	bool quarantined;
	bool closed;			/* a device that is no more: it sends what is left, and answers nobody */
	bool recovering;		/* a machine is in its recovery state: nobody else is heard */
	unsigned counters_due;		/* risen in this batch: a bit each */
	unsigned counters_level;	/* known to be where the store is: a bit each */
	bool counters_behind;		/* the device has not followed the store yet: nothing leaves */
	uint64_t housekeeping_ms;		/* next time */
	uint64_t renew_ms;		/* credentials are not looked at before */
	uint64_t audit_look_ms;		/* nor the audit log */
	uint64_t audit_since_ms;	/* it has unsigned rows; 0: none that we know of */
	struct ration strangers, letter_lines;	/* in the audit log */
	struct talker talkers[TALKERS_MAX];
	struct ration reports;		/* said to peers */
	uint64_t news;			/* of applications */
	uint64_t changes;		/* steps of the gateway */
	/* packed messages that are sent once, after the commit: without a uri in the
	 * reply to the request being handled */
	struct ephemeral ephemeral[EPHEMERAL_MAX];
	size_t n_ephemeral;
	size_t n_wraps, n_owed;
	uint64_t answering;		/* the request that is being worked on; 0: none */
	size_t n_asked;			/* keys that were asked for in this batch */
	uint64_t at_once_ms;		/* each wrap is waited for until then */
	struct agent_ahead *ahead;	/* of messages that came together; NULL: of none */
	struct due_wrap wraps[WRAPS_MAX];
	struct owed owed[OWED_MAX];
};

/* identity.c */
BERTH_MUST_USE enum berth_err agent_identities_load(struct berth_agent *a);
void agent_identities_free(struct berth_agent *a);
void agent_identities_cut(struct berth_agent *a, size_t n);	/* those that a step made, when it is undone */
void agent_identity_drop(struct berth_agent *a, const char *name);	/* from memory */
void agent_identity_free(struct berth_identity *id);
/* Binds its keys and writes it down; *out: where it is from then on. */
BERTH_MUST_USE enum berth_err
agent_identity_add(struct berth_agent *a, struct berth_identity *take, const struct berth_identity **out);
/* Of a file that somebody else writes, added to out: all of it, or somewhat more than most of a
 * longer one.  Nothing where there is none, and with path NULL.  what: for E_STORE. */
BERTH_MUST_USE enum berth_err agent_read_file(const char *path, const char *what, size_t most, struct berth_buf *out);
/* They fill env's functions. */
void agent_env_identities(struct berth_agent *a);
void agent_env_new_identities(struct berth_agent *a);	/* identity_new.c */
void agent_env_peers(struct berth_agent *a);		/* known_peers.c */
void agent_env_hints(struct berth_agent *a);
void agent_env_event_log(struct berth_agent *a);
void agent_env_audit(struct berth_agent *a);	/* audit_peer.c */

/* known_peers.c */
/* The peer has business here, and its record is kept for good: an owner, a device, a
 * rendezvous, whoever stands in a chain or was written to by our own wish. */
BERTH_MUST_USE enum berth_err agent_learn(struct berth_agent *a, const char *did);
/* It wrote to us, no more: its long form is kept among other strangers' for as long as
 * there is room (berth_store_put_guest), or as long as we have had it. */
BERTH_MUST_USE enum berth_err agent_meet(struct berth_agent *a, const char *did);
bool agent_is_stranger(struct berth_agent *a, const char *did);
/* They wrote to that DID of ours, so they know it. */
BERTH_MUST_USE enum berth_err agent_mark_known(struct berth_agent *a, const char *our_did, const char *peer);

/* instance.c.  load: an instance without a record is one of the first state.  save: what a
 * machine keeps apart is not in inst->data afterwards.  guest: by a stranger. */
BERTH_MUST_USE enum berth_err
agent_load(struct berth_agent *a, const struct berth_machine *m, const char *key, struct berth_instance *inst);
BERTH_MUST_USE enum berth_err
agent_save(struct berth_agent *a, const struct berth_machine *m, const struct berth_instance *inst, bool guest);
BERTH_MUST_USE enum berth_err
agent_put(struct berth_agent *a, bool guest, const char *ns, const char *key, const struct berth_buf *value);

/* deliver.c: the whole life of one event.  in, sender: of a message, whose id is
 * remembered in the same transaction.  *refused: for good, whatever rc is. */
BERTH_MUST_USE enum berth_err
agent_deliver(struct berth_agent *a, const struct berth_machine *m, const char *key,
	      const struct berth_event *ev, struct berth_json **result);
bool agent_is_transient(enum berth_err rc);
bool agent_is_recovering(const struct berth_machine *m, const struct berth_instance *inst);
bool agent_is_closed(const struct berth_machine *m, const struct berth_instance *inst);
/* The host's word to a machine that may not run here. */
BERTH_MUST_USE enum berth_err
agent_tell(struct berth_agent *a, const char *machine, const char *on, const struct berth_json *args);

/* courtesy.c.  acknowledge: adds to what a step that went well sends.  report: in the
 * transaction of a step that did not; over: its thread ended with it.  take_acks: what
 * a peer says it has; transient codes only. */
BERTH_MUST_USE enum berth_err
agent_acknowledge(struct berth_agent *a, const struct berth_event *ev, struct berth_effects *fx);
void agent_report(struct berth_agent *a, const struct berth_machine *m, const struct berth_event *ev,
		  enum berth_err why, bool over);
BERTH_MUST_USE enum berth_err
agent_take_acks(struct berth_agent *a, const struct berth_message *m, const char *sender);
/* Keeps an inbound message's id although no step wanted it. */
BERTH_MUST_USE enum berth_err
agent_remember(struct berth_agent *a, const char *sender, const char *id, const char *audit);

/* counters.c, in the order of an event's life.  check: at the start; *rolled_back when
 * the store is an old copy.  apply: in the transaction; decides fx->step_generation from
 * the step's own word and from what a day allows.  risen: after the commit.  step: the
 * device follows, after the sync; on failure nothing may leave. */
BERTH_MUST_USE enum berth_err agent_counters_check(struct berth_agent *a, bool *rolled_back);
BERTH_MUST_USE enum berth_err agent_counters_apply(struct berth_agent *a, struct berth_effects *fx);
void agent_counters_risen(struct berth_agent *a, const struct berth_effects *fx);
BERTH_MUST_USE enum berth_err agent_counters_step(struct berth_agent *a);
void agent_counters_follow(struct berth_agent *a);	/* a step that failed, once more */

/* forget.c: what fx->forget names.  apply: in the transaction.  done: after the commit.
 * sweep: keys that were to go when the power went, at the start and from time to time. */
BERTH_MUST_USE enum berth_err agent_forget_apply(struct berth_agent *a, const struct berth_effects *fx);
void agent_forget_done(struct berth_agent *a, const struct berth_effects *fx);
void agent_forget_sweep(struct berth_agent *a);

/* wipe.c: what fx->wipe means.  apply: in the transaction, before anything else of the step.
 * done: after the commit. */
BERTH_MUST_USE enum berth_err agent_wipe_apply(struct berth_agent *a, const struct berth_effects *fx);
void agent_wipe_done(struct berth_agent *a, const struct berth_effects *fx);
void agent_clear_device(struct berth_agent *a);
BERTH_MUST_USE enum berth_err agent_epoch_load(struct berth_agent *a);	/* into env */
BERTH_MUST_USE enum berth_err agent_forget_one(struct berth_agent *a, const char *name);	/* forget.c: in a transaction */

/* audit.c.  tick: signs the audit log when it is time; now: if there is anything to sign. */
void agent_audit_tick(struct berth_agent *a);
void agent_audit_now(struct berth_agent *a);

/* renew.c: with a clock, the credentials that are held. */
void agent_renew_sweep(struct berth_agent *a);

/* Long forms are learned and "they know us" is noted in the step's transaction. */
BERTH_MUST_USE enum berth_err
agent_note_peer(struct berth_agent *a, const struct berth_unpacked *in, const char *sender);
/* inbound.c: one packed message from anywhere.  Transient codes only: everything
 * else has been dealt with. */
struct berth_received {
	char *sender;		/* owned; NULL: nobody was authenticated */
	bool wants_reply;	/* asks for what waits, on the same link */
	char *thread;		/* owned; in that thread only; NULL: in any */
	bool is_poll;		/* and for nothing else */
	bool fresh;		/* not seen before: what rides along may be believed */
};
BERTH_MUST_USE enum berth_err
agent_receive(struct berth_agent *a, const uint8_t *packed, size_t n, struct berth_received *r);
struct berth_unpack agent_unpack_how(const struct berth_agent *a);

/* ahead.c.  inside: before the first of them is worked on.  take: the layer of these octets, where
 * they are, if it was taken apart; the caller's. */
void agent_ahead_inside(struct berth_agent *a);
struct berth_unpack_ahead *agent_ahead_take(struct berth_agent *a, const uint8_t *packed, size_t len);

/* route.c: one try of a row. */
struct agent_try {
	char *uri;		/* dial this */
	struct berth_buf body;	/* and send that */
	bool others;		/* there are more endpoints */
};
/* The ways to that DID as a row keeps them, appended; nothing: it has to ask.  What
 * cannot be followed is an error, but to an answer, which waits for the asker. */
BERTH_MUST_USE enum berth_err
agent_routes_of(struct berth_agent *a, const char *did, bool is_answer, struct berth_buf *endpoints);
/* On failure out holds nothing; `others` is right in any case. */
BERTH_MUST_USE enum berth_err agent_route_pick(struct agent_try *out, const struct berth_outbox_row *row);
void agent_try_free(struct agent_try *t);

void agent_received_free(struct berth_received *r);

/* batch.c: sync puts what was committed on disk and lets the answers go; after an error
 * they are all "busy".  later: takes the frame. */
BERTH_MUST_USE enum berth_err agent_batch_sync(struct berth_agent *a);
void agent_read_again(struct berth_agent *a);	/* after such an error, until it succeeds */
void agent_reply_later(struct berth_agent *a, uint64_t request, struct berth_buf *frame);
void agent_flush(struct berth_agent *a);		/* at the end of a batch: due rows out, parked requests answered */
void agent_replies_free(struct berth_agent *a);

void agent_group_undo(struct berth_agent *a);	/* as if nothing had come since the last sync; the next one fails */

/* wraps.c.  may: the next message may be put before its key is wrapped.  add: takes packed and
 * hole.  cut: what a step has added that is taken back.  fill: all have their keys; fails when
 * the group is lost.  read: the same, and so have these bodies (the list's own) of rows.
 * written: so were they.  settle: and so have those in the store, or the group is lost. */
bool agent_wraps_may(const struct berth_agent *a);
void agent_wraps_add(struct berth_agent *a, int64_t seq, struct berth_buf *packed, struct berth_jwe_hole *hole);
void agent_wraps_cut(struct berth_agent *a, size_t n);
BERTH_MUST_USE enum berth_err agent_wraps_fill(struct berth_agent *a);
BERTH_MUST_USE enum berth_err agent_wraps_read(struct berth_agent *a, struct berth_outbox_row *rows, size_t n);
void agent_wraps_written(struct berth_agent *a, const struct berth_outbox_row *rows, size_t n);
void agent_wraps_settle(struct berth_agent *a);
/* Answers now, or at the end of the batch and takes what it needs of r.  asked: keys were
 * asked for for what it sends. */
struct berth_received;
void agent_answer_in_turn(struct berth_agent *a, uint64_t request, enum berth_link link, struct berth_received *r, bool asked);
void agent_owed_gone(struct berth_agent *a, uint64_t request);
void agent_owed_give(struct berth_agent *a);
void agent_owed_free(struct berth_agent *a);

/* results.c.  note: writes down what has arrived in this batch.  refused: that address is
 * none for us. */
void agent_arrivals_note(struct berth_agent *a);
void agent_row_refused(struct berth_agent *a, const struct in_flight *f, const char *peer, enum berth_err rc, const char *why);

/* letters.c */
void agent_give_up(struct berth_agent *a, int64_t seq, const char *why);
void agent_expire(struct berth_agent *a);	/* gives up what is too old */
void agent_letters_tick(struct berth_agent *a);
uint32_t agent_letters_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms);
/* ration.c: one line more is allowed; of a message, which has moved its instance to another
 * state, or has not. */
bool agent_ration(struct ration *r, unsigned most);
bool agent_may_audit(struct berth_agent *a, const struct berth_event *ev, bool refused, bool moved);

/* outbound.c */
struct agent_sender { const char *machine, *instance; };
BERTH_MUST_USE enum berth_err
agent_pack_to_outbox(struct berth_agent *a, const struct berth_send *s, const struct agent_sender *by);
BERTH_MUST_USE enum berth_err agent_add_ephemeral(struct berth_agent *a, const struct berth_send *s);
void agent_drop_ephemeral(struct berth_agent *a, size_t keep);
void agent_drop_replied(struct berth_agent *a, uint64_t request);	/* those that go with its reply */
/* One frame with the acks that are due to that uri; it is in flight as a->next_id. */
BERTH_MUST_USE enum berth_err
agent_transmit(struct berth_agent *a, struct in_flight f, const char *peer, const char *uri,
	       enum berth_frame_media media, const uint8_t *msg, size_t len);
void agent_send_waiting(struct berth_agent *a);		/* what is due and what is sent once; not in a batch */
bool agent_flight_over(struct berth_agent *a, uint64_t id, struct in_flight *f);	/* takes it off; false: there is none */
bool agent_row_in_flight(const struct berth_agent *a, int64_t seq);
uint32_t agent_outbound_tick(struct berth_agent *a);
void agent_outbound_free(struct berth_agent *a);
/* The smaller of in_ms and the time until something is due. */
uint32_t agent_sooner(uint32_t in_ms, uint64_t due_ms, uint64_t now_ms);
uint32_t agent_wait_until(uint32_t in_ms, int64_t due_s, int64_t now_s);

/* results.c: a message out of a reply: dealt with, and an ack is owed to that uri; false: not now. */
bool agent_take_message(struct berth_agent *a, const char *uri, const uint8_t *msg, size_t n);

/* held.c: between begin and end nothing waits for a look-up; end says whether one was
 * left for later, so that it is worth holding what needs it. */
void agent_lookups_begin(struct berth_agent *a, const char *source);
void agent_lookups_strict(struct berth_agent *a, bool on);
bool agent_lookups_missed(const struct berth_agent *a);
bool agent_lookups_end(struct berth_agent *a);
/* Copies; false: no room. */
bool agent_hold(struct berth_agent *a, uint64_t request, enum berth_link link, const char *source, const uint8_t *p,
		size_t n);
void agent_held_gone(struct berth_agent *a, uint64_t request);
void agent_held_tick(struct berth_agent *a);
uint32_t agent_held_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms);
void agent_held_free(struct berth_agent *a);

/* answer.c.  hears: messages are taken now. */
bool agent_hears(const struct berth_agent *a);
void agent_take_request(struct berth_agent *a, uint64_t request, enum berth_link link, const char *source,
			const uint8_t *frame, size_t len);
void agent_reply_busy(struct berth_agent *a, uint64_t request);
void agent_answer(struct berth_agent *a, uint64_t request, enum berth_link link, const char *peer, const char *thread,
		  bool is_poll);
void agent_answer_parked(struct berth_agent *a);
void agent_given_free(struct berth_agent *a);

/* parked.c.  look: something was put for it, or taken away; short form.  begin: how many of
 * them, from the front, may have something to get; between it and end those may be removed,
 * from behind, and nothing else.  due: when it is looked at in any case. */
void agent_parked_look(struct berth_agent *a, const char *peer);
struct parked *agent_parked_of(struct berth_agent *a, const char *peer);
void agent_parked_add(struct berth_agent *a, const struct parked *p);	/* there is room; its strings are taken */
void agent_parked_remove(struct berth_agent *a, size_t i);
uint64_t agent_parked_due(const struct parked *p);
size_t agent_parked_begin(struct berth_agent *a, bool all);
void agent_parked_end(struct berth_agent *a, size_t n);
uint64_t agent_parked_ms(const struct berth_agent *a, int64_t s);	/* of agent_mono_ms(), a time of ours in seconds */
uint32_t agent_parked_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms);
void agent_parked_free(struct berth_agent *a);

/* mediate.c: the mediator's queue for steps, and what is said unasked to a client that
 * waits.  offer: appends one packed message to the reply, kept in *packed; else when to
 * try again, 0: nothing waits. */
void agent_mediate_init(struct berth_agent *a);
void agent_mediate_free(struct berth_agent *a);
void agent_mediate_gone(struct berth_agent *a, const char *client);	/* its link broke */
uint64_t agent_mediate_offer(struct berth_agent *a, const char *client, struct berth_frame_reply *reply, struct berth_buf *packed);
BERTH_MUST_USE enum berth_err agent_mediate_housekeeping(struct berth_agent *a, int64_t now_s);

/* fetch.c: a delivery from our mediator.  What is in it is taken like messages from
 * anywhere; what was taken, or refused for good, need not come again. */
bool agent_is_delivery(const struct berth_agent *a, const struct berth_unpacked *in, const char *sender);
BERTH_MUST_USE enum berth_err
agent_take_delivery(struct berth_agent *a, const struct berth_unpacked *in, const char *sender, int depth);
/* inbound.c: a message out of another one, at that depth. */
#define DEPTH_MAX 3
BERTH_MUST_USE enum berth_err agent_receive_inner(struct berth_agent *a, const struct berth_buf *packed, int depth);

/* poll.c */
BERTH_MUST_USE enum berth_err agent_poll_load(struct berth_agent *a);
void agent_poll_tick(struct berth_agent *a);
/* Poll or not, the frame with that id was answered. */
void agent_poll_answered(struct berth_agent *a, uint64_t id, bool stored, size_t messages);
uint32_t agent_poll_wait(const struct berth_agent *a, uint32_t in_ms, uint64_t now_ms);
void agent_poll_clear(struct berth_agent *a);

/* timers.c */
size_t agent_machine_index(const struct berth_agent *a, const struct berth_machine *m);	/* n_machines: not one of ours */
void agent_set_timer(struct berth_agent *a, const struct berth_machine *m, const char *key, uint64_t after_ms);
void agent_set_due(struct berth_agent *a, const struct berth_machine *m, const char *key, uint64_t after_ms);
void agent_go(struct berth_agent *a, const struct berth_machine *m, const char *key);	/* with the next tick */
void agent_later(struct berth_agent *a, const struct berth_machine *m, const char *key, const char *on);	/* on: "go" or "timer" */
void agent_stop_timer(struct berth_agent *a, const struct berth_machine *m, const char *key);
void agent_timers_fire(struct berth_agent *a);		/* those that are due */

/* agent.c */
uint64_t agent_mono_ms(void);
uint64_t agent_hash(const char *key);	/* tells one key from thousands; strcmp() decides */
void agent_refresh_time(struct berth_agent *a);

#endif
