/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_OWNER_H
#define BERTH_AGENT_PROTOCOL_OWNER_H

/* The owner's machine, one instance a device, in parts: owner.c (table),
 * owner_import.c (chains), owner_register.c (invitations, rendezvous), owner_taken.c (receipts beside a chain), owner_delegate.c
 * (a delegation to sign), owner_session.c (M3 to M6), owner_decide.c (policy and a person), owner_issue.c (M7 to M10), owner_commit.c (M11), owner_complete.c (its end),
 * owner_renew.c (M12), owner_resync.c (M18), owner_rotate.c (M13), owner_status.c, owner_readmit.c and owner_attest.c (M14),
 * owner_release.c (M15, M16), owner_carried.c (the same by a delegate's hand),
 * owner_anew.c (it has begun anew meanwhile), owner_ended.c (its receipt), owner_resell.c (the next owner),
 * owner_where.c (the addresses we are at), owner_life.c (what is due of a device in use),
 * owner_items.c (what is provided), owner_set.c (M10 after the run).  The key is the deviceHash of
 * the chain's epoch in hex; data:
 *
 *	package		the chain package (apart)
 *	serial, model, custody, factoryDid, epoch, tip, seq
 *	delegation, tipOwner	when we are only the delegate of the tip's owner
 *	dseq		the last delegation we signed
 *	taken, takenProof {receipt, owner, tip, seq?}	what a receipt said at import
 *	regNo, registered {rendezvous DID: true}, refreshS, regTries	refreshS of uptime
 *	hello {run, activated?}	a run that the device has begun, and not proved itself in yet; what
 *			its TPM must answer with, while ek-live asks it
 *	run, challenge	struct berth_run, since prove-device; of accept-ownership
 *	pcrDigest	of the quote in the last prove-device
 *	issued {credential {sha256, expS}, operationalDid, attempt, items [{id, sha256}]}
 *	operationalDid, credential {sha256, expS}, receipt	since COMMITTED
 *	used		it was committed in this epoch: only its receipt says that it is free
 *	attempt		the highest number of an operational identity in this epoch that we took
 *	renewal {operationalDid, credential, peer, ldevid?, issuedLdevid?}	while RENEW_PENDING; the
 *			credential as it is, since it may be asked for again
 *	ldevid, ldevidIssued	ldevid.h; also in issued
 *	us {identity}, next {identity, thid, iat, tries}, rotations, rotatedIat
 *			the DID that only this device knows, and the one after it
 *	transfer {thid, nonce, credential, from, to?, retire, carried?, ready?, tries}	while TRANSFERRING and RETIRING
 *	ended {receipt, erasure}	how our epoch ended
 *	resold {to, package}	the chain with the entry after ours
 *	status, notice	owner_status.c, owner_notice.c
 *	synced, resync	owner_resync.c
 *	audit, auditProblem	owner_audit.c
 *	goodbye		owner_readmit.c
 *	told, move {thid, dueS, tries}	owner_where.c: which addresses the device knows of, while they are not all of ours
 *	attest, attested, attestDueS, unansweredS	owner_attest.c
 *	results {item: status}	what the device said of what was provisioned
 *	itemSeq, provision, set	owner_set.c: what is provided after onboarding
 *	hold		why it waits for a person; denied: why it was refused last */
#include "agent/protocol/onboarding.h"
#include "did/keystore/tpm2_pcr.h"

enum owner_state {
	OW_IMPORTED, OW_CHAIN_OK, OW_PUBLISHED, OW_SESSION, OW_DEVICE_OK, OW_APPROVAL,
	OW_OFFERED, OW_ISSUED, OW_COMMITTED, OW_ACTIVE, OW_RENEW_PENDING,
	OW_TRANSFERRING, OW_TRANSFERRED, OW_RETIRING, OW_RETIRED,
	OW_SUSPENDED, OW_REVOKED
};

berth_step_fn owner_import, owner_register, owner_on_registered, owner_invite, owner_delegate;
berth_step_fn owner_on_hello, owner_on_prove_device, owner_decide, owner_approve, owner_deny;
berth_step_fn owner_on_accept_ready, owner_on_result, owner_on_commit, owner_on_commit_again, owner_on_late_commit,
	owner_on_abandoned, owner_on_complete, owner_on_first_word, owner_issue_timeout, owner_provision, owner_resume_issued;
