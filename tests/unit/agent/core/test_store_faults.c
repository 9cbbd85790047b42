/* SPDX-License-Identifier: Apache-2.0 */
/* A fixed run of commits over a disk that fails at every point in turn.  Each
 * commit writes one record and one outbox row, so what is found afterwards says
 * which commits are there, and whether one is there by half. */
#include "tests/check.h"

#include <sqlite3.h>
#include <sys/stat.h>

#include "agent/core/store.h"
#include "tests/unit/agent/core/store_lossy.h"
#include "tests/unit/agent/core/store_older.h"

#define COMMITS 6
#define LOG_HEAD 32
#define FRAME (24 + 2048)	/* of a page */

static char *made;	/* an empty store, so that not every test is about making one */
static size_t made_len;
static int together = 1;	/* commits for each sync */

static int fresh(void **state)
{
	(void)state;
	lossy_begin();
	return 0;
}

static int gone(void **state)
{
	(void)state;
	lossy_end();
	free(made);
	made = NULL;
	together = 1;
	return 0;
}

static void empty_dir(void)
{
	test_tmpdir_remove(dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	if (made)
		test_write_file(test_path(dir, BERTH_STORE_FILE), made, made_len, 0600);
}

static void start_from_a_made_store(void)
{
	struct berth_store *s;

	CHECK_OK(berth_store_open(&s, dir, true));
	berth_store_close(s);
	made = test_read_file(test_path(dir, BERTH_STORE_FILE), &made_len);
	empty_dir();
}

/* Commit i, or what stopped it; the transaction is closed either way. */
static enum berth_err one(struct berth_store *s, int i)
{
	char n[16], filler[3000];
	struct berth_outbox_row row = {
		.id = n, .peer = "did:x:1", .from = "", .thid = "", .endpoints = "", .expires_s = 1000,
		.body = (const uint8_t *)filler, .body_len = sizeof(filler),
	};
	enum berth_err rc;

	memset(filler, 'f', sizeof(filler));
	snprintf(n, sizeof(n), "%d", i);
	if ((rc = berth_store_begin(s)))
		return rc;
	if ((rc = berth_store_put_str(s, "run", "n", n)) || (rc = berth_store_outbox_put(s, &row)) ||
	    (rc = berth_store_audit(s, i, "commit", n))) {
		berth_store_rollback(s);
		return rc;
	}
	return berth_store_commit(s);
}

/* How many commits are there; fails when one is there by half. */
static int count(struct berth_store *s)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_store_counts c;
	int64_t rows;
	bool found;
	int n;

	CHECK_OK(berth_store_get(s, "run", "n", &b, &found));
	n = found ? atoi(berth_buf_cstr(&b)) : 0;
	berth_buf_free(&b);
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.out, n);
	assert_int_equal(c.out_bytes, n * 3000);
	CHECK_OK(berth_store_audit_verify(s, &rows));
	assert_int_equal(rows, n);
	return n;
}

/* Commit i, and the sync when it is the last of its group: then *acked follows. */
static enum berth_err one_of_many(struct berth_store *s, int i, int *acked)
{
	enum berth_err rc;

	berth_store_group(s, together > 1);
	rc = one(s, i);
	if (!rc && i % together == 0 && !(rc = berth_store_sync(s)))
		*acked = i;
	return rc;
}

/* Nothing goes to the disk for one of a group before its sync. */
static enum berth_err one_on_disk(struct berth_store *s, int i)
{
	enum berth_err rc = one(s, i);

	return rc ? rc : berth_store_sync(s);
}

/* Opens, commits, closes over the failing disk; the commits that were acknowledged. */
static int run(void)
{
	struct berth_store *s = NULL;
	int acked = 0;

	if (berth_store_open_vfs(&s, dir, true, "lossy") == BERTH_OK)
		for (int i = 1; i <= COMMITS && one_of_many(s, i, &acked) == BERTH_OK; i++)
			;
	berth_store_close(s);
	return acked;
}

static long calls_of_a_whole_run(void)
{
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	assert_int_equal(run(), COMMITS);
	empty_dir();
	return vfs_lossy_calls();
}

