/* SPDX-License-Identifier: Apache-2.0 */
/* The web adapter and did:webvh, under a scripted host: what it asks for, what it makes of the answers,
 * what it writes and in which order.  What it brings is judged as the core does. */
#include <unistd.h>

#include "did/base/secret.h"
#include "did/method_webvh.h"
#include "tests/unit/registry/site.h"

#define SUITE "tests/vectors/didwebvh-test-suite/"
#define BASE "https://example.com/.well-known/"
#define SCID "QmWGqHMYsShoNu8Sm1R9tLPGersH8EHwnqMEhJitruJ94M"
#define MIB ((size_t)1 << 20)

static char *first, *whole, *witnessed, *approvals;	/* of didwebvh-test-suite */
static char did1[256], did_w[256];

static void did_of(char out[256], const char *log)
{
	struct berth_json *e;

	CHECK_OK(berth_json_parse(&e, log, strcspn(log, "\n"), BERTH_JSON_MAX));
	snprintf(out, 256, "%s", berth_json_str(berth_json_get(berth_json_get(e, "state"), "id")));
	berth_json_free(e);
}

static int load(void **state)
{
	char *end;

	(void)state;
	berth_crypto_init();
	whole = test_read_file(SUITE "basic-update/rust/did.jsonl", NULL);
	end = strchr(whole, '\n') + 1;
	first = strndup(whole, (size_t)(end - whole));
	witnessed = test_read_file(SUITE "witness-threshold/java/did.jsonl", NULL);
	approvals = test_read_file(SUITE "witness-threshold/java/did-witness.json", NULL);
	did_of(did1, first);
	did_of(did_w, witnessed);
	return 0;
}

static int unload(void **state)
{
	(void)state;
	free(first);
	free(whole);
	free(witnessed);
	free(approvals);
	return 0;
}

/* ---- resolving ---- */

static enum berth_err judge(const char *did)
{
	struct berth_registry_piece pieces[TEST_REGISTRY_PARTS_MAX];
	const struct berth_registry_evidence e = { .pieces = pieces, .n = a.n_parts };
	struct berth_buf pin = BERTH_BUF_INIT;
	struct berth_registry_judge j = { .now_s = 1800000000, .clock_trusted = true, .pin = "", .new_pin = &pin };
	struct berth_registry_result result;
	enum berth_err rc;

	for (size_t i = 0; i < a.n_parts; i++)
		pieces[i] = (struct berth_registry_piece){ a.name[i], a.part[i].p, a.part[i].len };
	rc = berth_webvh_judge(&result, &e, did, NULL, &j);
	berth_registry_result_free(&result);
	berth_buf_free(&pin);
	return rc;
}

static int resolve(const char *did, const struct test_exchange *x, size_t n)
{
	const struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = did, .max_bytes = 6 * MIB };

	test_registry_script(&r, x, n);
	test_registry_ask(&r, &q, &a);
	assert_int_equal(0, test_registry_left(&r));
	return a.status;
}

static void a_log_is_handed_on_as_it_came(void **state)
{
	const struct test_exchange x = { .method = "GET", .url = BASE "did.jsonl", .content_type = "text/jsonl", .reply = whole, .max_age_s = 300 };

	(void)state;
	assert_int_equal(0, start("{}"));
	assert_int_equal(BERTH_REGISTRY_OK, resolve(did1, &x, 1));
	assert_int_equal(1, a.n_parts);
	assert_string_equal(whole, test_registry_part(&a, "did.jsonl"));
	assert_int_equal(300, a.ttl_s);
	CHECK_OK(judge(did1));
	test_registry_stop(&r);
}

