/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_GATEWAY_H
#define BERTH_AGENT_PROTOCOL_GATEWAY_H

/* The gateway's machine, in parts: gateway.c (table), gateway_birth.c (M0),
 * gateway_seek.c, gateway_redirect.c and gateway_choose.c (who owns me), gateway_owner.c (M3 to M6) with
 * gateway_evidence.c, gateway_accept.c (M7, M8), gateway_items.c and gateway_item.c (M9, M10), gateway_set.c, gateway_trial.c and
 * gateway_results.c (M10 after the run), gateway_due.c, gateway_commit.c and gateway_complete.c
 * (M11), gateway_life.c and gateway_renew.c (M12), gateway_delegate.c, gateway_resync.c (M18), gateway_rotate.c (M13), gateway_status.c and gateway_attest.c (M14), gateway_release.c
 * (M15), gateway_retire.c (M16), and what both are, gateway_end.c; gateway_find.c and
 * gateway_hints.c (where the owner is).  One instance, "self"; its data:
 *
 *	factoryUri...	while BLANK
 *	dc (apart), rootHash, epoch, tip?, tipSeq?	since birth; tip since COMMITTING
 *	seek {lookups {thid: {rv, uri}}, answered, candidates [{blob, package, tip, regNo}],
 *	      failures, resting}
 *	seekDay {startS, bytes, wire}	of uptime and on the wire, since the day began
 *	dseqTip, dseq	the highest delegation seen, and of which tip
 *	chain, owner {did, uri, endpoints [], turns?, for?, forJkt?, time, tpmChallenge?}	until OPERATIONAL: the
 *			package chosen, whom to talk to; for: the owner in whose name it speaks
 *	run		struct berth_run
 *	slot		"a" or "b": where items of this run go
 *	offer {identity, attempt, receipt?, credential?, trust?, ldevid?, items [], stored {id: sha256}}	slot B
 *	attempts	operational identities named so far in this epoch
 *	abandoned {thid, peer}	a run that the operator ended while committing
 *	active {identity, owner, ownerJkt?, for?, forJkt?, forExpS?, uri, credential, ldevid?, slot, items [], trust, receipt}	since OPERATIONAL
 *		peer?, peerIat		whom to talk to in the owner's place since it rotated
 *		and of its credential issuedS, lifeS, renewS, sinceS (of uptime), over?
 *		endpoints []		where else it may be, by its own word
 *	lost {tries, nextS, tried {thid: uri}}	while the owner does not answer: where it was asked for in this round
 *	complete {run, thid, tries?, dueS?}	since OPERATIONAL, until the first renewal: that run is over,
 *			said in that thread; given up, it is said again
 *	renewal {identity, attempt, thid, nonce, tries}	since RENEWING: the next identity
 *	old {identity, credential, thid, tries?}	since ROTATING: the one before
 *	grace {identity, credential?, untilS}	and since the owner has used the next one, until
 *			applications have switched; untilS of uptime
 *	release {thid, nonce, credential, nextOwner?, retire, consent, noticeS, ready?, tries?}
 *			while RELEASING and RETIRING: the end that is coming; its noticeS of uptime
 *	refused []	threads of the ends of this epoch that we said no to
 *	ended {thid, peer, uri, receipt, hash, deviceHash, epoch, nextOwner?, retire, clearTpm?, quiet?, over?, saidS?}
 *			until the next owner has the device: how the last epoch ended
 *	credential, wherever it stands, is {sha256}: gateway_operational.c
 *	itemSeq, staged, trial, outcome		gateway_set.h
 *	resync		while an owner that was restored is to take us up again: its seq
 *	resynced	the highest of those that we have answered
 *	statusSeq	the highest that the owner has said of us
 *	quarantine {why, reason?, was}	since QUARANTINED by the owner; without it, by an old copy
 *	denied		why an owner refused us last, until one does not
 *	onboarding {startMs, startBytes, ms, bytes} */
#include "agent/protocol/hints.h"
#include "agent/protocol/onboarding.h"

enum gateway_state {
	GW_BLANK, GW_INITIALIZED, GW_SEEKING, GW_CONTACTING, GW_OWNER_PROVED, GW_DEVICE_PROVED,
	GW_PENDING, GW_PREPARED, GW_PROVISIONING, GW_COMMITTING, GW_OPERATIONAL, GW_QUARANTINED,
	GW_RENEWING, GW_ROTATING, GW_EXPIRED, GW_RELEASING, GW_RETIRING, GW_RETIRED
};