static void power_off_at_every_call(enum vfs_trouble how, uint32_t seeds)
{
	long total = calls_of_a_whole_run(), tried = 0;

	for (long at = 1; at <= total; at++)
		for (uint32_t seed = 1; seed <= seeds; seed++, tried++) {
			struct berth_store *s;
			int acked, there;

			vfs_lossy_reset(how, at, 0, seed * 7919 + (uint32_t)at);
			acked = run();
			vfs_lossy_reset(VFS_NONE, 0, 0, 0);
			if (berth_store_open_vfs(&s, dir, true, "lossy") != BERTH_OK)
				fail_msg("call %ld seed %u: %s", at, seed, berth_err_detail());
			there = count(s);
			if (there < acked || there > acked + together)
				fail_msg("call %ld seed %u: %d acked, %d there", at, seed, acked, there);
			CHECK_OK(one(s, there + 1));
			berth_store_close(s);
			CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
			assert_int_equal(count(s), there + 1);
			berth_store_close(s);
			empty_dir();
		}
	printf("%ld power cuts, at each of %ld calls\n", tried, total);
	CHECK(total > 30);
}

static void c147_power_off_loses_no_acked_commit(void **state)
{
	(void)state;
	power_off_at_every_call(VFS_LOSE, 1);
}

static void c147_reordered_and_torn_writes_lose_no_acked_commit(void **state)
{
	(void)state;
	start_from_a_made_store();
	power_off_at_every_call(VFS_SHUFFLE, 2);
}

static void c147_power_off_loses_nothing_of_an_older_store(void **state)
{
	(void)state;
	start_from_a_made_store();
	make_older(test_path(dir, BERTH_STORE_FILE));
	free(made);
	made = test_read_file(test_path(dir, BERTH_STORE_FILE), &made_len);
	assert_int_equal(made[16], OLDER_PAGE >> 8);
	power_off_at_every_call(VFS_LOSE, 1);
	power_off_at_every_call(VFS_SHUFFLE, 2);
}

static void c147_power_off_after_all_writes_is_fine_too(void **state)
{
	(void)state;
	start_from_a_made_store();
	power_off_at_every_call(VFS_KEEP, 1);
}

