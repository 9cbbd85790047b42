/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"

#include "did/base/buf.h"
#include "did/base/secret.h"
#include "did/url.h"

static void parts_of_a_did_url(void **state)
{
	struct berth_did_url u;

	(void)state;
	CHECK_OK(berth_did_url_parse(&u, "did:web:example.com%3A3000:user:alice/a/b?service=files&x=/?#key-1/?"));
	assert_string_equal(u.did, "did:web:example.com%3A3000:user:alice");
	assert_string_equal(u.method, "web");
	assert_string_equal(u.id, "example.com%3A3000:user:alice");
	assert_string_equal(u.path, "/a/b");
	assert_string_equal(u.query, "service=files&x=/?");
	assert_string_equal(u.fragment, "key-1/?");
	berth_did_url_free(&u);
	CHECK_OK(berth_did_url_parse(&u, "did:example:123"));
	CHECK(!u.path && !u.query && !u.fragment);
	berth_did_url_free(&u);
	CHECK_OK(berth_did_url_parse(&u, "did:example:123?#"));
	assert_string_equal(u.query, "");
	assert_string_equal(u.fragment, "");
	CHECK(!u.path);
	berth_did_url_free(&u);
	berth_did_url_free(&u);
}

static const char *const good_dids[] = {
	"did:example:123456789abcdefghi", "did:a:b", "did:a0:b", "did:example:a.b-c_d%20", "did:x::a", "did:x:a:b::c",
	"did:key:z6MkpTHR8VNsBxYAAWHut2Geadd9jSwuBV8xRoAnwWsdvktH", "did:web:example.com%3A3000",
	"did:abcdefghijklmnopqrstuvwxyz012345:x",	/* the longest method name */
};

static const char *const no_dids[] = {
	"", "did", "did:", "did::", "did:a", "did:a:", "did:a:b:", "did::b", "did:A:b", "DID:a:b", "Did:a:b", "did:a-b:c",
	"did:a:b c", "did:a:b%", "did:a:b%2", "did:a:b%2g", "did:a:b%%41", "did:a:\xc3\xa9", "did:a:b\n", " did:a:b", "did:a:b@c",
	"did:a:b;c", "did:a:$b", "urn:a:b", "#key-1", "did:abcdefghijklmnopqrstuvwxyz0123456:x",
};

static void did_syntax(void **state)
{
	struct berth_did_url u;

	(void)state;
	for (size_t i = 0; i < sizeof(good_dids) / sizeof(good_dids[0]); i++) {
		CHECK(berth_is_did(good_dids[i]));
		CHECK(!berth_is_kid(good_dids[i]));
		CHECK(berth_did_len(good_dids[i]) == strlen(good_dids[i]));
	}
	for (size_t i = 0; i < sizeof(no_dids) / sizeof(no_dids[0]); i++) {
		CHECK(!berth_is_did(no_dids[i]));
		CHECK_RC(BERTH_E_DID, berth_did_url_parse(&u, no_dids[i]));
		CHECK(!u.text && !u.did);
	}
	CHECK(!berth_is_did(NULL));
	CHECK(!berth_is_did("did:a:b#c") && !berth_is_did("did:a:b/c") && !berth_is_did("did:a:b?c"));
}

/* Which bytes belong to a DID is the same wherever they stand in it. */
static void each_byte_counts_wherever_it_stands(void **state)
{
	static const char ids[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:", ends[] = "/?#";
	const size_t prefix = strlen("did:a:"), len = prefix + 150;

	(void)state;
	for (size_t at = prefix; at < len - 1; at++)
		for (int c = 1; c < 256; c++) {
			char *text = malloc(len + 1);

			assert_non_null(text);
			memset((char *)memcpy(text, "did:a:", prefix) + prefix, 'x', len - prefix);
			text[len] = '\0';
			text[at] = (char)c;
			if (strchr(ids, c))
				assert_int_equal(berth_did_len(text), len);
			else
				assert_int_equal(berth_did_len(text), strchr(ends, c) && at > prefix ? at : 0);
			free(text);
		}
}

/* Those measured last are remembered; what begins with one need not be it. */
static void a_long_did_is_measured_by_all_of_it(void **state)
{
	static const struct { const char *end; size_t more; bool is; } ends[] = {
		{ "", 0, true }, { "#key-1", 0, true }, { "?a", 0, true }, { "/b", 0, true }, { "x", 1, true }, { "%4a", 3, true },
		{ ":x", 2, true }, { "~", 0, false }, { ":", 0, false }, { "%4", 0, false }, { "x~", 0, false }, { "\xc3", 0, false },
	};
	char text[1100];

	(void)state;
	for (size_t n = 100; n <= 1050; n += 25) {
		memset(text, 'a', n);
		memcpy(text, "did:x:", 6);
		for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
			strcpy(text + n, ends[i].end);
			assert_int_equal(berth_did_len(text), ends[i].is ? n + ends[i].more : 0);
			text[n - 1] = '\0';
			assert_int_equal(berth_did_len(text), n - 1);
			strcpy(text + n - 1, "a");
			assert_int_equal(berth_did_len(text), n);
		}
	}
}

