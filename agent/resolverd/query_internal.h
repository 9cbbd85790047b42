/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_QUERY_INTERNAL_H
#define BERTH_AGENT_RESOLVERD_QUERY_INTERNAL_H

/* Shared by agent/resolverd/query*.c and by nobody else. */
#include <pthread.h>
#include <stdatomic.h>

#include "agent/resolverd/query.h"

#define QUERY_TIMERS_MAX 16	/* of one query */
#define QUERY_EXCHANGES_MAX 8	/* of one query, at once */

struct query;

struct query_timer {
	uint64_t due_ms, number;	/* numbers go up: of two that are due the older is first */
	berth_registry_timer_done *done;
	void *arg;
};

struct query_exchange {
	struct query *q;
	struct berth_res_exchange *x;	/* NULL: the place is free */
	berth_registry_http_done *done;
	void *arg;
};

struct query {
	enum { QUERY_FREE, QUERY_ASKED, QUERY_CANCELLED, QUERY_ANSWERED } state;
	uint32_t seq;
	uint32_t generation;		/* of this place: no two queries have the same handle */
	struct berth_plugin *plugin;
	struct berth_buf payload;	/* what the rest points into */
	struct berth_buf answer;	/* encoded; on its way as soon as the adapter has returned */
	struct berth_res_ask ask;
	struct berth_registry_part parts[BERTH_RES_PARTS_MAX];
	struct berth_registry_request request;
	uint64_t until_ms;
	enum berth_err why;		/* of its last exchange; BERTH_OK for a reply */
	struct query_timer timers[QUERY_TIMERS_MAX];
	size_t n_timers;
	struct query_exchange exchanges[QUERY_EXCHANGES_MAX];
};

struct queries {
	struct query v[BERTH_RES_AT_ONCE];
	struct query *running;		/* whose adapter has been called */
	uint32_t told;			/* the last one that `now` was told of */
	uint64_t timer_number;
	struct berth_query_events events;
	struct berth_res_http *http;	/* NULL: there is none to be had */
	pthread_t thread;
	char fault[BERTH_RES_TEXT_MAX + 128];	/* "": none */
	uint32_t fault_seq;
	atomic_uintptr_t foreign;	/* for which query another thread has called; 0: none has */
};
extern struct queries queries;

/* The query of a handle, while it may still be answered; NULL: it is none. */
struct query *query_find(const struct berth_registry_query *handle);

/* Remembers what an adapter did; the first one counts.  q: NULL when nobody knows whose. */
void query_fail(const struct query *q, const char *fault);

/* Before and after code of an adapter. */
void query_enter(struct query *q);
void query_leave(void);

/* Its exchanges end without a call. */
void query_drop_exchanges(struct query *q);
/* Or each with CANCELLED, as long as nothing has answered the query; in between enter and
 * leave. */
void query_cancel_exchanges(struct query *q);

#endif