/* Only a log that has witnesses is asked for what they say. */
static void witnesses_are_asked_for_where_there_are_some(void **state)
{
	const struct test_exchange both[] = {
		{ .method = "GET", .url = BASE "did.jsonl", .reply = witnessed, .max_age_s = 300 },
		{ .method = "GET", .url = BASE "did-witness.json", .reply = approvals, .max_age_s = 60 },
	};
	const struct test_exchange absent[] = { both[0], { .method = "GET", .url = BASE "did-witness.json", .code = 404 } };
	const struct test_exchange broken[] = { both[0], { .method = "GET", .url = BASE "did-witness.json", .code = 500 } };
	const struct test_exchange moved[] = { both[0], { .method = "GET", .url = BASE "did-witness.json", .code = 302 } };

	(void)state;
	assert_int_equal(0, start("{}"));
	assert_int_equal(BERTH_REGISTRY_OK, resolve(did_w, both, 2));
	assert_string_equal(witnessed, test_registry_part(&a, "did.jsonl"));
	assert_string_equal(approvals, test_registry_part(&a, "did-witness.json"));
	assert_int_equal(60, a.ttl_s);
	CHECK_OK(judge(did_w));
	assert_int_equal(BERTH_REGISTRY_OK, resolve(did_w, absent, 2));
	assert_int_equal(1, a.n_parts);
	CHECK_RC(BERTH_E_RESOLVE, judge(did_w));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, resolve(did_w, broken, 2));
	assert_int_equal(BERTH_REGISTRY_REFUSED, resolve(did_w, moved, 2));
	test_registry_stop(&r);
}

static void where_logs_are(void **state)
{
	static const struct { const char *rest, *url; } places[] = {
		{ "example.com", BASE "did.jsonl" },
		{ "example.com:dids:issuer", "https://example.com/dids/issuer/did.jsonl" },
		{ "example.com%3A3000:dids:issuer", "https://example.com:3000/dids/issuer/did.jsonl" },
		{ "example.com%3a3000", "https://example.com:3000/.well-known/did.jsonl" },
		{ "EXAMPLE.Com%3A3000:A", "https://example.com:3000/A/did.jsonl" },
		{ "xn--jp-cd2fp15c.xn--fsq.jp:%E7%94%A8%E6%88%B7", "https://xn--jp-cd2fp15c.xn--fsq.jp/%E7%94%A8%E6%88%B7/did.jsonl" },
	};

	(void)state;
	assert_int_equal(0, start("{}"));
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		const struct test_exchange x = { .method = "GET", .url = places[i].url, .reply = first };
		char did[256];

		snprintf(did, sizeof(did), "did:webvh:" SCID ":%s", places[i].rest);
		assert_int_equal(BERTH_REGISTRY_OK, resolve(did, &x, 1));
	}
	test_registry_stop(&r);
}

static int ask(uint32_t op, uint32_t phase, const char *did, const struct berth_registry_part *parts, size_t n)
{
	const struct berth_registry_request q = { .op = op, .phase = phase, .did = did, .parts = parts, .n_parts = n, .max_bytes = MIB };

	test_registry_ask(&r, &q, &a);
	return a.status;
}

static void c091_c096_nothing_is_exchanged_for_what_is_no_did_webvh(void **state)
{
	static const char *const rest[] = { "127.0.0.1", "localhost", "127%2E0%2E0%2E1", "127%2e0%2e0%2e1", "127.0.0.1%3a8080", "0x7f.1",
					    "2130706433", "127.1", "example.com%3A0", "example.com%3A99999", "example.com.", "example.com:%2E%2E",
					    "example.com::a", "example.com:a%2Fb", "%5B%3A%3A1%5D" };
	char did[256];

	(void)state;
	assert_int_equal(0, start("{}"));
	test_registry_script(&r, NULL, 0);	/* an exchange fails the test */
	for (size_t i = 0; i < sizeof(rest) / sizeof(*rest); i++) {
		snprintf(did, sizeof(did), "did:webvh:" SCID ":%s", rest[i]);
		assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_RESOLVE, 0, did, NULL, 0));
	}
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_RESOLVE, 0, "did:webvh:example.com", NULL, 0));
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_RESOLVE, 0, "did:webvh:" SCID, NULL, 0));
	assert_int_equal(BERTH_REGISTRY_REFUSED, ask(BERTH_REGISTRY_RESOLVE, 0, "did:webvh:" SCID ":example.com%3A22", NULL, 0));
	test_registry_stop(&r);
}

