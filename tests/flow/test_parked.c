/* SPDX-License-Identifier: Apache-2.0 */
/* Many wait for messages at once: each is answered when there is something for it, and
 * what happens to one of them is no work for the others. */
#include "agent/core/agent_internal.h"
#include "agent/protocol/empty.h"
#include "tests/fakes/story.h"
#include "tests/fakes/stranger.h"

#define WAITING 300
#define PING "https://didcomm.org/trust-ping/2.0/ping"
#define LATER_MS 9000		/* what was handed over is given again by then */

/* Says it; how many messages came back, to it or to one that waited; -1: nothing was said. */
static int say(struct test_stranger *p, struct sim_node *to, const char *type, const char *route)
{
	const char *to_did = story_identity(to, BERTH_ID_OWNER)->did_long;
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = p->did_long, .to = to_did,
		.resolver = &p->resolver, .keyring = p->keys };
	struct berth_frame_reply r = { 0 };
	struct berth_message m;

	p->other = story_identity(to, BERTH_ID_OWNER);
	sim_as(to);
	CHECK_OK(berth_message_new(&m, type, p->did_long, to_did, NULL, NULL));
	if (route)
		CHECK_OK(berth_json_set_str(m.json, "return_route", route));
	berth_buf_reset(&to->w->answer);
	sim_inject_message(to, &how, &m);
	if (to->w->answer.len)
		CHECK_OK(berth_frame_reply_decode(&r, to->w->answer.p, to->w->answer.len));
	return to->w->answer.len ? (int)r.n_msgs : -1;
}

static int wait_for_one(struct test_stranger *p, struct sim_node *to) { return say(p, to, BERTH_TYPE_EMPTY, "all"); }

/* What a turn of the agent's loop says. */
static bool tick_answers(struct sim_node *n)
{
	berth_buf_reset(&n->w->answer);
	sim_as(n);
	berth_agent_tick(n->agent);
	return n->w->answer.len > 0;
}

static void one_of_many_is_answered(void **state)
{
	static struct test_stranger p[WAITING];
	struct berth_unpacked in;
	struct story s;

	(void)state;
	story_cast(&s);
	for (int i = 0; i < WAITING; i++) {
		test_stranger_appear(&p[i]);
		assert_int_equal(wait_for_one(&p[i], s.owner), -1);
	}
	assert_int_equal(s.owner->agent->n_parked, WAITING);
	for (int i = 0; i < WAITING; i += 100) {
		assert_int_equal(say(&p[i], s.owner, PING, NULL), 1);
		test_stranger_read(&p[i], s.owner, &in);	/* nobody else can */
		berth_unpacked_free(&in);
	}
	assert_int_equal(s.owner->agent->n_parked, WAITING - WAITING / 100);
	assert_false(tick_answers(s.owner));
	s.w.mono_ms += BERTH_AGENT_PARK_MS;
	assert_true(tick_answers(s.owner));
	assert_int_equal(s.owner->agent->n_parked, 0);
	for (int i = 0; i < WAITING; i++)
		test_stranger_leave(&p[i]);
	story_end(&s);
}

/* All that it puts, sends, has acknowledged and drops is its own. */
static void an_onboarding_is_no_work_for_those_who_wait(void **state)
{
	struct test_stranger p;
	struct story s;
	uint64_t moved;

	(void)state;
	story_cast(&s);
	test_stranger_appear(&p);
	assert_int_equal(wait_for_one(&p, s.owner), -1);
	story_birth(&s);
	story_sale(&s);
	sim_on(s.gateway);
	moved = berth_store_outbox_moved(s.owner->store);
	assert_true(sim_run(&s.w, story_settled, 120));
	assert_true(berth_store_outbox_moved(s.owner->store) == moved);
	test_stranger_leave(&p);
	story_end(&s);
}

static void begin(struct story *s, struct test_stranger *p)
{
	story_cast(s);
	test_stranger_appear(p);
	assert_int_equal(wait_for_one(p, s->owner), -1);
	assert_int_equal(say(p, s->owner, PING, NULL), 1);
	assert_int_equal(wait_for_one(p, s->owner), -1);	/* it was handed over, and may be on its way */
	assert_false(tick_answers(s->owner));
}

static void what_was_not_acknowledged_is_given_again(void **state)
{
	struct test_stranger p;
	struct story s;

	(void)state;
	begin(&s, &p);
	s.w.mono_ms += LATER_MS;
	assert_true(tick_answers(s.owner));
	assert_int_equal(s.owner->agent->n_parked, 0);
	test_stranger_leave(&p);
	story_end(&s);
}

static void an_operator_may_hurry_it(void **state)
{
	struct test_stranger p;
	struct story s;
	int64_t n;

	(void)state;
	begin(&s, &p);
	CHECK_OK(berth_store_begin(s.owner->store));
	CHECK_OK(berth_store_outbox_hurry(s.owner->store, NULL, p.did, berth_agent_now_s(s.owner->agent), &n));
	CHECK_OK(berth_store_commit(s.owner->store));
	assert_int_equal(n, 1);
	assert_true(tick_answers(s.owner));
	test_stranger_leave(&p);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_of_many_is_answered),
		cmocka_unit_test(an_onboarding_is_no_work_for_those_who_wait),
		cmocka_unit_test(what_was_not_acknowledged_is_given_again), cmocka_unit_test(an_operator_may_hurry_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
