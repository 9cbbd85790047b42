/* SPDX-License-Identifier: Apache-2.0 */
/* Transactions, records, and the ids that were seen. */
#include <sys/stat.h>

#include "tests/unit/agent/core/store_open.h"

/* ---- transactions and records */

static void records_survive_a_restart(void **state)
{
	(void)state;
	CHECK(berth_store_was_created(s));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "gw", "state", "SEEKING"));
	CHECK_OK(berth_store_put_str(s, "gw", "state", "CONTACTING"));
	CHECK_OK(berth_store_put(s, "gw", "empty", NULL, 0));
	CHECK_OK(berth_store_counter_set(s, "generation", INT64_MAX));
	CHECK_OK(berth_store_commit(s));
	reopen();
	CHECK(!berth_store_was_created(s));
	check_record("gw", "state", "CONTACTING");
	check_record("gw", "empty", "");
	check_record("gw", "other", NULL);
	check_record("gw2", "state", NULL);
	int64_t g;
	CHECK_OK(berth_store_counter_get(s, "generation", &g));
	CHECK(g == INT64_MAX);
	CHECK_OK(berth_store_counter_get(s, "open", &g));
	CHECK(g == 0);
}

static void rollback_and_undo_take_back(void **state)
{
	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "a", "k", "1"));
	berth_store_rollback(s);
	check_record("a", "k", NULL);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "a", "k", "1"));
	CHECK_OK(berth_store_savepoint(s));
	CHECK_OK(berth_store_put_str(s, "a", "k", "2"));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_savepoint(s));
	CHECK_OK(berth_store_undo(s));
	CHECK_OK(berth_store_savepoint(s));
	CHECK_OK(berth_store_put_str(s, "a", "l", "3"));
	CHECK_OK(berth_store_keep(s));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_undo(s));
	CHECK_OK(berth_store_commit(s));
	check_record("a", "k", "1");
	check_record("a", "l", "3");
}

static void check_kept(int64_t records, int64_t out)
{
	struct berth_store_counts c;

	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.records, records);
	assert_int_equal(c.out, out);
}

/* The counts are kept, not made anew each time: they go back with what they count. */
static void counts_are_taken_back_too(void **state)
{
	struct berth_outbox_row row = { .id = "1", .peer = "did:x:1", .from = "", .thid = "", .endpoints = "", .body = (const uint8_t *)"b",
		.body_len = 1, .expires_s = 10 };

	(void)state;
	check_kept(0, 0);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "a", "k", "1"));
	CHECK_OK(berth_store_savepoint(s));
	CHECK_OK(berth_store_put_str(s, "a", "l", "2"));
	CHECK_OK(berth_store_outbox_put(s, &row));
	check_kept(2, 1);
	CHECK_OK(berth_store_undo(s));
	check_kept(1, 0);
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_delete(s, "a", "k"));
	CHECK_OK(berth_store_outbox_put(s, &row));
	check_kept(0, 1);
	berth_store_rollback(s);
	check_kept(1, 0);
	reopen();
	check_kept(1, 0);
}

static void writes_outside_a_transaction_are_e_internal(void **state)
{
	struct berth_outbox_row row = { .id = "1", .peer = "did:x:1", .from = "", .thid = "", .endpoints = "" };
	uint8_t ack[BERTH_ACK_LEN] = { 0 };
	int64_t n;
	bool found;

	(void)state;
	CHECK_RC(BERTH_E_INTERNAL, berth_store_put_str(s, "a", "k", "1"));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_delete(s, "a", "k"));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_counter_set(s, "g", 1));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_put(s, &row));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_sent(s, &(struct berth_outbox_row){ .seq = 1 }, ack, 0));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_ack(s, "did:x:1", ack, &found));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_later(s, 1, 0, 0));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_dead(s, 1, 0, "x"));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_done(s, 1));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_note(s, 1, ""));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_peer_silent(s, "p", true, 0, ""));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_peer_awake(s, "p", 0));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_hurry(s, NULL, NULL, 0, &n));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_drop(s, NULL, NULL, &n));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_dead_told(s, 1));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_dead_drop(s, NULL, NULL, &n));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_drop_thread(s, "did:x:1", "t"));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_unsay(s, "did:x:1", "m", "i"));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_inbox_add(s, "did:x:1", "1", 0, NULL));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_inbox_prune(s, 0, &n));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_audit(s, 0, "e", ""));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_savepoint(s));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_commit(s));
	CHECK_OK(berth_store_begin(s));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "a", "k", "1"));
	CHECK_OK(berth_store_commit(s));
	check_record("a", "k", "1");
}

