/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include "tests/check.h"

static enum berth_err check(const char *text)
{
	size_t n = strlen(text);
	char *exact = malloc(n ? n : 1);	/* ASan sees an over-read */
	enum berth_err rc;

	memcpy(exact, text, n);
	rc = berth_json_check(exact, n, BERTH_JSON_MAX);
	free(exact);
	return rc;
}

static struct berth_json *parsed(const char *text)
{
	struct berth_json *v;

	CHECK_OK(berth_json_parse(&v, text, strlen(text), BERTH_JSON_MAX));
	return v;
}

static void prints_as(const struct berth_json *v, const char *want)
{
	struct berth_buf out = BERTH_BUF_INIT;

	CHECK_OK(berth_json_print(&out, v));
	assert_string_equal(berth_buf_cstr(&out), want);
	berth_buf_free(&out);
}

static void round_trip(const char *text, const char *want)
{
	struct berth_json *v = parsed(text);

	prints_as(v, want);
	berth_json_free(v);
}

static void c001_duplicate_member_is_e_json(void **s)
{
	(void)s;
	CHECK_RC(BERTH_E_JSON, check("{\"from\":1,\"from\":2}"));
	CHECK_RC(BERTH_E_JSON, check("{\"from\":1,\"x\":0,\"fr\\u006fm\":2}"));
	CHECK_RC(BERTH_E_JSON, check("{\"\":1,\"\":2}"));
	CHECK_RC(BERTH_E_JSON, check("[{\"a\":{\"b\":1,\"b\":1}}]"));
	CHECK_OK(check("{\"from\":1,\"From\":2}"));
	CHECK_OK(check("{\"a\":{\"a\":{\"a\":1}}}"));
}

static void c003_names_are_case_sensitive(void **s)
{
	struct berth_json *v = parsed("{\"FROM\":\"x\",\"From\":\"y\"}");
	const char *from;

	(void)s;
	CHECK(!berth_json_get(v, "from"));
	CHECK_RC(BERTH_E_TYPE, berth_json_req_str(v, "from", 10, &from));
	CHECK_OK(berth_json_req_str(v, "From", 10, &from));
	assert_string_equal(from, "y");
	berth_json_free(v);
}

static void c004_escaped_nul_is_e_json(void **s)
{
	(void)s;
	CHECK_RC(BERTH_E_JSON, check("{\"id\":\"a\\u0000b\"}"));
	CHECK_RC(BERTH_E_JSON, check("{\"a\\u0000\":1}"));
	CHECK_OK(check("{\"id\":\"a\\u0001b\"}"));
}

static void c005_raw_nul_is_e_json(void **s)
{
	(void)s;
	CHECK_RC(BERTH_E_JSON, berth_json_check("{\"a\":\"x\0y\"}", 11, 100));
	CHECK_RC(BERTH_E_JSON, berth_json_check("{}\0", 3, 100));
	CHECK_RC(BERTH_E_JSON, berth_json_check("[1\0]", 4, 100));
	CHECK_OK(berth_json_check("{}\0", 2, 100));
}

static void c007_strings_and_blanks_are_strict(void **s)
{
	static const char *const bad[] = {
		"\"\\ud800\"", "\"\\udc00\"", "\"\\ud800\\ud800\"", "\"\\ud800x\"", "\"\\ud800\\n\"", "\"\\x41\"",
		"\"\x01\"", "\"\n\"", "\"\x1f\"", "\x01[]", "[\x0b]", "[]\x0c", "\xef\xbb\xbf[]", "\xc2\xa0[]",
		"\"\x80\"", "\"\xc0\xaf\"", "\"\xe0\x80\xaf\"", "\"\xf0\x80\x80\xaf\"", "\"\xed\xa0\x80\"",
		"\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"", "\"\xff\"", "\"\xe2\x82\"", "\"\xe2\x82", "\"\\u12g4\"",
		"\"\\u123\"", "\"\\", "\"\\\"", "\"", "'a'", "\"\\U0041\"",
	};

	(void)s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_JSON, check(bad[i]));
	CHECK_OK(check(" \t\r\n[] \n"));
	round_trip("\"\\ud83d\\ude00 \\u00e9\\u20ac\\/\\b\\f\\n\\r\\t\\\"\\\\\"",
		   "\"\xf0\x9f\x98\x80 \xc3\xa9\xe2\x82\xac/\\b\\f\\n\\r\\t\\\"\\\\\"");
	CHECK_OK(check("\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\""));
}

static void c008_numbers_are_strict(void **s)
{
	static const char *const bad[] = {
		"01", "1.", ".5", "+1", "0x1", "NaN", "1e400", "-1e400", "Infinity", "-", "1e", "1e+", "-01", "00",
		"1.e1", "1e-400", "--1", "1 2", "1,", "0.1.2", "1e1.5",
	};

	(void)s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_JSON, check(bad[i]));
	round_trip("[0,-0,1,-1,1.5,1e2,1E+2,1e-2,0e9,12345678901234567890]", "[0,0,1,-1,1.5,100,100,0.01,0,12345678901234567000]");
	round_trip("1.7976931348623157e308", "1.7976931348623157e+308");
	round_trip("5e-324", "5e-324");
}