static void what_servers_answer(void **state)
{
	static const struct { uint32_t code; int status; } table[] = {
		{ 404, BERTH_REGISTRY_NOT_FOUND }, { 410, BERTH_REGISTRY_NOT_FOUND }, { 301, BERTH_REGISTRY_REFUSED },
		{ 302, BERTH_REGISTRY_REFUSED }, { 307, BERTH_REGISTRY_REFUSED }, { 308, BERTH_REGISTRY_REFUSED },
		{ 401, BERTH_REGISTRY_NOT_FOUND }, { 403, BERTH_REGISTRY_NOT_FOUND }, { 408, BERTH_REGISTRY_UNAVAILABLE }, { 429, BERTH_REGISTRY_UNAVAILABLE },
		{ 500, BERTH_REGISTRY_UNAVAILABLE }, { 204, BERTH_REGISTRY_UNAVAILABLE }, { 206, BERTH_REGISTRY_UNAVAILABLE },
	};
	static const int said[] = { BERTH_REGISTRY_REFUSED, BERTH_REGISTRY_UNAVAILABLE, BERTH_REGISTRY_TOO_BIG };
	const struct test_exchange empty = { .method = "GET", .url = BASE "did.jsonl" };
	const struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = did1 };

	(void)state;
	assert_int_equal(0, start("{}"));
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct test_exchange x = { .method = "GET", .url = BASE "did.jsonl", .code = table[i].code, .reply = first };

		assert_int_equal(table[i].status, resolve(did1, &x, 1));
		CHECK(a.n_parts == 0 && a.message[0]);
	}
	for (size_t i = 0; i < sizeof(said) / sizeof(*said); i++) {
		const struct test_exchange x = { .method = "GET", .url = BASE "did.jsonl", .status = said[i] };

		assert_int_equal(said[i], resolve(did1, &x, 1));
	}
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, resolve(did1, &empty, 1));
	test_registry_script(&r, &empty, 1);
	test_registry_ask_and_cancel(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, a.status);
	test_registry_stop(&r);
}

static void resources_are_fetched(void **state)
{
	static const struct test_exchange script[] = {
		{ .method = "GET", .url = "https://example.com/whois.vp", .content_type = "application/vp", .reply = "{}" },
		{ .method = "GET", .url = "https://example.com/governance/issuers.json", .reply = "[]", .max_age_s = 60 },
		{ .method = "GET", .url = "https://example.com/none", .code = 404 },
	};
	struct berth_registry_request q = { .op = BERTH_REGISTRY_FETCH, .did = did1, .resource = "/whois" };

	(void)state;
	assert_int_equal(0, start("{}"));
	test_registry_script(&r, script, 3);
	test_registry_ask(&r, &q, &a);
	assert_string_equal("{}", test_registry_part(&a, "resource"));
	assert_string_equal("application/vp", test_registry_part(&a, "contentType"));
	q.resource = "/governance/issuers.json";
	test_registry_ask(&r, &q, &a);
	assert_string_equal("[]", test_registry_part(&a, "resource"));
	assert_int_equal(60, a.ttl_s);
	q.resource = "/none";
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, a.status);
	q.resource = "/../x";
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_INVALID, a.status);
	q.resource = NULL;
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_INVALID, a.status);
	test_registry_stop(&r);
}

/* ---- publishing ---- */

static struct berth_registry_part part(const char *name, const char *text)
{
	return (struct berth_registry_part){ name, (const uint8_t *)text, strlen(text) };
}

static int submit_log(uint32_t op, const char *did, const char *log)
{
	const struct berth_registry_part p = part("did.jsonl", log);

	return ask(op, BERTH_REGISTRY_SUBMIT, did, &p, 1);
}

