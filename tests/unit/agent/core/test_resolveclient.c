/* SPDX-License-Identifier: Apache-2.0 */
/* The core's resolver over a real berth-resolverd and adapters of all manners. */
#include "agent/core/resolveclient.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/ipc/proc.h"
#include "did/base/clock.h"
#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/shell.h"
#include "tests/fakes/tmpdir.h"

static char dir[] = "/tmp/berth-resolve-XXXXXX", faulty[TEST_ADAPTER_LEN], libexec[PATH_MAX];

static int make_folder(void **state)
{
	*state = dir;
	CHECK(mkdtemp(dir));
	chmod(dir, 0755);
	test_fake_adapter(faulty, dir, "faulty");
	test_built(libexec, sizeof(libexec), "libexec");
	return 0;
}

static struct berth_resolveclient *client(const char *path, const char *config)
{
	struct berth_resolveclient *c;

	CHECK_OK(berth_resolveclient_new(&c, libexec, NULL));
	CHECK_OK(berth_resolveclient_add(c, "test", path, config));
	return c;
}

static enum berth_err resolve(struct berth_resolveclient *c, const char *did)
{
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_resolve(berth_resolveclient_resolver(c), did, &doc);

	CHECK((doc != NULL) == (rc == BERTH_OK));
	if (doc)
		assert_string_equal(did, doc->id);
	berth_did_doc_free(doc);
	return rc;
}

