/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/agent/core/store_rows.h"

static void a_row_comes_back_as_it_was_put(void **state)
{
	struct berth_outbox_row row = message("m1", "did:x:1");
	struct berth_outbox_list l;

	(void)state;
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_RC(BERTH_E_REPLAY, berth_store_outbox_put(s, &row));
	restart();
	CHECK_OK(berth_store_outbox_due(s, 100, 5, NULL, &l));
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
	row.thid = "t2";
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
	CHECK_OK(sent(seq, 1, ack, 500));
	CHECK_OK(berth_store_outbox_ack(s, "did:x:1", ack, &found));
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 500, 64, &l));
	CHECK(l.n == 1 && !strcmp(l.rows[0].id, "p2"));
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:1", 1000, 64, &l));
	assert_int_equal(l.n, 0);
	berth_outbox_list_free(&l);
}

static void check_body(const char *peer, const char *body)
{
	struct berth_outbox_list l;

	CHECK_OK(berth_store_outbox_for_peer(s, peer, 500, 64, &l));
	assert_int_equal(l.n, 1);
	assert_int_equal(l.rows[0].body_len, strlen(body));
	assert_memory_equal(l.rows[0].body, body, strlen(body));
	berth_outbox_list_free(&l);
}

/* By itself, or as it is handed over. */
static void a_body_is_made_whole(void **state)
{
	struct berth_outbox_row row = message("w", "did:x:w");
	uint8_t ack[BERTH_ACK_LEN] = { 7 };

	(void)state;
	row.body = (const uint8_t *)"abc....xyz";
	row.body_len = 10;
	CHECK_OK(berth_store_outbox_put(s, &row));
	row.seq = berth_store_outbox_last(s);
	CHECK_OK(berth_store_outbox_refill(s, row.seq, (const uint8_t *)"abcdefgxyz", 10));
	check_body("did:x:w", "abcdefgxyz");
	row.body = (const uint8_t *)"ABCDEFGXYZ";
	CHECK_OK(berth_store_outbox_sent(s, &row, ack, 500));
	check_body("did:x:w", "abcdefgxyz");
	row.anew = true;
	CHECK_OK(berth_store_outbox_sent(s, &row, ack, 500));
	check_body("did:x:w", "ABCDEFGXYZ");
	CHECK_OK(berth_store_outbox_done(s, row.seq));
	CHECK_OK(berth_store_outbox_refill(s, row.seq, row.body, 10));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_sent(s, &row, ack, 500));
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
		CHECK_OK(berth_store_outbox_later(s, seq, 200, 0));
	CHECK_OK(berth_store_outbox_next(s, &next));
	assert_int_equal(next, 200 + berth_backoff_s(2, UINT32_MAX));
	CHECK_OK(berth_store_outbox_later(s, seq, 200, 77));	/* the peer said Retry-After */
	CHECK_OK(berth_store_outbox_next(s, &next));
	assert_int_equal(next, 277);
	CHECK_OK(berth_store_outbox_later(s, seq, 200, INT64_MAX));
	CHECK_OK(berth_store_outbox_due(s, 200 + BERTH_BACKOFF_MAX_S, 1, NULL, &l));
	assert_int_equal(l.n, 0);	/* expired by then */
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_next(s, &next));
	assert_int_equal(next, 200 + BERTH_BACKOFF_MAX_S);
	CHECK_OK(berth_store_outbox_later(s, seq + 1, 200, 0));	/* gone meanwhile */
}

static enum berth_err list_dead(void *arg, const struct berth_dead *d)
{
	berth_buf_printf(arg, "%s %s %s %lld;", d->id, d->peer, d->reason, (long long)d->when_s);
	return BERTH_OK;
}

static void expired_and_refused_rows_become_dead_letters(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_store_counts c;
	int64_t seq = put("m1", "did:x:1");

	(void)state;
	put("m2", "did:x:2");
	CHECK_OK(berth_store_outbox_dead(s, seq, 400, "refused"));
	CHECK_OK(berth_store_outbox_expired(s, 999, &seq));
	assert_int_equal(seq, 0);
	CHECK_OK(berth_store_outbox_expired(s, 1000, &seq));
	CHECK_OK(berth_store_outbox_dead(s, seq, 1000, "expired"));
	CHECK_OK(berth_store_outbox_expired(s, 1000, &seq));
	assert_int_equal(seq, 0);
	CHECK_OK(berth_store_dead_each(s, list_dead, &b));
	assert_string_equal(berth_buf_cstr(&b), "m1 did:x:1 refused 400;m2 did:x:2 expired 1000;");
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(c.out == 0 && c.dead == 2);
	berth_buf_free(&b);
}

