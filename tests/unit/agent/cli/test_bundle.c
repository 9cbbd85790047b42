/* SPDX-License-Identifier: Apache-2.0 */
/* Bundles for sites without a network: what one may say, and how it is put in place. */
#include "agent/cli/bundle.h"

#include <dirent.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <fcntl.h>
#include <unistd.h>

#include "did/crypto/hash.h"
#include "tests/check.h"
#include "tests/fakes/tmpdir.h"

#define WEB "did:web:a.test"
#define HV "did:webvh:Qm1:a.test"
#define DOC "{\"id\":\"" WEB "\"}"
#define LOG "{\"state\":{\"id\":\"" HV "\"}}\n"

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
	test_tmpdir_remove(dir);
	return 0;
}

static void add(struct berth_json *b, enum berth_bundle_kind kind, const char *id, const char *type, const char *text)
{
	CHECK_OK(berth_bundle_add(b, kind, id, type, text, strlen(text)));
}

static struct berth_json *sample(int64_t serial)
{
	struct berth_json *b = berth_bundle_new(serial, 1790000000);

	add(b, BERTH_BUNDLE_DOCUMENT, WEB, NULL, DOC);
	add(b, BERTH_BUNDLE_LOG, HV, NULL, LOG);
	add(b, BERTH_BUNDLE_WITNESS, HV, NULL, "[]");
	add(b, BERTH_BUNDLE_RESOURCE, "https://a.test/list", "application/vc+jwt", "a.b.c");
	add(b, BERTH_BUNDLE_RESOURCE, WEB "/whois", NULL, "x");
	return b;
}

static void print(struct berth_buf *out, struct berth_json *take)
{
	CHECK_OK(berth_json_print(out, take));
	berth_json_free(take);
}

static void what_was_made_is_read(void **state)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_bundle b;

	(void)state;
	print(&text, sample(7));
	CHECK_OK(berth_bundle_parse(&b, text.p, text.len));
	assert_int_equal(7, b.serial);
	assert_int_equal(1790000000, b.issued_s);
	assert_int_equal(5, b.n);
	assert_string_equal(WEB, b.files[0].id);
	assert_string_equal(DOC, berth_buf_cstr(&b.files[0].content));
	assert_int_equal(BERTH_BUNDLE_WITNESS, b.files[2].kind);
	assert_string_equal("application/vc+jwt", b.files[3].content_type);
	assert_string_equal("", b.files[4].content_type);
	berth_bundle_free(&b);
	berth_buf_free(&text);
}

static enum berth_err parse(struct berth_json *take)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_bundle b;
	enum berth_err rc;

	print(&text, take);
	rc = berth_bundle_parse(&b, text.p, text.len);
	CHECK(rc ? b.n == 0 && !b.files && !b.tree : b.n > 0);
	berth_bundle_free(&b);
	berth_buf_free(&text);
	return rc;
}

static struct berth_json *with(enum berth_bundle_kind kind, const char *id, const char *type, const char *text)
{
	struct berth_json *b = sample(7);

	add(b, kind, id, type, text);
	return b;
}

static void files_are_judged(void **state)
{
	(void)state;
	CHECK_OK(parse(sample(7)));
	CHECK_OK(parse(with(BERTH_BUNDLE_DOCUMENT, "did:web:b.test", NULL, "{\"id\":\"did:web:b.test\"}")));
	CHECK_RC(BERTH_E_RESOLVE, parse(with(BERTH_BUNDLE_DOCUMENT, "did:web:b.test", NULL, DOC)));
	CHECK_RC(BERTH_E_JSON, parse(with(BERTH_BUNDLE_DOCUMENT, "did:web:b.test", NULL, "{")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_DOCUMENT, WEB, NULL, DOC)));	/* twice */
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_RESOURCE, "https://a.test/list", NULL, "y")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_DOCUMENT, "web", NULL, DOC)));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_DOCUMENT, "did:web:b.test", "a/b", "{\"id\":\"did:web:b.test\"}")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_LOG, "did:web:b.test", NULL, LOG)));
	CHECK_OK(parse(with(BERTH_BUNDLE_ETHR, "did:ethr:0x1:0xa", NULL, "{}")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_ETHR, "did:webvh:Qm2:a.test", NULL, "{}")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_ETHR, "did:ethr:0x1:0xa", "a/b", "{}")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_WITNESS, "did:webvh:Qm2:a.test", NULL, "[]")));	/* no log */
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_RESOURCE, "http://a.test/x", NULL, "x")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_RESOURCE, "did:web:a.test", NULL, "x")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_RESOURCE, "did:web:a.test#x", NULL, "x")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_RESOURCE, "file:///etc/passwd", NULL, "x")));
	CHECK_RC(BERTH_E_TYPE, parse(with(BERTH_BUNDLE_RESOURCE, "https://a.test/empty", NULL, "")));
}

