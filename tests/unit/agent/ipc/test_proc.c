/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/ipc/ipc.h"
#include "tests/check.h"

extern char **environ;

/* What each forbidden call yields, one after the other. */
static int confined(void)
{
	const int keep[] = { BERTH_IPC_FD };
	char name[] = "true", *argv[] = { name, NULL };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_ipc c;

	berth_proc_harden(keep, 1);
	berth_proc_confine();
	berth_ipc_init(&c, BERTH_IPC_FD);
	berth_buf_printf(&b, "exec %d", execv("/bin/true", argv) < 0 ? errno : 0);
	berth_buf_printf(&b, " ptrace %d", ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 ? errno : 0);
	berth_buf_printf(&b, " packet %d", socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0);
	berth_buf_printf(&b, " inet %d", socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0);
	berth_buf_printf(&b, " unshare %d", unshare(CLONE_NEWUSER) < 0 ? errno : 0);
	berth_buf_printf(&b, " mount %d", mount("none", "/tmp", "tmpfs", 0, NULL) < 0 ? errno : 0);
	return berth_ipc_send(&c, 1, 1, b.p, b.len, 1000) ? 1 : 0;
}

/* The same of a hook that runs as who we are. */
static int confined_hook(void)
{
	const int keep[] = { BERTH_IPC_FD };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_ipc c;

	berth_proc_harden(keep, 1);
	berth_proc_confine_hook(false);
	berth_ipc_init(&c, BERTH_IPC_FD);
	berth_buf_printf(&b, "unix %d", socket(AF_UNIX, SOCK_STREAM, 0) < 0 ? errno : 0);
	berth_buf_printf(&b, " packet %d", socket(AF_PACKET, SOCK_RAW, 0) < 0 ? errno : 0);
	berth_buf_printf(&b, " inet %d", socket(AF_INET, SOCK_STREAM, 0) < 0 ? errno : 0);
	berth_buf_printf(&b, " setsid %d", setsid() < 0 ? errno : 0);
	berth_buf_printf(&b, " setpgid %d", setpgid(0, 0) < 0 ? errno : 0);
	berth_buf_printf(&b, " ptrace %d", ptrace(PTRACE_TRACEME, 0, 0, 0) < 0 ? errno : 0);
	berth_buf_printf(&b, " exec %d", execv("/nonexistent", (char *[]){ NULL }) < 0 ? errno : 0);
	return berth_ipc_send(&c, 1, 1, b.p, b.len, 1000) ? 1 : 0;
}

/* This program is its own child: it reports what it finds, then hangs or ends. */
static int as_child(const char *what)
{
	const int keep[] = { BERTH_IPC_FD };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_ipc c;
	struct berth_ipc_frame f;
	struct rlimit core;
	sigset_t mask;
	int fds = 0;

	if (strcmp(what, "--die") == 0)
		raise(SIGKILL);
	if (strcmp(what, "--confine") == 0)
		return confined();
	if (strcmp(what, "--hook") == 0)
		return confined_hook();
	signal(SIGPIPE, SIG_DFL);
	open("/dev/null", O_RDONLY);	/* one too many */
	if (strcmp(what, "--hang") == 0)
		for (;;)
			pause();
	berth_proc_harden(keep, 1);
	berth_ipc_init(&c, BERTH_IPC_FD);
	for (char **e = environ; *e; e++)
		berth_buf_printf(&b, "%s\n", *e);
	for (int fd = 0; fd < 64; fd++)
		fds += fcntl(fd, F_GETFD) >= 0;
	getrlimit(RLIMIT_CORE, &core);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	berth_buf_printf(&b, "fds %d nnp %d dump %d core %d umask %o pipe %d term %d", fds,
			 prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), prctl(PR_GET_DUMPABLE, 0, 0, 0, 0),
			 (int)core.rlim_max, (unsigned)umask(0), signal(SIGPIPE, SIG_DFL) == SIG_IGN,
			 sigismember(&mask, SIGTERM));
	if (berth_ipc_send(&c, 1, 1, b.p, b.len, 1000))
		return 1;
	berth_buf_free(&b);
	while (!berth_ipc_recv(&c, &f, BERTH_IPC_FOREVER))
		;
	berth_ipc_close(&c);
	return 5;
}

static void start(struct berth_proc *p, struct berth_ipc *c, const char *what)
{
	char self[PATH_MAX] = "", name[] = "berth-child", arg[16];
	char *argv[] = { name, arg, NULL };
	int sock;

	snprintf(arg, sizeof(arg), "%s", what);
	CHECK(readlink("/proc/self/exe", self, sizeof(self) - 1) > 0);
	CHECK_OK(berth_proc_spawn(p, &sock, self, argv));
	CHECK(fcntl(sock, F_GETFD) & FD_CLOEXEC);
	berth_ipc_init(c, sock);
}

