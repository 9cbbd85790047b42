/* SPDX-License-Identifier: Apache-2.0 */
/* The file of [rendezvous] hints-file, and what DNS says of services. */
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/protocol/hints.h"
#include "did/base/log.h"

#define BROWSE_EVERY_MS 60000u	/* at most so often, whoever wants to know */

/* Whoever wrote it is believed nothing, so whose file it is does not matter. */
static enum berth_err hints(struct berth_env *env, struct berth_buf *text)
{
	return agent_read_file(env->policy->hints_file, "hints-file", BERTH_HINTS_TEXT_MAX, text);
}

/* What is found is for the next round: this one does not wait. */
static void browse(struct berth_agent *a)
{
	struct berth_transport *t = a->cfg.transport;

	if (!t->ops->browse || a->browsing || agent_mono_ms() < a->browse_ms)
		return;
	a->browse_ms = agent_mono_ms() + BROWSE_EVERY_MS;
	a->browsing = t->ops->browse(t) == BERTH_OK;
}

static enum berth_err services(struct berth_env *env, struct berth_buf *text)
{
	struct berth_agent *a = env->host;

	browse(a);
	berth_buf_put(text, a->services.p, a->services.len);
	return berth_buf_status(text);
}

void berth_agent_on_services(struct berth_agent *a, enum berth_err rc, const char *text, uint32_t octets)
{
	a->browsing = false;
	a->wire_bytes += octets;
	berth_buf_reset(&a->services);
	if (rc)
		berth_log(BERTH_LOG_INFO, "dns-sd", "%s: it names nobody", berth_err_name(rc));
	else
		berth_buf_str(&a->services, text);
}

void agent_env_hints(struct berth_agent *a)
{
	a->env.hints = hints;
	a->env.services = services;
}
