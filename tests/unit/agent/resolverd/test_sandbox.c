/* SPDX-License-Identifier: Apache-2.0 */
/* C159 for resolverd: what ends it, what it is refused, and what it can do.  Each case is
 * a process of its own that is confined and then does one thing.  That exchanges, names
 * and libraries work, tests/unit/agent/core/test_resolve_web.c shows of a confined one. */
#include "agent/resolverd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/ipc/proc.h"
#include "tests/check.h"
#include "tests/fakes/deeds.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];

/* ---- deeds of its own */

static int listen_to_peers(void) { return deed_result(listen(socket(AF_INET, SOCK_STREAM, 0), 1)); }
static int chmod_it(void) { return deed_result(chmod("file", 0666)); }
static int link_it(void) { return deed_result(symlink("file", "link")); }

static int rename_it(void) { return deed_result(rename("publish/file", "publish/other")); }
static int make_folder(void) { return deed_result(mkdir("publish/host", 0755)); }

static int lock_memory(void)
{
	char b[8] = { 0 };

	return deed_result(mlock(b, sizeof(b)));
}

static int read_file(void) { return deed_look("file", O_RDONLY); }
static int read_in_folder(void) { return deed_look("folder/x", O_RDONLY); }
static int read_published(void) { return deed_look("publish/file", O_RDONLY); }
static int read_resolver(void) { return deed_look("/etc/resolv.conf", O_RDONLY); }
static int write_published(void) { return deed_look("publish/new", O_WRONLY | O_CREAT | O_EXCL); }

static int other_protocol(void) { return deed_result(socket(AF_INET, SOCK_STREAM, IPPROTO_MPTCP)); }
static int raw_socket(void) { return deed_result(socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6)); }
static int udp_socket(void) { return deed_result(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP)); }

/* Somebody of this machine listens there. */
static uint16_t served;
static int with_tcp(int (*call)(int fd, const struct sockaddr *a, socklen_t n), uint16_t port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };

	return deed_result(call(socket(AF_INET, SOCK_STREAM, 0), (const struct sockaddr *)&a, sizeof(a)));
}
static int connect_to_it(void) { return with_tcp(connect, served); }
static int be_a_server(void) { return with_tcp(bind, 0); }

static int read_outside(void) { return deed_look("/etc/passwd", O_RDONLY); }
static int read_store(void) { return deed_look("store", O_RDONLY); }
static int read_configuration(void) { return deed_look("/etc/berth/berth.conf", O_RDONLY); }
static int read_unnamed(void) { return deed_look("unnamed", O_RDONLY); }
static int write_file(void) { return deed_look("file", O_WRONLY); }
static int write_in_folder(void) { return deed_look("folder/x", O_WRONLY); }
static int make_in_folder(void) { return deed_look("folder/new", O_WRONLY | O_CREAT); }
static int make_folder_outside(void) { return deed_result(mkdir("sub", 0700)); }
static int move_outside(void) { return deed_result(rename("publish/file", "file")); }
static int remove_outside(void) { return deed_result(unlink("folder/x")); }

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

static struct berth_res_http_policy policy;

static void confine(void *paths) { berth_resolverd_sandbox(paths, &policy); }

static int outcome(deed *what)
{
	struct berth_res_paths paths;
	int how;

	configured(&paths);
	how = deed_outcome(confine, &paths, what);
	berth_res_paths_free(&paths);
	return how;
}

static deed *const never[] = {
	deed_exec_true, deed_fork_once, deed_shell, deed_trace_parent, deed_read_parent, deed_signal_parent,
	deed_packet_socket, deed_bluetooth_socket, deed_alg_socket, listen_to_peers, deed_own_namespace, deed_mount_it,
	deed_other_uid, deed_io_ring, deed_keyring, chmod_it, link_it, deed_type_for_the_user, deed_limits_of_parent,
	deed_map_written_code, other_protocol, raw_socket,
};
static deed *const tried[] = {
	deed_in_memory_file, lock_memory,
};
static deed *const to_publish[] = { rename_it, make_folder };
static deed *const possible[] = {
	deed_inet_socket, deed_inet6_socket, deed_map_data, deed_thread, deed_late_library, deed_look_up, read_file,
	read_in_folder, udp_socket, connect_to_it,
};
static deed *const outside[] = {
	read_outside, read_store, read_unnamed, write_file, write_in_folder, make_in_folder, deed_make_outside,
};
static deed *const outside_of_publishing[] = { make_folder_outside, move_outside, remove_outside };

