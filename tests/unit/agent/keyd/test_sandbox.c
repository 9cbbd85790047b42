/* SPDX-License-Identifier: Apache-2.0 */
/* C159 for keyd: what ends it, store by store, and what does not.  Each case is a
 * process of its own that is confined and then does one thing. */
#include "agent/keyd/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/deeds.h"
#include "tests/fakes/tmpdir.h"

#define NOTHING 0u
#define ALL (BERTH_NEEDS_UNIX | BERTH_NEEDS_TCP | BERTH_NEEDS_THREADS | BERTH_NEEDS_MODULE)

static char dir[TMPDIR_LEN];

/* ---- deeds of its own ---- */

static int trace_me(void) { return deed_result(ptrace(PTRACE_TRACEME, 0, 0, 0)); }
static int netlink_socket(void) { return deed_result(socket(AF_NETLINK, SOCK_RAW, 0)); }
static int make_folder(void) { return deed_result(mkdir("sub", 0700)); }
static int give_away(void) { return deed_result(fchown(1, getuid(), getgid())); }

static int data_to_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return deed_result(mprotect(p, 4096, PROT_READ | PROT_EXEC));
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

static int read_outside(void) { return deed_look("/etc/hostname", O_RDONLY); }
static int read_below(void) { return deed_look("read/file", O_RDONLY); }
static int write_read_only(void) { return deed_look("read/file", O_WRONLY); }
static int make_read_only(void) { return deed_look("read/new", O_WRONLY | O_CREAT); }
static int symlink_below(void) { return deed_result(syscall(SYS_symlinkat, "/etc/passwd", AT_FDCWD, "write/link")); }

/* As file.c does it: a new file, then into its slots, and one of them less. */
static int replace_below(void)
{
	int fd = open("write/file.new", O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0 || pwrite(fd, "x", 1, 0) != 1 || fchmod(fd, 0600) || fsync(fd) ||
	    renameat(AT_FDCWD, "write/file.new", AT_FDCWD, "write/file"))
		return errno;
	if (ftruncate(fd, 8192) || pwrite(fd, "y", 1, 4096) != 1 || fdatasync(fd) || ftruncate(fd, 4096) || unlink("write/file"))
		return errno;
	return close(fd);
}

/* ---- outcomes ---- */

static void confine(void *needs) { keyd_sandbox(needs); }

static int outcome(unsigned calls, deed *what)
{
	char readable[TMPDIR_LEN + 8], writable[TMPDIR_LEN + 8];
	struct berth_keystore_needs needs = { .calls = calls, .n = 3, .path = { { readable, false }, { writable, true },
									        { dir, false } } };

	snprintf(readable, sizeof(readable), "%s/read", dir);
	snprintf(writable, sizeof(writable), "%s/write", dir);
	return deed_outcome(confine, &needs, what);
}

/* ---- what is tried ---- */

static deed *const never[] = {
	deed_exec_true, deed_fork_once, trace_me, deed_read_parent, deed_signal_parent, deed_packet_socket,
	netlink_socket, deed_inet6_socket, deed_own_namespace, deed_other_uid, deed_io_ring, deed_map_written_code,
};
static const struct { deed *what; unsigned kinds; } sometimes[] = {
	{ deed_unix_socket, BERTH_NEEDS_UNIX | BERTH_NEEDS_TCP | BERTH_NEEDS_MODULE },
	{ deed_inet_socket, BERTH_NEEDS_TCP },
	{ deed_thread, BERTH_NEEDS_THREADS | BERTH_NEEDS_MODULE },
	{ deed_map_code, BERTH_NEEDS_MODULE },
	{ data_to_code, BERTH_NEEDS_MODULE },
	{ list_folder, BERTH_NEEDS_MODULE },
};
static deed *const outside[] = { read_outside, deed_make_outside, write_read_only, make_read_only };

static int clean(void **state)
{
	(void)state;
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
		assert_int_equal(outcome(NOTHING, outside[i]), deed_have_landlock() ? EACCES : 0);
	assert_int_equal(outcome(NOTHING, symlink_below), KILLED);
}

#endif

static void what_a_file_takes_is_allowed(void **state)
{
	(void)state;
	assert_int_equal(outcome(NOTHING, deed_map_data), 0);
	assert_int_equal(outcome(NOTHING, read_below), 0);
	assert_int_equal(outcome(NOTHING, replace_below), 0);
	assert_int_equal(outcome(NOTHING, deed_give_up), -SIGABRT);	/* an abort is still an abort */
}

static int setup(void **state)
{
	*state = dir;
	test_tmpdir(dir);
	return chdir(dir) || mkdir("read", 0700) || mkdir("write", 0700) || close(creat("read/file", 0600));
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

	return cmocka_run_group_tests(tests, setup, test_tmpdir_teardown);
}
