/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_QUERY_H
#define BERTH_AGENT_RESOLVERD_QUERY_H

#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/resolverd_proto.h"
#include "agent/resolverd/plugin.h"
#include "berth/err.h"
#include "berth/registry.h"

/* The queries that adapters have under way, and what the host does for them: answers,
 * exchanges, timers, deadlines.  There is one set of them in a process, because adapters call the
 * host without saying which.
 *
 * query.c       their lives and times
 * query_host.c  what adapters call
 *
 * What an adapter does against its contract is remembered as the process's fault, and
 * from then on the host does nothing for anybody. */
extern const struct berth_registry_host berth_query_host;

struct berth_query_events {
	/* The one answer of a query, encoded; borrowed. */
	void (*answered)(void *arg, uint32_t seq, const struct berth_buf *answer);
	/* An adapter runs for this query from now on. */
	void (*now)(void *arg, uint32_t seq);
	void *arg;
};
/* Forgets whatever there was.  http: borrowed; NULL: adapters get none. */
struct berth_res_http;
void berth_query_init(const struct berth_query_events *events, struct berth_res_http *http);

/* Asks the adapter of an ASK, n bytes of payload that are copied; the answer may be told
 * before this returns.  E_TYPE: malformed, no such adapter, not one of its operations, a
 * number that is under way, or more than BERTH_RES_AT_ONCE. */
BERTH_MUST_USE enum berth_err
berth_query_begin(struct berth_plugin *plugins, size_t n_plugins, uint32_t seq, const void *payload, size_t n);

/* The adapter has to answer now.  A number that is not under way is none of ours any more. */
void berth_query_cancel(uint32_t seq);
void berth_query_cancel_all(void);

uint32_t berth_query_timeout_ms(void);	/* until there is something to run; UINT32_MAX: nothing */
void berth_query_run(void);		/* timers and deadlines that are due */

/* The first breach of an adapter's contract, said in a line, and the query it happened in;
 * NULL: there was none.  Borrowed. */
const char *berth_query_fault(uint32_t *seq);

#endif
