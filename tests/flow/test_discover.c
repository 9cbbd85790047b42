/* SPDX-License-Identifier: Apache-2.0 */
/* discover-features 2.0: what is said is what runs, and not all of it to everybody. */
#include "agent/protocol/discover.h"
#include "agent/protocol/relation.h"
#include "tests/fakes/pair.h"
#include "tests/fakes/story.h"
#include "tests/fakes/stranger.h"

#define PIURI "https://didcomm.org/discover-features/2.0/"
#define MAX_QUERIES 16

static const char *asked;

static void add(struct berth_json *body, const char *type, const char *match)
{
	struct berth_json *list = berth_json_get_mut(body, "queries"), *q = berth_json_new_object();

	CHECK_OK(berth_json_set_str(q, "feature-type", type));
	CHECK_OK(berth_json_set_str(q, "match", match));
	CHECK_OK(berth_json_push(list, q));
}

static struct berth_json *queries(const char *type, const char *match)
{
	struct berth_json *body = berth_json_new_object();

	CHECK_OK(berth_json_set(body, "queries", berth_json_new_array()));
	if (type)
		add(body, type, match);
	return body;
}

/* Asks and writes the answer's ids into text, each followed by a space. */
static void ask(struct test_stranger *p, struct sim_node *to, const char *identity, struct berth_json *body, char *text, size_t max)
{
	struct berth_unpacked in;
	size_t n = 0;

	assert_int_equal(test_stranger_say(p, p->did_long, to, identity, PIURI "queries", "all", body), BERTH_FRAME_STORED);
	test_stranger_read(p, to, &in);
	assert_string_equal(in.msg.type, PIURI "disclose");
	text[0] = '\0';
	berth_json_each(d, berth_json_get(in.msg.body, "disclosures"))
		n += (size_t)snprintf(text + n, max - n, "%s:%s ", berth_json_str(berth_json_get(d, "feature-type")),
				      berth_json_str(berth_json_get(d, "id")));
	berth_unpacked_free(&in);
}

static void stars(void **state)
{
	static const struct { const char *pattern, *id; bool yes; } rows[] = {
		{ "*", "", true }, { "*", "a", true }, { "", "", true }, { "", "a", false }, { "a", "", false },
		{ "a", "a", true }, { "a", "ab", false }, { "a*", "a", true }, { "a*", "abc", true }, { "*c", "abc", true },
		{ "a*c", "abbc", true }, { "a*c", "abcd", false }, { "*b*", "abc", true }, { "*ab*ab*", "abxab", true },
		{ "*ab*ab*", "abxa", false }, { "a**b", "ab", true }, { "A", "a", false }, { "a?", "ab", false },
		{ "*aab", "aaab", true }, { "https://didcomm.org/tictactoe/1.*", "https://didcomm.org/tictactoe/1.0", true },
		{ "https://didcomm.org/tictactoe/1.*", "https://didcomm.org/tictactoe/2.0", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		if (berth_discover_matches(rows[i].pattern, rows[i].id) != rows[i].yes)
			fail_msg("%s, %s", rows[i].pattern, rows[i].id);
}

static void strangers_hear_of_what_is_for_strangers(void **state)
{
	struct berth_json *both;
	struct test_stranger p;
	char text[4096];
	struct story s;

	(void)state;
	story_cast(&s);
	test_stranger_appear(&p);
	ask(&p, s.owner, BERTH_ID_OWNER, queries("protocol", "*"), text, sizeof(text));
	assert_non_null(strstr(text, "protocol:https://didcomm.org/trust-ping/2.0 "));
	assert_non_null(strstr(text, "protocol:https://didcomm.org/discover-features/2.0 "));
	assert_non_null(strstr(text, "protocol:https://didcomm.org/empty/1.0 "));
	assert_null(strstr(text, "report-problem"));
	ask(&p, s.owner, BERTH_ID_OWNER, queries("protocol", "https://didcomm.org/trust-ping/2.*"), text, sizeof(text));
	assert_string_equal(text, "protocol:https://didcomm.org/trust-ping/2.0 ");
	ask(&p, s.owner, BERTH_ID_OWNER, queries("protocol", "https://didcomm.org/trust-ping/1.*"), text, sizeof(text));
	assert_string_equal(text, "");
	ask(&p, s.owner, BERTH_ID_OWNER, queries("didcomm-version", "*"), text, sizeof(text));
	assert_string_equal(text, "didcomm-version:https://github.com/decentralized-identity/didcomm-messaging ");
	ask(&p, s.owner, BERTH_ID_OWNER, queries("header", "return*"), text, sizeof(text));
	assert_string_equal(text, "header:return_route ");
	ask(&p, s.owner, BERTH_ID_OWNER, queries("x-unheard-of", "*"), text, sizeof(text));
	assert_string_equal(text, "");
	ask(&p, s.owner, BERTH_ID_OWNER, queries(NULL, NULL), text, sizeof(text));
	assert_string_equal(text, "");
	both = queries("header", "*");	/* asked twice, said once */
	add(both, "goal-code", "*");
	add(both, "header", "from*");
	ask(&p, s.owner, BERTH_ID_OWNER, both, text, sizeof(text));
	assert_string_equal(text, "header:ack header:from_prior header:please_ack header:return_route ");
	ask(&p, s.owner, BERTH_ID_OWNER, queries("accept", "*"), text, sizeof(text));
	assert_string_equal(text, "accept:didcomm/v2 ");

	sim_as(s.owner);	/* the same one, once it has business here */
	CHECK_OK(berth_store_begin(s.owner->store));
	CHECK_OK(berth_agent_env(s.owner->agent)->learn(berth_agent_env(s.owner->agent), p.did_long));
	CHECK_OK(berth_store_commit(s.owner->store));
	ask(&p, s.owner, BERTH_ID_OWNER, queries("protocol", "*"), text, sizeof(text));
	assert_non_null(strstr(text, "protocol:https://didcomm.org/report-problem/2.0 "));
	assert_non_null(strstr(text, "protocol:urn:berth:gateway-onboarding/1.0 "));
	test_stranger_leave(&p);
	story_end(&s);
}

/* Nothing is said to them, and nothing to whoever asks for too much. */
static void malformed_queries_are_not_answered(void **state)
{
	static const char *const bad[] = {
		"{}", "{\"queries\":{}}", "{\"queries\":[1]}", "{\"queries\":[{\"feature-type\":\"protocol\"}]}",
		"{\"queries\":[{\"match\":\"*\"}]}", "{\"queries\":[{\"feature-type\":\"protocol\",\"match\":1}]}",
	};
	struct berth_json *body;
	struct test_stranger p;
	struct berth_frame_reply r;
	char longest[300], text[4096];
	struct story s;

	(void)state;
	story_cast(&s);
	test_stranger_appear(&p);
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad) + 2; i++) {
		if (i < sizeof(bad) / sizeof(*bad)) {
			CHECK_OK(berth_json_parse(&body, bad[i], strlen(bad[i]), 4096));
		} else if (i == sizeof(bad) / sizeof(*bad)) {
			body = queries(NULL, NULL);
			for (int k = 0; k <= MAX_QUERIES; k++)
				add(body, "header", "*");
		} else {
			memset(longest, '*', 257);
			longest[257] = '\0';
			body = queries("header", longest);
		}
		assert_int_equal(test_stranger_say(&p, p.did_long, s.owner, BERTH_ID_OWNER, PIURI "queries", "all", body), BERTH_FRAME_STORED);
		CHECK_OK(berth_frame_reply_decode(&r, s.w.answer.p, s.w.answer.len));
		assert_int_equal(r.n_msgs, 0);
	}
	body = queries(NULL, NULL);	/* the twins */
	for (int k = 0; k < MAX_QUERIES; k++)
		add(body, "header", "f*");
	ask(&p, s.owner, BERTH_ID_OWNER, body, text, sizeof(text));
	assert_string_equal(text, "header:from_prior ");
	longest[256] = '\0';
	ask(&p, s.owner, BERTH_ID_OWNER, queries("header", longest), text, sizeof(text));
	assert_string_equal(text, "header:ack header:from_prior header:please_ack header:return_route ");
	test_stranger_leave(&p);
	story_end(&s);
}