static void answers_are_judged(void **state)
{
	struct berth_resolveclient *c = client(faulty, "{}");

	(void)state;
	CHECK_OK(berth_resolveclient_start(c));
	CHECK(berth_resolveclient_pid(c) > 0);
	CHECK_OK(resolve(c, "did:fault:x"));
	CHECK_OK(resolve(c, "did:other:x"));
	CHECK_OK(resolve(c, "did:fault:max"));	/* 64 KiB */
	CHECK_RC(BERTH_E_DID, resolve(c, "did:third:x"));	/* nobody's method */
	CHECK_RC(BERTH_E_DID, resolve(c, "did:faul:x"));
	CHECK_RC(BERTH_E_DID, resolve(c, "did:faults:x"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:notfound"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:away"));
	CHECK_RC(BERTH_E_DID, resolve(c, "did:fault:invalid"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:wrongid"));	/* C097, C155 */
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:garbage"));
	berth_resolveclient_free(c);
}

/* What the adapter was asked for, as it says in the document; E_... without one. */
static enum berth_err version(struct berth_resolveclient *c, const char *did, const char *id, const char *time, const char *want)
{
	struct berth_did_version v = { .id = id, .time = time };
	struct berth_did_doc *doc = NULL;
	enum berth_err rc = berth_resolve_version(berth_resolveclient_resolver(c), did, &v, &doc);

	CHECK((doc != NULL) == (rc == BERTH_OK));
	if (doc)
		assert_string_equal(berth_json_str(berth_json_get(berth_did_doc_json(doc), "version")), want);
	berth_did_doc_free(doc);
	return rc;
}

static void versions_are_passed_on(void **state)
{
	struct berth_resolveclient *c = client(faulty, "{}");
	char longest[514] = { 0 }, want[300];

	(void)state;
	memset(longest, 'v', 513);
	snprintf(want, sizeof(want), "%s -", longest + 300);
	CHECK_OK(berth_resolveclient_start(c));
	CHECK_OK(version(c, "did:fault:x", "1-Qm", NULL, "1-Qm -"));
	CHECK_OK(version(c, "did:fault:x", NULL, "2026-11-23T13:50:00Z", "- 2026-11-23T13:50:00Z"));
	CHECK_OK(version(c, "did:fault:x", "7", "2026-11-23T13:50:00Z", "7 2026-11-23T13:50:00Z"));
	CHECK_RC(BERTH_E_RESOLVE, version(c, "did:fault:x", "0", NULL, ""));
	CHECK_RC(BERTH_E_RESOLVE, version(c, "did:third:x", "1", NULL, ""));
	CHECK_RC(BERTH_E_DID, version(c, "did:fault:x", longest, NULL, ""));
	CHECK_OK(version(c, "did:fault:x", longest + 300, NULL, want));
	CHECK_RC(BERTH_E_PLUGIN, version(c, "did:fault:x", "none", NULL, ""));
	berth_resolveclient_free(c);
}

static void c155_what_breaks_the_process_leaves_us_alive(void **state)
{
	static const char *const breaks[] = {
		"segv", "exit", "abort", "loop", "gib", "lie", "endless", "none", "twice", "thread", "null", "empty", "over", "status"
	};
	char did[64];
	int pid;

	(void)state;
	for (size_t i = 0; i < sizeof(breaks) / sizeof(*breaks); i++) {
		/* a new one for each: the back-off of 14 in a row would take minutes */
		struct berth_resolveclient *c = client(faulty, "{}");
		uint64_t before;

		CHECK_OK(berth_resolveclient_start(c));
		berth_resolveclient_deadline(c, 300);
		pid = berth_resolveclient_pid(c);
		before = berth_clock_mono_ms();
		snprintf(did, sizeof(did), "did:fault:%s", breaks[i]);
		CHECK_RC(BERTH_E_PLUGIN, resolve(c, did));
		CHECK(kill(pid, 0) < 0);	/* the helper is gone */
		CHECK_RC(BERTH_E_PLUGIN, resolve(c, did));	/* and not asked again for it */
		CHECK(berth_resolveclient_pid(c) == 0);
		/* nor for another before the back-off is over */
		CHECK(resolve(c, "did:fault:y") == BERTH_E_PLUGIN || berth_clock_mono_ms() - before >= BERTH_BACKOFF_FIRST_MS);
		berth_resolveclient_free(c);
	}
}

static void c154_c155_bad_adapters_stop_the_start(void **state)
{
	static const char *const configs[] = { "{\"loop\":\"\"}", "{\"exit\":\"\"}", "{\"segv\":\"\"}", "{\"refuse\":\"\"}" };
	struct berth_resolveclient *c;

	(void)state;
	for (size_t i = 0; i < sizeof(configs) / sizeof(*configs); i++) {
		c = client(faulty, configs[i]);
		berth_resolveclient_deadline(c, 300);
		CHECK_RC(BERTH_E_PLUGIN, berth_resolveclient_start(c));
		CHECK(berth_resolveclient_pid(c) == 0);
		berth_resolveclient_free(c);
	}
	c = client("faulty.so", "{}");
	CHECK_RC(BERTH_E_PLUGIN, berth_resolveclient_start(c));
	berth_resolveclient_free(c);
	setenv("LD_LIBRARY_PATH", dir, 1);
	c = client("faulty.so", "{}");
	CHECK_RC(BERTH_E_PLUGIN, berth_resolveclient_start(c));
	berth_resolveclient_free(c);
	unsetenv("LD_LIBRARY_PATH");
	chmod(dir, 0777);
	c = client(faulty, "{}");
	CHECK_RC(BERTH_E_PLUGIN, berth_resolveclient_start(c));
	berth_resolveclient_free(c);
	chmod(dir, 0755);
}

static void a_killed_resolverd_comes_back(void **state)
{
	struct berth_resolveclient *c = client(faulty, "{}");

	(void)state;
	CHECK_OK(berth_resolveclient_start(c));
	kill(berth_resolveclient_pid(c), SIGKILL);
	CHECK_RC(BERTH_E_PLUGIN, resolve(c, "did:fault:a"));
	usleep(150000);
	CHECK_OK(resolve(c, "did:fault:b"));
	berth_resolveclient_free(c);
}

static void answers_are_remembered_for_a_while(void **state)
{
	struct berth_resolveclient *c = client(faulty, "{}");

	(void)state;
	CHECK_OK(berth_resolveclient_start(c));
	CHECK_OK(resolve(c, "did:fault:x"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:notfound"));
	kill(berth_resolveclient_pid(c), SIGSTOP);	/* it cannot be asked */
	berth_resolveclient_deadline(c, 100);
	CHECK_OK(resolve(c, "did:fault:x"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:notfound"));
	berth_resolveclient_forget(c, "did:fault:x");
	CHECK_RC(BERTH_E_PLUGIN, resolve(c, "did:fault:x"));
	berth_resolveclient_free(c);
}

static uint64_t later_ms;
static uint64_t later(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + later_ms;
}

/* A document without the key that is asked for is doubted, but not more often than that. */
static void c059_a_document_is_doubted_once_in_a_while(void **state)
{
	struct berth_resolveclient *c = client(faulty, "{}");
	struct berth_resolver *r = berth_resolveclient_resolver(c);

	(void)state;
	berth_clock_inject(NULL, later);
	CHECK_OK(berth_resolveclient_start(c));
	CHECK(!berth_resolve_doubt(r, "did:fault:x"));	/* nothing is known of it */
	CHECK_OK(resolve(c, "did:fault:x"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:fault:notfound"));
	CHECK(!berth_resolve_doubt(r, "did:fault:x"));
	later_ms += BERTH_RESOLVE_DOUBT_MS;
	CHECK(!berth_resolve_doubt(r, "did:fault:notfound"));	/* nor of this */
	CHECK(berth_resolve_doubt(r, "did:fault:x"));
	CHECK(!berth_resolve_doubt(r, "did:fault:x"));
	CHECK_OK(resolve(c, "did:fault:x"));		/* asked afresh */
	CHECK(!berth_resolve_doubt(r, "did:fault:x"));
	kill(berth_resolveclient_pid(c), SIGSTOP);	/* it cannot be asked */
	berth_resolveclient_deadline(c, 100);
	CHECK_OK(resolve(c, "did:fault:x"));
	later_ms += BERTH_RESOLVE_DOUBT_MS;
	CHECK(berth_resolve_doubt(r, "did:fault:x"));
	CHECK_RC(BERTH_E_PLUGIN, resolve(c, "did:fault:x"));
	berth_resolveclient_free(c);
	berth_clock_inject(NULL, NULL);
	later_ms = 0;
}

static void c102_waiting_is_rationed(void **state)
{
	struct berth_resolveclient *c = client(faulty, "{}");
	enum berth_err rc = BERTH_OK;
	char did[64];

	(void)state;
	CHECK_OK(berth_resolveclient_start(c));
	CHECK_OK(resolve(c, "did:fault:x"));
	CHECK_OK(resolve(c, "did:fault:y"));
	berth_resolveclient_deadline(c, 400);	/* a hang costs 900 ms of 1200, a quarter of which comes back in that time */
	for (unsigned i = 0; rc != BERTH_E_QUOTA; i++) {
		snprintf(did, sizeof(did), "did:fault:%u:loop", i);
		rc = resolve(c, did);
		CHECK((rc == BERTH_E_PLUGIN || rc == BERTH_E_QUOTA) && i < 1000);
		usleep(20000);	/* or it is only the back-off */
	}
	CHECK_OK(resolve(c, "did:fault:y"));	/* what is remembered costs nothing */
	CHECK_SOON(resolve(c, "did:fault:z") == BERTH_OK);
	berth_resolveclient_free(c);
}

static void put(const char *name, const char *text)
{
	char path[128], tmp[160];
	FILE *f;

	snprintf(path, sizeof(path), "%s/docs/%s", dir, name);
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	CHECK((f = fopen(tmp, "w")));
	fputs(text, f);
	fclose(f);
	assert_int_equal(0, rename(tmp, path));
}

static void the_static_adapter_serves_a_folder(void **state)
{
	char so[PATH_MAX], config[128], from[128], to[128], *big = malloc(70000);
	struct berth_resolveclient *c;

	(void)state;
	snprintf(to, sizeof(to), "%s/docs", dir);
	mkdir(to, 0755);
	snprintf(config, sizeof(config), "{\"dir\":\"%s/docs\"}", dir);
	test_built(so, sizeof(so), "lib/berth/registry/static.so");
	put("a.json", "{\"id\":\"did:web:a.test\"}");
	put("b.txt", "{\"id\":\"did:web:b.test\"}");
	put("broken.json", "{\"id\":");
	memset(big, ' ', 70000);
	memcpy(big, "{\"id\":\"did:web:big.test\"}", 25);
	big[65536] = '\0';
	put("big.json", big);
	big[65536] = ' ';
	big[65537] = '\0';
	memcpy(big, "{\"id\":\"did:web:tob.test\"}", 25);
	put("too-big.json", big);
	snprintf(from, sizeof(from), "%s/docs/link.json", dir);
	put("target", "{\"id\":\"did:web:link.test\"}");
	assert_int_equal(0, symlink("target", from));
	c = client(so, config);
	CHECK_OK(berth_resolveclient_start(c));
	CHECK_OK(resolve(c, "did:web:a.test"));
	CHECK_OK(resolve(c, "did:web:big.test"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:web:b.test"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:web:tob.test"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:web:link.test"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:web:late.test"));
	put("late.json", "{\"id\":\"did:web:late.test\"}");	/* while it runs */
	put("a.json", "{\"id\":\"did:web:c.test\"}");
	berth_resolveclient_forget(c, NULL);
	usleep(2100000);
	CHECK_OK(resolve(c, "did:web:late.test"));
	CHECK_OK(resolve(c, "did:web:c.test"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:web:a.test"));
	berth_resolveclient_free(c);
	free(big);
	c = client(so, "{\"dir\":\"docs\"}");
	CHECK_RC(BERTH_E_PLUGIN, berth_resolveclient_start(c));
	berth_resolveclient_free(c);
	c = client(so, "{}");
	CHECK_RC(BERTH_E_PLUGIN, berth_resolveclient_start(c));
	berth_resolveclient_free(c);
}

/* A copy of the folder, the installed header, and nothing else of ours. */
static void the_example_builds_outside_the_tree(void **state)
{
	char root[128], inc[160], var[200], so[200];
	const char *copy[] = { "cp", "-r", "examples/registry-adapter", root, NULL };
	const char *make_dir[] = { "mkdir", "-p", inc, NULL };
	const char *header[] = { "cp", "include/berth/registry.h", inc, NULL };
	const char *make[] = { "env", "-u", "MAKEFLAGS", "-u", "MAKELEVEL", "make", "-s", "-C", root, var, "CFLAGS=-Wall -Wextra -Werror", NULL };
	struct berth_resolveclient *c;

	(void)state;
	snprintf(root, sizeof(root), "%s/example", dir);
	snprintf(inc, sizeof(inc), "%s/inc/berth", dir);
	snprintf(var, sizeof(var), "BERTH_INCLUDE=%s/inc", dir);
	assert_int_equal(0, test_run(copy));
	assert_int_equal(0, test_run(make_dir));
	assert_int_equal(0, test_run(header));
	assert_int_equal(0, test_run(make));
	snprintf(so, sizeof(so), "%s/example.so", root);
	c = client(so, "{}");
	CHECK_OK(berth_resolveclient_start(c));
	CHECK_OK(resolve(c, "did:example:somebody"));
	CHECK_RC(BERTH_E_RESOLVE, resolve(c, "did:example:nobody"));
	berth_resolveclient_free(c);
}

static void without_adapters_there_is_no_process(void **state)
{
	struct berth_resolveclient *c;

	(void)state;
	CHECK_OK(berth_resolveclient_new(&c, libexec, NULL));
	CHECK_OK(berth_resolveclient_start(c));
	CHECK(berth_resolveclient_pid(c) == 0);
	CHECK_RC(BERTH_E_DID, resolve(c, "did:web:a.test"));
	berth_resolveclient_free(c);
	berth_resolveclient_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_are_judged),
		cmocka_unit_test(versions_are_passed_on),
		cmocka_unit_test(c155_what_breaks_the_process_leaves_us_alive),
		cmocka_unit_test(c154_c155_bad_adapters_stop_the_start),
		cmocka_unit_test(a_killed_resolverd_comes_back),
		cmocka_unit_test(answers_are_remembered_for_a_while),
		cmocka_unit_test(c059_a_document_is_doubted_once_in_a_while),
		cmocka_unit_test(c102_waiting_is_rationed),
		cmocka_unit_test(the_static_adapter_serves_a_folder),
		cmocka_unit_test(the_example_builds_outside_the_tree),
		cmocka_unit_test(without_adapters_there_is_no_process),
	};

	return cmocka_run_group_tests_name("resolveclient", tests, make_folder, test_tmpdir_teardown);
}
