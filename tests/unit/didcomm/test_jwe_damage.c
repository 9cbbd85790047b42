/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes with bits flipped, ends cut off and too much of anything. */
#include <time.h>

#include "tests/unit/didcomm/jwe.h"

static char *members(const char *first, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_printf(&b, "{%s", first);
	for (size_t i = 1; i < n; i++)
		berth_buf_printf(&b, ",\"x%zu\":0", i);
	berth_buf_u8(&b, '}');
	return berth_buf_take_str(&b);
}

static void header_caps(void **state)
{
	char *es = vector("C3-1"), *bad, *text;
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	for (size_t over = 0; over < 2; over++) {	/* C3-1 has five */
		bad = strdup(es);
		for (size_t i = 5; i < 32 + over; i++) {
			char name[32], *next;

			snprintf(name, sizeof(name), "x%zu", i);
			next = post_with_header(bad, name, "0");
			free(bad);
			bad = next;
		}
		CHECK_RC(over ? BERTH_E_SIZE : BERTH_E_DECRYPT, unpack(bad));
		free(bad);
		text = members("\"kid\":\"" BOB_X "\"", 8 + over);
		berth_buf_printf(&b, "[{\"encrypted_key\":\"AAAA\",\"header\":%s}]", text);
		member_case(over ? BERTH_E_SIZE : BERTH_E_ENV, es, "recipients", berth_buf_cstr(&b));
		berth_buf_reset(&b);
		free(text);
	}
	berth_buf_u8(&b, '"');
	for (size_t i = 0; i < (BERTH_JWE_HEADER_MAX + 2) / 3 * 4 + 1; i++)
		berth_buf_u8(&b, 'e');
	berth_buf_u8(&b, '"');
	reason_case(BERTH_E_SIZE, "jwe: protected header", es, "protected", berth_buf_cstr(&b));
	berth_buf_reset(&b);
	/* 60 recipients with a thousand members each, refused at the first */
	text = members("\"kid\":\"" BOB_X "\"", 1024);
	for (size_t i = 0; i < 60; i++)
		berth_buf_printf(&b, "%s{\"encrypted_key\":\"AAAA\",\"header\":%s}", i ? "," : "[", text);
	berth_buf_u8(&b, ']');
	member_case(BERTH_E_SIZE, es, "recipients", berth_buf_cstr(&b));
	berth_buf_free(&b);
	free(text);
	free(es);
}

static void flip_all(const char *good, const char *name, size_t stride)
{
	size_t n = strlen(good), first = (size_t)time(NULL) % stride;
	char *bad = malloc(n);

	CHECK_OK(unpack(good));
	if (stride > 1)
		printf("%s: bits %zu, %zu...\n", name, first, first + stride);
	for (size_t bit = first; bit < 8 * n; bit += stride) {
		memcpy(bad, good, n);
		bad[bit / 8] = (char)(bad[bit / 8] ^ (1 << (bit % 8)));
		if (unpack_n(bad, n) == BERTH_OK)
			fail_msg("%s: bit %zu of %.*s", name, bit, 40, good + (bit / 8 > 20 ? bit / 8 - 20 : 0));
	}
	free(bad);
}

static void c047_no_flipped_bit_of_an_authcrypt_is_accepted(void **state)
{
	char *good = two_kib(ALICE_X, BOB_X);

	(void)state;
	flip_all(good, "authcrypt X25519", 1);
	free(good);
}

static void c047_no_flipped_bit_of_an_anoncrypt_is_accepted(void **state)
{
	char *good = two_kib(NULL, BOB_P);

	(void)state;
	flip_all(good, "anoncrypt P-256", 1);
	free(good);
}

static void c047_no_flipped_bit_of_a_signed_message_is_accepted(void **state)
{
	char *good = post_jws(&w, "did:example:alice#key-1", "{\"typ\":\"application/didcomm-signed+json\",\"alg\":\"EdDSA\"}",
			      "did:example:alice#key-1", PLAIN);

	(void)state;
	flip_all(good, "signed", 1);
	free(good);
}

/* Three layers are 4 KiB, so every 7th bit, another one each run. */
static void c047_nested(void **state)
{
	char *sig = post_jws(&w, "did:example:alice#key-1", "{\"typ\":\"application/didcomm-signed+json\",\"alg\":\"EdDSA\"}",
			     "did:example:alice#key-1", PLAIN);
	char *auth = post_jwe(&w, ALICE_P, BOB_P, "A256CBC-HS512", sig, strlen(sig));
	char *good = post_jwe(&w, NULL, BOB_X, "XC20P", auth, strlen(auth));

	(void)state;
	flip_all(good, "anoncrypt(authcrypt(sign))", 7);
	free(sig);
	free(auth);
	free(good);
}

#define CAROL "did:example:carol"
#define FROM_CAROL "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"from\":\"" CAROL "\",\"to\":[\"did:example:bob\"]}"

/* Each curve with each content encryption that it has not had above.  An agreement
 * on P-384 takes a millisecond, so every 7th bit, another one each run. */
