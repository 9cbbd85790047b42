/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/base/buf.h"
#include "did/base/cur.h"
#include "tests/fakes/alloc.h"

#define SECRET "what nobody is to find in freed memory"

static void what_buf_writes_cur_reads(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char s[8];

	(void)state;
	berth_buf_u8(&b, 7);
	berth_buf_be16(&b, 0x1234);
	berth_buf_be32(&b, 0xdeadbeef);
	berth_buf_be64(&b, 0x0123456789abcdef);
	berth_buf_str16(&b, "berth");
	berth_buf_vec32(&b, "xy", 2);
	CHECK_OK(berth_buf_status(&b));

	struct berth_cur c = berth_cur(b.p, b.len);

	assert_int_equal(berth_cur_u8(&c), 7);
	assert_int_equal(berth_cur_be16(&c), 0x1234);
	assert_true(berth_cur_be32(&c) == 0xdeadbeef);
	assert_true(berth_cur_be64(&c) == 0x0123456789abcdef);
	berth_cur_str16(&c, s, sizeof(s) - 1);
	assert_string_equal(s, "berth");
	assert_int_equal(berth_cur_vec32(&c, 2).n, 2);
	assert_true(berth_cur_done(&c));

	/* every truncation is noticed, and only at the end */
	for (size_t n = 0; n < b.len; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, b.p, n);
		c = berth_cur(exact, n);
		berth_cur_bytes(&c, 15);
		berth_cur_str16(&c, s, sizeof(s) - 1);
		berth_cur_vec32(&c, 2);
		assert_false(berth_cur_done(&c));
		free(exact);
	}
	berth_buf_free(&b);
}

static void caps_are_kept(void **state)
{
	static const uint8_t text[] = { 0, 3, 'a', 'b', 'c' }, nul[] = { 0, 3, 'a', 0, 'c' };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_cur c = berth_cur(text, sizeof(text));
	char s[4];

	(void)state;
	berth_cur_str16(&c, s, 3);
	assert_true(berth_cur_done(&c));
	c = berth_cur(text, sizeof(text));
	berth_cur_str16(&c, s, 2);
	assert_false(berth_cur_done(&c));
	c = berth_cur(nul, sizeof(nul));
	berth_cur_str16(&c, s, 3);
	assert_false(berth_cur_done(&c));

	assert_null(berth_buf_grow(&b, BERTH_BUF_MAX + 1));
	CHECK_RC(BERTH_E_NOMEM, berth_buf_status(&b));
	berth_buf_str(&b, "ignored from now on");
	assert_int_equal(b.len, 0);
	berth_buf_reset(&b);
	berth_buf_printf(&b, "%d-%s", 42, "x");
	assert_string_equal(berth_buf_cstr(&b), "42-x");
	berth_buf_free(&b);
}

/* multiformats/unsigned-varint: minimal, at most 9 bytes */
static void uvarint_is_minimal(void **state)
{
	static const uint8_t one[] = { 0x01 }, p256[] = { 0x80, 0x24 }, long_ed[] = { 0xed, 0x81, 0x00 };
	static const uint8_t ten[] = { 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01 };
	struct berth_cur c = berth_cur(one, sizeof(one));

	(void)state;
	assert_int_equal(berth_cur_uvarint(&c), 1);
	c = berth_cur(p256, sizeof(p256));
	assert_int_equal(berth_cur_uvarint(&c), 0x1200);
	assert_true(berth_cur_done(&c));
	c = berth_cur(long_ed, sizeof(long_ed));
	berth_cur_uvarint(&c);
	assert_true(c.bad);
	c = berth_cur(ten, sizeof(ten));
	berth_cur_uvarint(&c);
	assert_true(c.bad);
}

static void cut(struct berth_buf *b)
{
	berth_buf_str(b, SECRET);
	b->len = 1;
	berth_buf_str(b, "x");
	b->len -= 2;
}

static void move(struct berth_buf *b)
{
	size_t had = b->cap;

	while (b->cap == had)
		berth_buf_u8(b, 'x');
}

static void print(struct berth_buf *b)
{
	berth_buf_printf(b, "%s", SECRET);
	b->len = 0;
}

/* Behind a len that has become less, in a block that was moved, and in one that is used again. */
static void nothing_is_freed_as_it_was_written(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	test_watch_frees(SECRET);
	cut(&b);
	berth_buf_free(&b);
	cut(&b);
	move(&b);
	print(&b);
	move(&b);
	cut(&b);
	berth_buf_reset(&b);
	CHECK(!memmem(b.p, b.cap, "nobody", 6));
	print(&b);
	berth_buf_reset(&b);
	berth_buf_u8(&b, 'x');
	berth_buf_free(&b);
	berth_buf_free(&b);
	CHECK(test_freed_with_it() == 0);
	test_watch_frees(NULL);
}

/* Nobody writes there; it need not be touched, least of all a page for the first time. */
static void room_that_was_not_counted_is_left_alone(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	test_watch_frees(SECRET);
	berth_buf_room(&b, 4096);
	berth_buf_str(&b, "much less");
	memcpy(b.p + 1024, SECRET, sizeof(SECRET));
	berth_buf_free(&b);
	CHECK(test_freed_with_it() == 1);
	test_watch_frees(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_buf_writes_cur_reads),
		cmocka_unit_test(caps_are_kept),
		cmocka_unit_test(uvarint_is_minimal),
		cmocka_unit_test(nothing_is_freed_as_it_was_written),
		cmocka_unit_test(room_that_was_not_counted_is_left_alone),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