static void what_resolverd_is_for_it_can_do(void **state)
{
	(void)state;
	publishing = false;
	CHECK_DEEDS(possible, 0);
	assert_int_equal(outcome(deed_give_up), -SIGABRT);
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
	(void)state, (void)never, (void)outside, (void)be_a_server, (void)read_configuration, (void)outside_of_publishing, (void)to_publish;
	for (size_t i = 0; i < COUNT(tried); i++)
		assert_int_not_equal(outcome(tried[i]), ENOSYS);
	assert_int_equal(outcome(deed_fork_once), 0);
	assert_int_equal(outcome(read_outside), 0);
}

#else

static void c159_what_it_has_no_use_for_ends_resolverd(void **state)
{
	(void)state;
	for (int with = 0; with < 2; with++) {
		publishing = with;
		CHECK_DEEDS(never, KILLED);
		CHECK_DEEDS(tried, ENOSYS);
	}
	publishing = false;
	for (size_t i = 0; i < COUNT(to_publish); i++)
		assert_int_equal(KILLED, outcome(to_publish[i]));
}

static void c159_files_of_others_cannot_be_reached(void **state)
{
	int want = deed_have_landlock() ? EACCES : 0;

	(void)state;
	publishing = false;
	CHECK_DEEDS(outside, want);
	assert_int_not_equal(0, outcome(read_configuration));
	publishing = true;
	for (size_t i = 0; i < COUNT(outside_of_publishing); i++) {
		int got = outcome(outside_of_publishing[i]);

		if (got != want && !(want && got == EXDEV))
			fail_msg("outside_of_publishing[%zu]: %d", i, got);
	}
}

/* What went round the host's exchanges would reach no other port than they do. */
static void c159_tcp_goes_to_the_ports_of_the_policy(void **state)
{
	int refused = berth_proc_can_landlock_tcp() ? EACCES : 0;

	(void)state;
	publishing = false;
	assert_int_equal(0, outcome(connect_to_it));		/* any, where none is named */
	assert_int_equal(refused, outcome(be_a_server));
	CHECK_OK(berth_res_http_policy_add_port(&policy, served == 443 ? 444 : 443));
	assert_int_equal(refused, outcome(connect_to_it));
	CHECK_OK(berth_res_http_policy_add_port(&policy, served));
	assert_int_equal(0, outcome(connect_to_it));
	CHECK_OK(berth_res_http_policy_set_proxy(&policy, "http://127.0.0.1:1"));
	assert_int_equal(refused, outcome(connect_to_it));	/* then the proxy alone */
	berth_res_http_policy_free(&policy);
}

#endif

static void a_replaced_file_is_noticed(void **state)
{
	struct berth_res_paths paths;

	(void)state;
	publishing = false;
	configured(&paths);
	CHECK(berth_res_paths_are_current(&paths));
	assert_int_equal(0, deed_look("folder/more", O_CREAT | O_WRONLY));	/* what is in folders may change */
	CHECK(berth_res_paths_are_current(&paths));
	assert_int_equal(0, deed_look("new", O_CREAT | O_WRONLY) | deed_result(rename("new", "file")));
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

static void listen_here(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	CHECK(fd >= 0 && bind(fd, (struct sockaddr *)&a, n) == 0 && listen(fd, 16) == 0 &&
	      getsockname(fd, (struct sockaddr *)&a, &n) == 0);
	served = ntohs(a.sin_port);	/* until the end of the program */
}

static int setup(void **state)
{
	*state = dir;
	test_tmpdir(dir);
	berth_res_http_policy_init(&policy);
	listen_here();
	return chdir(dir) || mkdir("folder", 0700) || mkdir("publish", 0700) || deed_look("file", O_CREAT | O_WRONLY) ||
	       deed_look("folder/x", O_CREAT | O_WRONLY) || deed_look("publish/file", O_CREAT | O_WRONLY) ||
	       deed_look("store", O_CREAT | O_WRONLY) || deed_look("unnamed", O_CREAT | O_WRONLY);
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
		cmocka_unit_test(c159_tcp_goes_to_the_ports_of_the_policy),
#endif
		cmocka_unit_test(a_replaced_file_is_noticed),
		cmocka_unit_test(paths_are_bounded),
	};

	return cmocka_run_group_tests_name("resolverd_sandbox", tests, setup, test_tmpdir_teardown);
}
