/* SPDX-License-Identifier: Apache-2.0 */
/* Invitations as text. */
#include "agent/protocol/oob.h"
#include "did/codec/base64url.h"
#include "tests/check.h"

/* As the specification shows it, with a DID of ours. */
#define FROM "did:peer:4zQmcQCH8nWEBBA6BpSEJFKUhYw7FJJMe1AyuKPVMEGPXVnV"
#define BODY "{\"goal_code\":\"issue-vc\",\"goal\":\"To issue a Faber College Graduate credential\"," \
	     "\"accept\":[\"didcomm/v2\",\"didcomm/aip2;env=rfc587\"]}"
#define MESSAGE(body) "{\"type\":\"https://didcomm.org/out-of-band/2.0/invitation\"," \
	"\"id\":\"69212a3a-d068-4f9d-a2dd-4741bca89af3\",\"from\":\"" FROM "\",\"body\":" body \
	",\"attachments\":[{\"id\":\"request-0\",\"media_type\":\"application/json\",\"data\":{\"json\":{}}}]}"

static char *url_of(const char *base, const char *message)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_str(&b, base);
	berth_b64url_encode(&b, message, strlen(message));
	return berth_buf_take_str(&b);
}

static enum berth_err parse(const char *text)
{
	struct berth_oob i;
	size_t n = strlen(text);
	char *exact = malloc(n ? n : 1);	/* no NUL behind it */
	enum berth_err rc;

	memcpy(exact, text, n);
	rc = berth_oob_parse(&i, exact, n);
	berth_oob_free(&i);
	free(exact);
	return rc;
}

static enum berth_err parse_url(const char *base, const char *message)
{
	char *url = url_of(base, message);
	enum berth_err rc = parse(url);

	free(url);
	return rc;
}

static void the_specifications_example(void **state)
{
	struct berth_oob i;
	struct berth_buf url = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(berth_oob_parse(&i, MESSAGE(BODY), strlen(MESSAGE(BODY))));
	assert_string_equal(i.msg.from, FROM);
	assert_string_equal(i.goal_code, "issue-vc");
	assert_string_equal(i.goal, "To issue a Faber College Graduate credential");
	assert_int_equal(berth_json_len(i.msg.attachments), 1);
	CHECK_OK(berth_oob_url(&url, "https://example.com/path", i.msg.json));
	assert_memory_equal(url.p, "https://example.com/path?_oob=eyJ0eXBlIjoi", 42);
	berth_oob_free(&i);
	CHECK_OK(berth_oob_parse(&i, berth_buf_cstr(&url), url.len));
	assert_string_equal(i.msg.id, "69212a3a-d068-4f9d-a2dd-4741bca89af3");
	berth_oob_free(&i);
	berth_buf_free(&url);
}

static void urls_as_people_have_them(void **state)
{
	static const char m[] = MESSAGE("{}");
	char *url, *more;

	(void)state;
	CHECK_OK(parse_url("https://example.com/path?_oob=", m));
	CHECK_OK(parse_url("https://example.com/?coupon=1&_oob=", m));
	CHECK_OK(parse_url("didcomm://invite?_oob=", m));
	CHECK_OK(parse_url("?_oob=", m));
	url = url_of("https://example.com/?_oob=", m);
	assert_true(asprintf(&more, "%s&x=1#top\n", url) > 0);
	CHECK_OK(parse(more));
	free(more);
	assert_true(asprintf(&more, "%s=", url) > 0);
	CHECK_RC(BERTH_E_B64, parse(more));	/* padding */
	free(more);
	free(url);
	CHECK_RC(BERTH_E_TYPE, parse_url("https://example.com/?oob=", m));	/* version 1 */
	CHECK_RC(BERTH_E_TYPE, parse_url("https://example.com/?x_oob=", m));
	CHECK_RC(BERTH_E_TYPE, parse_url("https://example.com/#_oob=", m));
	CHECK_RC(BERTH_E_TYPE, parse("https://example.com/path?_oobid=5f0e3ffb-3f92-4648-9868-0d6f8889e6f3"));
	CHECK_RC(BERTH_E_TYPE, parse("https://example.com/"));
	CHECK_RC(BERTH_E_JSON, parse(""));
}

