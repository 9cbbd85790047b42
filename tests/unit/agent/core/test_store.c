/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/core/store.h"
#include "did/base/rand.h"
#include "tests/fakes/tmpdir.h"

static char dir[TMPDIR_LEN];
static struct berth_store *s;

static int fresh(void **state)
{
	(void)state;
	test_tmpdir(dir);
	return berth_store_open(&s, dir, true) != BERTH_OK;
}

static int gone(void **state)
{
	(void)state;
	berth_store_close(s);
	s = NULL;
	test_tmpdir_remove(dir);
	berth_random_inject(NULL);
	return 0;
}

static void reopen(void)
{
	berth_store_close(s);
	CHECK_OK(berth_store_open(&s, dir, false));
}

static void check_record(const char *ns, const char *key, const char *want)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(s, ns, key, &b, &found));
	assert_int_equal(found, want != NULL);
	assert_string_equal(berth_buf_cstr(&b), want ? want : "");
	berth_buf_free(&b);
}

/* A statement on the closed file, as somebody else's program would do it. */
static void meddle(const char *sql)
{
	sqlite3 *db;

	assert_int_equal(sqlite3_open(test_path(dir, BERTH_STORE_FILE), &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	sqlite3_close(db);
}

static int64_t ask(const char *sql)
{
	sqlite3_stmt *st;
	sqlite3 *db;
	int64_t v;

	assert_int_equal(sqlite3_open(test_path(dir, BERTH_STORE_FILE), &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	v = sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	sqlite3_close(db);
	return v;
}

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
	CHECK_RC(BERTH_E_INTERNAL, berth_store_outbox_sent(s, 1, ack, 0));
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
	assert_int_equal(c.inbox, BERTH_INBOX_MAX);
	CHECK_OK(berth_store_commit(s));
	CHECK(!seen("did:x:quiet", "1"));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_inbox_add(s, "did:x:late", "1", 101, NULL));
	CHECK_OK(berth_store_inbox_prune(s, 101 + BERTH_INBOX_AGE_S, &n));
	assert_int_equal(n, BERTH_INBOX_MAX - 1);
	CHECK_OK(berth_store_commit(s));
	CHECK(seen("did:x:late", "1"));
	reopen();
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.inbox, 1);
}

/* ---- the audit chain */

static enum berth_err list_events(void *arg, int64_t seq, int64_t time_s, const char *event,
				  const char *detail, const uint8_t hash[BERTH_AUDIT_HASH_LEN])
{
	(void)hash;
	berth_buf_printf(arg, "%lld %lld %s %s;", (long long)seq, (long long)time_s, event, detail);
	return BERTH_OK;
}

static void log_three(void)
{
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_audit(s, 10, "onboard", "start"));
	CHECK_OK(berth_store_audit(s, 20, "owner", "did:x:1"));
	CHECK_OK(berth_store_audit(s, 30, "commit", ""));
	CHECK_OK(berth_store_commit(s));
}

static void audit_rows_are_chained(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t head[BERTH_AUDIT_HASH_LEN], zero[BERTH_AUDIT_HASH_LEN] = { 0 };
	int64_t n, seq;

	(void)state;
	CHECK_OK(berth_store_audit_head(s, &seq, head));
	CHECK(seq == 0 && !memcmp(head, zero, sizeof(head)));
	log_three();
	CHECK_OK(berth_store_audit_verify(s, &n));
	assert_int_equal(n, 3);
	CHECK_OK(berth_store_audit_head(s, &seq, head));
	CHECK(seq == 3 && memcmp(head, zero, sizeof(head)));
	CHECK_OK(berth_store_audit_each(s, 1, list_events, &b));
	assert_string_equal(berth_buf_cstr(&b), "2 20 owner did:x:1;3 30 commit ;");
	berth_buf_free(&b);
}

