/* SPDX-License-Identifier: Apache-2.0 */
/* C159 for resolverd: what ends it, what it is refused, and what it can do.  Each case is
 * a process of its own that is confined and then does one thing.  That exchanges, names
 * and libraries work, tests/unit/agent/core/test_resolve_web.c shows of a confined one. */
#include "agent/resolverd/sandbox.h"

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
static int bluetooth_socket(void) { return result(socket(AF_BLUETOOTH, SOCK_RAW, 0)); }
static int alg_socket(void) { return result(socket(AF_ALG, SOCK_SEQPACKET, 0)); }
static int listen_to_peers(void) { return result(listen(socket(AF_INET, SOCK_STREAM, 0), 1)); }
static int own_namespace(void) { return result(unshare(CLONE_NEWUSER)); }
static int mount_it(void) { return result(mount("x", dir, "tmpfs", 0, NULL)); }
static int other_uid(void) { return result(syscall(SYS_setuid, 1)); }
static int io_ring(void) { return result(syscall(SYS_io_uring_setup, 1, NULL)); }
static int keyring(void) { return result(syscall(SYS_keyctl, 0, 0)); }
static int chmod_it(void) { return result(chmod("file", 0666)); }
static int link_it(void) { return result(symlink("file", "link")); }
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

static int rename_it(void) { return result(rename("publish/file", "publish/other")); }
static int make_folder(void) { return result(mkdir("publish/host", 0755)); }

static int in_memory_file(void) { return result(memfd_create("x", 0)); }
static int lock_memory(void)
{
	char b[8] = { 0 };

	return result(mlock(b, sizeof(b)));
}

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

static int look(const char *path, int flags)
{
	int fd = open(path, flags, 0600);

	if (fd >= 0)
		close(fd);
	return result(fd);
}
static int read_file(void) { return look("file", O_RDONLY); }
static int read_in_folder(void) { return look("folder/x", O_RDONLY); }
static int read_published(void) { return look("publish/file", O_RDONLY); }
static int read_resolver(void) { return look("/etc/resolv.conf", O_RDONLY); }
static int write_published(void) { return look("publish/new", O_WRONLY | O_CREAT | O_EXCL); }

static int read_outside(void) { return look("/etc/passwd", O_RDONLY); }
static int read_store(void) { return look("store", O_RDONLY); }
static int read_configuration(void) { return look("/etc/berth/berth.conf", O_RDONLY); }
static int read_unnamed(void) { return look("unnamed", O_RDONLY); }
static int write_file(void) { return look("file", O_WRONLY); }
static int write_in_folder(void) { return look("folder/x", O_WRONLY); }
static int make_in_folder(void) { return look("folder/new", O_WRONLY | O_CREAT); }
static int make_outside(void) { return look("/tmp/berth-outside", O_WRONLY | O_CREAT | O_EXCL); }
static int make_folder_outside(void) { return result(mkdir("sub", 0700)); }
static int move_outside(void) { return result(rename("publish/file", "file")); }
static int remove_outside(void) { return result(unlink("folder/x")); }

static int give_up(void) { abort(); }

/* ---- outcomes */

static bool publishing;

/* As an adapter's section says it. */
static void configured(struct berth_res_paths *p)
{
	char config[512];

	*p = (struct berth_res_paths){ 0 };
	snprintf(config, sizeof(config), "{\"dir\":\"%s/folder\",\"authorization-file\":\"%s/file\",\"name\":\"%s/unnamed\",\"x-dir\":\"store\"%s}",
		 dir, dir, dir, publishing ? "," : "");
	if (publishing)
		snprintf(config + strlen(config) - 1, sizeof(config) - strlen(config), "\"publish-dir\":\"%s/publish\"}", dir);
	CHECK_OK(berth_res_paths_add(p, config));
	assert_int_equal(p->n, 2 + publishing);
}

