/* SPDX-License-Identifier: Apache-2.0 */
/* A store without room: what comes is neither acknowledged nor remembered, and taken when
 * there is room again.  Who uses up its own share alone is refused for good. */
#include "agent/ipc/frame.h"
#include "tests/fakes/story.h"
#include "tests/fakes/stranger.h"

#define LIMIT_S 14400
#define FULL_S 3600
#define NS "filler"
#define PING "https://didcomm.org/trust-ping/2.0/ping"

static uint8_t big[BERTH_STORE_VALUE_MAX];

static struct berth_outbox_row row_for(const char *peer, const char *id, size_t len)
{
	return (struct berth_outbox_row){ .id = id, .peer = peer, .from = "", .thid = NS, .endpoints = "", .parked = true,
		.body = big, .body_len = len, .expires_s = INT64_MAX };
}

static struct berth_store_counts counts(struct sim_node *n)
{
	struct berth_store_counts c;

	CHECK_OK(berth_store_counts(n->store, &c));
	return c;
}

/* ---- records ---- */
static void fill_records(struct berth_store *s)
{
	size_t n = sizeof(big);
	char key[32];

	CHECK_OK(berth_store_begin(s));
	for (int i = 0; n; i++) {
		snprintf(key, sizeof(key), "%d", i);
		if (berth_store_put(s, NS, key, big, n))
			n /= 2;
	}
	CHECK_RC(BERTH_E_UNAVAILABLE, berth_store_put(s, NS, "more", big, 1));
	CHECK_OK(berth_store_commit(s));
}

static enum berth_err drop(void *arg, const char *key, const uint8_t *p, size_t n)
{
	(void)p;
	(void)n;
	return berth_store_delete(arg, NS, key);
}

static void empty_records(struct berth_store *s)
{
	CHECK_OK(berth_store_begin(s));
	CHECK_OK(berth_store_each(s, NS, NULL, drop, s));
	CHECK_OK(berth_store_commit(s));
}

/* Either side, at any time: nothing is refused, and what was meant to come has come. */
static void full_at(struct sim_node *(*which)(struct story *s), const char *state)
{
	struct story s;
	struct sim_node *n;

	story_begin(&s);
	n = which(&s);
	assert_true(story_run_to(&s, s.gateway, state));
	fill_records(n->store);
	assert_false(sim_run(&s.w, story_operational, FULL_S));
	assert_int_equal(story_audit(n, "refused: "), 0);
	empty_records(n->store);
	story_settle(&s);
	story_end(&s);
}

static struct sim_node *owner_of(struct story *s) { return s->owner; }
static struct sim_node *gateway_of(struct story *s) { return s->gateway; }

static void records_are_full_at_the_owner(void **state)
{
	(void)state;
	full_at(owner_of, "CONTACTING");
}

static void records_are_full_at_the_gateway(void **state)
{
	(void)state;
	full_at(gateway_of, "CONTACTING");
}

/* ---- the outbox ---- */
static struct story *now;

static bool ponged(struct sim *w)
{
	int64_t n;

	CHECK_OK(berth_store_count(now->gateway->store, "pong", &n));
	return n > 0 && story_settled(w);
}

static enum berth_err ping(struct sim_node *n, const char *identity, const char *peer, const char *uri)
{
	struct berth_json *args = berth_json_new_object(), *out = NULL;
	enum berth_err rc;

	CHECK_OK(berth_json_set_str(args, "identity", identity));
	CHECK_OK(berth_json_set_str(args, "peer", peer));
	if (uri)
		CHECK_OK(berth_json_set_str(args, "uri", uri));
	sim_as(n);
	rc = berth_agent_command(n->agent, "ping", NULL, "cmd/ping", args, &out);
	berth_json_free(args);
	berth_json_free(out);
	return rc;
}

static void ping_owner(struct story *s)
{
	struct berth_json *data = story_data(s, s->gateway);
	const struct berth_json *active = berth_json_get(data, "active");

	CHECK_OK(ping(s->gateway, berth_data_str(active, "identity"), berth_data_str(active, "owner"),
		      berth_data_str(active, "uri")));
	berth_json_free(data);
}

/* The whole of it, by rows that nobody fetches; a quarter of what one peer may have each. */
static void fill_outbox(struct berth_store *s, bool full)
{
	char peer[32];

	CHECK_OK(berth_store_begin(s));
	for (int i = 0; i < (int)(BERTH_OUTBOX_BYTES / (int64_t)BERTH_OUTBOX_BODY_MAX); i++) {
		snprintf(peer, sizeof(peer), "did:x:%d", i);
		struct berth_outbox_row row = row_for(peer, NS, BERTH_OUTBOX_BODY_MAX);

		CHECK_OK(full ? berth_store_outbox_put(s, &row) : berth_store_outbox_drop_thread(s, peer, NS));
	}
	CHECK_OK(berth_store_commit(s));
}

