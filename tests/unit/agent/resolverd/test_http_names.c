/* SPDX-License-Identifier: Apache-2.0 */
/* Where exchanges may go: what names mean, to whom they lead, and what a name service can
 * do about it. */
#include "tests/unit/agent/resolverd/exchange.h"

static size_t connects(void) { return hostile_count(&server, "connect"); }
static size_t queries(void) { return hostile_count(&server, "query"); }

static void c091_numbers_in_disguise_are_refused_unasked(void **state)
{
	static const char *const urls[] = {
		"https://0x7f.1/ok", "https://2130706433/ok", "https://0177.0.0.1/ok", "https://127.1/ok", "https://127.0.0.1/ok",
		"https://[::1]/ok", "https://[::ffff:127.0.0.1]/ok", "https://127.0.0.1./ok", "https://0x7f000001/ok",
		"https://%31%32%37.0.0.1/ok", "https://owner.test./ok", "https://0/ok", "https://10.0.0.1/ok",
	};

	(void)state;
	for (size_t i = 0; i < N(urls); i++)
		REFUSED(urls[i]);
	REFUSED("https://localhost/ok");	/* by what /etc/hosts says */
	CHECK(connects() == 0 && queries() == 0);
}

static void c092_names_of_other_than_public_addresses_are_refused(void **state)
{
	static const char *const names[] = {
		"private", "loopback", "ten", "home", "metadata", "shared", "zero", "alias",
		"six", "mapped", "local", "unique",
	};
	const size_t n = has_ipv6 ? N(names) : N(names) - 4;
	struct told t;
	char url[64];

	(void)state;
	for (size_t i = 0; i < n; i++) {
		snprintf(url, sizeof(url), "https://%s.test/ok", names[i]);
		REFUSED(url);
	}
	CHECK(connects() == 0 && queries() >= n);
	replies(SITE "/ok", 200, &t);
	CHECK(connects() == 1);
}

/* Their twins: the same, where they are allowed, come as far as the certificate, which is
 * not for them. */
static void c092_where_they_are_allowed_they_are_dialled(void **state)
{
	static const char *const at[][2] = {
		{ "private", "10.0.0.1" }, { "ten", "172.16.0.1" }, { "home", "192.168.0.1" },
		{ "metadata", "169.254.169.254" }, { "shared", "100.64.0.1" },
	};
	char text[64];

	(void)state;
	for (size_t i = 0; i < N(at); i++)
		CHECK_OK(berth_netpol_add_allow(&policy.addresses, at[i][1]));
	for (size_t i = 0; i < N(at); i++) {
		snprintf(text, sizeof(text), "https://%s.test/ok", at[i][0]);
		REFUSED(text);
		snprintf(text, sizeof(text), "connect %s:443", at[i][1]);
		CHECK(hostile_count(&server, text) == 1);
	}
}

static void of_several_addresses_the_public_one_is_dialled(void **state)
{
	(void)state;
	REFUSED("https://both.test/ok");	/* another's certificate */
	CHECK(hostile_count(&server, "connect 11.0.0.1:443") == 1 && connects() == 1);
}

static void where_nobody_answers_the_next_address_is_tried(void **state)
{
	static const char *const names[] = { "first.test", "second.test", "neither.test" };
	char url[64];
	struct told t;

	(void)state;
	for (size_t i = 0; i < N(names); i++)
		CHECK_OK(berth_http_names_add(&policy.plain, names[i], false));
	for (size_t i = 0; i < 2; i++) {
		snprintf(url, sizeof(url), "http://%s:8080/ok", names[i]);
		replies(url, 200, &t);
		assert_string_equal("at 11.0.0.1:8080", t.body);
	}
	CHECK(connects() == 2);
	fails("http://neither.test:8545/ok", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);	/* at 10.0.0.1 somebody would */
	CHECK(connects() == 2);
}

