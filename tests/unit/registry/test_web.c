/* SPDX-License-Identifier: Apache-2.0 */
/* The web adapter and did:web, under a scripted host: what servers say and what that means, and what
 * it writes.  Where documents are: test_web_url.c. */
#include <unistd.h>

#include "did/base/json.h"
#include "tests/unit/registry/site.h"

#define DID "did:web:example.com"
#define URL "https://example.com/.well-known/did.json"
#define DOC "{\"id\":\"did:web:example.com\"}"

static int resolve(const struct test_exchange *x)
{
	test_registry_script(&r, x, 1);
	test_registry_resolve(&r, DID, &a);
	assert_int_equal(0, test_registry_left(&r));
	return a.status;
}

static void a_document_is_handed_on_as_it_came(void **state)
{
	char *text = test_read_file("tests/vectors/did-web/spec-json-examples.json", NULL);
	const struct test_exchange x = { .method = "GET", .url = URL, .content_type = "application/did+json", .reply = text, .max_age_s = 300 };

	(void)state;
	assert_int_equal(0, start("{}"));
	assert_int_equal(BERTH_REGISTRY_OK, resolve(&x));
	assert_string_equal(text, test_registry_part(&a, "didDocument"));
	assert_int_equal(1, a.n_parts);
	assert_int_equal(300, a.ttl_s);
	test_registry_stop(&r);
	free(text);
}

static void types_of_documents(void **state)
{
	static const char *const fine[] = { "application/did", "application/did+ld+json", "application/json", "application/json; charset=utf-8",
					    "Application/LD+JSON;profile=\"x\"", "text/plain; charset=utf-8", "application/octet-stream", "" };
	static const char *const other[] = { "text/html", "text/html; charset=utf-8", "image/png", "application/jsonp", "application/jso",
					     "text/html;a=+json", "+json" };

	(void)state;
	assert_int_equal(0, start("{}"));
	for (size_t i = 0; i < sizeof(fine) / sizeof(*fine); i++) {
		const struct test_exchange x = { .method = "GET", .url = URL, .content_type = fine[i], .reply = DOC };

		assert_int_equal(BERTH_REGISTRY_OK, resolve(&x));
	}
	for (size_t i = 0; i < sizeof(other) / sizeof(*other); i++) {
		const struct test_exchange x = { .method = "GET", .url = URL, .content_type = other[i], .reply = DOC };

		assert_int_equal(BERTH_REGISTRY_NOT_FOUND, resolve(&x));
	}
	test_registry_stop(&r);
}

static void what_servers_answer(void **state)
{
	static const struct { uint32_t code; int status; } table[] = {
		{ 404, BERTH_REGISTRY_NOT_FOUND }, { 410, BERTH_REGISTRY_NOT_FOUND }, { 301, BERTH_REGISTRY_REFUSED },
		{ 302, BERTH_REGISTRY_REFUSED }, { 307, BERTH_REGISTRY_REFUSED }, { 308, BERTH_REGISTRY_REFUSED },
		{ 304, BERTH_REGISTRY_REFUSED }, { 400, BERTH_REGISTRY_UNAVAILABLE }, { 401, BERTH_REGISTRY_NOT_FOUND },
		{ 403, BERTH_REGISTRY_NOT_FOUND }, { 406, BERTH_REGISTRY_UNAVAILABLE }, { 409, BERTH_REGISTRY_UNAVAILABLE },
		{ 408, BERTH_REGISTRY_UNAVAILABLE }, { 429, BERTH_REGISTRY_UNAVAILABLE }, { 500, BERTH_REGISTRY_UNAVAILABLE },
		{ 503, BERTH_REGISTRY_UNAVAILABLE }, { 204, BERTH_REGISTRY_UNAVAILABLE }, { 206, BERTH_REGISTRY_UNAVAILABLE },
	};
	const struct test_exchange empty = { .method = "GET", .url = URL, .content_type = "application/json" };

	(void)state;
	assert_int_equal(0, start("{}"));
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct test_exchange x = { .method = "GET", .url = URL, .code = table[i].code, .reply = DOC };

		if (resolve(&x) != table[i].status)
			fail_msg("HTTP %u: %d, want %d", table[i].code, a.status, table[i].status);
		assert_int_equal(0, a.n_parts);
		CHECK(a.message[0]);
	}
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, resolve(&empty));
	test_registry_stop(&r);
}