static void record_caps(void **state)
{
	char key[BERTH_STORE_KEY_MAX + 2], ns[BERTH_STORE_NS_MAX + 2];
	uint8_t *big = calloc(1, BERTH_STORE_VALUE_MAX + 1);
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	(void)state;
	memset(key, 'k', sizeof(key));
	key[sizeof(key) - 1] = '\0';
	memset(ns, 'n', sizeof(ns));
	ns[sizeof(ns) - 1] = '\0';
	CHECK_OK(berth_store_begin(s));
	CHECK_RC(BERTH_E_SIZE, berth_store_put_str(s, "a", key, ""));
	CHECK_OK(berth_store_put_str(s, "a", key + 1, "x"));
	CHECK_RC(BERTH_E_SIZE, berth_store_put_str(s, ns, "k", ""));
	CHECK_OK(berth_store_put_str(s, ns + 1, "k", ""));
	CHECK_RC(BERTH_E_TYPE, berth_store_put_str(s, "A", "k", ""));
	CHECK_RC(BERTH_E_TYPE, berth_store_put_str(s, "", "k", ""));
	CHECK_RC(BERTH_E_SIZE, berth_store_put(s, "a", "big", big, BERTH_STORE_VALUE_MAX + 1));
	CHECK_OK(berth_store_put(s, "a", "big", big, BERTH_STORE_VALUE_MAX));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_get(s, "a", "big", &b, &found));
	assert_int_equal(b.len, BERTH_STORE_VALUE_MAX);
	berth_buf_free(&b);
	free(big);
}

static void record_quotas(void **state)
{
	uint8_t *big = calloc(1, BERTH_STORE_VALUE_MAX);
	struct berth_store_counts c;
	char key[16];
	(void)state;
	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < 64; i++) {
		snprintf(key, sizeof(key), "%d", i);
		CHECK_OK(berth_store_put(s, "a", key, big, BERTH_STORE_VALUE_MAX));
	}
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_store_put(s, "a", "more", big, 1));
	CHECK_OK(berth_store_put(s, "a", "none", big, 0));
	CHECK_OK(berth_store_put(s, "a", "0", big, BERTH_STORE_VALUE_MAX - 1));
	CHECK_OK(berth_store_put(s, "a", "more", big, 1));
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_store_put(s, "a", "more", big, 2));
	CHECK_OK(berth_store_delete(s, "a", "1"));
	CHECK_OK(berth_store_delete(s, "a", "1"));
	CHECK_OK(berth_store_put(s, "a", "more", big, BERTH_STORE_VALUE_MAX));
	berth_store_rollback(s);
	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < BERTH_STORE_RECORDS_MAX; i++) {
		snprintf(key, sizeof(key), "%d", i);
		CHECK_OK(berth_store_put(s, "a", key, NULL, 0));
	}
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_store_put(s, "b", "more", NULL, 0));
	CHECK_OK(berth_store_put(s, "a", "7", "x", 1));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.records, BERTH_STORE_RECORDS_MAX);
	free(big);
}

/* C153: what is deleted is given back, a few pages at a time. */
static void c153_the_file_shrinks_again(void **state)
{
	uint8_t *big = calloc(1, BERTH_STORE_VALUE_MAX);
	struct stat before, after;
	int64_t n;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put(s, "a", "1", big, BERTH_STORE_VALUE_MAX));
	CHECK_OK(berth_store_put(s, "a", "2", big, BERTH_STORE_VALUE_MAX));
	CHECK_OK(berth_store_commit(s));
	reopen();
	assert_int_equal(stat(test_path(dir, BERTH_STORE_FILE), &before), 0);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_delete(s, "a", "1"));
	CHECK_OK(berth_store_inbox_prune(s, 0, &n));
	CHECK_OK(berth_store_commit(s));
	reopen();
	assert_int_equal(stat(test_path(dir, BERTH_STORE_FILE), &after), 0);
	CHECK(after.st_size <= before.st_size - 900000);
	free(big);
}

static enum berth_err collect(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct berth_buf *b = arg;

	berth_buf_printf(b, "%s=%.*s ", key, (int)n, (const char *)p);
	if (berth_store_in_transaction(s))
		return berth_store_delete(s, "a", key);
	return !strcmp(key, "stop") ? BERTH_E_NOMATCH : BERTH_OK;
}