/* C092: a name that is public when it is looked at and private when it is dialled. */
static void c092_the_answer_that_was_judged_is_the_one_that_is_dialled(void **state)
{
	struct told t;

	(void)state;
	CHECK_OK(berth_http_names_add(&policy.plain, "turns.test", false));
	replies("http://turns.test/ok", 200, &t);
	assert_string_equal("at 11.0.0.1:80", t.body);
	CHECK(hostile_count(&server, "query turns.test A\n") == 1);
	REFUSED("http://turns.test/ok");
	CHECK(connects() == 1);
}

static void a_connection_is_used_again_for_the_same_address_only(void **state)
{
	static const char *const sites[] = { SITE, "http://owner.test" };
	static const uint8_t last[] = { 1, 1, 1, 2, 2, 1 };
	char url[64], text[64];
	struct told t;

	(void)state;
	CHECK_OK(berth_netpol_add_host(&policy.addresses, "owner.test=11.0.0.1"));
	CHECK_OK(berth_http_names_add(&policy.plain, "owner.test", false));
	for (size_t i = 0; i < N(sites) * N(last); i++) {
		policy.addresses.hosts[0].addr.b[15] = last[i % N(last)];
		snprintf(url, sizeof(url), "%s/ok", sites[i / N(last)]);
		replies(url, 200, &t);
		snprintf(text, sizeof(text), "at 11.0.0.%u:%d", last[i % N(last)], i < N(last) ? 443 : 80);
		assert_string_equal(text, t.body);
	}
	CHECK(connects() == 4 && queries() == 0);
}

static void names_without_an_answer_are_unavailable(void **state)
{
	(void)state;
	fails("https://nobody.test/ok", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);
	fails("https://loop.test/ok", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);
	fails("https://slow.test/ok", BERTH_REGISTRY_UNAVAILABLE, BERTH_E_UNAVAILABLE);
	CHECK(connects() == 0);
}

static void c102_while_a_name_is_slow_others_are_found(void **state)
{
	struct berth_registry_http slow = request_of("https://slow.test/");
	struct told t[3], other;

	(void)state;
	for (size_t i = 0; i < N(t); i++)
		begin(&slow, 0, &t[i]);
	replies(SITE "/ok", 200, &other);
	CHECK(t[0].calls == 0 && t[1].calls == 0 && t[2].calls == 0);
	await(t, N(t));
}

static void c102_a_deadline_ends_the_wait_for_a_name(void **state)
{
	struct berth_registry_http slow = request_of("https://slow.test/");
	struct told t;

	(void)state;
	begin(&slow, 50, &t);
	await(&t, 1);
	CHECK(t.calls == 1 && t.status == BERTH_REGISTRY_UNAVAILABLE && strstr(t.message, "in time"));
}

static void c102_more_names_than_can_be_asked_for_wait(void **state)
{
	enum { MANY = 100 };	/* above BERTH_NAMES_WAITING_MAX */
	struct berth_registry_http slow = request_of("https://slow.test/");
	struct told t[MANY];

	(void)state;
	for (size_t i = 0; i < MANY; i++)
		begin(&slow, i % 2 ? 200 : 0, &t[i]);
	pump();
	for (size_t i = 1; i < MANY; i += 2)
		await(&t[i], 1);
	for (size_t i = 0; i < MANY; i++)
		CHECK(t[i].calls == i % 2 || t[i].status == BERTH_REGISTRY_UNAVAILABLE);
}	/* freed with the rest of them under way */

static void names_that_are_not_listed_are_refused_unasked(void **state)
{
	struct told t;

	(void)state;
	CHECK_OK(berth_http_names_add(&policy.names, "owner.test", true));
	replies(SITE "/ok", 200, &t);
	hostile_forget(&server);
	REFUSED("https://moves.test/ok");
	REFUSED("https://11.0.0.1/ok");
	CHECK(connects() == 0 && queries() == 0);
}

/* ---- a proxy */

static void use_proxy(const char *url)
{
	CHECK_OK(berth_res_http_policy_set_proxy(&policy, url));
}