static void c009_integers_are_checked(void **s)
{
	struct berth_json *v = parsed("{\"big\":9007199254740993,\"frac\":1.5,\"str\":\"17\",\"neg\":-1,\"yes\":true,"
				      "\"most\":9007199254740991,\"ok\":17,\"exp\":1e3}");
	static const char *const bad[] = { "big", "frac", "str", "neg", "yes", "none" };
	int64_t n = 5;

	(void)s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_TYPE, berth_json_req_int(v, bad[i], 0, INT64_MAX, &n));
	CHECK_OK(berth_json_req_int(v, "most", 0, INT64_MAX, &n));
	assert_int_equal(n, 9007199254740991);
	CHECK_OK(berth_json_req_int(v, "ok", 17, 17, &n));
	CHECK_RC(BERTH_E_TYPE, berth_json_req_int(v, "ok", 18, 99, &n));
	CHECK_RC(BERTH_E_TYPE, berth_json_req_int(v, "ok", 0, 16, &n));
	CHECK_OK(berth_json_req_int(v, "exp", 0, 1000, &n));
	n = 5;
	CHECK_OK(berth_json_opt_int(v, "none", 0, 10, &n));
	assert_int_equal(n, 5);
	CHECK_RC(BERTH_E_TYPE, berth_json_opt_int(v, "str", 0, 10, &n));
	berth_json_free(v);
}

static void depth_32_is_the_limit(void **s)
{
	char text[80];

	(void)s;
	memset(text, '[', 32);
	memset(text + 32, ']', 32);
	text[64] = '\0';
	CHECK_OK(check(text));
	memset(text, '[', 33);
	memset(text + 33, ']', 33);
	text[66] = '\0';
	CHECK_RC(BERTH_E_JSON, check(text));
}

static void size_cap_is_e_size(void **s)
{
	(void)s;
	CHECK_OK(berth_json_check("[1,2]", 5, 5));
	CHECK_RC(BERTH_E_SIZE, berth_json_check("[1,2]", 5, 4));
	CHECK_RC(BERTH_E_JSON, berth_json_check("", 0, 4));
	CHECK_RC(BERTH_E_JSON, berth_json_check(NULL, 0, 4));
}

static void builds_and_replaces(void **s)
{
	struct berth_json *o = berth_json_new_object(), *a = berth_json_new_array(), *c;

	(void)s;
	CHECK_OK(berth_json_set_str(o, "a", "x"));
	CHECK_OK(berth_json_set_int(o, "b", -5));
	CHECK_OK(berth_json_set_bool(o, "c", true));
	CHECK_OK(berth_json_push_str(a, "e"));
	CHECK_OK(berth_json_push(a, berth_json_new_int(1)));
	CHECK_OK(berth_json_set(o, "d", a));
	CHECK_OK(berth_json_set_str(o, "b", "now text"));
	prints_as(o, "{\"a\":\"x\",\"b\":\"now text\",\"c\":true,\"d\":[\"e\",1]}");
	c = berth_json_clone(o);
	CHECK(berth_json_equal(o, c));
	CHECK_OK(berth_json_set_int(c, "d", 3));
	CHECK(!berth_json_equal(o, c));
	berth_json_remove(c, "a");
	berth_json_remove(c, "none");
	prints_as(c, "{\"b\":\"now text\",\"c\":true,\"d\":3}");
	CHECK_RC(BERTH_E_NOMEM, berth_json_set_str(NULL, "a", "x"));
	CHECK_RC(BERTH_E_NOMEM, berth_json_set(NULL, "a", berth_json_new_array()));
	CHECK_RC(BERTH_E_NOMEM, berth_json_set(o, "a", NULL));
	CHECK_RC(BERTH_E_JSON, berth_json_set_str(o, "a", "\xff"));
	CHECK_RC(BERTH_E_TYPE, berth_json_set_int(o, "a", INT64_MAX));
	berth_json_free(o);
	berth_json_free(c);
	berth_json_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c001_duplicate_member_is_e_json),
		cmocka_unit_test(c003_names_are_case_sensitive),
		cmocka_unit_test(c004_escaped_nul_is_e_json),
		cmocka_unit_test(c005_raw_nul_is_e_json),
		cmocka_unit_test(c007_strings_and_blanks_are_strict),
		cmocka_unit_test(c008_numbers_are_strict),
		cmocka_unit_test(c009_integers_are_checked),
		cmocka_unit_test(depth_32_is_the_limit),
		cmocka_unit_test(size_cap_is_e_size),
		cmocka_unit_test(builds_and_replaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