berth_step_fn owner_import_delegation, owner_rotate, owner_rotate_again, owner_on_rotated;
berth_step_fn owner_on_renew_request, owner_on_activated, owner_on_activated_again, owner_on_activated_late;
berth_step_fn owner_suspend, owner_resume, owner_resume_unheard, owner_revoke, owner_revoke_early, owner_readmit,
	owner_status_again, owner_on_status_noted,
	owner_on_renew_refused, owner_on_renew_unheard, owner_on_hello_refused;
berth_step_fn owner_attest, owner_attest_again, owner_attest_overdue, owner_on_evidence;
berth_step_fn owner_look;
berth_step_fn owner_on_where, owner_tell_again, owner_on_registered_moved;	/* owner_where.c */
berth_step_fn owner_resync_again, owner_on_resynced, owner_on_renew_unknown;
berth_step_fn owner_withdraw, owner_reprovision, owner_on_item_result;	/* owner_items.c */
berth_step_fn owner_provision_again, owner_on_set_wanted, owner_on_set_result;	/* owner_set.c */

berth_step_fn owner_transfer, owner_transfer_again, owner_retire, owner_retire_again, owner_not_now, owner_let_go_again,
	owner_on_ready, owner_on_late_ready, owner_on_refused, owner_on_ended, owner_on_ended_again, owner_take_receipt;
berth_step_fn owner_on_request_of_leaving, owner_sell_released, owner_sell_on, owner_show_tombstone;
berth_step_fn owner_on_hello_of_leaving, owner_on_proof_of_leaving;
berth_step_fn owner_release_by_delegate, owner_retire_by_delegate;

/* The operational DID or the factory's. */
bool owner_is_device(const struct berth_instance *inst, const char *sender);
/* Of the thread of data.transfer, by this device, about this epoch: E_AUTHZ else. */
enum berth_err owner_check_leaving(const struct berth_instance *inst, const struct berth_event *ev);
bool owner_retires(const struct berth_instance *inst);
/* It was revoked before it was to be let go, so that it may have begun anew. */
bool owner_may_begin_anew(const struct berth_instance *inst);
/* The release has ended without an end of the epoch: fx->state is what it was before. */
void owner_keep_device(struct berth_instance *inst, struct berth_effects *fx);
/* A delegate takes it to the device; we say nothing ourselves. */
bool owner_is_carried(const struct berth_instance *inst);
enum berth_err owner_carry(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			   struct berth_effects *fx, bool retire);
/* data.transfer, with a credential of ours or with what its owner has signed */
enum berth_err owner_leave(struct berth_env *env, struct berth_instance *inst, const char *to, bool retire, bool clear_tpm);
enum berth_err owner_leave_with(struct berth_instance *inst, const char *credential, const char *to, bool retire);
enum berth_err owner_say_leaving(const struct berth_instance *inst, struct berth_effects *fx);
/* The device is ours to let go, and nothing else is under way; sells: and its chain may go on. */
enum berth_err owner_may_let_go(struct berth_env *env, struct berth_instance *inst, bool sells);
/* The chain's next entry, in data.resold; with the receipt of data.ended it opens an epoch. */
enum berth_err owner_say_sold(const struct berth_instance *inst, struct berth_effects *fx);
enum berth_err owner_resell(struct berth_env *env, struct berth_instance *inst, const char *to);

/* Until a device is ACTIVE it must be able to find us: when to refresh what the
 * rendezvous agents hold, after a state that used the timer for something else. */
