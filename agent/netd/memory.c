/* SPDX-License-Identifier: Apache-2.0 */
/* How much of it netd takes, whatever peers send. */
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "agent/netd/netd.h"
#include "did/base/log.h"

#define STACK (128u << 10)	/* of nng's threads; none of ours runs deep */
#define LARGE (16 << 10)	/* messages from here on are mapped, and go back to the system */
#define HEAP_SPARE ((size_t)128 << 10)

/* Peers decide how much nng allocates, up to a message for each connection, before
 * we see any of it.  Past this malloc fails, and nng drops the connection.  The
 * first number is for our own queues and a few whole messages. */
#define DATA_BASE ((rlim_t)20 << 20)
#define DATA_CONN ((rlim_t)64 << 10)
#define DATA_TLS ((rlim_t)96 << 10)	/* of a connection: records both ways, and its handshake */
#define DATA_HTTP ((rlim_t)8 << 20)	/* half-read bodies, answers */
#define DATA_CURL ((rlim_t)16 << 20)	/* with TLS and the certificates of all authorities */
/* nng 1.5.2 follows a null pointer when there is no memory for a new connection's own
 * state (it closes what it has not made yet).  So small blocks have room of their own,
 * which large messages cannot take: this much of the heap for each connection. */
#define HEAP_CONN ((size_t)LARGE + (8u << 10))

void berth_netd_small_memory(void)
{
	pthread_attr_t attr;

	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, HEAP_SPARE);
	if (pthread_attr_init(&attr) == 0) {
		if (pthread_attr_setstacksize(&attr, STACK) == 0)
			pthread_setattr_default_np(&attr);
		pthread_attr_destroy(&attr);
	}
}

/* Makes the heap that large, and keeps it so; it is memory only once it is used. */
static void reserve(size_t n)
{
	void *volatile p;	/* or the compiler sees that nobody uses it */

	mallopt(M_TRIM_THRESHOLD, (int)(n + HEAP_SPARE));
	mallopt(M_MMAP_MAX, 0);
	p = malloc(n);
	mallopt(M_MMAP_MAX, 65536);	/* what glibc begins with */
	if (!p)
		berth_log(BERTH_LOG_WARN, "netd.memory", "no heap of %zu bytes", n);
	free(p);
}

void berth_netd_bound_memory(struct berth_netd *n, bool more)
{
	size_t heap = n->cfg.conns_max * HEAP_CONN;
	struct rlimit data;

#ifdef __SANITIZE_ADDRESS__
	return;		/* its shadow memory counts as data */
#endif
	if (getrlimit(RLIMIT_DATA, &data))
		return;
	data.rlim_cur = DATA_BASE + heap + n->cfg.conns_max * (DATA_CONN + (n->tls ? DATA_TLS : 0)) +
			(n->http ? DATA_HTTP : 0) +
			(more || n->http_dial ? DATA_CURL : 0);	/* only the soft limit: CONFIG may come again */
	if (setrlimit(RLIMIT_DATA, &data))
		berth_log(BERTH_LOG_WARN, "netd.memory", "no limit: errno %d", errno);
	reserve(heap);
}
