/* SPDX-License-Identifier: Apache-2.0 */
#include "did/base/json.h"

#include <dirent.h>
#include <locale.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/check.h"
#include "tests/fakes/alloc.h"

static enum berth_err read_all(const char *p, size_t n, size_t max)
{
	enum berth_err rc = berth_json_check(p, n, max);
	struct berth_json *tree;

	CHECK_RC(rc, berth_json_parse(&tree, p, n, max));
	CHECK(!rc == !!tree);
	berth_json_free(tree);
	return rc;
}

static enum berth_err check(const char *text)
{
	size_t n = strlen(text);
	char *exact = malloc(n ? n : 1);	/* ASan sees an over-read */
	enum berth_err rc;

	memcpy(exact, text, n);
	rc = read_all(exact, n, BERTH_JSON_MAX);
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
	CHECK_OK(read_all("[1,2]", 5, 5));
	CHECK_RC(BERTH_E_SIZE, read_all("[1,2]", 5, 4));
	CHECK_RC(BERTH_E_JSON, read_all("", 0, 4));
	CHECK_RC(BERTH_E_JSON, read_all(NULL, 0, 4));
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

/* Sanitizers see that what was not made is freed once. */
static void what_was_made_is_taken_in_every_case(void **s)
{
	struct berth_json *o = berth_json_new_object(), *a = berth_json_new_array(), *out = o;

	(void)s;
	CHECK_RC(BERTH_E_TYPE, berth_json_push_made(a, berth_json_new_int(1), BERTH_E_TYPE));
	CHECK_OK(berth_json_push_made(a, berth_json_new_int(2), BERTH_OK));
	CHECK_RC(BERTH_E_NOMEM, berth_json_push_made(a, NULL, BERTH_OK));
	CHECK_RC(BERTH_E_SIZE, berth_json_set_made(o, "no", berth_json_new_array(), BERTH_E_SIZE));
	CHECK_OK(berth_json_set_made(o, "yes", a, BERTH_OK));
	CHECK_RC(BERTH_E_NOMEM, berth_json_set_made(NULL, "yes", berth_json_new_array(), BERTH_OK));
	CHECK_RC(BERTH_E_TYPE, berth_json_give(&out, berth_json_new_array(), BERTH_E_TYPE));
	CHECK(!out);
	CHECK_OK(berth_json_give(&out, o, BERTH_OK));
	CHECK(out == o);
	prints_as(o, "{\"yes\":[2]}");
	berth_json_free(o);
}

static char *object_of(size_t members, size_t *len)
{
	char *text = malloc(members * 16 + 3), *w = text;

	*w++ = '{';
	for (size_t i = 0; i < members; i++)
		w += sprintf(w, "%s\"k%zu\":0", i ? "," : "", i);
	*w++ = '}';
	*len = (size_t)(w - text);
	return text;
}

static void c011_many_members_are_refused_at_once(void **s)
{
	size_t n;
	char *text = object_of(100000, &n);
	clock_t start = clock();

	(void)s;
	CHECK_RC(BERTH_E_JSON, read_all(text, n, (size_t)16 << 20));
	CHECK(clock() - start < CLOCKS_PER_SEC);
	free(text);
	text = object_of(BERTH_JSON_MEMBERS_MAX, &n);
	CHECK_OK(read_all(text, n, BERTH_JSON_MAX));
	free(text);
	text = object_of(BERTH_JSON_MEMBERS_MAX + 1, &n);
	CHECK_RC(BERTH_E_JSON, read_all(text, n, BERTH_JSON_MAX));
	free(text);
}

/* "0," costs two bytes in the text and a hundred in the tree. */
static void c011_many_values_are_refused(void **s)
{
	size_t most = BERTH_JSON_VALUES_MAX - 1;	/* the array is one itself */
	char *text = malloc(2 * BERTH_JSON_MAX);

	(void)s;
	text[0] = '[';
	for (size_t i = 0; i < BERTH_JSON_MAX; i++)
		memcpy(text + 1 + 2 * i, "0,", 2 * (i < BERTH_JSON_MAX - 1));
	text[2 * most] = ']';
	CHECK_OK(read_all(text, 2 * most + 1, BERTH_JSON_MAX));
	text[2 * most] = ',';
	text[2 * (most + 1)] = ']';
	CHECK_RC(BERTH_E_JSON, read_all(text, 2 * (most + 1) + 1, BERTH_JSON_MAX));
	text[2 * (most + 1)] = ',';
	text[BERTH_JSON_MAX - 2] = '0';
	text[BERTH_JSON_MAX - 1] = ']';
	CHECK_RC(BERTH_E_JSON, read_all(text, BERTH_JSON_MAX, BERTH_JSON_MAX));
	free(text);
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

/* As json_names.c spreads names of eight bytes over its table. */
static unsigned slot(const char *name)
{
	const uint64_t odd = 0x9e3779b97f4a7c15;
	uint64_t eight, h;

	memcpy(&eight, name, 8);
	h = (8 ^ eight) * odd;
	return (unsigned)((h ^ h >> 32) * odd >> 32) % 2048;
}

/* C011: 1024 names that somebody has chosen to meet in one place of the table take no
 * longer than others, and a twin among them is found. */
static void c011_names_that_collide(void **state)
{
	char *text = malloc(64 * 1024), name[16];
	size_t at = 0, n = 0;
	clock_t start;

	(void)state;
	for (unsigned i = 0; n < 1024; i++) {
		snprintf(name, sizeof(name), "%08x", i);
		if (slot(name) == 7)
			at += (size_t)sprintf(text + at, "%s\"%s\":0", n++ ? "," : "{", name);
	}
	strcpy(text + at, "}");
	start = clock();
	CHECK_OK(check(text));
	CHECK(clock() - start < CLOCKS_PER_SEC);
	memcpy(text + at - strlen("\"00000000\":0"), text + 1, strlen("\"00000000\":0"));
	CHECK_RC(BERTH_E_JSON, check(text));
	free(text);
}

static const char message[] =
	"{\"id\":\"1234567890\",\"type\":\"https://didcomm.org/x/1.0/y\",\"from\":\"did:example:alice\",\"to\":"
	"[\"did:example:bob\"],\"created_time\":1516269022,\"body\":{\"a\":[true,false,null,-1.5e3,\"\\ud83d\\ude00\"]}}";

static void c012_every_truncation_and_every_addition_is_e_json(void **s)
{
	size_t n = strlen(message);
	char *twice = malloc(2 * n + 1);

	(void)s;
	CHECK_OK(check(message));
	for (size_t i = 0; i < n; i++) {
		char *exact = malloc(i ? i : 1);

		memcpy(exact, message, i);
		CHECK_RC(BERTH_E_JSON, read_all(exact, i, BERTH_JSON_MAX));
		free(exact);
	}
	memcpy(twice, message, n);
	memcpy(twice + n, message, n);
	CHECK_RC(BERTH_E_JSON, read_all(twice, 2 * n, BERTH_JSON_MAX));
	for (unsigned c = 0; c < 256; c++) {
		bool blank = c == ' ' || c == '\t' || c == '\n' || c == '\r';

		twice[n] = (char)c;
		CHECK_RC(blank ? BERTH_OK : BERTH_E_JSON, read_all(twice, n + 1, BERTH_JSON_MAX));
	}
	free(twice);
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

static enum berth_err parse_and_print(void *text)
{
	struct berth_buf out = BERTH_BUF_INIT;
	struct berth_json *v, *copy = NULL;
	enum berth_err rc;

	if ((rc = berth_json_parse(&v, text, strlen(text), BERTH_JSON_MAX)))
		return rc;
	copy = berth_json_clone(v);
	if (!copy)
		rc = BERTH_E_NOMEM;
	if (!rc)
		(void)((rc = berth_json_set_str(copy, "new", "text")) || (rc = berth_json_set_int(copy, "new", 1)) ||
		       (rc = berth_json_print(&out, copy)));
	berth_buf_free(&out);
	berth_json_free(copy);
	berth_json_free(v);
	return rc;
}

static void c015_every_allocation_may_fail(void **s)
{
	char text[41 * sizeof(message)];
	size_t at = 0;

	(void)s;
	for (int i = 0; i < 40; i++)
		at += (size_t)sprintf(text + at, "%s%s", i ? "," : "{\"many\":[", message);
	strcpy(text + at, "]}");
	CHECK(test_every_allocation_fails(parse_and_print, text) > 30);
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

static void getters_name_the_fault(void **s)
{
	struct berth_json *v = parsed("{\"s\":\"four\",\"b\":true,\"o\":{\"x\":1},\"a\":[1,2],\"n\":null}"), *list;
	const struct berth_json *node;
	const char *text = "before";
	bool b;

	(void)s;
	CHECK_OK(berth_json_req_str(v, "s", 4, &text));
	CHECK_RC(BERTH_E_SIZE, berth_json_req_str(v, "s", 3, &text));
	CHECK_RC(BERTH_E_TYPE, berth_json_req_str(v, "b", 9, &text));
	text = "before";
	CHECK_OK(berth_json_opt_str(v, "none", 4, &text));
	assert_string_equal(text, "before");
	CHECK_RC(BERTH_E_TYPE, berth_json_opt_str(v, "n", 4, &text));
	CHECK_OK(berth_json_req_bool(v, "b", &b));
	CHECK(b);
	CHECK_RC(BERTH_E_TYPE, berth_json_req_bool(v, "s", &b));
	CHECK_RC(BERTH_E_TYPE, berth_json_opt_bool(v, "s", &b));
	CHECK_OK(berth_json_opt_bool(v, "none", &b));
	CHECK_OK(berth_json_req_obj(v, "o", &node));
	CHECK(berth_json_num(berth_json_get(node, "x")) == 1);
	CHECK_RC(BERTH_E_TYPE, berth_json_req_obj(v, "a", &node));
	CHECK(!node);
	CHECK_RC(BERTH_E_TYPE, berth_json_opt_obj(v, "a", &node));
	CHECK_OK(berth_json_req_arr(v, "a", 2, &node));
	CHECK(berth_json_len(node) == 2 && berth_json_num(berth_json_at(node, 1)) == 2 && !berth_json_at(node, 2));
	CHECK_RC(BERTH_E_SIZE, berth_json_req_arr(v, "a", 1, &node));
	CHECK_RC(BERTH_E_TYPE, berth_json_req_arr(v, "o", 1, &node));
	CHECK_OK(berth_json_opt_arr(v, "none", 1, &node));
	list = parsed("[1]");
	CHECK_RC(BERTH_E_TYPE, berth_json_opt_str(list, "s", 4, &text));
	CHECK(!berth_json_get(list, "0") && !berth_json_get(NULL, "x") && !berth_json_str(list) && !berth_json_key(v));
	berth_json_free(list);
	berth_json_free(v);
}

static void objects_equal_in_any_order(void **s)
{
	static const char *const differ[] = {
		"{\"a\":1,\"b\":[1,{\"c\":null}]}", "{\"a\":1}", "{\"a\":1,\"b\":[1]}", "{\"a\":1,\"b\":[1,{\"c\":false}]}",
		"{\"a\":1.0000000000000002,\"b\":[1,{\"c\":null}]}", "{\"A\":1,\"b\":[1,{\"c\":null}]}", "[1]", "\"a\"", "true",
	};
	size_t n = sizeof(differ) / sizeof(differ[0]);
	struct berth_json *same = parsed("{\"b\":[1.0,{\"c\":null}],\"a\":1}");

	(void)s;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			struct berth_json *a = parsed(differ[i]), *b = parsed(differ[k]);

			CHECK(berth_json_equal(a, b) == (i == k));
			CHECK(berth_json_equal(a, same) == (i == 0) && berth_json_equal(same, a) == (i == 0));
			berth_json_free(a);
			berth_json_free(b);
		}
	berth_json_free(same);
}

static void pretty_is_the_same_value(void **s)
{
	struct berth_json *v = parsed(message), *again;
	struct berth_buf out = BERTH_BUF_INIT;

	(void)s;
	CHECK_OK(berth_json_print_pretty(&out, v));
	again = parsed(berth_buf_cstr(&out));
	CHECK(berth_json_equal(v, again));
	berth_json_free(again);
	berth_json_free(v);
	v = parsed("{\"a\":[1,{}],\"b\":[]}");
	berth_buf_reset(&out);
	CHECK_OK(berth_json_print_pretty(&out, v));
	assert_string_equal(berth_buf_cstr(&out), "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
	berth_json_free(v);
	berth_buf_free(&out);
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

static void values_are_changed_in_place(void **state)
{
	static const char text[] = "{\"a\":[1,2,3],\"b\":{\"c\":true}}";
	struct berth_json *o, *el;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(berth_json_parse(&o, text, strlen(text), 4096));
	el = berth_json_next_mut(berth_json_first_mut(berth_json_get_mut(o, "a")));
	CHECK_OK(berth_json_replace(el, berth_json_new_str("two")));
	CHECK_OK(berth_json_replace(berth_json_get_mut(o, "b"), berth_json_new_array()));
	berth_json_drop(berth_json_get_mut(o, "a"), berth_json_first_mut(berth_json_get_mut(o, "a")));
	CHECK_OK(berth_json_print(&b, o));
	CHECK(!strcmp(berth_buf_cstr(&b), "{\"a\":[\"two\",3],\"b\":[]}"));
	CHECK_RC(BERTH_E_NOMEM, berth_json_replace(NULL, berth_json_new_array()));
	CHECK_RC(BERTH_E_NOMEM, berth_json_replace(o, NULL));
	CHECK(!berth_json_first_mut(NULL) && !berth_json_next_mut(NULL));
	berth_buf_free(&b);
	berth_json_free(o);
}

/* A text that stands with its value, one that was put in its place, and one that is part
 * of what it replaces; the bytes of a block are the address sanitizer's to watch. */
static void texts_are_replaced_wherever_they_stand(void **state)
{
	struct berth_json *o = berth_json_new_object(), *v;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(berth_json_set_str(o, "a", "one"));
	CHECK_OK(berth_json_set_str(o, "a", "a longer one"));
	CHECK_OK(berth_json_set_str(o, "a", berth_json_str(berth_json_get(o, "a")) + 2));
	CHECK_OK(berth_json_set(o, "b", berth_json_new_str("two")));
	CHECK_OK(berth_json_set(o, "b", berth_json_clone(berth_json_get(o, "a"))));
	CHECK_OK(berth_json_set(o, "c", berth_json_clone(o)));
	CHECK_OK(berth_json_set_int(o, "a", 7));
	CHECK_OK(berth_json_set_bool(o, "b", true));
	v = berth_json_clone(o);
	CHECK_OK(berth_json_replace(berth_json_get_mut(o, "a"), v));
	CHECK_OK(berth_json_print(&b, o));
	CHECK(!strcmp(berth_buf_cstr(&b), "{\"a\":{\"a\":7,\"b\":true,\"c\":{\"a\":\"longer one\",\"b\":\"longer one\"}},"
					  "\"b\":true,\"c\":{\"a\":\"longer one\",\"b\":\"longer one\"}}"));
	berth_buf_free(&b);
	berth_json_free(o);
}

static void a_member_is_taken_out(void **state)
{
	static const char text[] = "{\"a\":1,\"b\":{\"c\":\"d\"},\"e\":[]}";
	struct berth_json *o, *b;
	struct berth_buf out = BERTH_BUF_INIT;

	(void)state;
	CHECK_OK(berth_json_parse(&o, text, strlen(text), 4096));
	CHECK(!berth_json_detach(o, "c") && !berth_json_detach(NULL, "a"));
	b = berth_json_detach(o, "b");
	CHECK(b && !berth_json_key(b) && !berth_json_get(o, "b") && berth_json_len(o) == 2);
	berth_json_free(berth_json_detach(o, "e"));	/* the last one, and then one at the end again */
	CHECK_OK(berth_json_set(o, "f", b));
	berth_json_free(berth_json_detach(o, "a"));	/* the first one */
	CHECK_OK(berth_json_set(o, "g", berth_json_detach(o, "f")));
	CHECK_OK(berth_json_print(&out, o));
	CHECK(!strcmp(berth_buf_cstr(&out), "{\"g\":{\"c\":\"d\"}}"));
	berth_json_remove(o, "g");
	CHECK(berth_json_len(o) == 0);
	CHECK_OK(berth_json_set_int(o, "h", 1));
	CHECK(berth_json_len(o) == 1);
	berth_buf_free(&out);
	berth_json_free(o);
}

static void only_objects_have_members_and_arrays_elements(void **state)
{
	struct berth_json *s = berth_json_new_str("text"), *a = berth_json_new_array(), *o = berth_json_new_object();

	(void)state;
	CHECK_RC(BERTH_E_TYPE, berth_json_set(s, "a", berth_json_new_null()));
	CHECK_RC(BERTH_E_TYPE, berth_json_set_str(a, "a", "b"));
	CHECK_RC(BERTH_E_TYPE, berth_json_push(s, berth_json_new_null()));
	CHECK_RC(BERTH_E_TYPE, berth_json_push_str(o, "b"));
	CHECK(!berth_json_first(s) && !berth_json_first(a) && !berth_json_first(o));
	CHECK_OK(berth_json_set_str(o, "a", "b"));
	CHECK_OK(berth_json_push_str(a, "b"));
	berth_json_free(s);
	berth_json_free(a);
	berth_json_free(o);
}

#define SECRET "a secret that nobody else has"

/* Everything that can be done with a text in a tree. */
static void keep_a_secret(void)
{
	static const char text[] = "{\"a\":\"" SECRET "\",\"b\":[\"\\u0061 secret that nobody else has\"],\"" SECRET "\":{\"c\":1}}";
	struct berth_json *o = parsed(text), *built = berth_json_new_object(), *copy = berth_json_clone(o), *v;

	CHECK_OK(berth_json_set_str(built, "a", SECRET));
	CHECK_OK(berth_json_set_str(built, "a", SECRET " and more"));
	CHECK_OK(berth_json_set_bool(built, "a", true));
	CHECK_OK(berth_json_set(built, SECRET, berth_json_new_str(SECRET)));
	CHECK_OK(berth_json_set(built, "d", berth_json_new_array()));
	CHECK_OK(berth_json_push_str(berth_json_get_mut(built, "d"), SECRET));
	CHECK_OK(berth_json_set(built, "b", berth_json_detach(o, "b")));
	v = berth_json_detach(o, SECRET);
	berth_json_free(o);
	berth_json_free(v);
	CHECK_OK(berth_json_replace(berth_json_get_mut(copy, "a"), built));
	berth_json_remove(copy, "b");
	berth_json_free(copy);
	for (size_t n = 0; n < strlen(text); n++)
		CHECK_RC(BERTH_E_JSON, berth_json_check(text, n, n));
}

static void nothing_is_freed_with_its_text(void **state)
{
	char *lost = strdup(SECRET);

	(void)state;
	test_watch_frees(SECRET);
	keep_a_secret();
	CHECK(test_freed_with_it() == 0);
	free(lost);
	CHECK(test_freed_with_it() == 1);
	test_watch_frees(NULL);
}

/* Its memory stays with that of the tree. */
static void what_leaves_a_tree_is_overwritten_at_once(void **state)
{
	struct berth_json *o = parsed("{\"a\":\"text\",\"b\":[\"text\"],\"c\":\"text\",\"d\":[\"text\"]}");
	const char *a = berth_json_str(berth_json_get(o, "a")), *b = berth_json_str(berth_json_at(berth_json_get(o, "b"), 0));
	const char *c = berth_json_str(berth_json_get(o, "c")), *d = berth_json_str(berth_json_at(berth_json_get(o, "d"), 0));

	(void)state;
	berth_json_remove(o, "a");
	CHECK_OK(berth_json_set_int(o, "b", 1));
	CHECK_OK(berth_json_set_str(o, "c", "new"));
	berth_json_drop(berth_json_get_mut(o, "d"), berth_json_first_mut(berth_json_get_mut(o, "d")));
	CHECK(!memcmp(a, "\0\0\0\0", 4) && !memcmp(b, "\0\0\0\0", 4) && !memcmp(c, "\0\0\0\0", 4) && !memcmp(d, "\0\0\0\0", 4));
	prints_as(o, "{\"b\":1,\"c\":\"new\",\"d\":[]}");
	berth_json_free(o);
}

/* What was read from one text lives as long as any part of it, in whatever tree. */
static void parts_outlive_their_tree(void **state)
{
	struct berth_json *o = parsed("{\"a\":{\"b\":[\"text\",1]},\"c\":\"d\"}"), *a = berth_json_detach(o, "a"), *other;
	struct berth_json *b = berth_json_detach(a, "b");

	(void)state;
	berth_json_free(o);
	prints_as(a, "{}");
	berth_json_free(a);
	other = parsed("{\"x\":1}");
	CHECK_OK(berth_json_set(other, "x", b));
	CHECK_OK(berth_json_set_str(other, "y", "z"));
	for (int i = 0; i < 100; i++)
		CHECK_OK(berth_json_push_str(berth_json_get_mut(other, "x"), "another text, which takes more room than there was"));
	b = berth_json_detach(other, "x");
	berth_json_free(other);
	CHECK(berth_json_len(b) == 102 && berth_json_says(b, "text"));
	berth_json_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_changed_in_place),
		cmocka_unit_test(texts_are_replaced_wherever_they_stand),
		cmocka_unit_test(a_member_is_taken_out),
		cmocka_unit_test(nothing_is_freed_with_its_text),
		cmocka_unit_test(what_leaves_a_tree_is_overwritten_at_once),
		cmocka_unit_test(parts_outlive_their_tree),
		cmocka_unit_test(only_objects_have_members_and_arrays_elements),
		cmocka_unit_test(special_bytes_are_seen_wherever_they_stand),
		cmocka_unit_test(c001_duplicate_member_is_e_json),
		cmocka_unit_test(c001_a_duplicate_is_found_wherever_it_is),
		cmocka_unit_test(c011_names_that_collide),
		cmocka_unit_test(c003_names_are_case_sensitive),
		cmocka_unit_test(c004_escaped_nul_is_e_json),
		cmocka_unit_test(c005_raw_nul_is_e_json),
		cmocka_unit_test(c007_strings_and_blanks_are_strict),
		cmocka_unit_test(c008_numbers_are_strict),
		cmocka_unit_test(c009_integers_are_checked),
		cmocka_unit_test(depth_32_is_the_limit),
		cmocka_unit_test(size_cap_is_e_size),
		cmocka_unit_test(builds_and_replaces),
		cmocka_unit_test(what_was_made_is_taken_in_every_case),
		cmocka_unit_test(c011_many_members_are_refused_at_once),
		cmocka_unit_test(c011_many_values_are_refused),
		cmocka_unit_test(c012_every_truncation_and_every_addition_is_e_json),
		cmocka_unit_test(c013_the_locale_does_not_matter),
		cmocka_unit_test(c014_nothing_is_canonicalised_lossily),
		cmocka_unit_test(c015_every_allocation_may_fail),
		cmocka_unit_test(foreign_parsing_vectors),
		cmocka_unit_test(getters_name_the_fault),
		cmocka_unit_test(objects_equal_in_any_order),
		cmocka_unit_test(pretty_is_the_same_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
