/* SPDX-License-Identifier: Apache-2.0 */
/* The main job over WebSockets, whose connections break: a message is delivered when the
 * other side has confirmed it, and what was on a broken connection comes again. */
#include "agent/ipc/frame.h"
#include "tests/fakes/story.h"

#define LIMIT_S 7200
#define WIRES 16
#define EVENTS 512

/* A connection between two nodes; its number at either end changes when it breaks. */
static struct wire {
	struct sim_node *end[2];
	uint64_t epoch;
	bool open;
} wires[WIRES];

static struct event {
	enum { REQUEST, RESULT, SENT, GONE } what;
	struct sim_node *to;
	uint64_t number;
	enum berth_err rc;
	struct berth_buf frame;
} events[EVENTS];
static size_t n_events, written, break_at, answers;
static bool arrives;

static uint64_t number(const struct wire *w, int side)
{
	return w->epoch << 8 | (uint64_t)(w - wires) << 1 | (uint64_t)side;
}

static struct event *push(int what, struct sim_node *to, uint64_t n)
{
	assert_true(n_events < EVENTS);
	events[n_events] = (struct event){ .what = what, .to = to, .number = n };
	return &events[n_events++];
}

static struct wire *wire_between(struct sim_node *a, struct sim_node *b)
{
	struct wire *w = wires;

	while (w->end[0] && !(w->end[0] == a && w->end[1] == b))
		w++;
	assert_true(w < wires + WIRES);
	w->end[0] = a;
	w->end[1] = b;
	w->epoch += !w->open;
	w->open = true;
	return w;
}

/* WebSocket has no acks, and says nothing but the message. */
static void carry(struct wire *w, int to, const uint8_t *msg, size_t len)
{
	struct berth_frame_request f = { .media = BERTH_FRAME_ENCRYPTED, .msg = msg, .msg_len = len };

	CHECK_OK(berth_frame_request_encode(&push(REQUEST, w->end[to], number(w, to))->frame, &f));
}

/* True: it does so with this message, which is lost, or arrives and is not confirmed; both
 * ends hear of it. */
static bool breaks(struct wire *w, int to, const uint8_t *msg, size_t len)
{
	if (++written != break_at)
		return false;
	if (arrives)
		carry(w, to, msg, len);
	for (int side = 0; side < 2; side++)
		push(GONE, w->end[side], number(w, side));
	w->open = false;
	return true;
}

static enum berth_err socket_send(struct berth_transport *t, uint64_t id, const char *uri, const struct berth_buf *frame)
{
	struct sim_node *n = (struct sim_node *)t, *to = NULL;
	struct berth_frame_request f;
	struct wire *w;

	for (size_t i = 0; i < n->w->n; i++)
		if (n->w->node[i].uri && strcmp(n->w->node[i].uri, uri) == 0)
			to = &n->w->node[i];
	CHECK(to);
	CHECK_OK(berth_frame_request_decode(&f, frame->p, frame->len));
	w = wire_between(n, to);
	if (breaks(w, 1, f.msg, f.msg_len)) {
		push(RESULT, n, id)->rc = BERTH_E_UNAVAILABLE;
		return BERTH_OK;
	}
	carry(w, 1, f.msg, f.msg_len);
	push(RESULT, n, id);
	return BERTH_OK;
}

static enum berth_err socket_reply(struct berth_transport *t, uint64_t request, const struct berth_buf *frame)
{
	struct sim_node *n = (struct sim_node *)t;
	struct wire *w = &wires[request >> 1 & 0x7f];
	int side = request & 1;
	struct berth_frame_reply r;

	CHECK_OK(berth_frame_reply_decode(&r, frame->p, frame->len));
	if (!w->open || number(w, side) != request)
		return BERTH_OK;
	assert_ptr_equal(n, w->end[side]);
	assert_int_equal(BERTH_FRAME_STORED, r.status);
	for (size_t i = 0; i < r.n_msgs && w->open; i++) {
		if (breaks(w, 1 - side, r.msgs[i].p, r.msgs[i].n))
			break;
		carry(w, 1 - side, r.msgs[i].p, r.msgs[i].n);
		push(SENT, n, request);
		answers++;
	}
	return BERTH_OK;
}

static const struct berth_transport_ops ops = { .send = socket_send, .reply = socket_reply };

static void tell(struct event *e)
{
	struct berth_frame_reply stored = { .status = BERTH_FRAME_STORED };
	struct berth_buf b = BERTH_BUF_INIT;

	sim_as(e->to);
	switch (e->what) {
	case REQUEST:
		berth_agent_on_request(e->to->agent, e->number, BERTH_LINK_WS, "198.51.100.7", e->frame.p, e->frame.len);
		break;
	case RESULT:
		CHECK_OK(berth_frame_reply_encode(&b, &stored));
		berth_agent_on_result(e->to->agent, e->number, e->rc, e->rc ? NULL : b.p, e->rc ? 0 : b.len);
		break;
	case SENT: berth_agent_on_sent(e->to->agent, e->number); break;
	case GONE: berth_agent_on_gone(e->to->agent, e->number); break;
	}
	berth_buf_free(&b);
	berth_buf_free(&e->frame);
}

static bool settled(struct sim *w)
{
	while (n_events) {
		struct event e = events[0];

		memmove(events, events + 1, --n_events * sizeof(e));
		tell(&e);
	}
	return story_settled(w);
}

/* How many messages it took. */
static size_t run(size_t broken)
{
	struct story s;

	memset(wires, 0, sizeof(wires));
	written = answers = 0;
	break_at = broken;
	story_begin(&s);
	for (size_t i = 0; i < s.w.n; i++)
		s.w.node[i].transport.ops = &ops;
	if (!sim_run(&s.w, settled, LIMIT_S))
		fail_msg("broken at %zu: gateway %s", broken, sim_state(s.gateway, "gateway", NULL));
	assert_true(answers >= 4);	/* the gateway is dialled by nobody */
	story_check_end(&s, 1);
	story_end(&s);
	return written;
}

static void every_message_may_break_the_connection(void **state)
{
	size_t n = run(0);

	(void)state;
	for (int i = 0; i < 2; i++) {
		arrives = i;
		for (size_t k = 1; k <= n; k++)
			run(k);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_message_may_break_the_connection) };

	return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
