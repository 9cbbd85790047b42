/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/starter.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/ipc/ipc.h"
#include "tests/check.h"

static char self[PATH_MAX];

/* What this program does as a child: it ends with that status once its socket closes. */
static int be_child(void)
{
	struct berth_ipc c;
	struct berth_ipc_frame f;

	berth_ipc_init(&c, BERTH_IPC_FD);
	if (berth_ipc_send(&c, 1, 1, "up", 2, 1000))
		return 1;
	while (!berth_ipc_recv(&c, &f, BERTH_IPC_FOREVER))
		;
	berth_ipc_close(&c);
	return 7;
}

static void begin(void)
{
	const char *const programs[] = { "/bin/false", self };

	CHECK_OK(berth_starter_begin(programs, 2));
}

static void spawn(struct berth_proc *p, struct berth_ipc *c)
{
	char name[] = "berth-child", arg[] = "--child", *argv[] = { name, arg, NULL };
	struct berth_ipc_frame f;
	int sock;

	CHECK_OK(berth_proc_spawn(p, &sock, self, argv));
	berth_ipc_init(c, sock);
	CHECK_OK(berth_ipc_recv(c, &f, PATIENCE_MS));
	assert_memory_equal("up", f.p, 2);
}

static void what_it_started_is_told_killed_and_collected(void **state)
{
	struct berth_proc p, q;
	struct berth_ipc c, d;
	char exe[PATH_MAX];
	int status = 0;

	(void)state;
	begin();
	spawn(&p, &c);
	spawn(&q, &d);
	CHECK(waitpid(p.pid, NULL, WNOHANG) < 0);	/* it is not our child */
	assert_int_equal(strlen(self), berth_starter_exe(p.pid, exe, sizeof(exe)));
	assert_string_equal(self, exe);
	CHECK(!berth_proc_reap(&p, &status));
	berth_ipc_close(&c);
	status = berth_proc_stop(&p, PATIENCE_MS);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 7);
	status = berth_proc_stop(&q, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	berth_ipc_close(&d);
	berth_starter_end();
	CHECK(!berth_starter_is_there());
}

static void other_programs_are_not_started(void **state)
{
	char name[] = "true", *argv[] = { name, NULL };
	struct berth_proc p;
	struct berth_ipc c;
	int sock;

	(void)state;
	begin();
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_proc_spawn(&p, &sock, "/bin/true", argv));
	assert_int_equal(0, p.pid);
	spawn(&p, &c);		/* and it lives on */
	berth_ipc_close(&c);
	berth_proc_stop(&p, PATIENCE_MS);
	berth_starter_end();
}

static void nobody_is_told_of_who_is_not_there(void **state)
{
	char exe[PATH_MAX] = "x";

	(void)state;
	begin();
	assert_int_equal(0, berth_starter_exe(INT_MAX, exe, sizeof(exe)));
	assert_string_equal("", exe);
	assert_int_equal(0, berth_starter_status(INT_MAX));
	assert_int_equal(0, berth_starter_status(getpid()));
	berth_starter_end();
}

static void readable_within_10_s(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	assert_int_equal(1, poll(&p, 1, PATIENCE_MS));
}

static void it_ends_at_nonsense_and_takes_along_what_it_started(void **state)
{
	struct berth_proc p;
	struct berth_ipc c;

	(void)state;
	begin();
	spawn(&p, &c);
	assert_int_equal(1, write(berth_starter_fd(), "\x09", 1));
	readable_within_10_s(berth_starter_fd());
	readable_within_10_s(p.pidfd);
	assert_int_equal(0, berth_proc_stop(&p, 0));	/* nobody knows how */
	berth_ipc_close(&c);
	berth_starter_end();
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_it_started_is_told_killed_and_collected),
		cmocka_unit_test(other_programs_are_not_started),
		cmocka_unit_test(nobody_is_told_of_who_is_not_there),
		cmocka_unit_test(it_ends_at_nonsense_and_takes_along_what_it_started),
	};

	(void)argv;
	if (argc > 1)
		return be_child();
	signal(SIGPIPE, SIG_IGN);
	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		return 1;
	return cmocka_run_group_tests_name("starter", tests, NULL, NULL);
}
