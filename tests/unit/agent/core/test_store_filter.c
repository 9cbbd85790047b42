/* SPDX-License-Identifier: Apache-2.0 */
/* What is said to be surely not there is not in the file, whatever was written, deleted, taken
 * back or lost, and however much there is; and of what is new the file is not asked. */
#include "tests/check.h"

#include "tests/unit/agent/core/store_drawn.h"

#define NAMES 1600		/* more than there is room for at the start, of records and of ids */
#define ROUNDS 2500
#define FIND "SELECT val, guest, rowid FROM rec WHERE ns = ?1 AND key = ?2"
#define FIND_ID "SELECT answer FROM inbox WHERE sender = ?1 AND id = ?2"

static int asked, came_back, compared;

static int fresh(void **state)
{
	asked = came_back = compared = 0;
	return drawn_begin(state);
}

static const char *ns(uint32_t n) { return n % 2 ? "one" : "two"; }

static const char *text(const char *what, uint32_t n)
{
	static char t[64];

	snprintf(t, sizeof(t), "did:x:%s-%u", what, n);
	return t;
}

static const char *sender(uint32_t n) { return n % 2 ? "did:x:1" : "did:x:2"; }

static int64_t number(const char *sql)
{
	int64_t v;

	CHECK_OK(store_int(s, &v, 0, sql, ""));
	return v;
}

/* ---- the file itself */

static void check_all(const char *sql, enum store_filter_of of)
{
	sqlite3_stmt *st;

	assert_int_equal(sqlite3_prepare_v2(s->db, sql, -1, &st, NULL), SQLITE_OK);
	while (sqlite3_step(st) == SQLITE_ROW) {
		const void *a = sqlite3_column_blob(st, 0), *b = sqlite3_column_blob(st, 1);
		uint64_t hash = store_filter_hash(a, (size_t)sqlite3_column_bytes(st, 0), b, (size_t)sqlite3_column_bytes(st, 1));

		assert_false(store_filter_lacks(s, of, hash));
		compared++;
	}
	assert_int_equal(sqlite3_finalize(st), SQLITE_OK);
}

static void check_file(void)
{
	CHECK_OK(store_ready(s, false));	/* opened anew where it has to be */
	check_all("SELECT ns, key FROM rec", STORE_RECORDS);
	check_all("SELECT sender, id FROM inbox", STORE_INBOX);
}

static void check_counts(void)
{
	CHECK_OK(store_totals(s));
	assert_int_equal(s->total.records, number("SELECT count(*) FROM rec"));
	assert_int_equal(s->total.rec_bytes, number("SELECT sum(length(val)) FROM rec"));
	assert_int_equal(s->total.guests, number("SELECT count(guest) FROM rec"));
	assert_int_equal(s->total.guest_bytes, number("SELECT sum(length(val)) FROM rec WHERE guest IS NOT NULL"));
	assert_int_equal(s->total.last_guest, number("SELECT max(guest) FROM rec"));
	assert_int_equal(s->total.in_msgs, number("SELECT count(*) FROM inbox"));
	assert_int_equal(s->total.in_last, number("SELECT max(seq) FROM inbox"));
	assert_int_equal(s->total.in_first_s, number("SELECT min(seen_s) FROM inbox"));
}

/* ---- anything at all */

static void reopen(void)
{
	berth_store_close(s);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	check_counts();
}

static bool is_there(uint32_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(s, ns(n), text("key", n), &b, &found));
	berth_buf_free(&b);
	return found;
}

static bool was_seen(uint32_t n)
{
	uint8_t answer[BERTH_ANSWER_LEN];
	bool seen;

	CHECK_OK(berth_store_inbox_seen(s, sender(n), text("id", n), &seen, answer));
	return seen;
}

static void add_id(uint32_t n)
{
	bool seen = was_seen(n);

	CHECK_RC(seen ? BERTH_E_REPLAY : BERTH_OK, berth_store_inbox_add(s, sender(n), text("id", n), (int64_t)(now_ms / 1000), NULL));
	assert_true(was_seen(n));
}

static void put(uint32_t n, bool guest)
{
	CHECK_OK((guest ? berth_store_put_guest : berth_store_put)(s, ns(n), text("key", n), "some value", 1 + draw(10)));
	assert_true(is_there(n));
}

