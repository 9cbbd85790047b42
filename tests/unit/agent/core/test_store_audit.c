/* SPDX-License-Identifier: Apache-2.0 */
/* The audit log: a chain of hashes, within bounds. */
#include "tests/unit/agent/core/store_open.h"

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

/* A line that was taken back is nothing that the next one could follow. */
static void a_line_that_was_undone_is_no_head(void **state)
{
	uint8_t before[BERTH_AUDIT_HASH_LEN], after[BERTH_AUDIT_HASH_LEN];
	int64_t n, seq;

	(void)state;
	log_three();
	CHECK_OK(berth_store_audit_head(s, &seq, before));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_audit(s, 40, "never", ""));
	berth_store_rollback(s);
	CHECK_OK(berth_store_audit_head(s, &seq, after));
	CHECK(seq == 3 && !memcmp(before, after, sizeof(before)));
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_audit(s, 40, "kept", ""));
	CHECK_OK(berth_store_savepoint(s));
	CHECK_OK(berth_store_audit(s, 50, "undone", ""));
	CHECK_OK(berth_store_undo(s));
	CHECK_OK(berth_store_audit(s, 60, "kept", ""));
	CHECK_OK(berth_store_commit(s));
	reopen();
	CHECK_OK(berth_store_audit_verify(s, &n));
	assert_int_equal(n, 5);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(audit_rows_are_chained), T(a_line_that_was_undone_is_no_head), T(a_changed_audit_row_is_e_sig),
		T(the_audit_log_is_bounded_and_still_verifies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
