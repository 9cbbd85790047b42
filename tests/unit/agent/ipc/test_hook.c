/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/hook.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "agent/ipc/starter.h"
#include "tests/check.h"
#include "tests/fakes/tmpdir.h"

#define SOMEBODY 61000

static char shell[PATH_MAX];	/* root's everywhere; its script is the item */
static struct berth_hook hook = { .name = "test", .program = shell };
static const struct berth_hook_item item = { "wifi", "network", "0123abcd" };

static void begin(void)
{
	const char *const programs[] = { "/bin/false" };

	if (geteuid() && !berth_proc_can_landlock())
		skip();
	hook.uid = geteuid() ? geteuid() : SOMEBODY;
	hook.gid = geteuid() ? getegid() : SOMEBODY;
	CHECK_OK(berth_hook_check(&hook));
	berth_starter_hooks(&hook, 1);
	CHECK_OK(berth_starter_begin(programs, 1));
}

static int start(struct berth_proc *p, const char *script)
{
	int pair[2];

	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair));
	CHECK_OK(berth_starter_hook(p, 0, &item, pair[1]));
	close(pair[1]);
	assert_int_equal(strlen(script), write(pair[0], script, strlen(script)));
	shutdown(pair[0], SHUT_WR);
	return pair[0];
}

/* All that it says, until n bytes have come or it has closed its output. */
static void hear(int sock, char *out, size_t n)
{
	struct pollfd f = { .fd = sock, .events = POLLIN };
	size_t at = 0;
	ssize_t got = 1;

	while (at < n && got > 0 && poll(&f, 1, PATIENCE_MS) == 1)
		if ((got = read(sock, out + at, n - at)) > 0)
			at += (size_t)got;
	out[at] = '\0';
}

static int run(const char *script, char out[512])
{
	struct berth_proc p;
	int sock = start(&p, script);

	hear(sock, out, 511);
	close(sock);
	return berth_proc_stop(&p, PATIENCE_MS);
}

static void it_is_told_what_it_reads_and_nothing_else(void **state)
{
	char out[512];
	int status;

	(void)state;
	begin();
	setenv("BERTH_TCTI", "swtpm", 1);
	status = run("echo $# $BERTH_ITEM_ID $BERTH_ITEM_TYPE $BERTH_ITEM_SHA256 $BERTH_TCTI; exit 3", out);
	assert_string_equal("0 wifi network 0123abcd\n", out);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 3);
	berth_starter_end();
}

static void it_is_somebody_without_groups_or_privileges(void **state)
{
	char out[512], want[64];

	(void)state;
	begin();
	snprintf(want, sizeof(want), "%u %u", (unsigned)hook.uid, (unsigned)hook.gid);
	run("echo $(id -u) $(id -g); if [ $(id -u) != 61000 ] || [ \"$(id -G)\" = 61000 ]; then echo alone; fi;"
	    "setsid true 2>/dev/null || echo stays; touch /etc/berth-was-here 2>/dev/null || echo kept; ulimit -n", out);
	assert_memory_equal(want, out, strlen(want));
	assert_string_equal("\nalone\nstays\nkept\n256\n", out + strlen(want));
	berth_starter_end();
}

/* As a daemon does that is not root; what it exits with. */
static int as_ourselves(void)
{
	char out[512];

	if (!geteuid() && (setresgid(SOMEBODY, SOMEBODY, SOMEBODY) || setresuid(SOMEBODY, SOMEBODY, SOMEBODY)))
		return 1;
	begin();
	run("for f in /etc/hosts /etc/passwd /etc/debian_version; do"
	    " read line <$f && echo $f; done 2>/dev/null; ls /etc >/dev/null 2>&1 || echo no list", out);
	berth_starter_end();
	return strcmp(out, "/etc/hosts\n/etc/passwd\nno list\n") ? 2 : 0;
}

/* Our own passphrases and PINs are in /etc, and our own user may read them. */
static void who_is_us_reads_of_etc_what_programs_need(void **state)
{
	char out[512];
	int status;
	pid_t pid;

	(void)state;
	if (!berth_proc_can_landlock() || access("/etc/debian_version", R_OK))
		skip();
	if ((pid = fork()) == 0)
		_exit(as_ourselves());
	assert_int_equal(pid, waitpid(pid, &status, 0));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	begin();
	run("read line </etc/debian_version && echo read", out);
	assert_string_equal(geteuid() ? "" : "read\n", out);
	berth_starter_end();
}

static bool is_gone(pid_t pid) { return kill(pid, 0) && errno == ESRCH; }