static void what_the_host_says_is_passed_on(void **state)
{
	static const int said[] = { BERTH_REGISTRY_REFUSED, BERTH_REGISTRY_UNAVAILABLE, BERTH_REGISTRY_TOO_BIG };
	const struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = DID };
	static const struct test_exchange one = { .method = "GET", .url = URL };

	(void)state;
	assert_int_equal(0, start("{}"));
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		const struct test_exchange x = { .method = "GET", .url = URL, .status = said[i] };

		assert_int_equal(said[i], resolve(&x));
	}
	test_registry_script(&r, &one, 1);
	test_registry_ask_and_cancel(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, a.status);
	test_registry_stop(&r);
}

static int ask(uint32_t op, uint32_t phase, const char *did, const char *doc)
{
	const struct berth_registry_part part = { "didDocument", (const uint8_t *)doc, doc ? strlen(doc) : 0 };
	const struct berth_registry_request q = { .op = op, .phase = phase, .did = did, .parts = &part, .n_parts = doc ? 1 : 0 };

	test_registry_ask(&r, &q, &a);
	return a.status;
}

static void c091_c096_nothing_is_exchanged_for_what_is_no_did_web(void **state)
{
	static const char *const bad[] = { "did:web:127.0.0.1", "did:web:localhost", "did:web:0x7f.1", "did:web:2130706433",
					   "did:web:127.1", "did:web:[::1]", "did:web:example.com%3A0", "did:web:example.com%3A99999",
					   "did:web:example.com.", "did:web:EXAMPLE.com", "did:web:example.com::a" };

	(void)state;
	assert_int_equal(0, start("{}"));
	test_registry_script(&r, NULL, 0);	/* an exchange fails the test */
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_RESOLVE, 0, bad[i], NULL));
	assert_int_equal(BERTH_REGISTRY_REFUSED, ask(BERTH_REGISTRY_RESOLVE, 0, "did:web:example.com%3A22", NULL));
	test_registry_stop(&r);
}

static void versions_are_not_kept(void **state)
{
	struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = DID, .version_id = "1" };

	(void)state;
	assert_int_equal(0, start("{}"));
	test_registry_script(&r, NULL, 0);
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, a.status);
	q.version_id = NULL;
	q.version_time = "2026-01-01T00:00:00Z";
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, a.status);
	test_registry_stop(&r);
}

static void resources_are_fetched(void **state)
{
	static const struct test_exchange script[] = {
		{ .method = "GET", .url = "https://example.com/whois.vp", .content_type = "application/vp", .reply = "{}" },
		{ .method = "GET", .url = "https://lists.example/1", .reply = "a.b.c", .max_age_s = 60 },
		{ .method = "GET", .url = "https://example.com/x", .content_type = "text/html", .reply = "<p>" },
		{ .method = "GET", .url = "https://example.com/full", .content_type = "text/html", .reply = "0123456789" },
		{ .method = "GET", .url = "https://example.com/y", .code = 404 },
	};
	struct berth_registry_request q = { .op = BERTH_REGISTRY_FETCH, .did = DID, .resource = "/whois" };

	(void)state;
	assert_int_equal(0, start("{}"));
	test_registry_script(&r, script, 5);
	test_registry_ask(&r, &q, &a);
	assert_string_equal("{}", test_registry_part(&a, "resource"));
	assert_string_equal("application/vp", test_registry_part(&a, "contentType"));
	q.resource = "https://lists.example/1";
	test_registry_ask(&r, &q, &a);
	assert_string_equal("a.b.c", test_registry_part(&a, "resource"));
	assert_int_equal(1, a.n_parts);
	assert_int_equal(60, a.ttl_s);
	q.resource = "/x";
	test_registry_ask(&r, &q, &a);
	assert_string_equal("<p>", test_registry_part(&a, "resource"));
	q.resource = "/full";
	q.max_bytes = 10;
	test_registry_ask(&r, &q, &a);
	assert_string_equal("0123456789", test_registry_part(&a, "resource"));
	assert_int_equal(1, a.n_parts);
	q.resource = "/y";
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, a.status);
	q.resource = "/../y";
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_INVALID, a.status);
	q.resource = NULL;
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_INVALID, a.status);
	test_registry_stop(&r);
}