/* Whether the peer that was asked has disclosed that. */
static bool told(struct sim_node *n, const char *type, const char *id)
{
	struct berth_buf v = BERTH_BUF_INIT;
	char key[65], want[256];
	bool found, there;

	snprintf(want, sizeof(want), "{\"feature-type\":\"%s\",\"id\":\"%s\"}", type, id);
	CHECK_OK(berth_peer_key(key, asked));
	CHECK_OK(berth_store_get(n->store, BERTH_NS_FEATURES, key, &v, &found));
	there = found && strstr(berth_buf_cstr(&v), want);
	berth_buf_free(&v);
	return there;
}

/* What was granted and what is open, no more. */
static void disclosures_are_true_to_the_configuration(void **state)
{
	struct berth_json *inv = NULL;
	char args[8000];
	struct pair p;

	(void)state;
	pair_make(&p);
	pair_introduce(&p);
	asked = pair_identity(p.b, "owner")->did;
	CHECK_OK(pair_command(p.b, "out-of-band", "cmd/invite", "{\"url\":\"https://x.test/\",\"goalCode\":\"org.example.read\"}", &inv));
	snprintf(args, sizeof(args), "{\"to\":\"%s\"}", pair_identity(p.b, "owner")->did_long);
	CHECK_OK(pair_command(p.a, "discover", "cmd/query", args, NULL));
	pair_settle(&p, 10);
	assert_true(told(p.a, "protocol", "https://didcomm.org/basicmessage/2.0"));
	assert_true(told(p.a, "protocol", "https://didcomm.org/issue-credential/3.0"));
	assert_true(told(p.a, "protocol", "https://didcomm.org/issue-credential/2.0"));
	assert_true(told(p.a, "protocol", "https://didcomm.org/present-proof/3.0"));
	assert_true(told(p.a, "protocol", "https://didcomm.org/out-of-band/2.0"));
	assert_true(told(p.a, "protocol", "https://didcomm.org/revocation_notification/2.0"));
	assert_true(told(p.a, "goal-code", "org.example.read"));
	p.b->policy.apps[0] = (struct berth_application){ .name = "app", .types = { "urn:app/weather/1.0/*", "urn:x:*" }, .n_types = 2 };
	CHECK_OK(pair_command(p.a, "discover", "cmd/query", args, NULL));
	pair_settle(&p, 10);
	assert_false(told(p.a, "protocol", "https://didcomm.org/basicmessage/2.0"));	/* no application takes it */
	assert_true(told(p.a, "protocol", "urn:app/weather/1.0"));
	berth_json_free(inv);
	pair_free(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stars),
		cmocka_unit_test(strangers_hear_of_what_is_for_strangers),
		cmocka_unit_test(malformed_queries_are_not_answered),
		cmocka_unit_test(disclosures_are_true_to_the_configuration),
	};

	return cmocka_run_group_tests_name("discover", tests, NULL, NULL);
}
