/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_UNIT_AGENT_CORE_STORE_OPEN_H
#define BERTH_TESTS_UNIT_AGENT_CORE_STORE_OPEN_H

/* A store of its own for each test, and its file as other programs see it. */
#include <sqlite3.h>

#include "agent/core/store.h"
#include "did/base/rand.h"
#include "tests/check.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];
static struct berth_store *s;

static inline int fresh(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return berth_store_open(&s, dir, true) != BERTH_OK;
}

static inline int gone(void **state)
{
	(void)state;
	berth_store_close(s);
	s = NULL;
	test_tmpdir_remove(dir);
	berth_random_inject(NULL);
	return 0;
}

static inline void reopen(void)
{
	berth_store_close(s);
	CHECK_OK(berth_store_open(&s, dir, false));
}

static inline void check_record(const char *ns, const char *key, const char *want)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(s, ns, key, &b, &found));
	assert_int_equal(found, want != NULL);
	assert_string_equal(berth_buf_cstr(&b), want ? want : "");
	berth_buf_free(&b);
}

/* A statement on the closed file, as somebody else's program would do it. */
static inline void meddle(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(test_path(dir, BERTH_STORE_FILE), &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static inline int64_t ask(const char *sql)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t v;

	assert_int_equal(sqlite3_open(test_path(dir, BERTH_STORE_FILE), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return v;
}

static inline void check_counts(int64_t records, int64_t guests, int64_t bytes)
{
	struct berth_store_counts c;

	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.records, records);
	assert_int_equal(c.guests, guests);
	assert_int_equal(c.guest_bytes, bytes);
}

#define T(f) cmocka_unit_test_setup_teardown(f, fresh, gone)

#endif /* BERTH_TESTS_UNIT_AGENT_CORE_STORE_OPEN_H */
