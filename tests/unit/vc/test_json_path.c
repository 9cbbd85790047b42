/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"

#include "vc/json_path.h"

static enum berth_err note(void *arg, const struct berth_json *v, const char *pointer, bool *enough)
{
	struct berth_buf *b = arg;

	(void)v;
	(void)enough;
	berth_buf_printf(b, "%s%s", b->len ? " " : "", *pointer ? pointer : "(all)");
	return berth_buf_status(b);
}

/* The pointers that a path selects, with spaces between; ! before: E_NOMATCH. */
static void selects(const char *path, const char *doc, const char *want)
{
	struct berth_json *d = test_json(doc), *array = *path == '[' ? test_json(path) : NULL;
	struct berth_buf got = BERTH_BUF_INIT;
	struct berth_path p;
	size_t budget = 100000;
	enum berth_err rc;

	CHECK_OK(array ? berth_path_read(&p, array) : berth_path_parse(&p, path));
	rc = berth_path_select(&p, d, &budget, note, &got);
	CHECK_RC(*want == '!' ? BERTH_E_NOMATCH : BERTH_OK, rc);
	if (*want != '!' && strcmp(berth_buf_cstr(&got), want) != 0)
		fail_msg("%s selects %s, want %s", path, berth_buf_cstr(&got), want);
	berth_buf_free(&got);
	berth_path_free(&p);
	berth_json_free(d);
	berth_json_free(array);
}

#define DOC "{\"a\":{\"b\":[{\"c\":1},{\"c\":2},3]},\"@context\":\"x\",\"d e\":{\"f/g\":5},\"c\":4}"

static void json_paths(void **state)
{
	(void)state;
	selects("$", DOC, "(all)");
	selects("$.a.b[0].c", DOC, "/a/b/0/c");
	selects("$.a.b[*].c", DOC, "/a/b/0/c /a/b/1/c");
	selects("$.a.b.*.c", DOC, "/a/b/0/c /a/b/1/c");
	selects("$['a'][\"b\"][2]", DOC, "/a/b/2");
	selects("$.@context", DOC, "/@context");
	selects("$['d e']['f/g']", DOC, "/d e/f~1g");
	selects("$..c", DOC, "/c /a/b/0/c /a/b/1/c");
	selects("$.a..c", DOC, "/a/b/0/c /a/b/1/c");
	selects("$.*", DOC, "/a /@context /d e /c");
	selects("$.a.b[3]", DOC, "");
	selects("$.a[0]", DOC, "");
	selects("$.c.d", DOC, "");
	selects("$['it\\'s']", "{\"it's\":1}", "/it's");
}

/* OpenID4VP 1.0, 7.3 */
#define ARTHUR "{\"name\":\"Arthur Dent\",\"address\":{\"street_address\":\"42 Market Street\",\"locality\":\"Milliways\"," \
	"\"postal_code\":\"12345\"},\"degrees\":[{\"type\":\"Bachelor of Science\",\"university\":\"University of Betelgeuse\"}," \
	"{\"type\":\"Master of Science\",\"university\":\"University of Betelgeuse\"}],\"nationalities\":[\"British\",\"Betelgeusian\"]}"

static void claims_path_pointers(void **state)
{
	(void)state;
	selects("[\"name\"]", ARTHUR, "/name");
	selects("[\"address\"]", ARTHUR, "/address");
	selects("[\"address\",\"street_address\"]", ARTHUR, "/address/street_address");
	selects("[\"degrees\",null,\"type\"]", ARTHUR, "/degrees/0/type /degrees/1/type");
	selects("[\"nationalities\",1]", ARTHUR, "/nationalities/1");
	selects("[\"nationalities\",2]", ARTHUR, "");
	selects("[\"nationalities\",\"0\"]", ARTHUR, "!");	/* a name into an array */
	selects("[\"name\",null]", ARTHUR, "!");
	selects("[\"address\",0]", ARTHUR, "!");
	selects("[\"l\",null,\"a\"]", "{\"l\":[{\"a\":1},5]}", "!");	/* one of them is enough */
}

static void what_is_refused(void **state)
{
	static const char *const bad[] = { "", "a", "$a", "$.", "$..", "$.a.", "$[", "$[]", "$['a'", "$['a", "$[a]", "$[-1]",
		"$[0:2]", "$[?(@.a)]", "$['a','b']", "$[01]", "$[1000000000]", "$.a[*", "$['\\n']", "$ .a" };
	static const char *const not[] = { "[]", "{}", "[true]", "[-1]", "[1.5]", "[{}]" };
	struct berth_path p;
	struct berth_json *j;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		if (berth_path_parse(&p, bad[i]) != BERTH_E_TYPE)
			fail_msg("%s", bad[i]);
		CHECK(p.steps == NULL && p.n == 0);
	}
	for (size_t i = 0; i < sizeof(not) / sizeof(*not); i++) {
		j = test_json(not[i]);
		CHECK_RC(BERTH_E_TYPE, berth_path_read(&p, j));
		berth_json_free(j);
	}
}

static void sizes(void **state)
{
	char text[BERTH_PATH_TEXT_MAX + 1] = "$";
	struct berth_json *d = test_json("[[[[1,2],[3,4]],[[5,6],[7,8]]],[[[1,2],[3,4]],[[5,6],[7,8]]]]");
	struct berth_buf got = BERTH_BUF_INIT;
	struct berth_path p;
	size_t budget = 200;

	(void)state;
	for (size_t i = 0; i < BERTH_PATH_STEPS_MAX; i++)
		strcat(text, ".a");
	CHECK_OK(berth_path_parse(&p, text));
	berth_path_free(&p);
	strcat(text, ".a");
	CHECK_RC(BERTH_E_SIZE, berth_path_parse(&p, text));
	memset(text + 1, 'a', BERTH_PATH_TEXT_MAX - 1);
	CHECK_RC(BERTH_E_SIZE, berth_path_parse(&p, text));
	/* steps of any depth after each other multiply, and are paid for */
	CHECK_OK(berth_path_parse(&p, "$..*..*..*..*"));
	CHECK_RC(BERTH_E_SIZE, berth_path_select(&p, d, &budget, note, &got));
	berth_buf_free(&got);
	berth_path_free(&p);
	berth_json_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(json_paths),
		cmocka_unit_test(claims_path_pointers),
		cmocka_unit_test(what_is_refused),
		cmocka_unit_test(sizes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