static void what_is_no_invitation(void **state)
{
	static const struct { enum berth_err rc; const char *text; } rows[] = {
		{ BERTH_E_TYPE, "{\"type\":\"https://didcomm.org/out-of-band/1.0/invitation\",\"id\":\"1\",\"from\":\"" FROM "\"}" },
		{ BERTH_E_TYPE, "{\"type\":\"https://didcomm.org/out-of-band/2.0/invitation\",\"id\":\"1\"}" },
		{ BERTH_E_TYPE, "{\"type\":\"https://didcomm.org/out-of-band/2.0/invitation\",\"id\":\"1\",\"from\":\"did:x\"}" },
		{ BERTH_E_TYPE, "{\"type\":\"https://didcomm.org/out-of-band/2.0/invitation\",\"from\":\"" FROM "\"}" },
		{ BERTH_E_TYPE, MESSAGE("{\"goal\":1}") },
		{ BERTH_E_TYPE, MESSAGE("{\"goal_code\":[]}") },
		{ BERTH_E_TYPE, MESSAGE("{\"accept\":\"didcomm/v2\"}") },
		{ BERTH_E_TYPE, MESSAGE("{\"accept\":[\"didcomm/aip1\"]}") },
		{ BERTH_E_TYPE, MESSAGE("{\"accept\":[1]}") },
		{ BERTH_OK, MESSAGE("{\"accept\":[\"didcomm/aip1\",\"didcomm/v2\"]}") },
		{ BERTH_OK, MESSAGE("{\"accept\":[]}") },
		{ BERTH_E_JSON, "{" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (parse(rows[i].text) != rows[i].rc)
			fail_msg("%s: %s", rows[i].text, berth_err_name(parse(rows[i].text)));
}

static void c012_every_truncation_is_refused(void **state)
{
	char *url = url_of("https://example.com/?_oob=", MESSAGE(BODY));

	(void)state;
	for (size_t n = 0; n < strlen(url); n++) {
		char *cut = strndup(url, n);

		if (parse(cut) == BERTH_OK)
			fail_msg("%zu bytes", n);
		free(cut);
	}
	CHECK_OK(parse(url));
	free(url);
}

static void caps(void **state)
{
	char *big = malloc(BERTH_OOB_TEXT_MAX + 2), *goal;

	(void)state;
	memset(big, ' ', BERTH_OOB_TEXT_MAX + 1);
	memcpy(big, MESSAGE("{}"), strlen(MESSAGE("{}")));
	memcpy(big + BERTH_OOB_TEXT_MAX, "x", 2);
	CHECK_RC(BERTH_E_SIZE, parse(big));
	memcpy(big + BERTH_OOB_TEXT_MAX, " ", 2);	/* blanks behind it are nothing */
	CHECK_OK(parse(big));
	free(big);
	for (int over = 0; over < 2; over++) {
		assert_true(asprintf(&goal, "{\"type\":\"https://didcomm.org/out-of-band/2.0/invitation\",\"id\":\"1\",\"from\":\"" FROM
				     "\",\"body\":{\"goal\":\"%0*d\"}}", BERTH_OOB_GOAL_MAX + over, 0) > 0);
		CHECK_RC(over ? BERTH_E_SIZE : BERTH_OK, parse(goal));
		free(goal);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_specifications_example),
		cmocka_unit_test(urls_as_people_have_them),
		cmocka_unit_test(what_is_no_invitation),
		cmocka_unit_test(c012_every_truncation_is_refused),
		cmocka_unit_test(caps),
	};

	return cmocka_run_group_tests_name("out-of-band", tests, NULL, NULL);
}
