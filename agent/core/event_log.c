/* SPDX-License-Identifier: Apache-2.0 */
/* The file of [device] event-log: what firmware measured at boot, as the kernel has it. */
#include "agent/core/agent_internal.h"
#include "did/keystore/event_log.h"

static enum berth_err event_log(struct berth_env *env, struct berth_buf *log)
{
	return agent_read_file(env->policy->event_log, "event-log", BERTH_EVENT_LOG_MAX, log);
}

void agent_env_event_log(struct berth_agent *a) { a->env.event_log = event_log; }
