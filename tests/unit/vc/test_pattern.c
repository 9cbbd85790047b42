/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/alloc.h"

#include "vc/pattern.h"

static bool found(const char *pattern, const char *text)
{
	struct berth_pattern *p;
	size_t budget = 1 << 20;
	bool yes;

	CHECK_OK(berth_pattern_parse(&p, pattern));
	CHECK_OK(berth_pattern_search(p, text, &budget, &yes));
	berth_pattern_free(p);
	return yes;
}

/* What another engine of ECMA-262 (V8) says, too. */
static void what_is_found(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool found;
	} cases[] = {
		{ "", "", true }, { "", "x", true }, { "b", "abc", true }, { "^b", "abc", false }, { "^abc$", "abc", true },
		{ "^a|c$", "abc", true }, { "^(a|c)$", "abc", false }, { "a.c", "a\nc", false }, { "a.c", "abc", true },
		{ "^[a-c]+$", "abcabc", true }, { "^[^a-c]+$", "xyz", true }, { "[^a-c]", "abc", false },
		{ "^[]$", "", false }, { "^[^]$", "\n", true }, { "[a-]", "-", true }, { "[\\d-x]", "-", true },
		{ "^\\d{4}-\\d{2}$", "2026-11", true }, { "^\\d{4}-\\d{2}$", "2026-1", false },
		{ "^a{2,3}$", "a", false }, { "^a{2,3}$", "aaa", true }, { "^a{2,3}$", "aaaa", false },
		{ "^a{2,}$", "aaaaa", true }, { "^a{0}$", "", true }, { "^(ab){0,2}$", "abab", true },
		{ "^(?:a|b)*?c$", "abac", true }, { "^(a*)*$", "aaaa", true }, { "^(a+)+$", "aaaab", false },
		{ "x{10-12}", "x{10-12}", true }, { "x{a", "x{a", true }, { "a{,2}", "a{,2}", true },
		{ "\\bfoo\\b", "a foo b", true }, { "\\bfoo\\b", "afoob", false }, { "\\Boo", "foo", true },
		{ "^\\w+\\s\\W$", "ab_9 -", true }, { "^\\S\\D$", "a1", false }, { "\\x41\\u0042", "xABx", true },
		{ "\\.\\*\\/\\$", ".*/$", true }, { "^\\t\\n$", "\t\n", true }, { "]}", "a]}", true },
		{ "^.$", "\xc3\xa4", true }, { "^[\xc3\xa0-\xc3\xbc]$", "\xc3\xa4", true }, { "^..$", "\xf0\x9f\x98\x80", false },
		{ "^did:example:123$|^did:example:456$", "did:example:456", true },
		{ "^did:example:123$|^did:example:456$", "did:example:4567", false },
		{ "a||b", "", true }, { "^(a|)b$", "b", true }, { "(a|b|cd)(e|f){2}", "xcdefx", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (found(cases[i].pattern, cases[i].text) != cases[i].found)
			fail_msg("/%s/ on \"%s\"", cases[i].pattern, cases[i].text);
}

static void what_is_no_pattern_or_not_supported(void **state)
{
	static const char *const bad[] = { "(", ")", "a)", "(a", "[a", "[", "\\", "a**", "*a", "+", "?", "a{2}{3}", "{2}",
		"a{3,2}", "a{1001}", "[b-a]", "(?=a)", "(?!a)", "(?<=a)", "(?<n>a)", "(a)\\1", "\\k", "\\p{L}", "\\x4", "\\u12",
		"[\\", "\\q" };
	struct berth_pattern *p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		enum berth_err rc = berth_pattern_parse(&p, bad[i]);

		if (rc != BERTH_E_TYPE || p)
			fail_msg("/%s/ -> %s", bad[i], berth_err_name(rc));
	}
}

static void sizes(void **state)
{
	char text[BERTH_PATTERN_TEXT_MAX + 2];
	struct berth_pattern *p;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[BERTH_PATTERN_TEXT_MAX + 1] = '\0';
	CHECK_RC(BERTH_E_SIZE, berth_pattern_parse(&p, text));
	text[BERTH_PATTERN_TEXT_MAX] = '\0';
	CHECK_OK(berth_pattern_parse(&p, text));
	berth_pattern_free(p);
	CHECK_RC(BERTH_E_SIZE, berth_pattern_parse(&p, "((a{100}){100}){100}"));
	CHECK_RC(BERTH_E_SIZE, berth_pattern_parse(&p, "(((){1000}){1000}){1000}"));
	memset(text, '(', 40);
	text[40] = '\0';
	CHECK_RC(BERTH_E_SIZE, berth_pattern_parse(&p, text));
}

/* What makes backtracking engines take for ever costs text times pattern, and no more
 * than is paid for. */
static void time_is_bounded(void **state)
{
	struct berth_pattern *p;
	size_t n = 20000, budget = 4000000;
	char *text = malloc(n + 1);
	bool yes;

	(void)state;
	memset(text, 'a', n);
	text[n - 1] = '!';
	text[n] = '\0';
	CHECK_OK(berth_pattern_parse(&p, "^(a+)+(a|aa)*(a|a?)+$"));
	CHECK_OK(berth_pattern_search(p, text, &budget, &yes));
	CHECK(!yes && budget > 0);
	budget = 1000;
	CHECK_RC(BERTH_E_SIZE, berth_pattern_search(p, text, &budget, &yes));
	CHECK(!yes && budget == 0);
	berth_pattern_free(p);
	free(text);
}

static enum berth_err parse_one(void *arg)
{
	struct berth_pattern *p;
	enum berth_err rc = berth_pattern_parse(&p, "(a|b){2}[c-d]");

	(void)arg;
	berth_pattern_free(p);
	return rc;
}

static void without_memory(void **state)
{
	(void)state;
	CHECK(test_every_allocation_fails(parse_one, NULL) > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_found),
		cmocka_unit_test(what_is_no_pattern_or_not_supported),
		cmocka_unit_test(sizes),
		cmocka_unit_test(time_is_bounded),
		cmocka_unit_test(without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
