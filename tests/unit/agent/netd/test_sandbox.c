/* SPDX-License-Identifier: Apache-2.0 */
/* C159 for netd: what ends it, what it is refused, and what it can do.  Each case is a
 * process of its own that is confined and then does one thing.  That everything else
 * still works, every other test of netd shows: each of them runs confined. */
#include "agent/netd/sandbox.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
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
static int rename_it(void) { return result(rename("file", "other")); }
static int chmod_it(void) { return result(chmod("file", 0666)); }

static int bluetooth_socket(void) { return result(socket(AF_BLUETOOTH, SOCK_RAW, 0)); }
static int alg_socket(void) { return result(socket(AF_ALG, SOCK_SEQPACKET, 0)); }
static int in_memory_file(void) { return result(memfd_create("x", 0)); }
static int make_folder(void) { return result(mkdir("sub", 0700)); }
static int type_for_the_user(void) { return result(ioctl(2, TIOCSTI, "x")); }
static int limits_of_parent(void)
{
	struct rlimit l;

	return result(prlimit(getppid(), RLIMIT_NOFILE, NULL, &l));
}
static int map(int prot)
{
	return mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? errno : 0;
}
static int map_written_code(void) { return map(PROT_READ | PROT_WRITE | PROT_EXEC); }

static int unix_socket(void) { return result(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int inet_socket(void) { return result(socket(AF_INET, SOCK_STREAM, 0)); }
static int inet6_socket(void) { return result(socket(AF_INET6, SOCK_STREAM, 0)); }
static int map_data(void) { return map(PROT_READ | PROT_WRITE); }
static void *nothing(void *arg) { return arg; }
static int thread(void)
{
	pthread_t t;
	int r = pthread_create(&t, NULL, nothing, NULL);

	return r ? r : pthread_join(t, NULL);
}
static int late_library(void) { return dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL) ? 0 : ELIBACC; }
static int look_up(void)
{
	struct addrinfo want = { .ai_socktype = SOCK_STREAM }, *got;

	return getaddrinfo("localhost", NULL, &want, &got) ? ENOENT : 0;
}
static int bound_memory(void)
{
	struct rlimit l;

	return result(getrlimit(RLIMIT_DATA, &l)) + result(setrlimit(RLIMIT_DATA, &l));
}
static int socket_at(const char *path)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(un.sun_path, sizeof(un.sun_path), "%s", path);
	return bind(fd, (struct sockaddr *)&un, sizeof(un)) || listen(fd, 1) || unlink(path) ? errno : 0;
}
static int socket_in_folder(void) { return socket_at("sockets/x"); }

static int look(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return result(fd);
}
static int read_certificate(void) { return look("file", O_RDONLY); }
static int read_resolver(void) { return look("/etc/resolv.conf", O_RDONLY); }
static int read_outside(void) { return look("/etc/passwd", O_RDONLY); }
static int read_configuration(void) { return look("/etc/berth/berth.conf", O_RDONLY); }
static int read_store(void) { return look("store", O_RDONLY); }
static int write_certificate(void) { return look("file", O_WRONLY); }
static int make_outside(void) { return look("/tmp/berth-outside", O_WRONLY | O_CREAT | O_EXCL); }
static int make_among_sockets(void) { return look("sockets/file", O_WRONLY | O_CREAT); }
static int socket_outside(void) { return socket_at("x"); }

static int give_up(void) { abort(); }

/* ---- outcomes */

static void configured(struct berth_net_config *cfg)
{
	berth_net_config_init(cfg);
	snprintf(cfg->tls.certificate, sizeof(cfg->tls.certificate), "%s/file", dir);
	snprintf(cfg->sockets[cfg->n_sockets++], sizeof(cfg->sockets[0]), "%s/sockets", dir);
}