/* How seldom a device that is out of service asks in the end: one that was suspended may
 * come back, and does within an hour or so of the owner's word. */
#define GATEWAY_REST_S 3600
#define GATEWAY_REST_REVOKED_S 21600
/* And how seldom one in service asks with its factory DID: an owner that was restored may not
 * know the other. */
#define GATEWAY_REST_FACTORY_S 21600

/* birth */
berth_step_fn gateway_start_birth, gateway_on_factory_challenge, gateway_on_factory_ack, gateway_on_birth_denied;
/* seeking */
berth_step_fn gateway_begin, gateway_seek, gateway_on_challenge, gateway_on_redirect, gateway_choose,
	gateway_on_invitation, gateway_accept_tip;
/* the owner */
berth_step_fn gateway_on_prove_owner, gateway_prove, gateway_on_pending, gateway_on_denied,
	gateway_on_accept_ownership, gateway_give_up, gateway_resume_run, gateway_ask, gateway_resume_items;
/* items */
berth_step_fn gateway_on_issue, gateway_on_item;
/* renewal */
berth_step_fn gateway_rotate, gateway_look, gateway_renew, gateway_on_renew_issue, gateway_activate_again,
	gateway_on_renewed, gateway_on_renew_denied;
/* the owner's rotation */
berth_step_fn gateway_on_rotate;
/* the owner was restored (gateway_resync.c) */
berth_step_fn gateway_on_resync;
/* what became of an item */
berth_step_fn gateway_item_result;
/* another set of items, after the run (gateway_set.h) */
berth_step_fn gateway_on_set, gateway_on_set_item, gateway_on_set_noted, gateway_acked;
/* whatever else than the state's own timer is due, and the end of a grace */
berth_step_fn gateway_due, gateway_switched;