static void a_changed_audit_row_is_e_sig(void **state)
{
	static const char *const harm[] = {
		"UPDATE audit SET detail = 'did:x:2' WHERE seq = 2", "UPDATE audit SET event = 'ownerd' WHERE seq = 2",
		"UPDATE audit SET time_s = 21 WHERE seq = 2", "DELETE FROM audit WHERE seq = 2",
		"DELETE FROM audit WHERE seq = 1", "UPDATE audit SET seq = 4 WHERE seq = 3",
		"UPDATE audit SET hash = zeroblob(32) WHERE seq = 2", "UPDATE audit SET hash = x'' WHERE seq = 2",
		"INSERT INTO audit SELECT 4, time_s, event, detail, prev, hash FROM audit WHERE seq = 3",
	};
	int64_t n;

	(void)state;
	log_three();
	for (size_t i = 0; i < sizeof(harm) / sizeof(harm[0]); i++) {
		berth_store_close(s);
		meddle("CREATE TABLE keep AS SELECT * FROM audit");
		meddle(harm[i]);
		CHECK_OK(berth_store_open(&s, dir, false));
		CHECK_RC(BERTH_E_SIG, berth_store_audit_verify(s, &n));
		berth_store_close(s);
		meddle("DELETE FROM audit; INSERT INTO audit SELECT * FROM keep; DROP TABLE keep");
		CHECK_OK(berth_store_open(&s, dir, false));
		CHECK_OK(berth_store_audit_verify(s, &n));
	}
}

static void the_audit_log_is_bounded_and_still_verifies(void **state)
{
	char detail[BERTH_AUDIT_TEXT_MAX + 10];
	struct berth_store_counts c;
	int64_t n;

	(void)state;
	memset(detail, 'x', sizeof(detail));
	memcpy(detail + BERTH_AUDIT_TEXT_MAX - 1, "\xc3\xa4", 3);	/* the cut falls into it */
	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < BERTH_AUDIT_MAX + 5; i++)
		CHECK_OK(berth_store_audit(s, i, "tick", i ? "" : detail));
	CHECK_OK(berth_store_audit(s, 1, "long", detail));
	CHECK_OK(berth_store_commit(s));
	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.audit, BERTH_AUDIT_MAX);
	CHECK_OK(berth_store_audit_verify(s, &n));
	assert_int_equal(n, BERTH_AUDIT_MAX);
	berth_store_close(s);
	assert_int_equal(ask("SELECT length(detail) FROM audit WHERE event = 'long'"), BERTH_AUDIT_TEXT_MAX - 1);
	meddle("DELETE FROM audit WHERE seq = (SELECT min(seq) FROM audit)");
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK_RC(BERTH_E_SIG, berth_store_audit_verify(s, &n));
}

/* ---- the file */

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
	uint8_t junk[4096];
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

/* ---- guests */

static void put_guest(const char *key, size_t n)
{
	static uint8_t value[BERTH_STORE_VALUE_MAX];

	CHECK_OK(berth_store_put_guest(s, "g", key, value, n));
}

static void check_counts(int64_t records, int64_t guests, int64_t bytes)
{
	struct berth_store_counts c;

	CHECK_OK(berth_store_counts(s, &c));
	assert_int_equal(c.records, records);
	assert_int_equal(c.guests, guests);
	assert_int_equal(c.guest_bytes, bytes);
}

static bool there(const char *key)
{
	struct berth_buf b = BERTH_BUF_INIT;
	bool found;

	CHECK_OK(berth_store_get(s, "g", key, &b, &found));
	berth_buf_free(&b);
	return found;
}

static void guests(int from, int to)
{
	char key[16];

	for (int i = from; i < to; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		put_guest(key, 2);
	}
}

static void guests_push_out_guests_in_the_order_of_their_last_use(void **state)
{
	(void)state;
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_put_str(s, "g", "ours", "1"));
	guests(0, BERTH_STORE_GUESTS_MAX);
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX);
	put_guest("k0", 3);				/* used again */
	put_guest("one more", 2);
	CHECK(there("k0") && !there("k1") && there("k2") && there("ours"));
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX + 1);
	CHECK_OK(berth_store_commit(s));
	reopen();
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX + 1);
	CHECK_OK(berth_store_begin(s));
	put_guest("and one", 2);
	CHECK(there("k0") && !there("k2") && there("k3"));
	berth_store_rollback(s);
	CHECK(there("k2") && !there("and one"));
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX + 1);
}

