/* SPDX-License-Identifier: Apache-2.0 */
/* How many exchanges, for how long, with how much memory, and who ends them. */
#include "tests/fakes/alloc.h"
#include "tests/unit/agent/resolverd/exchange.h"

static size_t connects(void) { return hostile_count(&server, "connect"); }

static void c102_slow_servers_hold_up_nobody_for_long(void **state)
{
	struct berth_registry_http q = request_of(SITE "/silent");
	struct told silent, drip;

	(void)state;
	begin(&q, 300, &silent);
	await(&silent, 1);
	CHECK(silent.status == BERTH_REGISTRY_UNAVAILABLE && silent.why == BERTH_E_UNAVAILABLE);
	policy.stall_s = 1;
	q.url = SITE "/drip";
	begin(&q, 0, &drip);
	await(&drip, 1);
	CHECK(drip.status == BERTH_REGISTRY_UNAVAILABLE && strstr(drip.message, "too slow"));
}

static void many(size_t n, const char *path, struct told *t)
{
	char url[64];

	for (size_t i = 0; i < n; i++) {
		struct berth_registry_http q;

		snprintf(url, sizeof(url), SITE "%s", path);
		q = request_of(url);
		begin(&q, 0, &t[i]);
	}
}

static void c102_a_thousand_at_once_are_bounded_and_none_is_lost(void **state)
{
	enum { MANY = 1000 };
	struct told *t = calloc(MANY, sizeof(*t));
	uint64_t began = berth_clock_mono_ms();

	(void)state;
	CHECK(t);
	policy.at_once = 8;
	many(MANY, "/ok", t);
	await(t, MANY);
	for (size_t i = 0; i < MANY; i++)
		CHECK(t[i].calls == 1 && t[i].status == BERTH_REGISTRY_OK && t[i].len == 15);
	printf("%d exchanges over TLS, %u at once: %llu ms\n", MANY, policy.at_once,
	       (unsigned long long)(berth_clock_mono_ms() - began));
	CHECK(connects() <= 8 && hostile_count(&server, "request") == MANY);
	free(t);
}

static void too_many_do_not_begin(void **state)
{
	struct told *t = calloc(BERTH_RES_HTTP_MAX, sizeof(*t)), more;
	struct berth_registry_http q = request_of(SITE "/ok");
	struct berth_res_exchange *x;

	(void)state;
	CHECK(t);
	many(BERTH_RES_HTTP_MAX, "/ok", t);
	CHECK_RC(BERTH_E_QUOTA, berth_res_http_begin(http, &q, 0, on_done, &more, &x));
	await(t, BERTH_RES_HTTP_MAX);
	begin(&q, 0, &more);
	await(&more, 1);
	CHECK(more.status == BERTH_REGISTRY_OK);
	free(t);
}

static void the_rate_of_an_address_makes_wait(void **state)
{
	enum { MANY = 6 };
	struct told t[MANY];
	uint64_t began;

	(void)state;
	stop_http(NULL);
	start_http(NULL);
	berth_res_http_free(http);
	policy.rate_per_s = 1;		/* four at once, then one a second */
	CHECK_OK(berth_res_http_new(&http, &policy));
	began = berth_clock_mono_ms();
	many(MANY, "/ok", t);
	await(t, MANY);
	CHECK(berth_clock_mono_ms() - began >= 1000);	/* a slow machine only makes it later */
	CHECK(t[5].status == BERTH_REGISTRY_OK);
}

/* ---- the calls of who asks */

struct meddler {
	struct told own;
	struct berth_res_exchange *other, *self;
	unsigned again;
};

static void meddle(void *arg, const struct berth_registry_http_reply *r)
{
	struct meddler *m = arg;
	struct berth_registry_http q = request_of(SITE "/ok");

	on_done(&m->own, r);
	berth_res_http_drop(http, m->self);	/* too late, and no harm */
	if (m->other)
		berth_res_http_drop(http, m->other);
	m->other = NULL;
	if (m->again && m->again--)
		CHECK_OK(berth_res_http_begin(http, &q, 0, meddle, m, &m->self));
}

static void a_call_may_begin_and_end_others(void **state)
{
	struct berth_registry_http q = request_of(SITE "/ok"), silent = request_of(SITE "/silent"), no = request_of("https://10.0.0.1");
	const struct berth_registry_http *const others[] = { &silent, &no };

	(void)state;
	for (size_t i = 0; i < N(others); i++) {
		struct meddler m = { .again = 3 };
		struct told other;

		CHECK_OK(berth_res_http_begin(http, i == 0 ? &q : &no, 0, meddle, &m, &m.self));
		m.other = begin(others[i], 0, &other);
		while (m.own.calls < 4)
			pump();
		CHECK(other.calls == 0);
	}
}

