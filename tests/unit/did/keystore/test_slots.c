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

static void synced(void) { slots.loose = 0; }

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
		CHECK(s.room == slots.room && s.n == 2 && s.at == 0 && s.turn == 1 && s.loose == 0);
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
		synced();
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
		synced();
		fill(&now, 90, 4);
	}
	berth_buf_free(&slot);
	berth_buf_free(&cut);
}

/* ---- writes that nobody has synced ---- */
#define STEPS 8

/* What was written to the slot, the oldest first: with what was there before the first. */
static struct berth_buf version[STEPS + 1], said[STEPS + 1];

static void free_versions(void)
{
	for (size_t i = 0; i <= STEPS; i++) {
		berth_buf_free(&version[i]);
		berth_buf_free(&said[i]);
	}
}

/* They all go to one slot: the other has what was on the disk before them. */
static void loose_steps(size_t k, size_t contents)
{
	struct berth_slots s = slots;

	berth_buf_reset(&version[0]);
	berth_buf_put(&version[0], file.p + berth_slots_offset(&s, 1 - s.at), s.room);
	for (size_t i = 1; i <= k; i++) {
		fill(&said[i], contents, (uint8_t)(40 + i));
		berth_buf_reset(&version[i]);
		CHECK_OK(berth_slots_next(&s, &version[i], &said[i]));
		CHECK(s.at == 1 - slots.at && s.loose == i && s.turn == slots.turn + i);
	}
}

/* Which of them a disk has: 0: what was there before them. */
static size_t which(const struct berth_buf *f, size_t k)
{
	struct berth_slots s;
	struct berth_cur c;

	CHECK_OK(berth_slots_read(&s, &c, f->p, f->len));
	const struct berth_buf *want = s.at == slots.at ? &old : &said[s.turn - slots.turn];

	CHECK(s.turn - slots.turn <= k && c.n == want->len && memcmp(c.p, want->p, c.n) == 0);
	return (size_t)(s.turn - slots.turn);
}

/* Each sector of the slot is that of any version: written back early, late, never, in any order. */
static void any_mixture(size_t k, size_t sectors)
{
	struct berth_buf disk = BERTH_BUF_INIT;
	size_t at = berth_slots_offset(&slots, 1 - slots.at), n = 1;

	berth_buf_put(&disk, file.p, file.len);
	for (size_t i = 0; i < sectors; i++)
		n *= k + 1;
	for (size_t mix = 0; mix < n; mix++) {
		bool whole = true;

		for (size_t i = 0, m = mix; i < sectors; i++, m /= k + 1) {
			memcpy(disk.p + at + i * SECTOR, version[m % (k + 1)].p + i * SECTOR, SECTOR);
			whole = whole && m % (k + 1) == mix % (k + 1);
		}
		assert_int_equal(which(&disk, k), whole ? mix % (k + 1) : 0);
	}
	berth_buf_free(&disk);
}

/* The last of them is cut at each octet, and what it is written over is one of them or what was there. */
static void cut_at_each_octet(size_t k)
{
	struct berth_buf disk = BERTH_BUF_INIT;
	size_t at = berth_slots_offset(&slots, 1 - slots.at), whole = said[k].len + MORE;

	berth_buf_put(&disk, file.p, file.len);
	for (size_t under = 0; under < k; under += k < STEPS ? k : 1)
		for (size_t n = 0; n <= whole; n++) {
			memcpy(disk.p + at, version[under].p, slots.room);
			memcpy(disk.p + at, version[k].p, n);
			size_t found = which(&disk, k);

			CHECK(found == k || found == 0 || found == under);
			CHECK(n < whole || found == k);
		}
	berth_buf_free(&disk);
}

/* At any time, whatever the disk has of what was not synced, it has what was, or later. */
static void steps_that_nobody_synced_take_nothing_else_with_them(void **state)
{
	(void)state;
	for (int turn = 0; turn < 2; turn++) {
		for (size_t k = 1; k <= STEPS; k++) {
			loose_steps(k, 700);
			any_mixture(k, 2);
			cut_at_each_octet(k);
		}
		loose_steps(4, 1300);
		any_mixture(4, 3);
		next(&old);	/* once more, with what is on the disk in the other one */
		synced();
	}
	free_versions();
}

/* What comes next goes over them too, and is synced with them. */
static void what_is_synced_is_never_written_over_by_the_next(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= STEPS; i++)
		next(&now);
	CHECK(slots.at == 1 && slots.loose == STEPS);
	synced();
	fill(&now, 900, 8);
	next(&now);
	CHECK(slots.at == 0 && slots.loose == 1);
	assert_true(holds(&file, &now));
}

/* One page of the system's: a process that ends in the middle leaves it whole, or as it was. */
static void what_fits_a_page_is_known(void **state)
{
	(void)state;
	CHECK(berth_slots_one_page(0) && berth_slots_one_page(HEAD - MORE) && !berth_slots_one_page(HEAD - MORE + 1));
	for (unsigned i = 0; i < 2; i++)
		CHECK(berth_slots_offset(&slots, i) % HEAD == 0);
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
		T(steps_that_nobody_synced_take_nothing_else_with_them),
		T(what_is_synced_is_never_written_over_by_the_next),
		T(what_fits_a_page_is_known),
		T(with_one_slot_every_flip_and_every_other_length_shows),
		T(with_two_slots_a_flip_never_shows_anything_else),
		T(what_makes_no_sense_is_e_keystore),
		T(a_file_of_before_is_its_contents),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
