/* SPDX-License-Identifier: Apache-2.0 */
/* What is JSON and what is not: names, texts, numbers, whatever the locale. */
#include "did/base/json.h"

#include <dirent.h>
#include <locale.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/did/base/json.h"

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
	CHECK_RC(BERTH_E_JSON, read_all("{\"a\":\"x\0y\"}", 11, 100));
	CHECK_RC(BERTH_E_JSON, read_all("{}\0", 3, 100));
	CHECK_RC(BERTH_E_JSON, read_all("[1\0]", 4, 100));
	CHECK_OK(read_all("{}\0", 2, 100));
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

static void c001_a_duplicate_is_found_wherever_it_is(void **state)
{
	char text[64 * 1024];

	(void)state;
	CHECK_RC(BERTH_E_JSON, check("{\"x\":1,\"id\":2,\"x\":3}"));
	CHECK_RC(BERTH_E_JSON, check("{\"id\":{\"x\":1,\"x\":2}}"));
	CHECK_RC(BERTH_E_JSON, check("{\"x\":{\"y\":{\"z\":1,\"\\u007a\":2}}}"));
	CHECK_RC(BERTH_E_JSON, check("{\"x\":[{\"a\":1,\"b\":{\"c\":1},\"a\":2}]}"));
	CHECK_OK(check("{\"x\":[{\"a\":1},{\"a\":1}],\"y\":{\"x\":{\"x\":1},\"y\":1}}"));
	/* each of 1024 the same as the last one, then none */
	for (size_t twin = 0; twin <= 1023; twin += twin < 8 ? 1 : 45) {
		size_t at = 0;

		for (size_t i = 0; i < 1024; i++)
			at += (size_t)snprintf(text + at, sizeof(text) - at, "%s\"member-%04zu\":%zu", i ? "," : "{",
					       i == 1023 ? twin : i, i);
		snprintf(text + at, sizeof(text) - at, "}");
		CHECK_RC(twin == 1023 ? BERTH_OK : BERTH_E_JSON, check(text));
	}
}

/* Compiles a German locale into a folder of its own and switches to it. */
static void to_german(char *folder)
{
	char path[64];
	int status = 0;
	pid_t pid;

	CHECK(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/de_DE.UTF-8", folder);
	pid = fork();
	if (!pid) {
		execlp("localedef", "localedef", "-i", "de_DE", "-f", "UTF-8", path, (char *)NULL);
		_exit(127);
	}
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == 0);
	setenv("LOCPATH", folder, 1);
	CHECK(setlocale(LC_ALL, "de_DE.UTF-8"));
	CHECK(!strcmp(localeconv()->decimal_point, ","));
}

static void c013_the_locale_does_not_matter(void **s)
{
	char folder[] = "/tmp/berth-locale-XXXXXX", command[64];

	(void)s;
	to_german(folder);
	round_trip("[1.5,-0.25,1e-7,3.0000000000000004,5.684341886080802e-14,1e21,333333333.33333329]",
		   "[1.5,-0.25,1e-7,3.0000000000000004,5.684341886080802e-14,1e+21,333333333.3333333]");
	CHECK_RC(BERTH_E_JSON, check("1,5"));
	setlocale(LC_ALL, "C");
	unsetenv("LOCPATH");
	snprintf(command, sizeof(command), "rm -r %s", folder);
	CHECK(system(command) == 0);
}

static void c014_nothing_is_canonicalised_lossily(void **s)
{
	static const char *const bad[] = {
		"9007199254740993", "-9007199254740993", "12345678901234567890123", "100000000000000000001", "1000000000000000000001",
		"9999999999999999", "-9999999999999999",
	};
	static const char *const good[] = {
		"9007199254740992", "9007199254740994", "0", "-0", "10000000000000000000", "1000000000000000000000", "0.1", "1.10",
		"9007199254740993.0", "333333333.33333329", "1e23",
		"999999999999999", "-999999999999999", "1000000000000000", "9007199254740991",
	};
	struct berth_json *v;

	(void)s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		CHECK_RC(BERTH_E_JSON, berth_json_parse_exact(&v, bad[i], strlen(bad[i]), 100));
		CHECK_OK(check(bad[i]));
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CHECK_OK(berth_json_parse_exact(&v, good[i], strlen(good[i]), 100));
		berth_json_free(v);
	}
}

