/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/uri_ref.h"

static void is(const char *want, const char *base, const char *ref)
{
	struct berth_buf b = BERTH_BUF_INIT;

	CHECK(berth_uri_is_local_ref(ref));
	CHECK_OK(berth_uri_resolve(&b, base, ref));
	assert_string_equal(berth_buf_cstr(&b), want);
	berth_buf_free(&b);
}

/* RFC 3986, 5.4.1 and 5.4.2: all but those with a scheme or an authority. */
static void rfc3986_examples(void **state)
{
	static const char *const cases[][2] = {
		{ "g", "http://a/b/c/g" }, { "./g", "http://a/b/c/g" }, { "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" }, { "?y", "http://a/b/c/d;p?y" }, { "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q#s" }, { "g#s", "http://a/b/c/g#s" }, { "g?y#s", "http://a/b/c/g?y#s" },
		{ ";x", "http://a/b/c/;x" }, { "g;x", "http://a/b/c/g;x" }, { "g;x?y#s", "http://a/b/c/g;x?y#s" },
		{ "", "http://a/b/c/d;p?q" }, { ".", "http://a/b/c/" }, { "./", "http://a/b/c/" },
		{ "..", "http://a/b/" }, { "../", "http://a/b/" }, { "../g", "http://a/b/g" },
		{ "../..", "http://a/" }, { "../../", "http://a/" }, { "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" }, { "../../../../g", "http://a/g" },
		{ "/./g", "http://a/g" }, { "/../g", "http://a/g" }, { "g.", "http://a/b/c/g." },
		{ ".g", "http://a/b/c/.g" }, { "g..", "http://a/b/c/g.." }, { "..g", "http://a/b/c/..g" },
		{ "./../g", "http://a/b/g" }, { "./g/.", "http://a/b/c/g/" }, { "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" }, { "g;x=1/./y", "http://a/b/c/g;x=1/y" },
		{ "g;x=1/../y", "http://a/b/c/y" }, { "g?y/./x", "http://a/b/c/g?y/./x" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" }, { "g#s/./x", "http://a/b/c/g#s/./x" },
		{ "g#s/../x", "http://a/b/c/g#s/../x" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		is(cases[i][1], "http://a/b/c/d;p?q", cases[i][0]);
	VECTORS("RFC 3986 5.4", sizeof(cases) / sizeof(cases[0]), sizeof(cases) / sizeof(cases[0]));
}

static void other_bases(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	is("https://a.example/x", "https://a.example", "x");
	is("https://a.example/x?y", "https://a.example?q", "x?y");
	is("https://a.example?q#f", "https://a.example?q", "#f");
	is("nng+tcp://gw:7000/x", "nng+tcp://gw:7000/in/box", "/x");
	is("https://u@[::1]:8/b", "https://u@[::1]:8/a#gone", "b");
	CHECK_RC(BERTH_E_RESOLVE, berth_uri_resolve(&b, "did:example:a", "x"));
	CHECK_RC(BERTH_E_RESOLVE, berth_uri_resolve(&b, "mailto:a@b", "x"));
	CHECK_RC(BERTH_E_RESOLVE, berth_uri_resolve(&b, "//a/b", "x"));
	CHECK_RC(BERTH_E_RESOLVE, berth_uri_resolve(&b, "", "x"));
	CHECK_RC(BERTH_E_RESOLVE, berth_uri_resolve(&b, "https://a b/", "x"));
	berth_buf_free(&b);
}

/* What would lead elsewhere, or mean something else to whoever reads it next. */
static void references_that_leave_are_none(void **state)
{
	static const char *const bad[] = {
		"//evil.example/x", "https://evil.example", "https:x", "javascript:alert(1)", "x:y",
		"\\\\evil.example", "/\\evil", "a b", "a\nb", "\"", "<", "a#b#c", "%", "%2", "%zz", "\xc3\xa4", "a|b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK(!berth_uri_is_local_ref(bad[i]));
	CHECK(berth_uri_is_local_ref("./x:y"));
	CHECK(berth_uri_is_local_ref("?x:y") && berth_uri_is_local_ref("/x//y") && berth_uri_is_local_ref("%2e%2E"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc3986_examples),
		cmocka_unit_test(other_bases),
		cmocka_unit_test(references_that_leave_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
