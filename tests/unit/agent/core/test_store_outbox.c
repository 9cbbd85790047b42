/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "agent/core/store.h"
#include "did/base/rand.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];
static struct berth_store *s;

static int fresh(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return berth_store_open(&s, dir, true) || berth_store_begin(s);
}

static int gone(void **state)
{
	(void)state;
	berth_store_close(s);
	test_tmpdir_remove(dir);
	berth_random_inject(NULL);
	return 0;
}

static void restart(void)
{
	CHECK_OK(berth_store_commit(s));
	berth_store_close(s);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK_OK(berth_store_begin(s));
}

static struct berth_outbox_row message(const char *id, const char *peer)
{
	return (struct berth_outbox_row){
		.id = id, .peer = peer, .from = "did:x:me", .thid = "t1", .endpoints = "[\"nng+tcp://a:1\"]",
		.mode = 3, .body = (const uint8_t *)"{\"a\":1}", .body_len = 7,
		.created_s = 100, .next_s = 100, .expires_s = 1000,
	};
}

static int64_t put(const char *id, const char *peer)
{
	struct berth_outbox_row row = message(id, peer);
	struct berth_outbox_list l;
	int64_t seq;

	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_for_peer(s, peer, 100, 64, &l));
	seq = l.rows[l.n - 1].seq;
	berth_outbox_list_free(&l);
	return seq;
}

/* The ids that are due, in order, with spaces. */
static const char *due(int64_t now_s)
{
	static char out[256];
	struct berth_outbox_list l;
	size_t at = 0;

	CHECK_OK(berth_store_outbox_due(s, now_s, 64, &l));
	out[0] = '\0';
	for (size_t i = 0; i < l.n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s ", l.rows[i].id);
	berth_outbox_list_free(&l);
	return out;
}

static void a_row_comes_back_as_it_was_put(void **state)
{
	struct berth_outbox_row row = message("m1", "did:x:1");
	struct berth_outbox_list l;

	(void)state;
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_RC(BERTH_E_REPLAY, berth_store_outbox_put(s, &row));
	restart();
	CHECK_OK(berth_store_outbox_due(s, 100, 5, &l));
	assert_int_equal(l.n, 1);
	assert_string_equal(l.rows[0].id, "m1");
	assert_string_equal(l.rows[0].peer, "did:x:1");
	assert_string_equal(l.rows[0].from, "did:x:me");
	assert_string_equal(l.rows[0].thid, "t1");
	assert_string_equal(l.rows[0].endpoints, row.endpoints);
	assert_memory_equal(l.rows[0].body, "{\"a\":1}", 8);
	CHECK(l.rows[0].body_len == 7 && l.rows[0].mode == 3 && !l.rows[0].parked && l.rows[0].tries == 0);
	CHECK(l.rows[0].created_s == 100 && l.rows[0].next_s == 100 && l.rows[0].expires_s == 1000);
	berth_outbox_list_free(&l);
}

static void due_rows_come_longest_due_first(void **state)
{
	struct berth_outbox_row row = message("late", "did:x:1");
	int64_t next;

	(void)state;
	CHECK_OK(berth_store_outbox_next(s, &next));
	CHECK(next == INT64_MAX);
	row.next_s = 300;
	CHECK_OK(berth_store_outbox_put(s, &row));
	row = message("early", "did:x:1");
	row.next_s = 200;
	CHECK_OK(berth_store_outbox_put(s, &row));
	row = message("parked", "did:x:1");
	row.parked = true;
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_next(s, &next));
	assert_int_equal(next, 200);
	assert_string_equal(due(199), "");
	assert_string_equal(due(200), "early ");
	assert_string_equal(due(300), "early late ");
	assert_string_equal(due(999), "early late ");
	assert_string_equal(due(1000), "");
}