static void documents_are_published_in_a_tree(void **state)
{
	const char *did = "did:web:example.com%3A8443:user:a%20b", *path = "example.com%3A8443/user/a b/did.json";
	const char *one = "{\"id\":\"did:web:example.com%3A8443:user:a%20b\"}", *two = "{\"id\":\"did:web:example.com%3A8443:user:a%20b\",\"a\":1}";

	(void)state;
	start_with_tree();
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, did, one));
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, ask(BERTH_REGISTRY_DEACTIVATE, BERTH_REGISTRY_SUBMIT, did, NULL));
	CHECK(access(test_path(dir, "example.com%3A8443"), F_OK) != 0);
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, did, one));
	assert_string_equal("{\"url\":\"https://example.com:8443/user/a%20b/did.json\"}", test_registry_part(&a, "receipt"));
	CHECK(holds(path, one));
	assert_int_equal(BERTH_REGISTRY_CONFLICT, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, did, two));
	CHECK(holds(path, one));
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, did, two));
	CHECK(holds(path, two));
	CHECK(access(test_path(dir, "example.com%3A8443/user/a b/.did.json.new"), F_OK) != 0);
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_DEACTIVATE, BERTH_REGISTRY_SUBMIT, did, one));
	CHECK(holds(path, one));
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_DEACTIVATE, BERTH_REGISTRY_SUBMIT, did, NULL));
	CHECK(access(test_path(dir, path), F_OK) != 0);
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	CHECK(holds("example.com/.well-known/did.json", DOC));
	test_registry_stop(&r);
}

/* What a writer that was killed has left is in nobody's way. */
static void a_half_written_file_is_written_anew(void **state)
{
	(void)state;
	start_with_tree();
	mkdir(test_path(dir, "example.com"), 0755);
	mkdir(test_path(dir, "example.com/.well-known"), 0755);
	test_write_file(test_path(dir, "example.com/.well-known/.did.json.new"), "{\"id", 4, 0600);
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	CHECK(holds("example.com/.well-known/did.json", DOC));
	test_registry_stop(&r);
}

static void nothing_leads_out_of_the_tree(void **state)
{
	char outside[TMPDIR_LEN];

	(void)state;
	test_tmpdir(outside);
	start_with_tree();
	assert_int_equal(0, symlink(outside, test_path(dir, "example.com")));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, "did:web:a.test:..:..:x",
						     "{\"id\":\"did:web:a.test:..:..:x\"}"));
	assert_int_equal(-1, rmdir(test_path(outside, ".well-known")));
	test_registry_stop(&r);
	test_tmpdir_remove(outside);
}

static void only_its_own_document_is_published(void **state)
{
	(void)state;
	start_with_tree();
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, DID, "{\"id\":\"did:web:example.org\"}"));
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, DID, "{}"));
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, DID, "{"));
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, DID, NULL));
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_DEACTIVATE, BERTH_REGISTRY_SUBMIT, DID, "{}"));
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_PROPOSE, DID, DOC));
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_CHECK, DID, DOC));
	test_registry_stop(&r);
	assert_int_equal(0, start("{}"));
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	test_registry_stop(&r);
}

