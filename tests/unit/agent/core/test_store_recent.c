/* SPDX-License-Identifier: Apache-2.0 */
/* Records are what was written last, whatever was read, taken back or lost in between: the
 * store against a few strings in memory, and its file against both. */
#include "tests/check.h"

#include <sqlite3.h>
#include <stdlib.h>

#include "tests/unit/agent/core/store_drawn.h"

#define KEYS 20			/* with their values more than is remembered */
#define ROUNDS 600
#define LONG 20000		/* longer than what is remembered */

struct model { int len[KEYS]; char fill[KEYS]; bool guest[KEYS]; };	/* len -1: not there */

static const char *key(int k)
{
	static char text[16];

	snprintf(text, sizeof(text), "key%d", k / 2);
	return text;
}

static const char *ns(int k) { return k % 2 ? "one" : "two"; }

static void check(const struct model *m, int k)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool found, ours;

	CHECK_OK(berth_store_get(s, ns(k), key(k), &b, &found));
	assert_true(found == (m->len[k] >= 0));
	assert_int_equal(b.len, found ? m->len[k] : 0);
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.p[i], m->fill[k]);
	CHECK_OK(berth_store_is_ours(s, ns(k), key(k), &ours));
	assert_true(ours == (found && !m->guest[k]));
	berth_buf_free(&b);
}

static void put_some(struct model *m, int k, bool guest)
{
	static const int lens[] = { 0, 1, 100, 3000, 12000, LONG };
	char text[LONG];
	int n = lens[draw(6)];

	m->fill[k] = (char)('a' + draw(2));	/* often what is there already */
	memset(text, m->fill[k], sizeof(text));
	CHECK_OK((guest ? berth_store_put_guest : berth_store_put)(s, ns(k), key(k), text, (size_t)n));
	m->guest[k] = guest && (m->len[k] < 0 || m->guest[k]);
	m->len[k] = n;
}

static void change(struct model *m, int k)
{
	switch (draw(4)) {
	case 0:
		CHECK_OK(berth_store_delete(s, ns(k), key(k)));
		m->len[k] = -1;
		break;
	case 1:
		put_some(m, k, true);
		break;
	default:
		put_some(m, k, false);
	}
}

static void some(struct model *m, uint32_t n)
{
	for (uint32_t i = draw(n); i > 0; i--) {
		if (draw(3))
			change(m, (int)draw(KEYS));
		check(m, (int)draw(KEYS));
	}
}

static void transaction(struct model *m)
{
	struct model before = *m, saved;

	CHECK_OK(berth_store_begin(s));
	some(m, 4);
	saved = *m;
	CHECK_OK(berth_store_savepoint(s));
	some(m, 6);
	if (draw(2)) {
		CHECK_OK(berth_store_keep(s));
	} else {
		CHECK_OK(berth_store_undo(s));
		*m = saved;
	}
	some(m, 3);
	if (!drawn_commit(3))
		*m = before;
}

static struct model nothing(void)
{
	struct model m = { 0 };

	memset(m.len, 0xff, sizeof(m.len));
	return m;
}

static void records_are_what_was_written_last(void **state)
{
	struct model m = nothing();

	(void)state;
	rng = 7;
	for (int i = 0; i < ROUNDS; i++) {
		berth_store_group(s, draw(4) != 0);
		transaction(&m);
		check(&m, (int)draw(KEYS));
		if (draw(5) == 0)
			CHECK_OK(berth_store_sync(s));
		if (draw(60))
			continue;
		berth_store_close(s);
		CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
		for (int k = 0; k < KEYS; k++)
			check(&m, k);
	}
}

/* What was read in the meantime is not what is there when the disk loses the group. */
static void a_lost_group_is_not_remembered(void **state)
{
	struct model m = nothing(), before;

	(void)state;
	rng = 11;
	for (int round = 0; round < 20; round++) {
		berth_store_close(s);	/* a disk that is broken, or full: after that it is not opened anew */
		vfs_lossy_reset(VFS_NONE, 0, round % 2 ? SQLITE_FULL : SQLITE_IOERR_WRITE, 0);
		CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
		berth_store_group(s, false);
		transaction(&m);
		before = m;
		berth_store_group(s, true);
		CHECK_OK(berth_store_begin(s));
		put_some(&m, 3, false);
		put_some(&m, 4, true);
		CHECK_OK(berth_store_counter_set(s, "round", round + 1));	/* something is written */
		CHECK_OK(berth_store_commit(s));
		check(&m, 3);
		check(&m, 4);
		vfs_lossy_trouble(VFS_ERROR, 1);
		CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
		vfs_lossy_heal();
		now_ms += 2000;
		m = before;
		for (int k = 0; k < KEYS; k++)
			check(&m, k);
	}
}

/* Guests push out each other: who has gone is not remembered either. */
static void a_guest_that_had_to_go_is_gone(void **state)
{
	char name[16];
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i <= BERTH_STORE_GUESTS_MAX; i++) {
		CHECK_OK(berth_store_get(s, "guest", "0", &b, &found));
		assert_true(found == (i > 0));
		snprintf(name, sizeof(name), "%d", i);
		CHECK_OK(berth_store_put_guest(s, "guest", name, "x", 1));
	}
	CHECK_OK(berth_store_get(s, "guest", "0", &b, &found));
	assert_false(found);
	CHECK_OK(berth_store_get(s, "guest", "1", &b, &found));
	assert_true(found);
	CHECK_OK(berth_store_commit(s));
	berth_buf_free(&b);
}

/* What is taken back is forgotten, and nothing else. */
static void what_was_there_before_is_still_known(void **state)
{
	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "one", "a", "1"));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "one", "b", "1"));
	CHECK_OK(berth_store_savepoint(s));
	CHECK_OK(berth_store_put_str(s, "one", "b", "2"));
	CHECK_OK(berth_store_put_str(s, "one", "c", "1"));
	CHECK_OK(berth_store_undo(s));
	assert_non_null(store_recent_find(s, "one", "a"));
	assert_null(store_recent_find(s, "one", "b"));
	assert_null(store_recent_find(s, "one", "c"));
	CHECK_OK(berth_store_put_str(s, "one", "d", "1"));
	assert_non_null(store_recent_find(s, "one", "d"));
	berth_store_rollback(s);
	assert_non_null(store_recent_find(s, "one", "a"));
	assert_null(store_recent_find(s, "one", "d"));
}

/* Of two hundred records of half a KiB those of the last 48 KiB are known, and those that are asked
 * for, however old. */
static void what_is_asked_for_stays(void **state)
{
	char name[16], text[512];
	size_t known = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "%d", i);
		CHECK_OK(berth_store_put(s, "one", name, text, sizeof(text)));
		assert_non_null(store_recent_find(s, "one", "0"));
	}
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "%d", i);
		known += store_recent_find(s, "one", name) != NULL;
	}
	assert_null(store_recent_find(s, "one", "1"));
	assert_non_null(store_recent_find(s, "one", "199"));
	assert_true(known > 60 && known < 100);
	CHECK_OK(berth_store_commit(s));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, drawn_begin, drawn_end)
	const struct CMUnitTest tests[] = {
		T(records_are_what_was_written_last), T(a_lost_group_is_not_remembered), T(a_guest_that_had_to_go_is_gone),
		T(what_was_there_before_is_still_known), T(what_is_asked_for_stays),
	};

	return cmocka_run_group_tests_name("store recent", tests, NULL, NULL);
}
