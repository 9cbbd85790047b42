/* SPDX-License-Identifier: Apache-2.0 */
/* The static adapter under a scripted host: documents, logs, resources, and bundles that
 * come and go beneath it. */
#include <limits.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/registry_host.h"
#include "tests/fakes/tmpdir.h"

#define LOG(did) "{\"versionId\":\"1-Q\",\"state\":{\"id\":\"did:webvh:Q:old.test\"}}\n{\"versionId\":\"2-Q\",\"state\":{\"id\":\"" did "\"}}\n"

static struct test_registry r;
static struct test_registry_answer a;
static char dir[TMPDIR_LEN];

static int set_up(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	test_registry_answer_free(&a);
	test_tmpdir_remove(dir);
	return 0;
}

static int start(const char *more)
{
	char so[PATH_MAX], config[256];

	test_built(so, sizeof(so), "lib/berth/registry/static.so");
	snprintf(config, sizeof(config), "{\"dir\":\"%s\"%s}", dir, more);
	return test_registry_start(&r, so, config);
}

static void put(const char *name, const char *text)
{
	test_write_file(test_path(dir, name), text, strlen(text), 0644);
}

static int resolve(const char *did)
{
	test_registry_resolve(&r, did, &a);
	return a.status;
}

static int fetch(const char *did, const char *resource)
{
	const struct berth_registry_request q = { .op = BERTH_REGISTRY_FETCH, .did = did, .resource = resource };

	test_registry_ask(&r, &q, &a);
	return a.status;
}

static void logs_are_found_by_each_did_in_them(void **state)
{
	const struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = "did:webvh:Q:a.test", .version_id = "1-Q" };

	(void)state;
	put("a.jsonl", LOG("did:webvh:Q:a.test"));
	put("a.witness.json", "[1]");
	put("b.jsonl", "{\"state\":{\"id\":\"did:webvh:Q:b.test\"}}");
	put("c.jsonl", "nothing");
	assert_int_equal(0, start(""));
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:webvh:Q:a.test"));
	assert_string_equal(LOG("did:webvh:Q:a.test"), test_registry_part(&a, "did.jsonl"));
	assert_string_equal("[1]", test_registry_part(&a, "did-witness.json"));
	assert_int_equal(2, a.n_parts);
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:webvh:Q:b.test"));
	assert_int_equal(1, a.n_parts);
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:webvh:Q:old.test"));	/* what it was before it moved */
	assert_string_equal(LOG("did:webvh:Q:a.test"), test_registry_part(&a, "did.jsonl"));
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve("did:webvh:Q:c.test"));
	test_registry_ask(&r, &q, &a);		/* the judge picks versions out of the log */
	assert_int_equal(BERTH_REGISTRY_OK, a.status);
	test_registry_stop(&r);
}

static void what_is_left_out(void **state)
{
	char *big = malloc((64 << 10) + 2);

	(void)state;
	memset(big, ' ', (64 << 10) + 1);
	memcpy(big, "{\"id\":\"did:web:big.test\"}", 25);
	big[64 << 10] = '\0';
	put("max.json", big);
	big[64 << 10] = ' ';
	big[(64 << 10) + 1] = '\0';
	memcpy(big, "{\"id\":\"did:web:own.test\"}", 25);
	put("over.json", big);
	free(big);
	put("a.json", "{\"id\":\"did:web:a.test\"}");
	assert_int_equal(0, symlink("a.json", test_path(dir, "link.json")));
	put("n.json", "{\"id\":7}");
	put("x.witness.json", "{\"id\":\"did:web:x.test\"}");
	put("e.json", "");
	assert_int_equal(0, mkdir(test_path(dir, "d.json"), 0755));
	assert_int_equal(0, start(""));
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:web:a.test"));
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:web:big.test"));
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve("did:web:own.test"));
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve("did:web:x.test"));
	test_registry_stop(&r);
}

