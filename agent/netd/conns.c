/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/serve.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/clock.h"

#define SILENT_MS 60000			/* connections that may go when places are short */
#define SILENT_AT_ONCE 16
#define SILENT_LOOK_MS 1000		/* and who they are is looked for so often */

static bool address_of(nng_pipe p, struct berth_netaddr *a, bool *ipc)
{
	nng_sockaddr sa;
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };

	*a = (struct berth_netaddr){ 0 };
	if (nng_pipe_get_addr(p, NNG_OPT_REMADDR, &sa))
		return false;
	if (sa.s_family == NNG_AF_INET) {
		memcpy(&v4.sin_addr, &sa.s_in.sa_addr, 4);
		return !berth_netaddr_from_sockaddr(a, (struct sockaddr *)&v4);
	}
	if (sa.s_family == NNG_AF_INET6) {
		memcpy(&v6.sin6_addr, sa.s_in6.sa_addr, 16);
		return !berth_netaddr_from_sockaddr(a, (struct sockaddr *)&v6);
	}
	return (*ipc = sa.s_family == NNG_AF_IPC);
}

/* On the main thread, once nng is done with it. */
static void conn_ended(struct berth_job *job)
{
	struct berth_netd_conn *c = (struct berth_netd_conn *)(void *)job;

	berth_netd_conn_gone(c->owner, c->id);
	free(c);
}

void berth_netd_on_accept(nng_pipe p, nng_pipe_ev ev, void *arg)
{
	struct berth_netd_listen *l = arg;
	struct berth_netd_conn *c = calloc(1, sizeof(*c));
	bool ok = c && address_of(p, &c->addr, &c->ipc);
	uint64_t now = berth_clock_mono_ms();

	(void)ev;
	pthread_mutex_lock(&l->lock);
	if (ok && !berth_limit_conn(&l->limit, &c->addr, now)) {
		c->job.done = conn_ended;
		c->owner = l;
		c->id = (uint32_t)nng_pipe_id(p);
		c->pipe = p;
		c->active_ms = now;
		c->next = l->conns[c->id % BERTH_NETD_BUCKETS];
		l->conns[c->id % BERTH_NETD_BUCKETS] = c;
		c = NULL;
	} else {
		ok = false;
	}
	pthread_mutex_unlock(&l->lock);
	free(c);
	if (!ok)
		nng_pipe_close(p);
}

void berth_netd_on_end(nng_pipe p, nng_pipe_ev ev, void *arg)
{
	struct berth_netd_listen *l = arg;
	uint32_t id = (uint32_t)nng_pipe_id(p);
	struct berth_netd_conn **at, *c = NULL;

	(void)ev;
	pthread_mutex_lock(&l->lock);
	for (at = &l->conns[id % BERTH_NETD_BUCKETS]; *at; at = &(*at)->next)
		if ((*at)->id == id) {
			c = *at;
			*at = c->next;
			berth_limit_conn_end(&l->limit, &c->addr);
			break;
		}
	pthread_mutex_unlock(&l->lock);
	if (c)
		berth_ready_put(&l->n->ready, &c->job);
}

enum berth_err berth_netd_admit(struct berth_netd_slot *s, bool *ipc)
{
	struct berth_netd_listen *l = s->owner;
	enum berth_err rc = BERTH_E_UNAVAILABLE;
	uint64_t now = berth_clock_mono_ms();

	pthread_mutex_lock(&l->lock);
	for (struct berth_netd_conn *c = l->conns[s->conn % BERTH_NETD_BUCKETS]; c; c = c->next)
		if (c->id == s->conn) {
			c->active_ms = now;
			*ipc = c->ipc;
			s->addr = c->addr;
			rc = berth_limit_open(&l->limit, &c->addr, now);
			break;
		}
	pthread_mutex_unlock(&l->lock);
	return rc;
}

void berth_netd_release(struct berth_netd_slot *s)
{
	struct berth_netd_listen *l = s->owner;

	pthread_mutex_lock(&l->lock);
	berth_limit_open_end(&l->limit, &s->addr);
	pthread_mutex_unlock(&l->lock);
}

static size_t collect_silent(struct berth_netd_listen *l, const struct berth_netd_conn *c, uint64_t now_ms, nng_pipe *go, size_t n)
{
	for (; c && n < SILENT_AT_ONCE; c = c->next)
		if (now_ms > c->active_ms && now_ms - c->active_ms > SILENT_MS && !berth_netd_holds(l, c->id))
			go[n++] = c->pipe;
	return n;
}

void berth_netd_close_silent(struct berth_netd_listen *l, uint64_t now_ms)
{
	nng_pipe go[SILENT_AT_ONCE];
	size_t n = 0;

	if (now_ms - l->silent_ms < SILENT_LOOK_MS)
		return;
	l->silent_ms = now_ms;
	pthread_mutex_lock(&l->lock);
	if (l->limit.conns > l->limit.conns_max / 4 * 3)
		for (size_t i = 0; i < BERTH_NETD_BUCKETS; i++)
			n = collect_silent(l, l->conns[i], now_ms, go, n);
	pthread_mutex_unlock(&l->lock);
	for (size_t i = 0; i < n; i++)
		nng_pipe_close(go[i]);
}
