/* SPDX-License-Identifier: Apache-2.0 */
/* What was put is in memory until it is read: a batch of a hundred messages is, and no more than
 * has been bounded. */
#include "tests/unit/agent/core/store_rows.h"

#include "agent/core/store_internal.h"

#define BATCH 100
#define ALL ((size_t)256 << 10)

static uint8_t body[17 << 10];

static int64_t put_of(size_t len)
{
	char id[32];
	struct berth_outbox_row row = message(id, "did:x:1");

	snprintf(id, sizeof(id), "m%lld", (long long)berth_store_outbox_last(s));
	row.body = body;
	row.body_len = len;
	CHECK_OK(berth_store_outbox_put(s, &row));
	return berth_store_outbox_last(s);
}

static int still_there(int64_t first, int64_t last)
{
	int n = 0;

	for (int64_t seq = first; seq <= last; seq++)
		n += store_fresh_find(s, seq) != NULL;
	return n;
}

static void a_batch_is_there(void **state)
{
	struct berth_outbox_list l;
	int64_t first = put_of(2000);

	(void)state;
	for (int i = 1; i < BATCH; i++)
		put_of(2000);
	assert_int_equal(still_there(first, first + BATCH - 1), BATCH);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 100, 64, &l));
	assert_int_equal(l.n, 64);
	assert_int_equal(still_there(first, first + BATCH - 1), BATCH - 64);
	for (size_t i = 0; i < l.n; i++)
		assert_true(l.rows[i].seq == first + (int64_t)i && l.rows[i].body_len == 2000);
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_commit(s));
}

/* Who has few rows needs few places. */
static void there_is_room_for_as_many_as_there_are(void **state)
{
	struct berth_outbox_list l;

	(void)state;
	for (int i = 0; i < BATCH; i++) {
		put_of(100);
		put_of(100);
		CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 100, 64, &l));
		for (size_t k = 0; k < l.n; k++)
			CHECK_OK(berth_store_outbox_done(s, l.rows[k].seq));
		berth_outbox_list_free(&l);
	}
	assert_true(s->fresh.places == 4 && s->fresh.bytes == 0);
}

/* The ones that were put last. */
static void check_last(int64_t first, int64_t last)
{
	int n = still_there(first, last);

	assert_true(n > 0 && still_there(last - n + 1, last) == n && s->fresh.bytes <= ALL);
}

static void who_was_put_first_has_to_go(void **state)
{
	int64_t first = put_of(100);

	(void)state;
	for (int i = 1; i < 200; i++)
		check_last(first, put_of(100));
	assert_int_equal(still_there(first, first + 199), 128);
	for (size_t i = 0; i < 50; i++)
		check_last(first, put_of(8000 + i * 100));
	assert_true(s->fresh.bytes > ALL - 16000);
	put_of(sizeof(body));	/* none so long */
	assert_null(store_fresh_find(s, berth_store_outbox_last(s)));
	store_fresh_clear(s);
	assert_true(s->fresh.places == 0 && s->fresh.bytes == 0);
}

static void check_body(int64_t seq, const char *want)
{
	struct berth_outbox_list l;

	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 100, 64, &l));
	assert_true(l.rows[l.n - 1].seq == seq);
	assert_memory_equal(l.rows[l.n - 1].body, want, 2);
	berth_outbox_list_free(&l);
}

static void refill(int64_t seq, const char *text)
{
	CHECK_OK(berth_store_outbox_refill(s, seq, (const uint8_t *)text, 2));
}

/* What it is filled with goes with it, and goes back with the step. */
static void what_is_refilled_stays(void **state)
{
	int64_t seq = put_of(2);

	(void)state;
	refill(seq, "ab");
	assert_non_null(store_fresh_find(s, seq));
	check_body(seq, "ab");
	seq = put_of(2);
	refill(seq, "ab");
	CHECK_OK(berth_store_savepoint(s));
	refill(seq, "cd");
	CHECK_OK(berth_store_undo(s));
	assert_null(store_fresh_find(s, seq));
	check_body(seq, "ab");
}

static void what_was_taken_back_is_not_there(void **state)
{
	int64_t first = put_of(2);

	(void)state;
	CHECK_OK(berth_store_savepoint(s));
	put_of(2);
	CHECK_OK(berth_store_undo(s));
	assert_int_equal(still_there(first, first + 1), 1);
	berth_store_rollback(s);
	assert_true(still_there(first, first + 1) == 0 && s->fresh.bytes == 0);
}

/* An operator's wish, say, after which the list is read anew. */
static void what_was_forgotten_is_read(void **state)
{
	int64_t n, seq = put_of(2);

	(void)state;
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_begin(s));
	refill(seq, "ab");
	CHECK_OK(berth_store_outbox_hurry(s, NULL, NULL, 100, &n));
	berth_store_rollback(s);
	CHECK_OK(berth_store_begin(s));
	assert_true(store_listed_all(s));
	check_body(seq, (const char[2]){ 0 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_batch_is_there), T(there_is_room_for_as_many_as_there_are), T(who_was_put_first_has_to_go), T(what_is_refilled_stays),
		T(what_was_taken_back_is_not_there), T(what_was_forgotten_is_read),
	};

	return cmocka_run_group_tests_name("store fresh", tests, NULL, NULL);
}
