/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/rlp.h"

#include "did/base/json.h"
#include "tests/fakes/json.h"
#include "tests/unit/did/codec/rlp_whole.h"
#include "tests/unit/did/crypto/hex.h"

/* JSON as the tests of others write it -> RLP: "0x" text is bytes where hex is set. */
static void put(struct berth_buf *out, const struct berth_json *v, bool hex)
{
	const char *text = berth_json_str(v);
	size_t n;

	if (berth_json_is(v, BERTH_JSON_NUMBER)) {
		berth_rlp_put_u64(out, (uint64_t)berth_json_num(v));
	} else if (text && hex) {
		uint8_t *bytes = unhex(text + 2, &n);

		berth_rlp_put_bytes(out, bytes, n);
		free(bytes);
	} else if (text) {
		berth_rlp_put_bytes(out, text, strlen(text));
	} else {
		struct berth_buf items = BERTH_BUF_INIT;

		berth_json_each(item, v)
			put(&items, item, hex);
		berth_rlp_put_list(out, &items);
		berth_buf_free(&items);
	}
}

/* Reads a value and writes what it read. */
static void again(struct berth_buf *out, struct berth_cur *c)
{
	struct berth_rlp v = berth_rlp_next(c);
	struct berth_buf items = BERTH_BUF_INIT;

	CHECK(!c->bad);
	if (!v.is_list) {
		berth_rlp_put_bytes(out, v.in.p, v.in.n);
		return;
	}
	while (v.in.n)
		again(&items, &v.in);
	berth_rlp_put_list(out, &items);
	berth_buf_free(&items);
}

static void check_both_ways(const struct berth_buf *made, const char *want_hex)
{
	size_t n;
	uint8_t *want = unhex(want_hex, &n);
	struct berth_buf copy = BERTH_BUF_INIT;
	struct berth_cur c = berth_cur(want, n);

	CHECK(made->len == n && memcmp(made->p, want, n) == 0);
	CHECK_OK(rlp_check(want, n));
	again(&copy, &c);
	CHECK(berth_cur_done(&c) && copy.len == n && memcmp(copy.p, want, n) == 0);
	berth_buf_free(&copy);
	free(want);
}

static void ethers_vectors(void **s)
{
	size_t count = 0;
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *root = test_json_file("tests/vectors/ethers/rlp.json");

	(void)s;
	berth_json_each(v, root) {
		berth_buf_reset(&b);
		put(&b, berth_json_get(v, "decoded"), true);
		check_both_ways(&b, test_str(v, "encoded") + 2);
		count++;
	}
	VECTORS("ethers (rlp)", count, berth_json_len(root));
	CHECK(count > 40);
	berth_buf_free(&b);
	berth_json_free(root);
}

/* Our reader of JSON takes no NUL; the one string that is one is written here. */
static char *without_nul(char *text)
{
	char *nul = strstr(text, "\\u0000");

	assert_non_null(nul);
	memcpy(nul, "NUL   ", 6);
	return text;
}

/* "#" and decimal digits: two numbers beyond 64 bits, both with this many bytes. */
static void put_big(struct berth_buf *out, const char *digits)
{
	uint8_t be[40] = { 0 };

	for (; *digits; digits++) {
		unsigned carry = (unsigned)(*digits - '0');

		for (size_t i = sizeof(be); i-- > 0; carry >>= 8) {
			carry += 10u * be[i];
			be[i] = (uint8_t)carry;
		}
		CHECK(carry == 0);
	}
	berth_rlp_put_number(out, be, sizeof(be));
}

static void put_ethereum(struct berth_buf *out, const struct berth_json *v)
{
	const char *text = berth_json_str(v);

	if (text && text[0] == '#')
		put_big(out, text + 1);
	else if (text && strcmp(text, "NUL   ") == 0)
		berth_rlp_put_bytes(out, "", 1);
	else
		put(out, v, false);
}

static void ethereum_vectors(void **s)
{
	size_t n, count = 0;
	char *text = without_nul(test_read_file("tests/vectors/ethereum/RLPTests/rlptest.json", &n));
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *root;

	(void)s;
	CHECK_OK(berth_json_parse(&root, text, n, BERTH_JSON_MAX));
	berth_json_each(v, root) {
		berth_buf_reset(&b);
		put_ethereum(&b, berth_json_get(v, "in"));
		check_both_ways(&b, test_str(v, "out") + 2);
		count++;
	}
	VECTORS("ethereum (rlptest)", count, berth_json_len(root));
	CHECK(count == 20);
	berth_buf_free(&b);
	berth_json_free(root);
	free(text);
}

