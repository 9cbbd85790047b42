/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_NETCLIENT_INTERNAL_H
#define BERTH_AGENT_CORE_NETCLIENT_INTERNAL_H

#include "agent/core/netclient.h"
#include "agent/ipc/ipc.h"
#include "agent/ipc/proc.h"

#define NETCLIENT_OPEN_MAX 288		/* sends without a result yet */
#define NETCLIENT_LIFE_SHIFT 40		/* in the agent's numbers of requests */
#define NETCLIENT_REQUEST_MASK (((uint64_t)1 << NETCLIENT_LIFE_SHIFT) - 1)

struct berth_netclient {
	struct berth_transport transport;	/* first */
	const struct berth_config *cfg;
	struct berth_buf libexec;
	struct berth_agent *agent;
	struct berth_proc proc;
	struct berth_ipc ipc;
	struct berth_backoff backoff;
	uint64_t again_ms;			/* when down: start at */
	uint64_t life;				/* which netd this is: its requests are counted anew */
	uint64_t open[NETCLIENT_OPEN_MAX];
	size_t n_open;
	size_t listening;			/* [listen] uris bound so far */
	enum berth_err listen_rc;
	bool started;				/* once it was up with all of them */
};

/* What netd says; arg is the client (netclient_read.c).  ahead: before any of what came with it. */
berth_ipc_frame_fn netclient_on_frame, netclient_ahead;

#endif /* BERTH_AGENT_CORE_NETCLIENT_INTERNAL_H */