static void guests_share_a_number_of_bytes(void **state)
{
	(void)state;
	CHECK_OK(berth_store_begin(s));
	guests(0, 10);
	put_guest("big", BERTH_STORE_VALUE_MAX);
	put_guest("almost", BERTH_STORE_GUESTS_BYTES - BERTH_STORE_VALUE_MAX - 20);
	check_counts(12, 12, BERTH_STORE_GUESTS_BYTES);		/* exactly */
	put_guest("almost", BERTH_STORE_GUESTS_BYTES - BERTH_STORE_VALUE_MAX - 19);
	check_counts(11, 11, BERTH_STORE_GUESTS_BYTES - 1);
	CHECK(!there("k0") && there("k1") && there("big"));
	CHECK_RC(BERTH_E_SIZE, berth_store_put_guest(s, "g", "k", "", BERTH_STORE_VALUE_MAX + 1));
	CHECK_OK(berth_store_commit(s));
	CHECK_RC(BERTH_E_INTERNAL, berth_store_put_guest(s, "g", "k", "", 0));
}

static void a_guest_that_is_put_plainly_is_ours(void **state)
{
	bool ours;

	(void)state;
	CHECK_OK(berth_store_begin(s));
	put_guest("friend", 2);
	CHECK_OK(berth_store_is_ours(s, "g", "friend", &ours));
	CHECK(!ours);
	CHECK_OK(berth_store_put_str(s, "g", "friend", "long"));
	check_counts(1, 0, 0);
	CHECK_OK(berth_store_put_guest(s, "g", "friend", "longer", 6));	/* stays ours */
	check_record("g", "friend", "longer");
	CHECK_OK(berth_store_is_ours(s, "g", "friend", &ours));
	CHECK(ours);
	CHECK_OK(berth_store_is_ours(s, "g", "nobody", &ours));
	CHECK(!ours);
	guests(0, 2 * BERTH_STORE_GUESTS_MAX);
	CHECK(there("friend"));
	check_counts(BERTH_STORE_GUESTS_MAX + 1, BERTH_STORE_GUESTS_MAX, 2 * BERTH_STORE_GUESTS_MAX);
	CHECK_OK(berth_store_delete(s, "g", "k2047"));
	check_counts(BERTH_STORE_GUESTS_MAX, BERTH_STORE_GUESTS_MAX - 1, 2 * BERTH_STORE_GUESTS_MAX - 2);
	CHECK_OK(berth_store_commit(s));
}

/* ---- migration */

static const char *const version_1 =
	"PRAGMA application_id = 1113937012; PRAGMA journal_mode = WAL;"
	"CREATE TABLE meta (name TEXT PRIMARY KEY, val INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
	"CREATE TABLE rec (ns TEXT NOT NULL, key TEXT NOT NULL, val BLOB NOT NULL, PRIMARY KEY (ns, key)) STRICT;"
	"CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, peer TEXT NOT NULL,"
	" sender TEXT NOT NULL, thid TEXT NOT NULL, endpoints TEXT NOT NULL, mode INTEGER NOT NULL,"
	" body BLOB NOT NULL, created_s INTEGER NOT NULL, next_s INTEGER NOT NULL, expires_s INTEGER NOT NULL,"
	" tries INTEGER NOT NULL, UNIQUE (peer, id)) STRICT;"
	"CREATE TABLE inbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, sender BLOB NOT NULL, id BLOB NOT NULL,"
	" seen_s INTEGER NOT NULL, UNIQUE (sender, id)) STRICT;"
	"CREATE INDEX inbox_age ON inbox (seen_s);"
	"CREATE TABLE audit (seq INTEGER PRIMARY KEY, time_s INTEGER NOT NULL, event TEXT NOT NULL,"
	" detail TEXT NOT NULL, prev BLOB NOT NULL, hash BLOB NOT NULL) STRICT;"
	"INSERT INTO meta VALUES ('c:generation', 41);"
	"INSERT INTO rec VALUES ('gw', 'state', CAST('OPERATIONAL' AS BLOB));"
	"INSERT INTO outbox VALUES (5, 'm5', 'did:x:1', 'did:x:me', 't', '[\"nng\"]', 2, x'7b7d', 1, 2, 3000, 4);"
	"INSERT INTO outbox VALUES (6, 'm6', 'did:x:2', 'did:x:me', 't', '', 2, x'7b7d', 1, 2, 3000, 0);"
	"INSERT INTO inbox VALUES (1, x'4a54', x'31', 7);"
	"PRAGMA user_version = 1;";