static void a_row_stays_until_its_peer_acks_one_of_its_packings(void **state)
{
	uint8_t one[BERTH_ACK_LEN] = { 1 }, two[BERTH_ACK_LEN] = { 2 }, other[BERTH_ACK_LEN] = { 3 };
	int64_t seq = put("m1", "did:x:1");
	struct berth_store_counts c;
	bool found;

	(void)state;
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", one, &found));
	CHECK(!found);
	CHECK_OK(berth_store_outbox_sent(s, seq, one, 100));
	assert_string_equal(due(100), "");
	assert_string_equal(due(101), "m1 ");
	CHECK_OK(berth_store_outbox_sent(s, seq, two, 101));
	restart();
	CHECK_OK(berth_store_outbox_ack(s, "did:x:2", one, &found));
	CHECK(!found);
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", other, &found));
	CHECK(!found);
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", one, &found));
	CHECK(found);
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", two, &found));
	CHECK(!found);
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(c.out == 0 && c.out_bytes == 0);
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_sent(s, seq, one, 102));
}

static void old_packings_are_forgotten_not_the_last_one(void **state)
{
	int64_t seq = put("m1", "did:x:1");
	uint8_t ack[BERTH_ACK_LEN] = { 0 };
	size_t known = 0;
	bool found;

	(void)state;
	for (int i = 0; i < 20; i++) {
		ack[0] = (uint8_t)(200 - i);	/* the last one sorts first */
		CHECK_OK(berth_store_outbox_sent(s, seq, ack, 100));
	}
	for (int i = 19; i >= 0; i--) {
		ack[0] = (uint8_t)(200 - i);
		CHECK_OK(berth_store_savepoint(s));
		CHECK_OK(berth_store_outbox_ack(s, "did:x:1", ack, &found));
		CHECK_OK(berth_store_undo(s));
		CHECK(i != 19 || found);
		known += found;
	}
	assert_int_equal(known, BERTH_OUTBOX_HASHES);
}

static void a_polling_peer_gets_all_of_its_own_in_order(void **state)
{
	struct berth_outbox_row row = message("p2", "did:x:1");
	uint8_t ack[BERTH_ACK_LEN] = { 1 };
	struct berth_outbox_list l;
	int64_t seq = put("p1", "did:x:1");
	bool found;

	(void)state;
	row.parked = true;
	CHECK_OK(berth_store_outbox_put(s, &row));
	put("q1", "did:x:2");
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 500, 64, &l));
	CHECK(l.n == 2 && !strcmp(l.rows[0].id, "p1") && !strcmp(l.rows[1].id, "p2"));
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 500, 1, &l));
	assert_int_equal(l.n, 1);
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_sent(s, seq, ack, 500));
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", ack, &found));
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 500, 64, &l));
	CHECK(l.n == 1 && !strcmp(l.rows[0].id, "p2"));
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 1000, 64, &l));
	assert_int_equal(l.n, 0);
	berth_outbox_list_free(&l);
}