static void resources_are_found_by_url_or_path(void **state)
{
	static const char *const none[] = { "https://a.test/up", "https://a.test/slash", "https://a.test/dot", "https://a.test/none",
					    "https://a.test/odd", "https://a.test/link", "/nothing", "" };

	(void)state;
	put("resources.json",
	    "{\"https://a.test/list\":{\"file\":\"l\",\"contentType\":\"application/vc\"},\"did:web:a.test/whois\":{\"file\":\"w\"},"
	    "\"https://a.test/up\":{\"file\":\"../secret\"},\"https://a.test/slash\":{\"file\":\"/etc/passwd\"},"
	    "\"https://a.test/dot\":{\"file\":\".\"},\"https://a.test/odd\":{\"file\":7},\"https://a.test/link\":{\"file\":\"s\"}}");
	mkdir(test_path(dir, "resources"), 0755);
	put("secret", "x");
	put("resources/l", "list");
	put("resources/w", "vp");
	assert_int_equal(0, symlink("l", test_path(dir, "resources/s")));
	assert_int_equal(0, start(""));
	assert_int_equal(BERTH_REGISTRY_OK, fetch("did:web:a.test", "https://a.test/list"));
	assert_string_equal("list", test_registry_part(&a, "resource"));
	assert_string_equal("application/vc", test_registry_part(&a, "contentType"));
	assert_int_equal(BERTH_REGISTRY_OK, fetch("did:web:a.test", "/whois"));
	assert_string_equal("vp", test_registry_part(&a, "resource"));
	assert_int_equal(1, a.n_parts);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, fetch("did:web:b.test", "/whois"));
	for (size_t i = 0; i < sizeof(none) / sizeof(*none); i++)
		assert_int_equal(BERTH_REGISTRY_NOT_FOUND, fetch("did:web:a.test", none[i]));
	test_registry_stop(&r);
}

/* Of a did:ethr it is evidence that counts, and of no other method is there any so. */
static void what_a_node_said_is_found_by_its_did(void **state)
{
	(void)state;
	put("resources.json", "{\"did:ethr:0x1:0xa\":{\"file\":\"e\"},\"did:other:a\":{\"file\":\"e\"}}");
	mkdir(test_path(dir, "resources"), 0755);
	put("resources/e", "{\"chainId\":\"0x1\"}");
	assert_int_equal(0, start(""));
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:ethr:0x1:0xa"));
	assert_string_equal("{\"chainId\":\"0x1\"}", test_registry_part(&a, "ethr"));
	assert_int_equal(1, a.n_parts);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve("did:ethr:0x1:0xb"));
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve("did:other:a"));
	test_registry_stop(&r);
}

/* As `berth did import-bundle` leaves it. */
static void put_bundle(int serial, const char *issued, const char *document)
{
	char name[64], text[128];

	snprintf(name, sizeof(name), "bundle-%d", serial);
	mkdir(test_path(dir, name), 0755);
	snprintf(name, sizeof(name), "bundle-%d/resources", serial);
	mkdir(test_path(dir, name), 0755);
	snprintf(name, sizeof(name), "bundle-%d/0.json", serial);
	put(name, document);
	snprintf(name, sizeof(name), "bundle-%d/resources.json", serial);
	put(name, "{\"https://a.test/list\":{\"file\":\"1\"}}");
	snprintf(name, sizeof(name), "bundle-%d/resources/1", serial);
	put(name, "list");
	snprintf(name, sizeof(name), "bundle-%d/bundle.json", serial);
	snprintf(text, sizeof(text), "{\"serial\":%d,\"issued\":\"%s\",\"files\":[]}", serial, issued);
	put(name, text);
	snprintf(name, sizeof(name), "bundle-%d", serial);
	put("current.new", name);
	assert_int_equal(0, rename(test_path(dir, "current.new"), test_path(dir, "current")));
}

static void days_ago(char out[32], int days)
{
	time_t t = time(NULL) - days * 86400 - 3600;

	strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", gmtime(&t));
}

static void a_bundle_says_how_old_it_is(void **state)
{
	char issued[32], want[128];

	(void)state;
	days_ago(issued, 27);
	put_bundle(7, issued, "{\"id\":\"did:web:b.test\"}");
	assert_int_equal(0, start(""));
	snprintf(want, sizeof(want), "static: bundle-7 of %s, 27 days old", issued);
	assert_string_equal(want, r.logged);
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:web:b.test"));
	assert_string_equal("{\"id\":\"did:web:b.test\"}", test_registry_part(&a, "didDocument"));
	snprintf(want, sizeof(want), "{\"serial\":7,\"issued\":\"%s\",\"ageDays\":27}", issued);
	assert_string_equal(want, test_registry_part(&a, "bundle"));
	assert_int_equal(BERTH_REGISTRY_OK, fetch("did:web:b.test", "https://a.test/list"));
	assert_string_equal("list", test_registry_part(&a, "resource"));
	assert_string_equal(want, test_registry_part(&a, "bundle"));
	test_registry_stop(&r);
}

static void one_that_is_too_old_is_not_used(void **state)
{
	char issued[32];

	(void)state;
	days_ago(issued, 27);
	put_bundle(7, issued, "{\"id\":\"did:web:b.test\"}");
	put("a.json", "{\"id\":\"did:web:a.test\"}");
	assert_int_equal(0, start(",\"bundle-max-age\":\"28\""));
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:web:b.test"));
	test_registry_stop(&r);
	assert_int_equal(0, start(",\"bundle-max-age\":\"27\""));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, resolve("did:web:b.test"));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, fetch("did:web:b.test", "https://a.test/list"));
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:web:a.test"));	/* what lies there by hand has no age */
	test_registry_stop(&r);
}