#define OWNER_REFRESH_MS 10000u
/* What is registered, signed; the next regNo is taken for it. */
enum berth_err owner_make_blob(struct berth_env *env, struct berth_instance *inst, struct berth_buf *out);
/* At every rendezvous, once; sets no timer. */
enum berth_err owner_register_now(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* The same, when the device may not know where we are now. */
enum berth_err owner_register_moved(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* It has come to where we are now. */
enum berth_err owner_note_told(struct berth_env *env, struct berth_instance *inst);
/* Something of a device in use has changed: look at what else there is to do. */
#define OWNER_LOOK_MS 1000u

const struct berth_identity *owner_me(struct berth_env *env);
/* Whom this device knows us as: owner_me(), until a rotation. */
const struct berth_identity *owner_us(struct berth_env *env, const struct berth_instance *inst);
/* Whom of us the message was for; NULL: nobody. */
const struct berth_identity *owner_addressed(struct berth_env *env, const struct berth_event *ev);
/* The run of the event's thread and sender. */
enum berth_err owner_run(struct berth_run *run, const struct berth_instance *inst, const struct berth_event *ev);
/* A message to the device of this run, added to its transcript when asked. */
enum berth_err owner_send(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			  struct berth_run *run, const char *name, struct berth_json *body, bool remember);
enum berth_err owner_send_denied(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				 struct berth_run *run, const char *reason);
/* renew-request: its run, whoever asks. */
enum berth_err owner_read_renewal(const struct berth_instance *inst, const struct berth_event *ev, struct berth_run *run);
/* The device has spoken since this store was taken up from a backup, or that never happened. */
bool owner_is_synced(const struct berth_env *env, const struct berth_instance *inst);
enum berth_err owner_note_synced(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
enum berth_err owner_ask_soon(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* owner_resync_again() beside something else: fx->timer_ms stays. */
enum berth_err owner_resync_also(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* body.auditHead, where there is one: data.audit, or data.auditProblem. */
enum berth_err owner_note_audit(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev);
/* owner_credential.c: of.credential, remembered in whatever way; E_NOMATCH: there is none.
 * note: to.credential from now on; take: that of from. */
struct owner_credential { struct berth_hash hash; int64_t exp_s; };
enum berth_err owner_credential_get(struct owner_credential *out, const struct berth_json *of);
enum berth_err owner_credential_note(struct berth_json *to, const struct owner_credential *c);
enum berth_err owner_credential_take(struct berth_json *to, const struct berth_json *from);
/* body.credentials: hashes of those that the device may hold. */
enum berth_err owner_set_credentials(const struct berth_json *about, struct berth_json *body);
/* body.attempt; 0: the device does not number its identities. */
enum berth_err owner_read_attempt(const struct berth_json *body, int64_t *attempt);
/* It was taken: data.attempt is not lower from now on. */
enum berth_err owner_note_attempt(struct berth_instance *inst, int64_t attempt);
/* An OperationalCredential for that DID, in the run's epoch. */
enum berth_err owner_make_credential(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				     const struct berth_run *run, const char *op_did, struct berth_buf *out);
/* Where we are only a delegate: E_AUTHZ when the delegation is not for that; scope NULL: for
 * no delegate. */
enum berth_err owner_check_scope(struct berth_env *env, const struct berth_instance *inst, const char *scope);
/* body.delegation: by what right a delegate speaks; nothing of an owner. */
enum berth_err owner_set_delegation(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body);
/* The message is from a DID of this device, for its epoch: E_AUTHZ else. */
enum berth_err owner_check_device(const struct berth_instance *inst, const struct berth_event *ev);
/* prove-device of the run that the last hello began, judged.  E_TYPE: there was none. */
enum berth_err owner_check_proof(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				 struct berth_run *run);
/* What the device began with its last hello, and did not go on with. */
enum berth_err owner_end_hello(struct berth_instance *inst, struct berth_effects *fx);
/* A word about a device, said ever more seldom: after a minute, and in the end a device that
 * never comes back costs a write every 17 hours. */
#define OWNER_NOTICE_AGAIN_S ((int64_t)60)
#define OWNER_NOTICE_DOUBLED_MAX 10
/* about: data, or what is left of it in data.goodbye; status: its word. */
struct owner_notice {
	const struct berth_json *about, *status;
	const struct berth_identity *from;
	const char *to;
};
enum berth_err owner_send_notice(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
				 const struct owner_notice *n);
/* The DIDs that the device may be reached by: while a renewal is under way, two. */
size_t owner_dids_of(const struct berth_json *about, const char *dids[2]);
/* Those that wait for the device, by whichever of its DIDs; or by that one. */
enum berth_err owner_drop_notices(const struct berth_json *about, struct berth_effects *fx);
enum berth_err owner_drop_notice(const struct berth_json *about, struct berth_effects *fx, const char *to);
/* What the device is now to know: at one of its DIDs; at all of them, in place of what still
 * waits for it; and when it is told again. */
enum berth_err owner_notify_at(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			       const char *to);
enum berth_err owner_notify(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx);
enum berth_err owner_notice_due(struct berth_env *env, struct berth_instance *inst, int64_t tries);
/* In the lists, and in data.status; the device is not told yet. */
enum berth_err owner_change_status(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   const char *is, const char *reason);
/* To a device that is let in again: what is due by now, and fx->timer_ms is not later than the
 * next time. */
enum berth_err owner_goodbye_again(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
enum berth_err owner_on_goodbye_noted(struct berth_instance *inst, const struct berth_event *ev, struct berth_effects *fx);
/* The device has come as itself: nothing for its revoked identity has to wait. */
enum berth_err owner_end_goodbye(struct berth_instance *inst, struct berth_effects *fx);
/* The device is not ours any more: whatever credential it had of us is revoked. */
enum berth_err owner_end_status(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* SUSPENDED, and back, by our own doing. */
enum berth_err owner_take_out(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *reason);
enum berth_err owner_take_back(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *reason);
/* How often devices of that model are asked, for which PCRs, and what drift comes to. */
struct owner_attest_policy { int64_t every_s; uint32_t pcrs; bool quarantine; };
struct owner_attest_policy owner_attest_policy(const struct berth_policy *p, const char *model);

/* What a device's TPM has signed of its PCRs; values.mask 0: of single ones it says nothing. */
struct owner_quoted { uint8_t digest[32]; struct berth_pcr_values values; };
/* The reference that was not met (NULL: there is none), and the PCR of it; -1: the digest. */
struct owner_mismatch { const char *name; int pcr; };
/* For health and metrics: what it last attested, "drift", "ok" ...; NULL: nobody asks it any
 * more. */
BERTH_MUST_USE enum berth_err owner_mark_attested(const struct berth_instance *inst, struct berth_effects *fx, const char *verdict);
/* Whether that is one of the references that policy has for that model. */
enum owner_reference { OWNER_REFERENCE_NONE, OWNER_REFERENCE_MATCHES, OWNER_REFERENCE_DIFFERS };
enum owner_reference owner_look_up(const struct berth_policy *p, const char *model, const struct owner_quoted *q,
				   struct owner_mismatch *m);
/* body.eventLog: log gets it where it holds, said what is to be said of it.  E_SIG,
 * E_TYPE ...: it cannot be the log of these PCRs. */
#define OWNER_LOG_SAID_MAX 120
BERTH_MUST_USE enum berth_err
owner_read_log(const struct berth_json *body, const struct berth_pcr_values *quoted, struct berth_buf *log,
	       char said[OWNER_LOG_SAID_MAX]);
BERTH_MUST_USE enum berth_err owner_keep_log(struct berth_instance *inst, const struct berth_buf *log);
BERTH_MUST_USE enum berth_err
owner_name_event(const struct berth_instance *inst, const struct berth_buf *log, uint32_t odd, struct berth_buf *text);
/* A quote over these PCRs: drift gets text when they are not as they should be; odd, which
 * of them are not as they were, as far as that is known; compared: with anything at all. */
BERTH_MUST_USE enum berth_err
owner_compare(struct berth_env *env, struct berth_instance *inst, uint32_t pcrs, const struct owner_quoted *q,
	      struct berth_buf *drift, uint32_t *odd, bool *compared);
/* E_NOMATCH, and fx->timer_ms: not yet, by its dueS. */
enum berth_err owner_is_due(const struct berth_env *env, struct berth_effects *fx, const struct berth_json *what);
/* body.trust: whose word counts. */
enum berth_err owner_set_trust(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body);
enum berth_err owner_offer(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			   struct berth_run *run);
/* C.1a (b): judges a device's receipt beside this chain and remembers what it says,
 * also in fx->result.  E_HOLDER: of another device; E_SIG: forged. */
enum berth_err owner_note_receipt(struct berth_instance *inst, struct berth_effects *fx,
				  const struct berth_chain *c, const char *receipt);
/* The device is ours now: whoever had it before does not matter any more. */
enum berth_err owner_forget_taken(struct berth_instance *inst, struct berth_effects *fx);
enum berth_err owner_chain(struct berth_env *env, const struct berth_instance *inst, struct berth_chain **chain);
/* Of it the DeviceCredential alone, which holds; berth_object_free(&dc->obj) is the caller's, also
 * on failure. */
enum berth_err owner_device_credential(struct berth_env *env, const struct berth_instance *inst,
				       struct berth_device_credential *dc);
/* The same as it came; owned by the caller. */
enum berth_err owner_package(struct berth_env *env, const struct berth_instance *inst, struct berth_json **out);

#endif
