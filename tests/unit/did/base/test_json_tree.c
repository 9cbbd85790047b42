/* SPDX-License-Identifier: Apache-2.0 */
/* Trees that are built, changed, taken apart and compared, and where their texts go. */
#include "did/base/json.h"

#include "tests/fakes/alloc.h"
#include "tests/unit/did/base/json.h"

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

/* Where there is room beside the value, and where there is none any more. */
static void a_value_is_called_anew(void **state)
{
	struct berth_json *o = berth_json_new_object(), *v = berth_json_new_array();
	char name[64];

	(void)state;
	CHECK_OK(berth_json_push_str(v, "in it"));
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "the name that it has for the time being, %d", i);
		CHECK_OK(berth_json_set(o, name, v));
		CHECK(berth_json_get(o, name) == v && berth_json_len(o) == 1);
		assert_string_equal(berth_json_key(v), name);
		CHECK(berth_json_detach(o, name) == v && !berth_json_key(v));
	}
	CHECK_OK(berth_json_set(o, "a", v));
	prints_as(o, "{\"a\":[\"in it\"]}");
	berth_json_free(o);
}

static void an_array_is_made_where_its_object_is(void **state)
{
	struct berth_json *o = berth_json_new_object(), *a;

	(void)state;
	CHECK_OK(berth_json_set_array(o, "a", &a));
	CHECK(a == berth_json_get(o, "a"));
	CHECK_OK(berth_json_push_str(a, "x"));
	CHECK_OK(berth_json_set_str(o, "b", "text"));
	prints_as(o, "{\"a\":[\"x\"],\"b\":\"text\"}");
	CHECK_OK(berth_json_set_array(o, "a", &a));
	CHECK_OK(berth_json_set_array(o, "b", &a));
	CHECK_OK(berth_json_push(a, berth_json_new_int(2)));
	prints_as(o, "{\"a\":[],\"b\":[2]}");
	CHECK_RC(BERTH_E_TYPE, berth_json_set_array(a, "a", &a));
	CHECK_RC(BERTH_E_NOMEM, berth_json_set_array(NULL, "a", &a));
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
		cmocka_unit_test(a_value_is_called_anew), cmocka_unit_test(an_array_is_made_where_its_object_is),
		cmocka_unit_test(only_objects_have_members_and_arrays_elements),
		cmocka_unit_test(builds_and_replaces),
		cmocka_unit_test(what_was_made_is_taken_in_every_case),
		cmocka_unit_test(getters_name_the_fault),
		cmocka_unit_test(objects_equal_in_any_order),
		cmocka_unit_test(pretty_is_the_same_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
