/* SPDX-License-Identifier: Apache-2.0 */
/* What waits at a mediator, and how its clients come by it. */
#include "agent/protocol/empty.h"
#include "agent/protocol/problem.h"
#include "tests/flow/mediator.h"

static void what_waits_stays_until_it_is_received(void **state)
{
	char id[64], second[64];
	struct berth_unpacked in;
	int64_t n;

	(void)state;
	client(&ann);
	client(&ben);
	update(&ann, V3, "did:example:1", "add", "success");
	hear(&ann, PICKUP "delivery-request", "{\"limit\":5}", PICKUP "status");	/* nothing yet */
	forward(ann.did, "AAAA");
	forward(ann.did_long, "BBBB");
	forward("did:example:1", "CCCC");
	m.w.mono_ms += 5000;
	ask(&ann, PICKUP "status-request", "{}", PICKUP "status", &in);
	CHECK_OK(berth_json_req_int(in.msg.body, "message_count", 3, 3, &n));
	CHECK_OK(berth_json_req_int(in.msg.body, "longest_waited_seconds", 5, 5, &n));
	CHECK_OK(berth_json_req_int(in.msg.body, "total_bytes", 100, 1000, &n));
	CHECK_OK(berth_json_req_int(in.msg.body, "newest_received_time", 1, INT64_MAX >> 11, &n));
	CHECK_OK(berth_json_req_int(in.msg.body, "oldest_received_time", 1, INT64_MAX >> 11, &n));
	berth_unpacked_free(&in);
	assert_int_equal(status_of(&ann, "did:example:1"), 1);
	assert_int_equal(status_of(&ann, ann.did_long), 2);
	assert_int_equal(status_of(&ann, ben.did), 0);		/* not hers */
	assert_int_equal(deliver(&ann, "{\"limit\":2}", id), 2);
	assert_int_equal(deliver(&ann, "{\"limit\":1000}", second), 3);
	assert_string_equal(id, second);
	assert_int_equal(deliver(&ann, "{\"limit\":9,\"recipient_did\":\"did:example:1\"}", second), 1);
	CHECK(strcmp(id, second) != 0);
	assert_int_equal(received(&ben, id), 0);		/* not his to clear */
	assert_int_equal(status_of(&ann, NULL), 3);
	assert_int_equal(received(&ann, "no-such-id"), 3);
	assert_int_equal(received(&ann, id), 2);
	assert_int_equal(received(&ann, id), 2);		/* said twice */
	assert_int_equal(received(&ann, second), 1);
	assert_int_equal(status_of(&ann, "did:example:1"), 0);
}

static void live_mode_is_for_links_that_wait(void **state)
{
	struct berth_unpacked in;
	bool live;

	(void)state;
	client(&ann);
	ask(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":true}", PICKUP "status", &in);
	CHECK_OK(berth_json_req_bool(in.msg.body, "live_delivery", &live));
	assert_true(live);
	berth_unpacked_free(&in);
	ask(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":false}", PICKUP "status", &in);
	CHECK_OK(berth_json_req_bool(in.msg.body, "live_delivery", &live));
	assert_false(live);
	berth_unpacked_free(&in);
	m.w.link = BERTH_LINK_HTTP;
	ask(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":true}", BERTH_PIURI_PROBLEM "problem-report", &in);
	assert_string_equal(berth_json_str(berth_json_get(in.msg.body, "code")), "e.m.live-mode-not-supported");
	assert_non_null(in.msg.pthid);
	berth_unpacked_free(&in);
	hear(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":false}", PICKUP "status");
}

/* A poll is held, and told at once when something comes: in live mode the messages, else
 * that there are some. */
static void whoever_holds_a_request_is_told(void **state)
{
	struct berth_unpacked in;
	char id[64];

	(void)state;
	client(&ann);
	for (int live = 0; live < 2; live++) {
		hear(&ann, PICKUP "live-delivery-change", live ? "{\"live_delivery\":true}" : "{\"live_delivery\":false}", PICKUP "status");
		berth_buf_reset(&m.w.answer);
		ann.owes = false;
		CHECK_OK(berth_frame_reply_encode(&m.w.answer, &(struct berth_frame_reply){ .status = BERTH_FRAME_BUSY }));
		assert_int_equal(test_stranger_say(&ann, ann.did_long, m.mediator, BERTH_ID_MEDIATOR, BERTH_TYPE_EMPTY, "all", NULL),
				 BERTH_FRAME_BUSY);	/* no answer yet */
		{
			struct berth_buf text = BERTH_BUF_INIT, packed = BERTH_BUF_INIT;

			berth_buf_printf(&text, "{\"id\":\"f\",\"type\":\"" BERTH_TYPE_FORWARD "\",\"body\":{\"next\":\"%s\"},\"attachments\":"
					 "[{\"data\":{\"json\":" ENVELOPE "}}]}", ann.did, live ? "AAAA" : "BBBB");
			for_mediator(&packed, berth_buf_cstr(&text));
			sim_inject_envelope(m.mediator, &packed);	/* both answers; the last is the held one's */
			berth_buf_free(&text);
			berth_buf_free(&packed);
		}
		test_stranger_read(&ann, m.mediator, &in);
		assert_string_equal(in.msg.type, live ? PICKUP "delivery" : PICKUP "status");
		berth_unpacked_free(&in);
		assert_int_equal(deliver(&ann, "{\"limit\":1}", id), 1);
		assert_int_equal(received(&ann, id), 0);
	}
}

/* A link that breaks takes live mode with it. */
static void live_mode_ends_with_the_link(void **state)
{
	struct berth_unpacked in;
	bool live;

	(void)state;
	client(&ann);
	hear(&ann, PICKUP "live-delivery-change", "{\"live_delivery\":true}", PICKUP "status");
	(void)test_stranger_say(&ann, ann.did_long, m.mediator, BERTH_ID_MEDIATOR, BERTH_TYPE_EMPTY, "all", NULL);	/* held */
	sim_as(m.mediator);
	berth_agent_on_gone(m.mediator->agent, m.w.next_request);
	ask(&ann, PICKUP "status-request", "{}", PICKUP "status", &in);
	CHECK_OK(berth_json_req_bool(in.msg.body, "live_delivery", &live));
	assert_false(live);
	berth_unpacked_free(&in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_waits_stays_until_it_is_received, setup, teardown),
		cmocka_unit_test_setup_teardown(live_mode_is_for_links_that_wait, setup, teardown),
		cmocka_unit_test_setup_teardown(whoever_holds_a_request_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(live_mode_ends_with_the_link, setup, teardown),
	};

	return cmocka_run_group_tests_name("mediator", tests, NULL, NULL);
}