/* How a process ends that is confined and does that: 0 or an errno, or -signal. */
static int outcome(deed *what)
{
	struct berth_res_paths paths;
	int status;
	pid_t p;

	configured(&paths);
	fflush(stdout);
	if ((p = fork()) == 0) {
		struct rlimit none = { 0, 0 };

		setrlimit(RLIMIT_CORE, &none);
		berth_resolverd_sandbox(&paths);
		_exit(what());
	}
	berth_res_paths_free(&paths);
	assert_true(p > 0);
	assert_int_equal(waitpid(p, &status, 0), p);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

#define KILLED (-SIGSYS)
#define COUNT(v) (sizeof(v) / sizeof((v)[0]))

static deed *const never[] = {
	exec_true, fork_once, shell, trace_parent, read_parent, signal_parent, packet_socket, bluetooth_socket, alg_socket,
	listen_to_peers, own_namespace, mount_it, other_uid, io_ring, keyring, chmod_it, link_it, type_for_the_user,
	limits_of_parent, map_written_code,
};
static deed *const tried[] = { in_memory_file, lock_memory };
static deed *const to_publish[] = { rename_it, make_folder };
static deed *const possible[] = {
	inet_socket, inet6_socket, map_data, thread, late_library, look_up, read_file, read_in_folder,
};
static deed *const outside[] = {
	read_outside, read_store, read_unnamed, write_file, write_in_folder, make_in_folder, make_outside,
};
static deed *const outside_of_publishing[] = { make_folder_outside, move_outside, remove_outside };

static void what_resolverd_is_for_it_can_do(void **state)
{
	(void)state;
	publishing = false;
	for (size_t i = 0; i < COUNT(possible); i++)
		if (outcome(possible[i]) != 0)
			fail_msg("possible[%zu]: %d", i, outcome(possible[i]));
	assert_int_equal(outcome(give_up), -SIGABRT);
	if (access("/etc/resolv.conf", R_OK) == 0)
		assert_int_equal(0, outcome(read_resolver));
	publishing = true;
	assert_int_equal(0, outcome(write_published));
	assert_int_equal(0, outcome(read_published));
	assert_int_equal(0, outcome(make_folder));
	assert_int_equal(0, outcome(rename_it));
	assert_int_equal(0, rename("publish/other", "publish/file") | unlink("publish/new") | rmdir("publish/host"));
}

#ifdef BERTH_UNCONFINED

static void an_instrumented_build_is_not_confined(void **state)
{
	(void)state, (void)never, (void)outside, (void)read_configuration, (void)outside_of_publishing, (void)to_publish;
	for (size_t i = 0; i < COUNT(tried); i++)
		assert_int_not_equal(outcome(tried[i]), ENOSYS);
	assert_int_equal(outcome(fork_once), 0);
	assert_int_equal(outcome(read_outside), 0);
}

#else

static bool have_landlock(void) { return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1; }

static void c159_what_it_has_no_use_for_ends_resolverd(void **state)
{
	(void)state;
	for (int with = 0; with < 2; with++) {
		publishing = with;
		for (size_t i = 0; i < COUNT(never); i++)
			if (outcome(never[i]) != KILLED)
				fail_msg("never[%zu]: %d", i, outcome(never[i]));
		for (size_t i = 0; i < COUNT(tried); i++)
			if (outcome(tried[i]) != ENOSYS)
				fail_msg("tried[%zu]: %d", i, outcome(tried[i]));
	}
	publishing = false;
	for (size_t i = 0; i < COUNT(to_publish); i++)
		assert_int_equal(KILLED, outcome(to_publish[i]));
}

static void c159_files_of_others_cannot_be_reached(void **state)
{
	int want = have_landlock() ? EACCES : 0;

	(void)state;
	publishing = false;
	for (size_t i = 0; i < COUNT(outside); i++)
		if (outcome(outside[i]) != want)
			fail_msg("outside[%zu]: %d", i, outcome(outside[i]));
	assert_int_not_equal(0, outcome(read_configuration));
	publishing = true;
	for (size_t i = 0; i < COUNT(outside_of_publishing); i++) {
		int got = outcome(outside_of_publishing[i]);

		if (got != want && !(want && got == EXDEV))
			fail_msg("outside_of_publishing[%zu]: %d", i, got);
	}
}

#endif

static void a_replaced_file_is_noticed(void **state)
{
	struct berth_res_paths paths;

	(void)state;
	publishing = false;
	configured(&paths);
	CHECK(berth_res_paths_are_current(&paths));
	assert_int_equal(0, look("folder/more", O_CREAT | O_WRONLY));	/* what is in folders may change */
	CHECK(berth_res_paths_are_current(&paths));
	assert_int_equal(0, look("new", O_CREAT | O_WRONLY) | result(rename("new", "file")));
	CHECK(!berth_res_paths_are_current(&paths));
	berth_res_paths_free(&paths);
}

static void paths_are_bounded(void **state)
{
	struct berth_res_paths p = { 0 };

	(void)state;
	CHECK_RC(BERTH_E_PLUGIN, berth_res_paths_add(&p, "[]"));
	CHECK_RC(BERTH_E_PLUGIN, berth_res_paths_add(&p, "{"));
	CHECK_OK(berth_res_paths_add(&p, "{\"dir\":\"relative\",\"path\":\"/x\",\"a-file\":7,\"afile\":\"/x\"}"));
	assert_int_equal(0, p.n);
	for (int i = 0; i < BERTH_RES_PATHS_MAX; i++)
		CHECK_OK(berth_res_paths_add(&p, "{\"a-file\":\"/none\"}"));
	CHECK_RC(BERTH_E_PLUGIN, berth_res_paths_add(&p, "{\"a-file\":\"/none\"}"));
	berth_res_paths_free(&p);
}

static int setup(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return chdir(dir) || mkdir("folder", 0700) || mkdir("publish", 0700) || look("file", O_CREAT | O_WRONLY) ||
	       look("folder/x", O_CREAT | O_WRONLY) || look("publish/file", O_CREAT | O_WRONLY) ||
	       look("store", O_CREAT | O_WRONLY) || look("unnamed", O_CREAT | O_WRONLY);
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
		cmocka_unit_test(what_resolverd_is_for_it_can_do),
#ifdef BERTH_UNCONFINED
		cmocka_unit_test(an_instrumented_build_is_not_confined),
#else
		cmocka_unit_test(c159_what_it_has_no_use_for_ends_resolverd),
		cmocka_unit_test(c159_files_of_others_cannot_be_reached),
#endif
		cmocka_unit_test(a_replaced_file_is_noticed),
		cmocka_unit_test(paths_are_bounded),
	};

	return cmocka_run_group_tests_name("resolverd_sandbox", tests, setup, teardown);
}