static void the_policy_of_addresses_is_the_proxys(void **state)
{
	struct told t;

	(void)state;
	CHECK_OK(berth_http_names_add(&policy.names, "owner.test", true));
	use_proxy("http://10.0.0.1:3128");
	REFUSED(SITE ":8443/ok");
	CHECK(connects() == 0);
	CHECK_OK(berth_netpol_add_allow(&policy.addresses, "10.0.0.1"));
	replies(SITE ":8443/ok", 200, &t);
	assert_string_equal("at 10.0.0.1:8443", t.body);
	CHECK(hostile_count(&server, "proxy 10.0.0.1:3128 CONNECT owner.test:8443") == 1 && queries() == 0);
	replies(SITE ":8443/ok", 200, &t);
	CHECK(hostile_count(&server, "connect 10.0.0.1:3128") == 1);
}

static void a_proxy_has_a_name(void **state)
{
	struct told t;

	(void)state;
	CHECK_OK(berth_http_names_add(&policy.names, "*.test", true));
	CHECK_OK(berth_netpol_add_allow(&policy.addresses, "10.0.0.0/8"));
	use_proxy("http://proxy.test:3128");
	replies(SITE ":8443/ok", 200, &t);
	CHECK(hostile_count(&server, "query proxy.test A\n") == 1 && hostile_count(&server, "query owner") == 0);
	CHECK_OK(berth_http_names_add(&policy.plain, "owner.test", false));
	replies("http://owner.test:8545/ok", 200, &t);	/* in a tunnel, too */
	REFUSED("https://11.0.0.1:8443/ok");
}

static void through_a_proxy_only_listed_names_are_asked(void **state)
{
	(void)state;
	CHECK_OK(berth_netpol_add_allow(&policy.addresses, "10.0.0.1"));
	use_proxy("http://10.0.0.1:3128");
	REFUSED(SITE ":8443/ok");
	CHECK_OK(berth_http_names_add(&policy.names, "*", true));
	REFUSED("https://127.0.0.1:8443/ok");		/* numbers are held against both */
	REFUSED("https://0x7f.1:8443/ok");
	CHECK(connects() == 0);
	fails("https://other.test:1/ok", BERTH_REGISTRY_REFUSED, BERTH_E_NETPOL);
}

static void what_a_proxy_says_is_no_reply(void **state)
{
	(void)state;
	CHECK_OK(berth_http_names_add(&policy.names, "*", true));
	use_proxy("http://11.0.0.1:80");		/* it answers 200 to CONNECT, and then speaks no TLS */
	REFUSED(SITE "/ok");
	CHECK(hostile_count(&server, "request 11.0.0.1:80 CONNECT owner.test:443") == 1);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, start_http, stop_http)
	const struct CMUnitTest tests[] = {
		TEST(c091_numbers_in_disguise_are_refused_unasked),
		TEST(c092_names_of_other_than_public_addresses_are_refused),
		TEST(c092_where_they_are_allowed_they_are_dialled),
		TEST(of_several_addresses_the_public_one_is_dialled),
		TEST(where_nobody_answers_the_next_address_is_tried),
		TEST(c092_the_answer_that_was_judged_is_the_one_that_is_dialled),
		TEST(a_connection_is_used_again_for_the_same_address_only),
		TEST(names_without_an_answer_are_unavailable),
		TEST(c102_while_a_name_is_slow_others_are_found),
		TEST(c102_a_deadline_ends_the_wait_for_a_name),
		TEST(c102_more_names_than_can_be_asked_for_wait),
		TEST(names_that_are_not_listed_are_refused_unasked),
		TEST(the_policy_of_addresses_is_the_proxys),
		TEST(a_proxy_has_a_name),
		TEST(through_a_proxy_only_listed_names_are_asked),
		TEST(what_a_proxy_says_is_no_reply),
	};

	return cmocka_run_group_tests(tests, start_server, stop_server);
}
