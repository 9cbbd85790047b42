/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/chars.h"

#include <string.h>

#include "tests/check.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
/* RFC 3986, 2.1 to 2.3: pct-encoded, gen-delims, sub-delims, unreserved */
#define RFC3986 "%" ":/?#[]@" "!$&'()*+,;=" LOWER UPPER DIGITS "-._~"

static const struct { unsigned sets; const char *all; } cases[] = {
	{ BERTH_CHARS_DIGIT, DIGITS }, { BERTH_CHARS_LOWER, LOWER }, { BERTH_CHARS_UPPER, UPPER },
	{ BERTH_CHARS_HYPHEN, "-" }, { BERTH_CHARS_DOT, "." }, { BERTH_CHARS_UNDERSCORE, "_" },
	{ BERTH_CHARS_PLUS, "+" }, { BERTH_CHARS_LETTER, LOWER UPPER }, { BERTH_CHARS_LOWER_NAME, LOWER DIGITS "._-" },
	{ BERTH_CHARS_NAME, LOWER UPPER DIGITS "._-" }, { BERTH_CHARS_SCHEME, LOWER UPPER DIGITS "+.-" },
};

static void each_set_is_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int c = 0; c < 256; c++) {
			const char s[] = { (char)c, '\0' };

			assert_int_equal(strspn(s, cases[i].all), berth_chars_span(s, cases[i].sets));
		}
		assert_int_equal(strlen(cases[i].all), berth_chars_span(cases[i].all, cases[i].sets));
	}
}

static void urls_are_those_of_rfc3986_and_what_is_not_ascii(void **state)
{
	(void)state;
	for (int c = 0; c < 256; c++) {
		const char s[] = { (char)c, '\0' };

		assert_int_equal(c >= 0x80 || strspn(s, RFC3986), berth_chars_span(s, BERTH_CHARS_URL));
	}
}

static void it_stops_where_the_first_other_one_stands(void **state)
{
	(void)state;
	assert_int_equal(0, berth_chars_span("", BERTH_CHARS_NAME));
	assert_int_equal(0, berth_chars_span(" a", BERTH_CHARS_NAME));
	assert_int_equal(3, berth_chars_span("abc d", BERTH_CHARS_NAME));
	assert_int_equal(3, berth_chars_span("abc\0d", BERTH_CHARS_NAME));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_set_is_what_it_says),
		cmocka_unit_test(urls_are_those_of_rfc3986_and_what_is_not_ascii),
		cmocka_unit_test(it_stops_where_the_first_other_one_stands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
