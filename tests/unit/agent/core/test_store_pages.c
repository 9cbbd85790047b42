/* SPDX-License-Identifier: Apache-2.0 */
/* What a store is divided into: a new one's pages are small, one that is there keeps its own. */
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/agent/core/store_older.h"
#include "tests/unit/agent/core/store_open.h"

#define NEW_PAGE 2048
#define LOG BERTH_STORE_FILE "-wal"
#define LONG 5000			/* a credential's: longer than any page */
#define KEY_LONG 600			/* and than what an entry of an index has in its page */
#define MIB (1 << 20)

static int older(void **state)
{
	if (fresh(state))
		return 1;
	berth_store_close(s);
	make_older(test_path(dir, BERTH_STORE_FILE));
	return berth_store_open(&s, dir, false) != BERTH_OK;
}

static int64_t size_of(const char *file)
{
	struct stat st;

	assert_int_equal(stat(test_path(dir, file), &st), 0);
	return st.st_size;
}

static void key_of(char *key, int i)
{
	snprintf(key, KEY_LONG, "%0*d", i % 2 ? KEY_LONG - 1 : 10, i);
}

static void put(int i, int fill)
{
	char key[KEY_LONG], text[LONG];

	key_of(key, i);
	memset(text, fill, sizeof(text));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put(s, "long", key, text, sizeof(text)));
	CHECK_OK(berth_store_commit(s));
}

static void check_all(int n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char key[KEY_LONG];
	bool found;

	for (int i = 0; i < n; i++) {
		key_of(key, i);
		berth_buf_reset(&b);
		CHECK_OK(berth_store_get(s, "long", key, &b, &found));
		assert_int_equal(b.len, LONG);
		for (size_t j = 0; j < b.len; j++)
			assert_int_equal(b.p[j], 'a' + i % 26);
	}
	berth_buf_free(&b);
}

/* And what that leaves goes back to the file system. */
static void delete_all(int n)
{
	char key[KEY_LONG];
	int64_t pruned;

	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < n; i++) {
		key_of(key, i);
		CHECK_OK(berth_store_delete(s, "long", key));
	}
	CHECK_OK(berth_store_inbox_prune(s, 0, &pruned));
	CHECK_OK(berth_store_commit(s));
}

/* Who is killed leaves a log of such pages. */
static void put_and_die(int from, int to)
{
	int status;
	pid_t pid;

	berth_store_close(s);
	s = NULL;
	if ((pid = fork()) == 0) {
		if (berth_store_open(&s, dir, false))
			_exit(1);
		for (int i = from; i < to; i++)
			put(i, 'a' + i % 26);
		_exit(9);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 9);
	CHECK(size_of(LOG) > 0);
	CHECK_OK(berth_store_open(&s, dir, false));
}

static void check_page(int64_t page)
{
	int64_t bytes;

	CHECK_OK(berth_store_bytes(s, &bytes));
	assert_int_equal(bytes % page, 0);
	berth_store_close(s);
	s = NULL;
	assert_int_equal(ask("PRAGMA page_size"), page);
	assert_int_equal(size_of(BERTH_STORE_FILE), bytes);
	CHECK_OK(berth_store_open(&s, dir, false));
}

static void copied_and_put_back(void)
{
	struct berth_buf path = BERTH_BUF_INIT;

	CHECK_OK(berth_store_snapshot(s, &path));
	berth_store_close(s);
	CHECK(rename(berth_buf_cstr(&path), test_path(dir, BERTH_STORE_FILE)) == 0);
	berth_buf_free(&path);
	CHECK_OK(berth_store_open(&s, dir, false));
}

/* All that a store goes through, in pages of that size. */
static void lives(int64_t page)
{
	int64_t before;
	int n = 40;

	for (int i = 0; i < n; i++)
		put(i, 'a' + i % 26);
	check_page(page);
	put_and_die(n, n + 40);
	n += 40;
	check_all(n);
	check_page(page);
	copied_and_put_back();
	check_all(n);
	check_page(page);
	before = size_of(BERTH_STORE_FILE);
	delete_all(n);
	check_page(page);
	CHECK(size_of(BERTH_STORE_FILE) < before / 2);
}

static void a_new_store_has_small_pages(void **state)
{
	(void)state;
	lives(NEW_PAGE);
}

static void c152_an_older_store_keeps_its_pages(void **state)
{
	(void)state;
	lives(OLDER_PAGE);
}

/* The file of a log does not become longer when it begins anew, which it does behind a checkpoint. */
static void its_log_is_as_long(void **state)
{
	(void)state;
	for (int i = 0; i < 400; i++)
		put(i % 4, 'a' + i % 25);
	CHECK(size_of(LOG) > MIB && size_of(LOG) <= MIB + MIB / 2);
}

int main(void)
{
#define OLDER(f) cmocka_unit_test_setup_teardown(f, older, gone)
	const struct CMUnitTest tests[] = {
		T(a_new_store_has_small_pages), OLDER(c152_an_older_store_keeps_its_pages),
		T(its_log_is_as_long), OLDER(its_log_is_as_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