static void back_off_doubles_to_an_hour_with_full_jitter(void **state)
{
	static const struct {
		int tries;
		int64_t most;
	} want[] = {
		{ -1, 1 }, { 0, 1 }, { 1, 2 }, { 2, 4 }, { 5, 32 }, { 11, 2048 }, { 12, 3600 }, { 13, 3600 },
		{ 64, 3600 }, { INT32_MAX, 3600 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		int64_t low = INT64_MAX, high = 0;

		for (uint32_t r = 0; r < 20000; r++) {
			int64_t w = berth_backoff_s(want[i].tries, r);

			low = w < low ? w : low;
			high = w > high ? w : high;
		}
		assert_int_equal(low, 1);
		assert_int_equal(high, want[i].most);
	}
	CHECK(berth_backoff_s(12, UINT32_MAX) <= BERTH_BACKOFF_MAX_S);
}

static void ones(void *p, size_t n) { memset(p, 0xff, n); }

static void retry_counts_and_waits(void **state)
{
	int64_t seq = put("m1", "did:x:1"), next;
	struct berth_outbox_list l;

	(void)state;
	berth_random_inject(ones);
	for (int i = 0; i < 3; i++)
		CHECK_OK(berth_store_outbox_retry(s, seq, 200, 0));
	CHECK_OK(berth_store_outbox_next(s, &next));
	assert_int_equal(next, 200 + berth_backoff_s(2, UINT32_MAX));
	CHECK_OK(berth_store_outbox_retry(s, seq, 200, 77));	/* the peer said Retry-After */
	CHECK_OK(berth_store_outbox_next(s, &next));
	assert_int_equal(next, 277);
	CHECK_OK(berth_store_outbox_retry(s, seq, 200, INT64_MAX));
	CHECK_OK(berth_store_outbox_due(s, 200 + BERTH_BACKOFF_MAX_S, 1, &l));
	assert_int_equal(l.n, 0);	/* expired by then */
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_next(s, &next));
	assert_int_equal(next, 200 + BERTH_BACKOFF_MAX_S);
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_retry(s, seq + 1, 200, 0));
}

static enum berth_err list_dead(void *arg, const char *id, const char *peer, const char *reason, int64_t when_s)
{
	berth_buf_printf(arg, "%s %s %s %lld;", id, peer, reason, (long long)when_s);
	return BERTH_OK;
}

static void expired_and_refused_rows_become_dead_letters(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_store_counts c;
	int64_t n, seq = put("m1", "did:x:1");

	(void)state;
	put("m2", "did:x:2");
	CHECK_OK(berth_store_outbox_dead(s, seq, 400, "refused"));
	CHECK_OK(berth_store_outbox_expire(s, 999, &n));
	assert_int_equal(n, 0);
	CHECK_OK(berth_store_outbox_expire(s, 1000, &n));
	assert_int_equal(n, 1);
	CHECK_OK(berth_store_dead_each(s, list_dead, &b));
	assert_string_equal(berth_buf_cstr(&b), "m1 did:x:1 refused 400;m2 did:x:2 expired 1000;");
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(c.out == 0 && c.dead == 2);
	berth_buf_free(&b);
	for (int i = 0; i < BERTH_OUTBOX_DEAD_MAX + 3; i++)
		CHECK_OK(berth_store_outbox_dead(s, put("x", "did:x:1"), 500, "r"));
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.dead, BERTH_OUTBOX_DEAD_MAX);
}

static void a_finished_thread_takes_its_rows_along(void **state)
{
	struct berth_outbox_row row = message("other", "did:x:1");

	(void)state;
	put("m1", "did:x:1");
	put("m2", "did:x:1");
	put("m3", "did:x:2");
	row.thid = "t2";
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_drop_thread(s, "did:x:1", "t1"));
	assert_string_equal(due(100), "m3 other ");
}

static void c083_a_silent_peer_fills_only_its_own_share(void **state)
{
	struct berth_outbox_row row = message("", "did:x:silent");
	char id[16];

	(void)state;
	row.id = id;
	for (int i = 0; i < BERTH_OUTBOX_PEER_MSGS; i++) {
		snprintf(id, sizeof(id), "%d", i);
		CHECK_OK(berth_store_outbox_put(s, &row));
	}
	snprintf(id, sizeof(id), "more");
	CHECK_RC(BERTH_E_QUOTA, berth_store_outbox_put(s, &row));
	row.peer = "did:x:other";
	CHECK_OK(berth_store_outbox_put(s, &row));
}

