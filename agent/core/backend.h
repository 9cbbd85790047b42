/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_BACKEND_H
#define BERTH_AGENT_CORE_BACKEND_H

#include "agent/core/agent.h"
#include "agent/core/api.h"

/* What the local API answers: the agent seen from outside.  backend.c has the device
 * and what applications get, backend_admin.c the operator's side. */
struct berth_backend {
	struct berth_agent *agent;
};

/* Fills api; b outlives it. */
void berth_backend_init(struct berth_backend *b, struct berth_api_backend *api);

#endif
