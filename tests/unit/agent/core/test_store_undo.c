/* SPDX-License-Identifier: Apache-2.0 */
/* What the store remembers beside its file follows what is taken back. */
#include "tests/check.h"

#include "agent/core/store.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];
static struct berth_store *s;

static int fresh(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return berth_store_open(&s, dir, true) != BERTH_OK;
}

static int gone(void **state)
{
	(void)state;
	berth_store_close(s);
	test_tmpdir_remove(dir);
	return 0;
}

static bool there(const char *key)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(s, "ns", key, &b, &found));
	berth_buf_free(&b);
	return found;
}

static int64_t counter(const char *name)
{
	int64_t v;

	CHECK_OK(berth_store_counter_get(s, name, &v));
	return v;
}

static void set(const char *key, int64_t n)
{
	CHECK_OK(berth_store_put_str(s, "ns", key, "1"));
	CHECK_OK(berth_store_counter_set(s, "c", n));
}

/* before: something is written between begin and savepoint. */
static void undo_one(bool before, int64_t n)
{
	CHECK_OK(berth_store_begin(s));
	if (before)
		set("before", n);
	CHECK_OK(berth_store_savepoint(s));
	set("undone", n + 1);
	CHECK_OK(berth_store_undo(s));
	CHECK(!there("undone") && there("before") == before && counter("c") == (before ? n : 0));
	CHECK_OK(berth_store_put_str(s, "ns", "after", "1"));
	CHECK_OK(berth_store_commit(s));
	CHECK(there("after") && there("before") == before && !there("undone"));
}

static void undo_is_the_same_wherever_it_begins(void **state)
{
	(void)state;
	undo_one(false, 5);
	undo_one(true, 5);
}

/* The second of a group is a part of SQLite's transaction; undone alone, or not at all. */
static void undo_leaves_the_others_of_a_group(void **state)
{
	(void)state;
	berth_store_group(s, true);
	CHECK_OK(berth_store_begin(s));
	set("before", 7);
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_savepoint(s));
	set("undone", 8);
	CHECK_OK(berth_store_undo(s));
	CHECK_OK(berth_store_put_str(s, "ns", "after", "1"));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_sync(s));
	berth_store_group(s, false);
	berth_store_close(s);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK(there("before") && there("after") && !there("undone") && counter("c") == 7);
}

/* One of a group, and a plain one behind it in which a step was undone. */
static void two_of_a_group(void)
{
	berth_store_group(s, true);
	CHECK_OK(berth_store_begin(s));
	set("first", 7);
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_begin_plain(s));
	set("second", 8);
	CHECK_OK(berth_store_savepoint(s));
	set("undone", 9);
	CHECK_OK(berth_store_undo(s));
	CHECK(counter("c") == 8 && !there("undone"));
	CHECK_OK(berth_store_commit(s));
}

static void a_plain_one_is_kept_with_its_group(void **state)
{
	(void)state;
	two_of_a_group();
	CHECK_OK(berth_store_sync(s));
	berth_store_group(s, false);
	berth_store_close(s);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK(there("first") && there("second") && !there("undone") && counter("c") == 8);
}

/* It has no savepoint to go back to; whoever waits for the others hears of it. */
static void a_plain_one_takes_its_group_back(void **state)
{
	(void)state;
	two_of_a_group();
	CHECK_OK(berth_store_begin_plain(s));
	set("third", 9);
	berth_store_rollback(s);
	CHECK(!there("first") && !there("second") && !there("third") && counter("c") == 0);
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	CHECK_OK(berth_store_begin(s));
	set("later", 1);
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_sync(s));
	CHECK(there("later") && !there("first"));
	berth_store_group(s, false);
}

/* Where there are no others it takes nobody along. */
static void a_plain_one_alone_is_like_any(void **state)
{
	(void)state;
	for (int group = 0; group < 2; group++) {
		berth_store_group(s, group);
		CHECK_OK(berth_store_begin_plain(s));
		set("undone", 1);
		berth_store_rollback(s);
		CHECK(!there("undone") && counter("c") == 0);
		CHECK_OK(berth_store_sync(s));
	}
	CHECK_OK(berth_store_begin_plain(s));
	set("kept", 2);
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_sync(s));
	CHECK(there("kept"));
	berth_store_group(s, false);
}

/* A note is of no weight, and is taken back all the same. */
static void a_note_before_the_savepoint_stays(void **state)
{
	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_counter_note(s, "c", 3));
	CHECK_OK(berth_store_savepoint(s));
	set("undone", 4);
	CHECK_OK(berth_store_undo(s));
	CHECK_OK(berth_store_commit(s));
	CHECK(counter("c") == 3 && !there("undone"));
	CHECK_OK(berth_store_begin(s));
	set("undone", 9);
	berth_store_rollback(s);
	CHECK(counter("c") == 3 && !there("undone"));
}

/* More counters than are remembered are right too. */
static void many_counters(void **state)
{
	char name[16];

	(void)state;
	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		CHECK_OK(berth_store_counter_set(s, name, i));
	}
	CHECK_OK(berth_store_commit(s));
	for (int i = 0; i < 20; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(counter(name), i);
	}
}

static int64_t put(const char *id)
{
	struct berth_outbox_row row = { .id = id, .peer = "did:x:1", .from = "me", .thid = "", .endpoints = "[\"nng\"]",
		.body = (const uint8_t *)"{}", .body_len = 2, .expires_s = 3000 };
	struct berth_outbox_list l;
	int64_t seq;

	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 1, 64, &l));
	seq = l.rows[l.n - 1].seq;
	berth_outbox_list_free(&l);
	return seq;
}

/* All since the last sync, and nothing before; once said, it is over. */
static void a_group_that_is_undone(void **state)
{
	(void)state;
	berth_store_group(s, true);
	two_of_a_group();
	CHECK_OK(berth_store_sync(s));
	CHECK_OK(berth_store_begin(s));
	set("late", 9);
	put("a");
	CHECK_OK(berth_store_commit_loose(s));
	berth_store_group_undo(s);
	CHECK(!there("late") && counter("c") != 9);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "ns", "behind", "1"));
	CHECK_OK(berth_store_commit(s));
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	CHECK_OK(berth_store_sync(s));
	berth_store_group_undo(s);	/* nothing there: it is said all the same */
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	CHECK_OK(berth_store_sync(s));
	berth_store_group(s, false);
}

/* A message that is under way is known by the number of its row: another one's never is
 * the same, or its answer would be taken for that one's. */
static void a_number_is_not_given_twice(void **state)
{
	int64_t first, second, third;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	first = put("a");
	CHECK_OK(berth_store_outbox_done(s, first));
	CHECK_OK(berth_store_savepoint(s));
	second = put("b");
	CHECK_OK(berth_store_undo(s));
	third = put("c");
	CHECK_OK(berth_store_commit(s));
	CHECK(first < second && second < third);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_outbox_done(s, third));
	CHECK(put("d") > third);
	berth_store_rollback(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, gone)
	const struct CMUnitTest tests[] = {
		T(undo_is_the_same_wherever_it_begins), T(undo_leaves_the_others_of_a_group), T(a_plain_one_is_kept_with_its_group),
		T(a_plain_one_takes_its_group_back), T(a_plain_one_alone_is_like_any), T(a_note_before_the_savepoint_stays),
		T(many_counters), T(a_number_is_not_given_twice),
		T(many_counters), T(a_group_that_is_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
