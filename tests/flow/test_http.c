/* SPDX-License-Identifier: Apache-2.0 */
/* The main job over HTTP: one message in an answer, and delivered when it has left, or
 * when a peer that acknowledges has said so. */
#include "agent/ipc/frame.h"
#include "tests/fakes/story.h"

#define LIMIT_S 7200

/* The messages that the answers to the gateway brought; none brought two. */
static size_t brought(const struct story *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->w.n_frames; i++) {
		const struct sim_frame *f = &s->w.frames[i];
		struct berth_frame_reply r;

		if (!f->reply)
			continue;
		CHECK_OK(berth_frame_reply_decode(&r, f->bytes.p, f->bytes.len));
		assert_true(r.n_msgs <= 1);
		n += f->to == s->gateway ? r.n_msgs : 0;
	}
	return n;
}

static size_t run(enum berth_link link, enum fault fault, size_t k)
{
	struct story s;
	size_t before, n;

	story_begin(&s);
	s.w.link = link;
	s.w.record = true;
	s.w.fault = fault;
	before = s.w.sent;
	s.w.fault_at = fault ? before + k : 0;
	if (!sim_run(&s.w, story_settled, LIMIT_S))
		fail_msg("link %d, fault %d at frame %zu: gateway %s", (int)link, (int)fault, k, sim_state(s.gateway, "gateway", NULL));
	n = s.w.sent - before;
	assert_true(brought(&s) >= 4);
	story_check_end(&s, 1);
	story_end(&s);
	return n;
}

static void every_frame(enum berth_link link, enum fault fault)
{
	size_t n = run(link, FAULT_NONE, 0);

	for (size_t k = 1; k <= n; k++)
		run(link, fault, k);
}

static void peers_that_acknowledge(void **state)
{
	(void)state;
	every_frame(BERTH_LINK_HTTP_ACKS, FAULT_LOSE_REPLY);
	every_frame(BERTH_LINK_HTTP_ACKS, FAULT_LOSE_REQUEST);
}

static void peers_that_do_not(void **state)
{
	(void)state;
	every_frame(BERTH_LINK_HTTP, FAULT_LOSE_REPLY);
	every_frame(BERTH_LINK_HTTP, FAULT_TWICE);
}

static void a_third_of_all_frames_is_lost_over_http(void **state)
{
	(void)state;
	for (uint32_t seed = 1; seed <= 4; seed++) {
		struct story s;

		story_begin(&s);
		s.w.link = seed % 2 ? BERTH_LINK_HTTP : BERTH_LINK_HTTP_ACKS;
		s.w.loss_percent = 30;
		s.w.seed = seed;
		if (!sim_run(&s.w, story_settled, 14 * 86400))
			fail_msg("seed %u: gateway %s", seed, sim_state(s.gateway, "gateway", NULL));
		story_check_end(&s, story_audit(s.owner, "operational credential issued"));
		story_end(&s);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(peers_that_acknowledge),
		cmocka_unit_test(peers_that_do_not),
		cmocka_unit_test(a_third_of_all_frames_is_lost_over_http),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
