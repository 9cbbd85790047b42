/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "agent/cli/cli_client.h"

#define GOOD "HTTP/1.1 200 OK\r\nDate: x\r\ncontent-length: \t11\r\nX: y\r\n\r\n{\"a\":\"b\"}\r\n"

static enum berth_err parse(const char *text, size_t n, int *status, size_t *body_at, size_t *body_len)
{
	char *exact = malloc(n ? n : 1);	/* ASan sees an over-read */
	const char *body;
	enum berth_err rc;

	memcpy(exact, text, n);
	rc = berth_cli_http_parse(exact, n, status, &body, body_len);
	*body_at = body ? (size_t)(body - exact) : 0;
	free(exact);
	return rc;
}

static void a_whole_answer(void **state)
{
	size_t at, len;
	int status;

	(void)state;
	CHECK_OK(parse(GOOD, sizeof(GOOD) - 1, &status, &at, &len));
	CHECK(status == 200 && len == 11 && at + len == sizeof(GOOD) - 1);
	CHECK_OK(parse("HTTP/1.1 503 X\r\n\r\nabc", 21, &status, &at, &len));
	CHECK(status == 503 && len == 3 && at == 18);
}

static void every_truncation_and_one_more(void **state)
{
	size_t at, len;
	int status;

	(void)state;
	for (size_t n = 0; n < sizeof(GOOD) - 1; n++)
		CHECK_RC(BERTH_E_UNAVAILABLE, parse(GOOD, n, &status, &at, &len));
	CHECK_RC(BERTH_E_UNAVAILABLE, parse(GOOD, sizeof(GOOD), &status, &at, &len));
}

static void what_is_no_answer(void **state)
{
	static const char *const bad[] = {
		"", "\r\n\r\n", "HTTP/1.1 \r\n\r\n", "HTTP/1.1 20\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.0 200 OK\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0x0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 0 \r\n\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 0000000000\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
	};
	size_t at, len;
	int status;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_UNAVAILABLE, parse(bad[i], strlen(bad[i]), &status, &at, &len));
}

static void path_segments_are_encoded(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_cli_path(&b, "/v1/devices/", "a/..?#%\xc3\xa9 z~", "/invite");
	assert_string_equal(berth_buf_cstr(&b), "/v1/devices/a%2F..%3F%23%25%C3%A9%20z~/invite");
	berth_buf_free(&b);
}

static void nothing_that_a_terminal_obeys(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	berth_cli_put_clean(&b, "a\x1b[2J\n\x7f\xc2\x9b" "1\xc3\xa9\xc2");
	assert_string_equal(berth_buf_cstr(&b), "a?[2J???1\xc3\xa9\xc2");
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_answer),
		cmocka_unit_test(every_truncation_and_one_more),
		cmocka_unit_test(what_is_no_answer),
		cmocka_unit_test(path_segments_are_encoded),
		cmocka_unit_test(nothing_that_a_terminal_obeys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
