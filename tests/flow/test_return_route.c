/* SPDX-License-Identifier: Apache-2.0 */
/* return_route: none, all, one thread; and what a held request is answered with. */
#include "agent/protocol/empty.h"
#include "tests/fakes/story.h"
#include "tests/fakes/stranger.h"

#define PING "https://didcomm.org/trust-ping/2.0/ping"

/* A ping; its id in id.  How many messages the reply held. */
static size_t ping(struct test_stranger *p, struct sim_node *to, const char *id, const char *route, const char *thread)
{
	const char *to_did = story_identity(to, BERTH_ID_OWNER)->did_long;
	const struct berth_pack how = { .mode = BERTH_PACK_AUTHCRYPT, .from = p->did_long, .to = to_did,
		.resolver = &p->resolver, .keyring = p->keys };
	struct berth_frame_reply r;
	struct berth_message m;

	p->other = story_identity(to, BERTH_ID_OWNER);
	sim_as(to);
	CHECK_OK(berth_message_new(&m, PING, p->did_long, to_did, NULL, NULL));
	CHECK_OK(berth_json_set_str(m.json, "id", id));
	if (route)
		CHECK_OK(berth_json_set_str(m.json, "return_route", route));
	if (thread)
		CHECK_OK(berth_json_set_str(m.json, "return_route_thread", thread));
	sim_inject_message(to, &how, &m);
	CHECK_OK(berth_frame_reply_decode(&r, to->w->answer.p, to->w->answer.len));
	assert_int_equal(r.status, BERTH_FRAME_STORED);
	return r.n_msgs;
}

static void check_thread(struct test_stranger *p, struct sim_node *to, const char *thid)
{
	struct berth_unpacked in;

	test_stranger_read(p, to, &in);
	assert_string_equal(in.msg.thid, thid);
	berth_unpacked_free(&in);
}

static void none_thread_and_all(void **state)
{
	struct test_stranger p;
	struct story s;

	(void)state;
	story_cast(&s);
	test_stranger_appear(&p);
	assert_int_equal(ping(&p, s.owner, "one", NULL, NULL), 0);
	assert_int_equal(ping(&p, s.owner, "two", "none", NULL), 0);
	assert_int_equal(ping(&p, s.owner, "three", "thread", NULL), 1);	/* its own */
	check_thread(&p, s.owner, "three");
	assert_int_equal(ping(&p, s.owner, "four", "thread", "one"), 1);
	check_thread(&p, s.owner, "one");
	assert_int_equal(ping(&p, s.owner, "five", "thread", "nothing"), 0);
	s.w.mono_ms += 60000;	/* what was handed over and not acknowledged goes again */
	assert_int_equal(ping(&p, s.owner, "six", "all", NULL), 6);
	test_stranger_leave(&p);
	story_end(&s);
}

static void a_thread_that_is_none_is_refused(void **state)
{
	struct test_stranger p;
	struct story s;

	(void)state;
	story_cast(&s);
	test_stranger_appear(&p);
	char longer[200];

	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(ping(&p, s.owner, "one", "thread", longer), 0);
	assert_int_equal(ping(&p, s.owner, "two", "all", NULL), 1);	/* and the first was not taken */
	check_thread(&p, s.owner, "two");
	test_stranger_leave(&p);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_thread_and_all),
		cmocka_unit_test(a_thread_that_is_none_is_refused),
	};

	return cmocka_run_group_tests_name("return route", tests, NULL, NULL);
}
