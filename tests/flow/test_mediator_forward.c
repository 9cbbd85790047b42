/* SPDX-License-Identifier: Apache-2.0 */
/* What a mediator takes for its clients, and how much of it. */
#include "agent/core/store_queue.h"
#include "tests/flow/mediator.h"

static void c077_forwards_that_are_not_taken(void **state)
{
	const char *self = mediation_identity(m.mediator, BERTH_ID_MEDIATOR)->did;
	const char *long_form = mediation_identity(m.mediator, BERTH_ID_MEDIATOR)->did_long;
	int depth;
	struct berth_buf inner = BERTH_BUF_INIT, outer = BERTH_BUF_INIT;
	struct berth_resolver r;
	struct berth_store_counts before, after;

	(void)state;
	client(&ann);
	CHECK_OK(berth_store_counts(m.mediator->store, &before));
	assert_int_equal(forward(ben.did, "AAAA"), BERTH_FRAME_STORED);		/* registered by nobody */
	assert_int_equal(forward(self, "AAAA"), BERTH_FRAME_STORED);		/* itself: no such envelope opens */
	assert_int_equal(forward_text(ann.did, "", ""), BERTH_FRAME_STORED);
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"json\":{\"id\":\"1\",\"type\":\"x\",\"body\":{}}}}]", ""),
			 BERTH_FRAME_STORED);					/* in the clear */
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"json\":{\"ciphertext\":\"AA\",\"protected\":\"AA\"}}}]",
				      ",\"delay_milli\":9007199254740992"), BERTH_FRAME_STORED);
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"json\":{\"ciphertext\":\"AA\",\"protected\":\"AA\"}}}]",
				      ",\"expires_time\":1000"), BERTH_FRAME_STORED);	/* over */
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"links\":[\"https://x.test/\"],\"hash\":\"zQ\"}}]", ""),
			 BERTH_FRAME_STORED);
	/* one in another, each to the mediator itself, 20 deep or as deep as a message may be */
	berth_resolver_builtin_init(&r, NULL);
	berth_buf_printf(&inner, ENVELOPE, "AAAA");
	for (depth = 0; depth < 20 && !berth_forward_rewrap(&outer, &r, long_form, inner.p, inner.len); depth++) {
		berth_buf_free(&inner);
		inner = outer;
		outer = (struct berth_buf)BERTH_BUF_INIT;
	}
	assert_true(depth > 10);
	berth_buf_free(&outer);
	assert_int_equal(inject(&inner), BERTH_FRAME_STORED);
	berth_buf_free(&inner);
	assert_int_equal(status_of(&ann, NULL), 0);
	CHECK_OK(berth_store_counts(m.mediator->store, &after));
	assert_true(after.out <= before.out);	/* nothing leaves */
	assert_int_equal(forward_text(ann.did, ",\"attachments\":[{\"data\":{\"json\":{\"ciphertext\":\"AA\",\"protected\":\"AA\"}}}]",
				      ",\"delay_milli\":-5,\"please_ack\":[\"f\"]"), BERTH_FRAME_STORED);	/* the twin */
	assert_int_equal(status_of(&ann, NULL), 1);
}

static void the_same_message_is_one(void **state)
{
	char id[64];

	(void)state;
	client(&ann);
	update(&ann, V3, "did:example:1", "add", "success");
	for (int i = 0; i < 3; i++)
		forward(ann.did, "AAAA");	/* another envelope around the same message */
	assert_int_equal(status_of(&ann, NULL), 1);
	forward("did:example:1", "AAAA");	/* for somebody else it is another one */
	assert_int_equal(status_of(&ann, NULL), 2);
	assert_int_equal(deliver(&ann, "{\"limit\":1}", id), 1);
	assert_int_equal(received(&ann, id), 1);
	forward(ann.did, "AAAA");		/* late */
	assert_int_equal(status_of(&ann, NULL), 1);
	m.w.mono_ms += (uint64_t)(BERTH_QUEUE_GONE_S + 3600) * 1000;	/* a day later nobody remembers */
	sim_as(m.mediator);
	(void)berth_agent_tick(m.mediator->agent);
	forward(ann.did, "AAAA");
	assert_int_equal(status_of(&ann, NULL), 2);
}

/* Whoever sends cannot help it that nobody fetches: not now.  Others are not touched. */
static void quotas_are_a_not_now(void **state)
{
	struct berth_policy *p = &m.mediator->policy;
	char mark[16], id[64];

	(void)state;
	client(&ann);
	client(&ben);
	p->relay_messages = 5;
	for (int i = 0; i < 5; i++) {
		snprintf(mark, sizeof(mark), "A%03d", i);
		assert_int_equal(forward(ann.did, mark), BERTH_FRAME_STORED);
	}
	assert_int_equal(forward(ann.did, "B000"), BERTH_FRAME_BUSY);
	assert_int_equal(forward(ann.did, "A000"), BERTH_FRAME_STORED);		/* that one is there */
	assert_int_equal(forward(ben.did, "B000"), BERTH_FRAME_STORED);
	deliver(&ann, "{\"limit\":1}", id);
	received(&ann, id);
	assert_int_equal(forward(ann.did, "B000"), BERTH_FRAME_STORED);
	p->relay_messages = 100;
	p->relay_bytes = 400;
	assert_int_equal(forward(ann.did, "C000"), BERTH_FRAME_BUSY);
	p->relay_bytes = 1 << 20;
	p->relay_all_messages = 6;
	assert_int_equal(forward(ann.did, "C000"), BERTH_FRAME_BUSY);
	assert_int_equal(forward(ben.did, "C000"), BERTH_FRAME_BUSY);
	p->relay_all_messages = 100;
	p->relay_all_bytes = 500;
	assert_int_equal(forward(ben.did, "C000"), BERTH_FRAME_BUSY);
	p->relay_all_bytes = 1 << 20;
	assert_int_equal(forward(ben.did, "C000"), BERTH_FRAME_STORED);
}

static void what_waits_too_long_goes(void **state)
{
	(void)state;
	client(&ann);
	m.mediator->policy.relay_lifetime_s = 3600;
	forward(ann.did, "AAAA");
	m.w.mono_ms += 3599 * 1000;
	assert_int_equal(status_of(&ann, NULL), 1);
	m.w.mono_ms += 2 * 1000;
	assert_int_equal(status_of(&ann, NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(c077_forwards_that_are_not_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(the_same_message_is_one, setup, teardown),
		cmocka_unit_test_setup_teardown(quotas_are_a_not_now, setup, teardown),
		cmocka_unit_test_setup_teardown(what_waits_too_long_goes, setup, teardown),
	};

	return cmocka_run_group_tests_name("mediator", tests, NULL, NULL);
}
