/* SPDX-License-Identifier: Apache-2.0 */
/* What nng 1.5.2 has no option for: how many threads it begins with, and what it asks of the C
 * library at each dial.  It is answered here. */
#include <dlfcn.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "agent/netd/serve.h"

long __sysconf(int name);	/* glibc's, by its other name */

/* ---- threads: nng begins with two for callbacks (up to 16) and one for time-outs for each
 * processor.  So while it begins there is one, as on many a gateway. */

static atomic_bool starting;

long sysconf(int name)
{
	return name == _SC_NPROCESSORS_ONLN && atomic_load(&starting) ? 1 : __sysconf(name);
}

static void stay(void *arg)
{
	for (;;)
		sem_wait(arg);
}

/* A message is two or three short tasks, of which one begins the next: a second thread is woken
 * for what the first has done before it looks, and they wait for the same lock.  Nothing in nng's
 * tcp, tls and ipc waits on such a thread for what another one is to do. */
static int keep_one_thread(void)
{
	static sem_t never;
	nng_aio *aio;
	int rv;

	if (sem_init(&never, 0, 0) || (rv = nng_aio_alloc(&aio, stay, &never)))
		return NNG_ENOMEM;
	if (!nng_aio_begin(aio))
		return NNG_EINTERNAL;
	nng_aio_finish(aio, 0);
	return 0;
}

enum berth_err berth_netd_nng_start(void)
{
	static bool started;
	int rv;

	if (started)
		return BERTH_OK;
	atomic_store(&starting, true);
	rv = keep_one_thread();
	atomic_store(&starting, false);
	started = !rv;
	return rv ? berth_netd_nng_fault(rv, "nng") : BERTH_OK;
}

/* ---- dials */

/* A new socket is with nng's epoll for no event, to be asked for one when it has begun to connect.
 * Until then it is "hung up", which is always an event, so that the thread there turns in a circle.
 * It is told so once. */
int epoll_ctl(int epfd, int op, int fd, struct epoll_event *ev)
{
	struct epoll_event once = { .events = EPOLLONESHOT };

	if (op == EPOLL_CTL_ADD && ev->events == 0) {
		once.data = ev->data;
		ev = &once;
	}
	return (int)syscall(SYS_epoll_ctl, epfd, op, fd, ev);
}

typedef int getaddrinfo_fn(const char *, const char *, const struct addrinfo *, struct addrinfo **);

static getaddrinfo_fn *library(void)
{
	union {		/* what dlsym() gives is a function here */
		void *sym;
		getaddrinfo_fn *fn;
	} u = { .sym = dlsym(RTLD_NEXT, "getaddrinfo") };

	return u.fn;
}

/* nng asks for the address of an address, and whether this machine has any of that kind, for which
 * the library asks the kernel over a socket.  What is a number needs no asking. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	struct addrinfo number = hints ? *hints : (struct addrinfo){ 0 };
	getaddrinfo_fn *ask = library();
	int rv;

	if (!ask)
		return EAI_SYSTEM;
	number.ai_flags = (number.ai_flags & ~AI_ADDRCONFIG) | AI_NUMERICHOST;
	if (node && hints && (rv = ask(node, service, &number, res)) != EAI_NONAME)
		return rv;
	return ask(node, service, hints, res);
}
