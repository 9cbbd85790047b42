/* SPDX-License-Identifier: Apache-2.0 */
/* The words of DIDComm over HTTP, without a connection. */
#include "agent/ipc/http_uri.h"
#include "agent/netd/http_text.h"
#include "did/base/buf.h"
#include "tests/check.h"

#define TYPE "application/didcomm-encrypted+json"
#define N(a) (sizeof(a) / sizeof(*(a)))

/* "Name: value" lines, as libmicrohttpd hands them over. */
static struct berth_http_head head(const char *const *lines)
{
	struct berth_http_head h = { 0 };

	for (; *lines; lines++) {
		char name[64];
		const char *colon = strchr(*lines, ':');

		snprintf(name, sizeof(name), "%.*s", (int)(colon - *lines), *lines);
		berth_http_head_add(&h, name, colon[1] ? colon + 2 : NULL);
	}
	return h;
}

static void c088_heads_are_judged_one_by_one(void **state)
{
	static const struct { int status; const char *lines[5]; } rows[] = {
		{ 0, { "Content-Type: " TYPE, "Content-Length: 1048576" } },
		{ 413, { "Content-Type: " TYPE, "Content-Length: 1048577" } },
		{ 0, { "content-type: " TYPE, "transfer-encoding: chunked" } },
		{ 0, { "Content-Type: " TYPE, "Content-Length: 1", "Berth-Acks: AQ" } },
		{ 400, { "Content-Type: " TYPE, "Content-Length: 1", "Berth-Acks: AQ", "Berth-Acks: AQ" } },
		{ 400, { "Content-Type: " TYPE, "Content-Length: 1", "Berth-Acks:" } },
		{ 400, { "Content-Type: " TYPE, "Content-Length: 0" } },
		{ 400, { "Content-Type: " TYPE, "Content-Length: 1", "Content-Length: 1" } },
		{ 400, { "Content-Type: " TYPE, "Content-Length: 1", "Transfer-Encoding: chunked" } },
		{ 400, { "Content-Type: " TYPE, "Transfer-Encoding: identity" } },
		{ 400, { "Content-Type: " TYPE, "Content-Length: +1" } },
		{ 400, { "Content-Type: " TYPE, "Content-Length: 0x1" } },
		{ 400, { "Content-Type: " TYPE, "Content-Length:" } },
		{ 400, { "Content-Type: " TYPE, "Content-Length: 1000000000000000000" } },
		{ 411, { "Content-Type: " TYPE } },
		{ 415, { "Content-Length: 1" } },
		{ 415, { "Content-Type: application/didcomm-plain+json", "Content-Length: 1" } },
		{ 415, { "Content-Type: " TYPE, "Content-Type: " TYPE, "Content-Length: 1" } },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct berth_http_head h = head(rows[i].lines);
		int got = berth_http_judge(&h, "POST", "/d", "/d", 1 << 20);

		if (got != rows[i].status)
			fail_msg("row %zu: %d, want %d", i, got, rows[i].status);
	}
	struct berth_http_head good = head(rows[0].lines);
	assert_int_equal(405, berth_http_judge(&good, "post", "/d", "/d", 1 << 20));
	assert_int_equal(404, berth_http_judge(&good, "POST", "/D", "/d", 1 << 20));
	good.bytes = BERTH_HTTP_HEADERS_MAX - 2;
	assert_int_equal(0, berth_http_judge(&good, "POST", "/d", "/d", 1 << 20));
	good.bytes++;
	assert_int_equal(431, berth_http_judge(&good, "POST", "/d", "/d", 1 << 20));
}

static void acks_there_and_back(void **state)
{
	uint8_t acks[BERTH_FRAME_ACKS_MAX * BERTH_FRAME_ACK_LEN], got[sizeof(acks)];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(acks); i++)
		acks[i] = (uint8_t)(i * 7);
	for (size_t i = 0; i <= BERTH_FRAME_ACKS_MAX; i++) {
		struct berth_buf b = BERTH_BUF_INIT;

		berth_http_acks_encode(&b, acks, i);
		CHECK_OK(berth_buf_status(&b));
		CHECK_OK(berth_http_acks_decode(got, &n, berth_buf_cstr(&b)));
		assert_int_equal(i, n);
		assert_memory_equal(acks, got, n * BERTH_FRAME_ACK_LEN);
		berth_buf_free(&b);
	}
}

static void malformed_acks_are_refused(void **state)
{
	uint8_t acks[2 * BERTH_FRAME_ACK_LEN] = { 0 }, got[BERTH_FRAME_ACKS_MAX * BERTH_FRAME_ACK_LEN];
	char longest[BERTH_HTTP_ACKS_MAX + 2];
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n;

	(void)state;
	berth_http_acks_encode(&b, acks, 2);
	for (size_t i = 0; i < b.len; i++) {	/* each truncation but that to "AQ" and one ack */
		char *exact = strndup((const char *)b.p, i);
		enum berth_err rc = berth_http_acks_decode(got, &n, exact);

		if (i == 2 || i == 23)
			CHECK_OK(rc);
		else if (rc != BERTH_E_B64 && rc != BERTH_E_ENV)
			fail_msg("%zu characters: %s", i, berth_err_name(rc));
		assert_int_equal(i == 23, n);
		free(exact);
	}
	berth_buf_free(&b);
	CHECK_RC(BERTH_E_ENV, berth_http_acks_decode(got, &n, ""));
	CHECK_RC(BERTH_E_ENV, berth_http_acks_decode(got, &n, "Ag"));
	CHECK_RC(BERTH_E_B64, berth_http_acks_decode(got, &n, "AQ=="));
	CHECK_RC(BERTH_E_B64, berth_http_acks_decode(got, &n, "AR"));
	memset(longest, 'A', sizeof(longest));
	longest[sizeof(longest) - 1] = '\0';
	CHECK_RC(BERTH_E_SIZE, berth_http_acks_decode(got, &n, longest));
}