static void make_version_1(void)
{
	berth_store_close(s);
	s = NULL;
	unlink(test_path(dir, BERTH_STORE_FILE));
	unlink(test_path(dir, BERTH_STORE_FILE "-wal"));
	meddle(version_1);
	assert_int_equal(chmod(test_path(dir, BERTH_STORE_FILE), 0600), 0);
}

static void check_migrated(void)
{
	struct berth_outbox_list l;
	int64_t g;

	check_record("gw", "state", "OPERATIONAL");
	check_counts(1, 0, 0);			/* what was there is nobody's guest */
	CHECK_OK(berth_store_counter_get(s, "generation", &g));
	assert_int_equal(g, 41);
	CHECK_OK(berth_store_outbox_due(s, 100, 10, NULL, &l));
	assert_int_equal(l.n, 1);
	assert_string_equal(l.rows[0].id, "m5");
	assert_string_equal(l.rows[0].endpoints, "[\"nng\"]");
	CHECK(l.rows[0].mode == 2 && l.rows[0].tries == 4 && l.rows[0].seq == 5);
	assert_memory_equal(l.rows[0].body, "{}", 3);
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_outbox_for_peer(s, "did:x:2", 100, 10, &l));
	CHECK(l.n == 1 && l.rows[0].parked);
	berth_outbox_list_free(&l);
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_audit(s, 1, "migrated", ""));
	CHECK_OK(berth_store_inbox_add(s, "did:x:1", "1", 9, NULL));
	CHECK_OK(berth_store_commit(s));
	berth_store_close(s);
	s = NULL;
	assert_int_equal(ask("PRAGMA user_version"), berth_store_schema());
	assert_int_equal(ask("SELECT seen_s FROM inbox WHERE seq = 1"), 7);
}

static void c152_version_1_is_migrated_with_its_data(void **state)
{
	(void)state;
	make_version_1();
	CHECK_OK(berth_store_open(&s, dir, false));
	check_migrated();
}

/* Version 2 as it was released. */
static const char *const version_2 =
	"ALTER TABLE outbox ADD COLUMN parked INTEGER NOT NULL DEFAULT 0;"
	"UPDATE outbox SET parked = 1 WHERE endpoints = '';"
	"CREATE INDEX outbox_due ON outbox (parked, next_s); CREATE INDEX outbox_peer ON outbox (peer, seq);"
	"CREATE INDEX outbox_expires ON outbox (expires_s);"
	"CREATE TABLE outbox_sent (ack BLOB NOT NULL, seq INTEGER NOT NULL REFERENCES outbox (seq) ON DELETE CASCADE,"
	" PRIMARY KEY (ack, seq)) STRICT, WITHOUT ROWID;"
	"CREATE INDEX outbox_sent_seq ON outbox_sent (seq);"
	"CREATE TABLE dead (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL, peer TEXT NOT NULL,"
	" thid TEXT NOT NULL, reason TEXT NOT NULL, when_s INTEGER NOT NULL, tries INTEGER NOT NULL) STRICT;"
	"ALTER TABLE inbox ADD COLUMN answer BLOB;"
	"CREATE TABLE audit_base (seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;"
	"PRAGMA user_version = 2;";

/* Version 3 as it was released. */
static const char *const version_3 =
	"ALTER TABLE rec ADD COLUMN guest INTEGER; CREATE INDEX rec_guest ON rec (guest) WHERE guest IS NOT NULL;"
	"ALTER TABLE outbox ADD COLUMN guest INTEGER NOT NULL DEFAULT 0;"
	"CREATE INDEX outbox_guest ON outbox (seq) WHERE guest = 1;"
	"INSERT INTO dead (id, peer, thid, reason, when_s, tries) VALUES ('d1', 'did:x:9', 't', 'expired', 7, 2);"
	"UPDATE outbox SET thid = '' WHERE seq = 5; PRAGMA user_version = 3;";

static enum berth_err told(void *arg, const struct berth_dead *d)
{
	assert_string_equal(d->id, "d1");
	++*(int *)arg;
	return BERTH_OK;
}

