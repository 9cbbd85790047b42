/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that come together are taken apart before the first is worked on
 * (agent/core/ahead.c): what comes of each is what would have come of it alone. */
#include "agent/core/agent_internal.h"
#include "agent/core/metrics.h"
#include "tests/fakes/story.h"
#include "tests/fakes/stranger.h"

#define TOGETHER 40		/* more than are taken apart at once */
#define PING "https://didcomm.org/trust-ping/2.0/ping"

static void write_ping(struct test_stranger *p, struct sim_node *to, struct berth_buf *frame)
{
	const char *to_did = story_identity(to, BERTH_ID_OWNER)->did_long;
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = p->did_long, .to = to_did,
		.resolver = &p->resolver, .keyring = p->keys };
	struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED };
	struct berth_buf packed = BERTH_BUF_INIT;
	struct berth_message m;

	sim_as(to);
	CHECK_OK(berth_message_new(&m, PING, p->did_long, to_did, NULL, NULL));
	CHECK_OK(berth_json_set_str(m.json, "return_route", "all"));
	CHECK_OK(berth_pack(&packed, &how, &m));
	q.msg = packed.p;
	q.msg_len = packed.len;
	CHECK_OK(berth_frame_request_encode(frame, &q));
	berth_message_free(&m);
	berth_buf_free(&packed);
}

/* True: there was a reply with a message in it. */
static bool work_on(struct sim_node *to, const struct berth_buf *frame)
{
	struct berth_frame_reply r = { 0 };
	struct berth_buf *answer = &to->w->answer;

	berth_buf_reset(answer);
	sim_as(to);
	sim_inject(to, frame->p, frame->len);
	if (answer->len)
		CHECK_OK(berth_frame_reply_decode(&r, answer->p, answer->len));
	return r.n_msgs > 0;
}

static void begin(struct story *s, struct test_stranger *p, struct berth_buf *frames, size_t n)
{
	story_cast(s);
	s->w.together = true;
	for (size_t i = 0; i < n; i++) {
		test_stranger_appear(&p[i]);
		write_ping(&p[i], s->owner, &frames[i]);
	}
}

static void end(struct story *s, struct test_stranger *p, struct berth_buf *frames, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		berth_buf_free(&frames[i]);
		test_stranger_leave(&p[i]);
	}
	story_end(s);
}

static void ahead(struct sim_node *to, const struct berth_buf *frame)
{
	sim_as(to);
	berth_agent_ahead(to->agent, frame->p, frame->len);
}

static void each_of_a_crowd_is_answered(void **state)
{
	static struct test_stranger p[TOGETHER];
	struct berth_buf frames[TOGETHER] = { 0 };
	uint64_t unreadable;
	struct story s;

	(void)state;
	begin(&s, p, frames, TOGETHER);
	unreadable = berth_metric(BERTH_METRIC_UNREADABLE);
	for (size_t i = 0; i < TOGETHER; i++)
		ahead(s.owner, &frames[i]);
	for (size_t i = 0; i < TOGETHER; i++)
		assert_true(work_on(s.owner, &frames[i]));
	berth_agent_ahead_end(s.owner->agent);
	assert_true(berth_metric(BERTH_METRIC_UNREADABLE) == unreadable);
	assert_null(s.owner->agent->ahead);
	end(&s, p, frames, TOGETHER);
}

/* What is no message, or not to us, is found out in its turn; those beside it are answered. */
static void garbage_in_between_changes_nothing(void **state)
{
	static struct test_stranger p[3];
	struct berth_buf frames[3] = { 0 };
	uint64_t unreadable;
	struct story s;

	(void)state;
	begin(&s, p, frames, 3);
	unreadable = berth_metric(BERTH_METRIC_UNREADABLE);
	frames[1].p[frames[1].len / 2] ^= 1;
	for (size_t i = 0; i < 3; i++)
		ahead(s.owner, &frames[i]);
	assert_true(work_on(s.owner, &frames[0]));
	assert_false(work_on(s.owner, &frames[1]));
	assert_true(work_on(s.owner, &frames[2]));
	berth_agent_ahead_end(s.owner->agent);
	assert_true(berth_metric(BERTH_METRIC_UNREADABLE) == unreadable + 1);
	for (size_t n = 0; n < frames[0].len; n++) {
		berth_agent_ahead(s.owner->agent, frames[0].p, n);
		berth_agent_ahead_reply(s.owner->agent, frames[0].p, n);
		berth_agent_ahead_end(s.owner->agent);
	}
	end(&s, p, frames, 3);
}

/* Its octets are known by where they stand, and only for as long as they stand there. */
static void what_was_not_worked_on_is_forgotten(void **state)
{
	static struct test_stranger p[2];
	struct berth_buf frames[2] = { 0 };
	uint64_t unreadable;
	struct story s;

	(void)state;
	begin(&s, p, frames, 2);
	assert_int_equal(frames[0].len, frames[1].len);
	unreadable = berth_metric(BERTH_METRIC_UNREADABLE);
	ahead(s.owner, &frames[0]);
	berth_agent_ahead_end(s.owner->agent);
	memcpy(frames[0].p, frames[1].p, frames[1].len);
	assert_true(work_on(s.owner, &frames[0]));
	assert_true(berth_metric(BERTH_METRIC_UNREADABLE) == unreadable);
	ahead(s.owner, &frames[1]);		/* and what is there at the end is freed with the agent */
	end(&s, p, frames, 2);
}

/* Who hears nobody takes nothing apart. */
static void who_hears_nobody_asks_nothing(void **state)
{
	static struct test_stranger p[1];
	struct berth_buf frames[1] = { 0 };
	struct story s;

	(void)state;
	begin(&s, p, frames, 1);
	s.owner->agent->closed = true;
	ahead(s.owner, &frames[0]);
	assert_null(s.owner->agent->ahead);
	s.owner->agent->closed = false;
	ahead(s.owner, &frames[0]);
	assert_non_null(s.owner->agent->ahead);
	assert_true(work_on(s.owner, &frames[0]));
	end(&s, p, frames, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_of_a_crowd_is_answered),
		cmocka_unit_test(garbage_in_between_changes_nothing),
		cmocka_unit_test(what_was_not_worked_on_is_forgotten),
		cmocka_unit_test(who_hears_nobody_asks_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
