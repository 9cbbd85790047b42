/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/base64url.h"

#include "did/base/rand.h"
#include "tests/check.h"

static const struct {
	const char *bytes, *text;
} good[] = {	/* RFC 4648 section 10 without padding, and the two last characters */
	{ "", "" }, { "f", "Zg" }, { "fo", "Zm8" }, { "foo", "Zm9v" }, { "foob", "Zm9vYg" },
	{ "fooba", "Zm9vYmE" }, { "foobar", "Zm9vYmFy" }, { "\xfb\xff\xbf", "-_-_" }, { "\xff\xff\xff", "____" },
};

static void rfc4648_vectors(void **s)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t fixed[8];

	(void)s;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		size_t n = strlen(good[i].bytes), len = strlen(good[i].text);

		berth_buf_reset(&b);
		berth_b64url_encode(&b, good[i].bytes, n);
		assert_string_equal(berth_buf_cstr(&b), good[i].text);
		berth_buf_reset(&b);
		CHECK_OK(berth_b64url_decode(&b, good[i].text, len));
		CHECK(b.len == n && !memcmp(berth_buf_cstr(&b), good[i].bytes, n));
		CHECK_OK(berth_b64url_decode_fixed(fixed, n, good[i].text, len));
		CHECK(!memcmp(fixed, good[i].bytes, n));
		CHECK_RC(BERTH_E_B64, berth_b64url_decode_fixed(fixed, n + 1, good[i].text, len));
	}
	berth_buf_free(&b);
}

static void every_byte_value_round_trips(void **s)
{
	struct berth_buf t = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	uint8_t all[256];

	(void)s;
	for (size_t i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	for (size_t n = 0; n <= 256; n++) {
		berth_buf_reset(&t);
		berth_buf_reset(&b);
		berth_b64url_encode(&t, all + 256 - n, n);
		CHECK_OK(berth_b64url_decode(&b, berth_buf_cstr(&t), t.len));
		CHECK(b.len == n && (!n || !memcmp(b.p, all + 256 - n, n)));
	}
	berth_buf_free(&t);
	berth_buf_free(&b);
}

static void c017_only_one_spelling_is_accepted(void **s)
{
	static const char *const bad[] = {
		"Zg==", "Zm8=", "Z", "Zm9vY", "Zm+v", "Zm/v", "Zm9v\n", "Zm9\r", " m9v", "Zh", "Zm9", "Zm9vYn", "Zm9*", "Zm\x80v",
	};
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t key[32], zero[32] = { 0 };

	(void)s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t n = strlen(bad[i]);
		char *exact = malloc(n);

		memcpy(exact, bad[i], n);
		CHECK_RC(BERTH_E_B64, berth_b64url_decode(&b, exact, n));
		CHECK(b.len == 0);
		free(exact);
	}
	for (unsigned c = 0; c < 256; c++) {
		char text[4] = { 'A', (char)c, 'A', 'A' };
		bool in = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';

		CHECK_RC(in ? BERTH_OK : BERTH_E_B64, berth_b64url_decode(&b, text, 4));
	}
	memset(key, 1, sizeof(key));
	CHECK_RC(BERTH_E_B64, berth_b64url_decode_fixed(key, 32, "", 0));
	CHECK(!memcmp(key, zero, 32));
	berth_buf_free(&b);
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/* Character by character, as RFC 4648 section 4 describes it. */
static size_t encode_slowly(char *out, const uint8_t *p, size_t n)
{
	size_t at = 0;

	for (size_t bit = 0; bit < 8 * n; bit += 6) {
		unsigned two = (unsigned)p[bit / 8] << 8 | (bit / 8 + 1 < n ? p[bit / 8 + 1] : 0);

		out[at++] = alphabet[two >> (10 - bit % 8) & 63];
	}
	return at;
}

static bool is_spelled(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!s[i] || !strchr(alphabet, s[i]))
			return false;
	if (n % 4 == 0)
		return true;
	return n % 4 != 1 && ((strchr(alphabet, s[n - 1]) - alphabet) & (n % 4 == 2 ? 15 : 3)) == 0;
}

/* Sixteen characters are read and written at a time: each length, each place and each
 * character, in memory that ends where they do. */
static void every_character_at_every_place(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	char want[80];

	(void)state;
	for (size_t n = 0; n < 54; n++) {
		uint8_t *bytes = malloc(n ? n : 1), *out = malloc(n ? n : 1);
		size_t len;
		char *text;

		berth_random(bytes, n);
		len = encode_slowly(want, bytes, n);
		berth_buf_reset(&b);
		berth_b64url_encode(&b, bytes, n);
		CHECK(b.len == len && !memcmp(berth_buf_cstr(&b), want, len) && !berth_buf_cstr(&b)[len]);
		text = malloc(len ? len : 1);
		memcpy(text, want, len);
		for (size_t i = 0; i < len; i++) {
			for (unsigned c = 0; c < 256; c++) {
				text[i] = (char)c;
				CHECK_RC(is_spelled(text, len) ? BERTH_OK : BERTH_E_B64, berth_b64url_decode_fixed(out, n, text, len));
			}
			text[i] = want[i];
		}
		CHECK_OK(berth_b64url_decode_fixed(out, n, text, len));
		CHECK(!n || !memcmp(out, bytes, n));
		free(text);
		free(bytes);
		free(out);
	}
	berth_buf_free(&b);
}

/* Members and elements, on both sides of what is short. */
static void values_of_any_length(void **s)
{
	uint8_t bytes[300];

	(void)s;
	berth_random(bytes, sizeof(bytes));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct berth_buf want = BERTH_BUF_INIT;
		struct berth_json *o = berth_json_new_object(), *a = berth_json_new_array();

		berth_b64url_encode(&want, bytes, n);
		CHECK_OK(berth_json_set_b64url(o, "x", bytes, n));
		CHECK_OK(berth_json_push_b64url(a, bytes, n));
		assert_string_equal(berth_json_str(berth_json_get(o, "x")), berth_buf_cstr(&want));
		assert_string_equal(berth_json_str(berth_json_first(a)), berth_buf_cstr(&want));
		berth_json_free(o);
		berth_json_free(a);
		berth_buf_free(&want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4648_vectors),
		cmocka_unit_test(every_byte_value_round_trips),
		cmocka_unit_test(every_character_at_every_place),
		cmocka_unit_test(c017_only_one_spelling_is_accepted),
		cmocka_unit_test(values_of_any_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