/* Dead letters of before are shown; nobody knows any more whom to tell of them. */
static void version_3_is_migrated_with_its_data(void **state)
{
	struct berth_outbox_list l;
	int shown = 0, untold = 0;

	(void)state;
	make_version_1();
	meddle(version_2);
	meddle(version_3);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK_OK(berth_store_dead_each(s, told, &shown));
	CHECK_OK(berth_store_dead_untold(s, 0, told, &untold));
	CHECK(shown == 1 && untold == 0);
	CHECK_OK(berth_store_outbox_due(s, 100, 10, NULL, &l));
	CHECK(l.n == 1 && !strcmp(l.rows[0].thid, "m5") && !l.rows[0].machine[0]);
	berth_outbox_list_free(&l);
	check_migrated();
}

static void version_2_is_migrated_with_its_data(void **state)
{
	bool ours;

	(void)state;
	make_version_1();
	meddle(version_2);
	CHECK_OK(berth_store_open(&s, dir, false));
	CHECK_OK(berth_store_is_ours(s, "gw", "state", &ours));
	CHECK(ours);
	check_migrated();
}

static int statements_left;

static int on_statement(unsigned what, void *arg, void *stmt, void *sql)
{
	(void)what, (void)arg, (void)stmt, (void)sql;
	if (--statements_left == 0)
		_exit(9);
	return 0;
}

static int trace_all(sqlite3 *db, const char **msg, const struct sqlite3_api_routines *api)
{
	(void)msg, (void)api;
	return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, on_statement, NULL);
}

/* Opens in a child that dies before its n-th statement; false: it got through. */
static bool die_opening(int n)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		struct berth_store *t;

		statements_left = n;
		sqlite3_auto_extension((void (*)(void))trace_all);
		_exit(berth_store_open(&t, dir, true) ? 1 : 0);
	}
	waitpid(pid, &status, 0);
	CHECK(WIFEXITED(status) && (WEXITSTATUS(status) == 9 || WEXITSTATUS(status) == 0));
	return WEXITSTATUS(status) == 9;
}

static void c152_a_migration_killed_at_every_statement_resumes(void **state)
{
	int n;

	(void)state;
	for (n = 1; make_version_1(), die_opening(n); n++) {
		CHECK_OK(berth_store_open(&s, dir, false));
		check_migrated();
	}
	CHECK(n > 20);
}

static void creation_killed_at_every_statement_leaves_none_or_all(void **state)
{
	int n;

	(void)state;
	for (n = 1;; n++) {
		berth_store_close(s);
		s = NULL;
		test_tmpdir_remove(dir);
		assert_int_equal(mkdir(dir, 0700), 0);
		if (!die_opening(n))
			break;
		CHECK_OK(berth_store_open(&s, dir, true));
		CHECK_OK(berth_store_begin(s));
		CHECK_OK(berth_store_put_str(s, "a", "k", "1"));
		CHECK_OK(berth_store_commit(s));
	}
	CHECK(n > 30);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fresh, gone)
	const struct CMUnitTest tests[] = {
		T(records_survive_a_restart), T(rollback_and_undo_take_back), T(counts_are_taken_back_too),
		T(each_under_shows_those_with_the_prefix),
		T(writes_outside_a_transaction_are_e_internal), T(record_caps), T(record_quotas), T(c153_the_file_shrinks_again),
		T(each_walks_in_order_and_may_delete), T(c069_same_id_is_remembered_per_sender),
		T(c071_ids_are_bounded_by_count_and_age), T(audit_rows_are_chained),
		T(a_changed_audit_row_is_e_sig), T(the_audit_log_is_bounded_and_still_verifies),
		T(lax_permissions_are_e_store), T(a_missing_store_is_made_only_when_asked),
		T(a_second_opener_is_e_store), T(c152_a_locked_file_is_e_store_soon),
		T(c150_not_ours_empty_or_newer_is_refused), T(c150_a_missing_wal_after_a_crash_is_e_store),
		T(c150_every_damaged_page_is_e_store),
		T(guests_push_out_guests_in_the_order_of_their_last_use), T(guests_share_a_number_of_bytes),
		T(a_guest_that_is_put_plainly_is_ours), T(c152_version_1_is_migrated_with_its_data),
		T(version_2_is_migrated_with_its_data), T(version_3_is_migrated_with_its_data),
		T(c152_a_migration_killed_at_every_statement_resumes),
		T(creation_killed_at_every_statement_leaves_none_or_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