static void delete(uint32_t n)
{
	CHECK_OK(berth_store_delete(s, ns(n), text("key", n)));
	assert_false(is_there(n));
}

static void change(void)
{
	int64_t gone_n;

	switch (draw(8)) {
	case 0:
	case 1:
		delete(draw(NAMES));
		break;
	case 2:
		put(draw(NAMES), true);
		break;
	case 3:
	case 4:
		put(draw(NAMES), false);
		break;
	default:
		add_id(draw(NAMES));
	}
	if (draw(400) == 0)
		CHECK_OK(berth_store_inbox_prune(s, (int64_t)(now_ms / 1000) + BERTH_INBOX_AGE_S - 1 - draw(200), &gone_n));
}

static void some(uint32_t n)
{
	for (n = draw(n); n; n--)
		change();
}

/* Something is taken back, after which all that is in the file has to be known. */
static void taken_back(uint64_t filled)
{
	came_back += filled != s->filter[STORE_RECORDS].filled;
	check_file();
}

static void transaction(uint32_t much)
{
	uint64_t filled = s->filter[STORE_RECORDS].filled, saved;

	CHECK_OK(draw(4) ? berth_store_begin(s) : berth_store_begin_plain(s));
	some(much);
	saved = s->filter[STORE_RECORDS].filled;
	CHECK_OK(berth_store_savepoint(s));
	some(much);
	if (draw(2)) {
		CHECK_OK(berth_store_keep(s));
	} else {
		CHECK_OK(berth_store_undo(s));
		taken_back(saved);
	}
	some(4);
	if (draw(3)) {
		CHECK_OK(draw(2) ? berth_store_commit(s) : berth_store_commit_later(s));
	} else {
		berth_store_rollback(s);
		taken_back(filled);
	}
}

/* The disk is broken, or full, when the group has to get there. */
static void lose_a_group(void)
{
	uint64_t filled = s->filter[STORE_RECORDS].filled;

	berth_store_close(s);
	vfs_lossy_reset(VFS_NONE, 0, draw(2) ? SQLITE_FULL : SQLITE_IOERR_WRITE, 0);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	berth_store_group(s, true);
	CHECK_OK(berth_store_begin(s));
	some(900);
	CHECK_OK(berth_store_counter_set(s, "round", (int64_t)now_ms));	/* something is written */
	CHECK_OK(berth_store_commit(s));
	vfs_lossy_trouble(VFS_ERROR, 1);
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	vfs_lossy_heal();
	now_ms += 2000;
	taken_back(filled);
}

static void nothing_that_is_there_is_missed(void **state)
{
	(void)state;
	rng = 5;
	for (int i = 0; i < ROUNDS; i++) {
		now_ms += 1000;
		berth_store_group(s, draw(4) != 0);
		transaction(draw(20) ? 8 : 900);
		(void)is_there(draw(NAMES));
		if (draw(100) == 0)
			berth_store_group_undo(s);
		if (draw(5) == 0)
			(void)!berth_store_sync(s);
		if (draw(100) == 0)
			reopen();
		if (draw(100) == 0)
			lose_a_group();
	}
	check_file();
	assert_true(compared > 100000 && came_back > 50);	/* filled in the middle of it */
}

/* ---- one by one */

static void put_many(uint32_t from, uint32_t n)
{
	for (uint32_t i = from; i < from + n; i++) {
		CHECK_OK(berth_store_put(s, ns(i), text("key", i), "v", 1));
		CHECK_OK(berth_store_inbox_add(s, sender(i), text("id", i), 1, NULL));
	}
}

/* It is filled anew when what is deleted then is not in the file: as it is not, so far. */
static void fill_without_the_first(void)
{
	uint64_t filled = s->filter[STORE_RECORDS].filled, ids = s->filter[STORE_INBOX].filled;
	int64_t n;

	delete(0);
	CHECK_OK(berth_store_inbox_prune(s, BERTH_INBOX_AGE_S + 1, &n));
	assert_int_equal(n, 1);
	put_many(1, 1000);
	CHECK_OK(store_totals(s));
	assert_true(s->filter[STORE_RECORDS].filled > filled && s->filter[STORE_INBOX].filled > ids);
	assert_false(is_there(0));
	assert_false(was_seen(0));
}

