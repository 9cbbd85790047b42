/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fakes/replay.h"

#include "agent/ipc/frame.h"

/* Every message of a reply, as a request of its own. */
static void inject_reply(struct sim_node *to, const struct berth_buf *bytes)
{
	struct berth_frame_reply r;

	CHECK_OK(berth_frame_reply_decode(&r, bytes->p, bytes->len));
	for (size_t i = 0; i < r.n_msgs; i++) {
		struct berth_frame_request q = { .media = BERTH_FRAME_ENCRYPTED, .msg = r.msgs[i].p, .msg_len = r.msgs[i].n };
		struct berth_buf f = BERTH_BUF_INIT;

		CHECK_OK(berth_frame_request_encode(&f, &q));
		sim_inject(to, f.p, f.len);
		berth_buf_free(&f);
	}
}

static void all(struct story *s)
{
	size_t n = s->w.n_frames;

	for (size_t i = 0; i < n; i++) {
		const struct sim_frame *f = &s->w.frames[i];

		if (f->reply)
			inject_reply(f->to, &f->bytes);
		else
			sim_inject(f->to, f->bytes.p, f->bytes.len);
	}
	sim_pump(&s->w);
}

static void same(struct story *s, const struct berth_buf *before)
{
	struct berth_buf after = BERTH_BUF_INIT;

	all(s);
	story_dump(s, &after);
	assert_int_equal(after.len, before->len);	/* sealed items hold NULs: no strings */
	assert_memory_equal(after.p, before->p, before->len);
	berth_buf_free(&after);
}

void test_replay(struct story *s)
{
	struct berth_buf before = BERTH_BUF_INIT;

	s->w.record = false;
	story_dump(s, &before);
	same(s, &before);
	/* and after a restart, from what is on disk */
	for (size_t i = 0; i < s->w.n; i++) {
		sim_off(&s->w.node[i]);
		sim_on(&s->w.node[i]);
	}
	same(s, &before);
	berth_buf_free(&before);
}