/* How a process ends that is confined and does that: 0 or an errno, or -signal. */
static int outcome(deed *what)
{
	struct berth_net_config cfg;
	int status;
	pid_t p;

	configured(&cfg);
	fflush(stdout);
	if ((p = fork()) == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		berth_netd_sandbox(&cfg);
		_exit(what());
	}
	assert_true(p > 0);
	assert_int_equal(waitpid(p, &status, 0), p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#define KILLED (-SIGSYS)
#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static deed *const never[] = {
	exec_true, fork_once, shell, trace_parent, read_parent, signal_parent, packet_socket, own_namespace, mount_it,
	other_uid, io_ring, keyring, rename_it, chmod_it,
};
static deed *const unknown[] = {
	bluetooth_socket, alg_socket, in_memory_file, make_folder, type_for_the_user, limits_of_parent, map_written_code,
};
static deed *const possible[] = {
	unix_socket, inet_socket, inet6_socket, map_data, thread, late_library, look_up, bound_memory, socket_in_folder,
	read_certificate,
};
static deed *const outside[] = {
	read_outside, read_store, write_certificate, make_outside, make_among_sockets, socket_outside,
};

static void what_netd_is_for_it_can_do(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(possible); i++)
		if (outcome(possible[i]) != 0)
			fail_msg("possible[%zu]: %d", i, outcome(possible[i]));
	assert_int_equal(outcome(give_up), -SIGABRT);
	if (access("/etc/resolv.conf", R_OK) == 0)
		assert_int_equal(0, outcome(read_resolver));
}

#ifdef BERTH_UNCONFINED

static void an_instrumented_build_is_not_confined(void **state)
{
	(void)state, (void)never, (void)outside, (void)read_configuration;	/* some of it would be done */
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_int_not_equal(outcome(unknown[i]), ENOSYS);
	assert_int_equal(outcome(fork_once), 0);
	assert_int_equal(outcome(read_outside), 0);
}

#else

static bool have_landlock(void) { return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1; }

static void c159_what_nobody_needs_who_serves_ends_netd(void **state)
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
	assert_int_not_equal(0, outcome(read_configuration));
}

/* In a namespace of its own: /etc is a folder of ours, and somebody replaces a file. */
static int with_another_resolv_conf(void)
{
	struct berth_net_config cfg;
	int to[2], from[2];
	char b;

	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("x", "/etc", "tmpfs", 0, NULL) || look("/etc/resolv.conf", O_CREAT | O_WRONLY) || pipe(to) || pipe(from))
		return 100;
	if (fork() == 0) {
		_exit(read(to[0], &b, 1) != 1 || look("/etc/new", O_CREAT | O_WRONLY) || rename("/etc/new", "/etc/resolv.conf") ||
		      write(from[1], "x", 1) != 1);
	}
	configured(&cfg);
	berth_netd_sandbox(&cfg);
	if (!berth_netd_sandbox_is_current())
		return 1;
	if (write(to[1], "x", 1) != 1 || read(from[0], &b, 1) != 1)
		return 2;
	return berth_netd_sandbox_is_current() ? 3 : 0;
}

static void a_replaced_resolv_conf_is_noticed(void **state)
{
	int status;
	pid_t p;

	(void)state;
	if ((p = fork()) == 0)
		_exit(with_another_resolv_conf());
	assert_int_equal(waitpid(p, &status, 0), p);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 100)
		skip();		/* no namespaces here */
	assert_int_equal(0, status);
}

#endif

static int setup(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return chdir(dir) || mkdir("sockets", 0700) || look("file", O_CREAT | O_WRONLY) || look("store", O_CREAT | O_WRONLY);
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
		cmocka_unit_test(what_netd_is_for_it_can_do),
#ifdef BERTH_UNCONFINED
		cmocka_unit_test(an_instrumented_build_is_not_confined),
#else
		cmocka_unit_test(c159_what_nobody_needs_who_serves_ends_netd),
		cmocka_unit_test(c159_everything_else_is_as_on_a_kernel_without_it),
		cmocka_unit_test(c159_files_of_others_cannot_be_reached),
		cmocka_unit_test(a_replaced_resolv_conf_is_noticed),
#endif
	};

	return cmocka_run_group_tests_name("sandbox", tests, setup, teardown);
}