static struct berth_json *changed(const char *from, const char *to)
{
	struct berth_buf text = BERTH_BUF_INIT, out = BERTH_BUF_INIT;
	struct berth_json *v;
	const char *at;

	print(&text, sample(7));
	CHECK((at = strstr(berth_buf_cstr(&text), from)));
	berth_buf_put(&out, text.p, (size_t)(at - berth_buf_cstr(&text)));
	berth_buf_str(&out, to);
	berth_buf_str(&out, at + strlen(from));
	CHECK_OK(berth_json_parse(&v, berth_buf_cstr(&out), out.len, BERTH_JSON_MAX));
	berth_buf_free(&text);
	berth_buf_free(&out);
	return v;
}

static void members_are_judged(void **state)
{
	(void)state;
	CHECK_OK(parse(changed("\"serial\":7", "\"serial\":1")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"serial\":7", "\"serial\":0")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"serial\":7", "\"serial\":-7")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"serial\":7", "\"serial\":\"7\"")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"serial\":7", "\"serial\":9007199254740991")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"serial\":7,", "")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"issued\":\"2026", "\"issued\":\"26")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"kind\":\"resource\"", "\"kind\":\"file\"")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"kind\":\"resource\",", "")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"files\":", "\"filez\":")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"content\":\"YS5iLmM\"", "\"content\":\"YS5iLmQ\"")));	/* another hash */
	CHECK_RC(BERTH_E_B64, parse(changed("\"content\":\"YS5iLmM\"", "\"content\":\"YS5iLmM=\"")));
	CHECK_RC(BERTH_E_TYPE, parse(changed("\"content\":\"YS5iLmM\"", "\"content\":7")));
}

static void every_truncation(void **state)
{
	struct berth_buf text = BERTH_BUF_INIT;
	struct berth_bundle b;

	(void)state;
	print(&text, sample(7));
	for (size_t n = 0; n < text.len; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, text.p, n);
		CHECK_RC(BERTH_E_JSON, berth_bundle_parse(&b, exact, n));
		free(exact);
	}
	berth_buf_free(&text);
}

static void files_are_counted(void **state)
{
	struct berth_json *b = berth_bundle_new(1, 1790000000);
	char id[64];

	(void)state;
	for (int i = 0; i < BERTH_BUNDLE_FILES_MAX; i++) {
		snprintf(id, sizeof(id), "https://a.test/%d", i);
		add(b, BERTH_BUNDLE_RESOURCE, id, NULL, "x");
	}
	CHECK_RC(BERTH_E_SIZE, berth_bundle_add(b, BERTH_BUNDLE_RESOURCE, "https://a.test/x", NULL, "x", 1));
	CHECK_OK(parse(b));
}

/* ---- in place ---- */

static enum berth_err install(struct berth_json *take, bool *unchanged)
{
	struct berth_buf text = BERTH_BUF_INIT;
	uint8_t hash[BERTH_SHA256_LEN];
	struct berth_bundle b;
	enum berth_err rc;

	print(&text, take);
	CHECK_OK(berth_bundle_parse(&b, text.p, text.len));
	berth_sha256(hash, text.p, text.len);
	rc = berth_bundle_install(&b, dir, "did:key:z1#z1", hash, unchanged);
	berth_bundle_free(&b);
	berth_buf_free(&text);
	return rc;
}

static void holds(const char *name, const char *want)
{
	char *text = test_read_file(test_path(dir, name), NULL);
	struct stat st;

	assert_string_equal(want, text);
	assert_int_equal(0, stat(test_path(dir, name), &st));
	assert_int_equal(0644, st.st_mode & 07777);
	free(text);
}

static bool is_there(const char *name)
{
	return access(test_path(dir, name), F_OK) == 0;
}