/* What a reader finds after the power went between two inserts. */
static int rows_left(const char *synchronous)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int n;

	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	assert_int_equal(sqlite3_open_v2(test_path(dir, "x.db"), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
					 "lossy"), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL;"
				      "CREATE TABLE t (a); PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_exec(db, synchronous, NULL, NULL, NULL);
	assert_int_equal(sqlite3_exec(db, "INSERT INTO t VALUES (1)", NULL, NULL, NULL), SQLITE_OK);
	vfs_lossy_trouble(VFS_LOSE, 1);
	CHECK(sqlite3_exec(db, "INSERT INTO t VALUES (2)", NULL, NULL, NULL) != SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(sqlite3_open(test_path(dir, "x.db"), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, "SELECT count(*) FROM t", -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	n = sqlite3_column_int(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	empty_dir();
	return n;
}

/* Else the tests below would prove nothing. */
static void the_shim_loses_what_nobody_synced(void **state)
{
	(void)state;
	assert_int_equal(rows_left("PRAGMA synchronous = OFF"), 0);
	assert_int_equal(rows_left("PRAGMA synchronous = FULL"), 1);
}

static void fail_every_call(enum vfs_trouble how, int err, bool exact)
{
	long total = calls_of_a_whole_run(), refused = 0;

	for (long at = 1; at <= total; at++) {
		struct berth_store *s = NULL;
		int acked = 0, there, tries = 0;

		vfs_lossy_reset(how, at, err, 1);
		if (berth_store_open_vfs(&s, dir, true, "lossy") != BERTH_OK) {
			refused++;
			vfs_lossy_heal();
			CHECK_OK(berth_store_open_vfs(&s, dir, true, "lossy"));
		}
		for (int i = 1; i <= COMMITS; i++) {
			enum berth_err rc = one_of_many(s, i, &acked);

			if (rc) {
				assert_int_equal(rc, BERTH_E_STORE);
				CHECK(!berth_store_in_transaction(s));
				if (how == VFS_BROKEN)	/* still so; nothing hangs, nothing is acked */
					CHECK_RC(BERTH_E_STORE, one_on_disk(s, i));
				refused++;
				break;
			}
		}
		vfs_lossy_heal();
		now_ms += 1500;
		berth_store_group(s, false);
		there = count(s);
		if (there < acked || there > acked + (exact ? 0 : together))
			fail_msg("call %ld: %d acked, %d there", at, acked, there);
		while (one(s, there + 1) && tries++ < 2)
			now_ms += 1500;
		assert_int_equal(count(s), there + 1);
		berth_store_close(s);
		vfs_lossy_reset(VFS_NONE, 0, 0, 0);
		CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
		assert_int_equal(count(s), there + 1);
		berth_store_close(s);
		empty_dir();
	}
	printf("%ld of %ld faults seen by the caller\n", refused, total);
	CHECK(refused > total / 3);	/* the others: of a checkpoint, and of closing */
}

static void c148_enospc_at_every_write_is_e_store_and_recovers(void **state)
{
	(void)state;
	fail_every_call(VFS_BROKEN, SQLITE_FULL, true);
}

static void c148_one_eio_at_every_write_is_e_store_and_recovers(void **state)
{
	(void)state;
	start_from_a_made_store();
	fail_every_call(VFS_ERROR, SQLITE_IOERR_WRITE, false);
}

static void c148_eio_that_lasts_is_e_store_and_recovers(void **state)
{
	(void)state;
	start_from_a_made_store();
	fail_every_call(VFS_BROKEN, SQLITE_IOERR_FSYNC, false);
}

static void c147_a_group_is_acked_when_it_is_on_disk(void **state)
{
	(void)state;
	start_from_a_made_store();
	together = 3;
	power_off_at_every_call(VFS_LOSE, 1);
	power_off_at_every_call(VFS_SHUFFLE, 2);
	power_off_at_every_call(VFS_KEEP, 1);
}

static void c148_a_group_that_cannot_be_synced_is_not_acked(void **state)
{
	(void)state;
	start_from_a_made_store();
	together = 3;
	fail_every_call(VFS_ERROR, SQLITE_IOERR_WRITE, false);
	fail_every_call(VFS_BROKEN, SQLITE_IOERR_FSYNC, false);
	fail_every_call(VFS_BROKEN, SQLITE_FULL, false);
}

/* The twin: nothing of a group is on disk before its sync, all of it after. */
static void a_group_is_one_sync(void **state)
{
	struct berth_store *s;
	int acked = 0;

	(void)state;
	start_from_a_made_store();
	for (int synced = 0; synced < 2; synced++) {
		CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
		together = synced ? 3 : 100;
		for (int i = 1; i <= 3; i++)
			CHECK_OK(one_of_many(s, i, &acked));
		assert_int_equal(count(s), 3);
		vfs_lossy_trouble(VFS_LOSE, 1);
		CHECK_RC(BERTH_E_STORE, one_on_disk(s, 4));
		berth_store_close(s);
		vfs_lossy_reset(VFS_NONE, 0, 0, 0);
		CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
		assert_int_equal(count(s), synced ? 3 : 0);
		berth_store_close(s);
		empty_dir();
	}
}

/* Behind the last of a log there are zeros. */
static size_t pages_of(const char *wal, size_t len)
{
	size_t n = 0;

	while (LOG_HEAD + (n + 1) * FRAME <= len && memcmp(wal + LOG_HEAD + n * FRAME, "\0\0\0", 4) != 0)
		n++;
	return n;
}

/* The pages of a commit are handed on together, and all of them before it is told that it
 * went well: a program that is killed then loses nothing of it. */
static void a_commit_is_a_few_writes_and_none_is_held(void **state)
{
	struct berth_store *s;
	char *wal;
	size_t len, n;
	long before;

	(void)state;
	start_from_a_made_store();
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	for (int i = 1; i < 5; i++) {
		berth_store_group(s, true);
		before = vfs_lossy_calls();
		CHECK_OK(one(s, i));
		berth_store_group(s, false);	/* committed, but not synced */
		CHECK(vfs_lossy_calls() - before <= 3);
		wal = test_read_file(test_path(dir, BERTH_STORE_FILE "-wal"), &len);
		n = pages_of(wal, len);
		CHECK(n > 4);
		CHECK(wal[LOG_HEAD + (n - 1) * FRAME + 7] != 0);	/* the number of pages: this one ends a commit */
		free(wal);
		CHECK_OK(berth_store_sync(s));
	}
	berth_store_close(s);
}

/* What was opened anew in the middle of a group has lost the part before it. */
static void a_group_does_not_outlive_the_connection(void **state)
{
	struct berth_store *s;
	int acked = 0, i = 1;
	enum berth_err rc;

	(void)state;
	start_from_a_made_store();
	vfs_lossy_reset(VFS_NONE, 0, SQLITE_IOERR_WRITE, 0);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	berth_store_outbox_quota(s, 1000, 8 << 20);
	together = 100000;
	CHECK_OK(one_of_many(s, i++, &acked));
	vfs_lossy_trouble(VFS_ERROR, 1);
	while (!(rc = one_of_many(s, i, &acked)) && i < 1000)	/* until its pages are more than fit in memory */
		i++;
	assert_int_equal(rc, BERTH_E_STORE);
	CHECK(i > 2);
	vfs_lossy_heal();
	now_ms += 1500;
	assert_int_equal(count(s), 0);
	CHECK_OK(one(s, 1));
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	CHECK_OK(one(s, count(s) + 1));
	CHECK_OK(berth_store_sync(s));
	berth_store_close(s);
}

/* One of them that is taken back leaves the others: what it wrote, and what was counted. */
static void one_of_a_group_is_taken_back_alone(void **state)
{
	struct berth_store_counts c;
	struct berth_store *s;

	(void)state;
	start_from_a_made_store();
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	berth_store_group(s, true);
	for (int i = 0; i < 3; i++) {	/* the first begins the group, or would have */
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(berth_store_put_str(s, "taken", "back", "x"));
		berth_store_rollback(s);
		CHECK_OK(one(s, i + 1));
	}
	CHECK_OK(berth_store_begin(s));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_sync(s));
	berth_store_rollback(s);
	CHECK_OK(berth_store_sync(s));
	vfs_lossy_trouble(VFS_LOSE, 1);
	CHECK_RC(BERTH_E_STORE, one_on_disk(s, 4));
	berth_store_close(s);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	assert_int_equal(count(s), 3);
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.records, 1);
	berth_store_close(s);
}

static long syncs_of(struct berth_store *s, bool again, bool note, int64_t v)
{
	long before = vfs_lossy_syncs();

	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "x", "y", again ? "same" : "other"));
	CHECK_OK(note ? berth_store_counter_note(s, "uptime", v) : berth_store_counter_set(s, "uptime", v));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_sync(s));
	return vfs_lossy_syncs() - before;
}