static void documents_are_put_by_http(void **state)
{
	static const struct test_exchange script[] = {
		{ .method = "PUT", .url = "https://up.example/site/example.com/.well-known/did.json", .body = DOC, .authorization = "Bearer s3",
		  .code = 201 },
		{ .method = "PUT", .url = "https://up.example/site/example.com/.well-known/did.json", .body = DOC, .code = 401 },
		{ .method = "PUT", .url = "https://up.example/site/example.com/.well-known/did.json", .body = DOC, .code = 412 },
		{ .method = "PUT", .url = "https://up.example/site/example.com/.well-known/did.json", .body = DOC, .code = 413 },
		{ .method = "PUT", .url = "https://up.example/site/example.com/.well-known/did.json", .body = DOC, .code = 302 },
	};
	char config[256];

	(void)state;
	test_write_file(test_path(dir, "token"), "Bearer s3cret\nmore\n", 19, 0600);
	snprintf(config, sizeof(config), "{\"publish-url\":\"https://up.example/site\",\"authorization-file\":\"%s/token\"}", dir);
	assert_int_equal(0, start(config));
	test_registry_script(&r, script, 5);
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	assert_string_equal("{\"url\":\"" URL "\"}", test_registry_part(&a, "receipt"));
	assert_int_equal(BERTH_REGISTRY_REFUSED, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	assert_int_equal(BERTH_REGISTRY_CONFLICT, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	assert_int_equal(BERTH_REGISTRY_TOO_BIG, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	assert_int_equal(BERTH_REGISTRY_REFUSED, ask(BERTH_REGISTRY_DEACTIVATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	assert_int_equal(0, test_registry_left(&r));
	unlink(test_path(dir, "token"));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	test_registry_stop(&r);
}

static void documents_are_removed_by_http(void **state)
{
	static const struct { unsigned code; int status; } says[] = {
		{ 200, BERTH_REGISTRY_OK }, { 204, BERTH_REGISTRY_OK }, { 404, BERTH_REGISTRY_NOT_FOUND }, { 410, BERTH_REGISTRY_NOT_FOUND },
		{ 401, BERTH_REGISTRY_REFUSED }, { 412, BERTH_REGISTRY_CONFLICT }, { 405, BERTH_REGISTRY_UNSUPPORTED },
		{ 501, BERTH_REGISTRY_UNSUPPORTED }, { 202, BERTH_REGISTRY_UNAVAILABLE }, { 503, BERTH_REGISTRY_UNAVAILABLE },
		{ 307, BERTH_REGISTRY_REFUSED },
	};

	(void)state;
	assert_int_equal(0, start("{\"publish-url\":\"https://up.example/site\"}"));
	for (size_t i = 0; i < sizeof(says) / sizeof(says[0]); i++) {
		const struct test_exchange x = { .method = "DELETE", .url = "https://up.example/site/example.com/.well-known/did.json",
			.code = says[i].code };

		test_registry_script(&r, &x, 1);
		assert_int_equal(says[i].status, ask(BERTH_REGISTRY_DEACTIVATE, BERTH_REGISTRY_SUBMIT, DID, NULL));
		assert_int_equal(0, test_registry_left(&r));
	}
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, DID, NULL));	/* no removal by mistake */
	test_registry_stop(&r);
}

static void or_where_they_are_read(void **state)
{
	static const struct test_exchange x = { .method = "PUT", .url = URL, .body = DOC, .code = 204 };

	(void)state;
	assert_int_equal(0, start("{\"publish-url\":\"itself\"}"));
	test_registry_script(&r, &x, 1);
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, DID, DOC));
	test_registry_stop(&r);
}

static void configurations_that_are_refused(void **state)
{
	static const char *const bad[] = {
		"{\"dir\":\"/tmp\"}", "{\"publish-dir\":\"tmp\"}", "{\"publish-dir\":\"/nonexistent/x\"}", "{\"publish-url\":\"http://a.test\"}",
		"{\"publish-dir\":\"/tmp\",\"publish-url\":\"https://a.test\"}", "{\"authorization-file\":\"/etc/x\"}",
		"{\"publish-url\":\"https://a.test\",\"authorization-file\":\"x\"}", "{\"publish-dir\":1}",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		CHECK(start(bad[i]) != 0);
		CHECK(strncmp(r.logged, "web: ", 5) == 0);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_document_is_handed_on_as_it_came),
		TEST(types_of_documents),
		TEST(what_servers_answer),
		TEST(what_the_host_says_is_passed_on),
		TEST(c091_c096_nothing_is_exchanged_for_what_is_no_did_web),
		TEST(versions_are_not_kept),
		TEST(resources_are_fetched),
		TEST(documents_are_published_in_a_tree),
		TEST(a_half_written_file_is_written_anew),
		TEST(nothing_leads_out_of_the_tree),
		TEST(only_its_own_document_is_published),
		TEST(documents_are_put_by_http),
		TEST(documents_are_removed_by_http),
		TEST(or_where_they_are_read),
		TEST(configurations_that_are_refused),
	};

	return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