static void what_it_leaves_behind_is_killed_with_it(void **state)
{
	struct berth_proc p;
	char out[512];
	int sock, status;

	(void)state;
	begin();
	status = run("sleep 1000 >/dev/null 2>&1 </dev/null & echo $!", out);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	CHECK_SOON(is_gone(atoi(out)));

	sock = start(&p, "sleep 1000 & echo $!; exec sleep 1000");	/* and one that hangs */
	hear(sock, out, 3);
	status = berth_proc_stop(&p, 0);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	hear(sock, out, 511);	/* both had it open */
	close(sock);
	berth_starter_end();
}

static void one_runs_at_a_time_and_only_one_of_ours(void **state)
{
	struct berth_hook_item odd = { "../etc", "network", "" };
	struct berth_proc p, q;
	int sock;

	(void)state;
	begin();
	sock = start(&p, "exec sleep 1000");
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_starter_hook(&q, 0, &item, sock));
	berth_proc_stop(&p, 0);
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_starter_hook(&q, 1, &item, sock));
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_starter_hook(&q, 0, &odd, sock));
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_starter_hook(&q, 0, &item, -1));
	CHECK_OK(berth_starter_hook(&q, 0, &item, sock));	/* and it lives on */
	berth_proc_stop(&q, 0);
	close(sock);
	berth_starter_end();
}

static void names_of_items_are_those_of_files(void **state)
{
	char longer[65] = "";

	(void)state;
	CHECK_OK(berth_hook_id_check("Wi-Fi_2.conf"));
	CHECK_RC(BERTH_E_TYPE, berth_hook_id_check(""));
	CHECK_RC(BERTH_E_TYPE, berth_hook_id_check("a/b"));
	CHECK_RC(BERTH_E_TYPE, berth_hook_id_check(".."));
	CHECK_RC(BERTH_E_TYPE, berth_hook_id_check("-rf"));
	CHECK_RC(BERTH_E_TYPE, berth_hook_id_check("a b"));
	memset(longer, 'a', 64);
	CHECK_RC(BERTH_E_TYPE, berth_hook_id_check(longer));
	longer[63] = '\0';
	CHECK_OK(berth_hook_id_check(longer));
}

static void programs_are_roots_and_users_are_not(void **state)
{
	struct berth_hook h = { .name = "h", .program = shell, .uid = hook.uid, .gid = hook.gid };
	char dir[TMPDIR_LEN], program[PATH_MAX];

	(void)state;
	CHECK_OK(berth_hook_check(&h));
	h.uid = 0;
	CHECK_RC(BERTH_E_CONFIG, berth_hook_check(&h));
	h.uid = hook.uid;
	if (geteuid()) {
		h.uid++;	/* nobody that we can become */
		CHECK_RC(BERTH_E_CONFIG, berth_hook_check(&h));
		return;
	}
	test_tmpdir(dir);
	snprintf(program, sizeof(program), "%s", test_path(dir, "hook"));
	test_write_file(program, "#!/bin/sh\n", 10, 0755);
	h.program = program;
	CHECK_OK(berth_hook_check(&h));
	assert_int_equal(0, chmod(program, 0644));
	CHECK_RC(BERTH_E_CONFIG, berth_hook_check(&h));
	assert_int_equal(0, chmod(program, 0775));
	CHECK_RC(BERTH_E_CONFIG, berth_hook_check(&h));
	assert_int_equal(0, chmod(program, 0755));
	assert_int_equal(0, chmod(dir, 0777));
	CHECK_RC(BERTH_E_CONFIG, berth_hook_check(&h));
	assert_int_equal(0, chmod(dir, 0700));
	assert_int_equal(0, chown(program, SOMEBODY, 0));
	CHECK_RC(BERTH_E_CONFIG, berth_hook_check(&h));
	h.program = "/bin/../bin/true";
	CHECK_RC(BERTH_E_CONFIG, berth_hook_check(&h));
	test_tmpdir_remove(dir);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_told_what_it_reads_and_nothing_else),
		cmocka_unit_test(it_is_somebody_without_groups_or_privileges),
		cmocka_unit_test(who_is_us_reads_of_etc_what_programs_need),
		cmocka_unit_test(what_it_leaves_behind_is_killed_with_it),
		cmocka_unit_test(one_runs_at_a_time_and_only_one_of_ours),
		cmocka_unit_test(names_of_items_are_those_of_files),
		cmocka_unit_test(programs_are_roots_and_users_are_not),
	};

	signal(SIGPIPE, SIG_IGN);
	if (!realpath("/bin/sh", shell))
		return 1;
	return cmocka_run_group_tests_name("hook", tests, NULL, NULL);
}
