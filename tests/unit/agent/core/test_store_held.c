/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody waits for is held in memory for a while, and goes to the log with what comes next. */
#include "tests/check.h"

#include <sqlite3.h>

#include "agent/core/store.h"
#include "tests/unit/agent/core/store_lossy.h"

#define HELD_MS 2000

static struct berth_store *s;

static void open_store(bool create)
{
	CHECK_OK(berth_store_open_vfs(&s, dir, create, "lossy"));
}

static int fresh(void **state)
{
	(void)state;
	lossy_begin();
	open_store(true);
	return 0;
}

static int gone(void **state)
{
	(void)state;
	berth_store_close(s);
	lossy_end();
	return 0;
}

static enum berth_err write_one(const char *key, enum berth_err (*commit)(struct berth_store *s))
{
	enum berth_err rc = berth_store_begin(s);

	if (!rc && !(rc = berth_store_put_str(s, "ns", key, "1")))
		rc = commit(s);
	berth_store_rollback(s);
	return rc;
}

/* A batch of one, as the agent has them. */
static enum berth_err batch(const char *key, enum berth_err (*commit)(struct berth_store *s))
{
	enum berth_err rc;

	berth_store_group(s, true);
	if (!(rc = write_one(key, commit)))
		rc = berth_store_sync(s);
	berth_store_group(s, false);
	return rc;
}

static bool there(const char *key)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(s, "ns", key, &b, &found));
	berth_buf_free(&b);
	return found;
}

static bool is_held(void) { return berth_store_held_until(s) != UINT64_MAX; }

/* The next call that changes the disk cuts the power; what was synced is there. */
static void cut(void)
{
	vfs_lossy_trouble(VFS_LOSE, 1);
	CHECK_RC(BERTH_E_STORE, batch("cut", berth_store_commit));
	berth_store_close(s);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	open_store(false);
	CHECK(!there("cut"));
}

static void what_nobody_waits_for_is_not_written_at_once(void **state)
{
	long before = vfs_lossy_calls();

	(void)state;
	CHECK(!is_held());
	CHECK_OK(batch("a", berth_store_commit_loose));
	CHECK_OK(batch("b", berth_store_commit_loose));
	assert_int_equal(vfs_lossy_calls(), before);
	assert_int_equal(berth_store_held_until(s), now_ms + HELD_MS);
	CHECK(there("a") && there("b"));
	cut();
	CHECK(!there("a") && !there("b"));
}

static void it_goes_with_what_somebody_waits_for(void **state)
{
	long before = vfs_lossy_syncs();

	(void)state;
	CHECK_OK(batch("a", berth_store_commit_loose));
	CHECK_OK(batch("b", berth_store_commit));
	CHECK(!is_held());
	assert_int_equal(vfs_lossy_syncs(), before + 1);
	cut();
	CHECK(there("a") && there("b"));
}

/* Counted from the first of it: what goes on and on is written all the same. */
static void it_is_written_when_its_time_is_over(void **state)
{
	long before = vfs_lossy_calls();
	long syncs = vfs_lossy_syncs();

	(void)state;
	CHECK_OK(batch("a", berth_store_commit_loose));
	now_ms += HELD_MS - 1;
	CHECK_OK(batch("b", berth_store_commit_loose));
	assert_int_equal(vfs_lossy_calls(), before);
	now_ms++;
	CHECK_OK(berth_store_sync(s));
	CHECK(!is_held() && vfs_lossy_calls() > before);
	assert_int_equal(vfs_lossy_syncs(), syncs);	/* which still nobody waits for */
}

static void one_that_is_taken_back_leaves_it(void **state)
{
	(void)state;
	CHECK_OK(batch("a", berth_store_commit_loose));
	berth_store_group(s, true);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "ns", "b", "1"));
	berth_store_rollback(s);
	berth_store_group(s, false);
	CHECK(is_held() && there("a") && !there("b"));
}

static void outside_of_a_group_it_is_written_first(void **state)
{
	(void)state;
	CHECK_OK(batch("a", berth_store_commit_loose));
	CHECK_OK(write_one("b", berth_store_commit));
	CHECK(!is_held());
	cut();
	CHECK(there("a") && there("b"));
}

static void a_store_that_is_closed_or_copied_has_it(void **state)
{
	struct berth_buf path = BERTH_BUF_INIT;

	(void)state;
	berth_store_close(s);
	CHECK_OK(berth_store_open(&s, dir, false));	/* the lossy one makes no other files */
	CHECK_OK(batch("a", berth_store_commit_loose));
	CHECK_OK(berth_store_snapshot(s, &path));
	CHECK(!is_held());
	berth_buf_free(&path);
	CHECK_OK(batch("b", berth_store_commit_loose));
	berth_store_close(s);
	open_store(false);
	CHECK(there("a") && there("b"));
}

static void a_log_that_is_to_be_emptied_does_not_wait(void **state)
{
	(void)state;
	CHECK_OK(batch("a", berth_store_commit_loose));
	berth_store_scrub(s);
	CHECK_OK(berth_store_sync(s));
	CHECK(!is_held());
	cut();
	CHECK(there("a"));
}

/* Somebody's memory has followed it: the next sync tells, though it had nothing to wait for. */
static void that_it_was_lost_is_told(void **state)
{
	(void)state;
	CHECK_OK(batch("a", berth_store_commit_loose));
	now_ms += HELD_MS;
	vfs_lossy_reset(VFS_ERROR, 1, SQLITE_FULL, 0);
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	CHECK(!is_held() && !there("a"));
	CHECK_OK(berth_store_sync(s));

	CHECK_OK(batch("a", berth_store_commit_loose));
	vfs_lossy_reset(VFS_ERROR, 1, SQLITE_FULL, 0);
	CHECK_RC(BERTH_E_STORE, write_one("b", berth_store_commit));	/* of somebody else */
	CHECK(!is_held() && !there("a") && !there("b"));
	CHECK_RC(BERTH_E_STORE, batch("c", berth_store_commit_loose));
	CHECK_OK(batch("d", berth_store_commit));
	CHECK(there("d"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_nobody_waits_for_is_not_written_at_once, fresh, gone),
		cmocka_unit_test_setup_teardown(it_goes_with_what_somebody_waits_for, fresh, gone),
		cmocka_unit_test_setup_teardown(it_is_written_when_its_time_is_over, fresh, gone),
		cmocka_unit_test_setup_teardown(one_that_is_taken_back_leaves_it, fresh, gone),
		cmocka_unit_test_setup_teardown(outside_of_a_group_it_is_written_first, fresh, gone),
		cmocka_unit_test_setup_teardown(a_store_that_is_closed_or_copied_has_it, fresh, gone),
		cmocka_unit_test_setup_teardown(a_log_that_is_to_be_emptied_does_not_wait, fresh, gone),
		cmocka_unit_test_setup_teardown(that_it_was_lost_is_told, fresh, gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