static void a_log_in_a_tree_only_grows(void **state)
{
	const struct berth_registry_part all[] = { part("did.json", "{\"id\":\"did:web:example.com\"}"), part("did.jsonl", whole),
						   part("did-witness.json", "[]") };
	char *other = strdup(whole);

	(void)state;
	start_with_tree();
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, submit_log(BERTH_REGISTRY_UPDATE, did1, first));
	CHECK(access(test_path(dir, "example.com"), F_OK) != 0);
	assert_int_equal(BERTH_REGISTRY_OK, submit_log(BERTH_REGISTRY_CREATE, did1, first));
	assert_string_equal("{\"url\":\"" BASE "did.jsonl\"}", test_registry_part(&a, "receipt"));
	CHECK(holds("example.com/.well-known/did.jsonl", first));
	assert_int_equal(BERTH_REGISTRY_CONFLICT, submit_log(BERTH_REGISTRY_CREATE, did1, first));
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, did1, all, 3));
	CHECK(holds("example.com/.well-known/did.jsonl", whole) && holds("example.com/.well-known/did-witness.json", "[]"));
	CHECK(holds("example.com/.well-known/did.json", "{\"id\":\"did:web:example.com\"}"));
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, did1, all, 3));
	/* shorter, or another one */
	assert_int_equal(BERTH_REGISTRY_CONFLICT, submit_log(BERTH_REGISTRY_UPDATE, did1, first));
	other[40] ^= 1;
	assert_int_equal(BERTH_REGISTRY_CONFLICT, submit_log(BERTH_REGISTRY_DEACTIVATE, did1, other));
	CHECK(holds("example.com/.well-known/did.jsonl", whole));
	test_registry_stop(&r);
	free(other);
}

static void only_its_own_log_is_published(void **state)
{
	(void)state;
	start_with_tree();
	assert_int_equal(BERTH_REGISTRY_INVALID, submit_log(BERTH_REGISTRY_CREATE, did_w, first));
	assert_int_equal(BERTH_REGISTRY_INVALID, submit_log(BERTH_REGISTRY_CREATE, did1, "{}"));
	assert_int_equal(BERTH_REGISTRY_INVALID, submit_log(BERTH_REGISTRY_CREATE, did1, "x"));
	assert_int_equal(BERTH_REGISTRY_INVALID, submit_log(BERTH_REGISTRY_CREATE, did1, ""));
	assert_int_equal(BERTH_REGISTRY_INVALID, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_SUBMIT, did1, NULL, 0));
	assert_int_equal(BERTH_REGISTRY_INVALID, submit_log(BERTH_REGISTRY_CREATE, "did:webvh:" SCID ":127.0.0.1", first));
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_PROPOSE, did1, NULL, 0));
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, ask(BERTH_REGISTRY_CREATE, BERTH_REGISTRY_CHECK, did1, NULL, 0));
	CHECK(access(test_path(dir, "example.com"), F_OK) != 0);
	test_registry_stop(&r);
	assert_int_equal(0, start("{}"));
	assert_int_equal(BERTH_REGISTRY_UNSUPPORTED, submit_log(BERTH_REGISTRY_CREATE, did1, first));
	test_registry_stop(&r);
}

static void nothing_leads_out_of_the_tree(void **state)
{
	char outside[TMPDIR_LEN];

	(void)state;
	test_tmpdir(outside);
	start_with_tree();
	assert_int_equal(0, symlink(outside, test_path(dir, "example.com")));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, submit_log(BERTH_REGISTRY_CREATE, did1, first));
	assert_int_equal(-1, rmdir(test_path(outside, ".well-known")));
	test_registry_stop(&r);
	test_tmpdir_remove(outside);
}

#define UP "https://up.example/site/example.com/.well-known/"

