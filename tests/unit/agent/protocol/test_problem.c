/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a refusal, and what a report means for its thread. */
#include "agent/protocol/problem.h"
#include "tests/check.h"

#define TYPE BERTH_PIURI_PROBLEM "problem-report"

static enum berth_err read_code(const char *code, bool *ends)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_message m;
	struct berth_problem p;
	enum berth_err rc;

	CHECK_OK(berth_json_set_str(body, "code", code));
	CHECK_OK(berth_message_new(&m, TYPE, "did:example:a", "did:example:b", NULL, body));
	CHECK_OK(berth_message_set(&m, "pthid", "t-1"));
	rc = berth_problem_read(&p, &m);
	*ends = !rc && berth_problem_ends(&p);
	berth_message_free(&m);
	return rc;
}

static void errors_of_more_than_a_message_end_the_thread(void **state)
{
	static const struct { const char *code; bool ends; } rows[] = {
		{ "e.p.xfer.cant-use-endpoint", true }, { "e.p", true }, { "e.m.invalid-move", false }, { "e.m", false },
		{ "e.get-pay-details.payment-failed", true }, { "e.me.x", true }, { "w.p.xfer", false }, { "w.m.x", false },
	};
	bool ends;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		CHECK_OK(read_code(rows[i].code, &ends));
		if (ends != rows[i].ends)
			fail_msg("%s", rows[i].code);
	}
	CHECK_RC(BERTH_E_TYPE, read_code("x.p.y", &ends));
	CHECK_RC(BERTH_E_TYPE, read_code("e", &ends));
	CHECK_RC(BERTH_E_TYPE, read_code("e.P.x", &ends));
}

/* Every code of ours makes a code of theirs, and the class of a refusal is all it says. */
static void every_refusal_has_words(void **state)
{
	char code[64];
	bool ends;

	(void)state;
	for (int rc = 1; rc < BERTH_E__COUNT; rc++) {
		struct berth_problem_words w = berth_problem_of((enum berth_err)rc);

		snprintf(code, sizeof(code), "e.p.%s", w.code);
		CHECK_OK(read_code(code, &ends));
		assert_non_null(w.comment);
		assert_null(strstr(w.comment, "E_"));
	}
	assert_string_equal(berth_problem_of(BERTH_E_TYPE).code, "msg");
	assert_string_equal(berth_problem_of(BERTH_E_SIG).code, "trust.crypto");
	assert_string_equal(berth_problem_of(BERTH_E_EXPIRED).code, "req.time");
	assert_string_equal(berth_problem_of(BERTH_E_INTERNAL).code, "me");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_more_than_a_message_end_the_thread),
		cmocka_unit_test(every_refusal_has_words),
	};

	return cmocka_run_group_tests_name("problem", tests, NULL, NULL);
}