static void answers_become_frames(void **state)
{
	static const struct { long status; const char *type; int64_t after; size_t len; enum berth_frame_status s; uint32_t retry; size_t n; } rows[] = {
		{ 200, TYPE, 0, 5, BERTH_FRAME_STORED, 0, 1 },
		{ 200, TYPE, 0, 0, BERTH_FRAME_STORED, 0, 0 },
		{ 200, NULL, 0, 5, BERTH_FRAME_STORED, 0, 0 },
		{ 299, "text/plain", 7, 5, BERTH_FRAME_STORED, 0, 0 },
		{ 300, TYPE, 0, 5, BERTH_FRAME_BUSY, 0, 0 },
		{ 199, TYPE, 0, 5, BERTH_FRAME_BUSY, 0, 0 },
		{ 0, TYPE, 0, 5, BERTH_FRAME_BUSY, 0, 0 },
		{ 429, NULL, 30, 0, BERTH_FRAME_BUSY, 30, 0 },
		{ 503, NULL, INT64_MAX, 0, BERTH_FRAME_BUSY, 86400, 0 },
		{ 503, NULL, INT64_MIN, 0, BERTH_FRAME_BUSY, 0, 0 },
		{ 413, NULL, 9, 0, BERTH_FRAME_TOO_BIG, 0, 0 },
		{ 400, NULL, 9, 0, BERTH_FRAME_REFUSED, 0, 0 },
		{ 999, NULL, 0, 0, BERTH_FRAME_BUSY, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		struct berth_http_answer a = { rows[i].status, rows[i].type, rows[i].after, (const uint8_t *)"world", rows[i].len };
		struct berth_buf b = BERTH_BUF_INIT;
		struct berth_frame_reply r;

		CHECK_OK(berth_http_answer_frame(&b, &a));
		CHECK_OK(berth_frame_reply_decode(&r, b.p, b.len));
		if (r.status != rows[i].s || r.retry_after_s != rows[i].retry || r.n_msgs != rows[i].n)
			fail_msg("row %zu: %d, %u, %zu", i, r.status, r.retry_after_s, r.n_msgs);
		berth_buf_free(&b);
	}
}

static void urls_are_taken_apart(void **state)
{
	static const struct { const char *text, *host, *path; uint16_t port; bool tls; } good[] = {
		{ "http://a", "a", "", 80, false },
		{ "https://owner.example/d?x=1", "owner.example", "/d?x=1", 443, true },
		{ "http://127.0.0.1:0/a", "127.0.0.1", "/a", 0, false },
		{ "https://[2606::1]:8443", "2606::1", "", 8443, true },
		{ "http://a?b", "a", "?b", 80, false },
	};
	static const char *const bad[] = {
		"", "http:", "http:/a", "http://", "https://", "http:///a", "HTTP://a", "ftp://a", "nng+tcp://a:1", "http://:80", "http://a:",
		"http://a:65536", "http://a:000080", "http://a:8x", "http://a:80:80", "http://[::1", "http://[]", "http://[::1]80",
		"http://[[::1]]", "http://a]", "http://u@a", "http://u:p@a", "http://a/@", "http://a/#f", "http://a\\b", "http://a b",
		"http://a\n", "http://a/\x7f", "http://\xc3\xa9", "http://a/{b}",
	};
	struct berth_http_uri u;
	char longest[400];

	(void)state;
	for (size_t i = 0; i < N(good); i++) {
		CHECK_OK(berth_http_uri_parse(&u, good[i].text));
		assert_string_equal(good[i].host, u.host);
		assert_string_equal(good[i].path, u.path);
		CHECK(u.port == good[i].port && u.tls == good[i].tls);
	}
	for (size_t i = 0; i < N(bad); i++)
		CHECK_RC(BERTH_E_CONFIG, berth_http_uri_parse(&u, bad[i]));
	memset(longest, 'a', sizeof(longest));
	memcpy(longest, "http://", 7);
	longest[7 + BERTH_NETPOL_NAME_MAX] = '\0';
	CHECK_OK(berth_http_uri_parse(&u, longest));
	longest[7 + BERTH_NETPOL_NAME_MAX] = 'a';
	longest[8 + BERTH_NETPOL_NAME_MAX] = '\0';
	CHECK_RC(BERTH_E_CONFIG, berth_http_uri_parse(&u, longest));
}

static void ports_of_other_protocols_are_e_netpol(void **state)
{
	static const uint16_t good[] = { 80, 443, 1024, 8080, 65535 }, bad[] = { 0, 1, 22, 25, 79, 81, 442, 444, 1023 };

	(void)state;
	for (size_t i = 0; i < N(good); i++)
		CHECK_OK(berth_http_uri_check_port(&(struct berth_http_uri){ .port = good[i] }));
	for (size_t i = 0; i < N(bad); i++)
		CHECK_RC(BERTH_E_NETPOL, berth_http_uri_check_port(&(struct berth_http_uri){ .port = bad[i] }));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c088_heads_are_judged_one_by_one),
		cmocka_unit_test(acks_there_and_back),
		cmocka_unit_test(malformed_acks_are_refused),
		cmocka_unit_test(answers_become_frames),
		cmocka_unit_test(urls_are_taken_apart),
		cmocka_unit_test(ports_of_other_protocols_are_e_netpol),
	};

	return cmocka_run_group_tests_name("http_text", tests, NULL, NULL);
}
