/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_AGENT_INTERNAL_H
#define BERTH_AGENT_CORE_AGENT_INTERNAL_H

/* What the files of the agent share: agent.c (birth and status), identity.c (our
 * DIDs), identity_new.c (another one), known_peers.c (those of others), forget.c (the end of ours), wipe.c (the end of an epoch),
 * deliver.c (one event, one transaction), instance.c (the records of machines), counters.c (the store's and the device's), inbound.c (frames to events),
 * outbound.c (the outbox and what is in flight), results.c (what became of it),
 * route.c (which way it goes), letters.c (what is given up), renew.c (credentials before
 * they end), batch.c (one sync for many), answer.c (replies), given.c (what is confirmed by its link), ahead.c (messages that came together), wraps.c (keys and answers that are waited for together), parked.c (requests that wait),
 * held.c (what waits for a look-up), audit.c (signatures over the audit log), poll.c (asking for messages), mediate.c (what waits
 * for a mediator's clients), fetch.c (what our mediator delivers). */
#include "agent/core/agent_state.h"
#include "agent/ipc/frame.h"
#include "didcomm/routing.h"

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

/* given.c.  gone: what that request had is given again.  peer "": it is in no outbox. */
void agent_given_note(struct berth_agent *a, uint64_t request, const char *peer, const uint8_t ack[BERTH_ACK_LEN]);
void agent_given_gone(struct berth_agent *a, uint64_t request);
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
/* A record of that key was, or has gone: they are to be loaded. */
void agent_poll_written(struct berth_agent *a, const char *key);
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
void agent_refresh_time(struct berth_agent *a);

#endif
