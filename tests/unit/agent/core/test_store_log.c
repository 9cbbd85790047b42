/* SPDX-License-Identifier: Apache-2.0 */
/* The store's log as a file: its writes, its syncs, and one that begins anew over an older one
 * while the power goes. */
#include "tests/check.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "agent/core/store.h"
#include "tests/fakes/alloc.h"
#include "tests/unit/agent/core/store_lossy.h"

#define LOG BERTH_STORE_FILE "-wal"
#define ROOM (256 << 10)	/* it grows by so much */
#define TEXT_SMALL 6000
#define TEXT_MAX 120000
#define PAGES (80 << 10)	/* more than any other block has here */
#define LAP_MAX 200		/* commits until a log surely has begun anew */

static size_t text_len;		/* of what a commit writes */

static int fresh(void **state)
{
	(void)state;
	lossy_begin();
	text_len = TEXT_SMALL;
	return 0;
}

static int gone(void **state)
{
	(void)state;
	lossy_end();
	return 0;
}

static struct berth_store *opened(bool create)
{
	struct berth_store *s;

	CHECK_OK(berth_store_open_vfs(&s, dir, create, "lossy"));
	return s;
}

static int64_t size_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(test_path(dir, file), &st), 0);
	return st.st_size;
}

/* Commit i: some pages, and a number that says which. */
static enum berth_err commit(struct berth_store *s, int i)
{
	char text[TEXT_MAX];
	enum berth_err rc;

	memset(text, 'a' + i % 26, text_len);
	if ((rc = berth_store_begin(s)))
		return rc;
	if ((rc = berth_store_put(s, "run", "text", text, text_len)) || (rc = berth_store_counter_set(s, "n", i))) {
		berth_store_rollback(s);
		return rc;
	}
	return berth_store_commit(s);
}

/* The number of the last one, which must be there whole. */
static int64_t last(struct berth_store *s)
{
	struct berth_buf b = BERTH_BUF_INIT;
	int64_t n;
	bool found;

	CHECK_OK(berth_store_counter_get(s, "n", &n));
	CHECK_OK(berth_store_get(s, "run", "text", &b, &found));
	assert_true(found == (n > 0));
	for (size_t i = 0; i < b.len; i++)
		assert_int_equal(b.p[i], 'a' + n % 26);
	berth_buf_free(&b);
	return n;
}

/* Those that are held and those that are too long for it. */
static void commits_of_any_size_are_whole(void **state)
{
	char text[TEXT_MAX];
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_store *s = opened(true);
	bool found;

	(void)state;
	for (size_t n = 1000; n <= sizeof(text); n += 7000) {
		memset(text, 'a' + (int)(n % 26), n);
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(berth_store_put(s, "run", "text", text, n));
		CHECK_OK(berth_store_commit(s));
		vfs_lossy_trouble(VFS_LOSE, 1);		/* the next call finds no disk any more */
		CHECK_RC(BERTH_E_STORE, commit(s, 1));
		berth_store_close(s);
		vfs_lossy_reset(VFS_NONE, 0, 0, 0);
		s = opened(false);
		berth_buf_reset(&b);
		CHECK_OK(berth_store_get(s, "run", "text", &b, &found));
		assert_int_equal(b.len, n);
		assert_memory_equal(b.p, text, n);
	}
	berth_buf_free(&b);
	berth_store_close(s);
}

/* There is no memory for all of a commit, in a store that is new and in one that is there. */
static void what_cannot_be_held_is_written(void **state)
{
	struct berth_store *s;

	(void)state;
	for (int i = 0; i < 4; i++) {
		test_refuse_blocks(PAGES);
		s = opened(i == 0);
		assert_int_equal(last(s), 2 * i);
		CHECK_OK(commit(s, 2 * i + 1));
		CHECK(test_refused_blocks() > 0);
		test_refuse_blocks(SIZE_MAX);
		CHECK_OK(commit(s, 2 * i + 2));
		vfs_lossy_trouble(VFS_LOSE, 1);
		CHECK_RC(BERTH_E_STORE, commit(s, 1));
		berth_store_close(s);
		vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	}
}

static long syncs_of(struct berth_store *s, int i)
{
	long before = vfs_lossy_syncs();

	CHECK_OK(commit(s, i));
	return vfs_lossy_syncs() - before;
}

