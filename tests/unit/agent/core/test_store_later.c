/* SPDX-License-Identifier: Apache-2.0 */
/* What may be lost and be later is kept in memory, over the end of its batch, until it goes to the file with
 * what may not be lost, with whatever else has to read or write the file, or when its time is up. */
#include "tests/check.h"

#include <sqlite3.h>

#include "agent/core/store.h"
#include "tests/unit/agent/core/store_lossy.h"

static struct berth_store *s;

static int fresh(void **state)
{
	(void)state;
	lossy_begin();
	vfs_lossy_reset(VFS_NONE, 0, SQLITE_IOERR_WRITE, 0);
	return berth_store_open_vfs(&s, dir, true, "lossy") != BERTH_OK;
}

static int gone(void **state)
{
	(void)state;
	berth_store_close(s);
	lossy_end();
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

static enum berth_err put(const char *key, enum berth_err (*commit)(struct berth_store *store))
{
	enum berth_err rc = berth_store_begin(s);

	if (!rc && ((rc = berth_store_put_str(s, "ns", key, "1")) || (rc = commit(s))))
		berth_store_rollback(s);
	return rc;
}

/* One in a batch of its own; how often that changed the disk. */
static long batch(const char *key, enum berth_err (*commit)(struct berth_store *store))
{
	long before = vfs_lossy_calls();

	berth_store_group(s, true);
	CHECK_OK(put(key, commit));
	CHECK_OK(berth_store_sync(s));
	berth_store_group(s, false);
	return vfs_lossy_calls() - before;
}

static long later(const char *key) { return batch(key, berth_store_commit_later); }

static void again_after(enum vfs_trouble how)
{
	vfs_lossy_trouble(how, 1);
	berth_store_close(s);
	vfs_lossy_reset(VFS_NONE, 0, SQLITE_IOERR_WRITE, 0);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
}

static void it_goes_with_what_may_not_be_lost(void **state)
{
	(void)state;
	assert_int_equal(later("a"), 0);
	assert_int_equal(later("b"), 0);
	CHECK(there("a") && there("b") && berth_store_due_ms(s) != UINT64_MAX);
	CHECK(batch("c", berth_store_commit) > 0);
	CHECK(berth_store_due_ms(s) == UINT64_MAX);
	again_after(VFS_LOSE);
	CHECK(there("a") && there("b") && there("c"));
}

/* What may only be lost with the power is written at once, and goes along with what waits. */
static void whoever_may_not_be_later_is_not(void **state)
{
	(void)state;
	CHECK(batch("a", berth_store_commit_loose) > 0);
	CHECK(berth_store_due_ms(s) == UINT64_MAX);
	later("b");
	assert_int_equal(batch("c", berth_store_commit_loose), 0);
	again_after(VFS_KEEP);
	CHECK(there("a") && !there("b") && !there("c"));
}

/* The same of a process that ends as of the power. */
static void until_then_any_end_takes_it(void **state)
{
	(void)state;
	for (enum vfs_trouble how = VFS_LOSE; how <= VFS_KEEP; how++) {
		CHECK(batch("before", berth_store_commit) >= 0);
		later("a");
		later("b");
		again_after(how);
		CHECK(there("before") && !there("a") && !there("b"));
	}
}

/* To the file, that is, and not to the disk: a process that ends loses nothing then. */
static void its_time_is_up(void **state)
{
	long syncs = vfs_lossy_syncs();

	(void)state;
	later("a");
	now_ms += BERTH_STORE_LATER_MS - 1;
	assert_int_equal(later("b"), 0);
	assert_int_equal(berth_store_due_ms(s), now_ms + 1);
	now_ms++;
	CHECK_OK(berth_store_sync(s));
	CHECK(berth_store_due_ms(s) == UINT64_MAX);
	assert_int_equal(vfs_lossy_syncs(), syncs);
	again_after(VFS_KEEP);
	CHECK(there("a") && there("b"));
}

static void whoever_else_writes_takes_it_along(void **state)
{
	(void)state;
	later("a");
	CHECK_OK(put("b", berth_store_commit));
	again_after(VFS_LOSE);
	CHECK(there("a") && there("b"));
	later("c");
	CHECK_OK(berth_store_begin(s));
	berth_store_rollback(s);
	again_after(VFS_KEEP);
	CHECK(there("c"));
}

static void whoever_closes_or_copies_the_store_has_it(void **state)
{
	struct berth_buf path = BERTH_BUF_INIT;

	(void)state;
	later("a");
	berth_store_close(s);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK(there("a"));
	later("b");
	CHECK_OK(berth_store_snapshot(s, &path));
	berth_store_close(s);
	CHECK(rename(berth_buf_cstr(&path), test_path(dir, BERTH_STORE_FILE)) == 0);
	berth_buf_free(&path);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK(there("a") && there("b"));
}

/* What is to be gone goes at once. */
static void emptying_the_log_does_not_wait(void **state)
{
	(void)state;
	later("a");
	berth_store_scrub(s);
	CHECK_OK(berth_store_sync(s));
	CHECK(berth_store_due_ms(s) == UINT64_MAX);
	again_after(VFS_LOSE);
	CHECK(there("a"));
}

/* Whoever built on it hears, once, that it is gone. */
static void a_loss_is_told(void **state)
{
	(void)state;
	later("a");
	berth_store_group(s, true);
	vfs_lossy_trouble(VFS_ERROR, 1);
	CHECK_OK(put("b", berth_store_commit));
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	berth_store_group(s, false);
	now_ms += 1500;		/* opened anew */
	CHECK(!there("a") && !there("b"));
	later("c");
	CHECK(there("c"));
	vfs_lossy_trouble(VFS_ERROR, 1);
	CHECK_RC(BERTH_E_STORE, put("d", berth_store_commit));	/* no batch: it has to be written first */
	now_ms += 1500;
	CHECK(!there("c") && !there("d"));
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	CHECK_OK(berth_store_sync(s));
}

/* A part of it alone is taken back: the rest is still only in memory. */
static void one_that_is_taken_back_leaves_the_others(void **state)
{
	(void)state;
	later("a");
	berth_store_group(s, true);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "ns", "b", "1"));
	berth_store_rollback(s);
	CHECK_OK(berth_store_sync(s));
	berth_store_group(s, false);
	CHECK(there("a") && !there("b") && berth_store_due_ms(s) != UINT64_MAX);
	CHECK(batch("c", berth_store_commit) > 0);
	again_after(VFS_LOSE);
	CHECK(there("a") && !there("b") && there("c"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_goes_with_what_may_not_be_lost, fresh, gone),
		cmocka_unit_test_setup_teardown(whoever_may_not_be_later_is_not, fresh, gone),
		cmocka_unit_test_setup_teardown(until_then_any_end_takes_it, fresh, gone),
		cmocka_unit_test_setup_teardown(its_time_is_up, fresh, gone),
		cmocka_unit_test_setup_teardown(whoever_else_writes_takes_it_along, fresh, gone),
		cmocka_unit_test_setup_teardown(whoever_closes_or_copies_the_store_has_it, fresh, gone),
		cmocka_unit_test_setup_teardown(emptying_the_log_does_not_wait, fresh, gone),
		cmocka_unit_test_setup_teardown(a_loss_is_told, fresh, gone),
		cmocka_unit_test_setup_teardown(one_that_is_taken_back_leaves_the_others, fresh, gone),
	};

	return cmocka_run_group_tests_name("store_later", tests, NULL, NULL);
}
