/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of applications, acknowledgements and problem reports between two agents. */
#include "agent/protocol/application.h"
#include "agent/protocol/empty.h"
#include "agent/protocol/problem.h"
#include "tests/fakes/pair.h"
#include "tests/fakes/stranger.h"

#define BASIC BERTH_PIURI_BASIC "message"
#define HELLO "{\"content\":\"Your hovercraft is full of eels.\"}"
#define S(v, key) berth_json_str(berth_json_get(v, key))

static const char *did_of(struct sim_node *n) { return pair_identity(n, BERTH_ID_OWNER)->did_long; }

static size_t waiting(struct sim_node *n)
{
	struct berth_json *box = pair_box(n);
	size_t k = berth_json_len(box);

	berth_json_free(box);
	return k;
}

/* The message as the protocol's page shows it, with our DIDs. */
static void a_basic_message_reaches_the_application(void **state)
{
	struct berth_json *sent = NULL, *box;
	const struct berth_json *m;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	CHECK_OK(pair_send(p.a, did_of(p.b), BASIC, HELLO, "\"lang\":\"en\",\"acceptLang\":[\"de\",\"en\"]", &sent));
	pair_settle(&p, 5);
	box = pair_box(p.b);
	assert_int_equal(berth_json_len(box), 1);
	m = berth_json_at(box, 0);
	assert_string_equal(S(m, "type"), BASIC);
	assert_string_equal(S(m, "for"), BASIC);
	assert_string_equal(S(m, "id"), S(sent, "id"));
	assert_string_equal(S(m, "thid"), S(sent, "thid"));
	assert_string_equal(S(m, "lang"), "en");
	assert_string_equal(berth_json_str(berth_json_at(berth_json_get(m, "accept-lang"), 0)), "de");
	assert_string_equal(S(m, "from"), pair_identity(p.a, BERTH_ID_OWNER)->did);
	assert_string_equal(S(berth_json_get(m, "body"), "content"), "Your hovercraft is full of eels.");
	assert_true(berth_json_num(berth_json_get(m, "created_time")) > 1e9);
	berth_json_free(box);
	berth_json_free(sent);
	/* an answer in the thread, with an attachment */
	CHECK_OK(pair_send(p.b, did_of(p.a), "urn:app:weather/1.0/report", "{}",
			   "\"thid\":\"t-1\",\"pthid\":\"t-0\",\"attachments\":[{\"id\":\"x\",\"data\":{\"json\":{\"c\":21}}}]", NULL));
	pair_settle(&p, 5);
	box = pair_box(p.a);
	m = berth_json_at(box, 0);
	assert_string_equal(S(m, "thid"), "t-1");
	assert_string_equal(S(m, "pthid"), "t-0");
	assert_int_equal(berth_json_len(berth_json_get(m, "attachments")), 1);
	berth_json_free(box);
	pair_free(&p);
}

