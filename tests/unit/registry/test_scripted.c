/* SPDX-License-Identifier: Apache-2.0 */
/* The scripted host that adapters are tested with, and the static adapter under it. */
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/built.h"
#include "tests/fakes/registry_host.h"
#include "tests/fakes/shell.h"

/* An adapter that asks twice with a rest between, and answers with what it was told. */
static const struct berth_registry_host *host;
static struct berth_registry_query *asked;
static int tries;

static void answer(int status, const uint8_t *p, size_t n, const char *message)
{
	const struct berth_registry_part part = { "didDocument", p, n };
	const struct berth_registry_answer a = {
		.size = sizeof(a), .status = status, .parts = &part, .n_parts = 1, .message = message, .ttl_s = 60,
	};

	host->answer(asked, &a);
}

static void get(const char *url);

static void again(void *arg)
{
	get(arg);
}

static void on_reply(void *arg, const struct berth_registry_http_reply *r)
{
	if (r->status == BERTH_REGISTRY_OK && r->code == 200)
		answer(BERTH_REGISTRY_OK, r->body, r->body_len, NULL);
	else if (r->status == BERTH_REGISTRY_CANCELLED)
		answer(BERTH_REGISTRY_UNAVAILABLE, NULL, 0, "gave up");
	else if (r->code == 503 && tries++ < 3)
		host->timer(asked, 1000, again, arg);
	else
		answer(r->status ? r->status : BERTH_REGISTRY_NOT_FOUND, NULL, 0, "no");
}

static void get(const char *url)
{
	const struct berth_registry_http h = { .size = sizeof(h), .method = "GET", .url = url, .max_bytes = 100 };

	assert_int_equal(0, host->http(asked, &h, on_reply, (char *)(uintptr_t)url));
}

static int start(const struct berth_registry_host *h, const char *config, void **self)
{
	(void)config;
	host = h;
	*self = NULL;
	return 0;
}

static void stop(void *self)
{
	(void)self;
}

static void ask(void *self, const struct berth_registry_request *r, struct berth_registry_query *q)
{
	(void)self;
	(void)r;
	asked = q;
	tries = 0;
	get("https://a.test/x");
}

static void cancel(void *self, struct berth_registry_query *q)
{
	(void)self;
	(void)q;
	answer(BERTH_REGISTRY_UNAVAILABLE, NULL, 0, "too late");
}

static const struct berth_registry_adapter twice = {
	.size = sizeof(twice), .abi_major = BERTH_REGISTRY_ABI_MAJOR, .name = "twice", .methods = "web",
	.operations = 1u << BERTH_REGISTRY_RESOLVE, .start = start, .stop = stop, .ask = ask, .cancel = cancel,
};

static void exchanges_go_by_the_script(void **state)
{
	static const struct test_exchange script[] = {
		{ .method = "GET", .url = "https://a.test/x", .code = 503 },
		{ .method = "GET", .url = "https://a.test/x", .reply = "{}", .content_type = "application/json" },
		{ .method = "GET", .url = "https://a.test/x", .status = BERTH_REGISTRY_REFUSED },
		{ .method = "GET", .url = "https://a.test/x", .code = 404 },
	};
	struct test_registry r;
	struct test_registry_answer a = { 0 };

	(void)state;
	assert_int_equal(0, test_registry_start_adapter(&r, &twice, "{}"));
	test_registry_script(&r, script, 4);
	test_registry_resolve(&r, "did:web:a.test", &a);
	assert_int_equal(BERTH_REGISTRY_OK, a.status);
	assert_string_equal("{}", test_registry_part(&a, "didDocument"));
	assert_null(test_registry_part(&a, "did.jsonl"));
	assert_int_equal(60, a.ttl_s);
	assert_int_equal(1000, r.now_ms);
	assert_int_equal(2, test_registry_left(&r));
	test_registry_resolve(&r, "did:web:a.test", &a);
	assert_int_equal(BERTH_REGISTRY_REFUSED, a.status);
	test_registry_resolve(&r, "did:web:a.test", &a);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, a.status);
	assert_int_equal(0, test_registry_left(&r));
	test_registry_answer_free(&a);
	test_registry_stop(&r);
}

static void what_is_given_up_is_cancelled(void **state)
{
	static const struct test_exchange script[] = {
		{ .method = "GET", .url = "https://a.test/x" },
		{ .method = "GET", .url = "https://a.test/x", .code = 503 },
		{ .method = "GET", .url = "https://a.test/x", .code = 503 },
	};
	const struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = "did:web:a.test", .deadline_ms = 1500 };
	struct test_registry r;
	struct test_registry_answer a = { 0 };

	(void)state;
	assert_int_equal(0, test_registry_start_adapter(&r, &twice, "{}"));
	test_registry_script(&r, script, 3);
	test_registry_ask_and_cancel(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, a.status);
	assert_string_equal("gave up", a.message);
	test_registry_ask(&r, &q, &a);		/* the second rest ends after the deadline */
	assert_int_equal(BERTH_REGISTRY_UNAVAILABLE, a.status);
	assert_string_equal("too late", a.message);
	test_registry_answer_free(&a);
	test_registry_stop(&r);
}

static void the_static_adapter_needs_no_network(void **state)
{
	char dir[] = "/tmp/berth-scripted-XXXXXX", path[64], config[64], so[PATH_MAX];
	const char *clean[] = { "rm", "-rf", dir, NULL };
	struct berth_registry_request q = { .op = BERTH_REGISTRY_RESOLVE, .did = "did:web:a.test" };
	struct test_registry r;
	struct test_registry_answer a = { 0 };
	FILE *f;

	(void)state;
	test_built(so, sizeof(so), "lib/berth/registry/static.so");
	CHECK(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/a.json", dir);
	CHECK((f = fopen(path, "w")));
	fputs("{\"id\":\"did:web:a.test\"}", f);
	fclose(f);
	snprintf(config, sizeof(config), "{\"dir\":\"%s\"}", dir);
	assert_int_equal(0, test_registry_start(&r, so, config));
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_OK, a.status);
	assert_string_equal("{\"id\":\"did:web:a.test\"}", test_registry_part(&a, "didDocument"));
	q.max_bytes = 22;
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_TOO_BIG, a.status);
	q.version_id = "1";
	test_registry_ask(&r, &q, &a);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, a.status);
	test_registry_resolve(&r, "did:web:b.test", &a);
	assert_int_equal(BERTH_REGISTRY_NOT_FOUND, a.status);
	test_registry_stop(&r);
	CHECK(test_registry_start(&r, so, "{}") != 0);
	test_registry_answer_free(&a);
	test_run(clean);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchanges_go_by_the_script),
		cmocka_unit_test(what_is_given_up_is_cancelled),
		cmocka_unit_test(the_static_adapter_needs_no_network),
	};

	return cmocka_run_group_tests_name("scripted", tests, NULL, NULL);
}