static void first_is_there(void)
{
	assert_true(is_there(0));
	assert_true(was_seen(0));
	assert_false(is_there(1));
	assert_false(was_seen(1));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(store_totals(s));	/* filled again */
	assert_true(is_there(0));
	CHECK_RC(BERTH_E_REPLAY, berth_store_inbox_add(s, sender(0), text("id", 0), 0, NULL));
	put(0, false);
	berth_store_rollback(s);
}

static void begin_with_the_first(void)
{
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put(s, ns(0), text("key", 0), "v", 1));
	CHECK_OK(berth_store_inbox_add(s, sender(0), text("id", 0), 0, NULL));
	CHECK_OK(berth_store_commit(s));
}

static void what_came_back_is_there(void **state)
{
	(void)state;
	begin_with_the_first();
	CHECK_OK(berth_store_begin(s));
	fill_without_the_first();
	berth_store_rollback(s);
	first_is_there();

	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_counter_set(s, "first", 1));
	CHECK_OK(berth_store_savepoint(s));
	fill_without_the_first();
	CHECK_OK(berth_store_undo(s));
	CHECK_OK(berth_store_commit(s));
	first_is_there();

	berth_store_group(s, true);
	CHECK_OK(berth_store_begin(s));
	fill_without_the_first();
	CHECK_OK(berth_store_commit(s));
	berth_store_group_undo(s);
	first_is_there();
}

static int on_statement(unsigned what, void *arg, void *stmt, void *sql)
{
	(void)what, (void)arg, (void)sql;
	asked += strcmp(sqlite3_sql(stmt), FIND) == 0 || strcmp(sqlite3_sql(stmt), FIND_ID) == 0;
	return 0;
}

static bool prepared(const char *sql)
{
	sqlite3_stmt *st = NULL;

	while ((st = sqlite3_next_stmt(s->db, st)))
		if (strcmp(sqlite3_sql(st), sql) == 0)
			return true;
	return false;
}

static int ask(uint32_t from, uint32_t n)
{
	asked = 0;
	for (uint32_t i = from; i < from + n; i++) {
		assert_true(is_there(i) == (i < 1000));
		assert_true(was_seen(i) == (i < 1000));
	}
	return asked;
}

static void of_what_is_new_the_file_is_not_asked(void **state)
{
	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put(s, ns(1000), text("other", 1), "v", 1));
	assert_false(is_there(1000));
	assert_false(was_seen(1000));
	assert_false(prepared(FIND) || prepared(FIND_ID));
	put_many(0, 1000);
	CHECK_OK(berth_store_commit(s));
	assert_true(!prepared(FIND_ID) || s->filter[STORE_INBOX].filled > 1);

	assert_int_equal(sqlite3_trace_v2(s->db, SQLITE_TRACE_STMT, on_statement, NULL), SQLITE_OK);
	assert_int_equal(ask(0, 900), 1800);	/* of the last ones the records are remembered */
	assert_in_range(ask(1000, 20000), 0, 2000);
	assert_true(prepared(FIND) && prepared(FIND_ID));
}

/* As much memory as there are rows. */
static void it_grows_with_what_there_is(void **state)
{
	(void)state;
	assert_int_equal(s->filter[STORE_RECORDS].n_words, 64);
	CHECK_OK(berth_store_begin(s));
	put_many(0, 100);
	assert_int_equal(s->filter[STORE_RECORDS].filled, 1);
	put_many(100, 9900);
	CHECK_OK(berth_store_commit(s));
	assert_int_equal(s->filter[STORE_RECORDS].filled, 3);
	assert_int_equal(s->filter[STORE_RECORDS].n_words, 1024);
	reopen();
	assert_int_equal(s->filter[STORE_RECORDS].n_words, 2048);	/* with room for as many again */
	check_file();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, drawn_end)
		T(nothing_that_is_there_is_missed), T(what_came_back_is_there), T(of_what_is_new_the_file_is_not_asked),
		T(it_grows_with_what_there_is),
	};

	return cmocka_run_group_tests_name("store filter", tests, NULL, NULL);
}
