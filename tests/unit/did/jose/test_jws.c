/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"

#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/jwk.h"
#include "did/jose/jws.h"

#define MAX 65536
#define KID "did:example:123#key-1"

static struct berth_privkey ed, p256, k256, x25519;

/* header_json '.' payload, signed with key (any header, any key). */
static char *token(const char *header, const char *payload, const struct berth_privkey *key)
{
	struct berth_buf b = BERTH_BUF_INIT;
	uint8_t sig[BERTH_SIG_MAX];
	size_t sig_len = 0;

	berth_b64url_encode(&b, header, strlen(header));
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, payload, strlen(payload));
	if (key)
		CHECK_OK(berth_sign(sig, &sig_len, key, b.p, b.len));
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, sig, sig_len);
	return berth_buf_take_str(&b);
}

static enum berth_err verify(const char *compact, const struct berth_pubkey *key)
{
	struct berth_jws j;
	enum berth_err rc;

	if ((rc = berth_jws_parse(&j, compact, strlen(compact), MAX)) == BERTH_OK)
		rc = berth_jws_verify(&j, key);
	berth_jws_free(&j);
	return rc;
}

/* What a token with this header, properly signed with P-256, meets. */
static enum berth_err header(const char *text)
{
	char *t = token(text, "{}", &p256);
	enum berth_err rc = verify(t, &p256.pub);

	free(t);
	return rc;
}

static void accepts_and_hands_out_its_parts(void **state)
{
	char *t = token("{\"alg\":\"EdDSA\",\"kid\":\"" KID "\",\"typ\":\"vc+jwt\"}", "{\"a\":1}", &ed);
	struct berth_jws j;

	(void)state;
	CHECK_OK(berth_jws_parse(&j, t, strlen(t), MAX));
	assert_string_equal(j.alg, "EdDSA");
	assert_string_equal(j.kid, KID);
	assert_string_equal(j.typ, "vc+jwt");
	assert_string_equal(berth_buf_cstr(&j.payload), "{\"a\":1}");
	CHECK(j.sig_len == 64);
	CHECK_OK(berth_jws_require_kid(&j));
	CHECK_OK(berth_jws_verify(&j, &ed.pub));
	berth_jws_free(&j);
	free(t);
}