static void the_outbox_is_full(void **state)
{
	struct story s;

	(void)state;
	story_begin(&s);
	now = &s;
	story_settle(&s);
	fill_outbox(s.owner->store, true);
	ping_owner(&s);
	assert_false(sim_run(&s.w, ponged, FULL_S));
	assert_int_equal(counts(s.gateway).out, 1);	/* it still has it */
	assert_int_equal(story_audit(s.owner, "refused: "), 0);
	fill_outbox(s.owner->store, false);
	assert_true(sim_run(&s.w, ponged, LIMIT_S));
	assert_int_equal(counts(s.gateway).out, 0);
	story_end(&s);
}

/* ---- one peer's share of it ---- */
static void who_never_reads_is_refused_for_good(void **state)
{
	struct test_stranger p;
	struct story s;
	int64_t seen;

	(void)state;
	story_in_use(&s);
	test_stranger_appear(&p);
	for (int i = 0; i < BERTH_OUTBOX_PEER_MSGS; i++)
		assert_int_equal(test_stranger_say(&p, p.did_long, s.owner, BERTH_ID_OWNER, PING, NULL, NULL), BERTH_FRAME_STORED);
	assert_int_equal(counts(s.owner).out, BERTH_OUTBOX_PEER_MSGS);
	assert_int_equal(story_audit(s.owner, "refused: E_QUOTA"), 0);
	seen = counts(s.owner).inbox;
	assert_int_equal(test_stranger_say(&p, p.did_long, s.owner, BERTH_ID_OWNER, PING, NULL, NULL), BERTH_FRAME_STORED);
	assert_int_equal(counts(s.owner).out, BERTH_OUTBOX_PEER_MSGS);
	assert_int_equal(counts(s.owner).inbox, seen + 1);
	assert_int_equal(story_audit(s.owner, "refused: E_QUOTA: outbox"), 1);
	test_stranger_leave(&p);
	story_end(&s);
}

/* Whoever else wants to write to it cannot help that. */
static void a_share_that_others_filled_is_not_now(void **state)
{
	struct story s;
	struct berth_json *data;
	const char *peer, *us;
	char id[16];

	(void)state;
	story_in_use(&s);
	data = story_data(&s, s.gateway);
	us = berth_data_str(berth_json_get(data, "active"), "identity");
	peer = story_identity(s.owner, BERTH_ID_OWNER)->did;
	CHECK_OK(berth_store_begin(s.gateway->store));
	for (int i = 0; i < BERTH_OUTBOX_PEER_MSGS; i++) {
		snprintf(id, sizeof(id), "%d", i);
		struct berth_outbox_row row = row_for(peer, id, 1);

		CHECK_OK(berth_store_outbox_put(s.gateway->store, &row));
	}
	CHECK_OK(berth_store_commit(s.gateway->store));
	CHECK_RC(BERTH_E_UNAVAILABLE, ping(s.gateway, us, peer, NULL));
	CHECK_OK(berth_store_begin(s.gateway->store));
	CHECK_OK(berth_store_outbox_drop_thread(s.gateway->store, peer, NS));
	CHECK_OK(berth_store_commit(s.gateway->store));
	CHECK_OK(ping(s.gateway, us, peer, NULL));
	berth_json_free(data);
	story_end(&s);
}

/* BUSY says when to come back, and the same message is taken then. */
static void busy_says_when(void **state)
{
	struct berth_frame_reply r;
	struct test_stranger p;
	struct story s;
	int64_t seen;

	(void)state;
	story_in_use(&s);
	test_stranger_appear(&p);
	fill_outbox(s.owner->store, true);
	seen = counts(s.owner).inbox;
	assert_int_equal(test_stranger_say(&p, p.did_long, s.owner, BERTH_ID_OWNER, PING, NULL, NULL), BERTH_FRAME_BUSY);
	CHECK_OK(berth_frame_reply_decode(&r, s.w.answer.p, s.w.answer.len));
	assert_int_equal(r.retry_after_s, 5);
	assert_int_equal(counts(s.owner).inbox, seen);
	fill_outbox(s.owner->store, false);
	assert_int_equal(test_stranger_say(&p, p.did_long, s.owner, BERTH_ID_OWNER, PING, NULL, NULL), BERTH_FRAME_STORED);
	assert_int_equal(counts(s.owner).inbox, seen + 1);
	test_stranger_leave(&p);
	story_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_are_full_at_the_owner),
		cmocka_unit_test(records_are_full_at_the_gateway),
		cmocka_unit_test(the_outbox_is_full),
		cmocka_unit_test(busy_says_when),
		cmocka_unit_test(who_never_reads_is_refused_for_good),
		cmocka_unit_test(a_share_that_others_filled_is_not_now),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
