/* SPDX-License-Identifier: Apache-2.0 */
/* What a store does once when it is opened leaves nothing behind. */
#include <sys/stat.h>

#include "tests/unit/agent/core/store_open.h"

static void nothing_is_there_that_was_not(void **state)
{
	uint8_t hash[BERTH_AUDIT_HASH_LEN];
	struct berth_store_counts c;
	struct stat wal;
	int64_t n;

	(void)state;
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(!c.out && !c.out_bytes && !c.parked && !c.inbox && !c.records && !c.audit && !c.dead);
	CHECK_OK(berth_store_audit_head(s, &n, hash));
	assert_int_equal(n, 0);
	CHECK_OK(berth_store_counter_get(s, "rehearsal", &n));
	assert_int_equal(n, 0);
	assert_int_equal(stat(test_path(dir, BERTH_STORE_FILE "-wal"), &wal), 0);
	assert_int_equal(wal.st_size, 0);	/* nor was anything written */
	berth_store_close(s);
	s = NULL;
	assert_int_equal(ask("SELECT (SELECT count(*) FROM rec) + (SELECT count(*) FROM inbox) + (SELECT count(*) FROM outbox)"
			     " + (SELECT count(*) FROM audit) + (SELECT count(*) FROM meta WHERE name <> 'open')"), 0);
}

/* Rows are numbered as if it had not been. */
static void numbers_are_not_used_up(void **state)
{
	const struct berth_outbox_row row = { .id = "m", .peer = "did:x:1", .from = "", .thid = "", .endpoints = "",
		.body = (const uint8_t *)"{}", .body_len = 2, .expires_s = 1000 };
	struct berth_outbox_list l;

	(void)state;
	reopen();
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 1, 1, &l));
	CHECK(l.n == 1 && l.rows[0].seq == 1);
	berth_outbox_list_free(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = { T(nothing_is_there_that_was_not), T(numbers_are_not_used_up) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
