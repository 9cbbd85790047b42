/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/hints.h"
#include "tests/check.h"
#include "tests/fakes/alloc.h"

#define DID "did:peer:4zQmSomebody"

static enum berth_err parse(struct berth_hints *h, const char *text) { return berth_hints_parse(h, text, strlen(text)); }

static void a_line_is_a_uri_or_a_did_and_a_uri(void **state)
{
	struct berth_hints h;

	(void)state;
	CHECK_OK(parse(&h, "# eth0\n\n nng+tcp://192.0.2.1:9\t\n" DID " \thttps://rv.example/x\n\t#\nwss://[2001:db8::1]/"));
	assert_int_equal(h.n, 3);
	assert_null(h.v[0].did);
	assert_string_equal(h.v[0].uri, "nng+tcp://192.0.2.1:9");
	assert_string_equal(h.v[1].did, DID);
	assert_string_equal(h.v[1].uri, "https://rv.example/x");
	assert_string_equal(h.v[2].uri, "wss://[2001:db8::1]/");
	assert_true(berth_hint_is_for(&h.v[0], "did:example:any"));
	assert_true(berth_hint_is_for(&h.v[1], DID));
	assert_true(berth_hint_is_for(&h.v[1], DID ":long"));
	assert_false(berth_hint_is_for(&h.v[1], "did:peer:4zQmSomebod"));
	assert_false(berth_hint_is_for(&h.v[1], "did:peer:4zQmSomebodx"));
	berth_hints_free(&h);
	CHECK_OK(parse(&h, ""));
	assert_int_equal(h.n, 0);
	berth_hints_free(&h);
}

static void what_is_no_hint_is_refused_with_all_the_others(void **state)
{
	static const struct { const char *text; enum berth_err want; } bad[] = {
		{ "ws://good\nnng+ipc:///run/x/y\n", BERTH_E_NETPOL },
		{ "inproc://x", BERTH_E_NETPOL },
		{ "file:///etc/passwd", BERTH_E_NETPOL },
		{ "https://", BERTH_E_NETPOL },
		{ "HTTPS://a", BERTH_E_NETPOL },
		{ DID, BERTH_E_NETPOL },
		{ "ws://a ws://b", BERTH_E_DID },
		{ DID " ws://a x", BERTH_E_TYPE },
		{ "ws://a\r\n", BERTH_E_TYPE },
		{ "ws://a\x7f", BERTH_E_TYPE },
		{ "ws://\xc3\xa4", BERTH_E_TYPE },
	};
	struct berth_hints h;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_RC(bad[i].want, parse(&h, bad[i].text));
		assert_null(h.text);
	}
	CHECK_RC(BERTH_E_TYPE, berth_hints_parse(&h, "ws://a\0", 7));
}

static void caps(void **state)
{
	char text[BERTH_HINTS_TEXT_MAX + 2];
	struct berth_hints h;

	(void)state;
	CHECK_OK(parse(&h, "ws://1\nws://2\nws://3\nws://4\nws://5\nws://6\nws://7\nws://8\n"));
	assert_int_equal(h.n, BERTH_HINTS_MAX);
	berth_hints_free(&h);
	CHECK_RC(BERTH_E_SIZE, parse(&h, "ws://1\nws://2\nws://3\nws://4\nws://5\nws://6\nws://7\nws://8\nws://9"));
	memset(text, 'a', sizeof(text));
	memcpy(text, "ws://", 5);
	CHECK_OK(berth_hints_parse(&h, text, BERTH_HINT_URI_MAX));
	berth_hints_free(&h);
	CHECK_RC(BERTH_E_SIZE, berth_hints_parse(&h, text, BERTH_HINT_URI_MAX + 1));
	memset(text, '\n', sizeof(text));
	CHECK_OK(berth_hints_parse(&h, text, BERTH_HINTS_TEXT_MAX));
	berth_hints_free(&h);
	CHECK_RC(BERTH_E_SIZE, berth_hints_parse(&h, text, BERTH_HINTS_TEXT_MAX + 1));
}

/* Of memory of exactly that length, so that a reader behind its end is caught. */
static void every_truncation_is_read_to_its_end_and_no_further(void **state)
{
	static const char text[] = "# x\n" DID " nng+tcp://a:1\nhttps://b/\n\n\tws://c\n";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		char *copy = malloc(n ? n : 1);
		struct berth_hints h;

		memcpy(copy, text, n);
		if (berth_hints_parse(&h, copy, n) == BERTH_OK)
			berth_hints_free(&h);
		free(copy);
	}
}

static enum berth_err parse_one(void *arg)
{
	struct berth_hints h;
	enum berth_err rc = parse(&h, arg);

	if (!rc)
		berth_hints_free(&h);
	return rc;
}

static void without_memory(void **state)
{
	char text[] = DID " ws://a";

	(void)state;
	assert_int_equal(test_every_allocation_fails(parse_one, text), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_is_a_uri_or_a_did_and_a_uri),
		cmocka_unit_test(what_is_no_hint_is_refused_with_all_the_others),
		cmocka_unit_test(caps),
		cmocka_unit_test(every_truncation_is_read_to_its_end_and_no_further),
		cmocka_unit_test(without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
