/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/ready.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum berth_err berth_ready_init(struct berth_ready *r)
{
	*r = (struct berth_ready){ .fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) };
	r->tail = &r->head;
	if (r->fd < 0)
		return berth_fail(BERTH_E_UNAVAILABLE, "eventfd: errno %d", errno);
	pthread_mutex_init(&r->lock, NULL);
	return BERTH_OK;
}

/* Whoever put the first job into an empty list rings, unless the runner is at it: it takes all
 * there are. */
void berth_ready_put(struct berth_ready *r, struct berth_job *job)
{
	const uint64_t one = 1;
	bool first;

	pthread_mutex_lock(&r->lock);
	first = !r->head && !r->running;
	if (!job->queued) {
		job->queued = true;
		job->next = NULL;
		*r->tail = job;
		r->tail = &job->next;
	}
	pthread_mutex_unlock(&r->lock);
	while (first && write(r->fd, &one, sizeof(one)) < 0 && errno == EINTR)
		;	/* EAGAIN: it has been rung often enough */
}

static struct berth_job *take(struct berth_ready *r)
{
	struct berth_job *job;

	pthread_mutex_lock(&r->lock);
	if ((job = r->head)) {
		r->head = job->next;
		if (!r->head)
			r->tail = &r->head;
		job->queued = false;
	}
	r->running = job != NULL;
	pthread_mutex_unlock(&r->lock);
	return job;
}

void berth_ready_run(struct berth_ready *r)
{
	struct berth_job *job;
	uint64_t n;

	while (read(r->fd, &n, sizeof(n)) < 0 && errno == EINTR)
		;
	while ((job = take(r)))
		job->done(job);
}
