/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/uri.h"

#include "tests/check.h"

static void good_uris_are_taken_apart(void **state)
{
	struct berth_netaddr v4 = { { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127, 0, 0, 2 } };
	struct berth_netaddr v6 = { { 0x26, 0x06, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1 } };
	char url[BERTH_NETD_URL_MAX + 1];
	struct berth_netd_uri u;

	(void)state;
	CHECK_OK(berth_netd_uri_parse(&u, "nng+tcp://owner.test:7000"));
	CHECK(u.scheme == BERTH_NETD_TCP && u.port == 7000);
	assert_string_equal("owner.test", u.host);
	berth_netd_uri_nng(url, &u, &v4);
	assert_string_equal("tcp://127.0.0.2:7000", url);
	CHECK_OK(berth_netd_uri_parse(&u, "nng+tcp://[2606::1]:65535"));
	assert_string_equal("2606::1", u.host);
	berth_netd_uri_nng(url, &u, &v6);
	assert_string_equal("tcp://[2606::1]:65535", url);
	CHECK_OK(berth_netd_uri_parse(&u, "nng+tls://owner.test:7443"));
	CHECK(u.scheme == BERTH_NETD_TLS && u.port == 7443);
	berth_netd_uri_nng(url, &u, &v6);
	assert_string_equal("tls+tcp://[2606::1]:7443", url);
	CHECK_OK(berth_netd_uri_parse(&u, "nng+ipc:///run/x.sock"));
	CHECK(u.scheme == BERTH_NETD_IPC);
	berth_netd_uri_nng(url, &u, &v4);
	assert_string_equal("ipc:///run/x.sock", url);
}

static void c103_everything_else_is_e_config(void **state)
{
	static const char *const bad[] = {
		"", "nng+tcp://", "nng+tcp://a", "nng+tcp://a:", "nng+tcp://:1", "nng+tcp://a:65536", "nng+tcp://a:1x",
		"nng+tcp://a:-1", "nng+tcp://a:+1", "nng+tcp://a:000001", "nng+tcp://a:1/", "nng+tcp://a:1?x",
		"nng+tcp://u@a:1", "nng+tcp://a/b:1", "nng+tcp://::1:1", "nng+tcp://[::1:1", "nng+tcp://[::1]1",
		"nng+tcp://[]:1", "NNG+TCP://a:1", "nng+tls://a", "nng+tls:///a", "tls+tcp://a:1", "tcp://a:1", "ipc:///run/x.sock", "inproc://x",
		"http://127.0.0.1", "nng+ipc://", "nng+ipc:///", "nng+ipc://run/x", "nng+ipc:///run//x", "nng+ipc:///run/../x", "nng+ipc:///run/./x", "nng+ipc:///run/x/", "nng+abstract://x", " nng+tcp://a:1",
	};
	struct berth_netd_uri u;
	char longest[400];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		CHECK_RC(BERTH_E_CONFIG, berth_netd_uri_parse(&u, bad[i]));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "nng+tcp://", 10);
	memcpy(longest + 10 + BERTH_NETPOL_NAME_MAX, ":1", 3);
	CHECK_OK(berth_netd_uri_parse(&u, longest));
	memcpy(longest + 10 + BERTH_NETPOL_NAME_MAX, "a:1", 4);
	CHECK_RC(BERTH_E_CONFIG, berth_netd_uri_parse(&u, longest));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "nng+ipc:///", 11);
	longest[10 + BERTH_NETPOL_PATH_MAX] = '\0';
	CHECK_OK(berth_netd_uri_parse(&u, longest));
	longest[10 + BERTH_NETPOL_PATH_MAX] = 'a';
	longest[11 + BERTH_NETPOL_PATH_MAX] = '\0';
	CHECK_RC(BERTH_E_CONFIG, berth_netd_uri_parse(&u, longest));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_uris_are_taken_apart),
		cmocka_unit_test(c103_everything_else_is_e_config),
	};

	return cmocka_run_group_tests_name("uri", tests, NULL, NULL);
}