/* I-JSON (RFC 7493 2.3) forbids duplicate names; we refuse U+0000 because C
 * strings would end there (C004). */
static const char *const refused[] = {
	"y_object_duplicated_key.json", "y_object_duplicated_key_and_value.json",
	"y_object_escaped_null_in_key.json", "y_string_null_escape.json",
};

static bool is_refused(const char *name)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (!strcmp(name, refused[i]))
			return true;
	return false;
}

static void foreign_parsing_vectors(void **s)
{
	DIR *d = opendir("tests/vectors/jsontestsuite/test_parsing");
	size_t n, count = 0, y = 0;
	struct dirent *e;
	char path[512];
	enum berth_err rc;

	(void)s;
	CHECK(d);
	while ((e = readdir(d))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "tests/vectors/jsontestsuite/test_parsing/%s", e->d_name);
		char *text = test_read_file(path, &n), *exact = malloc(n ? n : 1);

		memcpy(exact, text, n);
		rc = read_all(exact, n, BERTH_JSON_MAX);
		if (e->d_name[0] == 'i')	/* ours to decide; no crash */
			CHECK(rc == BERTH_OK || rc == BERTH_E_JSON);
		else if ((e->d_name[0] == 'y' && !is_refused(e->d_name)) != (rc == BERTH_OK))
			fail_msg("%s: %s", e->d_name, berth_err_name(rc));
		y += e->d_name[0] == 'y';
		count++;
		free(exact);
		free(text);
	}
	closedir(d);
	CHECK(count == 224 && y == 67);
	VECTORS("jsontestsuite", count, count);
}

/* Strings are read eight bytes at a time: every special byte at every place. */
static void special_bytes_are_seen_wherever_they_stand(void **state)
{
	static const struct { const char *text, *value; } special[] = {
		{ "\\\"", "\"" }, { "\\\\", "\\" }, { "\\n", "\n" }, { "\x7f", "\x7f" }, { " ", " " }, { "!", "!" }, { "#", "#" },
		{ "[", "[" }, { "]", "]" }, { "\xc3\xa9", "\xc3\xa9" }, { "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80" },
		{ "\x1f", NULL }, { "\n", NULL }, { "\x01", NULL }, { "\x80", NULL }, { "\xff", NULL }, { "\"", NULL },
		{ "\\x", NULL }, { "\xc0\xaf", NULL }
	};

	(void)state;
	for (size_t i = 0; i < sizeof(special) / sizeof(special[0]); i++)
		for (int before = 0; before < 36; before++)
			for (int after = 0; after < 20; after++) {
				char text[80], want[80];
				int n = snprintf(text, sizeof(text), "\"%.*s%s%.*s\"", before, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
						 special[i].text, after, "bbbbbbbbbbbbbbbbbbbb");
				struct berth_json *v;
				char *exact = malloc((size_t)n);

				assert_non_null(exact);
				memcpy(exact, text, (size_t)n);
				CHECK_RC(special[i].value ? BERTH_OK : BERTH_E_JSON, berth_json_parse(&v, exact, (size_t)n, 80));
				if (special[i].value) {
					snprintf(want, sizeof(want), "%.*s%s%.*s", before, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
						 special[i].value, after, "bbbbbbbbbbbbbbbbbbbb");
					assert_string_equal(berth_json_str(v), want);
				}
				berth_json_free(v);
				free(exact);
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(special_bytes_are_seen_wherever_they_stand),
		cmocka_unit_test(c001_duplicate_member_is_e_json),
		cmocka_unit_test(c001_a_duplicate_is_found_wherever_it_is),
		cmocka_unit_test(c003_names_are_case_sensitive),
		cmocka_unit_test(c004_escaped_nul_is_e_json),
		cmocka_unit_test(c005_raw_nul_is_e_json),
		cmocka_unit_test(c007_strings_and_blanks_are_strict),
		cmocka_unit_test(c008_numbers_are_strict),
		cmocka_unit_test(c009_integers_are_checked),
		cmocka_unit_test(c013_the_locale_does_not_matter),
		cmocka_unit_test(c014_nothing_is_canonicalised_lossily),
		cmocka_unit_test(foreign_parsing_vectors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
