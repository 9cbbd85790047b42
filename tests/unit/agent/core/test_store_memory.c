/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that SQLite has in a process with a store: what it asks for, the limit, threads. */
#include <pthread.h>
#include <string.h>

#include "agent/core/store_internal.h"
#include "did/base/sanitized.h"
#include "tests/fakes/alloc.h"
#include "tests/unit/agent/core/store_open.h"

#define LARGE (64 << 10)
#define FEW (1 << 20)			/* of a limit that is soon reached */
#define ROOM (BERTH_STORE_HEAP_MAX / LARGE + 1)
#define MANY 3000			/* more octets than wait in a thread */

static void *block[ROOM];

/* How many are to be had. */
static int take_all(int each)
{
	int n = 0;

	while (n < ROOM && (block[n] = sqlite3_malloc(each)))
		n++;
	return n;
}

static void give_all(int n)
{
	while (n)
		sqlite3_free(block[--n]);
}

static void check_filled(const uint8_t *p, int n, int with)
{
	for (int i = 0; i < n; i++)
		assert_int_equal(p[i], with);
}

static void a_block_is_as_long_as_asked(void **state)
{
	(void)state;
	for (int n = 1; n < MANY; n++) {
		uint8_t *p = sqlite3_malloc(n);

		assert_non_null(p);
		assert_int_equal((uintptr_t)p % 8, 0);
		assert_true(sqlite3_msize(p) >= (sqlite3_uint64)n);
		memset(p, n, sqlite3_msize(p));	/* all of it is ours */
		assert_non_null(p = sqlite3_realloc(p, 3 * n));
		check_filled(p, n, n & 0xff);
		assert_non_null(p = sqlite3_realloc(p, (n + 1) / 2));
		check_filled(p, (n + 1) / 2, n & 0xff);
		sqlite3_free(p);
	}
}

/* What was given back comes again, and to one only. */
static void no_block_is_given_twice(void **state)
{
	static uint8_t *p[MANY];

	(void)state;
	for (int round = 0; round < 4; round++) {
		for (int i = 0; i < MANY; i++) {
			assert_non_null(p[i] = sqlite3_malloc(8 + i % 50));
			memset(p[i], i, 8 + i % 50);
		}
		for (int i = 0; i < MANY; i++)
			check_filled(p[i], 8 + i % 50, i & 0xff);
		for (int i = 0; i < MANY; i++)
			sqlite3_free(p[(i * 7) % MANY]);
	}
}

static void the_limit_is_not_passed(void **state)
{
	int n = take_all(LARGE);

	(void)state;
	assert_in_range(n, (BERTH_STORE_HEAP_MAX - FEW) / LARGE, BERTH_STORE_HEAP_MAX / LARGE);
	assert_null(sqlite3_malloc(LARGE));
	assert_null(sqlite3_realloc(block[0], 2 * LARGE));	/* and it stays as it was */
	sqlite3_free(block[--n]);
	assert_non_null(block[n++] = sqlite3_malloc(LARGE));
	give_all(n);
	assert_int_equal(take_all(LARGE), n);
	give_all(n);
}

static enum berth_err put_more(void)
{
	static uint8_t value[BERTH_STORE_VALUE_MAX];

	memset(value, 'x', sizeof(value));
	return berth_store_put(s, "long", "a", value, sizeof(value));
}

static enum berth_err put_long(void)
{
	enum berth_err rc;

	if ((rc = berth_store_begin(s)))
		return rc;
	if ((rc = put_more()))
		berth_store_rollback(s);
	return rc ? rc : berth_store_commit(s);
}

/* It says so, and is there again when memory is. */
static void a_store_without_memory(void **state)
{
	int n = take_all(LARGE);

	(void)state;
	CHECK_RC(BERTH_E_NOMEM, put_long());
	give_all(n);
	CHECK_OK(put_long());
	reopen();
	CHECK_OK(put_long());
}

/* Part of a transaction is none of a group. */
static void a_group_without_memory(void **state)
{
	int n;

	(void)state;
	berth_store_group(s, true);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put(s, "long", "whole", "1", 1));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put(s, "long", "half", "1", 1));
	n = take_all(LARGE);
	CHECK_RC(BERTH_E_NOMEM, put_more());
	berth_store_rollback(s);
	give_all(n);
	CHECK_RC(BERTH_E_STORE, berth_store_sync(s));
	berth_store_group(s, false);
	check_record("long", "half", NULL);
	check_record("long", "whole", NULL);
	CHECK_OK(put_long());
}

#if !BERTH_SANITIZED
/* Nor does the C library have any. */
static void the_systems_is_gone(void **state)
{
	void *p;

	(void)state;
	sqlite3_free(sqlite3_malloc(40));
	test_refuse_blocks(0);
	p = sqlite3_malloc(40);
	assert_null(sqlite3_malloc(LARGE));
	CHECK_RC(BERTH_E_NOMEM, put_long());
	assert_true(test_refused_blocks() > 1);
	test_refuse_blocks(SIZE_MAX);
	assert_non_null(p);		/* which had waited */
	sqlite3_free(p);
	CHECK_OK(put_long());
}
#endif

static void *in_a_thread(void *unused)
{
	(void)unused;
	give_all(MANY / 10);
	for (int i = 0; i < MANY / 10; i++)
		block[i] = sqlite3_malloc(500);
	return NULL;
}

/* Given back where it was not taken; and a thread that ends leaves nothing behind. */
static void across_threads(void **state)
{
	int n = take_all(LARGE), left;
	pthread_t t;

	(void)state;
	give_all(n);
	for (int i = 0; i < MANY / 10; i++)
		block[i] = sqlite3_malloc(900);
	for (int i = 0; i < 300; i++) {
		assert_int_equal(pthread_create(&t, NULL, in_a_thread, NULL), 0);
		pthread_join(t, NULL);
	}
	give_all(MANY / 10);
	left = take_all(LARGE);
	give_all(left);
	assert_in_range(left, n - 1, n);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_block_is_as_long_as_asked), T(no_block_is_given_twice), T(the_limit_is_not_passed),
		T(a_store_without_memory), T(a_group_without_memory), T(across_threads),
#if !BERTH_SANITIZED
		T(the_systems_is_gone),
#endif
	};

	return cmocka_run_group_tests_name("store memory", tests, NULL, NULL);
}
