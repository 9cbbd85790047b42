/* SPDX-License-Identifier: Apache-2.0 */
/* Messages whose keys are wrapped together (agent/core/wraps.c): what requests that came
 * together get is whole, and nothing else is ever sent or kept; a key that does not come
 * costs their group, and nobody anything for good. */
#include "agent/core/agent_internal.h"
#include "tests/fakes/late_wraps.h"
#include "tests/fakes/story.h"
#include "tests/fakes/stranger.h"

#define CROWD 70		/* more than WRAPS_MAX, and than replies fit before a sync */
#define PING "https://didcomm.org/trust-ping/2.0/ping"

struct crowd {
	struct story s;
	struct berth_transport_ops ops;
	struct test_stranger who[CROWD];
	struct berth_buf asks[CROWD];	/* request frames; the n-th has number n + 1 */
	struct berth_buf answers[CROWD];
	size_t n_answers;
};

static struct crowd c;

/* Nothing leaves within a batch but what was synced. */
static enum berth_err catch(struct berth_transport *t, uint64_t request, const struct berth_buf *frame)
{
	struct berth_buf *b = &c.answers[request - 1];

	(void)t;
	assert_int_equal(b->len, 0);
	berth_buf_put(b, frame->p, frame->len);
	c.n_answers++;
	return BERTH_OK;
}

static void write_ping(struct test_stranger *p, struct berth_buf *frame)
{
	const struct berth_identity *us = story_identity(c.s.owner, BERTH_ID_OWNER);
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = p->did_long, .to = us->did_long,
		.resolver = &p->resolver, .keyring = p->keys };
	struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED };
	struct berth_buf packed = BERTH_BUF_INIT;
	struct berth_message m;

	p->other = us;
	CHECK_OK(berth_message_new(&m, PING, p->did_long, us->did_long, NULL, NULL));
	CHECK_OK(berth_json_set_str(m.json, "return_route", "all"));
	CHECK_OK(berth_pack(&packed, &how, &m));
	q.msg = packed.p;
	q.msg_len = packed.len;
	berth_buf_reset(frame);
	CHECK_OK(berth_frame_request_encode(frame, &q));
	berth_message_free(&m);
	berth_buf_free(&packed);
}

static void gather(size_t n)
{
	memset(&c, 0, sizeof(c));
	story_cast(&c.s);
	c.ops = *c.s.owner->transport.ops;
	c.ops.reply = catch;
	c.s.owner->transport.ops = &c.ops;
	for (size_t i = 0; i < n; i++) {
		test_stranger_appear(&c.who[i]);
		sim_as(c.s.owner);
		write_ping(&c.who[i], &c.asks[i]);
	}
	test_wraps_fail(0, 0);
}

static void disperse(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		berth_buf_free(&c.asks[i]);
		berth_buf_free(&c.answers[i]);
		test_stranger_leave(&c.who[i]);
	}
	test_wraps_fail(0, 0);
	story_end(&c.s);
}

static struct berth_agent *owner(void)
{
	sim_as(c.s.owner);
	return c.s.owner->agent;
}

static void ask(size_t i)
{
	berth_agent_on_request(owner(), i + 1, BERTH_LINK_NNG, "198.51.100.7", c.asks[i].p, c.asks[i].len);
}

static void ask_all(size_t n)
{
	for (size_t i = 0; i < n; i++) {
		berth_buf_reset(&c.answers[i]);
		ask(i);
	}
}

static enum berth_frame_status status(size_t i, struct berth_frame_reply *r)
{
	CHECK_OK(berth_frame_reply_decode(r, c.answers[i].p, c.answers[i].len));
	return r->status;
}

/* Its answer came, with a message that opens. */
static void check_pong(size_t i)
{
	const struct berth_unpack how = { .resolver = &c.who[i].resolver, .keyring = c.who[i].keys };
	struct berth_frame_reply r;
	struct berth_unpacked in;

	assert_int_equal(status(i, &r), BERTH_FRAME_STORED);
	assert_int_equal(r.n_msgs, 1);
	CHECK_OK(berth_unpack(&in, &how, (const char *)r.msgs[0].p, r.msgs[0].n));
	assert_string_equal("https://didcomm.org/trust-ping/2.0/ping-response", in.msg.type);
	berth_unpacked_free(&in);
}

