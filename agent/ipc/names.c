/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/names.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>

#define THREADS_MAX 8
#define STACK (256u << 10)

struct berth_names {
	pthread_mutex_t lock;
	pthread_cond_t wake;
	pthread_t threads[THREADS_MAX];
	unsigned n_threads, threads_max, idle;
	bool ending;
	struct berth_lookup *head, **tail;
	size_t waiting;
	struct berth_ready *ready;
};

enum berth_err berth_names_new(struct berth_names **out, struct berth_ready *ready, unsigned threads)
{
	struct berth_names *q = calloc(1, sizeof(*q));

	if (!(*out = q))
		return berth_no_memory();
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->wake, NULL);
	q->tail = &q->head;
	q->ready = ready;
	q->threads_max = threads < THREADS_MAX ? threads : THREADS_MAX;
	return BERTH_OK;
}

/* NULL: the end. */
static struct berth_lookup *next(struct berth_names *q)
{
	struct berth_lookup *l = NULL;

	pthread_mutex_lock(&q->lock);
	q->idle++;
	while (!q->head && !q->ending)
		pthread_cond_wait(&q->wake, &q->lock);
	q->idle--;
	if (!q->ending) {
		l = q->head;
		q->head = l->next;
		q->waiting--;
		if (!q->head)
			q->tail = &q->head;
	}
	pthread_mutex_unlock(&q->lock);
	return l;
}

static void *worker(void *arg)
{
	struct berth_names *q = arg;
	struct berth_lookup *l;

	while ((l = next(q))) {
		if (l->ask)
			l->ask(l);
		else
			l->rc = berth_netpol_ask(l->host, l->addrs, &l->n_addrs);
		berth_ready_put(q->ready, &l->job);
	}
	return NULL;
}

/* One more thread, when all others have something to do; the first is a must. */
static enum berth_err add_thread(struct berth_names *q)
{
	pthread_attr_t attr;
	bool started;

	if (q->n_threads == q->threads_max || (q->n_threads && q->idle > q->waiting))
		return BERTH_OK;
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK);
	started = pthread_create(&q->threads[q->n_threads], &attr, worker, q) == 0;
	pthread_attr_destroy(&attr);
	q->n_threads += started;
	return q->n_threads ? BERTH_OK : berth_no_memory();
}

enum berth_err berth_names_ask(struct berth_names *q, struct berth_lookup *l)
{
	enum berth_err rc;

	pthread_mutex_lock(&q->lock);
	if (q->waiting == BERTH_NAMES_WAITING_MAX) {
		rc = berth_fail(BERTH_E_QUOTA, "%d names are being looked up", BERTH_NAMES_WAITING_MAX);
	} else if (!(rc = add_thread(q))) {
		l->next = NULL;
		*q->tail = l;
		q->tail = &l->next;
		q->waiting++;
		pthread_cond_signal(&q->wake);
	}
	pthread_mutex_unlock(&q->lock);
	return rc;
}

void berth_names_free(struct berth_names *q)
{
	if (!q)
		return;
	pthread_mutex_lock(&q->lock);
	q->ending = true;
	pthread_cond_broadcast(&q->wake);
	pthread_mutex_unlock(&q->lock);
	for (unsigned i = 0; i < q->n_threads; i++)
		pthread_join(q->threads[i], NULL);
	for (struct berth_lookup *l = q->head, *after; l; l = after) {
		after = l->next;
		l->rc = BERTH_E_UNAVAILABLE;
		berth_ready_put(q->ready, &l->job);
	}
	pthread_cond_destroy(&q->wake);
	pthread_mutex_destroy(&q->lock);
	free(q);
}

/* ---- its files */

const char *const berth_names_files[BERTH_NAMES_FILES] = {
	"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
};

/* 0, 0: it was not there. */
static struct identity {
	dev_t dev;
	ino_t ino;
} seen[BERTH_NAMES_FILES];

static struct identity identity_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? (struct identity){ 0 } : (struct identity){ st.st_dev, st.st_ino };
}

void berth_names_remember_files(void)
{
	for (size_t i = 0; i < BERTH_NAMES_FILES; i++)
		seen[i] = identity_of(berth_names_files[i]);
}

bool berth_names_are_current(void)
{
	for (size_t i = 0; i < BERTH_NAMES_FILES; i++) {
		struct identity now = identity_of(berth_names_files[i]);

		if (now.dev != seen[i].dev || now.ino != seen[i].ino)
			return false;
	}
	return true;
}
