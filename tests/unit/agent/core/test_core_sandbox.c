/* SPDX-License-Identifier: Apache-2.0 */
/* C159 for the core: what ends it, what it is refused, and what it can do.  Each case is a
 * process of its own that is confined and then does one thing.  That everything else
 * still works, every system test shows: each of them runs confined. */
#include "agent/core/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/deeds.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];

/* ---- deeds of its own */

static int make_folder(void) { return deed_result(mkdir("state/sub", 0700)); }

static int socket_in_run_dir(void) { return deed_socket_at("run/x"); }

static int read_configuration(void) { return deed_look("etc/berth.conf", O_RDONLY); }
static int read_roots(void) { return deed_look("roots.pem", O_RDONLY); }
static int read_process(void) { return deed_look("/proc/self/stat", O_RDONLY); }
static int use_store(void)
{
	return deed_look("state/new", O_CREAT | O_RDWR) ? errno : rename("state/new", "state/db") || unlink("state/db") ? errno : 0;
}
static int read_outside(void) { return deed_look("/etc/hostname", O_RDONLY); }
static int read_keys(void) { return deed_look("keys", O_RDONLY); }
static int write_configuration(void) { return deed_look("etc/berth.conf", O_WRONLY); }
static int make_outside(void) { return deed_look("other", O_WRONLY | O_CREAT); }
static int make_among_sockets(void) { return deed_look("run/file", O_WRONLY | O_CREAT); }
static int socket_outside(void) { return deed_socket_at("x"); }

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

static void confine(void *cfg)
{
	char path[TMPDIR_LEN + 16];

	snprintf(path, sizeof(path), "%s/etc/berth.conf", dir);
	berth_core_sandbox(cfg, path);
}

static int outcome(deed *what)
{
	struct berth_config *cfg = configured();
	int how = deed_outcome(confine, cfg, what);

	berth_config_free(cfg);
	return how;
}

static deed *const never[] = {
	deed_exec_true, deed_fork_once, deed_shell, deed_trace_parent, deed_read_parent, deed_signal_parent,
	deed_packet_socket, deed_inet_socket, deed_own_namespace, deed_mount_it, deed_other_uid, deed_io_ring,
	deed_keyring,
};
static deed *const unknown[] = {
	deed_alg_socket, deed_in_memory_file, make_folder, deed_map_code,
};
static deed *const possible[] = {
	deed_unix_socket, deed_map_data, socket_in_run_dir, read_configuration, read_roots, read_process, use_store,
};
static deed *const outside[] = {
	read_outside, read_keys, write_configuration, make_outside, make_among_sockets, socket_outside,
};

static void what_the_core_is_for_it_can_do(void **state)
{
	(void)state;
	CHECK_DEEDS(possible, 0);
	assert_int_equal(outcome(deed_give_up), -SIGABRT);
}

#ifdef BERTH_UNCONFINED

static void an_instrumented_build_is_not_confined(void **state)
{
	(void)state, (void)never, (void)outside;	/* some of it would be done */
	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_int_not_equal(outcome(unknown[i]), ENOSYS);
	assert_int_equal(outcome(deed_fork_once), 0);
}

#else

static void c159_what_nobody_needs_who_keeps_a_store_ends_it(void **state)
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
}

#endif

static int setup(void **state)
{
	*state = dir;
	test_tmpdir(dir);
	return chdir(dir) || mkdir("state", 0700) || mkdir("run", 0700) || mkdir("etc", 0700) ||
	       deed_look("etc/berth.conf", O_CREAT | O_WRONLY) || deed_look("roots.pem", O_CREAT | O_WRONLY) ||
	       deed_look("keys", O_CREAT | O_WRONLY);
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

	return cmocka_run_group_tests_name("sandbox", tests, setup, test_tmpdir_teardown);
}
