/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/base58.h"

#include <time.h>

#include "did/base/json.h"
#include "tests/fakes/json.h"
#include "tests/unit/did/crypto/hex.h"

static void check_valid(const struct berth_json *v)
{
	const char *text = test_str(v, "string");
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n;
	uint8_t *bytes = unhex(test_str(v, "hex"), &n);

	CHECK_OK(berth_base58_encode(&b, bytes, n));
	assert_string_equal(berth_buf_cstr(&b), text);
	berth_buf_reset(&b);
	CHECK_OK(berth_base58_decode(&b, text, strlen(text)));
	CHECK(b.len == n && (!n || !memcmp(b.p, bytes, n)));
	free(bytes);
	berth_buf_free(&b);
}

static void foreign_vectors(void **s)
{
	size_t count = 0;
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *root = test_json_file("tests/vectors/base-x/fixtures.json");

	(void)s;
	berth_json_each(v, berth_json_get(root, "valid"))
		if (!strcmp(test_str(v, "alphabet"), "base58")) {
			check_valid(v);
			count++;
		}
	berth_json_each(v, berth_json_get(root, "invalid"))
		if (test_str(v, "alphabet") && !strcmp(test_str(v, "alphabet"), "base58") && test_str(v, "string")) {
			CHECK_RC(BERTH_E_B64, berth_base58_decode(&b, test_str(v, "string"), strlen(test_str(v, "string"))));
			count++;
		}
	VECTORS("base-x (base58)", count, count);
	CHECK(count > 5);
	berth_buf_free(&b);
	berth_json_free(root);
}

static void every_length_round_trips(void **s)
{
	struct berth_buf t = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	uint8_t bytes[300];

	(void)s;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 37 + 200);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		memset(bytes, 0, n % 4);
		berth_buf_reset(&t);
		berth_buf_reset(&b);
		CHECK_OK(berth_base58_encode(&t, bytes, n));
		CHECK_OK(berth_base58_decode(&b, berth_buf_cstr(&t), t.len));
		CHECK(b.len == n && (!n || !memcmp(b.p, bytes, n)));
	}
	berth_buf_free(&t);
	berth_buf_free(&b);
}

static void c018_characters_outside_the_alphabet_are_e_b64(void **s)
{
	static const char *const bad[] = { "0", "O", "I", "l", "1l", "abc0", "z ", "a\n", "\x80", "a-b", "ab_c" };
	struct berth_buf b = BERTH_BUF_INIT;

	(void)s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_B64, berth_base58_decode(&b, bad[i], strlen(bad[i])));
	CHECK(b.len == 0);
	berth_buf_free(&b);
}

static void caps(void **s)
{
	static uint8_t bytes[BERTH_BASE58_BYTES_MAX + 1];
	struct berth_buf t = BERTH_BUF_INIT, b = BERTH_BUF_INIT;

	(void)s;
	memset(bytes, 0xff, sizeof(bytes));
	CHECK_RC(BERTH_E_SIZE, berth_base58_encode(&t, bytes, sizeof(bytes)));
	CHECK_OK(berth_base58_encode(&t, bytes, sizeof(bytes) - 1));
	CHECK(t.len <= BERTH_BASE58_TEXT_MAX);
	CHECK_OK(berth_base58_decode(&b, berth_buf_cstr(&t), t.len));
	CHECK(b.len == sizeof(bytes) - 1 && !memcmp(b.p, bytes, b.len));
	berth_buf_reset(&t);
	for (size_t i = 0; i < BERTH_BASE58_BYTES_MAX; i++)
		berth_buf_u8(&t, '1');
	CHECK_OK(berth_base58_decode(&b, berth_buf_cstr(&t), t.len));
	berth_buf_u8(&t, '1');
	CHECK_RC(BERTH_E_SIZE, berth_base58_decode(&b, berth_buf_cstr(&t), t.len));
	berth_buf_free(&t);
	berth_buf_free(&b);
}

static void c019_a_mebibyte_is_e_size_at_once(void **s)
{
	size_t n = (size_t)1 << 20;
	char *text = malloc(n);
	struct berth_buf b = BERTH_BUF_INIT;
	clock_t start = clock();

	(void)s;
	memset(text, 'z', n);
	start = clock();
	CHECK_RC(BERTH_E_SIZE, berth_base58_decode(&b, text, n));
	CHECK(clock() - start < CLOCKS_PER_SEC);
	CHECK_RC(BERTH_E_SIZE, berth_base58_decode(&b, text, BERTH_BASE58_TEXT_MAX + 1));
	free(text);
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_vectors),
		cmocka_unit_test(every_length_round_trips),
		cmocka_unit_test(c018_characters_outside_the_alphabet_are_e_b64),
		cmocka_unit_test(caps),
		cmocka_unit_test(c019_a_mebibyte_is_e_size_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