/* Where there was nothing before, its head goes with the first commit; over an older log, before it. */
static void a_commit_is_one_sync_and_two_when_the_log_begins_anew(void **state)
{
	struct berth_store *s = opened(true);
	int more = 0;

	(void)state;
	assert_int_equal(syncs_of(s, 1), 1);
	berth_store_close(s);
	s = opened(false);
	assert_int_equal(syncs_of(s, 2), 1);
	for (int i = 3; i < LAP_MAX; i++)
		more += syncs_of(s, i) > 1;
	CHECK(more > 0 && more < LAP_MAX / 20);
	berth_store_close(s);
}

/* Commits up to the next checkpoint, and the one behind it, which begins the log anew. */
static int lap(struct berth_store *s)
{
	int n = 2;

	CHECK(syncs_of(s, 1) > 0);	/* behind a checkpoint it begins the log anew */
	while (syncs_of(s, n) == 1)
		CHECK(++n < 5 * LAP_MAX);
	CHECK(syncs_of(s, n + 1) > 1);
	return n;
}

/* A MiB at least, as much as the main file has, and four at most. */
static void a_larger_store_has_a_longer_log(void **state)
{
	char text[TEXT_MAX], key[16];
	struct berth_store *s = opened(true);
	int64_t small = lap(s), large = small;

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int i = 1; i <= 90; i++) {		/* 120 KB each */
		snprintf(key, sizeof(key), "%d", i);
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(berth_store_put(s, "much", key, text, sizeof(text)));
		CHECK_OK(berth_store_commit(s));
		if (i != 18 && i != 90)
			continue;
		CHECK(lap(s) > 0);
		CHECK(i == 90 || small < (large = lap(s)));
	}
	CHECK(2 * large > 3 * small && lap(s) > large && size_of(LOG) < 5 << 20);
	berth_store_close(s);
}

static bool holds(const char *file, const char *text)
{
	size_t n;
	char *p = test_read_file(test_path(dir, file), &n);
	bool found = memmem(p, n, text, strlen(text)) != NULL;

	free(p);
	return found;
}

/* What was deleted stands in the log until that is written over, or scrubbed. */
static void what_was_deleted_is_scrubbed(void **state)
{
	struct berth_store *s = opened(true);

	(void)state;
	for (int group = 0; group < 2; group++) {
		berth_store_group(s, group);
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(berth_store_put_str(s, "run", "key", "of the owner before"));
		CHECK_OK(berth_store_commit(s));
		CHECK_OK(berth_store_sync(s));
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(berth_store_delete(s, "run", "key"));
		CHECK_OK(berth_store_commit(s));
		CHECK(holds(LOG, "of the owner before"));
		berth_store_scrub(s);
		if (!group)
			CHECK_OK(commit(s, 1));
		CHECK_OK(berth_store_sync(s));
		CHECK(!holds(LOG, "of the owner before") && !holds(BERTH_STORE_FILE, "of the owner before"));
	}
	CHECK_OK(commit(s, 2));
	CHECK_OK(berth_store_sync(s));
	CHECK(size_of(LOG) > 0);
	berth_store_close(s);
	s = opened(false);
	assert_int_equal(last(s), 2);
	berth_store_close(s);
}

/* A file that grows is one more thing for a sync to write. */
static void a_log_has_room_before_it_needs_it(void **state)
{
	struct berth_store *s = opened(true);
	int n = 0;

	(void)state;
	assert_int_equal(size_of(LOG), ROOM);
	while (size_of(LOG) == ROOM)
		CHECK_OK(commit(s, ++n));
	CHECK(n > 10);
	assert_int_equal(size_of(LOG), 2 * ROOM);
	vfs_lossy_trouble(VFS_LOSE, 1);
	CHECK_RC(BERTH_E_STORE, commit(s, n + 1));
	berth_store_close(s);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	s = opened(false);
	assert_int_equal(size_of(LOG), 0);	/* what a killed one has left is not kept */
	assert_int_equal(last(s), n);
	CHECK_OK(commit(s, 1));
	assert_int_equal(size_of(LOG), ROOM);
	berth_store_close(s);
}