static void each_walks_in_order_and_may_delete(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	int64_t n;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "a", "b", "2"));
	CHECK_OK(berth_store_put_str(s, "a", "", "0"));
	CHECK_OK(berth_store_put_str(s, "a", "a", "1"));
	CHECK_OK(berth_store_put_str(s, "aa", "c", "no"));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_each(s, "a", NULL, collect, &b));
	assert_string_equal(berth_buf_cstr(&b), "=0 a=1 b=2 ");
	berth_buf_reset(&b);
	CHECK_OK(berth_store_each(s, "a", "a", collect, &b));
	assert_string_equal(berth_buf_cstr(&b), "b=2 ");
	berth_buf_reset(&b);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_each(s, "a", NULL, collect, &b));
	CHECK_OK(berth_store_put_str(s, "a", "stop", "1"));
	CHECK_OK(berth_store_put_str(s, "a", "y", "1"));
	CHECK_OK(berth_store_commit(s));
	assert_string_equal(berth_buf_cstr(&b), "=0 a=1 b=2 ");
	CHECK_OK(berth_store_count(s, "a", &n));
	assert_int_equal(n, 2);
	berth_buf_reset(&b);
	CHECK_RC(BERTH_E_NOMATCH, berth_store_each(s, "a", NULL, collect, &b));
	assert_string_equal(berth_buf_cstr(&b), "stop=1 ");
	berth_buf_free(&b);
}

static enum berth_err measure(void *arg, const char *key, const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		assert_int_equal(p[i], 'x');
	berth_buf_printf(arg, "%s:%zu ", key, n);
	return BERTH_OK;
}

/* Writes at some of them: the next one goes, and another one comes behind it. */
static enum berth_err change_next(void *arg, const char *key, const uint8_t *p, size_t n)
{
	struct berth_buf *b = arg;
	char next[16], more[16];
	int i = atoi(key);
	enum berth_err rc;

	berth_buf_printf(b, "%s%s ", key, n == 1 && *p == 'v' ? "" : "?");
	if (i % 7 || strlen(key) > 2)
		return BERTH_OK;
	snprintf(next, sizeof(next), "%02d", i + 1);
	snprintf(more, sizeof(more), "%02da", i + 1);
	return (rc = berth_store_delete(s, "w", next)) ? rc : berth_store_put_str(s, "w", more, "v");
}

static void each_shows_what_is_written_meanwhile(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT, want = BERTH_BUF_INIT;
	char key[16];

	(void)state;
	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < 60; i++) {
		snprintf(key, sizeof(key), "%02d", i);
		CHECK_OK(berth_store_put_str(s, "w", key, "v"));
		berth_buf_printf(&want, i % 7 == 1 ? "%02da " : "%02d ", i);
	}
	CHECK_OK(berth_store_each(s, "w", NULL, change_next, &b));
	assert_string_equal(berth_buf_cstr(&b), berth_buf_cstr(&want));
	berth_store_rollback(s);
	berth_buf_free(&want);
	berth_buf_free(&b);
}

/* More octets than are read at a time: one value alone, and some together. */
static void each_shows_long_values(void **state)
{
	static const size_t lens[] = { 3000, 0, 4000, 3000, 20000, 1, BERTH_STORE_VALUE_MAX, 8192, 5 };
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t *big = calloc(1, BERTH_STORE_VALUE_MAX);
	char key[16];

	(void)state;
	assert_non_null(big);
	memset(big, 'x', BERTH_STORE_VALUE_MAX);
	CHECK_OK(berth_store_begin(s));
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		snprintf(key, sizeof(key), "%zu", i);
		CHECK_OK(berth_store_put(s, "l", key, big, lens[i]));
	}
	CHECK_OK(berth_store_each(s, "l", NULL, measure, &b));
	assert_string_equal(berth_buf_cstr(&b), "0:3000 1:0 2:4000 3:3000 4:20000 5:1 6:1048576 7:8192 8:5 ");
	berth_store_rollback(s);
	berth_buf_free(&b);
	free(big);
}

