/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/linked_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "tests/check.h"

/* printf 'usage: berth\n' | gzip -9n */
static const uint8_t usage[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x2b, 0x2d, 0x4e, 0x4c, 0x4f, 0xb5, 0x52, 0x48, 0x4a,
	0x2d, 0x2a, 0xc9, 0xe0, 0x02, 0x00, 0x64, 0xc8, 0x8f, 0x5f, 0x0d, 0x00, 0x00, 0x00,
};
/* printf '' | gzip -9n */
static const uint8_t nothing[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x03, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
};

static void is_what_gzip_was_given(void **state)
{
	char *text;
	size_t n;

	(void)state;
	CHECK_RC(BERTH_OK, berth_linked_text(&text, &n, usage, usage + sizeof(usage)));
	assert_int_equal(13, n);
	assert_string_equal("usage: berth\n", text);
	free(text);
	CHECK_RC(BERTH_OK, berth_linked_text(&text, &n, nothing, nothing + sizeof(nothing)));
	assert_int_equal(0, n);
	assert_string_equal("", text);
	free(text);
}

/* The two that are no part of what is checked: the time, and the system it was made on. */
static bool is_said_only(size_t i) { return i >= 4 && i <= 9; }

static void another_octet_anywhere_is_ours_to_mend(void **state)
{
	uint8_t bad[sizeof(usage)];
	char *text;
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(usage) - 3; i++) {	/* its length stays below 256 */
		if (is_said_only(i))
			continue;
		memcpy(bad, usage, sizeof(usage));
		bad[i] ^= 0x55;
		CHECK_RC(BERTH_E_INTERNAL, berth_linked_text(&text, &n, bad, bad + sizeof(bad)));
		assert_null(text);
	}
}

static void one_that_was_cut_is_ours_to_mend(void **state)
{
	uint8_t cut[sizeof(usage)];
	char *text;
	size_t n;

	(void)state;
	for (size_t len = 4; len < sizeof(usage); len++) {
		memcpy(cut, usage, len - 4);
		memcpy(cut + len - 4, usage + sizeof(usage) - 4, 4);	/* the length is the end of what is there */
		CHECK_RC(BERTH_E_INTERNAL, berth_linked_text(&text, &n, cut, cut + len));
		assert_null(text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(is_what_gzip_was_given),
		cmocka_unit_test(another_octet_anywhere_is_ours_to_mend),
		cmocka_unit_test(one_that_was_cut_is_ours_to_mend),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