static void a_child_is_confined_and_has_a_clean_environment(void **state)
{
	struct berth_proc p;
	struct berth_ipc c;
	struct berth_ipc_frame f;
	sigset_t term, old;
	char text[512];
	int status, leak = open("/dev/null", O_RDONLY);	/* not close-on-exec */

	(void)state;
	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	sigprocmask(SIG_BLOCK, &term, &old);
	setenv("LD_LIBRARY_PATH", "/tmp", 1);
	setenv("http_proxy", "http://proxy.test", 1);
	setenv("NOTIFY_SOCKET", "@never", 1);
	setenv("TSS2_LOG", "all+NONE", 1);
	unsetenv("BERTH_TCTI");
	unsetenv("BERTH_PASSPHRASE_FILE");
	unsetenv("CREDENTIALS_DIRECTORY");
	start(&p, &c, "--report");
	sigprocmask(SIG_SETMASK, &old, NULL);
	CHECK_OK(berth_ipc_recv(&c, &f, PATIENCE_MS));
	snprintf(text, sizeof(text), "%.*s", (int)f.n, (const char *)f.p);
	assert_string_equal("LANG=C\nTSS2_LOG=all+NONE\n"
			    "fds 4 nnp 1 dump 0 core 0 umask 77 pipe 1 term 0", text);
	CHECK(!berth_proc_reap(&p, &status));
	berth_ipc_close(&c);
	CHECK_SOON(berth_proc_reap(&p, &status));
	assert_int_equal(0, p.pid);
	CHECK(WIFEXITED(status));
	assert_int_equal(5, WEXITSTATUS(status));	/* ended by itself: its socket was closed */
	berth_proc_stop(&p, 0);				/* an empty one is fine */
	close(leak);
}

static void reports(char *how, const char *want)
{
	struct berth_ipc_frame f;
	struct berth_proc p;
	struct berth_ipc c;
	char text[256];

	start(&p, &c, how);
	CHECK_OK(berth_ipc_recv(&c, &f, PATIENCE_MS));
	snprintf(text, sizeof(text), "%.*s", (int)f.n, (const char *)f.p);
	assert_string_equal(want, text);
	berth_ipc_close(&c);
	berth_proc_stop(&p, 1000);
}

static void c159_a_confined_child_gets_eperm(void **state)
{
	char how[] = "--confine";

	(void)state;
	reports(how, "exec 1 ptrace 1 packet 1 inet 0 unshare 1 mount 1");
}

static void a_hook_of_our_own_user_has_no_local_sockets(void **state)
{
	char how[] = "--hook";

	(void)state;
	reports(how, "unix 1 packet 1 inet 0 setsid 1 setpgid 1 ptrace 1 exec 2");
}

static void stop_kills_what_does_not_end(void **state)
{
	struct berth_proc p;
	struct berth_ipc c;
	pid_t pid;

	(void)state;
	start(&p, &c, "--hang");
	pid = p.pid;
	berth_ipc_close(&c);
	berth_proc_stop(&p, 50);
	assert_int_equal(0, p.pid);
	assert_int_equal(-1, kill(pid, 0));
}

static void a_dead_child_is_seen_on_its_socket_and_reaped(void **state)
{
	struct berth_ipc_frame f;
	struct berth_proc p;
	struct berth_ipc c;
	int status;

	(void)state;
	start(&p, &c, "--die");
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_ipc_recv(&c, &f, PATIENCE_MS));
	CHECK_SOON(berth_proc_reap(&p, &status));
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	berth_ipc_close(&c);
}

static void only_absolute_programs_are_run(void **state)
{
	char name[] = "x", *argv[] = { name, NULL };
	struct berth_proc p;
	int sock;

	(void)state;
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_proc_spawn(&p, &sock, "Makefile", argv));
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_proc_spawn(&p, &sock, "/nowhere/berth-keyd", argv));
	assert_int_equal(-1, sock);
	assert_int_equal(0, p.pid);
}

static void back_off_doubles_and_resets(void **state)
{
	struct berth_backoff b = { 0 };
	uint32_t want = 100;

	(void)state;
	for (int i = 0; i < 9; i++, want *= 2)
		assert_int_equal(want, berth_backoff_next(&b, 59999));
	assert_int_equal(30000, berth_backoff_next(&b, 0));
	assert_int_equal(30000, berth_backoff_next(&b, 0));
	assert_int_equal(100, berth_backoff_next(&b, 60000));
	assert_int_equal(200, berth_backoff_next(&b, 0));
}

static void programs_are_found_by_folder(void **state)
{
	char dir[] = "/tmp/berth-proc-XXXXXX", file[64];
	struct berth_buf b = BERTH_BUF_INIT;
	int fd;

	(void)state;
	CHECK(mkdtemp(dir));
	snprintf(file, sizeof(file), "%s/berth-netd", dir);
	CHECK((fd = open(file, O_CREAT | O_WRONLY, 0700)) >= 0);
	close(fd);
	CHECK_OK(berth_proc_libexec(&b, dir, "netd"));
	assert_string_equal(file, berth_buf_cstr(&b));
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_proc_libexec(&b, dir, "keyd"));
	CHECK_RC(BERTH_E_CONFIG, berth_proc_libexec(&b, "libexec", "netd"));
	unlink(file);
	rmdir(dir);
	berth_buf_free(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_is_confined_and_has_a_clean_environment),
		cmocka_unit_test(c159_a_confined_child_gets_eperm),
		cmocka_unit_test(a_hook_of_our_own_user_has_no_local_sockets),
		cmocka_unit_test(stop_kills_what_does_not_end),
		cmocka_unit_test(a_dead_child_is_seen_on_its_socket_and_reaped),
		cmocka_unit_test(only_absolute_programs_are_run),
		cmocka_unit_test(back_off_doubles_and_resets),
		cmocka_unit_test(programs_are_found_by_folder),
	};

	if (argc > 1)
		return as_child(argv[1]);
	return cmocka_run_group_tests_name("proc", tests, NULL, NULL);
}
