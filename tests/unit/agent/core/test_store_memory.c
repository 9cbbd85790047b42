/* SPDX-License-Identifier: Apache-2.0 */
/* The memory that SQLite has in a process with a store: its limit, and what a store does at it. */
#include <string.h>

#include "agent/core/store_internal.h"
#include "tests/unit/agent/core/store_open.h"

#define LARGE (64 << 10)
#define FEW (1 << 20)			/* of a limit that is soon reached */
#define ROOM (BERTH_STORE_HEAP_MAX / LARGE + 1)

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_limit_is_not_passed), T(a_store_without_memory), T(a_group_without_memory),
	};

	return cmocka_run_group_tests_name("store memory", tests, NULL, NULL);
}