static void signing_input_is_that_of_rfc8037_a4(void **state)
{
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_json *h = berth_json_new_object();

	(void)state;
	CHECK_OK(berth_json_set_str(h, "alg", "EdDSA"));
	CHECK_OK(berth_jws_signing_input(&b, h, "Example of Ed25519 signing", 26));
	assert_string_equal(berth_buf_cstr(&b), "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
	berth_buf_free(&b);
	berth_json_free(h);
}

static void c022_alg_belongs_to_the_key_type(void **state)
{
	char *es256 = token("{\"alg\":\"ES256\"}", "{}", &p256);
	char *es256k = token("{\"alg\":\"ES256K\"}", "{}", &k256);
	char *confused = token("{\"alg\":\"ES256K\"}", "{}", &p256);

	(void)state;
	CHECK_OK(verify(es256, &p256.pub));
	CHECK_OK(verify(es256k, &k256.pub));
	CHECK_RC(BERTH_E_ALG, verify(es256, &ed.pub));
	CHECK_RC(BERTH_E_ALG, verify(es256, &k256.pub));
	CHECK_RC(BERTH_E_ALG, verify(es256, &x25519.pub));
	CHECK_RC(BERTH_E_ALG, verify(confused, &p256.pub));
	free(es256);
	free(es256k);
	free(confused);
}

static void c022_only_our_algs(void **state)
{
	(void)state;
	CHECK_OK(header("{\"alg\":\"ES256\"}"));
	CHECK_RC(BERTH_E_ALG, header("{\"alg\":\"none\"}"));
	CHECK_RC(BERTH_E_ALG, header("{\"alg\":\"None\"}"));
	CHECK_RC(BERTH_E_ALG, header("{\"alg\":\"HS256\"}"));
	CHECK_RC(BERTH_E_ALG, header("{\"alg\":\"RS256\"}"));
	CHECK_RC(BERTH_E_ALG, header("{\"alg\":\"es256\"}"));
	CHECK_RC(BERTH_E_ALG, header("{\"alg\":\"\"}"));
	CHECK_RC(BERTH_E_ENV, header("{\"alg\":256}"));
	CHECK_RC(BERTH_E_ENV, header("{\"kid\":\"" KID "\"}"));
	CHECK_RC(BERTH_E_ALG, verify("eyJhbGciOiJub25lIn0.e30.", &p256.pub));
}

static void c023_a_key_in_the_header_is_e_key(void **state)
{
	(void)state;
	CHECK_OK(header("{\"alg\":\"ES256\",\"x5t\":\"abc\"}"));
	CHECK_RC(BERTH_E_KEY, header("{\"alg\":\"ES256\",\"jwk\":{\"kty\":\"EC\"}}"));
	CHECK_RC(BERTH_E_KEY, header("{\"alg\":\"ES256\",\"jku\":\"https://evil.example/k\"}"));
	CHECK_RC(BERTH_E_KEY, header("{\"alg\":\"ES256\",\"x5c\":[]}"));
	CHECK_RC(BERTH_E_KEY, header("{\"alg\":\"ES256\",\"x5u\":\"https://evil.example/k\"}"));
}

static enum berth_err kid(const char *text)
{
	char *t = token(text, "{}", &p256);
	struct berth_jws j;
	enum berth_err rc;

	CHECK_OK(berth_jws_parse(&j, t, strlen(t), MAX));
	rc = berth_jws_require_kid(&j);
	berth_jws_free(&j);
	free(t);
	return rc;
}

static void c024a_kid_is_absolute_with_a_fragment(void **state)
{
	(void)state;
	CHECK_OK(kid("{\"alg\":\"ES256\",\"kid\":\"" KID "\"}"));
	CHECK_RC(BERTH_E_ENV, kid("{\"alg\":\"ES256\"}"));
	CHECK_RC(BERTH_E_ENV, kid("{\"alg\":\"ES256\",\"kid\":\"\"}"));
	CHECK_RC(BERTH_E_ENV, kid("{\"alg\":\"ES256\",\"kid\":\"#key-1\"}"));
	CHECK_RC(BERTH_E_ENV, kid("{\"alg\":\"ES256\",\"kid\":\"key-1\"}"));
	CHECK_RC(BERTH_E_ENV, kid("{\"alg\":\"ES256\",\"kid\":\"did:example:123\"}"));
	CHECK_RC(BERTH_E_ENV, kid("{\"alg\":\"ES256\",\"kid\":\"did:example:123#\"}"));
	CHECK_RC(BERTH_E_ENV, header("{\"alg\":\"ES256\",\"kid\":7}"));
	CHECK_RC(BERTH_E_ENV, header("{\"alg\":\"ES256\",\"typ\":null}"));
}

static void c025_crit_and_b64_are_e_env(void **state)
{
	(void)state;
	CHECK_OK(header("{\"alg\":\"ES256\",\"exp\":1}"));
	CHECK_RC(BERTH_E_ENV, header("{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}"));
	CHECK_RC(BERTH_E_ENV, header("{\"alg\":\"ES256\",\"crit\":[]}"));
	CHECK_RC(BERTH_E_ENV, header("{\"alg\":\"ES256\",\"crit\":[\"alg\"]}"));
	CHECK_RC(BERTH_E_ENV, header("{\"alg\":\"ES256\",\"b64\":false}"));
	CHECK_RC(BERTH_E_ENV, header("{\"alg\":\"ES256\",\"b64\":false,\"crit\":[\"b64\"]}"));
}

static void c026_json_serializations_are_not_compact(void **state)
{
	(void)state;
	CHECK_RC(BERTH_E_ENV, verify("{\"payload\":\"e30\",\"signatures\":[]}", &p256.pub));
	CHECK_RC(BERTH_E_ENV, verify("{\"payload\":\"e30\",\"signatures\":[],\"signature\":\"\"}", &p256.pub));
	CHECK_RC(BERTH_E_ENV, verify("", &p256.pub));
	CHECK_RC(BERTH_E_ENV, verify("a.b", &p256.pub));
	CHECK_RC(BERTH_E_ENV, verify("a.b.c.d", &p256.pub));
	CHECK_RC(BERTH_E_ENV, verify("W10.e30.AA", &p256.pub));	/* the header is [] */
}

/* A P-256 token whose signature is replaced by these bytes. */
static enum berth_err with_sig(const uint8_t *sig, size_t n)
{
	char *t = token("{\"alg\":\"ES256\"}", "{}", &p256);
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	berth_buf_put(&b, t, (size_t)(strrchr(t, '.') + 1 - t));
	berth_b64url_encode(&b, sig, n);
	rc = verify(berth_buf_cstr(&b), &p256.pub);
	berth_buf_free(&b);
	free(t);
	return rc;
}

static void c027_r_and_s_in_range_and_of_their_length(void **state)
{
	static const uint8_t n[32] = {
		0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
		0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51
	};
	uint8_t good[BERTH_SIG_MAX], sig[BERTH_SIG_MAX + 1];
	size_t good_len;

	(void)state;
	CHECK_OK(berth_sign(good, &good_len, &p256, "eyJhbGciOiJFUzI1NiJ9.e30", 24));
	CHECK(good_len == 64);
	CHECK_OK(with_sig(good, 64));
	for (size_t half = 0; half < 64; half += 32) {
		memcpy(sig, good, 64);
		memset(sig + half, 0, 32);
		CHECK_RC(BERTH_E_SIG, with_sig(sig, 64));
		memcpy(sig + half, n, 32);
		CHECK_RC(BERTH_E_SIG, with_sig(sig, 64));
		memset(sig + half, 0xff, 32);
		CHECK_RC(BERTH_E_SIG, with_sig(sig, 64));
	}
	memset(sig, 0, sizeof(sig));
	CHECK_RC(BERTH_E_SIG, with_sig(sig, 64));
	CHECK_RC(BERTH_E_SIG, with_sig(good, 63));
	CHECK_RC(BERTH_E_SIG, with_sig(good, 0));
	memcpy(sig, good, 64);
	CHECK_RC(BERTH_E_SIG, with_sig(sig, 65));
	CHECK_RC(BERTH_E_SIG, with_sig(sig, BERTH_SIG_MAX));
	CHECK_RC(BERTH_E_SIG, with_sig(sig, BERTH_SIG_MAX + 1));
	/* SEQUENCE { INTEGER r, INTEGER s } */
	memcpy(sig, (uint8_t[]){ 0x30, 0x44, 0x02, 0x20 }, 4);
	memcpy(sig + 4, good, 32);
	memcpy(sig + 36, (uint8_t[]){ 0x02, 0x20 }, 2);
	memcpy(sig + 38, good + 32, 32);
	CHECK_RC(BERTH_E_SIG, with_sig(sig, 70));
}

static void every_truncation_and_every_changed_byte_is_refused(void **state)
{
	char *t = token("{\"alg\":\"EdDSA\",\"kid\":\"" KID "\"}", "{\"a\":1}", &ed);
	size_t len = strlen(t);
	struct berth_jws j;

	(void)state;
	CHECK_OK(verify(t, &ed.pub));
	for (size_t n = 0; n < len; n++) {
		char *exact = malloc(n ? n : 1);

		memcpy(exact, t, n);
		if (berth_jws_parse(&j, exact, n, MAX) == BERTH_OK)
			CHECK_RC(BERTH_E_SIG, berth_jws_verify(&j, &ed.pub));
		berth_jws_free(&j);
		free(exact);
	}
	for (size_t i = 0; i < len; i++) {
		char was = t[i];

		t[i] = was == 'A' ? 'B' : 'A';
		CHECK(verify(t, &ed.pub) != BERTH_OK);
		t[i] = was;
	}
	free(t);
}

static void sizes_are_capped(void **state)
{
	struct berth_buf h = BERTH_BUF_INIT;
	struct berth_jws j;
	char *t;

	(void)state;
	t = token("{\"alg\":\"EdDSA\"}", "{}", &ed);
	CHECK_OK(berth_jws_parse(&j, t, strlen(t), strlen(t)));
	berth_jws_free(&j);
	CHECK_RC(BERTH_E_SIZE, berth_jws_parse(&j, t, strlen(t), strlen(t) - 1));
	free(t);
	for (size_t over = 0; over < 2; over++) {
		size_t fill = BERTH_JWS_HEADER_MAX - strlen("{\"alg\":\"EdDSA\",\"x\":\"\"}") + over;

		berth_buf_str(&h, "{\"alg\":\"EdDSA\",\"x\":\"");
		memset(berth_buf_grow(&h, fill), 'a', fill);
		berth_buf_str(&h, "\"}");
		t = token(berth_buf_cstr(&h), "{}", &ed);
		CHECK_RC(over ? BERTH_E_SIZE : BERTH_OK, verify(t, &ed.pub));
		free(t);
		berth_buf_free(&h);
	}
	berth_buf_str(&h, "{\"alg\":\"EdDSA\",\"kid\":\"");
	memset(berth_buf_grow(&h, BERTH_KID_MAX + 1), 'a', BERTH_KID_MAX + 1);
	berth_buf_str(&h, "\"}");
	t = token(berth_buf_cstr(&h), "{}", &ed);
	CHECK_RC(BERTH_E_SIZE, verify(t, &ed.pub));
	free(t);
	berth_buf_free(&h);
}

static void c001_c017_gates_of_header_and_encodings(void **state)
{
	(void)state;
	CHECK_RC(BERTH_E_JSON, header("{\"alg\":\"ES256\",\"alg\":\"ES256\"}"));
	CHECK_RC(BERTH_E_JSON, header("{\"alg\":\"ES256\"} x"));
	CHECK_RC(BERTH_E_B64, verify("eyJhbGciOiJFUzI1NiJ9=.e30.AA", &p256.pub));
	CHECK_RC(BERTH_E_B64, verify("eyJhbGciOiJFUzI1NiJ9.e3 0.AA", &p256.pub));
	CHECK_RC(BERTH_E_B64, verify("eyJhbGciOiJFUzI1NiJ9.e30.A", &p256.pub));
	CHECK_RC(BERTH_E_JSON, verify(".e30.AA", &p256.pub));
}

/* ---- other people's tokens ---- */

static void jose_cookbook(void **state)
{
	static const struct { const char *path; enum berth_err want; } files[] = {
		{ "jws/4_1.rsa_v15_signature.json", BERTH_E_ALG },
		{ "jws/4_2.rsa-pss_signature.json", BERTH_E_ALG },
		{ "jws/4_3.ecdsa_signature.json", BERTH_OK },
		{ "jws/4_4.hmac-sha2_integrity_protection.json", BERTH_E_ALG },
		{ "curve25519/jws.json", BERTH_OK },
	};
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		struct berth_json *v;
		struct berth_pubkey key;
		const char *compact;

		snprintf(path, sizeof(path), "tests/vectors/jose-cookbook/%s", files[i].path);
		v = test_json_file(path);
		compact = test_str(berth_json_get(v, "output"), "compact");
		if (files[i].want == BERTH_OK)
			CHECK_OK(berth_jwk_parse(&key, berth_json_get(berth_json_get(v, "input"), "key")));
		CHECK_RC(files[i].want, verify(compact, &key));
		berth_json_free(v);
	}
	VECTORS("jose-cookbook jws compact (4_1, 4_2 RSA, 4_4 HMAC: E_ALG; 4_5 detached, 4_6 to 4_8 not compact)", 5, 5);
}