static void bury(const char *peer, int n)
{
	for (int i = 0; i < n; i++)
		CHECK_OK(berth_store_outbox_dead(s, put("x", peer), 500, "r"));
}

static void dead_mail_is_bounded_by_peer_and_in_all(void **state)
{
	struct berth_store_counts c;
	char peer[32];

	(void)state;
	bury("did:x:0", 1);
	bury("did:x:1", BERTH_OUTBOX_PEER_DEAD_MAX + 3);	/* pushes out its own */
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.dead, 1 + BERTH_OUTBOX_PEER_DEAD_MAX);
	for (int i = 2; i < 8; i++) {
		snprintf(peer, sizeof(peer), "did:x:%d", i);
		bury(peer, BERTH_OUTBOX_PEER_DEAD_MAX);
	}
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.dead, BERTH_OUTBOX_DEAD_MAX);
}

static int64_t last_seq;

static enum berth_err last_letter(void *arg, const struct berth_dead *d)
{
	berth_buf_printf(arg, "%s/%s/%s/%s/%s ", d->id, d->thid, d->peer, d->machine, d->instance);
	last_seq = d->seq;
	return BERTH_OK;
}

static void a_letter_is_told_of_once_to_who_sent_it(void **state)
{
	struct berth_outbox_row row = message("m1", "did:x:1");
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_outbox_list l;

	(void)state;
	row.machine = "owner";
	row.instance = "dev-1";
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_due(s, 100, 1, NULL, &l));
	CHECK(!strcmp(l.rows[0].machine, "owner") && !strcmp(l.rows[0].instance, "dev-1"));
	CHECK_OK(berth_store_outbox_dead(s, l.rows[0].seq, 400, "refused"));
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_dead(s, put("m2", "did:x:1"), 400, "refused"));	/* nobody's */
	restart();
	CHECK_OK(berth_store_dead_untold(s, 0, last_letter, &b));
	assert_string_equal(berth_buf_cstr(&b), "m1/t1/did:x:1/owner/dev-1 ");
	CHECK_OK(berth_store_dead_untold(s, last_seq, last_letter, &b));
	CHECK_OK(berth_store_dead_told(s, last_seq));
	CHECK_OK(berth_store_dead_untold(s, 0, last_letter, &b));
	assert_string_equal(berth_buf_cstr(&b), "m1/t1/did:x:1/owner/dev-1 ");
	berth_buf_free(&b);
}

static void an_operator_drops_letters(void **state)
{
	struct berth_store_counts c;
	int64_t n;

	(void)state;
	bury("did:x:1", 3);
	bury("did:x:2", 2);
	CHECK_OK(berth_store_outbox_dead(s, put("one", "did:x:1"), 500, "r"));
	CHECK_OK(berth_store_dead_drop(s, "none", NULL, &n));
	assert_int_equal(n, 0);
	CHECK_OK(berth_store_dead_drop(s, "one", NULL, &n));
	assert_int_equal(n, 1);
	CHECK_OK(berth_store_dead_drop(s, NULL, "did:x:1", &n));
	assert_int_equal(n, 3);
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.dead, 2);
}

static int64_t put_in(const char *thid, const char *id, const char *peer)
{
	struct berth_outbox_row row = message(id, peer);
	struct berth_outbox_list l;
	int64_t seq;

	row.thid = thid;
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_for_peer(s, peer, 100, 64, &l));
	seq = l.rows[l.n - 1].seq;
	berth_outbox_list_free(&l);
	return seq;
}

static void a_thread_keeps_its_order_and_others_go_on(void **state)
{
	int64_t first, other, second;

	(void)state;
	first = put_in("", "a1", "did:x:1");	/* begins a thread that is called like it */
	second = put_in("a1", "a2", "did:x:1");
	put_in("a1", "a3", "did:x:1");
	other = put_in("b", "b1", "did:x:1");
	put_in("a1", "c1", "did:x:2");		/* another peer's thread of that name */
	assert_string_equal(due(100), "a1 b1 c1 ");
	CHECK_OK(berth_store_outbox_later(s, first, 100, 60));
	assert_string_equal(due(100), "b1 c1 ");
	assert_string_equal(due(160), "b1 c1 a1 ");
	CHECK_OK(berth_store_outbox_done(s, other));
	CHECK_OK(berth_store_outbox_done(s, other));
	restart();
	CHECK_OK(berth_store_outbox_done(s, first));
	assert_string_equal(due(160), "a2 c1 ");
	CHECK_OK(berth_store_outbox_dead(s, second, 160, "refused"));
	assert_string_equal(due(160), "a3 c1 ");
}

static void check_out(int64_t messages, int64_t bytes)
{
	struct berth_store_counts c;

	CHECK_OK(berth_store_counts(s, &c));
	CHECK(c.out == messages && c.out_bytes == bytes);
}

