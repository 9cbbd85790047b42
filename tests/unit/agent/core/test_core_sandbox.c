/* SPDX-License-Identifier: Apache-2.0 */
/* C159 for the core: what ends it, what it is refused, and what it can do.  Each case is a
 * process of its own that is confined and then does one thing.  That everything else
 * still works, every system test shows: each of them runs confined. */
#include "agent/core/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];

/* 0: done; else an errno. */
typedef int deed(void);

static int result(long r) { return r < 0 ? errno : 0; }

/* ---- deeds */

static int exec_true(void)
{
	char name[] = "true", *argv[] = { name, NULL };

	return result(execv("/bin/true", argv));
}
static int fork_once(void)
{
	pid_t p = fork();

	if (p == 0)
		_exit(0);
	return result(p);
}
static int shell(void) { return system("true") == 0 ? 0 : EPERM; }
static int trace_parent(void) { return result(ptrace(PTRACE_ATTACH, getppid(), 0, 0)); }
static int read_parent(void)
{
	char b[8];
	struct iovec v = { b, sizeof(b) };

	return result(process_vm_readv(getppid(), &v, 1, &v, 1, 0));
}
static int signal_parent(void) { return result(kill(getppid(), 0)); }
static int packet_socket(void) { return result(socket(AF_PACKET, SOCK_RAW, 0)); }
static int own_namespace(void) { return result(unshare(CLONE_NEWUSER)); }
static int mount_it(void) { return result(mount("x", dir, "tmpfs", 0, NULL)); }
static int other_uid(void) { return result(syscall(SYS_setuid, 1)); }
static int io_ring(void) { return result(syscall(SYS_io_uring_setup, 1, NULL)); }
static int keyring(void) { return result(syscall(SYS_keyctl, 0, 0)); }

static int inet_socket(void) { return result(socket(AF_INET, SOCK_STREAM, 0)); }

static int alg_socket(void) { return result(socket(AF_ALG, SOCK_SEQPACKET, 0)); }
static int in_memory_file(void) { return result(memfd_create("x", 0)); }
static int make_folder(void) { return result(mkdir("state/sub", 0700)); }
static int map(int prot)
{
	return mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}
static int map_code(void) { return map(PROT_READ | PROT_EXEC); }

static int unix_socket(void) { return result(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int map_data(void) { return map(PROT_READ | PROT_WRITE); }
static int socket_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	return bind(fd, (struct sockaddr *)&un, sizeof(un)) || listen(fd, 1) || unlink(path) ? errno : 0;
}
static int socket_in_run_dir(void) { return socket_at("run/x"); }

static int look(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return result(fd);
}
static int read_configuration(void) { return look("etc/berth.conf", O_RDONLY); }
static int read_roots(void) { return look("roots.pem", O_RDONLY); }
static int read_process(void) { return look("/proc/self/stat", O_RDONLY); }
static int use_store(void)
{
	return look("state/new", O_CREAT | O_RDWR) ? errno : rename("state/new", "state/db") || unlink("state/db") ? errno : 0;
}
static int read_outside(void) { return look("/etc/hostname", O_RDONLY); }
static int read_keys(void) { return look("keys", O_RDONLY); }
static int write_configuration(void) { return look("etc/berth.conf", O_WRONLY); }
static int make_outside(void) { return look("other", O_WRONLY | O_CREAT); }
static int make_among_sockets(void) { return look("run/file", O_WRONLY | O_CREAT); }
static int socket_outside(void) { return socket_at("x"); }

static int give_up(void) { abort(); }

/* ---- outcomes */

static struct berth_config *configured(void)
{
	struct berth_config *cfg;
	char text[512];

	snprintf(text, sizeof(text), "[agent]\nrole = gateway\nname = x\nstate-dir = %s/state\nrun-dir = %s/run\n"
		 "[keystore x]\nuri = soft:%s/keys\n[trust]\nek-roots = %s/roots.pem\n", dir, dir, dir, dir);
	CHECK_OK(berth_config_parse(&cfg, "test", text, strlen(text)));
	return cfg;
}

/* How a process ends that is confined and does that: 0 or an errno, or -signal. */
static int outcome(deed *what)
{
	struct berth_config *cfg = configured();
	char path[TMPDIR_LEN + 16];
	int status;
	pid_t p;

	snprintf(path, sizeof(path), "%s/etc/berth.conf", dir);
	fflush(stdout);
	if ((p = fork()) == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		berth_core_sandbox(cfg, path);
		_exit(what());
	}
	berth_config_free(cfg);
	assert_true(p > 0);
	assert_int_equal(waitpid(p, &status, 0), p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#define KILLED (-SIGSYS)
#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static deed *const never[] = {
	exec_true, fork_once, shell, trace_parent, read_parent, signal_parent, packet_socket, inet_socket, own_namespace,
	mount_it, other_uid, io_ring, keyring,
};
static deed *const unknown[] = { alg_socket, in_memory_file, make_folder, map_code };
static deed *const possible[] = {
	unix_socket, map_data, socket_in_run_dir, read_configuration, read_roots, read_process, use_store,
};
static deed *const outside[] = {
	read_outside, read_keys, write_configuration, make_outside, make_among_sockets, socket_outside,
};

static void what_the_core_is_for_it_can_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(possible); i++)
		if (outcome(possible[i]) != 0)
			fail_msg("possible[%zu]: %d", i, outcome(possible[i]));
	assert_int_equal(outcome(give_up), -SIGABRT);
}

#ifdef BERTH_UNCONFINED

static void an_instrumented_build_is_not_confined(void **state)
{
	(void)state, (void)never, (void)outside;	/* some of it would be done */
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_int_not_equal(outcome(unknown[i]), ENOSYS);
	assert_int_equal(outcome(fork_once), 0);
}

#else

static bool have_landlock(void) { return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1; }

static void c159_what_nobody_needs_who_keeps_a_store_ends_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(never); i++)
		if (outcome(never[i]) != KILLED)
			fail_msg("never[%zu]: %d", i, outcome(never[i]));
}

static void c159_everything_else_is_as_on_a_kernel_without_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(unknown); i++)
		if (outcome(unknown[i]) != ENOSYS)
			fail_msg("unknown[%zu]: %d", i, outcome(unknown[i]));
}

static void c159_files_of_others_cannot_be_reached(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(outside); i++)
		if (outcome(outside[i]) != (have_landlock() ? EACCES : 0))
			fail_msg("outside[%zu]: %d", i, outcome(outside[i]));
}

#endif

static int setup(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return chdir(dir) || mkdir("state", 0700) || mkdir("run", 0700) || mkdir("etc", 0700) ||
	       look("etc/berth.conf", O_CREAT | O_WRONLY) || look("roots.pem", O_CREAT | O_WRONLY) ||
	       look("keys", O_CREAT | O_WRONLY);
}

static int teardown(void **state)
{
	(void)state;
	test_tmpdir_remove(dir);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_the_core_is_for_it_can_do),
#ifdef BERTH_UNCONFINED
		cmocka_unit_test(an_instrumented_build_is_not_confined),
#else
		cmocka_unit_test(c159_what_nobody_needs_who_keeps_a_store_ends_it),
		cmocka_unit_test(c159_everything_else_is_as_on_a_kernel_without_it),
		cmocka_unit_test(c159_files_of_others_cannot_be_reached),
#endif
	};

	return cmocka_run_group_tests_name("sandbox", tests, setup, teardown);
}
