/* SPDX-License-Identifier: Apache-2.0 */
/* What nobody answers, however it asks for an answer. */
#include "agent/protocol/empty.h"
#include "agent/protocol/problem.h"
#include "didcomm/routing.h"
#include "tests/fakes/pair.h"
#include "tests/fakes/story.h"
#include "tests/fakes/stranger.h"

#define PING "https://didcomm.org/trust-ping/2.0/ping"

static size_t answers(struct test_stranger *p, struct sim_node *to, const char *type, const char *body_text)
{
	struct berth_json *body = NULL;
	struct berth_frame_reply r;

	CHECK_OK(berth_json_parse(&body, body_text, strlen(body_text), 4096));
	assert_int_equal(test_stranger_say(p, p->did_long, to, BERTH_ID_OWNER, type, "all", body), BERTH_FRAME_STORED);
	CHECK_OK(berth_frame_reply_decode(&r, to->w->answer.p, to->w->answer.len));
	return r.n_msgs;
}

static void c080_reports_and_acks_are_not_answered(void **state)
{
	static const struct { const char *type, *body; } quiet[] = {
		{ BERTH_PIURI_PROBLEM "problem-report", "{\"code\":\"e.p.xfer\",\"comment\":\"no\"}" },
		{ BERTH_PIURI_PROBLEM "problem-report", "{\"code\":7}" },	/* none, and no report about it */
		{ BERTH_PIURI_PROBLEM "problem-report", "{}" },
		{ "https://didcomm.org/trust-ping/2.0/ping-response", "{}" },
		{ "https://didcomm.org/discover-features/2.0/disclose", "{\"disclosures\":[]}" },
		{ PING, "{\"response_requested\":false}" },
		{ "https://didcomm.org/routing/2.0/forward", "{\"next\":\"did:example:x\"}" },
		{ "https://didcomm.org/unheard-of/1.0/x", "{}" },
	};
	struct test_stranger p;
	struct story s;

	(void)state;
	story_cast(&s);
	test_stranger_appear(&p);
	for (size_t i = 0; i < sizeof(quiet) / sizeof(*quiet); i++)
		assert_int_equal(answers(&p, s.owner, quiet[i].type, quiet[i].body), 0);
	assert_int_equal(answers(&p, s.owner, PING, "{}"), 1);	/* the twin */
	test_stranger_leave(&p);
	story_end(&s);
}

/* The same types, each asking to be acknowledged, and an acknowledgement that asks. */
static void c080_what_is_not_acknowledged(void **state)
{
	static const struct { const char *type, *body; bool acks; } quiet[] = {
		{ BERTH_PIURI_PROBLEM "problem-report", "{\"code\":\"e.p.xfer\",\"comment\":\"no\"}", false },
		{ BERTH_TYPE_FORWARD, "{\"next\":\"did:example:x\"}", false },
		{ "https://didcomm.org/unheard-of/1.0/x", "{}", false },
		{ BERTH_TYPE_EMPTY, "{}", true },
	};
	struct test_stranger p;
	struct berth_unpacked in;
	struct pair two;

	(void)state;
	pair_make(&two);
	test_stranger_appear(&p);
	p.asks = true;
	for (size_t i = 0; i < sizeof(quiet) / sizeof(*quiet); i++) {
		p.acks = quiet[i].acks;
		assert_int_equal(answers(&p, two.b, quiet[i].type, quiet[i].body), 0);
	}
	p.acks = false;
	assert_int_equal(answers(&p, two.b, BERTH_TYPE_EMPTY, "{}"), 1);	/* the twin */
	test_stranger_read(&p, two.b, &in);
	assert_string_equal(in.msg.type, BERTH_TYPE_EMPTY);
	assert_int_equal(berth_json_len(in.msg.ack), 1);
	assert_null(in.msg.please_ack);
	berth_unpacked_free(&in);
	test_stranger_leave(&p);
	pair_free(&two);
}

/* Nothing is said; the log has the reason. */
static void c077_without_the_role_a_forward_is_e_route(void **state)
{
	struct test_stranger p;
	struct story s;

	(void)state;
	story_cast(&s);
	test_stranger_appear(&p);
	assert_int_equal(answers(&p, s.owner, "https://didcomm.org/routing/2.0/forward", "{\"next\":\"did:example:x\"}"), 0);
	assert_string_equal(berth_err_detail(), "no protocol here takes https://didcomm.org/routing/2.0/forward");
	test_stranger_leave(&p);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c080_reports_and_acks_are_not_answered),
		cmocka_unit_test(c080_what_is_not_acknowledged),
		cmocka_unit_test(c077_without_the_role_a_forward_is_e_route),
	};

	return cmocka_run_group_tests_name("silence", tests, NULL, NULL);
}
