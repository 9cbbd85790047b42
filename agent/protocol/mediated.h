/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_MEDIATED_H
#define BERTH_AGENT_PROTOCOL_MEDIATED_H

/* Shared by agent/protocol/mediated*.c. */
#include "agent/protocol/protocol.h"

/* Says that to our mediator, once, and asks for the answer on the link; body is taken. */
BERTH_MUST_USE enum berth_err
berth_mediated_ask(struct berth_env *env, struct berth_effects *fx, const char *type, struct berth_json *body);
/* E_AUTHZ: the message is not our mediator's. */
BERTH_MUST_USE enum berth_err
berth_mediated_check_sender(const struct berth_env *env, const struct berth_event *ev);

/* Tells it of DIDs that are new or gone.  E_NOMATCH: there are none. */
BERTH_MUST_USE enum berth_err
berth_mediated_update(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx);
/* What the mediator took of our DIDs counts no more; those that are gone it is still to
 * be told of. */
void berth_mediated_forget(struct berth_env *env, struct berth_instance *inst);
berth_step_fn berth_mediated_on_updated;

#endif
