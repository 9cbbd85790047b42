/* SPDX-License-Identifier: Apache-2.0 */
/* C159 for keyd: what ends it, store by store, and what does not.  Each case is a
 * process of its own that is confined and then does one thing. */
#include "agent/keyd/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/tmpdir.h"

#define NOTHING 0u
#define ALL (BERTH_NEEDS_UNIX | BERTH_NEEDS_TCP | BERTH_NEEDS_THREADS | BERTH_NEEDS_MODULE)

static char dir[TMPDIR_LEN];

/* 0: done; else an errno. */
typedef int deed(void);

static int result(long r) { return r < 0 ? errno : 0; }

/* ---- deeds ---- */

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

static int trace_me(void) { return result(ptrace(PTRACE_TRACEME, 0, 0, 0)); }
static int read_parent(void)
{
	char b[8];
	struct iovec v = { b, sizeof(b) };

	return result(process_vm_readv(getppid(), &v, 1, &v, 1, 0));
}
static int signal_parent(void) { return result(kill(getppid(), 0)); }
static int unix_socket(void) { return result(socket(AF_UNIX, SOCK_STREAM, 0)); }
static int inet_socket(void) { return result(socket(AF_INET, SOCK_STREAM, 0)); }
static int inet6_socket(void) { return result(socket(AF_INET6, SOCK_STREAM, 0)); }
static int packet_socket(void) { return result(socket(AF_PACKET, SOCK_RAW, 0)); }
static int netlink_socket(void) { return result(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int own_namespace(void) { return result(unshare(CLONE_NEWUSER)); }
static int make_folder(void) { return result(mkdir("sub", 0700)); }
static int other_uid(void) { return result(syscall(SYS_setuid, 1)); }
static int give_away(void) { return result(fchown(1, getuid(), getgid())); }
static int io_ring(void) { return result(syscall(SYS_io_uring_setup, 1, NULL)); }

static int map(int prot)
{
	void *p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}
static int map_code(void) { return map(PROT_READ | PROT_EXEC); }
static int map_written_code(void) { return map(PROT_READ | PROT_WRITE | PROT_EXEC); }
static int map_data(void) { return map(PROT_READ | PROT_WRITE); }
static int data_to_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

static void *nothing(void *arg) { return arg; }
static int thread(void)
{
	pthread_t t;
	int r = pthread_create(&t, NULL, nothing, NULL);

	return r ? r : pthread_join(t, NULL);
}

static int list_folder(void)
{
	DIR *d = opendir(dir);

	if (!d)
		return errno;
	errno = 0;
	while (readdir(d))
		;
	closedir(d);
	return errno;
}

static int look(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return result(fd);
}
static int read_outside(void) { return look("/etc/hostname", O_RDONLY); }
static int make_outside(void) { return look("/tmp/berth-outside", O_WRONLY | O_CREAT | O_EXCL); }
static int read_below(void) { return look("read/file", O_RDONLY); }
static int write_read_only(void) { return look("read/file", O_WRONLY); }
static int make_read_only(void) { return look("read/new", O_WRONLY | O_CREAT); }
static int symlink_below(void) { return result(syscall(SYS_symlinkat, "/etc/passwd", AT_FDCWD, "write/link")); }

/* As file.c does it. */
static int replace_below(void)
{
	int fd = open("write/file.new", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || pwrite(fd, "x", 1, 0) != 1 || fchmod(fd, 0600) || fsync(fd) ||
	    renameat(AT_FDCWD, "write/file.new", AT_FDCWD, "write/file"))
		return errno;
	close(fd);
	/* and the second time, into the one before */
	fd = open("write/file.new", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || pwrite(fd, "y", 1, 0) != 1 || ftruncate(fd, 0) || fdatasync(fd) ||
	    renameat2(AT_FDCWD, "write/file.new", AT_FDCWD, "write/file", RENAME_EXCHANGE) ||
	    unlink("write/file.new") || unlink("write/file"))
		return errno;
	return close(fd);
}

static int give_up(void) { abort(); }

/* ---- outcomes ---- */

/* How a process ends that is confined and does that: 0 or an errno, or -signal. */
static int outcome(unsigned calls, deed *what)
{
	char readable[TMPDIR_LEN + 8], writable[TMPDIR_LEN + 8];
	struct berth_keystore_needs needs = { .calls = calls, .n = 3, .path = { { readable, false }, { writable, true },
									        { dir, false } } };
	int status;
	pid_t p;

	snprintf(readable, sizeof(readable), "%s/read", dir);
	snprintf(writable, sizeof(writable), "%s/write", dir);
	fflush(stdout);
	if ((p = fork()) == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		keyd_sandbox(&needs);
		_exit(what());
	}
	assert_true(p > 0);
	assert_int_equal(waitpid(p, &status, 0), p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#define KILLED (-SIGSYS)

/* ---- what is tried ---- */

static deed *const never[] = {
	exec_true, fork_once, trace_me, read_parent, signal_parent, packet_socket, netlink_socket, inet6_socket,
	own_namespace, other_uid, io_ring, map_written_code,
};
static const struct { deed *what; unsigned kinds; } sometimes[] = {
	{ unix_socket, BERTH_NEEDS_UNIX | BERTH_NEEDS_TCP | BERTH_NEEDS_MODULE },
	{ inet_socket, BERTH_NEEDS_TCP },
	{ thread, BERTH_NEEDS_THREADS | BERTH_NEEDS_MODULE },
	{ map_code, BERTH_NEEDS_MODULE },
	{ data_to_code, BERTH_NEEDS_MODULE },
	{ list_folder, BERTH_NEEDS_MODULE },
};
static deed *const outside[] = { read_outside, make_outside, write_read_only, make_read_only };
#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static int clean(void **state)
{
	(void)state;
	unlink("/tmp/berth-outside");
	unlink("write/link");
	unlink("read/new");
	rmdir("sub");
	return 0;
}

#ifdef BERTH_UNCONFINED

static void an_instrumented_build_is_not_confined(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(never); i++)
		assert_int_not_equal(outcome(NOTHING, never[i]), KILLED);
	for (size_t i = 0; i < COUNT(sometimes); i++)
		assert_int_equal(outcome(NOTHING, sometimes[i].what), 0);
	for (size_t i = 0; i < COUNT(outside); i++)
		assert_int_equal(outcome(NOTHING, outside[i]), 0);
	assert_int_equal(outcome(NOTHING, make_folder), 0);
	assert_int_equal(outcome(NOTHING, give_away), 0);
	assert_int_equal(outcome(NOTHING, symlink_below), 0);
}

#else

static bool have_landlock(void) { return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1; }

static void c159_what_no_store_needs_ends_keyd(void **state)
{
	static const unsigned kinds[] = { NOTHING, BERTH_NEEDS_UNIX, BERTH_NEEDS_TCP, BERTH_NEEDS_THREADS,
					  BERTH_NEEDS_MODULE, ALL };

	(void)state;
	for (size_t k = 0; k < COUNT(kinds); k++)
		for (size_t i = 0; i < COUNT(never); i++)
			assert_int_equal(outcome(kinds[k], never[i]), KILLED);
}

static void c159_each_kind_of_store_has_its_own_calls(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(sometimes); i++) {
		assert_int_equal(outcome(NOTHING, sometimes[i].what), KILLED);
		for (unsigned kind = 1; kind <= BERTH_NEEDS_MODULE; kind *= 2)
			assert_int_equal(outcome(kind, sometimes[i].what), sometimes[i].kinds & kind ? 0 : KILLED);
	}
	assert_int_equal(outcome(NOTHING, make_folder), KILLED);
	assert_int_equal(outcome(NOTHING, give_away), KILLED);
	assert_int_equal(outcome(BERTH_NEEDS_MODULE, give_away), EPERM);
}

static void c159_only_the_stores_own_paths_can_be_reached(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(outside); i++)
		assert_int_equal(outcome(NOTHING, outside[i]), have_landlock() ? EACCES : 0);
	assert_int_equal(outcome(NOTHING, symlink_below), KILLED);
}

#endif

static void what_a_file_takes_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(outcome(NOTHING, map_data), 0);
	assert_int_equal(outcome(NOTHING, read_below), 0);
	assert_int_equal(outcome(NOTHING, replace_below), 0);
	assert_int_equal(outcome(NOTHING, give_up), -SIGABRT);	/* an abort is still an abort */
}

static int setup(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return chdir(dir) || mkdir("read", 0700) || mkdir("write", 0700) || close(creat("read/file", 0600));
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
#ifdef BERTH_UNCONFINED
		cmocka_unit_test_teardown(an_instrumented_build_is_not_confined, clean),
#else
		cmocka_unit_test(c159_what_no_store_needs_ends_keyd),
		cmocka_unit_test(c159_each_kind_of_store_has_its_own_calls),
		cmocka_unit_test_teardown(c159_only_the_stores_own_paths_can_be_reached, clean),
#endif
		cmocka_unit_test(what_a_file_takes_is_allowed),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
