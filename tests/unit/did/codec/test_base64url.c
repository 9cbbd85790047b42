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
		berth_b64url_encode_ct(&t, all + 256 - n, n);
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
	CHECK_RC(BERTH_E_B64, berth_b64url_decode_fixed_ct(key, 32, "", 0));
	CHECK(!memcmp(key, zero, 32));
	berth_buf_free(&b);
}

/* The functions for private keys are other code. */
static void both_kinds_agree(void **s)
{
	struct berth_buf a = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	uint8_t bytes[48], out_a[48], out_b[48];

	(void)s;
	for (int round = 0; round < 4000; round++) {
		size_t n;

		berth_random(bytes, sizeof(bytes));
		n = bytes[0] % 47u;
		berth_buf_reset(&a);
		berth_buf_reset(&b);
		berth_b64url_encode(&a, bytes + 1, n);
		berth_b64url_encode_ct(&b, bytes + 1, n);
		assert_string_equal(berth_buf_cstr(&a), berth_buf_cstr(&b));
		if (a.len && round % 2)
			a.p[bytes[47] % a.len] = bytes[46];	/* mostly no character of the alphabet */
		enum berth_err rc = berth_b64url_decode_fixed(out_a, n, berth_buf_cstr(&a), a.len);
		CHECK_RC(rc, berth_b64url_decode_fixed_ct(out_b, n, berth_buf_cstr(&a), a.len));
		assert_memory_equal(out_a, out_b, n);
	}
	berth_buf_free(&a);
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc4648_vectors),
		cmocka_unit_test(every_byte_value_round_trips),
		cmocka_unit_test(both_kinds_agree),
		cmocka_unit_test(c017_only_one_spelling_is_accepted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
