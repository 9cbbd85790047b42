/* SPDX-License-Identifier: Apache-2.0 */
#include "did/codec/multibase.h"

#include "did/base/cur.h"
#include "did/base/json.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"
#include "tests/unit/did/crypto/hex.h"

/* "\x00\x00yes mani !" -> bytes */
static size_t unquote(uint8_t *out, const char *s, const char *end)
{
	size_t n = 0;
	unsigned v;

	for (; s < end; s++) {
		if (s[0] == '\\' && s[1] == 'x') {
			CHECK(sscanf(s + 2, "%2x", &v) == 1);
			out[n++] = (uint8_t)v;
			s += 3;
		} else {
			out[n++] = (uint8_t)*s;
		}
	}
	return n;
}

static void check_text(const char *base, const char *text, const uint8_t *want, size_t n, bool canonical, size_t *count)
{
	bool known = !strcmp(base, "base58btc") || !strcmp(base, "base64url");
	struct berth_buf b = BERTH_BUF_INIT;

	if (!known) {
		CHECK_RC(BERTH_E_B64, berth_multibase_decode(&b, text, strlen(text)));
	} else {
		CHECK_OK(berth_multibase_decode(&b, text, strlen(text)));
		CHECK(b.len == n && !memcmp(b.p, want, n));
		berth_buf_reset(&b);
		CHECK_OK(berth_multibase_encode(&b, text[0], want, n));
		CHECK(!canonical || !strcmp(berth_buf_cstr(&b), text));
		(*count)++;
	}
	berth_buf_free(&b);
}

static void check_csv(const char *path, size_t *lines, size_t *known)
{
	char *file = test_read_file(path, NULL), *save, *line = strtok_r(file, "\n", &save);
	char base[64], text[256];
	uint8_t want[64];
	size_t n = unquote(want, strchr(line, '"') + 1, strrchr(line, '"'));

	while ((line = strtok_r(NULL, "\n", &save))) {
		CHECK(sscanf(line, "%63[^,], \"%255[^\"]\"", base, text) == 2);
		check_text(base, text, want, n, true, known);
		(*lines)++;
	}
	free(file);
}

static void foreign_vectors(void **s)
{
	size_t lines = 0, known = 0;

	(void)s;
	check_csv("tests/vectors/multiformats/multibase-tests/basic.csv", &lines, &known);
	check_csv("tests/vectors/multiformats/multibase-tests/case_insensitivity.csv", &lines, &known);
	check_csv("tests/vectors/multiformats/multibase-tests/leading_zero.csv", &lines, &known);
	check_csv("tests/vectors/multiformats/multibase-tests/two_leading_zeros.csv", &lines, &known);
	CHECK(known == 6);	/* of two bases in three files; the others are refused */
	VECTORS("multiformats/multibase-tests", lines, lines);
}

static void check_varint(const struct berth_json *v, bool valid)
{
	size_t n;
	uint8_t *bytes = unhex(test_str(v, "hex"), &n);
	struct berth_cur c = berth_cur(bytes, n);
	struct berth_buf b = BERTH_BUF_INIT;
	uint64_t got = berth_cur_uvarint(&c);

	CHECK(berth_cur_done(&c) == valid);
	if (valid) {
		CHECK((double)got == berth_json_num(berth_json_get(v, "value")));
		berth_uvarint_encode(&b, got);
		CHECK(b.len == n && !memcmp(b.p, bytes, n));
	}
	berth_buf_free(&b);
	free(bytes);
}

static void unsigned_varint_vectors(void **s)
{
	size_t count = 0;
	struct berth_json *root = test_json_file("tests/vectors/multiformats/unsigned-varint.json");

	(void)s;
	berth_json_each(v, berth_json_get(root, "encode")) {
		check_varint(v, true);
		count++;
	}
	berth_json_each(v, berth_json_get(root, "invalid")) {
		check_varint(v, false);
		count++;
	}
	VECTORS("multiformats/unsigned-varint", count, count);
	berth_json_free(root);
}

/* Every key codec we name stands in the table of multicodec under that name. */
static void codecs_are_those_of_the_table(void **s)
{
	static const struct { const char *name; unsigned code; } ours[] = {
		{ "secp256k1-pub", BERTH_CODEC_SECP256K1_PUB }, { "x25519-pub", BERTH_CODEC_X25519_PUB },
		{ "ed25519-pub", BERTH_CODEC_ED25519_PUB }, { "p256-pub", BERTH_CODEC_P256_PUB },
		{ "p384-pub", BERTH_CODEC_P384_PUB }, { "p521-pub", BERTH_CODEC_P521_PUB },
		{ "json", BERTH_CODEC_JSON }, { "sha2-256", BERTH_CODEC_SHA2_256 },
		{ "ed25519-priv", BERTH_CODEC_ED25519_PRIV }, { "secp256k1-priv", BERTH_CODEC_SECP256K1_PRIV },
		{ "x25519-priv", BERTH_CODEC_X25519_PRIV }, { "p256-priv", BERTH_CODEC_P256_PRIV },
		{ "p384-priv", BERTH_CODEC_P384_PRIV }, { "p521-priv", BERTH_CODEC_P521_PRIV },
	};
	char *file = test_read_file("tests/vectors/multiformats/multicodec-table.csv", NULL), line[64];

	(void)s;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		unsigned code = 0;
		const char *at;

		snprintf(line, sizeof(line), "\n%s,", ours[i].name);
		at = strstr(file, line);
		CHECK(at && sscanf(strstr(at, "0x"), "%x", &code) == 1);
		assert_int_equal(code, ours[i].code);
	}
	free(file);
}

static void c018_other_prefixes_are_e_b64(void **s)
{
	static const char *const bad[] = { "", "Z7paNL", "m7paN", "7paNL", "z0", "zl", "uZg==", "uZh", "u+/8", "UZg", " z7" };
	struct berth_buf b = BERTH_BUF_INIT;

	(void)s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_B64, berth_multibase_decode(&b, bad[i], strlen(bad[i])));
	CHECK_RC(BERTH_E_B64, berth_multibase_encode(&b, 'm', "x", 1));
	CHECK(b.len == 0);
	CHECK_OK(berth_multibase_decode(&b, "uZg", 3));
	assert_string_equal(berth_buf_cstr(&b), "f");
	berth_buf_free(&b);
}

static enum berth_err there_and_back(void *base)
{
	struct berth_buf text = BERTH_BUF_INIT, bytes = BERTH_BUF_INIT;
	static const char long_enough[200] = "longer than the first buffer";
	enum berth_err rc = berth_multibase_encode(&text, *(char *)base, long_enough, sizeof(long_enough));

	if (!rc)
		rc = berth_multibase_decode(&bytes, berth_buf_cstr(&text), text.len);
	berth_buf_free(&text);
	berth_buf_free(&bytes);
	return rc;
}

static void c015_every_allocation_may_fail(void **s)
{
	(void)s;
	CHECK(test_every_allocation_fails(there_and_back, "z") > 1);
	CHECK(test_every_allocation_fails(there_and_back, "u") > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(foreign_vectors),
		cmocka_unit_test(unsigned_varint_vectors),
		cmocka_unit_test(codecs_are_those_of_the_table),
		cmocka_unit_test(c018_other_prefixes_are_e_b64),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