/* What was read to be sent is known when its answer comes; by then it may have gone, or come back. */
static void a_row_that_was_read_goes_once(void **state)
{
	int64_t first, second;

	(void)state;
	first = put_in("a", "a1", "did:x:1");
	second = put_in("a", "a2", "did:x:1");
	assert_string_equal(due(100), "a1 ");
	CHECK_OK(berth_store_savepoint(s));
	CHECK_OK(berth_store_outbox_done(s, first));
	check_out(1, 7);
	CHECK_OK(berth_store_undo(s));
	check_out(2, 14);
	assert_string_equal(due(100), "a1 ");
	CHECK_OK(berth_store_outbox_done(s, first));
	assert_string_equal(due(100), "a2 ");
	CHECK_OK(berth_store_outbox_drop_thread(s, "did:x:1", "a"));
	check_out(0, 0);
	put_in("b", "b1", "did:x:1");
	CHECK_OK(berth_store_outbox_done(s, second));
	check_out(1, 7);
}

static void a_silent_peer_is_asked_with_one_row(void **state)
{
	int64_t next, one;

	(void)state;
	berth_random_inject(ones);
	one = put_in("a", "a1", "did:x:1");
	put_in("b", "b1", "did:x:1");
	put_in("c", "c1", "did:x:2");
	CHECK_OK(berth_store_peer_silent(s, "did:x:1", true, 200, "no route"));
	assert_string_equal(due(200), "c1 ");
	CHECK_OK(berth_store_outbox_next(s, &next));
	assert_int_equal(next, 100);		/* c1 */
	put_in("d", "d1", "did:x:1");		/* sleeps with them */
	restart();
	assert_string_equal(due(201), "a1 c1 ");
	CHECK_OK(berth_store_peer_silent(s, "did:x:1", true, 201, "no route"));
	assert_string_equal(due(202), "c1 ");
	CHECK_OK(berth_store_peer_silent(s, "did:x:1", false, 201, "no route"));	/* sent before, told now */
	assert_string_equal(due(202), "c1 ");
	assert_string_equal(due(203), "a1 c1 ");	/* one back-off for all of them */
	CHECK_OK(berth_store_outbox_done(s, one));
	assert_string_equal(due(203), "b1 c1 ");
	CHECK_OK(berth_store_peer_awake(s, "did:x:1", 203));
	CHECK_OK(berth_store_peer_awake(s, "did:x:1", 203));
	assert_string_equal(due(203), "c1 b1 d1 ");
}

static void nobody_asks_for_a_peer_that_nothing_waits_for(void **state)
{
	int64_t next, seq = put_in("a", "a1", "did:x:1");

	(void)state;
	CHECK_OK(berth_store_peer_silent(s, "did:x:1", true, 200, "no route"));
	CHECK_OK(berth_store_outbox_dead(s, seq, 300, "expired"));
	CHECK_OK(berth_store_outbox_next(s, &next));
	CHECK(next == INT64_MAX);
	put_in("a", "a2", "did:x:1");
	assert_string_equal(due(300), "a2 ");
}

static bool not_this(void *arg, int64_t seq, const char *peer, int silences)
{
	CHECK(silences == 0 && strcmp(peer, "did:x:1") == 0);
	return seq != *(int64_t *)arg;
}

static void rows_that_are_not_wanted_are_passed_over(void **state)
{
	int64_t seq = put_in("a", "a1", "did:x:1");
	const struct berth_outbox_want want = { not_this, &seq };
	struct berth_outbox_list l;

	(void)state;
	put_in("b", "b1", "did:x:1");
	CHECK_OK(berth_store_outbox_due(s, 100, 1, &want, &l));
	assert_int_equal(l.n, 1);
	assert_string_equal(l.rows[0].id, "b1");
	berth_outbox_list_free(&l);
}

static enum berth_err list_waiting(void *arg, const struct berth_waiting *w)
{
	berth_buf_printf(arg, "%s %lld %lld %lld %lld %lld %d %s;", w->peer, (long long)w->msgs, (long long)w->bytes,
			 (long long)w->parked, (long long)w->oldest_s, (long long)(w->next_s == INT64_MAX ? -1 : w->next_s),
			 w->silences, w->error);
	return BERTH_OK;
}

static const char *waiting(void)
{
	static struct berth_buf b;

	berth_buf_free(&b);
	CHECK_OK(berth_store_waiting_each(s, 10, list_waiting, &b));
	return b.p ? berth_buf_cstr(&b) : "";
}