static void check_busy(size_t i)
{
	struct berth_frame_reply r;

	assert_int_equal(status(i, &r), BERTH_FRAME_BUSY);
	assert_int_equal(r.n_msgs, 0);
}

static int64_t waiting(size_t i)
{
	int64_t n;

	CHECK_OK(berth_store_outbox_count(c.s.owner->store, c.who[i].did, &n));
	return n;
}

/* What lies in the store for that one opens. */
static void check_row(size_t i)
{
	const struct berth_unpack how = { .resolver = &c.who[i].resolver, .keyring = c.who[i].keys };
	struct berth_outbox_list l;
	struct berth_unpacked in;

	CHECK_OK(berth_store_outbox_for_peer(c.s.owner->store, c.who[i].did, berth_agent_now_s(owner()), 8, &l));
	assert_int_equal(l.n, 1);
	CHECK_OK(berth_unpack(&in, &how, (const char *)l.rows[0].body, l.rows[0].body_len));
	berth_unpacked_free(&in);
	berth_outbox_list_free(&l);
}

static void keys_are_waited_for_together(void **state)
{
	(void)state;
	gather(3);
	berth_agent_batch_begin(owner());
	ask_all(3);
	assert_int_equal(test_wraps.late + test_wraps.at_once, 0);
	assert_int_equal(c.n_answers, 0);
	berth_agent_batch_end(owner());
	assert_int_equal(test_wraps.late, 3);
	assert_int_equal(test_wraps.at_once, 0);
	for (size_t i = 0; i < 3; i++) {
		check_pong(i);
		check_row(i);
	}
	disperse(3);
}

/* Beyond the caps each is waited for, or answered, in its turn. */
static void each_of_a_large_crowd_is_answered(void **state)
{
	(void)state;
	gather(CROWD);
	berth_agent_batch_begin(owner());
	ask_all(CROWD);
	berth_agent_batch_end(owner());
	assert_int_equal(test_wraps.late + test_wraps.at_once, CROWD);
	assert_true(test_wraps.late >= WRAPS_MAX);
	for (size_t i = 0; i < CROWD; i++)
		check_pong(i);
	disperse(CROWD);
}

/* All of it comes again, and goes well; for a minute each key is waited for alone. */
static void a_key_that_does_not_come_costs_the_group(void **state)
{
	(void)state;
	gather(4);
	for (long n = 1; n <= 3; n++) {
		test_wraps_fail(n, 1);
		berth_agent_batch_begin(owner());
		ask_all(3);
		berth_agent_batch_end(owner());
		assert_int_equal(test_wraps.late, n);
		for (size_t i = 0; i < 3; i++) {
			check_busy(i);
			assert_int_equal(waiting(i), 0);
		}
		berth_agent_tick(owner());
		c.s.w.mono_ms += 61000;
	}
	test_wraps_fail(1, 1);
	berth_agent_batch_begin(owner());
	ask_all(1);
	berth_agent_batch_end(owner());
	berth_agent_tick(owner());
	test_wraps_fail(1, 1000);
	berth_agent_batch_begin(owner());
	ask_all(3);
	assert_int_equal(test_wraps.at_once, 3);
	berth_agent_batch_end(owner());
	for (size_t i = 0; i < 3; i++)
		check_pong(i);
	assert_int_equal(test_wraps.late, 0);
	c.s.w.mono_ms += 61000;
	test_wraps_fail(0, 0);
	ask(3);
	assert_int_equal(test_wraps.late, 1);
	check_pong(3);
	disperse(4);
}

/* What comes behind it in the batch hears "busy", too: nothing is built upon what is lost. */
static void a_loss_in_the_middle_is_everybodys(void **state)
{
	(void)state;
	gather(3);
	test_wraps_fail(2, 1);
	berth_agent_batch_begin(owner());
	ask(0);
	ask(1);
	assert_int_equal(agent_batch_sync(owner()), BERTH_E_STORE);
	ask(2);
	berth_agent_batch_end(owner());
	for (size_t i = 0; i < 3; i++) {
		check_busy(i);
		assert_int_equal(waiting(i), 0);
	}
	berth_agent_tick(owner());
	ask_all(3);
	for (size_t i = 0; i < 3; i++)
		check_pong(i);
	disperse(3);
}