/* Both forms of those that were seen last are known; what has one in front need not be either. */
static void two_forms_of_two_dids_are_measured_in_any_order(void **state)
{
	static const struct { const char *text; size_t len; } texts[] = {
		{ "did:peer:4zQmA", 14 }, { "did:peer:4zQmA:zDoc", 19 }, { "did:peer:4zQmA#k", 14 }, { "did:peer:4zQmA:zDoc#k", 19 },
		{ "did:peer:4zQmA:zDo", 18 }, { "did:peer:4zQmA:zDocs", 20 }, { "did:peer:4zQmA:", 0 }, { "did:peer:4zQmA:zDoc:", 0 },
		{ "did:peer:4zQmA:zDoc~", 0 }, { "did:peer:4zQmA~", 0 }, { "did:peer:4zQmB", 14 }, { "did:peer:4zQmB:zDoc/p", 19 },
		{ "did:x:a", 7 }, { "did:x:a:b", 9 }, { "did:x:a:", 0 }, { "did:x:a~", 0 }, { "did:x:", 0 }, { "", 0 }, { "di", 0 },
	};
	const size_t n = sizeof(texts) / sizeof(texts[0]);

	(void)state;
	for (size_t i = 0; i < n * n * n; i++) {
		assert_int_equal(berth_did_len(texts[i / n / n].text), texts[i / n / n].len);
		assert_int_equal(berth_did_len(texts[i / n % n].text), texts[i / n % n].len);
		assert_int_equal(berth_did_len(texts[i % n].text), texts[i % n].len);
	}
}

static void did_url_syntax(void **state)
{
	(void)state;
	CHECK(berth_is_did_url("did:a:b") && berth_is_did_url("did:a:b/") && berth_is_did_url("did:a:b/c@d!$&'()*+,;=:"));
	CHECK(berth_is_did_url("did:a:b?") && berth_is_did_url("did:a:b#") && berth_is_did_url("did:a:b/%41?%42#%43"));
	CHECK(!berth_is_did_url("did:a:b#c#d") && !berth_is_did_url("did:a:b/c d") && !berth_is_did_url("did:a:b#%4"));
	CHECK(!berth_is_did_url("did:a:b#\"") && !berth_is_did_url("did:a:b#<") && !berth_is_did_url("did:a:b#\x7f"));
}

static void c024_a_kid_is_absolute_with_a_fragment(void **state)
{
	(void)state;
	CHECK(berth_is_kid("did:a:b#c") && berth_is_kid("did:a:b/p?q#c"));
	CHECK(!berth_is_kid("did:a:b") && !berth_is_kid("did:a:b#") && !berth_is_kid("#c") && !berth_is_kid("c"));
	CHECK(!berth_is_kid("") && !berth_is_kid(NULL) && !berth_is_kid("did:a:#c"));
}

static void length_cap(void **state)
{
	char *s = malloc(BERTH_DID_URL_MAX + 2);
	struct berth_did_url u;

	(void)state;
	memset(s, 'a', BERTH_DID_URL_MAX + 1);
	memcpy(s, "did:a:", 6);
	s[BERTH_DID_URL_MAX] = '\0';
	CHECK(berth_is_did(s));
	CHECK_OK(berth_did_url_parse(&u, s));
	berth_did_url_free(&u);
	s[BERTH_DID_URL_MAX] = 'a';
	s[BERTH_DID_URL_MAX + 1] = '\0';
	CHECK(!berth_is_did(s));
	CHECK_RC(BERTH_E_SIZE, berth_did_url_parse(&u, s));
	s[100] = '#';	/* the whole URL is capped, not only its DID */
	CHECK(!berth_is_kid(s) && !berth_is_did_url(s));
	CHECK_RC(BERTH_E_SIZE, berth_did_url_parse(&u, s));
	free(s);
}