static void a_bundle_is_put_in_place(void **state)
{
	bool unchanged = true;
	char *manifest;

	(void)state;
	CHECK_OK(install(sample(7), &unchanged));
	CHECK(!unchanged);
	holds("current", "bundle-7");
	holds("bundle-7/0.json", DOC);
	holds("bundle-7/1.jsonl", LOG);
	holds("bundle-7/1.witness.json", "[]");
	holds("bundle-7/resources/3", "a.b.c");
	holds("bundle-7/resources.json", "{\"https://a.test/list\":{\"file\":\"3\",\"contentType\":\"application/vc+jwt\"},"
					 "\"" WEB "/whois\":{\"file\":\"4\"}}");
	manifest = test_read_file(test_path(dir, "bundle-7/bundle.json"), NULL);
	CHECK(strstr(manifest, "{\"serial\":7,\"issued\":\"2026-09-21T14:13:20Z\",\"signer\":\"did:key:z1#z1\",\"sha256\":\"") == manifest);
	CHECK(strstr(manifest, "{\"file\":\"1.witness.json\",\"kind\":\"did-witness.json\",\"id\":\"" HV "\",\"sha256\":\""));
	free(manifest);
}

static void older_ones_are_refused_and_go(void **state)
{
	bool unchanged;

	(void)state;
	CHECK_OK(install(sample(7), &unchanged));
	CHECK_OK(install(sample(7), &unchanged));
	CHECK(unchanged);
	CHECK_RC(BERTH_E_REPLAY, install(sample(6), &unchanged));
	CHECK_RC(BERTH_E_REPLAY, install(with(BERTH_BUNDLE_RESOURCE, "https://a.test/n", NULL, "n"), &unchanged));
	holds("current", "bundle-7");
	CHECK_OK(install(sample(8), &unchanged));
	CHECK(!unchanged && !is_there("bundle-7") && is_there("bundle-8/0.json"));
	holds("current", "bundle-8");
}

/* An import that was cut short at any point: what counted counts, and the next is good. */
static void what_was_cut_short_is_in_nobody_s_way(void **state)
{
	bool unchanged;

	(void)state;
	CHECK_OK(install(sample(7), &unchanged));
	mkdir(test_path(dir, "new-bundle"), 0755);
	mkdir(test_path(dir, "new-bundle/resources"), 0755);
	test_write_file(test_path(dir, "new-bundle/resources/3"), "half", 4, 0600);
	mkdir(test_path(dir, "bundle-8"), 0755);
	test_write_file(test_path(dir, "bundle-8/0.json"), "half", 4, 0600);
	test_write_file(test_path(dir, "current.new"), "bundle-", 7, 0600);
	CHECK_OK(install(sample(8), &unchanged));
	holds("bundle-8/0.json", DOC);
	holds("bundle-8/resources/3", "a.b.c");
	CHECK(!is_there("new-bundle"));
}

static void folders_that_do_not_serve(void **state)
{
	bool unchanged;
	int fd;

	(void)state;
	test_write_file(test_path(dir, "current"), "elsewhere", 9, 0644);
	CHECK_RC(BERTH_E_STORE, install(sample(7), &unchanged));
	test_write_file(test_path(dir, "current"), "bundle-7x", 9, 0644);
	CHECK_RC(BERTH_E_STORE, install(sample(7), &unchanged));
	unlink(test_path(dir, "current"));
	CHECK((fd = open(dir, O_RDONLY)) >= 0 && flock(fd, LOCK_EX) == 0);
	CHECK_RC(BERTH_E_STORE, install(sample(7), &unchanged));
	close(fd);
	CHECK_OK(install(sample(7), &unchanged));
	rename(test_path(dir, "current"), test_path(dir, "gone"));
	snprintf(dir + strlen(dir), 2, "x");
	CHECK_RC(BERTH_E_STORE, install(sample(7), &unchanged));
	dir[strlen(dir) - 1] = '\0';
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_was_made_is_read),
		TEST(files_are_judged),
		TEST(members_are_judged),
		TEST(every_truncation),
		TEST(files_are_counted),
		TEST(a_bundle_is_put_in_place),
		TEST(older_ones_are_refused_and_go),
		TEST(what_was_cut_short_is_in_nobody_s_way),
		TEST(folders_that_do_not_serve),
	};

	return cmocka_run_group_tests_name("bundle", tests, NULL, NULL);
}