/* RFC 7797 tokens are E_ENV for their b64, or E_ALG for HMAC: never accepted. */
static void jose_cookbook_b64_false(void **state)
{
	static const char *const files[] = {
		"tests/vectors/jose-cookbook/rfc7797/4.2.hmac-sha2_b64_false.json",
		"tests/vectors/jose-cookbook/rfc7797/hmac-sha2_b64_false.json",
	};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct berth_json *v = test_json_file(files[i]);
		const struct berth_json *h = berth_json_get(berth_json_get(v, "signing"), "protected");

		CHECK(berth_json_is(h, BERTH_JSON_OBJECT));
		CHECK_RC(BERTH_E_ENV, berth_jws_check_header(h));
		berth_json_free(v);
	}
	VECTORS("jose-cookbook rfc7797 (b64 false: refused)", 2, 2);
}

static void rfc7515_appendix(void **state)
{
	struct berth_json *jwk = test_json_file("tests/vectors/jose-rfc7515-7517/rfc7515_A.3.jwk");
	char *a1 = test_read_file("tests/vectors/jose-rfc7515-7517/rfc7515_A.1.jwsc", NULL);
	char *a3 = test_read_file("tests/vectors/jose-rfc7515-7517/rfc7515_A.3.jwsc", NULL);
	struct berth_pubkey key;

	(void)state;
	CHECK_OK(berth_jwk_parse(&key, jwk));
	CHECK_OK(verify(a3, &key));
	CHECK_RC(BERTH_E_ALG, verify(a1, &key));
	VECTORS("jose-rfc7515-7517 jws (A.1 is HMAC: E_ALG)", 2, 2);
	berth_json_free(jwk);
	free(a1);
	free(a3);
}