static void ethereum_malformed(void **s)
{
	size_t len, count = 0;
	struct berth_json *root = test_json_file("tests/vectors/ethereum/RLPTests/invalidRLPTest.json");

	(void)s;
	berth_json_each(v, root) {
		const char *hex = test_str(v, "out");
		uint8_t *bytes = unhex(strncmp(hex, "0x", 2) == 0 ? hex + 2 : hex, &len);

		CHECK_RC(BERTH_E_TYPE, rlp_check(bytes, len));
		free(bytes);
		count++;
	}
	VECTORS("ethereum (invalidRLPTest)", count, berth_json_len(root));
	CHECK(count == 18);
	berth_json_free(root);
}

static void numbers(void **s)
{
	static const uint64_t v[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, UINT32_MAX, (uint64_t)1 << 56, UINT64_MAX };
	static const uint8_t nine[] = { 0x89, 1, 0, 0, 0, 0, 0, 0, 0, 0 }, zero_first[] = { 0x82, 0, 1 }, a_list[] = { 0xc0 };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_cur c;

	(void)s;
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		berth_buf_reset(&b);
		berth_rlp_put_u64(&b, v[i]);
		c = berth_cur(b.p, b.len);
		CHECK(berth_rlp_u64(&c) == v[i] && berth_cur_done(&c));
	}
	c = berth_cur(nine, sizeof(nine));
	CHECK(berth_rlp_u64(&c) == 0 && c.bad);
	c = berth_cur(zero_first, sizeof(zero_first));
	CHECK(berth_rlp_u64(&c) == 0 && c.bad);
	c = berth_cur(zero_first, sizeof(zero_first));
	CHECK(berth_rlp_string(&c).n == 2 && berth_cur_done(&c));	/* a string all the same */
	c = berth_cur(a_list, sizeof(a_list));
	CHECK(berth_rlp_u64(&c) == 0 && c.bad);
	c = berth_cur(a_list, sizeof(a_list));
	CHECK(berth_rlp_list(&c).n == 0 && berth_cur_done(&c));
	c = berth_cur(nine, sizeof(nine));
	CHECK(berth_rlp_list(&c).n == 0 && c.bad);
	berth_buf_free(&b);
}

/* Lists in lists, depth of them. */
static void nest(struct berth_buf *out, int depth)
{
	berth_buf_reset(out);
	for (int i = 0; i < depth; i++) {
		struct berth_buf items = *out;

		*out = (struct berth_buf)BERTH_BUF_INIT;
		berth_rlp_put_list(out, &items);
		berth_buf_free(&items);
	}
}

static void depth_has_a_cap(void **s)
{
	struct berth_buf b = BERTH_BUF_INIT;

	(void)s;
	nest(&b, RLP_DEPTH_MAX);
	CHECK_OK(rlp_check(b.p, b.len));
	nest(&b, RLP_DEPTH_MAX + 2);
	CHECK_RC(BERTH_E_SIZE, rlp_check(b.p, b.len));
	berth_buf_free(&b);
}

static void every_truncation_and_a_byte_more(void **s)
{
	struct berth_buf items = BERTH_BUF_INIT, b = BERTH_BUF_INIT;
	uint8_t data[60] = { 0 };

	(void)s;
	berth_rlp_put_u64(&items, 1024);
	berth_rlp_put_bytes(&items, data, sizeof(data));
	berth_rlp_put_bytes(&items, "dog", 3);
	berth_rlp_put_list(&b, &items);
	CHECK_OK(rlp_check(b.p, b.len));
	for (size_t n = 0; n < b.len; n++) {
		uint8_t *exact = malloc(n ? n : 1);

		memcpy(exact, b.p, n);
		CHECK_RC(BERTH_E_TYPE, rlp_check(exact, n));
		free(exact);
	}
	berth_buf_u8(&b, 0);
	CHECK_RC(BERTH_E_TYPE, rlp_check(b.p, b.len));
	berth_buf_free(&items);
	berth_buf_free(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ethers_vectors),
		cmocka_unit_test(ethereum_vectors),
		cmocka_unit_test(ethereum_malformed),
		cmocka_unit_test(numbers),
		cmocka_unit_test(depth_has_a_cap),
		cmocka_unit_test(every_truncation_and_a_byte_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
