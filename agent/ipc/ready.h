/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_READY_H
#define BERTH_AGENT_IPC_READY_H

#include <pthread.h>
#include <stdbool.h>

#include "berth/err.h"

/* The only way from other threads (nng's, the name service's) to the main one: a
 * finished job is hung on a list and an eventfd rung.  Each operation owns its job
 * and has one outcome at a time, so the list cannot grow past the number of
 * operations that were allowed to start, and putting never allocates. */
struct berth_job {
	struct berth_job *next;
	bool queued;
	void (*done)(struct berth_job *job);	/* on the main thread */
};

struct berth_ready {
	pthread_mutex_t lock;
	struct berth_job *head, **tail;
	bool running;	/* the jobs that are there, and those that come meanwhile */
	int fd;		/* readable when there is something to run */
};

BERTH_MUST_USE enum berth_err berth_ready_init(struct berth_ready *r);
void berth_ready_put(struct berth_ready *r, struct berth_job *job);	/* any thread */
void berth_ready_run(struct berth_ready *r);

#endif