static void each_under_shows_those_with_the_prefix(void **state)
{
	static const char *const keys[] = { "", "a", "a/", "a/1", "a/2", "a0", "b/1" };
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		CHECK_OK(berth_store_put_str(s, "u", keys[i], "v"));
	CHECK_OK(berth_store_put_str(s, "v", "a/3", "no"));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_each_under(s, "u", "a/", collect, &b));
	assert_string_equal(berth_buf_cstr(&b), "a/=v a/1=v a/2=v ");
	berth_buf_reset(&b);
	CHECK_OK(berth_store_each_under(s, "u", "c/", collect, &b));
	assert_int_equal(b.len, 0);
	CHECK_OK(berth_store_each_under(s, "u", "", collect, &b));
	assert_string_equal(berth_buf_cstr(&b), "=v a=v a/=v a/1=v a/2=v a0=v b/1=v ");
	berth_buf_free(&b);
}

/* ---- the inbox */

static bool seen(const char *sender, const char *id)
{
	uint8_t answer[BERTH_ANSWER_LEN];
	bool yes;

	CHECK_OK(berth_store_inbox_seen(s, sender, id, &yes, answer));
	return yes;
}

static void c069_same_id_is_remembered_per_sender(void **state)
{
	uint8_t answer[BERTH_ANSWER_LEN], got[BERTH_ANSWER_LEN];
	bool yes;

	(void)state;
	memset(answer, 7, sizeof(answer));
	CHECK_OK(berth_store_begin(s));
	CHECK(!seen("did:x:a", "1"));
	CHECK_OK(berth_store_inbox_add(s, "did:x:a", "1", 100, answer));
	CHECK_RC(BERTH_E_REPLAY, berth_store_inbox_add(s, "did:x:a", "1", 100, NULL));
	CHECK_OK(berth_store_inbox_add(s, "did:x:b", "1", 100, NULL));
	CHECK_OK(berth_store_commit(s));
	reopen();
	CHECK_OK(berth_store_inbox_seen(s, "did:x:a", "1", &yes, got));
	CHECK(yes && !memcmp(got, answer, sizeof(got)));
	CHECK(seen("did:x:b", "1"));
	CHECK(!seen("did:x:a", "2"));
	CHECK(!seen("did:x:a1", ""));
}

static void c071_ids_are_bounded_by_count_and_age(void **state)
{
	char id[24], sender[32];
	struct berth_store_counts c;
	int64_t n;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_inbox_add(s, "did:x:quiet", "1", 50, NULL));
	for (int i = 0; i < BERTH_INBOX_PEER_MAX + 64; i++) {
		snprintf(id, sizeof(id), "%d", i);
		CHECK_OK(berth_store_inbox_add(s, "did:x:loud", id, 100, NULL));
	}
	CHECK(seen("did:x:quiet", "1"));
	CHECK(!seen("did:x:loud", "47"));	/* between every 16th message there may be a few more */
	CHECK(seen("did:x:loud", "64"));
	for (int i = BERTH_INBOX_PEER_MAX + 1; i <= BERTH_INBOX_MAX + 5; i++) {
		snprintf(sender, sizeof(sender), "did:x:%d", i);
		CHECK_OK(berth_store_inbox_add(s, sender, "1", 100, NULL));
	}
	CHECK_OK(berth_store_counts(s, &c));
	CHECK(c.inbox <= BERTH_INBOX_MAX && c.inbox > BERTH_INBOX_MAX - BERTH_INBOX_GO);	/* the oldest go together */
	CHECK_OK(berth_store_commit(s));
	CHECK(!seen("did:x:quiet", "1"));
	snprintf(sender, sizeof(sender), "did:x:%d", BERTH_INBOX_PEER_MAX + 1 + BERTH_INBOX_GO);
	CHECK(seen(sender, "1"));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_inbox_add(s, "did:x:late", "1", 101, NULL));
	CHECK_OK(berth_store_inbox_prune(s, 101 + BERTH_INBOX_AGE_S, &n));
	assert_int_equal(n, c.inbox);
	CHECK_OK(berth_store_commit(s));
	CHECK(seen("did:x:late", "1"));
	reopen();
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.inbox, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(records_survive_a_restart), T(rollback_and_undo_take_back), T(counts_are_taken_back_too),
		T(each_shows_what_is_written_meanwhile), T(each_shows_long_values),
		T(each_under_shows_those_with_the_prefix), T(writes_outside_a_transaction_are_e_internal),
		T(record_caps), T(record_quotas), T(c153_the_file_shrinks_again),
		T(each_walks_in_order_and_may_delete), T(c069_same_id_is_remembered_per_sender),
		T(c071_ids_are_bounded_by_count_and_age),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
