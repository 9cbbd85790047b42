/* SPDX-License-Identifier: Apache-2.0 */
/* What nng asks of the C library, as netd has it answered; and that of nng's threads for
 * callbacks one works. */
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <semaphore.h>
#include <seccomp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/netd/serve.h"
#include "tests/check.h"

/* ---- threads */

#define CALLBACKS 256

static atomic_uint within, most;
static sem_t through;

static void callback(void *arg)
{
	unsigned n = atomic_fetch_add(&within, 1) + 1;

	(void)arg;
	if (n > atomic_load(&most))
		atomic_store(&most, n);
	sched_yield();
	atomic_fetch_sub(&within, 1);
	sem_post(&through);
}

static void callbacks_come_one_after_the_other(void **state)
{
	nng_aio *aio[CALLBACKS];

	(void)state;
	CHECK_OK(berth_netd_nng_start());
	CHECK_OK(berth_netd_nng_start());	/* the second time it is nothing */
	assert_int_equal(0, sem_init(&through, 0, 0));
	for (size_t i = 0; i < CALLBACKS; i++) {
		assert_int_equal(0, nng_aio_alloc(&aio[i], callback, NULL));
		assert_true(nng_aio_begin(aio[i]));
		nng_aio_finish(aio[i], 0);
	}
	for (size_t i = 0; i < CALLBACKS; i++)
		sem_wait(&through);
	for (size_t i = 0; i < CALLBACKS; i++)
		nng_aio_free(aio[i]);
	assert_int_equal(1, atomic_load(&most));
	sem_destroy(&through);
}

/* ---- epoll */

static int events_of(int ep, struct epoll_event *e) { return epoll_wait(ep, e, 1, 0); }

static void a_new_socket_is_hung_up_once(void **state)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), fd = socket(AF_INET, SOCK_STREAM, 0);
	struct epoll_event e = { .events = 0, .data.u64 = 7 };

	(void)state;
	assert_int_equal(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	assert_int_equal(1, events_of(ep, &e));
	assert_int_equal(EPOLLHUP, e.events);
	assert_int_equal(7, e.data.u64);
	assert_int_equal(0, events_of(ep, &e));
	e = (struct epoll_event){ .events = EPOLLIN, .data.u64 = 8 };
	assert_int_equal(0, epoll_ctl(ep, EPOLL_CTL_MOD, fd, &e));	/* asked again, it is said again */
	assert_int_equal(1, events_of(ep, &e));
	assert_int_equal(8, e.data.u64);
	assert_int_equal(0, epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
	assert_int_equal(-1, epoll_ctl(ep, EPOLL_CTL_DEL, fd, NULL));
	close(fd);
	close(ep);
}

static void who_asks_for_events_has_them_as_ever(void **state)
{
	int ep = epoll_create1(EPOLL_CLOEXEC), fd = socket(AF_INET, SOCK_STREAM, 0);
	struct epoll_event e = { .events = EPOLLIN, .data.u64 = 9 };

	(void)state;
	assert_int_equal(0, epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(1, events_of(ep, &e));
		assert_int_equal(9, e.data.u64);
	}
	close(fd);
	close(ep);
}

/* ---- addresses */

static const struct addrinfo as_nng = { .ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM };

/* In a process that a socket is the end of.  Its exit status, or 128 and the signal. */
static int without_sockets(const char *host)
{
	struct addrinfo *found;
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		scmp_filter_ctx c = seccomp_init(SCMP_ACT_ALLOW);

		if (!c || seccomp_rule_add(c, SCMP_ACT_KILL_PROCESS, SCMP_SYS(socket), 0) || seccomp_load(c))
			_exit(99);
		_exit(getaddrinfo(host, "4711", &as_nng, &found) ? 1 : 0);
	}
	assert_int_equal(pid, waitpid(pid, &status, 0));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void a_number_is_asked_of_nobody(void **state)
{
	(void)state;
	assert_int_equal(0, without_sockets("127.0.0.1"));
	assert_int_equal(0, without_sockets("2001:db8::1"));
	assert_int_equal(128 + SIGSYS, without_sockets("localhost"));
}

static void a_number_is_that_address(void **state)
{
	struct addrinfo *found;
	const struct sockaddr_in *v4;
	const struct sockaddr_in6 *v6;

	(void)state;
	assert_int_equal(0, getaddrinfo("192.0.2.7", "4711", &as_nng, &found));
	v4 = (const struct sockaddr_in *)(const void *)found->ai_addr;
	assert_int_equal(AF_INET, v4->sin_family);
	assert_int_equal(0xc0000207, ntohl(v4->sin_addr.s_addr));
	assert_int_equal(4711, ntohs(v4->sin_port));
	assert_null(found->ai_next);
	freeaddrinfo(found);
	assert_int_equal(0, getaddrinfo("2001:db8::1", "4711", &as_nng, &found));
	v6 = (const struct sockaddr_in6 *)(const void *)found->ai_addr;
	assert_int_equal(AF_INET6, v6->sin6_family);
	assert_memory_equal("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01", &v6->sin6_addr, 16);
	assert_int_equal(4711, ntohs(v6->sin6_port));
	freeaddrinfo(found);
}

static void names_are_looked_up_as_ever(void **state)
{
	const struct addrinfo v4 = { .ai_family = AF_INET, .ai_socktype = SOCK_STREAM };
	struct addrinfo *found;

	(void)state;
	assert_int_equal(0, getaddrinfo("localhost", "80", &v4, &found));
	assert_int_equal(127, ntohl(((const struct sockaddr_in *)(const void *)found->ai_addr)->sin_addr.s_addr) >> 24);
	freeaddrinfo(found);
	assert_int_equal(0, getaddrinfo(NULL, "80", &v4, &found));
	freeaddrinfo(found);
	assert_int_equal(0, getaddrinfo("127.0.0.1", "80", NULL, &found));
	freeaddrinfo(found);
	assert_int_not_equal(0, getaddrinfo("no such name", "80", &v4, &found));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(callbacks_come_one_after_the_other),
		cmocka_unit_test(a_new_socket_is_hung_up_once),
		cmocka_unit_test(who_asks_for_events_has_them_as_ever),
		cmocka_unit_test(a_number_is_asked_of_nobody),
		cmocka_unit_test(a_number_is_that_address),
		cmocka_unit_test(names_are_looked_up_as_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