static void dropped_in_any_state_it_is_told_nothing(void **state)
{
	static const char *const urls[] = {
		SITE "/silent", "https://slow.test/", "https://10.0.0.1/", "https://11.0.0.1:8001/ok", SITE "/drip",
	};
	struct told t, after;

	(void)state;
	for (size_t i = 0; i < N(urls); i++)
		for (unsigned rounds = 0; rounds < 12; rounds++) {
			struct berth_registry_http q = request_of(urls[i]);
			struct berth_res_exchange *x = begin(&q, 0, &t);

			for (unsigned r = 0; r < rounds && !t.calls; r++)
				pump();
			if (t.calls)
				continue;
			berth_res_http_drop(http, x);
			CHECK(t.calls == 0);
		}
	replies(SITE "/ok", 200, &after);
}

static void freed_with_exchanges_under_way(void **state)
{
	static const char *const urls[] = { SITE "/silent", "https://slow.test/", "https://10.0.0.1/", SITE "/endless", "https://11.0.0.1/" };
	struct told t[N(urls)];

	(void)state;
	for (size_t i = 0; i < N(urls); i++) {
		struct berth_registry_http q = request_of(urls[i]);

		begin(&q, 0, &t[i]);
		berth_res_http_run(http);
	}
}

/* ---- what it costs */

static bool has_curl(void)
{
	char line[512];
	FILE *f = fopen("/proc/self/maps", "re");
	bool found = false;

	CHECK(f);
	while (fgets(line, sizeof(line), f))
		found |= strstr(line, "libcurl") != NULL;
	fclose(f);
	return found;
}

/* First of all tests: what is loaded stays. */
static void curl_is_loaded_by_what_the_policy_lets_through(void **state)
{
	struct told t;

	(void)state;
	REFUSED("https://10.0.0.1/");
	REFUSED("http://owner.test/");
	CHECK(!has_curl());
	replies(SITE "/ok", 200, &t);
	CHECK(has_curl());
}

static void at_rest_nothing_is_due(void **state)
{
	struct told t;

	(void)state;
	CHECK(berth_res_http_timeout_ms(http) == -1);
	replies(SITE "/ok", 200, &t);
	for (unsigned i = 0; i < 20 && berth_res_http_timeout_ms(http) >= 0; i++)
		pump();
	CHECK(berth_res_http_timeout_ms(http) == -1);
}

static void what_is_held_of_all_replies_is_bounded(void **state)
{
	enum { MANY = 12 };
	struct told t[MANY];
	unsigned whole = 0;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		struct berth_registry_http q = request_of(SITE "/size/5000000");

		q.max_bytes = SIZE_MAX;
		begin(&q, 0, &t[i]);
	}
	await(t, MANY);
	for (size_t i = 0; i < MANY; i++) {
		whole += t[i].status == BERTH_REGISTRY_OK;
		CHECK(t[i].status == BERTH_REGISTRY_OK || t[i].why == BERTH_E_NOMEM);
	}
	CHECK(whole >= 1);
	replies(SITE "/ok", 200, &t[0]);
}

static enum berth_err one_exchange(void *arg)
{
	struct berth_registry_http q = request_of(SITE "/size/100000");
	struct berth_res_exchange *x;
	struct told t = { 0 };
	enum berth_err rc = berth_res_http_new(&http, &policy);

	(void)arg;
	if (!rc && !(rc = berth_res_http_begin(http, &q, 60000, on_done, &t, &x))) {
		await(&t, 1);
		rc = t.why;
	}
	berth_res_http_free(http);
	http = NULL;
	return rc;
}

static void c015_every_allocation_may_fail(void **state)
{
	(void)state;
	CHECK_OK(berth_netpol_add_host(&policy.addresses, "owner.test=11.0.0.1"));
	berth_res_http_free(http);
	CHECK(test_every_allocation_fails(one_exchange, NULL) >= 6);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start_http, stop_http)
	const struct CMUnitTest tests[] = {
		TEST(curl_is_loaded_by_what_the_policy_lets_through),
		TEST(at_rest_nothing_is_due),
		TEST(c102_slow_servers_hold_up_nobody_for_long),
		TEST(c102_a_thousand_at_once_are_bounded_and_none_is_lost),
		TEST(too_many_do_not_begin),
		TEST(the_rate_of_an_address_makes_wait),
		TEST(a_call_may_begin_and_end_others),
		TEST(dropped_in_any_state_it_is_told_nothing),
		TEST(freed_with_exchanges_under_way),
		TEST(what_is_held_of_all_replies_is_bounded),
		TEST(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
