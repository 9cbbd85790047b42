/* SPDX-License-Identifier: Apache-2.0 */
#include "did/jose/multikey.h"

#include "did/base/json.h"
#include "did/codec/multibase.h"
#include "did/crypto/keypair.h"
#include "tests/check.h"
#include "tests/fakes/alloc.h"
#include "tests/fakes/json.h"

#define PREFIX (sizeof("did:key:") - 1)

static const char good[] = "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp";	/* seed 00..00 */

static void round_trip(const char *text)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_pubkey k;

	CHECK_OK(berth_multikey_parse(&k, text, strlen(text)));
	CHECK_OK(berth_multikey_format(&b, &k));
	assert_string_equal(berth_buf_cstr(&b), text);
	berth_buf_free(&b);
}

/* The DIDs that are member names of a file of the did:key specification. */
static size_t keys_of(const char *path, bool known, const char *below)
{
	size_t count = 0;
	const struct berth_json *v;
	struct berth_json *root = test_json_file(path);
	struct berth_pubkey k;

	v = below ? berth_json_get(root, below) : root;
	berth_json_each(m, v) {
		const char *key = berth_json_key(m) + PREFIX;

		CHECK(!strncmp(berth_json_key(m), "did:key:", PREFIX));
		if (known) {
			round_trip(key);
		} else {
			CHECK(berth_multikey_parse(&k, key, strlen(key)) != BERTH_OK);
			CHECK(k.type == BERTH_KEY_NONE);
		}
		count++;
	}
	berth_json_free(root);
	return count;
}

static void keys_of_the_did_key_specification(void **s)
{
	size_t n = keys_of("tests/vectors/did-key-spec/ed25519-x25519.json", true, NULL);

	(void)s;
	n += keys_of("tests/vectors/did-key-spec/nist-curves.json", true, NULL);
	n += keys_of("tests/vectors/did-key-spec/secp256k1.json", true, NULL);
	n += keys_of("tests/vectors/did-key-spec/x25519.json", true, "didDocument");
	n += keys_of("tests/vectors/did-key-spec/bls12381.json", false, NULL);
	n += keys_of("tests/vectors/did-key-spec/rsa.json", false, NULL);
	CHECK(n == 3 + 5 + 4 + 4 + 4 + 1);
	VECTORS("did-key-spec (multikey)", n, n);
}

static void refuse(const uint8_t *bytes, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_pubkey k;

	CHECK_OK(berth_multibase_encode(&b, 'z', bytes, n));
	CHECK_RC(BERTH_E_KEY, berth_multikey_parse(&k, berth_buf_cstr(&b), b.len));
	CHECK(k.type == BERTH_KEY_NONE);
	berth_buf_free(&b);
}

static void c018_anything_wrong_is_e_key(void **s)
{
	static const char *const bad[] = {
		"", "z", "6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp", "Z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
		"u7QE7aie8rntuirrh8EXHJiDpVUVXwGjBKcgHKbbGzcH4IA", "z16MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp",
		"z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooW0", "z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDoolp",
		"z6MkiTBz1ymuepAQ4HEHYSF1H8quG5GLVVQR3djdX3mDooWp ",
	};
	struct berth_buf raw = BERTH_BUF_INIT;
	struct berth_pubkey k;
	uint8_t bytes[40];

	(void)s;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CHECK_RC(BERTH_E_KEY, berth_multikey_parse(&k, bad[i], strlen(bad[i])));
	CHECK_OK(berth_multibase_decode(&raw, good, strlen(good)));
	assert_int_equal(raw.len, 34);
	refuse(raw.p, 33);			/* 31 bytes of key */
	memcpy(bytes, raw.p, 34);
	bytes[34] = 0;
	refuse(bytes, 35);			/* 33 */
	memmove(bytes + 3, bytes + 2, 32);
	memcpy(bytes, "\xed\x81\x00", 3);	/* a longer spelling of 0xed */
	refuse(bytes, 35);
	CHECK_OK(berth_multikey_parse(&k, good, strlen(good)));
	CHECK(k.type == BERTH_KEY_ED25519 && k.len == 32 && !memcmp(k.b, raw.p + 2, 32));
	berth_buf_free(&raw);
}

static void every_truncation_is_e_key(void **s)
{
	struct berth_pubkey k;

	(void)s;
	for (size_t n = 0; n < strlen(good); n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, good, n);
		CHECK_RC(BERTH_E_KEY, berth_multikey_parse(&k, exact, n));
		free(exact);
	}
}

static void too_long_is_e_size(void **s)
{
	char text[BERTH_MULTIKEY_MAX + 1];
	struct berth_pubkey k;

	(void)s;
	memset(text, 'z', sizeof(text));
	CHECK_RC(BERTH_E_SIZE, berth_multikey_parse(&k, text, sizeof(text)));
	CHECK_RC(BERTH_E_KEY, berth_multikey_parse(&k, text, sizeof(text) - 1));
}

static void uncompressed_points_are_e_key(void **s)
{
	static const char p256[] = "zDnaerx9CtbPJ1q36T5Ln5wYt3MQYeGRG5ehnPAmxcf5mDZpv";
	struct berth_buf raw = BERTH_BUF_INIT;
	struct berth_pubkey k;

	(void)s;
	CHECK_OK(berth_multikey_parse(&k, p256, strlen(p256)));
	berth_uvarint_encode(&raw, BERTH_CODEC_P256_PUB);
	berth_buf_put(&raw, k.b, k.len);
	refuse(raw.p, raw.len);
	berth_buf_free(&raw);
}

static void private_keys(void **s)
{
	/* the key pair of the examples in W3C vc-di-eddsa */
	static const char secret[] = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq";
	static const char public[] = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2";
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_privkey k;

	(void)s;
	CHECK_OK(berth_multikey_parse_private(&k, secret, strlen(secret)));
	CHECK(k.type == BERTH_KEY_ED25519);
	CHECK_OK(berth_multikey_format(&b, &k.pub));
	assert_string_equal(berth_buf_cstr(&b), public);
	berth_buf_free(&b);
	berth_privkey_wipe(&k);
	CHECK_RC(BERTH_E_KEY, berth_multikey_parse_private(&k, public, strlen(public)));
	CHECK_RC(BERTH_E_KEY, berth_multikey_parse_private(&k, secret, strlen(secret) - 1));
}

static enum berth_err parse_and_format(void *text)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_pubkey k;
	enum berth_err rc = berth_multikey_parse(&k, text, strlen(text));

	if (!rc)
		rc = berth_multikey_format(&b, &k);
	berth_buf_free(&b);
	return rc;
}

static void c015_every_allocation_may_fail(void **s)
{
	(void)s;
	CHECK(test_every_allocation_fails(parse_and_format, (void *)good) > 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_the_did_key_specification),
		cmocka_unit_test(c018_anything_wrong_is_e_key),
		cmocka_unit_test(every_truncation_is_e_key),
		cmocka_unit_test(too_long_is_e_size),
		cmocka_unit_test(uncompressed_points_are_e_key),
		cmocka_unit_test(private_keys),
		cmocka_unit_test(c015_every_allocation_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
