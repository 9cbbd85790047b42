/* SPDX-License-Identifier: Apache-2.0 */
/* What is put off until a group ends: what of it is never written, and what else it is good for. */
#include "tests/check.h"

#include <stdio.h>

#include "agent/core/store_internal.h"
#include "tests/unit/agent/core/store_open.h"

static const char *nth(int n)
{
	static char name[16];

	snprintf(name, sizeof(name), "%d", n);
	return name;
}

static int64_t written(void) { return sqlite3_total_changes64(s->db); }

static void begin_group(void)
{
	berth_store_group(s, true);
	CHECK_OK(berth_store_begin(s));
}

static void next(void)
{
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_begin(s));
}

static void end_group(void)
{
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_sync(s));
	berth_store_group(s, false);
}

static void put_one(const char *id)
{
	CHECK_OK(berth_store_outbox_put(s, &(struct berth_outbox_row){ .id = id, .peer = "did:x:1", .from = "me", .thid = "t", .endpoints = "",
					.body = (const uint8_t *)"{}", .body_len = 2, .expires_s = 9 }));
}

/* A message that is put, sent and acknowledged while the group lasts; the one behind it is written as it is then. */
static void what_came_and_went_is_never_written(void **state)
{
	struct berth_outbox_list l;
	int64_t before = written();

	(void)state;
	begin_group();
	put_one("m1");
	put_one("m2");
	next();
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 0, 1, &l));
	CHECK_OK(berth_store_outbox_sent(s, &l.rows[0], (const uint8_t *)"0123456789abcdef", 3));
	next();
	CHECK_OK(berth_store_outbox_done(s, l.rows[0].seq));
	CHECK_OK(berth_store_put_str(s, "ns", "k", "1"));
	next();
	CHECK_OK(berth_store_delete(s, "ns", "k"));
	end_group();
	assert_int_equal(written() - before, 1);
	berth_outbox_list_free(&l);
	reopen();
	CHECK_OK(berth_store_outbox_due(s, 0, 9, NULL, &l));
	assert_int_equal(l.n, 1);
	assert_string_equal(l.rows[0].id, "m2");
	berth_outbox_list_free(&l);
}

static void the_last_word_counts(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	int64_t before;
	bool found;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "ns", "k", "0"));
	CHECK_OK(berth_store_commit(s));
	before = written();
	begin_group();
	for (int i = 1; i < 9; i++) {
		CHECK_OK(berth_store_put_str(s, "ns", "k", nth(i)));
		next();
	}
	CHECK_OK(berth_store_put_str(s, "ns", "k", "no"));
	berth_store_rollback(s);
	CHECK_OK(berth_store_begin(s));
	end_group();
	assert_int_equal(written() - before, 1);
	reopen();
	CHECK_OK(berth_store_get(s, "ns", "k", &b, &found));
	assert_string_equal(berth_buf_cstr(&b), "8");
	berth_buf_free(&b);
}

/* SQLite hears nothing of a transaction in which nothing is done. */
static void nothing_is_nothing(void **state)
{
	(void)state;
	for (int group = 0; group < 2; group++) {
		berth_store_group(s, group);
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(berth_store_savepoint(s));
		CHECK_OK(berth_store_keep(s));
		CHECK_OK(berth_store_delete(s, "ns", "k"));
		assert_true(!s->open && sqlite3_get_autocommit(s->db));
		CHECK_OK(berth_store_commit(s));
		CHECK_OK(berth_store_sync(s));
		assert_true(!s->open && sqlite3_get_autocommit(s->db));
	}
}

/* Who only asks waits for no disk, whatever is written for that. */
static void a_question_is_no_change(void **state)
{
	struct berth_store_counts c;

	(void)state;
	begin_group();
	CHECK_OK(berth_store_put_str(s, "ns", "k", "1"));
	CHECK_OK(berth_store_commit_loose(s));
	CHECK_OK(berth_store_begin(s));
	assert_int_equal(s->behind.n, 1);
	CHECK_OK(berth_store_counts(s, &c));
	assert_true(s->behind.n == 0 && c.records == 1);
	CHECK_OK(berth_store_commit(s));
	assert_false(s->owed);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "ns", "k", "2"));
	CHECK_OK(berth_store_commit(s));
	assert_true(s->owed);
	CHECK_OK(berth_store_sync(s));
	berth_store_group(s, false);
}

/* However much one group says, not much of it is in memory alone. */
static void memory_has_an_end(void **state)
{
	static const uint8_t value[20000];
	int64_t before = written();

	(void)state;
	begin_group();
	for (int i = 0; i < 300; i++) {
		CHECK_OK(berth_store_put(s, "ns", nth(i), value, sizeof(value)));
		if (i % 70 == 0)
			next();
		assert_true(s->behind.octets < (size_t)280 << 10);
	}
	CHECK(written() - before > 200);
	end_group();
	assert_int_equal(written() - before, 300);
}

/* What memory knew of the file was not so: the group fails as a whole, and says so. */
static void what_cannot_be_written_takes_its_group_back(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "ns", "k", "0"));
	CHECK_OK(berth_store_commit(s));
	begin_group();
	CHECK_OK(berth_store_put_str(s, "ns", "other", "1"));
	next();
	CHECK_OK(berth_store_put_str(s, "ns", "k", "1"));
	CHECK_OK(berth_store_commit(s));
	assert_int_equal(sqlite3_exec(s->db, "DELETE FROM rec", NULL, NULL, NULL), SQLITE_OK);
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	berth_store_group(s, false);
	CHECK_OK(berth_store_get(s, "ns", "other", &b, &found));
	CHECK(!found);
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_came_and_went_is_never_written, fresh, gone),
		cmocka_unit_test_setup_teardown(the_last_word_counts, fresh, gone),
		cmocka_unit_test_setup_teardown(nothing_is_nothing, fresh, gone),
		cmocka_unit_test_setup_teardown(a_question_is_no_change, fresh, gone),
		cmocka_unit_test_setup_teardown(memory_has_an_end, fresh, gone),
		cmocka_unit_test_setup_teardown(what_cannot_be_written_takes_its_group_back, fresh, gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
