/* SPDX-License-Identifier: Apache-2.0 */
/* C159 for netd: what ends it, what it is refused, and what it can do.  Each case is a
 * process of its own that is confined and then does one thing.  That everything else
 * still works, every other test of netd shows: each of them runs confined. */
#include "agent/netd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/deeds.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];

/* ---- deeds of its own */

static int rename_it(void) { return deed_result(rename("file", "other")); }
static int chmod_it(void) { return deed_result(chmod("file", 0666)); }

static int make_folder(void) { return deed_result(mkdir("sub", 0700)); }

static int bound_memory(void)
{
	struct rlimit l;

	return deed_result(getrlimit(RLIMIT_DATA, &l)) + deed_result(setrlimit(RLIMIT_DATA, &l));
}
static int socket_in_folder(void) { return deed_socket_at("sockets/x"); }

static int read_certificate(void) { return deed_look("file", O_RDONLY); }
static int read_resolver(void) { return deed_look("/etc/resolv.conf", O_RDONLY); }
static int read_outside(void) { return deed_look("/etc/passwd", O_RDONLY); }
static int read_configuration(void) { return deed_look("/etc/berth/berth.conf", O_RDONLY); }
static int read_store(void) { return deed_look("store", O_RDONLY); }
static int write_certificate(void) { return deed_look("file", O_WRONLY); }
static int make_among_sockets(void) { return deed_look("sockets/file", O_WRONLY | O_CREAT); }
static int socket_outside(void) { return deed_socket_at("x"); }

/* ---- outcomes */

static void configured(struct berth_net_config *cfg)
{
	berth_net_config_init(cfg);
	snprintf(cfg->tls.certificate, sizeof(cfg->tls.certificate), "%s/file", dir);
	snprintf(cfg->sockets[cfg->n_sockets++], sizeof(cfg->sockets[0]), "%s/sockets", dir);
}

static void confine(void *cfg) { berth_netd_sandbox(cfg); }

static int outcome(deed *what)
{
	struct berth_net_config cfg;

	configured(&cfg);
	return deed_outcome(confine, &cfg, what);
}

static deed *const never[] = {
	deed_exec_true, deed_fork_once, deed_shell, deed_trace_parent, deed_read_parent, deed_signal_parent,
	deed_packet_socket, deed_own_namespace, deed_mount_it, deed_other_uid, deed_io_ring, deed_keyring, rename_it,
	chmod_it,
};
static deed *const unknown[] = {
	deed_bluetooth_socket, deed_alg_socket, deed_in_memory_file, make_folder, deed_type_for_the_user,
	deed_limits_of_parent, deed_map_written_code,
};
static deed *const possible[] = {
	deed_unix_socket, deed_inet_socket, deed_inet6_socket, deed_map_data, deed_thread, deed_late_library,
	deed_look_up, bound_memory, socket_in_folder, read_certificate,
};
static deed *const outside[] = {
	read_outside, read_store, write_certificate, deed_make_outside, make_among_sockets, socket_outside,
};

static void what_netd_is_for_it_can_do(void **state)
{
	(void)state;
	CHECK_DEEDS(possible, 0);
	assert_int_equal(outcome(deed_give_up), -SIGABRT);
	if (access("/etc/resolv.conf", R_OK) == 0)
		assert_int_equal(0, outcome(read_resolver));
}

#ifdef BERTH_UNCONFINED

static void an_instrumented_build_is_not_confined(void **state)
{
	(void)state, (void)never, (void)outside, (void)read_configuration;	/* some of it would be done */
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_int_not_equal(outcome(unknown[i]), ENOSYS);
	assert_int_equal(outcome(deed_fork_once), 0);
	assert_int_equal(outcome(read_outside), 0);
}

#else

static void c159_what_nobody_needs_who_serves_ends_netd(void **state)
{
	(void)state;
	CHECK_DEEDS(never, KILLED);
}

static void c159_everything_else_is_as_on_a_kernel_without_it(void **state)
{
	(void)state;
	CHECK_DEEDS(unknown, ENOSYS);
}

static void c159_files_of_others_cannot_be_reached(void **state)
{
	(void)state;
	CHECK_DEEDS(outside, deed_have_landlock() ? EACCES : 0);
	assert_int_not_equal(0, outcome(read_configuration));
}

/* In a namespace of its own: /etc is a folder of ours, and somebody replaces a file. */
static int with_another_resolv_conf(void)
{
	struct berth_net_config cfg;
	int to[2], from[2];
	char b;

	if (unshare(geteuid() ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS) || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("x", "/etc", "tmpfs", 0, NULL) || deed_look("/etc/resolv.conf", O_CREAT | O_WRONLY) || pipe(to) || pipe(from))
		return 100;
	if (fork() == 0) {
		_exit(read(to[0], &b, 1) != 1 || deed_look("/etc/new", O_CREAT | O_WRONLY) || rename("/etc/new", "/etc/resolv.conf") ||
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
	*state = dir;
	test_tmpdir(dir);
	return chdir(dir) || mkdir("sockets", 0700) || deed_look("file", O_CREAT | O_WRONLY) || deed_look("store", O_CREAT | O_WRONLY);
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

	return cmocka_run_group_tests_name("sandbox", tests, setup, test_tmpdir_teardown);
}
