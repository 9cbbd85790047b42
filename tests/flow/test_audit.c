/* SPDX-License-Identifier: Apache-2.0 */
/* When an audit log is signed: after a hundred rows, an hour after the first of them, at a
 * good end, and as the last thing that a retired device's key does. */
#include "agent/core/audit_chain.h"
#include "tests/fakes/story.h"

#define HOUR_S 3600

static struct sim_node *watched;

static int64_t rest(struct sim_node *n)
{
	int64_t rows;

	CHECK_OK(berth_agent_audit_unsigned(n->agent, &rows));
	return rows;
}

static bool never(struct sim *w) { (void)w; return false; }
static bool is_signed(struct sim *w) { (void)w; return rest(watched) == 0; }

static void say(struct sim_node *n, int lines)
{
	CHECK_OK(berth_store_begin(n->store));
	while (lines--)
		CHECK_OK(berth_store_audit(n->store, 1, "test", "a line"));
	CHECK_OK(berth_store_commit(n->store));
}

static void check_signed(struct sim_node *n, int64_t row)
{
	struct berth_audit_chain c;

	CHECK_OK(berth_store_audit_check(n->store, NULL, &c));
	assert_int_equal(c.signed_row, row);
	assert_string_equal(c.did, berth_agent_env(n->agent)->identity(berth_agent_env(n->agent), BERTH_ID_AUDIT)->did);
	berth_audit_chain_free(&c);
}

static void begin(struct story *s)
{
	story_cast(s);
	watched = s->owner;
	sim_as(s->owner);
	CHECK_OK(berth_agent_make_signer(s->owner->agent, BERTH_ID_AUDIT, BERTH_KEY_ED25519, BERTH_PURPOSE_BIT(BERTH_SIGN_AUDIT)));
}

static void p16_a_log_is_signed_after_rows_and_after_a_while(void **state)
{
	struct story s;
	int64_t at;

	(void)state;
	begin(&s);
	at = rest(s.owner);
	say(s.owner, 99 - (int)at);
	assert_false(sim_run(&s.w, is_signed, HOUR_S / 2));	/* not yet */
	say(s.owner, 1);
	assert_true(sim_run(&s.w, is_signed, 600));
	check_signed(s.owner, 101);
	say(s.owner, 1);
	assert_false(sim_run(&s.w, is_signed, HOUR_S / 2));
	assert_true(sim_run(&s.w, is_signed, HOUR_S));
	check_signed(s.owner, 103);
	assert_false(sim_run(&s.w, never, 3 * HOUR_S));
	check_signed(s.owner, 103);	/* nothing new: nothing signed */
	story_end(&s);
}

static void p16_a_log_is_signed_at_a_good_end(void **state)
{
	struct story s;
	int64_t rows;

	(void)state;
	begin(&s);
	say(s.owner, 3);
	rows = rest(s.owner);
	berth_agent_audit_close(s.owner->agent);
	check_signed(s.owner, rows + 1);
	berth_agent_audit_close(s.owner->agent);
	check_signed(s.owner, rows + 1);
	story_end(&s);
}

static void p16_without_its_key_a_log_stays_unsigned_and_says_so(void **state)
{
	struct berth_buf jws = BERTH_BUF_INIT;
	struct berth_audit_head h;
	struct story s;

	(void)state;
	story_cast(&s);
	sim_as(s.owner);
	say(s.owner, 200);
	assert_false(sim_run(&s.w, never, HOUR_S));
	assert_in_range(rest(s.owner), 200, 300);
	CHECK_RC(BERTH_E_NOMATCH, berth_agent_audit_sign(s.owner->agent, &h, &jws));
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(p16_a_log_is_signed_after_rows_and_after_a_while),
		cmocka_unit_test(p16_a_log_is_signed_at_a_good_end),
		cmocka_unit_test(p16_without_its_key_a_log_stays_unsigned_and_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
