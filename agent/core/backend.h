/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_BACKEND_H
#define BERTH_AGENT_CORE_BACKEND_H

#include "agent/core/agent.h"
#include "agent/core/api.h"
#include "vc/status.h"

/* What the local API answers: the agent seen from outside.  backend.c has the device,
 * backend_identities.c and backend_secrets.c what applications get, backend_credentials.c, _present.c, _exchanges.c and _verify.c credentials, and
 * backend_admin.c the operator's side. */
struct berth_backend {
	struct berth_agent *agent;
	struct berth_resolveclient *resolve;	/* borrowed, as the agent is */
	struct berth_vc_policy *policy;		/* for the credentials of others; owned, borrows from cfg */
	struct berth_status_cache *status_cache;	/* owned */
	struct berth_status_seen seen;
	struct berth_json *watched;		/* what applications have been shown; owned */
	uint64_t changes;			/* of the agent, then */
	int64_t told;				/* the number that they may have heard, which is on the disk */
	bool watching;
	struct berth_verify judging;		/* made of both, and of the folders in the configuration */
};

/* What it needs to judge credentials.  take: after SIGHUP, another configuration and the
 * policy made of it (berth_config_credentials), taken over. */
BERTH_MUST_USE enum berth_err berth_backend_open(struct berth_backend *b, const struct berth_config *cfg);
void berth_backend_take(struct berth_backend *b, const struct berth_config *cfg, struct berth_vc_policy *policy);
void berth_backend_close(struct berth_backend *b);	/* fine on a zeroed one */

/* To be called when something may have happened, outside of any batch.  True: there is news
 * for those who watch. */
bool berth_backend_watch_look(struct berth_backend *b);

/* Fills api; b outlives it. */
void berth_backend_init(struct berth_backend *b, struct berth_api_backend *api);

#endif