/* The key for a token: the group's, or the one of its key set with that kid. */
static const struct berth_json *group_key(const struct berth_json *group)
{
	const struct berth_json *key = berth_json_get(group, "public");

	if (!key)
		key = berth_json_get(group, "private");
	return berth_json_get(key, "keys") ? berth_json_at(berth_json_get(key, "keys"), 0) : key;
}

static bool accepted(const struct berth_json *group, const struct berth_json *test)
{
	const char *jws = berth_json_str(berth_json_get(test, "jws"));
	const struct berth_json *jwk = group_key(group);
	struct berth_pubkey key;

	return jws && berth_jwk_parse(&key, jwk) == BERTH_OK && berth_jwk_may_sign(jwk) &&
	       verify(jws, &key) == BERTH_OK;
}

/* What the suite accepts and we do not: algorithms we do not have, and one key
 * whose alg ("ES521") is none that exists. */
static bool not_ours(const struct berth_json *group)
{
	const char *kty = test_str(group_key(group), "kty"), *alg = test_str(group_key(group), "alg");

	return strcmp(kty, "EC") != 0 || (alg && strcmp(alg, "ES521") == 0);
}

static void wycheproof(const char *name)
{
	size_t passed = 0, total = 0, unsupported = 0;
	char path[128];
	struct berth_json *v;

	snprintf(path, sizeof(path), "tests/vectors/wycheproof/%s_test.json", name);
	v = test_json_file(path);
	berth_json_each(group, berth_json_get(v, "testGroups"))
		berth_json_each(t, berth_json_get(group, "tests")) {
			bool valid = strcmp(test_str(t, "result"), "valid") == 0;
			double id = berth_json_num(berth_json_get(t, "tcId"));

			total++;
			if (valid && not_ours(group)) {
				CHECK(!accepted(group, t));
				printf("%s tcId %g (%s, %s): refused, no %s keys of %s here\n", name, id, test_str(group, "comment"),
				       test_str(t, "comment"), test_str(group_key(group), "kty"),
				       test_str(group_key(group), "alg") ? test_str(group_key(group), "alg") : "any alg");
				unsupported++;
			} else if (accepted(group, t) == valid) {
				passed++;
			} else {
				print_message("%s tcId %g (%s)\n", name, id, test_str(t, "comment"));
			}
		}
	printf("vectors: wycheproof %s (%zu valid RSA, HMAC or ES521 ones not supported) %zu/%zu\n",
	       name, unsupported, passed, total);
	CHECK(passed + unsupported == total && total > 0);
	berth_json_free(v);
}