/* What changes nothing, or nothing that anybody waits for, is no reason to wear the flash. */
static void only_what_somebody_waits_for_is_synced(void **state)
{
	struct berth_store *s;
	int64_t v;

	(void)state;
	start_from_a_made_store();
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	berth_store_group(s, true);
	CHECK(syncs_of(s, true, false, 1) > 0);
	assert_int_equal(syncs_of(s, true, false, 1), 0);
	assert_int_equal(syncs_of(s, true, true, 2), 0);
	CHECK(syncs_of(s, true, false, 3) > 0);
	CHECK(syncs_of(s, false, true, 4) > 0);
	assert_int_equal(syncs_of(s, false, true, 5), 0);
	berth_store_close(s);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	CHECK_OK(berth_store_counter_get(s, "uptime", &v));
	assert_int_equal(v, 5);
	berth_store_close(s);
}

/* However it ends, what nobody has synced is whole. */
static void a_group_that_is_left_or_closed_is_kept(void **state)
{
	struct berth_store *s;

	(void)state;
	start_from_a_made_store();
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	berth_store_group(s, true);
	CHECK_OK(one(s, 1));
	berth_store_group(s, false);
	CHECK_OK(one(s, 2));
	berth_store_group(s, true);
	CHECK_OK(one(s, 3));
	CHECK_OK(one(s, 4));
	berth_store_close(s);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	assert_int_equal(count(s), 4);
	berth_store_close(s);
}

static void c152_a_read_only_file_system_is_e_store(void **state)
{
	struct berth_store *s;

	(void)state;
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	assert_int_equal(run(), COMMITS);
	vfs_lossy_reset(VFS_BROKEN, 1, SQLITE_READONLY, 0);
	CHECK_RC(BERTH_E_STORE, berth_store_open_vfs(&s, dir, false, "lossy"));
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	CHECK_OK(berth_store_open_vfs(&s, dir, false, "lossy"));
	assert_int_equal(count(s), COMMITS);
	berth_store_close(s);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, gone)
	const struct CMUnitTest tests[] = {
		T(the_shim_loses_what_nobody_synced), T(c147_power_off_loses_no_acked_commit),
		T(c147_reordered_and_torn_writes_lose_no_acked_commit),
		T(c147_power_off_loses_nothing_of_an_older_store),
		T(c147_power_off_after_all_writes_is_fine_too),
		T(c148_enospc_at_every_write_is_e_store_and_recovers),
		T(c148_one_eio_at_every_write_is_e_store_and_recovers),
		T(c148_eio_that_lasts_is_e_store_and_recovers),
		T(c152_a_read_only_file_system_is_e_store), T(c147_a_group_is_acked_when_it_is_on_disk),
		T(c148_a_group_that_cannot_be_synced_is_not_acked), T(a_group_is_one_sync),
		T(a_commit_is_a_few_writes_and_none_is_held), T(a_group_does_not_outlive_the_connection),
		T(one_of_a_group_is_taken_back_alone), T(a_group_that_is_left_or_closed_is_kept),
		T(only_what_somebody_waits_for_is_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
