/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_PROBLEM_H
#define BERTH_AGENT_PROTOCOL_PROBLEM_H

#include "agent/protocol/protocol.h"

#define BERTH_PIURI_PROBLEM "https://didcomm.org/report-problem/2.0/"

/* report-problem 2.0 to the authenticated sender of ev, in the reply to its request:
 * pthid is the thread in trouble.  code: DIDComm's e.p..., comment: for people. */
BERTH_MUST_USE enum berth_err
berth_problem_reply(struct berth_env *env, struct berth_effects *fx, const struct berth_identity *from,
		    const struct berth_event *ev, const char *code, const char *comment);

#endif
