/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/hex.h"

#include <stdint.h>
#include <string.h>

#include "tests/check.h"

/* RFC 4648, section 10: BASE16, whose digits are capitals there. */
static const struct { const char *bytes, *text; } rfc4648[] = {
	{ "", "" }, { "f", "66" }, { "fo", "666f" }, { "foo", "666f6f" },
	{ "foob", "666f6f62" }, { "fooba", "666f6f6261" }, { "foobar", "666f6f626172" },
};

static void encodes_as_rfc4648_does(void **state)
{
	char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rfc4648) / sizeof(rfc4648[0]); i++) {
		memset(out, 'x', sizeof(out));
		berth_hex_encode(out, rfc4648[i].bytes, strlen(rfc4648[i].bytes));
		assert_string_equal(rfc4648[i].text, out);
	}
	berth_hex_encode(out, "\x00\x0f\xf0\xff", 4);
	assert_string_equal("000ff0ff", out);
}

static void digits_of_either_case_and_nothing_else(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	(void)state;
	for (int c = 0; c < 256; c++) {
		const char *at = c ? strchr(digits, c) : NULL;
		int want = !at ? -1 : at - digits < 16 ? (int)(at - digits) : (int)(at - digits) - 6;

		assert_int_equal(want, berth_hex_digit((char)c));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encodes_as_rfc4648_does),
		cmocka_unit_test(digits_of_either_case_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
