/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_LIMIT_H
#define BERTH_AGENT_IPC_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/netpol.h"

/* What one address may take: connections, open requests, requests a second (a
 * token bucket).  IPv6 counts by /64, because a host gets that many for free.
 * The table is of fixed size; an address that holds nothing and has a full bucket
 * is forgotten, and when all places are taken a newcomer is refused.  As many as
 * half of its places are there for whoever comes first, whatever their addresses; memory
 * is taken only where somebody has one. */
#define BERTH_LIMIT_SOURCES 8192

struct berth_limit_source {
	struct berth_netaddr key;
	bool used;
	uint32_t conns, open;
	uint64_t tokens;	/* thousandths */
	uint64_t at_ms;
};

struct berth_limit {
	uint32_t conns_max, conns_source_max, open_source_max;
	uint32_t rate_per_s, burst;
	uint32_t conns;		/* of all */
	struct berth_limit_source *sources;	/* owned, BERTH_LIMIT_SOURCES */
};

BERTH_MUST_USE enum berth_err berth_limit_init(struct berth_limit *l);	/* then set the numbers */
void berth_limit_free(struct berth_limit *l);

/* Of each address from now on, BERTH_NET_BURST_S seconds' at once. */
void berth_limit_rate(struct berth_limit *l, uint32_t per_s);

/* E_QUOTA, or it is counted until the matching _end(). */
BERTH_MUST_USE enum berth_err berth_limit_conn(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms);
void berth_limit_conn_end(struct berth_limit *l, const struct berth_netaddr *a);
/* E_QUOTA: too many open, or too fast. */
BERTH_MUST_USE enum berth_err berth_limit_open(struct berth_limit *l, const struct berth_netaddr *a, uint64_t now_ms);
void berth_limit_open_end(struct berth_limit *l, const struct berth_netaddr *a);

#endif