/* Whether keys of before are kept for applications; data.old becomes data.grace, or is forgotten. */
bool gateway_has_grace(const struct berth_env *env);
enum berth_err gateway_begin_grace(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* commit */
berth_step_fn gateway_commit, gateway_commit_again, gateway_on_committed, gateway_abandon, gateway_on_late_committed;

/* the owner's word about us */
berth_step_fn gateway_on_status, gateway_onboard_anew, gateway_on_attest_request;

/* the end of an epoch */
berth_step_fn gateway_on_prepare, gateway_ready, gateway_consent, gateway_on_cancel, gateway_on_release,
	gateway_on_stale_release, gateway_on_release_again, gateway_on_undelivered;
berth_step_fn gateway_on_retire, gateway_retire, gateway_bury;
/* where the owner is */
berth_step_fn gateway_on_silent, gateway_on_here;

/* E_AUTHZ: the message is not by whom we talk to as our owner. */
enum berth_err gateway_from_owner(const struct berth_instance *inst, const struct berth_event *ev);
/* To a peer, in place of what still waits for it in this thread. */
enum berth_err gateway_say_to(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from,
			      const char *to, const char *uri, const char *name, const char *thid, struct berth_json *body);
enum berth_err gateway_say_refused(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				   const char *thid, const char *reason);
/* The owner is told the code; BERTH_OK then, the code itself where it means "not now". */
enum berth_err gateway_refuse_end(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				  const struct berth_event *ev, enum berth_err why);
/* Whether a Release or RetireCredential is for us, now, by the tip's owner in person, and asks
 * for nothing that we do not do.  r is to be freed (r->obj), whatever comes of it. */
enum berth_err gateway_check_release(struct berth_env *env, const struct berth_instance *inst, bool retire,
				     const char *compact, struct berth_release *r);
/* Notice is over, and consent given; else when to look again. */
bool gateway_may_end(const struct berth_env *env, const struct berth_instance *inst, uint64_t *wait_ms);
/* All of it: receipt, wipe, epoch + 1; by data.release. */
enum berth_err gateway_end_epoch(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* released or retired, by data.ended. */
enum berth_err gateway_say_ended(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx);
/* The same once more, from time to time while we look for an owner. */
enum berth_err gateway_remind(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* complete, of data.complete.run, by the active identity. */
enum berth_err gateway_say_complete(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
bool gateway_is_complete(const struct berth_instance *inst, const char *thid);
/* It was given up: once more, after a while; and when that is over.  wait_ms 0: nothing is due. */
enum berth_err gateway_complete_later(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
enum berth_err gateway_complete_again(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				      uint64_t *wait_ms);
enum berth_err gateway_forget_end(struct berth_instance *inst, struct berth_effects *fx);

/* The name of the next operational identity: of this epoch and this attempt, so that no
 * two owners see the same one (P9).  It is in data one step before its keys are made. */
enum berth_err gateway_name_operational(struct berth_instance *inst, struct berth_json *to);
/* body.attempt, of what was named there: by it the owner knows an old request. */
enum berth_err gateway_set_attempt(struct berth_json *body, const struct berth_json *of);
/* Whom we talk to as our owner, of data.active: its DID, or what it rotated to. */
const char *gateway_peer(const struct berth_json *active);
/* We were onboarded under a delegation, and as far as we know it has ended. */
bool gateway_delegate_is_over(const struct berth_env *env, const struct berth_json *active);
/* The active one; NULL: there is none. */
const struct berth_identity *gateway_operational(struct berth_env *env, const struct berth_instance *inst);
/* Makes, or finds, the operational identity of that name; certified: its key gets a certificate,
 * for which P-256 is what most can use. */
enum berth_err gateway_make_operational(struct berth_env *env, const char *name, bool certified, const struct berth_identity **op);
/* The name of a next identity, and RENEWING. */
enum berth_err gateway_begin_renewal(struct berth_instance *inst, struct berth_effects *fx, const char *why);
/* What was asked for is not wanted any more: OPERATIONAL, or what is EXPIRED asks for the next. */
enum berth_err gateway_end_attempt(struct berth_instance *inst, struct berth_effects *fx, bool renumber);
/* From time to time, the owner's messages for the factory DID. */
enum berth_err gateway_hear_as_factory(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx);
/* While data.resync: receipt, operationalCredential and formerProof of a renew-request. */
enum berth_err gateway_set_former(struct berth_env *env, const struct berth_instance *inst, const struct berth_run *run,
				  struct berth_json *body);
/* The owner knows us again: data.resync becomes data.resynced. */
enum berth_err gateway_end_resync(struct berth_instance *inst);
/* A delegate's message: its delegation holds, for our tip, and is for that.  Nothing is
 * asked of an owner. */
enum berth_err gateway_check_delegation(struct berth_env *env, struct berth_instance *inst, const struct berth_json *body,
					const char *scope);
/* To the owner, in place of what still waits for it in this thread. */
enum berth_err gateway_say(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			   const struct berth_identity *from, const char *name, const char *thid, struct berth_json *body);
/* What the owner has for that identity of ours is asked for; rest_s as berth_effects_poll_resting(). */
enum berth_err gateway_listen(const struct berth_instance *inst, struct berth_effects *fx,
			      const struct berth_identity *as, int64_t rest_s);
/* gateway_from_owner(), and for this epoch. */
enum berth_err gateway_from_owner_now(const struct berth_instance *inst, const struct berth_event *ev);
/* {deviceHash, epoch}, as what names us; owned by the caller. */
enum berth_err gateway_name_us(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body);
/* body.auditHead: how far our audit log has come, by its last signature; nothing without one. */
enum berth_err gateway_set_audit(struct berth_env *env, struct berth_json *body);
/* The credential is for op (NULL: there is none), this epoch, and by the owner; *life: how long, and its hash. */
struct gateway_life { int64_t issued_s, exp_s; struct berth_hash hash; };
enum berth_err gateway_check_operational(struct berth_env *env, const struct berth_identity *op, int64_t epoch,
					 const char *owner, const char *compact, struct gateway_life *life);
/* The terms of an accept-ownership have their form: E_TYPE, E_SIZE, E_B64 else. */
enum berth_err gateway_check_terms(const struct berth_json *offer);
/* to.trust = the owners that body names. */
enum berth_err gateway_keep_trust(struct berth_json *to, const struct berth_json *body);
/* When to look at the active credential next. */
uint64_t gateway_look_again_ms(const struct berth_env *env, const struct berth_json *active);
/* By the clock, or without one by what is certain. */
bool gateway_credential_is_over(const struct berth_env *env, const struct berth_json *active);
/* When active.credential has to be renewed. */
enum berth_err gateway_note_life(struct berth_env *env, struct berth_json *active, const struct gateway_life *l);
/* gateway_operational.c: the credential of an identity of this epoch.  of: the part of data
 * that names the identity, offer, active, old or grace.  hash, text: E_NOMATCH: there is
 * none.  copy: what data says of it, where it says something. */
enum berth_err gateway_keep_operational(struct berth_effects *fx, struct berth_json *of, const char *identity, const char *compact,
					const struct berth_hash *hash);
enum berth_err gateway_operational_hash(struct berth_hash *out, const struct berth_json *of);
enum berth_err gateway_operational_text(struct berth_env *env, const struct berth_json *of, struct berth_buf *out);
enum berth_err gateway_copy_operational(struct berth_json *to, const struct berth_json *from);
/* Back to SEEKING: forget run, offer with its keys, and chosen chain; the next round after a
 * back-off that grows with `failures`.  why goes into the audit log. */
enum berth_err gateway_seek_again(struct berth_env *env, struct berth_instance *inst,
				  struct berth_effects *fx, const char *why);
uint64_t gateway_back_off_ms(int64_t failures);
/* What `berth status` says of the run is measured from here. */
enum berth_err gateway_note_start(struct berth_env *env, struct berth_instance *inst);
/* [policy] seek-bytes-per-day: what went over the wire since the last note counts for this
 * day; and how long it takes until the next one when its octets are spent, else 0. */
enum berth_err gateway_budget_note(const struct berth_env *env, struct berth_instance *inst);
int64_t gateway_budget_rest_s(const struct berth_env *env, const struct berth_instance *inst);
/* A device in use, whose owner may be somewhere else by now. */
bool gateway_may_look_for_owner(const struct berth_instance *inst);
/* The owner is asked whether it is there, unless this round has asked there or often enough. */
enum berth_err gateway_try_at(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *uri);
/* Hello still waits, and the owner that was chosen named an address that it was not sent to. */
bool gateway_has_another_address(struct berth_env *env, const struct berth_instance *inst);
enum berth_err gateway_turn_to_it(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* The did:key that rendezvous agents answer a lookup to. */
BERTH_MUST_USE enum berth_err gateway_lookup_did(struct berth_env *env, struct berth_buf *did);
/* What we ask about: our own DID, in this epoch. */
BERTH_MUST_USE enum berth_err
gateway_set_device(struct berth_json *body, const struct berth_instance *inst, const struct berth_identity *id);
/* The rendezvous agents are asked as in a round of seeking. */
enum berth_err gateway_ask_rendezvous(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* gateway_try_at() for what a rendezvous has of the owner that we have: signed by it, for our tip. */
enum berth_err gateway_try_blobs(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				 const struct berth_json *blobs);
/* Hints of every source, as of now; to be freed. */
#define GATEWAY_HINT_SOURCES 2
struct gateway_hints { struct berth_hints v[GATEWAY_HINT_SOURCES]; };
void gateway_hints_load(struct gateway_hints *h, struct berth_env *env);
void gateway_hints_free(struct gateway_hints *h);
/* The next URI that did may be at; *at is 0 for the first.  by_name: a hint that is about
 * anybody does not count.  NULL: no more. */
const char *gateway_hint_next(const struct gateway_hints *h, const char *did, bool by_name, size_t *at);
/* Judges what a rendezvous answered and keeps what holds. */
enum berth_err gateway_keep_answers(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_json *blobs, const char *from, struct berth_effects *fx);
/* The run of the event's message; E_AUTHZ: of another, or from somebody else. */
enum berth_err gateway_run(struct berth_run *run, const struct berth_instance *inst, const struct berth_event *ev);
/* Takes the items of slot B away that `keep` (may be NULL) does not name. */
enum berth_err gateway_drop_items(struct berth_instance *inst, struct berth_effects *fx, const struct berth_json *keep);
/* A message to the run's owner. */
enum berth_err gateway_send(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			    const struct berth_identity *from, const char *name, const char *thid,
			    struct berth_json *body, struct berth_send **out);
/* What the TPM says of the keys, if there is one: the factory's, with the answer to
 * the owner's challenge if it made one (M5); an operational identity's (M8, M12, M14; hardware only; pcrs 0: without
 * a quote). */
enum berth_err gateway_set_evidence(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body,
				    const struct berth_run *run);
enum berth_err gateway_attest_operational(struct berth_env *env, struct berth_json *body, const struct berth_run *run,
					  const char *label, const uint8_t nonce[32], const struct berth_identity *op,
					  uint32_t pcrs);
/* hello to the owner of inst's "chain" and "owner" */
enum berth_err gateway_hello(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);

/* Our DeviceCredential, parsed; freed with berth_object_free(&dc->obj). */
enum berth_err gateway_credential(struct berth_env *env, const struct berth_instance *inst, struct berth_device_credential *dc);
/* The same as it came, compact; owned by the caller. */
enum berth_err gateway_credential_text(struct berth_env *env, const struct berth_instance *inst, struct berth_json **out);

#endif
