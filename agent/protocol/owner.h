/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_OWNER_H
#define BERTH_AGENT_PROTOCOL_OWNER_H

/* The owner's machine, one instance a device, in parts: owner.c (table, import,
 * registration), owner_taken.c (receipts beside a chain), owner_delegate.c
 * (a delegation to sign), owner_session.c (M3 to M6), owner_issue.c (M7 to M11),
 * owner_renew.c (M12), owner_rotate.c (M13), owner_release.c (M15, M16), owner_resell.c
 * (the next owner).  The key is
 * the deviceHash of the chain's epoch in hex; data:
 *
 *	package		the chain package
 *	serial, model, custody, factoryDid, epoch, tip, seq
 *	delegation, tipOwner	when we are only the delegate of the tip's owner
 *	dseq		the last delegation we signed
 *	taken, takenProof {receipt, owner, tip, seq?}	what a receipt said at import
 *	regNo, registered {rendezvous DID: true}
 *	run, challenge	struct berth_run; of accept-ownership
 *	activated	what the device's TPM must answer with, while ek-live asks it
 *	pcrDigest	of the quote in the last prove-device
 *	issued {credential, operationalDid, items [{id, sha256}]}
 *	operationalDid, credential, receipt	since COMMITTED
 *	renewal {operationalDid, credential, peer}	while RENEW_PENDING
 *	us {identity}, next {identity, thid, iat, tries}, rotations, rotatedIat
 *			the DID that only this device knows, and the one after it
 *	transfer {thid, nonce, credential, to?, retire, ready?, tries}	while TRANSFERRING and RETIRING
 *	ended {receipt, erasure}	how our epoch ended
 *	resold {to, package}	the chain with the entry after ours */
#include "agent/protocol/onboarding.h"

enum owner_state {
	OW_IMPORTED, OW_CHAIN_OK, OW_PUBLISHED, OW_SESSION, OW_DEVICE_OK, OW_APPROVAL,
	OW_OFFERED, OW_ISSUED, OW_COMMITTED, OW_ACTIVE, OW_RENEW_PENDING,
	OW_TRANSFERRING, OW_TRANSFERRED, OW_RETIRING, OW_RETIRED
};

berth_step_fn owner_import, owner_register, owner_on_registered, owner_invite, owner_delegate;
berth_step_fn owner_on_hello, owner_on_prove_device, owner_decide, owner_approve, owner_deny;
berth_step_fn owner_on_accept_ready, owner_on_result, owner_on_commit, owner_on_commit_again, owner_on_late_commit,
	owner_on_abandoned, owner_on_complete, owner_issue_timeout, owner_provision, owner_resume_issued;
berth_step_fn owner_import_delegation, owner_rotate, owner_rotate_again, owner_on_rotated;
berth_step_fn owner_on_renew_request, owner_on_activated, owner_on_activated_again;

berth_step_fn owner_transfer, owner_transfer_again, owner_retire, owner_retire_again, owner_not_now, owner_let_go_again,
	owner_on_ready, owner_on_late_ready, owner_on_refused, owner_on_ended, owner_on_ended_again, owner_take_receipt;
berth_step_fn owner_on_request_of_leaving, owner_sell_released, owner_sell_on, owner_show_tombstone;

/* The device is ours to let go, and nothing else is under way; sells: and its chain may go on. */
enum berth_err owner_may_let_go(struct berth_instance *inst, bool sells);
/* The chain's next entry, in data.resold; with the receipt of data.ended it opens an epoch. */
enum berth_err owner_say_sold(const struct berth_instance *inst, struct berth_effects *fx);
enum berth_err owner_resell(struct berth_env *env, struct berth_instance *inst, const char *to);

/* Until a device is ACTIVE it must be able to find us: when to refresh what the
 * rendezvous agents hold, after a state that used the timer for something else. */
#define OWNER_REFRESH_MS 10000u

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
/* An OperationalCredential for that DID, in the run's epoch. */
enum berth_err owner_make_credential(struct berth_env *env, struct berth_instance *inst, const struct berth_run *run,
				     const char *op_did, struct berth_buf *out);
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
enum berth_err owner_chain(const struct berth_instance *inst, struct berth_chain **chain);

#endif
