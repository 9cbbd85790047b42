/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_PROBLEM_H
#define BERTH_AGENT_PROTOCOL_PROBLEM_H

#include "agent/protocol/protocol.h"
#include "didcomm/problem.h"

#define BERTH_PIURI_PROBLEM "https://didcomm.org/report-problem/2.0/"

/* code: DIDComm's e.p..., comment: for people, always the same for that code. */
struct berth_problem_words { const char *code, *comment; };
/* What a refused message is told to who sent it, without the "e.p.".  Static. */
struct berth_problem_words berth_problem_of(enum berth_err rc);

/* report-problem 2.0 about the thread pthid; *out (out may be NULL) as berth_effects_send()
 * has it. */
BERTH_MUST_USE enum berth_err
berth_problem_send(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from, const char *to,
		   const char *pthid, struct berth_problem_words w, struct berth_send **out);
/* The same to the authenticated sender of ev, in the reply to its request, and about its
 * thread. */
BERTH_MUST_USE enum berth_err
berth_problem_reply(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from,
		    const struct berth_event *ev, const char *code, const char *comment);

/* What every report of a peer leaves behind: a line in the audit log, and with an error
 * that ends the thread (e.p., or a state to fall back to) nothing of ours that still
 * waits in it. */
BERTH_MUST_USE enum berth_err
berth_problem_note(struct berth_effects *fx, const struct berth_event *ev, const struct berth_problem *p);
/* Whether the thread is over: an error, and of more than one message. */
bool berth_problem_ends(const struct berth_problem *p);

#endif
