/* SPDX-License-Identifier: Apache-2.0 */
/* Rows that were handed over, and what their peers confirm. */
#include "tests/unit/agent/core/store_rows.h"

static void a_row_stays_until_its_peer_acks_it(void **state)
{
	uint8_t one[BERTH_ACK_LEN] = { 1 }, other[BERTH_ACK_LEN] = { 3 };
	int64_t seq = put("m1", "did:x:1");
	struct berth_store_counts c;
	bool found;

	(void)state;
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", one, &found));
	CHECK(!found);
	CHECK_OK(sent(seq, 1, one, 100));
	assert_string_equal(due(100), "");
	assert_string_equal(due(101), "m1 ");
	CHECK_OK(sent(seq, 2, one, 101));
	restart();
	CHECK_OK(berth_store_outbox_ack(s, "did:x:2", one, &found));
	CHECK(!found);
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", other, &found));
	CHECK(!found);
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", one, &found));
	CHECK(found);
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", one, &found));
	CHECK(!found);
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(c.out == 0 && c.out_bytes == 0);
	CHECK_RC(BERTH_E_INTERNAL, sent(seq, 3, one, 102));
}

/* What no row was sent with is no row's, whatever a peer says. */
static void what_was_not_sent_is_not_acked(void **state)
{
	uint8_t zeros[BERTH_ACK_LEN] = { 0 }, one[BERTH_ACK_LEN] = { 1 };
	int64_t seq = put("m1", "did:x:1");
	bool found;

	(void)state;
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", zeros, &found));
	CHECK(!found);
	CHECK_OK(sent(seq, 1, one, 100));
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", zeros, &found));
	CHECK(!found);
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", one, &found));
	CHECK(found);
}

static void several_are_acked_at_once(void **state)
{
	const uint8_t acks[4][BERTH_ACK_LEN] = { { 9 }, { 2 }, { 1 }, { 2 } };	/* one of nothing, one said twice */
	struct berth_store_counts c;
	size_t gone;

	(void)state;
	CHECK_OK(sent(put("m1", "did:x:1"), 1, acks[2], 100));
	CHECK_OK(sent(put("m2", "did:x:1"), 1, acks[1], 100));
	put("m3", "did:x:1");
	CHECK_OK(sent(put("n1", "did:x:2"), 1, acks[2], 100));
	CHECK_OK(berth_store_outbox_acks(s, "did:x:1", acks[0], 4, &gone));
	assert_int_equal(gone, 2);
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(c.out == 2 && c.out_bytes == 14);
	assert_string_equal(due(101), "m3 n1 ");	/* the one behind them may go */
	CHECK_OK(berth_store_outbox_acks(s, "did:x:1", acks[0], 4, &gone));
	assert_int_equal(gone, 0);
	CHECK_OK(berth_store_outbox_acks(s, "did:x:1", acks[0], 0, &gone));
	assert_int_equal(gone, 0);
}

/* Those that are held are counted for themselves, as long as they are there. */
static void parked_rows_are_never_due_and_counted(void **state)
{
	struct berth_outbox_row row = message("p1", "did:x:1");
	struct berth_store_counts c;
	uint8_t ack[BERTH_ACK_LEN] = { 1 };
	int64_t next;
	bool found;

	(void)state;
	row.parked = true;
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_next(s, &next));
	CHECK(next == INT64_MAX);
	assert_string_equal(due(500), "");
	restart();
	put("m1", "did:x:2");
	assert_string_equal(due(500), "m1 ");
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(c.out == 2 && c.parked == 1);
	CHECK_OK(sent(1, 1, ack, 100));
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", ack, &found));
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(found && c.out == 1 && c.parked == 0);
	assert_string_equal(due(500), "m1 ");
}

/* Who goes from the middle of a thread lets nobody pass, nor does a peer that is back. */
static void none_passes_another_of_its_thread(void **state)
{
	uint8_t acks[2 * BERTH_ACK_LEN] = { 1 };
	int64_t a = put("a", "did:x:1"), b = put("b", "did:x:1"), c = put("c", "did:x:1");
	size_t gone_n;

	(void)state;
	CHECK_OK(berth_store_outbox_done(s, b));
	assert_string_equal(due(100), "a ");
	CHECK_OK(berth_store_peer_silent(s, "did:x:1", false, 100, "x"));
	put("d", "did:x:1");
	CHECK_OK(berth_store_peer_awake(s, "did:x:1", 100));
	assert_string_equal(due(100), "a ");
	acks[BERTH_ACK_LEN] = 2;
	CHECK_OK(sent(a, 1, acks, 100));
	CHECK_OK(sent(c, 1, acks + BERTH_ACK_LEN, 100));
	CHECK_OK(berth_store_outbox_acks(s, "did:x:1", acks, 2, &gone_n));
	assert_int_equal(gone_n, 2);
	assert_string_equal(due(100), "d ");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_row_stays_until_its_peer_acks_it), T(what_was_not_sent_is_not_acked), T(several_are_acked_at_once),
		T(parked_rows_are_never_due_and_counted), T(none_passes_another_of_its_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
