/* SPDX-License-Identifier: Apache-2.0 */
/* What a keystore file looks like: its slots, and what is left when the power goes at any
 * octet of a write. */
#include "did/crypto/hash.h"
#include "did/keystore/slots.h"
#include "tests/check.h"

#define HEAD 4096
#define MORE 44
#define SECTOR 512

static struct berth_buf file, old, now;
static struct berth_slots slots;

static void fill(struct berth_buf *b, size_t n, uint8_t seed)
{
	berth_buf_reset(b);
	for (size_t i = 0; i < n; i++)
		berth_buf_u8(b, (uint8_t)(seed + i * 7));
}

static int setup(void **state)
{
	(void)state;
	fill(&old, 700, 1);
	fill(&now, 800, 2);
	berth_buf_reset(&file);
	CHECK_OK(berth_slots_new(&slots, &file, &old));
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	berth_buf_free(&file);
	berth_buf_free(&old);
	berth_buf_free(&now);
	return 0;
}

static bool holds(const struct berth_buf *f, const struct berth_buf *want)
{
	struct berth_slots s;
	struct berth_cur c;

	CHECK_OK(berth_slots_read(&s, &c, f->p, f->len));
	return c.n == want->len && memcmp(c.p, want->p, c.n) == 0;
}

/* The first n octets of a write arrive. */
static void put_slot(struct berth_buf *f, const struct berth_slots *s, const struct berth_buf *slot, size_t n)
{
	memcpy(f->p + berth_slots_offset(s, s->at), slot->p, n);
}

static void next(const struct berth_buf *contents)
{
	struct berth_buf slot = BERTH_BUF_INIT;

	CHECK_OK(berth_slots_next(&slots, &slot, contents));
	assert_int_equal(slot.len, slots.room);
	put_slot(&file, &slots, &slot, slot.len);
	berth_buf_free(&slot);
}

static void what_is_written_is_read(void **state)
{
	static const size_t sizes[] = { 0, 1, HEAD - MORE, HEAD - MORE + 1, 200000, BERTH_SLOTS_CONTENTS_MAX };
	struct berth_slots s;
	struct berth_cur c;

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		fill(&old, sizes[i], 9);
		berth_buf_reset(&file);
		CHECK_OK(berth_slots_new(&slots, &file, &old));
		CHECK(file.len == berth_slots_offset(&slots, 2) && file.len <= BERTH_SLOTS_FILE_MAX);
		CHECK(slots.room % HEAD == 0 && slots.room >= (sizes[i] + MORE) / 2 * 3);
		assert_true(holds(&file, &old));
		CHECK_OK(berth_slots_read(&s, &c, file.p, file.len));
		CHECK(s.room == slots.room && s.n == 2 && s.at == 0 && s.turn == 1);
		file.len = berth_slots_offset(&slots, 1);	/* and with one slot */
		assert_true(holds(&file, &old));
	}
	berth_buf_u8(&old, 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_slots_new(&slots, &file, &old));
}

static void slots_are_written_in_turn(void **state)
{
	struct berth_buf slot = BERTH_BUF_INIT;

	(void)state;
	for (unsigned i = 1; i < 6; i++) {
		fill(&now, 100 + i, (uint8_t)i);
		next(&now);
		CHECK(slots.at == i % 2 && slots.turn == i + 1);
		assert_true(holds(&file, &now));
	}
	CHECK(berth_slots_fit(&slots, slots.room - MORE) && !berth_slots_fit(&slots, slots.room - MORE + 1));
	fill(&now, slots.room - MORE, 5);
	next(&now);
	assert_true(holds(&file, &now));
	berth_buf_u8(&now, 0);
	CHECK_RC(BERTH_E_KEYSTORE, berth_slots_next(&slots, &slot, &now));
	berth_buf_free(&slot);
}

/* Cut at each octet, and with any of its sectors missing, whichever slot it went to. */
static void a_write_that_was_cut_leaves_what_was_there(void **state)
{
	struct berth_buf slot = BERTH_BUF_INIT, cut = BERTH_BUF_INIT;
	size_t whole;

	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		struct berth_slots s = slots;

		berth_buf_reset(&slot);
		CHECK_OK(berth_slots_next(&s, &slot, &now));
		for (whole = slot.len; slot.p[whole - 1] == file.p[berth_slots_offset(&s, s.at) + whole - 1]; whole--)
			;	/* what is the same already */
		for (size_t n = 0; n <= slot.len; n++) {
			berth_buf_reset(&cut);
			berth_buf_put(&cut, file.p, file.len);
			put_slot(&cut, &s, &slot, n);
			assert_true(holds(&cut, n < whole ? &old : &now));
		}
		for (unsigned lost = 1; lost < 1u << ((whole + SECTOR - 1) / SECTOR); lost++) {
			berth_buf_reset(&cut);
			berth_buf_put(&cut, file.p, file.len);
			for (size_t i = 0; i < slot.len / SECTOR; i++)
				if (!(lost >> i & 1))
					memcpy(cut.p + berth_slots_offset(&s, s.at) + i * SECTOR, slot.p + i * SECTOR, SECTOR);
			assert_true(holds(&cut, &old));
		}
		fill(&old, 750, 3);	/* once more, into the other one */
		next(&old);
		fill(&now, 90, 4);
	}
	berth_buf_free(&slot);
	berth_buf_free(&cut);
}

