/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/log.h"

#include <unistd.h>

#include "did/base/clock.h"
#include "did/base/json.h"
#include "tests/check.h"

static int64_t noon(void) { return 1764000000; }

static int saved, pipe_fd[2];

static void capture(void)
{
	berth_clock_inject(noon, NULL);
	saved = dup(STDERR_FILENO);
	CHECK(pipe(pipe_fd) == 0 && dup2(pipe_fd[1], STDERR_FILENO) >= 0);
}

static size_t captured(char *out, size_t max)
{
	ssize_t n;

	dup2(saved, STDERR_FILENO);
	close(saved);
	close(pipe_fd[1]);
	n = read(pipe_fd[0], out, max - 1);
	close(pipe_fd[0]);
	berth_clock_inject(NULL, NULL);
	CHECK(n >= 0);
	out[n] = '\0';
	return (size_t)n;
}

static void text_lines(void **s)
{
	char out[4096];

	(void)s;
	berth_log_init("test", BERTH_LOG_INFO, false);
	capture();
	berth_log(BERTH_LOG_WARN, "peer.refused", "%s is %d", "it", 5);
	berth_log(BERTH_LOG_DEBUG, "hidden", "not shown");
	berth_log_err(BERTH_LOG_ERROR, "parse", berth_fail(BERTH_E_SIZE, "too much"));
	captured(out, sizeof(out));
	assert_string_equal(out, "2025-11-24T16:00:00Z warn test peer.refused: it is 5\n"
				 "2025-11-24T16:00:00Z error test parse: E_SIZE: too much\n");
}

static void control_bytes_are_escaped(void **s)
{
	char out[4096];

	(void)s;
	berth_log_init("test", BERTH_LOG_INFO, false);
	capture();
	berth_log(BERTH_LOG_INFO, "x", "%s", "a\nb\x1b[2J\x7f\xc2\x9b\xff\xc3\xa9\"\\");
	captured(out, sizeof(out));
	assert_string_equal(out, "2025-11-24T16:00:00Z info test x: a\\u000ab\\u001b[2J\\u007f\\u009b\xef\xbf\xbd\xc3\xa9\"\\\n");
}

static void json_lines_parse_whatever_is_in_them(void **s)
{
	char out[4096], hostile[3000];
	struct berth_json *v;
	size_t n;

	(void)s;
	for (size_t i = 0; i < sizeof(hostile); i++)
		hostile[i] = (char)(i * 7 % 255 + 1);
	hostile[sizeof(hostile) - 1] = '\0';
	berth_log_init("test", BERTH_LOG_INFO, true);
	for (size_t skip = 0; skip < 260; skip++) {
		capture();
		berth_log(BERTH_LOG_INFO, "x", "%s", hostile + skip);
		n = captured(out, sizeof(out));
		CHECK(n <= 1024 && n > 1000 && out[n - 1] == '\n' && !memchr(out, '\n', n - 1));
		CHECK_OK(berth_json_parse_object(&v, out, n, BERTH_JSON_MAX));
		assert_string_equal(berth_json_str(berth_json_get(v, "event")), "x");
		assert_string_equal(berth_json_str(berth_json_get(v, "level")), "info");
		berth_json_free(v);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_lines),
		cmocka_unit_test(control_bytes_are_escaped),
		cmocka_unit_test(json_lines_parse_whatever_is_in_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