/* What is there is looked at first, and witnesses come before the log. */
static void logs_are_put_by_http(void **state)
{
	const struct test_exchange create[] = {
		{ .method = "GET", .url = UP "did.jsonl", .authorization = "Bearer s3", .code = 404 },
		{ .method = "PUT", .url = UP "did.jsonl", .body = first, .authorization = "Bearer s3", .code = 201 },
	};
	const struct test_exchange update[] = {
		{ .method = "GET", .url = UP "did.jsonl", .reply = first },
		{ .method = "PUT", .url = UP "did-witness.json", .body = "[]", .code = 201 },
		{ .method = "PUT", .url = UP "did.jsonl", .body = whole, .code = 204 },
		{ .method = "PUT", .url = UP "did.json", .body = "{}", .code = 204 },
	};
	const struct test_exchange no_witness[] = { update[0], { .method = "PUT", .url = UP "did-witness.json", .code = 403 } };
	const struct berth_registry_part all[] = { part("did.json", "{}"), part("did.jsonl", whole), part("did-witness.json", "[]") };
	char config[256];

	(void)state;
	test_write_file(test_path(dir, "token"), "Bearer s3cret\nmore\n", 19, 0600);
	snprintf(config, sizeof(config), "{\"publish-url\":\"https://up.example/site\",\"authorization-file\":\"%s/token\"}", dir);
	assert_int_equal(0, start(config));
	test_registry_script(&r, create, 2);
	assert_int_equal(BERTH_REGISTRY_OK, submit_log(BERTH_REGISTRY_CREATE, did1, first));
	assert_string_equal("{\"url\":\"" BASE "did.jsonl\"}", test_registry_part(&a, "receipt"));
	test_registry_script(&r, update, 4);
	assert_int_equal(BERTH_REGISTRY_OK, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, did1, all, 3));
	assert_int_equal(0, test_registry_left(&r));
	test_registry_script(&r, no_witness, 2);	/* and so no log either */
	assert_int_equal(BERTH_REGISTRY_REFUSED, ask(BERTH_REGISTRY_UPDATE, BERTH_REGISTRY_SUBMIT, did1, all, 3));
	assert_int_equal(0, test_registry_left(&r));
	unlink(test_path(dir, "token"));
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, submit_log(BERTH_REGISTRY_CREATE, did1, first));
	test_registry_stop(&r);
}

static void nothing_is_put_over_another_log(void **state)
{
	static const struct { uint32_t code; int create, update; } table[] = {
		{ 500, BERTH_REGISTRY_UNAVAILABLE, BERTH_REGISTRY_UNAVAILABLE }, { 403, BERTH_REGISTRY_REFUSED, BERTH_REGISTRY_REFUSED },
		{ 302, BERTH_REGISTRY_REFUSED, BERTH_REGISTRY_REFUSED },
	};
	const struct test_exchange there = { .method = "GET", .url = BASE "did.jsonl", .reply = whole };
	const struct test_exchange none = { .method = "GET", .url = BASE "did.jsonl", .code = 404 };

	(void)state;
	assert_int_equal(0, start("{\"publish-url\":\"itself\"}"));
	test_registry_script(&r, &there, 1);
	assert_int_equal(BERTH_REGISTRY_CONFLICT, submit_log(BERTH_REGISTRY_UPDATE, did1, first));
	test_registry_script(&r, &there, 1);
	assert_int_equal(BERTH_REGISTRY_CONFLICT, submit_log(BERTH_REGISTRY_CREATE, did1, whole));
	test_registry_script(&r, &none, 1);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, submit_log(BERTH_REGISTRY_UPDATE, did1, whole));
	for (size_t i = 0; i < sizeof(table) / sizeof(*table); i++) {
		const struct test_exchange x = { .method = "GET", .url = BASE "did.jsonl", .code = table[i].code };

		test_registry_script(&r, &x, 1);
		assert_int_equal(table[i].create, submit_log(BERTH_REGISTRY_CREATE, did1, first));
		test_registry_script(&r, &x, 1);
		assert_int_equal(table[i].update, submit_log(BERTH_REGISTRY_UPDATE, did1, whole));
	}
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
		TEST(a_log_is_handed_on_as_it_came),
		TEST(witnesses_are_asked_for_where_there_are_some),
		TEST(where_logs_are),
		TEST(c091_c096_nothing_is_exchanged_for_what_is_no_did_webvh),
		TEST(what_servers_answer),
		TEST(resources_are_fetched),
		TEST(a_log_in_a_tree_only_grows),
		TEST(only_its_own_log_is_published),
		TEST(nothing_leads_out_of_the_tree),
		TEST(logs_are_put_by_http),
		TEST(nothing_is_put_over_another_log),
		TEST(configurations_that_are_refused),
	};

	return cmocka_run_group_tests_name("webvh", tests, load, unload);
}