static void peer4_compares_by_its_short_form(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK(berth_did_same("did:peer:4zQmA", "did:peer:4zQmA:zDoc"));
	CHECK(berth_did_same("did:peer:4zQmA:zDoc#key-1", "did:peer:4zQmA"));
	CHECK(!berth_did_same("did:peer:4zQmA", "did:peer:4zQmB:zDoc"));
	CHECK(!berth_did_same("did:peer:4zQm", "did:peer:4zQmA:zDoc"));
	CHECK(!berth_did_same("did:peer:2zQmA", "did:peer:2zQmA:zDoc"));
	CHECK(!berth_did_same("did:web:a", "did:web:a:b"));
	CHECK(!berth_did_same("did:a:B", "did:a:b"));
	CHECK(!berth_did_same("nobody", "nobody") && !berth_did_same("", ""));
	CHECK(berth_did_url_same("did:peer:4zQmA#key-1", "did:peer:4zQmA:zDoc#key-1"));
	CHECK(!berth_did_url_same("did:peer:4zQmA#key-1", "did:peer:4zQmA:zDoc#key-2"));
	CHECK(!berth_did_url_same("did:a:b#c", "did:a:b") && berth_did_url_same("did:a:b", "did:a:b"));

	CHECK_OK(berth_did_short(&b, "did:peer:4zQmA:zDoc"));
	assert_string_equal(berth_buf_cstr(&b), "did:peer:4zQmA");
	berth_buf_reset(&b);
	CHECK_OK(berth_did_short(&b, "did:web:a:b"));
	assert_string_equal(berth_buf_cstr(&b), "did:web:a:b");
	CHECK_RC(BERTH_E_DID, berth_did_short(&b, "did:peer:4zQmA:zDoc#key-1"));
	berth_buf_free(&b);
}

/* What "the same" means, without any short way to it. */
static bool by_definition(const char *a, const char *b)
{
	struct berth_buf did = BERTH_BUF_INIT, sa = BERTH_BUF_INIT, sb = BERTH_BUF_INIT;
	size_t la = berth_did_len(a), lb = berth_did_len(b);
	bool same = false;

	if (la && lb) {
		berth_buf_put(&did, a, la);
		CHECK_OK(berth_did_short(&sa, berth_buf_cstr(&did)));
		berth_buf_reset(&did);
		berth_buf_put(&did, b, lb);
		CHECK_OK(berth_did_short(&sb, berth_buf_cstr(&did)));
		same = strcmp(berth_buf_cstr(&sa), berth_buf_cstr(&sb)) == 0;
	}
	berth_buf_free(&did);
	berth_buf_free(&sa);
	berth_buf_free(&sb);
	return same;
}

/* Of two of which the DIDs are the same. */
static bool url_by_definition(const char *a, const char *b)
{
	return strcmp(a + berth_did_len(a), b + berth_did_len(b)) == 0;
}

/* Texts that begin alike, and end, or go on, or are no DIDs, in every way. */
static void the_same_whatever_they_differ_in(void **state)
{
	static const char pad[] = "zQmaaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff";	/* 63 */
	static const char *const heads[] = { "did:peer:4", "did:peer:4zQm", "did:peer:2", "did:a:b", "did:a:", "did:", "di", pad };
	static const char *const tails[] = { "", ":", "A", "B", ":zD", "#k", "/p", "?q", "%41", "%4", "\x01", ":did:", "%", pad };
	enum { HEADS = sizeof(heads) / sizeof(heads[0]), TAILS = sizeof(tails) / sizeof(tails[0]), N = HEADS * TAILS * TAILS };
	char (*text)[160] = calloc(N, sizeof(*text));
	size_t same = 0;

	(void)state;
	for (size_t i = 0; i < N; i++)
		snprintf(text[i], sizeof(text[i]), "%s%s%s", heads[i / TAILS / TAILS], tails[i / TAILS % TAILS], tails[i % TAILS]);
	for (size_t i = 0; i < N; i++)
		for (size_t k = 0; k < N; k += 1 + i % 7) {
			bool is = by_definition(text[i], text[k]);

			if (berth_did_same(text[i], text[k]) != is ||
			    berth_did_url_same(text[i], text[k]) != (is && url_by_definition(text[i], text[k])))
				fail_msg("%s and %s", text[i], text[k]);
			same += is;
		}
	CHECK(same > N / 4);
	free(text);
}

static void every_truncation_is_a_did_url_or_e_did(void **state)
{
	static const char url[] = "did:web:example.com%3A3000/p%41th?q=1#key-1";

	(void)state;
	for (size_t n = 0; n < sizeof(url) - 1; n++) {
		char *exact = strndup(url, n);
		struct berth_did_url u;
		enum berth_err rc = berth_did_url_parse(&u, exact);

		CHECK(rc == BERTH_OK || rc == BERTH_E_DID);
		CHECK((rc == BERTH_OK) == berth_is_did_url(exact));
		CHECK(rc != BERTH_OK || strcmp(u.text, exact) == 0);
		berth_did_url_free(&u);
		free(exact);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_of_a_did_url),
		cmocka_unit_test(did_syntax),
		cmocka_unit_test(each_byte_counts_wherever_it_stands),
		cmocka_unit_test(a_long_did_is_measured_by_all_of_it),
		cmocka_unit_test(two_forms_of_two_dids_are_measured_in_any_order),
		cmocka_unit_test(did_url_syntax),
		cmocka_unit_test(c024_a_kid_is_absolute_with_a_fragment),
		cmocka_unit_test(length_cap),
		cmocka_unit_test(peer4_compares_by_its_short_form),
		cmocka_unit_test(the_same_whatever_they_differ_in),
		cmocka_unit_test(every_truncation_is_a_did_url_or_e_did),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
