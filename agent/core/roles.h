/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_ROLES_H
#define BERTH_AGENT_CORE_ROLES_H

/* What [agent] role says: which protocols this agent runs, and which DIDs it has from its
 * first start. */
#include "agent/core/agent.h"
#include "agent/core/config.h"

/* Adds to out->machines; out->policy is there already. */
void berth_roles_machines(const struct berth_config *cfg, struct berth_agent_config *out);
/* Makes those that are not there yet. */
BERTH_MUST_USE enum berth_err berth_roles_identities(const struct berth_config *cfg, struct berth_agent *a);

#endif