static enum berth_err read_of(const uint8_t *p, size_t n, struct berth_cur *c)
{
	uint8_t *exact = malloc(n ? n : 1);
	struct berth_slots s;
	enum berth_err rc;

	assert_non_null(exact);
	memcpy(exact, p, n);
	rc = berth_slots_read(&s, c, exact, n);
	free(exact);
	return rc;
}

/* As closing leaves it.  Without its first octets it is a file of before, all of which has
 * to be contents. */
static void with_one_slot_every_flip_and_every_other_length_shows(void **state)
{
	size_t n = berth_slots_offset(&slots, 1);
	struct berth_cur c;

	(void)state;
	for (size_t i = 0; i < n; i++) {
		file.p[i] ^= 1;
		if (i >= 8)
			CHECK_RC(BERTH_E_KEYSTORE, read_of(file.p, n, &c));
		else
			CHECK(read_of(file.p, n, &c) == BERTH_OK && c.n == n);
		file.p[i] ^= 1;
	}
	for (size_t i = 8; i <= file.len; i++)
		if (i != n && i != file.len)
			CHECK_RC(BERTH_E_KEYSTORE, read_of(file.p, i, &c));
	CHECK_OK(read_of(file.p, n, &c));
	CHECK_OK(read_of(file.p, file.len, &c));
}

/* A file that nobody has closed: nobody can tell a slot that was cut from one that was changed. */
static void with_two_slots_a_flip_never_shows_anything_else(void **state)
{
	(void)state;
	next(&now);
	for (size_t i = 8; i < file.len; i++) {
		file.p[i] ^= 1;
		if (i < HEAD) {
			struct berth_cur c;

			CHECK_RC(BERTH_E_KEYSTORE, read_of(file.p, file.len, &c));
		} else {
			assert_true(holds(&file, i < berth_slots_offset(&slots, 1) ? &now : &old));
		}
		file.p[i] ^= 1;
	}
	assert_true(holds(&file, &now));
}

static void hash_again(uint8_t *slot, size_t n)
{
	berth_sha256(slot + 12 + n, slot, 12 + n);
}

static void what_makes_no_sense_is_e_keystore(void **state)
{
	static const struct { size_t at; uint8_t v; } heads[] = {
		{ 8, 0 }, { 8, 2 }, { 9, 1 }, { 10, 0x80 }, { 11, 0 }, { 11, 0x0f }, { 12, 1 }, { 13, 1 }, { HEAD - 1, 1 },
	};
	struct berth_cur c;
	uint8_t *slot = file.p + HEAD;

	(void)state;
	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		uint8_t was = file.p[heads[i].at];

		file.p[heads[i].at] = heads[i].v;
		CHECK_RC(BERTH_E_KEYSTORE, read_of(file.p, file.len, &c));
		file.p[heads[i].at] = was;
	}
	CHECK_OK(read_of(file.p, file.len, &c));
	/* no turn comes after the last, and none before the first */
	memset(slot, 0xff, 8);
	hash_again(slot, old.len);
	CHECK_RC(BERTH_E_KEYSTORE, read_of(file.p, file.len, &c));
	slot[7]--;
	hash_again(slot, old.len);
	CHECK_OK(berth_slots_read(&slots, &c, file.p, file.len));
	assert_false(berth_slots_fit(&slots, 0));
	memset(slot, 0, 8);
	hash_again(slot, old.len);
	CHECK_RC(BERTH_E_KEYSTORE, read_of(file.p, file.len, &c));
	/* more than there is */
	memset(slot + 8, 0xff, 4);
	CHECK_RC(BERTH_E_KEYSTORE, read_of(file.p, file.len, &c));
	memset(slot, 0, slots.room);
	CHECK_RC(BERTH_E_KEYSTORE, read_of(file.p, file.len, &c));
}

static void a_file_of_before_is_its_contents(void **state)
{
	struct berth_slots s;
	struct berth_cur c;

	(void)state;
	CHECK_OK(berth_slots_read(&s, &c, old.p, old.len));
	CHECK(s.room == 0 && c.p == old.p && c.n == old.len);
	assert_false(berth_slots_fit(&s, 0));
	CHECK_OK(berth_slots_read(&s, &c, "BERTHTW", 7));
	CHECK_OK(berth_slots_read(&s, &c, "", 0));
	CHECK(c.n == 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_written_is_read),
		T(slots_are_written_in_turn),
		T(a_write_that_was_cut_leaves_what_was_there),
		T(with_one_slot_every_flip_and_every_other_length_shows),
		T(with_two_slots_a_flip_never_shows_anything_else),
		T(what_makes_no_sense_is_e_keystore),
		T(a_file_of_before_is_its_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