/* It has to be enough for what is written, and not for what may be. */
static void a_disk_that_is_nearly_full_takes_what_it_can(void **state)
{
	struct berth_store *s = opened(true);

	(void)state;
	CHECK_OK(commit(s, 1));
	berth_store_close(s);
	vfs_lossy_reset(VFS_ERROR, 2, SQLITE_FULL, 0);	/* the log is made, and cannot have its room */
	s = opened(false);
	CHECK(vfs_lossy_calls() > 2);
	CHECK_OK(commit(s, 2));
	CHECK_OK(commit(s, 3));
	assert_int_equal(size_of(LOG), ROOM);
	vfs_lossy_trouble(VFS_LOSE, 1);
	CHECK_RC(BERTH_E_STORE, commit(s, 4));
	berth_store_close(s);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	s = opened(false);
	assert_int_equal(last(s), 3);
	berth_store_close(s);
}

/* Up to the commit whose checkpoint lets the next one begin anew. */
static struct berth_store *a_full_log(int *n)
{
	struct berth_store *s = opened(true);
	long syncs;

	*n = 0;
	do {
		CHECK(*n < LAP_MAX);
		syncs = syncs_of(s, ++*n);
	} while (*n == 1 || syncs == 1);
	return s;
}

/* After a power cut, before which all of it was synced; NULL: the next one was too soon. */
static struct berth_store *started_again(struct berth_store *s, enum vfs_trouble how, long at, uint32_t seed)
{
	vfs_lossy_trouble(VFS_LOSE, 1);
	CHECK_RC(BERTH_E_STORE, commit(s, 1));
	berth_store_close(s);
	vfs_lossy_reset(how, at, 0, seed);
	return berth_store_open_vfs(&s, dir, false, "lossy") ? NULL : s;
}

enum when { AT_LAP, AT_START, AT_SCRUB };

/* Whatever of the new log and of what was there before is on the disk: no commit that was
 * acknowledged is lost, and none of before the checkpoint comes back.  True: it was no cut. */
static bool cut(enum vfs_trouble how, long at, uint32_t seed, enum when when)
{
	int n, acked;
	struct berth_store *s;
	bool through;

	test_tmpdir_remove(dir);
	assert_int_equal(mkdir(dir, 0700), 0);
	vfs_lossy_reset(VFS_NONE, 0, 0, seed);
	text_len = TEXT_SMALL;
	s = a_full_log(&n);
	acked = n;
	text_len = TEXT_MAX;	/* more than is written at once: a part may survive without those before it */
	if (when == AT_SCRUB)
		berth_store_scrub(s);
	if (when == AT_START)
		s = started_again(s, how, at, seed);
	else
		vfs_lossy_trouble(how, at);
	while (s && acked < n + 3 && commit(s, acked + 1) == BERTH_OK)
		acked++;
	through = acked == n + 3;
	berth_store_close(s);
	vfs_lossy_reset(VFS_NONE, 0, 0, 0);
	s = opened(false);
	CHECK(last(s) == acked || (!through && last(s) == acked + 1));
	berth_store_close(s);
	return through;
}

static void cut_at_every_call(enum when when)
{
	int cuts = 0;

	for (uint32_t seed = 1; seed <= 5; seed++)
		for (long at = 1; !cut(seed == 5 ? VFS_LOSE : VFS_SHUFFLE, at, seed * 7919 + (uint32_t)at, when); at++)
			cuts++;
	printf("%d power cuts\n", cuts);
	CHECK(cuts > 50);
}

static void power_off_while_a_log_begins_anew_loses_no_commit(void **state)
{
	(void)state;
	cut_at_every_call(AT_LAP);
}

static void power_off_while_a_log_is_emptied_at_the_start_loses_no_commit(void **state)
{
	(void)state;
	cut_at_every_call(AT_START);
}

static void power_off_while_a_log_is_scrubbed_loses_no_commit(void **state)
{
	(void)state;
	cut_at_every_call(AT_SCRUB);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, gone)
	const struct CMUnitTest tests[] = {
		T(commits_of_any_size_are_whole),
		T(what_cannot_be_held_is_written),
		T(a_commit_is_one_sync_and_two_when_the_log_begins_anew),
		T(a_larger_store_has_a_longer_log), T(what_was_deleted_is_scrubbed),
		T(power_off_while_a_log_begins_anew_loses_no_commit),
		T(power_off_while_a_log_is_emptied_at_the_start_loses_no_commit),
		T(power_off_while_a_log_is_scrubbed_loses_no_commit), T(a_log_has_room_before_it_needs_it),
		T(a_disk_that_is_nearly_full_takes_what_it_can),
	};

	return cmocka_run_group_tests_name("store log", tests, NULL, NULL);
}
