/* SPDX-License-Identifier: Apache-2.0 */
/* The file: whose it is, who else has it open, and what damage is told from none. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/agent/core/store_open.h"

static void lax_permissions_are_e_store(void **state)
{
	struct stat st;
	const char *db = test_path(dir, BERTH_STORE_FILE);

	(void)state;
	assert_int_equal(stat(db, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	berth_store_close(s);
	s = NULL;
	assert_int_equal(chmod(dir, 0750), 0);
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, false));
	CHECK(s == NULL);
	assert_int_equal(chmod(dir, 0700), 0);
	assert_int_equal(chmod(db, 0640), 0);
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, false));
	assert_int_equal(chmod(db, 0600), 0);
	assert_int_equal(rename(db, test_path(dir, "other")), 0);
	assert_int_equal(symlink("other", test_path(dir, BERTH_STORE_FILE)), 0);
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, false));
	assert_int_equal(rename(test_path(dir, "other"), test_path(dir, BERTH_STORE_FILE)), 0);
	CHECK_OK(berth_store_open(&s, dir, false));
}

static void a_missing_store_is_made_only_when_asked(void **state)
{
	char sub[TMPDIR_LEN + 8];
	struct berth_store *t;
	struct stat st;

	(void)state;
	snprintf(sub, sizeof(sub), "%s/st", dir);
	CHECK_RC(BERTH_E_STORE, berth_store_open(&t, sub, false));
	CHECK_OK(berth_store_open(&t, sub, true));
	CHECK(berth_store_was_created(t));
	berth_store_close(t);
	assert_int_equal(stat(sub, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	CHECK_OK(berth_store_open(&t, sub, true));
	CHECK(!berth_store_was_created(t));
	berth_store_close(t);
	test_tmpdir_remove(sub);
}

static void a_second_opener_is_e_store(void **state)
{
	struct berth_store *t;

	(void)state;
	CHECK_RC(BERTH_E_STORE, berth_store_open(&t, dir, false));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "a", "k", "1"));
	CHECK_OK(berth_store_commit(s));
}

static void c152_a_locked_file_is_e_store_soon(void **state)
{
	sqlite3 *db;

	(void)state;
	berth_store_close(s);
	s = NULL;
	assert_int_equal(sqlite3_open(test_path(dir, BERTH_STORE_FILE), &db), SQLITE_OK);
	assert_int_equal(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE x (y)",
				      NULL, NULL, NULL), SQLITE_OK);
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, false));
	sqlite3_close(db);
	CHECK_OK(berth_store_open(&s, dir, false));
}

static void c150_not_ours_empty_or_newer_is_refused(void **state)
{
	char sql[64];

	(void)state;
	berth_store_close(s);
	s = NULL;
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", berth_store_schema() + 1);
	meddle(sql);
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, true));
	assert_int_equal(ask("PRAGMA user_version"), berth_store_schema() + 1);
	snprintf(sql, sizeof(sql), "PRAGMA user_version = %d", berth_store_schema());
	meddle(sql);
	CHECK_OK(berth_store_open(&s, dir, true));
	berth_store_close(s);
	s = NULL;
	meddle("PRAGMA application_id = 1");
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, true));
	assert_int_equal(truncate(test_path(dir, BERTH_STORE_FILE), 0), 0);
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, true));
	unlink(test_path(dir, BERTH_STORE_FILE));
	test_write_file(test_path(dir, BERTH_STORE_FILE "-wal"), "x", 1, 0600);
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, true));
}

/* Commits in a child that is killed, so that the -wal stays. */
static void die_with_a_wal(void)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct berth_store *t;

		if (berth_store_open(&t, dir, false) || berth_store_begin(t) ||
		    berth_store_put_str(t, "a", "k", "acked") || berth_store_commit(t))
			_exit(1);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
}

static void c150_a_missing_wal_after_a_crash_is_e_store(void **state)
{
	(void)state;
	berth_store_close(s);
	s = NULL;
	die_with_a_wal();
	CHECK_OK(berth_store_open(&s, dir, false));
	check_record("a", "k", "acked");
	berth_store_close(s);
	s = NULL;
	die_with_a_wal();
	unlink(test_path(dir, BERTH_STORE_FILE "-wal"));
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, true));
}

static void c150_every_damaged_page_is_e_store(void **state)
{
	uint8_t junk[2048];	/* a page */
	char *whole;
	size_t len;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < 200; i++) {
		char key[16];

		snprintf(key, sizeof(key), "k%d", i);
		CHECK_OK(berth_store_put_str(s, "a", key, "a value that takes some room in its page"));
		CHECK_OK(berth_store_inbox_add(s, "did:x:1", key, i, NULL));
	}
	CHECK_OK(berth_store_commit(s));
	berth_store_close(s);
	s = NULL;
	whole = test_read_file(test_path(dir, BERTH_STORE_FILE), &len);
	CHECK(len % sizeof(junk) == 0 && len / sizeof(junk) > 20);
	for (size_t at = 0; at < len; at += sizeof(junk)) {
		char *copy = malloc(len);

		memcpy(copy, whole, len);
		berth_random(junk, sizeof(junk));
		memcpy(copy + at, junk, sizeof(junk));
		test_write_file(test_path(dir, BERTH_STORE_FILE), copy, len, 0600);
		CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, true));
		free(copy);
	}
	test_write_file(test_path(dir, BERTH_STORE_FILE), whole, len - 100, 0600);
	CHECK_RC(BERTH_E_STORE, berth_store_open(&s, dir, true));
	test_write_file(test_path(dir, BERTH_STORE_FILE), whole, len, 0600);
	CHECK_OK(berth_store_open(&s, dir, true));
	check_record("a", "k199", "a value that takes some room in its page");
	free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(lax_permissions_are_e_store), T(a_missing_store_is_made_only_when_asked),
		T(a_second_opener_is_e_store), T(c152_a_locked_file_is_e_store_soon),
		T(c150_not_ours_empty_or_newer_is_refused), T(c150_a_missing_wal_after_a_crash_is_e_store),
		T(c150_every_damaged_page_is_e_store),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
