/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_RENEWAL_H
#define BERTH_AGENT_PROTOCOL_RENEWAL_H

#include "agent/protocol/credentials.h"
#include "vc/vc.h"

/* Another credential before the one that is held ends: a request-credential to who sent
 * it, in a new thread whose parent is the one that it came in.  What is held serves until
 * the new one has been verified and stored; in the same step it is superseded, and it goes
 * when its time is over.  When to ask follows from the credential, how often that was done
 * stands in its record: neither is lost with the power. */
enum berth_renewal {
	BERTH_RENEWAL_NONE,	/* nothing to do now */
	BERTH_RENEWAL_ASK,	/* "cmd/renew" in a new thread, {"to", "thid", "credential"} */
	BERTH_RENEWAL_OVER	/* superseded and past: its record may go */
};
/* *next_s: when to look again, seconds since 1970; INT64_MAX: never. */
enum berth_renewal berth_renewal_look(const struct berth_env *env, const struct berth_credential *c, int64_t *next_s);

/* In the step for "cmd/renew", its exchange being open: says in inst->data what to ask for;
 * ns: the machine's.  E_STATUS: it is not the time for that. */
BERTH_MUST_USE enum berth_err
berth_renewal_begin(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
		    struct berth_effects *fx, const char *ns);
/* In the step that stores what came: the one that is renewed by it, if any, is superseded.
 * E_STATUS: that one was revoked; E_VC: no successor of it. */
BERTH_MUST_USE enum berth_err
berth_renewal_end(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
		  const struct berth_report *r);

/* The issuer.  Whether the policy answers a request without a person: then inst->data has
 * the credential of the earlier thread, as we issued it, with a validity that begins now. */
BERTH_MUST_USE enum berth_err
berth_renewal_answer(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev, const char *ns,
		     bool *yes);
/* Of every credential that is issued: what answering will need. */
BERTH_MUST_USE enum berth_err berth_renewal_note(const struct berth_env *env, struct berth_json *data);

#endif