static void wycheproof_json_web_signature(void **state)
{
	(void)state;
	wycheproof("json_web_signature");
}

static void wycheproof_json_web_key(void **state)
{
	(void)state;
	wycheproof("json_web_key");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(accepts_and_hands_out_its_parts),
		cmocka_unit_test(signing_input_is_that_of_rfc8037_a4),
		cmocka_unit_test(c022_alg_belongs_to_the_key_type),
		cmocka_unit_test(c022_only_our_algs),
		cmocka_unit_test(c023_a_key_in_the_header_is_e_key),
		cmocka_unit_test(c024a_kid_is_absolute_with_a_fragment),
		cmocka_unit_test(c025_crit_and_b64_are_e_env),
		cmocka_unit_test(c026_json_serializations_are_not_compact),
		cmocka_unit_test(c027_r_and_s_in_range_and_of_their_length),
		cmocka_unit_test(every_truncation_and_every_changed_byte_is_refused),
		cmocka_unit_test(sizes_are_capped),
		cmocka_unit_test(c001_c017_gates_of_header_and_encodings),
		cmocka_unit_test(jose_cookbook),
		cmocka_unit_test(jose_cookbook_b64_false),
		cmocka_unit_test(rfc7515_appendix),
		cmocka_unit_test(wycheproof_json_web_signature),
		cmocka_unit_test(wycheproof_json_web_key),
	};

	berth_crypto_init();
	CHECK_OK(berth_keypair_generate(&ed, BERTH_KEY_ED25519));
	CHECK_OK(berth_keypair_generate(&p256, BERTH_KEY_P256));
	CHECK_OK(berth_keypair_generate(&k256, BERTH_KEY_SECP256K1));
	CHECK_OK(berth_keypair_generate(&x25519, BERTH_KEY_X25519));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