static void what_waits_is_counted_by_peer(void **state)
{
	struct berth_outbox_row row = message("p1", "did:x:3");
	int64_t seq = put_in("a", "a1", "did:x:1"), n;

	(void)state;
	put_in("b", "b1", "did:x:1");
	put_in("c", "c1", "did:x:2");
	row.parked = true;
	row.created_s = 50;
	CHECK_OK(berth_store_outbox_put(s, &row));
	CHECK_OK(berth_store_outbox_note(s, seq, "the peer is busy"));
	berth_random_inject(ones);
	CHECK_OK(berth_store_peer_silent(s, "did:x:2", true, 200, "refused"));
	assert_string_equal(waiting(), "did:x:3 1 7 1 50 -1 0 ;did:x:1 2 14 0 100 100 0 the peer is busy;"
			    "did:x:2 1 7 0 100 201 1 refused;");
	CHECK_OK(berth_store_outbox_hurry(s, NULL, "did:x:2", 150, &n));
	assert_int_equal(n, 1);
	assert_string_equal(due(150), "c1 a1 b1 ");
	CHECK_OK(berth_store_outbox_later(s, seq, 150, 600));
	CHECK_OK(berth_store_outbox_hurry(s, "a1", NULL, 160, &n));
	assert_int_equal(n, 1);
	assert_string_equal(due(160), "c1 b1 a1 ");
	CHECK_OK(berth_store_outbox_hurry(s, "none", NULL, 160, &n));
	assert_int_equal(n, 0);
	CHECK_OK(berth_store_outbox_drop(s, "p1", NULL, &n));
	CHECK_OK(berth_store_outbox_drop(s, NULL, "did:x:1", &n));
	assert_int_equal(n, 2);
	assert_string_equal(waiting(), "did:x:2 1 7 0 100 150 1 refused;");
}

static void shares_follow_the_configuration(void **state)
{
	struct berth_outbox_row row = message("m3", "did:x:1");

	(void)state;
	berth_store_outbox_quota(s, 2, 20);
	put("m1", "did:x:1");
	put("m2", "did:x:1");
	CHECK_RC(BERTH_E_QUOTA, berth_store_outbox_put(s, &row));
	berth_store_outbox_quota(s, 3, 20);
	CHECK_RC(BERTH_E_QUOTA, berth_store_outbox_put(s, &row));	/* 21 octets */
	berth_store_outbox_quota(s, 3, 21);
	CHECK_OK(berth_store_outbox_put(s, &row));
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
	assert_string_equal(due(100), "m3 other ");	/* two threads */
}

static void what_one_instance_has_said_to_a_did_is_taken_back(void **state)
{
	static const struct { const char *id, *peer, *machine, *instance, *thid; } rows[] = {
		{ "said", "did:x:1", "owner", "dev-1", "t1" }, { "again", "did:x:1", "owner", "dev-1", "t2" },
		{ "elsewhere", "did:x:2", "owner", "dev-1", "t3" }, { "other", "did:x:1", "owner", "dev-2", "t4" },
		{ "app", "did:x:1", "application", "dev-1", "t5" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct berth_outbox_row row = message(rows[i].id, rows[i].peer);

		row.machine = rows[i].machine;
		row.instance = rows[i].instance;
		row.thid = rows[i].thid;
		CHECK_OK(berth_store_outbox_put(s, &row));
	}
	CHECK_OK(berth_store_outbox_unsay(s, "did:x:1", "owner", "dev-1"));
	assert_string_equal(due(100), "elsewhere other app ");
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
	CHECK_OK(berth_store_outbox_due(s, 100, 64, NULL, &l));
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
	const struct CMUnitTest tests[] = {
		T(a_row_comes_back_as_it_was_put), T(due_rows_come_longest_due_first),
		T(a_polling_peer_gets_all_of_its_own_in_order),
		T(a_body_is_made_whole),
		T(back_off_doubles_to_an_hour_with_full_jitter), T(retry_counts_and_waits),
		T(expired_and_refused_rows_become_dead_letters), T(a_finished_thread_takes_its_rows_along),
		T(what_one_instance_has_said_to_a_did_is_taken_back),
		T(c083_a_silent_peer_fills_only_its_own_share), T(quotas_in_bytes_and_in_all),
		T(strangers_push_out_each_others_rows_only), T(dead_mail_is_bounded_by_peer_and_in_all),
		T(a_letter_is_told_of_once_to_who_sent_it), T(an_operator_drops_letters),
		T(a_thread_keeps_its_order_and_others_go_on), T(a_row_that_was_read_goes_once), T(a_silent_peer_is_asked_with_one_row),
		T(nobody_asks_for_a_peer_that_nothing_waits_for), T(rows_that_are_not_wanted_are_passed_over),
		T(what_waits_is_counted_by_peer), T(shares_follow_the_configuration),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
