/* SPDX-License-Identifier: Apache-2.0 */
/* What we read in a reply's head, and which URLs there are, without any connection. */
#include "agent/resolverd/http_head.h"

#include "agent/resolverd/http_url.h"
#include "tests/check.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

/* Lines with an end each; a copy of exact size for each of them. */
static struct berth_res_head head_of(const char *lines)
{
	struct berth_res_head h = { 0 };

	while (*lines) {
		size_t n = strcspn(lines, "\n") + 1;
		char *exact = malloc(n);

		memcpy(exact, lines, n);
		CHECK(berth_res_head_line(&h, exact, n));
		free(exact);
		lines += n;
	}
	return h;
}

static void freshness_is_what_all_fields_agree_on(void **state)
{
	static const struct { const char *lines; uint32_t s; } cases[] = {
		{ "\r\n", 0 },
		{ "Cache-Control: max-age=60\r\n", 60 },
		{ "cache-control:max-age=60\n", 60 },
		{ "Cache-Control: public , MAX-AGE = 60 , immutable\r\n", 60 },
		{ "Cache-Control: max-age=\"60\"\r\n", 60 },
		{ "Cache-Control: max-age=60, max-age=30\r\n", 30 },
		{ "Cache-Control: max-age=60\r\nCache-Control: max-age=90\r\n", 60 },
		{ "Cache-Control: max-age=60\r\nAge: 45\r\n", 15 },
		{ "Cache-Control: max-age=60\r\nAge: 61\r\n", 0 },
		{ "Cache-Control: max-age=60\r\nAge: soon\r\n", 60 },
		{ "Cache-Control: no-store, max-age=60\r\n", 0 },
		{ "Cache-Control: max-age=60\r\nCache-Control: no-cache=\"a, b\"\r\n", 0 },
		{ "Cache-Control: x=\"no-store, max-age=9\", max-age=60\r\n", 60 },
		{ "Cache-Control: x=\"\\\", max-age=60\r\n", 0 },
		{ "Cache-Control: max-age\r\n", 0 },
		{ "Cache-Control: max-age=\r\n", 0 },
		{ "Cache-Control: max-age=-1\r\n", 0 },
		{ "Cache-Control: max-age=6x\r\n", 0 },
		{ "Cache-Control: max-age=60, max-age=x\r\n", 0 },
		{ "Cache-Control: max-age=99999999999999999999999999\r\n", 2147483647 },
		{ "Cache-Control: s-maxage=60\r\n", 0 },
		{ "Cache-Control: ,,,\r\n", 0 },
		{ "X: y\r\n Cache-Control: max-age=60\r\n", 0 },
		{ "HTTP/1.1 200 x\r\n\r\nCache-Control: max-age=60\r\n", 0 },
		{ "HTTP/1.1 103 x\r\nCache-Control: max-age=60\r\n\r\nHTTP/1.1 200 x\r\n\r\n", 0 },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct berth_res_head h = head_of(cases[i].lines);

		if (berth_res_head_fresh_s(&h) != cases[i].s)
			fail_msg("%s: %u", cases[i].lines, berth_res_head_fresh_s(&h));
	}
}

static void c099_codings_are_seen(void **state)
{
	static const char *const encoded[] = {
		"Content-Encoding: gzip\r\n", "content-encoding: identity, br\r\n", "Transfer-Encoding: gzip, chunked\r\n",
		"Transfer-Encoding: identity\r\n",
	};
	static const char *const plain[] = {
		"Content-Encoding: identity\r\n", "Content-Encoding:\r\n", "Transfer-Encoding: Chunked\r\n", "Content-Encodings: gzip\r\n",
		"\r\nContent-Encoding: gzip\r\n",
	};

	(void)state;
	for (size_t i = 0; i < N(encoded); i++)
		CHECK(head_of(encoded[i]).encoded);
	for (size_t i = 0; i < N(plain); i++)
		CHECK(!head_of(plain[i]).encoded);
}

