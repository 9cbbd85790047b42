/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/base/clock.h"

/* seconds from RFC 3339's own examples and from date(1) */
static const struct { const char *text; int64_t s; } good[] = {
	{ "1970-01-01T00:00:00Z", 0 },
	{ "1985-04-12T23:20:50.52Z", 482196050 },
	{ "1996-12-19T16:39:57-08:00", 851042397 },
	{ "1937-01-01T12:00:27.87+00:20", -1041337173 },
	{ "2038-01-19T03:14:08Z", 2147483648 },
	{ "2106-02-07T06:28:16z", 4294967296 },
	{ "2000-02-29t00:00:00Z", 951782400 },
	{ "9999-12-31T23:59:59Z", 253402300799 },
};

static const char *const bad[] = {
	"", "2026", "2026-11-23", "2026-11-23T10:00:00", "2026-11-23 10:00:00Z",
	"2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "1900-02-29T00:00:00Z",
	"2026-11-23T24:00:00Z", "2026-11-23T23:60:00Z", "2016-12-31T23:59:60Z",
	"2026-11-23T10:00:00.Z", "2026-11-23T10:00:00+0100", "2026-11-23T10:00:00+24:00",
	"2026-11-23T10:00:00Zx", "0000-01-01T00:00:00Z", "+2026-11-23T10:00:00Z",
};

static void parses_and_refuses(void **state)
{
	int64_t s;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_OK(berth_rfc3339_parse(&s, good[i].text));
		assert_int_equal(s, good[i].s);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_TYPE, berth_rfc3339_parse(&s, bad[i]));
}

static void formats_what_it_parses(void **state)
{
	char text[BERTH_RFC3339_LEN + 1];
	int64_t back;

	(void)state;
	for (int64_t s = -3000000000; s < 8000000000; s += 86399 * 97) {
		berth_rfc3339_format(text, s);
		CHECK_OK(berth_rfc3339_parse(&back, text));
		assert_int_equal(back, s);
	}
	berth_rfc3339_format(text, 4294967296);
	assert_string_equal(text, "2106-02-07T06:28:16Z");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_and_refuses),
		cmocka_unit_test(formats_what_it_parses),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