static void c047_every_curve_and_encryption(void **state)
{
	static const struct { const char *skid, *kid, *enc; size_t stride; } cases[] = {
		{ NULL, BOB_X, "A256GCM", 5 },
		{ NULL, BOB_P, "A256GCM", 7 }, { NULL, BOB_P, "XC20P", 7 },
		{ NULL, "did:example:bob#key-p384-1", "A256CBC-HS512", 7 },
		{ NULL, "did:example:bob#key-p384-1", "A256GCM", 7 },
		{ NULL, "did:example:bob#key-p384-1", "XC20P", 7 },
		{ NULL, "did:example:bob#key-p521-1", "A256CBC-HS512", 7 },
		{ NULL, "did:example:bob#key-p521-1", "A256GCM", 7 },
		{ NULL, "did:example:bob#key-p521-1", "XC20P", 7 },
		{ CAROL "#agree-p256", BOB_P, "A256CBC-HS512", 7 },
		{ CAROL "#agree-p384", "did:example:bob#key-p384-1", "A256CBC-HS512", 7 },
		{ CAROL "#agree-p521", "did:example:bob#key-p521-1", "A256CBC-HS512", 7 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *good = post_jwe(&w, cases[i].skid, cases[i].kid, cases[i].enc, FROM_CAROL, strlen(FROM_CAROL));

		flip_all(good, cases[i].kid, cases[i].stride);
		free(good);
	}
}

static void c047_every_signature(void **state)
{
	static const struct { const char *key, *alg; } cases[] = {
		{ "p256", "ES256" }, { "p384", "ES384" }, { "p521", "ES512" }, { "secp256k1", "ES256K" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char kid[64], header[96], *good;

		snprintf(kid, sizeof(kid), CAROL "#%s", cases[i].key);
		snprintf(header, sizeof(header), "{\"typ\":\"didcomm-signed+json\",\"alg\":\"%s\"}", cases[i].alg);
		good = post_jws(&w, kid, header, kid, FROM_CAROL);
		flip_all(good, cases[i].alg, 11);
		free(good);
	}
}

static void c012_every_prefix_is_refused(void **state)
{
	static const char *const names[] = { "C2-1", "C2-2", "C2-3", "C3-1", "C3-2", "C3-3", "C3-4", "C3-5", "C3-6" };

	(void)state;
	for (size_t v = 0; v < sizeof(names) / sizeof(names[0]); v++) {
		char *good = vector(names[v]);
		size_t n = (size_t)(strrchr(good, '}') - good) + 1;

		CHECK_OK(unpack_n(good, n));
		for (size_t i = 0; i < n; i++) {
			char *exact = malloc(i ? i : 1);

			memcpy(exact, good, i);
			CHECK_RC(BERTH_E_JSON, unpack_n(exact, i));
			free(exact);
		}
		free(good);
	}
}

/* The same for what is encoded in it: each member of the envelope cut anywhere, the
 * ciphertext, where each cut costs an agreement, only here and there. */
static void every_cut_member_is_refused(void **state)
{
	static const char *const names[] = { "C3-1", "C3-2", "C3-3", "C3-4", "C3-5", "C3-6" };
	static const char *const members[] = { "protected", "iv", "tag", "ciphertext" };

	(void)state;
	for (size_t v = 0; v < sizeof(names) / sizeof(names[0]); v++)
		for (size_t k = 0; k < sizeof(members) / sizeof(members[0]); k++) {
			char *good = vector(names[v]), start[32], *at, *end;
			ptrdiff_t step = k == 3 ? 41 : 1;

			snprintf(start, sizeof(start), "\"%s\":\"", members[k]);
			at = strstr(good, start);
			CHECK(at);
			at += strlen(start);
			end = strchr(at, '"');
			for (; end - at >= step; end -= step) {
				memmove(end - step, end, strlen(end) + 1);
				CHECK(unpack(good) != BERTH_OK);
			}
			free(good);
		}
}

static void c012_trailing_bytes_are_refused(void **state)
{
	char *good = vector("C3-4"), *bad = NULL;
	size_t n = strlen(good);

	(void)state;
	bad = malloc(n + 2);
	memcpy(bad, good, n);
	bad[n] = 'x';
	CHECK_RC(BERTH_E_JSON, unpack_n(bad, n + 1));
	bad[n] = '\0';
	CHECK_RC(BERTH_E_JSON, unpack_n(bad, n + 1));
	bad[n] = '\n';
	CHECK_OK(unpack_n(bad, n + 1));
	free(good);
	free(bad);
}

static void more_than_a_mebibyte_is_e_size(void **state)
{
	char *big = malloc(BERTH_PACKED_MAX + 1);

	(void)state;
	memset(big, ' ', BERTH_PACKED_MAX + 1);
	CHECK_RC(BERTH_E_SIZE, unpack_n(big, BERTH_PACKED_MAX + 1));
	CHECK_RC(BERTH_E_JSON, unpack_n(big, BERTH_PACKED_MAX));
	free(big);
}

static void a_compact_text_of_more_than_a_mebibyte_is_e_size(void **state)
{
	char *big = malloc(BERTH_PACKED_MAX + 1);

	(void)state;
	memset(big, 'e', BERTH_PACKED_MAX + 1);
	CHECK_RC(BERTH_E_SIZE, unpack_n(big, BERTH_PACKED_MAX + 1));
	CHECK_RC(BERTH_E_ENV, unpack_n(big, BERTH_PACKED_MAX));
	free(big);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c047_no_flipped_bit_of_an_authcrypt_is_accepted),
		cmocka_unit_test(c047_no_flipped_bit_of_an_anoncrypt_is_accepted),
		cmocka_unit_test(c047_no_flipped_bit_of_a_signed_message_is_accepted),
		cmocka_unit_test(c047_nested),
		cmocka_unit_test(c047_every_curve_and_encryption),
		cmocka_unit_test(c047_every_signature),
		cmocka_unit_test(header_caps),
		cmocka_unit_test(c012_every_prefix_is_refused),
		cmocka_unit_test(every_cut_member_is_refused),
		cmocka_unit_test(c012_trailing_bytes_are_refused),
		cmocka_unit_test(more_than_a_mebibyte_is_e_size),
		cmocka_unit_test(a_compact_text_of_more_than_a_mebibyte_is_e_size),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