static void a_head_ends_at_its_empty_line_and_at_the_cap(void **state)
{
	struct berth_res_head h = head_of("HTTP/1.1 200 x\r\nA: b\r\n");
	char *line = malloc(BERTH_RES_HEAD_MAX + 1);

	(void)state;
	CHECK(!h.end.complete && head_of("HTTP/1.1 200 x\r\n\r\n").end.complete);
	CHECK(head_of("HTTP/1.1 200 x\n\n").end.complete);
	CHECK(!head_of("HTTP/1.1 200 x\r\n \r\n").end.complete && !head_of("HTTP/1.1 200 x\r\nA: b\r\n\t\r\n").end.complete);
	CHECK(!head_of("HTTP/1.1 100 x\r\n\r\nHTTP/1.1 200 x\r\n").end.complete);
	memset(line, 'x', BERTH_RES_HEAD_MAX + 1);
	h = (struct berth_res_head){ 0 };
	CHECK(berth_res_head_line(&h, line, BERTH_RES_HEAD_MAX));
	CHECK(!berth_res_head_line(&h, line, 1));
	h = (struct berth_res_head){ 0 };
	CHECK(!berth_res_head_line(&h, line, BERTH_RES_HEAD_MAX + 1));
	free(line);
}

static void urls_that_servers_read_differently_are_none(void **state)
{
	static const char *const good[] = {
		"https://a.test", "https://a.test/", "https://a.test/.well-known/did.json", "https://a.test/a..b/...?x=/../y",
		"https://a.test/%2F%2e%2e%2e", "http://127.0.0.1:8545/v3/key", "https://[2a00::1]:8443/x",
	};
	static const char *const bad[] = {
		"", "a.test", "wss://a.test/", "https://a.test/.", "https://a.test/..", "https://a.test/../x", "https://a.test/x/./y",
		"https://a.test/%2e", "https://a.test/x/%2E%2e/y", "https://a.test/.%2e?x", "https://a.test/%", "https://a.test/%1",
		"https://a.test/?%g1", "https://a.test/#x", "https://a@b.test/", "https://a.test\\b", "https://a.test/\t",
	};
	struct berth_http_uri u;
	char *longest = malloc(BERTH_RES_URL_MAX + 2);

	(void)state;
	for (size_t i = 0; i < N(good); i++)
		CHECK_OK(berth_res_url_parse(&u, good[i]));
	for (size_t i = 0; i < N(bad); i++)
		CHECK_RC(BERTH_E_TYPE, berth_res_url_parse(&u, bad[i]));
	memset(longest, 'x', BERTH_RES_URL_MAX + 1);
	memcpy(longest, "https://a/", 10);
	longest[BERTH_RES_URL_MAX + 1] = '\0';
	CHECK_RC(BERTH_E_TYPE, berth_res_url_parse(&u, longest));
	longest[BERTH_RES_URL_MAX] = '\0';
	CHECK_OK(berth_res_url_parse(&u, longest));
	free(longest);
}

static void c096_ports(void **state)
{
	static const struct { uint16_t port; enum berth_err rc; } cases[] = {
		{ 0, BERTH_E_NETPOL }, { 1, BERTH_E_NETPOL }, { 22, BERTH_E_NETPOL }, { 25, BERTH_E_NETPOL }, { 80, BERTH_OK },
		{ 81, BERTH_E_NETPOL }, { 443, BERTH_OK }, { 1023, BERTH_E_NETPOL }, { 1024, BERTH_OK }, { 2049, BERTH_E_NETPOL },
		{ 5060, BERTH_E_NETPOL }, { 6000, BERTH_E_NETPOL }, { 6667, BERTH_E_NETPOL }, { 8443, BERTH_OK }, { 8545, BERTH_OK },
		{ 10080, BERTH_E_NETPOL }, { 65535, BERTH_OK },
	};

	(void)state;
	for (size_t i = 0; i < N(cases); i++) {
		struct berth_http_uri u = { .host = "a.test", .port = cases[i].port };

		CHECK_RC(cases[i].rc, berth_res_url_check_port(&u));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(freshness_is_what_all_fields_agree_on),
		cmocka_unit_test(c099_codings_are_seen),
		cmocka_unit_test(a_head_ends_at_its_empty_line_and_at_the_cap),
		cmocka_unit_test(urls_that_servers_read_differently_are_none),
		cmocka_unit_test(c096_ports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