static void quotas_in_bytes_and_in_all(void **state)
{
	struct berth_outbox_row row = message("", "");
	uint8_t *body = calloc(1, BERTH_OUTBOX_BODY_MAX + 1);
	char id[16], peer[32];
	struct berth_store_counts c;

	(void)state;
	row.id = id;
	row.peer = peer;
	row.body = body;
	row.body_len = BERTH_OUTBOX_BODY_MAX;
	for (int p = 0; p < 16; p++)
		for (int i = 0; i < 4; i++) {
			snprintf(peer, sizeof(peer), "did:x:%d", p);
			snprintf(id, sizeof(id), "%d", i);
			CHECK_OK(berth_store_outbox_put(s, &row));
		}
	struct berth_outbox_list l;
	CHECK_OK(berth_store_outbox_due(s, 100, 64, &l));
	CHECK(l.n == BERTH_OUTBOX_LIST_BYTES / BERTH_OUTBOX_BODY_MAX);	/* not 64 MiB at once */
	berth_outbox_list_free(&l);
	row.body_len = 1;
	snprintf(id, sizeof(id), "over");
	CHECK_RC(BERTH_E_QUOTA, berth_store_outbox_put(s, &row));	/* the peer's 4 MiB */
	snprintf(peer, sizeof(peer), "did:x:new");
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_store_outbox_put(s, &row));	/* the 64 MiB */
	berth_store_rollback(s);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_outbox_put(s, &row));	/* a rollback gives it all back */
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(c.out == 1 && c.out_bytes == 1);
	row.body_len = BERTH_OUTBOX_BODY_MAX + 1;
	snprintf(id, sizeof(id), "big");
	CHECK_RC(BERTH_E_SIZE, berth_store_outbox_put(s, &row));
	row = message("", "did:x:1");
	CHECK_RC(BERTH_E_TYPE, berth_store_outbox_put(s, &row));
	free(body);
}

static int64_t put_guest(int i)
{
	struct berth_outbox_row row = message("m", NULL);
	struct berth_outbox_list l;
	char peer[32];
	int64_t seq;

	snprintf(peer, sizeof(peer), "did:x:guest%d", i);
	row.peer = peer;
	row.guest = true;
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_for_peer(s, peer, 100, 64, &l));
	seq = l.rows[0].seq;
	berth_outbox_list_free(&l);
	return seq;
}

static void strangers_push_out_each_others_rows_only(void **state)
{
	struct berth_outbox_list l;
	struct berth_store_counts c;
	int64_t first;

	(void)state;
	put("ours", "did:x:1");
	first = put_guest(0);
	for (int i = 1; i < BERTH_OUTBOX_GUEST_MSGS; i++)
		put_guest(i);
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.out, BERTH_OUTBOX_GUEST_MSGS + 1);
	for (int i = 0; i < 3; i++)
		put_guest(BERTH_OUTBOX_GUEST_MSGS + i);
	restart();
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.out, BERTH_OUTBOX_GUEST_MSGS + 1);
	assert_int_equal(c.out_bytes, 7 * (BERTH_OUTBOX_GUEST_MSGS + 1));
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:guest2", 100, 64, &l));
	assert_int_equal(l.n, 0);
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:guest3", 100, 64, &l));
	assert_int_equal(l.n, 1);
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 100, 64, &l));
	assert_int_equal(l.n, 1);
	berth_outbox_list_free(&l);
	/* it was under way when it was pushed out, and is refused now */
	CHECK_OK(berth_store_outbox_dead(s, first, 100, "refused"));
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.dead, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, gone)
	const struct CMUnitTest tests[] = {
		T(a_row_comes_back_as_it_was_put), T(due_rows_come_longest_due_first),
		T(a_row_stays_until_its_peer_acks_one_of_its_packings),
		T(old_packings_are_forgotten_not_the_last_one), T(a_polling_peer_gets_all_of_its_own_in_order),
		T(back_off_doubles_to_an_hour_with_full_jitter), T(retry_counts_and_waits),
		T(expired_and_refused_rows_become_dead_letters), T(a_finished_thread_takes_its_rows_along),
		T(c083_a_silent_peer_fills_only_its_own_share), T(quotas_in_bytes_and_in_all),
		T(strangers_push_out_each_others_rows_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