static void it_waits_until_it_is_acknowledged_over_restarts(void **state)
{
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	for (int i = 0; i < 3; i++)
		CHECK_OK(pair_send(p.a, did_of(p.b), BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 5);
	assert_int_equal(waiting(p.b), 3);
	sim_off(p.b);
	sim_on(p.b);
	assert_int_equal(waiting(p.b), 3);
	CHECK_OK(pair_ack(p.b, 2));
	assert_int_equal(waiting(p.b), 1);
	CHECK_OK(pair_ack(p.b, 2));		/* again */
	assert_int_equal(waiting(p.b), 1);
	CHECK_OK(pair_ack(p.b, 1000));
	assert_int_equal(waiting(p.b), 0);
	CHECK_OK(pair_send(p.a, did_of(p.b), BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 5);
	CHECK_OK(pair_ack(p.b, 3));		/* its number is another one */
	assert_int_equal(waiting(p.b), 1);
	pair_free(&p);
}

/* Each frame lost, doubled or late in turn: one effect. */
static void every_fault_leaves_one_message(void **state)
{
	(void)state;
	for (int f = FAULT_LOSE_REQUEST; f <= FAULT_LATE; f++) {
		struct pair p;

		pair_make(&p);
		pair_introduce(&p);
		p.w.fault = (enum fault)f;
		p.w.fault_at = p.w.sent + 1;
		CHECK_OK(pair_send(p.a, did_of(p.b), BASIC, HELLO, NULL, NULL));
		pair_settle(&p, 60);
		assert_int_equal(waiting(p.b), 1);
		pair_free(&p);
	}
}

static void strangers_and_reserved_types_are_refused(void **state)
{
	struct test_stranger q;
	struct berth_json *body;
	struct pair p;

	(void)state;
	pair_make(&p);
	test_stranger_appear(&q);
	CHECK_OK(berth_json_parse(&body, HELLO, strlen(HELLO), 4096));
	assert_int_equal(test_stranger_say(&q, q.did_long, p.b, BERTH_ID_OWNER, BASIC, "all", body), BERTH_FRAME_STORED);
	assert_int_equal(waiting(p.b), 0);
	assert_int_equal(pair_audit(p.b, "E_AUTHZ"), 1);
	test_stranger_leave(&q);
	pair_introduce(&p);
	CHECK_RC(BERTH_E_AUTHZ, pair_send(p.a, did_of(p.b), "https://didcomm.org/trust-ping/2.0/ping", "{}", NULL, NULL));
	CHECK_RC(BERTH_E_AUTHZ, pair_send(p.a, did_of(p.b), "https://didcomm.org/routing/2.0/forward", "{}", NULL, NULL));
	CHECK_RC(BERTH_E_AUTHZ, pair_send(p.a, did_of(p.b), "urn:berth:gateway-onboarding/1.0/rotate", "{}", NULL, NULL));
	CHECK_RC(BERTH_E_TYPE, pair_send(p.a, did_of(p.b), BASIC, "{}", NULL, NULL));
	CHECK_RC(BERTH_E_TYPE, pair_send(p.a, did_of(p.b), "", "{}", NULL, NULL));
	CHECK_RC(BERTH_E_NOMATCH, pair_send(p.a, "owner", BASIC, HELLO, NULL, NULL));
	CHECK_RC(BERTH_E_DID, pair_send(p.a, "nobody", BASIC, HELLO, NULL, NULL));
	CHECK_RC(BERTH_E_TYPE, pair_send(p.a, did_of(p.b), BASIC, HELLO, "\"attachments\":[{\"id\":\"x\"}]", NULL));
	CHECK_RC(BERTH_E_TYPE, pair_send(p.a, did_of(p.b), BASIC, HELLO, "\"acceptLang\":[\"de_DE\"]", NULL));
	CHECK_OK(pair_send(p.a, did_of(p.b), BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 5);
	assert_int_equal(waiting(p.b), 1);
	pair_free(&p);
}

/* The sender's application hears of it, once, and nobody reports the report. */
static void c080_what_nobody_takes_is_reported_to_who_sent_it(void **state)
{
	struct berth_json *sent = NULL, *box;
	const struct berth_json *m;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	p.b->policy.apps[0].n_types = 1;	/* basic messages only */
	CHECK_OK(pair_send(p.a, did_of(p.b), "urn:app:x/1.0/y", "{}", NULL, &sent));
	pair_settle(&p, 30);
	assert_int_equal(waiting(p.b), 0);
	box = pair_box(p.a);
	assert_int_equal(berth_json_len(box), 1);
	m = berth_json_at(box, 0);
	assert_string_equal(S(m, "type"), BERTH_PIURI_PROBLEM "problem-report");
	assert_string_equal(S(m, "for"), "urn:app:x/1.0/y");
	assert_string_equal(S(m, "pthid"), S(sent, "thid"));
	assert_string_equal(S(berth_json_get(m, "body"), "code"), "e.m.msg");
	assert_string_equal(S(berth_json_get(m, "body"), "comment"), "Bad message.");
	assert_string_equal(S(m, "lang"), "en");	/* of the comment */
	assert_string_equal(berth_json_str(berth_json_at(berth_json_get(m, "ack"), 0)), S(sent, "id"));
	berth_json_free(box);
	berth_json_free(sent);
	assert_int_equal(pair_audit(p.a, "reports e.m.msg"), 1);
	pair_settle(&p, 60);
	assert_int_equal(waiting(p.a), 1);
	assert_int_equal(pair_audit(p.b, "reports"), 0);
	pair_free(&p);
}

/* What still waits in a thread that its peer has ended is a dead letter, of that thread
 * and that peer only. */
static void a_report_ends_its_thread(void **state)
{
	struct berth_json *sent = NULL, *other = NULL, *body;
	struct berth_store_counts c;
	struct pair p;
	char *b, text[300];

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	b = strdup(did_of(p.b));
	CHECK_OK(pair_send(p.a, b, BASIC, HELLO, NULL, &sent));
	CHECK_OK(pair_send(p.a, b, BASIC, HELLO, NULL, &other));
	sim_drop(&p.w);		/* neither has arrived */
	for (int ends = 0; ends < 2; ends++) {
		snprintf(text, sizeof(text), "{\"code\":\"e.%s.xfer\",\"comment\":\"no\"}", ends ? "p" : "m");
		CHECK_OK(berth_json_parse(&body, text, strlen(text), 4096));
		pair_report(p.b, p.a, S(sent, "thid"), body);
		sim_as(p.a);
		CHECK_OK(berth_store_counts(p.a->store, &c));
		assert_int_equal(c.out, ends ? 1 : 2);
		assert_int_equal(c.dead, ends ? 1 : 0);
	}
	assert_int_equal(waiting(p.a), 2);	/* its application hears of both */
	sim_off(p.a);		/* what was under way is tried again */
	sim_on(p.a);
	pair_settle(&p, 60);
	assert_int_equal(waiting(p.b), 1);
	free(b);
	berth_json_free(sent);
	berth_json_free(other);
	pair_free(&p);
}

static void an_acknowledgement_comes_after_the_commit_and_once(void **state)
{
	struct berth_json *sent = NULL, *box;
	const struct berth_json *m;
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	CHECK_OK(pair_send(p.a, did_of(p.b), BASIC, HELLO, "\"pleaseAck\":true", &sent));
	pair_settle(&p, 30);
	assert_int_equal(waiting(p.b), 1);
	box = pair_box(p.a);
	assert_int_equal(berth_json_len(box), 1);
	m = berth_json_at(box, 0);
	assert_string_equal(S(m, "type"), BERTH_TYPE_EMPTY);
	assert_string_equal(S(m, "for"), BASIC);
	assert_string_equal(berth_json_str(berth_json_at(berth_json_get(m, "ack"), 0)), S(sent, "id"));
	berth_json_free(box);
	berth_json_free(sent);
	CHECK_OK(pair_send(p.a, did_of(p.b), BASIC, HELLO, NULL, NULL));	/* the twin does not ask */
	pair_settle(&p, 30);
	assert_int_equal(waiting(p.a), 1);
	assert_int_equal(waiting(p.b), 2);
	pair_free(&p);
}

/* Without room the sender hears "busy" and has its message later; the outbox's share
 * that applications have is half of a peer's. */
static void boxes_are_bounded(void **state)
{
	struct pair p;
	char *b;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	b = strdup(did_of(p.b));
	for (int i = 0; i < BERTH_APP_BOX_MSGS; i++) {
		CHECK_OK(pair_send(p.a, b, BASIC, HELLO, NULL, NULL));
		pair_settle(&p, 2);
	}
	assert_int_equal(waiting(p.b), BERTH_APP_BOX_MSGS);
	CHECK_OK(pair_send(p.a, b, BASIC, HELLO, NULL, NULL));
	pair_settle(&p, 60);
	assert_int_equal(waiting(p.b), BERTH_APP_BOX_MSGS);
	CHECK_OK(pair_ack(p.b, 10));
	pair_settle(&p, 7200);
	assert_int_equal(waiting(p.b), BERTH_APP_BOX_MSGS - 9);
	sim_off(p.b);
	for (int i = 0; i < BERTH_APP_OUT_MSGS; i++)
		CHECK_OK(pair_send(p.a, b, BASIC, HELLO, NULL, NULL));
	CHECK_RC(BERTH_E_QUOTA, pair_send(p.a, b, BASIC, HELLO, NULL, NULL));
	free(b);
	pair_free(&p);
}

/* Two applications: each has its box, and neither's silence is the other's loss. */
static void c135_boxes_are_apart(void **state)
{
	struct berth_json *box;
	struct pair p;
	int mine = 0;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	p.b->policy.apps[1] = (struct berth_application){ .name = "app2", .types = { BASIC }, .n_types = 1 };
	p.b->policy.n_apps = 2;
	CHECK_OK(pair_send(p.a, did_of(p.b), BASIC, HELLO, NULL, NULL));
	CHECK_OK(pair_send(p.a, did_of(p.b), "urn:app:x", "{}", NULL, NULL));
	pair_settle(&p, 5);
	assert_int_equal(waiting(p.b), 3);
	CHECK_OK(pair_ack(p.b, 100));	/* "app" only */
	box = pair_box(p.b);
	berth_json_each(m, box)
		mine += strcmp(S(m, "type"), BASIC) == 0;
	assert_int_equal(berth_json_len(box), 1);
	assert_int_equal(mine, 1);
	berth_json_free(box);
	pair_free(&p);
}

static void patterns(void **state)
{
	(void)state;
	assert_true(berth_type_matches("*", "x"));
	assert_true(berth_type_matches("urn:a:*", "urn:a:b"));
	assert_false(berth_type_matches("urn:a:*", "urn:b:a"));
	assert_true(berth_type_matches("urn:a", "urn:a"));
	assert_false(berth_type_matches("urn:a", "urn:ab"));
	assert_false(berth_type_matches("", "x"));
	assert_false(berth_type_matches("*a", "ba"));	/* a star is one only at the end */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns),
		cmocka_unit_test(a_basic_message_reaches_the_application),
		cmocka_unit_test(it_waits_until_it_is_acknowledged_over_restarts),
		cmocka_unit_test(every_fault_leaves_one_message),
		cmocka_unit_test(strangers_and_reserved_types_are_refused),
		cmocka_unit_test(c080_what_nobody_takes_is_reported_to_who_sent_it),
		cmocka_unit_test(a_report_ends_its_thread),
		cmocka_unit_test(an_acknowledgement_comes_after_the_commit_and_once),
		cmocka_unit_test(boxes_are_bounded),
		cmocka_unit_test(c135_boxes_are_apart),
	};

	return cmocka_run_group_tests_name("messages of applications", tests, NULL, NULL);
}