/* A sync in the middle has all keys filled in first, and the answers come at the end. */
static void a_sync_in_the_middle_keeps_what_is_whole(void **state)
{
	(void)state;
	gather(2);
	berth_agent_batch_begin(owner());
	ask(0);
	ask(1);
	CHECK_OK(agent_batch_sync(owner()));
	assert_int_equal(test_wraps.late, 2);
	assert_int_equal(c.n_answers, 0);
	check_row(0);
	check_row(1);
	berth_agent_batch_end(owner());
	check_pong(0);
	check_pong(1);
	disperse(2);
}

/* The second of one sender is refused for its quota, and its key is nobody's; the first and
 * the other's are whole. */
static void a_step_that_is_taken_back_takes_its_own(void **state)
{
	struct berth_buf again = BERTH_BUF_INIT;

	(void)state;
	gather(2);
	c.s.owner->policy.peer_msgs = 1;
	write_ping(&c.who[0], &again);
	berth_agent_batch_begin(owner());
	ask(0);
	berth_agent_on_request(owner(), 3, BERTH_LINK_NNG, "198.51.100.7", again.p, again.len);
	ask(1);
	berth_agent_batch_end(owner());
	assert_int_equal(test_wraps.late, 2);
	check_pong(0);
	check_pong(1);
	check_row(0);
	berth_buf_free(&again);
	berth_buf_free(&c.answers[2]);
	disperse(2);
}

/* Its message stays, whole, until it is asked for. */
static void who_has_gone_is_not_answered(void **state)
{
	(void)state;
	gather(2);
	berth_agent_batch_begin(owner());
	ask(0);
	ask(1);
	berth_agent_on_gone(owner(), 1);
	berth_agent_batch_end(owner());
	assert_int_equal(c.n_answers, 1);
	check_pong(1);
	check_row(0);
	berth_agent_batch_begin(owner());
	berth_buf_reset(&c.answers[1]);
	write_ping(&c.who[1], &c.asks[1]);
	ask(1);
	berth_agent_on_all_gone(owner());
	berth_agent_batch_end(owner());
	assert_int_equal(c.n_answers, 1);
	disperse(2);
}

/* Killed between the questions and the answers: as if nothing had come. */
static void death_in_between_leaves_nothing(void **state)
{
	(void)state;
	gather(2);
	berth_agent_batch_begin(owner());
	ask_all(2);
	sim_off(c.s.owner);
	sim_on(c.s.owner);
	assert_int_equal(c.n_answers, 0);
	assert_int_equal(waiting(0) + waiting(1), 0);
	ask_all(2);
	check_pong(0);
	check_pong(1);
	disperse(2);
}

/* Whichever key does not come, all agents end where they would have. */
static void an_onboarding_survives_the_loss_of_any(void **state)
{
	long n = 1;

	(void)state;
	for (bool lost = true; lost; n++) {
		struct story s;

		test_wraps_fail(0, 0);
		story_begin(&s);
		test_wraps_fail(n, 1);
		story_settle(&s);
		lost = test_wraps.late >= n;
		test_wraps_fail(0, 0);
		story_check_end(&s, 1);
		story_end(&s);
	}
	printf("lost in turn: %ld keys of one onboarding\n", n - 2);
	assert_true(n > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_are_waited_for_together),
		cmocka_unit_test(each_of_a_large_crowd_is_answered),
		cmocka_unit_test(a_key_that_does_not_come_costs_the_group),
		cmocka_unit_test(a_loss_in_the_middle_is_everybodys),
		cmocka_unit_test(a_sync_in_the_middle_keeps_what_is_whole),
		cmocka_unit_test(a_step_that_is_taken_back_takes_its_own),
		cmocka_unit_test(who_has_gone_is_not_answered),
		cmocka_unit_test(death_in_between_leaves_nothing),
		cmocka_unit_test(an_onboarding_survives_the_loss_of_any),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
