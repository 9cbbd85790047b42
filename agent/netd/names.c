/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>
#include <stdlib.h>

#include "agent/netd/netd.h"
#include "agent/netd/sandbox.h"

#define WAITING_MAX 64
#define STACK (256u << 10)

struct berth_netd_names {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t thread;
	bool started;
	struct berth_netd_lookup *head, **tail;
	size_t waiting;
	struct berth_netd_ready *ready;
};

enum berth_err berth_netd_names_new(struct berth_netd *n)
{
	struct berth_netd_names *q = calloc(1, sizeof(*q));

	if (!q)
		return berth_fail(BERTH_E_NOMEM, "names");
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->wake, NULL);
	q->tail = &q->head;
	q->ready = &n->ready;
	n->names = q;
	return BERTH_OK;
}

static struct berth_netd_lookup *next(struct berth_netd_names *q)
{
	struct berth_netd_lookup *l;

	pthread_mutex_lock(&q->lock);
	while (!q->head)
		pthread_cond_wait(&q->wake, &q->lock);
	l = q->head;
	q->head = l->next;
	q->waiting--;
	if (!q->head)
		q->tail = &q->head;
	pthread_mutex_unlock(&q->lock);
	return l;
}

__attribute__((noreturn))
static void *worker(void *arg)
{
	struct berth_netd_names *q = arg;
	struct berth_netd_lookup *l;

	for (;;) {
		l = next(q);
		l->rc = berth_netpol_ask(l->host, l->addrs, &l->n_addrs);
		berth_netd_ready_put(q->ready, &l->job);
	}
}

/* The thread costs memory, so it starts with the first question. */
static enum berth_err start(struct berth_netd_names *q)
{
	pthread_attr_t attr;

	if (q->started)
		return BERTH_OK;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	q->started = pthread_create(&q->thread, &attr, worker, q) == 0;
	pthread_attr_destroy(&attr);
	return q->started ? BERTH_OK : berth_fail(BERTH_E_NOMEM, "no thread for names");
}

enum berth_err berth_netd_names_ask(struct berth_netd *n, struct berth_netd_lookup *l)
{
	struct berth_netd_names *q = n->names;
	enum berth_err rc;

	n->stale |= !berth_netd_sandbox_is_current();
	if ((rc = start(q)))
		return rc;
	pthread_mutex_lock(&q->lock);
	if (q->waiting < WAITING_MAX) {
		l->next = NULL;
		*q->tail = l;
		q->tail = &l->next;
		q->waiting++;
		pthread_cond_signal(&q->wake);
	} else {
		rc = berth_fail(BERTH_E_QUOTA, "%d names are being looked up", WAITING_MAX);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}