static void what_lies_there_by_hand_goes_first(void **state)
{
	(void)state;
	put_bundle(7, "2026-01-01T00:00:00Z", "{\"id\":\"did:web:b.test\",\"of\":\"bundle\"}");
	put("b.json", "{\"id\":\"did:web:b.test\"}");
	assert_int_equal(0, start(""));
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:web:b.test"));
	assert_string_equal("{\"id\":\"did:web:b.test\"}", test_registry_part(&a, "didDocument"));
	assert_null(test_registry_part(&a, "bundle"));
	test_registry_stop(&r);
}

/* The time between two scans is a second. */
static int resolve_in_time(const char *did)
{
	CHECK_SOON(resolve(did) == BERTH_REGISTRY_OK);
	return a.status;
}

static void the_next_bundle_takes_over(void **state)
{
	char old[TMPDIR_LEN + 16];

	(void)state;
	put_bundle(7, "2026-01-01T00:00:00Z", "{\"id\":\"did:web:seven.test\"}");
	assert_int_equal(0, start(""));
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:web:seven.test"));
	put_bundle(8, "2026-02-01T00:00:00Z", "{\"id\":\"did:web:eight.test\"}");
	snprintf(old, sizeof(old), "%s/bundle-7", dir);
	test_tmpdir_remove(old);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve("did:web:seven.test"));
	assert_int_equal(BERTH_REGISTRY_OK, resolve_in_time("did:web:eight.test"));
	CHECK(strstr(test_registry_part(&a, "bundle"), "\"serial\":8"));
	unlink(test_path(dir, "current"));
	put("x.json", "{\"id\":\"did:web:x.test\"}");
	assert_int_equal(BERTH_REGISTRY_OK, resolve_in_time("did:web:x.test"));
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve("did:web:eight.test"));
	test_registry_stop(&r);
}

static void current_names_a_bundle_and_nothing_else(void **state)
{
	static const char *const names[] = { "../elsewhere", "bundle-", "bundle-7/..", "bundle-9", "other", "bundle-7 ", "" };
	char elsewhere[TMPDIR_LEN];

	(void)state;
	put_bundle(7, "2026-01-01T00:00:00Z", "{\"id\":\"did:web:seven.test\"}");
	test_tmpdir(elsewhere);
	assert_int_equal(0, symlink(elsewhere, test_path(dir, "bundle-9")));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		put("current", names[i]);
		assert_int_equal(0, start(""));
		assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve("did:web:seven.test"));
		test_registry_stop(&r);
	}
	put("current", "bundle-7\n");
	assert_int_equal(0, start(""));
	assert_int_equal(BERTH_REGISTRY_OK, resolve("did:web:seven.test"));
	test_registry_stop(&r);
	test_tmpdir_remove(elsewhere);
}

static void what_does_not_fit_is_too_big(void **state)
{
	struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = "did:web:b.test", .max_bytes = 23 };

	(void)state;
	put_bundle(7, "2026-01-01T00:00:00Z", "{\"id\":\"did:web:b.test\"}");
	assert_int_equal(0, start(""));
	test_registry_ask(&r, &q, &a);		/* the age is what goes first */
	assert_int_equal(BERTH_REGISTRY_OK, a.status);
	assert_int_equal(1, a.n_parts);
	q.max_bytes = 22;
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_TOO_BIG, a.status);
	test_registry_stop(&r);
}

static void configurations_that_are_refused(void **state)
{
	static const char *const more[] = { ",\"x\":\"y\"", ",\"bundle-max-age\":\"0\"", ",\"bundle-max-age\":\"1d\"", ",\"bundle-max-age\":\"\"",
					    ",\"bundle-max-age\":7", ",\"bundle-max-age\":\"36501\"" };

	(void)state;
	for (size_t i = 0; i < sizeof(more) / sizeof(*more); i++)
		CHECK(start(more[i]) != 0);
	assert_int_equal(0, start(",\"bundle-max-age\":\"36500\""));
	test_registry_stop(&r);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(logs_are_found_by_each_did_in_them),
		TEST(what_is_left_out),
		TEST(resources_are_found_by_url_or_path),
		TEST(what_a_node_said_is_found_by_its_did),
		TEST(a_bundle_says_how_old_it_is),
		TEST(one_that_is_too_old_is_not_used),
		TEST(what_lies_there_by_hand_goes_first),
		TEST(the_next_bundle_takes_over),
		TEST(current_names_a_bundle_and_nothing_else),
		TEST(what_does_not_fit_is_too_big),
		TEST(configurations_that_are_refused),
	};

	return cmocka_run_group_tests_name("static", tests, NULL, NULL);
}
