/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"
#include "tests/fakes/post.h"

#include <time.h>

#include "did/base/rand.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/jose/jwk.h"
#include "didcomm/jwe.h"
#include "didcomm/unpack.h"

#define SPEC "tests/vectors/didcomm-spec/"
#define BOB_X "did:example:bob#key-x25519-1"
#define BOB_P "did:example:bob#key-p256-1"
#define ALICE_X "did:example:alice#key-x25519-1"
#define ALICE_P "did:example:alice#key-p256-1"
#define PLAIN "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\",\"from\":\"did:example:alice\"," \
	"\"to\":[\"did:example:bob\"],\"body\":{}}"

static struct post w;

static enum berth_err unpack_n(const char *text, size_t n)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring, .allow_plaintext = true };
	struct berth_unpacked u;
	enum berth_err rc = berth_unpack(&u, &p, text, n);

	if (rc)
		CHECK(!u.msg.json && !u.encrypted && !u.encrypted_to_kid);
	berth_unpacked_free(&u);
	return rc;
}

static enum berth_err unpack(const char *text) { return unpack_n(text, strlen(text)); }

static char *vector(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), SPEC "%s.json", name);
	return test_read_file(path, NULL);
}

/* The envelope with one protected member set must yield want, without any
 * private-key operation. */
static void header_case(enum berth_err want, const char *envelope, const char *name, const char *json)
{
	char *bad = post_with_header(envelope, name, json);
	enum berth_err rc;

	w.key_ops = 0;
	rc = unpack(bad);
	if (rc != want || w.key_ops)
		fail_msg("%s=%s: %s (%s), %u key operations", name, json ? json : "-", berth_err_name(rc),
			 berth_err_detail(), w.key_ops);
	free(bad);
}

static void member_case(enum berth_err want, const char *envelope, const char *name, const char *json)
{
	char *bad = post_with_member(envelope, name, json);
	enum berth_err rc;

	w.key_ops = 0;
	rc = unpack(bad);
	if (rc != want)
		fail_msg("%s=%.60s: %s (%s)", name, json ? json : "-", berth_err_name(rc), berth_err_detail());
	free(bad);
}

/* The same, and for that reason: later checks would refuse it too. */
static void reason_case(enum berth_err want, const char *why, const char *envelope, const char *name, const char *json)
{
	member_case(want, envelope, name, json);
	if (!strstr(berth_err_detail(), why))
		fail_msg("%s=%.60s: %s, not %s", name, json ? json : "-", berth_err_detail(), why);
}

static void twins_are_accepted(void **state)
{
	char *es = vector("C3-1"), *pu = vector("C3-4");

	(void)state;
	w.key_ops = 0;
	CHECK_OK(unpack(es));
	assert_int_equal(w.key_ops, 1);
	CHECK_OK(unpack(pu));
	assert_int_equal(w.key_ops, 2);
	free(es);
	free(pu);
}

static void c034_off_curve_epk_is_e_key_without_a_key_operation(void **state)
{
	char *es = post_jwe(&w, NULL, BOB_P, "A256CBC-HS512", PLAIN, strlen(PLAIN));
	char *pu = post_jwe(&w, ALICE_P, BOB_P, "A256CBC-HS512", PLAIN, strlen(PLAIN));
	/* the point of didcomm-rust's INVALID_ENCRYPTED_MSG_ANON_P256_EPK_WRONG_POINT */
	static const char p256[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"FRAmTBicPVI_-ZFqvXBp76aWjY3H3bZFfXhptT6mDNw\","
		"\"y\":\"-vt-1HhtoV0p7lklb1Nto1daSIjBuwqVslb0p-n9dkw\"}";
	static const char p384[] = "{\"kty\":\"EC\",\"crv\":\"P-384\","
		"\"x\":\"161agGeahGemHgnjHmQ_B_SONyBVg8VLdhTgV5W54VbabyllissnZ6W779IoUqKr\","
		"\"y\":\"cCeqeFgobo_cR-Y4TsZBZX8u3BkiyNs2b-vdqOqOLyCnVgO2jo7nsA_IC3ant9OY\"}";

	(void)state;
	CHECK_OK(unpack(es));
	CHECK_OK(unpack(pu));
	header_case(BERTH_E_KEY, es, "epk", p256);
	header_case(BERTH_E_KEY, pu, "epk", p256);
	header_case(BERTH_E_KEY, es, "epk", p384);
	header_case(BERTH_E_KEY, es, "epk", "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAA\",\"y\":\"AAAA\"}");
	header_case(BERTH_E_ENV, es, "epk", "\"x\"");
	header_case(BERTH_E_ENV, es, "epk", NULL);
	free(es);
	free(pu);
}

static void c034_off_curve_p384_and_p521_epk_is_e_key(void **state)
{
	/* the points of the appendix with another last digit */
	static const char p384[] = "{\"kty\":\"EC\",\"crv\":\"P-384\","
		"\"x\":\"161agGeahGemHgnjHmQ_B_SONyBVg8VLdhTgV5W54VbabyllissnZ6W779IoUqKr\","
		"\"y\":\"cCeqeFgobo_cR-Y4TsZBZX8u3BkiyNs2b-vdqOqOLyCnVgO2jo7nsA_IC3ant9OY\"}";
	static const char p521[] = "{\"kty\":\"EC\",\"crv\":\"P-521\","
		"\"x\":\"AblhyUD5LX4OsX8FE5Z84A_OBa8b8waUHWHQ1m0gs8nHUDD7rH9IEdYo2TK1PaNakNZJNxkQAX-ZRLVkPh6uxy2M\","
		"\"y\":\"APN8zsLDdbiV3t-9hY2EC1Uea3Nnm31m5j0FcbQc4cfVBaMw5BCeiqOPZIce5L628nuNFLJGk3J8zIPOaIKSLfi2\"}";
	/* x is the field's prime and more, y is of 65 bytes, none is there */
	static const char *const others[] = {
		"{\"kty\":\"EC\",\"crv\":\"P-521\","
		"\"x\":\"Af__________________________________________________________________________________________\","
		"\"y\":\"Af__________________________________________________________________________________________\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"AAAA\",\"y\":\"AAAA\"}",
		"{\"kty\":\"EC\",\"crv\":\"P-384\","
		"\"x\":\"161agGeahGemHgnjHmQ_B_SONyBVg8VLdhTgV5W54VbabyllissnZ6W779IoUqKr\"}",
	};
	char *a = vector("C3-2"), *b = vector("C3-3"), *c = vector("C3-6");

	(void)state;
	CHECK_OK(unpack(a));
	CHECK_OK(unpack(b));
	CHECK_OK(unpack(c));
	header_case(BERTH_E_KEY, a, "epk", p384);
	header_case(BERTH_E_KEY, b, "epk", p521);
	header_case(BERTH_E_KEY, c, "epk", p521);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		header_case(BERTH_E_KEY, a, "epk", others[i]);
	free(a);
	free(b);
	free(c);
}

static void a_secp256k1_epk_is_e_alg(void **state)
{
	char *es = vector("C3-1");

	(void)state;
	w.key_ops = 0;
	header_case(BERTH_E_ALG, es, "epk", "{\"kty\":\"EC\",\"crv\":\"secp256k1\","
		    "\"x\":\"aToW5EaTq5mlAf8C5ECYDSkqsJycrW-e1SQ6_GJcAOk\","
		    "\"y\":\"JAGX94caA21WKreXwYUaOCYTBMrqaX4KWIlsQZTHWCk\"}");
	header_case(BERTH_E_KEY, es, "epk", "{\"kty\":\"OKP\",\"crv\":\"Ed25519\","
		    "\"x\":\"G-boxFB6vOZBu-wXkm-9Lh79I8nf9Z50cILaOgKKGww\"}");
	assert_int_equal(w.key_ops, 0);
	free(es);
}

static void low_order_case(const char *x)
{
	char *es = vector("C3-1"), epk[160], *bad;

	snprintf(epk, sizeof(epk), "{\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"%s\"}", x);
	bad = post_with_header(es, "epk", epk);
	CHECK_RC(BERTH_E_DECRYPT, unpack(bad));
	assert_string_equal(berth_err_detail(), "jwe: cannot be decrypted");
	free(es);
	free(bad);
}

/* RFC 7748 section 6.1 and the known points of small order. */
static void c036_low_order_x25519_epk_is_e_decrypt(void **state)
{
	static const char *const hex[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(hex) / sizeof(hex[0]); i++) {
		struct berth_buf b = BERTH_BUF_INIT;
		uint8_t raw[32];

		for (size_t k = 0; k < 32; k++) {
			unsigned v = 0;

			CHECK(sscanf(hex[i] + 2 * k, "%2x", &v) == 1);
			raw[k] = (uint8_t)v;
		}
		berth_b64url_encode(&b, raw, sizeof(raw));
		low_order_case(berth_buf_cstr(&b));
		berth_buf_free(&b);
	}
}

static void c036_epk_of_another_curve_is_e_key(void **state)
{
	char *x = vector("C3-1"), *pu = vector("C3-4");
	static const char p256[] = "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"NlrwPvtIIneciyEka4s2-4s8OjTbtFEAXfL-vglyzqo\","
		"\"y\":\"hb2vdXNsK5BCe7-XZCG_-64GmTO_k5IMXPZCM1taTBg\"}";
	char *bad, *apu;

	(void)state;
	header_case(BERTH_E_KEY, x, "epk", p256);
	header_case(BERTH_E_KEY, pu, "epk", p256);
	/* the sender's key on another curve than epk and recipient */
	bad = post_with_header(pu, "skid", "\"" ALICE_P "\"");
	apu = post_with_header(bad, "apu", "\"ZGlkOmV4YW1wbGU6YWxpY2Uja2V5LXAyNTYtMQ\"");
	w.key_ops = 0;
	CHECK_RC(BERTH_E_KEY, unpack(apu));
	assert_int_equal(w.key_ops, 0);
	free(x);
	free(pu);
	free(bad);
	free(apu);
}

static void c037_1pu_with_another_enc_is_e_alg(void **state)
{
	char *pu = vector("C3-4"), *es = vector("C3-1");

	(void)state;
	header_case(BERTH_E_ALG, pu, "enc", "\"A256GCM\"");
	header_case(BERTH_E_ALG, pu, "enc", "\"XC20P\"");
	header_case(BERTH_E_ALG, pu, "enc", "\"A128CBC-HS256\"");
	header_case(BERTH_E_ALG, es, "enc", "\"A128GCM\"");
	header_case(BERTH_E_ALG, es, "enc", "\"A192GCM\"");
	header_case(BERTH_E_ALG, es, "enc", "\"a256gcm\"");
	header_case(BERTH_E_ALG, es, "enc", "\"nonsense\"");
	header_case(BERTH_E_DECRYPT, es, "enc", "\"A256GCM\"");	/* ours, but not how it was encrypted */
	header_case(BERTH_E_ENV, es, "enc", "7");
	free(pu);
	free(es);
}

static void c038_other_key_management_is_e_alg(void **state)
{
	static const char *const algs[] = {
		"\"dir\"", "\"RSA1_5\"", "\"RSA-OAEP\"", "\"A256KW\"", "\"PBES2-HS512+A256KW\"", "\"ECDH-ES\"",
		"\"ECDH-1PU\"", "\"ECDH-ES+A128KW\"", "\"ecdh-es+a256kw\"", "\"none\"", "\"\"",
	};
	char *es = vector("C3-1"), *p2c, *bad;
	clock_t start = clock();

	(void)state;
	for (size_t i = 0; i < sizeof(algs) / sizeof(algs[0]); i++)
		header_case(BERTH_E_ALG, es, "alg", algs[i]);
	p2c = post_with_header(es, "p2c", "2147483647");
	bad = post_with_header(p2c, "alg", "\"PBES2-HS512+A256KW\"");
	CHECK_RC(BERTH_E_ALG, unpack(bad));
	CHECK(clock() - start < CLOCKS_PER_SEC);
	header_case(BERTH_E_ENV, es, "alg", NULL);
	header_case(BERTH_E_ENV, es, "alg", "[]");
	free(es);
	free(p2c);
	free(bad);
}

static void c039_zip_is_e_alg(void **state)
{
	char *es = vector("C3-1"), *pu = vector("C3-4");

	(void)state;
	header_case(BERTH_E_ALG, es, "zip", "\"DEF\"");
	header_case(BERTH_E_ALG, pu, "zip", "\"DEF\"");
	free(es);
	free(pu);
}

static void crit_typ_and_headers_outside_protected_are_e_env(void **state)
{
	char *es = vector("C3-1");

	(void)state;
	header_case(BERTH_E_ENV, es, "crit", "[\"exp\"]");
	header_case(BERTH_E_ENV, es, "crit", "[]");
	header_case(BERTH_E_ENV, es, "typ", "\"application/didcomm-signed+json\"");
	header_case(BERTH_E_ENV, es, "typ", "\"JWT\"");
	header_case(BERTH_E_ENV, es, "typ", "1");
	header_case(BERTH_E_ENV, es, "kid", "\"did:example:bob#key-x25519-1\"");
	member_case(BERTH_E_ENV, es, "unprotected", "{\"alg\":\"ECDH-ES+A256KW\"}");
	member_case(BERTH_E_ENV, es, "aad", "\"AAAA\"");
	member_case(BERTH_E_ENV, es, "payload", "\"AAAA\"");
	member_case(BERTH_E_ENV, es, "signatures", "[]");
	reason_case(BERTH_E_ENV, "both general and flattened", es, "encrypted_key", "\"AAAA\"");
	reason_case(BERTH_E_ENV, "both general and flattened", es, "header", "{}");
	CHECK_RC(BERTH_E_ENV, unpack("{\"protected\":\"e30\",\"encrypted_key\":\"AAAA\"}"));
	CHECK_RC(BERTH_E_ENV, unpack("{\"protected\":\"e30\",\"recipients\":[]}"));
	member_case(BERTH_E_ENV, es, "iv", NULL);
	member_case(BERTH_E_ENV, es, "tag", "1");
	member_case(BERTH_E_ENV, es, "protected", NULL);
	member_case(BERTH_E_ENV, es, "ciphertext", NULL);
	member_case(BERTH_E_JSON, es, "protected", "\"AAAA\"");
	member_case(BERTH_E_TYPE, es, "protected", "\"W10\"");
	free(es);
}

static void c040_apv_and_apu_are_checked(void **state)
{
	char *es = vector("C3-1"), *pu = vector("C3-4"), *both;

	(void)state;
	header_case(BERTH_E_ENV, es, "apv", NULL);
	header_case(BERTH_E_ENV, pu, "apv", NULL);
	header_case(BERTH_E_ENV, es, "apv", "\"NcsuAnrRfPK69A-rkZ0L9XWUG4jMvNC3Zg74BPz53PE\"");
	header_case(BERTH_E_ENV, es, "apv", "\"NcsuAnrRfPK69A-rkZ0L9XWUG4jMvNC3Zg74BPz53PA=\"");
	header_case(BERTH_E_ENV, pu, "apv", "\"z-LqpvVXDb_sGYn3mjQLpuu2CQLewYuZoTWOIXPH3FM\"");
	header_case(BERTH_E_ENV, pu, "apv", "[]");
	header_case(BERTH_E_ENV, pu, "apu", "\"ZGlkOmV4YW1wbGU6YWxpY2Uja2V5LXgyNTUxOS0y\"");
	header_case(BERTH_E_ENV, pu, "apu", NULL);
	header_case(BERTH_E_ENV, pu, "apu", "null");
	header_case(BERTH_E_ENV, pu, "skid", "\"did:example:alice#key-x25519-2\"");
	header_case(BERTH_E_ENV, pu, "skid", "1");
	/* the kid, NUL, and more */
	header_case(BERTH_E_ENV, pu, "apu", "\"ZGlkOmV4YW1wbGU6YWxpY2Uja2V5LXgyNTUxOS0xAHg\"");
	header_case(BERTH_E_ENV, es, "apu", "\"!\"");
	header_case(BERTH_E_ENV, es, "apu", "1");
	both = post_with_header(pu, "skid", NULL);
	header_case(BERTH_E_ENV, both, "apu", NULL);
	header_case(BERTH_E_ENV, both, "apu", "\"YWxpY2U\"");
	header_case(BERTH_E_ENV, both, "apu", "\"!\"");
	free(es);
	free(pu);
	free(both);
}

#define APU_ALICE "ZGlkOmV4YW1wbGU6YWxpY2Uja2V5LXgyNTUxOS0x"

static void raw_case(enum berth_err want, const char *skid, const char *enc, const char *apu, const char *extra)
{
	char *text = post_raw_jwe(&w, skid, BOB_X, enc, apu, extra, PLAIN);
	enum berth_err rc = unpack(text);

	if (rc != want)
		fail_msg("%s %s: %s (%s)", enc, extra, berth_err_name(rc), berth_err_detail());
	free(text);
}

static void c040_skid_missing_and_apu_good_is_accepted(void **state)
{
	(void)state;
	raw_case(BERTH_OK, ALICE_X, "A256CBC-HS512", ALICE_X, ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"");
	raw_case(BERTH_OK, ALICE_X, "A256CBC-HS512", ALICE_X, ",\"apu\":\"" APU_ALICE "\"");
	raw_case(BERTH_E_ENV, ALICE_X, "A256CBC-HS512", NULL, ",\"skid\":\"" ALICE_X "\"");
	raw_case(BERTH_E_ENV, ALICE_X, "A256CBC-HS512", NULL, "");
	raw_case(BERTH_E_ALG, ALICE_X, "XC20P", ALICE_X, ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"");
	raw_case(BERTH_E_ALG, ALICE_X, "A256GCM", ALICE_X, ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"");
}

static enum berth_err unpack_leniently(const char *text, const struct berth_apv_leniency *lenient)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring, .lenient_apv = *lenient };
	struct berth_unpacked u;
	enum berth_err rc;

	w.key_ops = 0;
	rc = berth_unpack(&u, &p, text, strlen(text));
	berth_unpacked_free(&u);
	return rc;
}

/* [interop] allow-missing-apv: for our DIDs that are named, and for anoncrypt alone. */
static void c040_missing_apv_may_be_let_pass(void **state)
{
	static const char *const bob[] = { "did:example:nobody", "did:example:bob" }, *const others[] = { "did:example:alice" };
	static const char skid[] = ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"";
	const struct berth_apv_leniency none = { 0 }, all = { .for_all = true }, named = { .dids = bob, .n = 2 },
		unnamed = { .dids = others, .n = 1 };
	char *es, *pu, *inner, *bad;

	(void)state;
	w.no_apv = true;
	es = post_raw_jwe(&w, NULL, BOB_X, "XC20P", NULL, "", PLAIN);
	pu = post_raw_jwe(&w, ALICE_X, BOB_X, "A256CBC-HS512", ALICE_X, skid, PLAIN);
	inner = post_raw_jwe(&w, NULL, BOB_X, "A256CBC-HS512", NULL, "", pu);
	w.no_apv = false;
	CHECK_RC(BERTH_E_ENV, unpack_leniently(es, &none));
	CHECK_RC(BERTH_E_ENV, unpack_leniently(es, &unnamed));
	assert_int_equal(w.key_ops, 0);
	CHECK_OK(unpack_leniently(es, &named));
	CHECK_OK(unpack_leniently(es, &all));
	CHECK_RC(BERTH_E_ENV, unpack_leniently(pu, &named));
	CHECK_RC(BERTH_E_ENV, unpack_leniently(pu, &all));
	assert_int_equal(w.key_ops, 0);
	CHECK_RC(BERTH_E_ENV, unpack_leniently(inner, &all));
	assert_string_equal(berth_err_detail(), "jwe: apv is missing or not a string");
	free(inner);
	inner = post_jwe(&w, ALICE_X, BOB_X, "A256CBC-HS512", PLAIN, strlen(PLAIN));
	w.no_apv = true;
	bad = post_raw_jwe(&w, NULL, BOB_X, "A256CBC-HS512", NULL, "", inner);
	w.no_apv = false;
	CHECK_OK(unpack_leniently(bad, &named));	/* the sender is protected, and known */
	CHECK_RC(BERTH_E_ENV, unpack_leniently(bad, &none));
	free(bad);
	/* absent is not another one, and it was derived from, where it was there */
	bad = post_with_header(es, "apv", "null");
	CHECK_RC(BERTH_E_ENV, unpack_leniently(bad, &all));
	free(bad);
	bad = post_with_header(es, "apv", "\"\"");
	CHECK_RC(BERTH_E_ENV, unpack_leniently(bad, &all));
	free(bad);
	bad = post_with_header(es, "apv", "\"AAAA\"");
	CHECK_RC(BERTH_E_ENV, unpack_leniently(bad, &all));
	free(bad);
	free(es);
	es = vector("C3-1");
	bad = post_with_header(es, "apv", NULL);
	CHECK_RC(BERTH_E_DECRYPT, unpack_leniently(bad, &all));
	free(bad);
	free(es);
	free(pu);
	free(inner);
}

static void c041_skid_on_ecdh_es_is_nobody(void **state)
{
	const struct berth_unpack p = { .resolver = &w.resolver, .keyring = &w.keyring };
	struct berth_unpacked u;
	char *text = post_raw_jwe(&w, NULL, BOB_X, "XC20P", ALICE_X,
				   ",\"skid\":\"" ALICE_X "\",\"apu\":\"" APU_ALICE "\"", PLAIN);

	(void)state;
	w.lookups = 0;
	CHECK_OK(berth_unpack(&u, &p, text, strlen(text)));
	assert_int_equal(w.lookups, 0);
	CHECK(!u.encrypted_from_kid && !u.authenticated && u.anonymous_sender);
	CHECK(!berth_unpacked_sender(&u));
	berth_unpacked_free(&u);
	free(text);
}

static char *recipients(size_t n, const char *fmt)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_u8(&b, '[');
	for (size_t i = 0; i < n; i++) {
		berth_buf_str(&b, i ? ",{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"" :
			      "{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"");
		berth_buf_printf(&b, "%s%zu\"}}", fmt, i);
	}
	berth_buf_u8(&b, ']');
	return berth_buf_take_str(&b);
}

static void c043_recipients_none_many_twice_or_of_two_dids(void **state)
{
	static const char one[] = "{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"did:example:bob#key-x25519-1\"}}";
	char *es = vector("C3-1"), text[512], *many;

	(void)state;
	member_case(BERTH_E_ENV, es, "recipients", "[]");
	member_case(BERTH_E_ENV, es, "recipients", "{}");
	member_case(BERTH_E_ENV, es, "recipients", NULL);
	member_case(BERTH_E_ENV, es, "recipients", "[1]");
	snprintf(text, sizeof(text), "[%s,%s]", one, one);
	reason_case(BERTH_E_ENV, "a kid stands twice", es, "recipients", text);
	snprintf(text, sizeof(text), "[%s,{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"did:example:carol#k\"}}]", one);
	reason_case(BERTH_E_ENV, "two DIDs", es, "recipients", text);
	many = recipients(BERTH_RECIPIENTS_MAX + 1, "did:example:bob#k");
	member_case(BERTH_E_SIZE, es, "recipients", many);
	free(many);
	many = recipients(10000, "did:example:bob#k");
	member_case(BERTH_E_SIZE, es, "recipients", many);
	free(many);
	many = recipients(BERTH_RECIPIENTS_MAX, "did:example:bob#k");
	member_case(BERTH_E_ENV, es, "recipients", many);	/* the cap holds; only apv is wrong now */
	assert_string_equal(berth_err_detail(), "jwe: apv is not the hash of the sorted kids");
	free(many);
	free(es);
}

static void c024c_recipient_kid_is_absolute(void **state)
{
	static const struct { const char *header, *why; } bad[] = {
		{ "{\"kid\":\"#key-x25519-1\"}", "absolute" }, { "{\"kid\":\"did:example:bob\"}", "absolute" },
		{ "{\"kid\":\"did:example:bob#\"}", "absolute" }, { "{\"kid\":\"key-x25519-1\"}", "absolute" },
		{ "{\"kid\":\"\"}", "absolute" }, { "{\"kid\":1}", "kid" }, { "{}", "kid" }, { "[]", "header" },
		{ "{\"kid\":\"did:example:bob#key-x25519-1\",\"alg\":\"ECDH-ES+A256KW\"}", "alg outside" },
		{ "{\"kid\":\"did:example:bob#key-x25519-1\",\"epk\":{}}", "epk outside" },
		{ "{\"kid\":\"did:example:bob#key-x25519-1\",\"apv\":\"x\"}", "apv outside" },
		{ "{\"kid\":\"did:example:bob#key-x25519-1\",\"zip\":\"DEF\"}", "zip outside" },
	};
	char *es = vector("C3-1"), text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), "[{\"encrypted_key\":\"AAAA\",\"header\":%s}]", bad[i].header);
		reason_case(BERTH_E_ENV, bad[i].why, es, "recipients", text);
	}
	reason_case(BERTH_E_ENV, "encrypted_key", es, "recipients", "[{\"header\":{\"kid\":\"did:example:bob#key-x25519-1\"}}]");
	free(es);
}

static void c044_our_kid_absent_is_e_decrypt_without_a_key_operation(void **state)
{
	struct post other;
	struct berth_unpack p;
	struct berth_unpacked u;
	char *pu = vector("C3-4");

	(void)state;
	post_open(&other, "a");
	p = (struct berth_unpack){ .resolver = &other.resolver, .keyring = &other.keyring };
	CHECK_RC(BERTH_E_DECRYPT, berth_unpack(&u, &p, pu, strlen(pu)));
	assert_int_equal(other.key_ops, 0);
	assert_int_equal(other.lookups, 0);
	post_close(&other);
	free(pu);
}

static void c044_our_kid_second_after_junk_is_accepted(void **state)
{
	struct post other;
	struct berth_unpack p;
	struct berth_unpacked u;
	char *pu = vector("C3-4");

	(void)state;
	post_open(&other, "");
	post_key(&other, "did:example:bob#key-x25519-3", post_find(&other, "did:example:bob#key-x25519-3"));
	p = (struct berth_unpack){ .resolver = &other.resolver, .keyring = &other.keyring };
	CHECK_OK(berth_unpack(&u, &p, pu, strlen(pu)));
	assert_string_equal(u.encrypted_to_kid, "did:example:bob#key-x25519-3");
	assert_int_equal(berth_json_len(u.encrypted_to_kids), 3);
	assert_int_equal(other.key_ops, 1);
	berth_unpacked_free(&u);
	post_close(&other);
	free(pu);
}

static void c045_lengths_no_cipher_makes_are_e_decrypt(void **state)
{
	static const char *const names[] = { "iv", "tag", "ciphertext" };
	static const char *const values[] = { "\"\"", "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"", "\"AAAA\"", "\"AAAAAAAAAAAAAAAAAAAAAA\"",
		"\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"" };
	char *es = vector("C3-1"), *pu = vector("C3-4");

	(void)state;
	for (size_t i = 0; i < 3; i++)
		for (size_t k = 0; k < 5; k++) {
			member_case(BERTH_E_DECRYPT, es, names[i], values[k]);
			member_case(BERTH_E_DECRYPT, pu, names[i], values[k]);
			assert_string_equal(berth_err_detail(), "jwe: cannot be decrypted");
		}
	member_case(BERTH_E_B64, pu, "iv", "\"o02OXDQ6_-sKz2PX_6oyJh\"");
	member_case(BERTH_E_B64, pu, "iv", "\"o02OXDQ6_-sKz2PX_6oyJg==\"");
	member_case(BERTH_E_B64, pu, "ciphertext", "\"a+b/\"");
	member_case(BERTH_E_B64, pu, "tag", "\"a+b/\"");
	free(es);
	free(pu);
}

static void bad_encrypted_key_is_e_decrypt(void **state)
{
	static const char *const keys[] = { "", "AAAA", "rYlafW0XkNd8kaXCqVbtGJ9GhwBC3lZ9AihHK4B6J6V2kT7vjbSYuIpr1IlAjvxYQOw08yqEJNIwrPpB0ouDzKqk98FVN7rK" };
	char *good = post_jwe(&w, ALICE_X, BOB_X, "A256CBC-HS512", PLAIN, strlen(PLAIN)), text[256];

	(void)state;
	CHECK_OK(unpack(good));
	for (size_t i = 0; i < 3; i++) {
		snprintf(text, sizeof(text), "[{\"encrypted_key\":\"%s\",\"header\":{\"kid\":\"" BOB_X "\"}}]", keys[i]);
		member_case(BERTH_E_DECRYPT, good, "recipients", text);
		assert_string_equal(berth_err_detail(), "jwe: cannot be decrypted");
	}
	member_case(BERTH_E_B64, good, "recipients", "[{\"encrypted_key\":\"a+b/\",\"header\":{\"kid\":\"" BOB_X "\"}}]");
	member_case(BERTH_E_ENV, good, "recipients", "{\"a\":{\"encrypted_key\":\"AAAA\",\"header\":{\"kid\":\"" BOB_X "\"}}}");
	assert_string_equal(berth_err_detail(), "jwe: no recipients");
	free(good);
}

/* A content key of zeros is what a failed unwrap leaves behind: whoever encrypts
 * with it must not get in. */
static void c045_a_failed_unwrap_is_not_a_key_of_zeros(void **state)
{
	char *good, *bad, *at;

	(void)state;
	w.zero_cek = true;
	good = post_raw_jwe(&w, NULL, BOB_X, "A256CBC-HS512", NULL, "", PLAIN);
	w.zero_cek = false;
	CHECK_OK(unpack(good));
	bad = strdup(good);
	at = strstr(bad, "\"encrypted_key\":\"") + strlen("\"encrypted_key\":\"");
	*at = *at == 'A' ? 'B' : 'A';
	CHECK_RC(BERTH_E_DECRYPT, unpack(bad));
	free(good);
	free(bad);
}

static void flattened_is_accepted(void **state)
{
	char *good = post_jwe(&w, ALICE_X, BOB_X, "A256CBC-HS512", PLAIN, strlen(PLAIN));
	struct berth_json *root = NULL;
	struct berth_buf key = BERTH_BUF_INIT;
	char *a, *b, *flat;

	(void)state;
	CHECK_OK(berth_json_parse(&root, good, strlen(good), BERTH_JSON_MAX));
	CHECK_OK(berth_json_print(&key, berth_json_get(berth_json_first(berth_json_get(root, "recipients")), "encrypted_key")));
	a = post_with_member(good, "recipients", NULL);
	b = post_with_member(a, "header", "{\"kid\":\"" BOB_X "\"}");
	flat = post_with_member(b, "encrypted_key", berth_buf_cstr(&key));
	CHECK_OK(unpack(flat));
	CHECK_RC(BERTH_E_ENV, unpack(b));
	berth_json_free(root);
	berth_buf_free(&key);
	free(good);
	free(a);
	free(b);
	free(flat);
}

/* A compact JWE as a flattened one for our kid. */
static char *expand(const char *compact, const char *kid)
{
	static const char *const names[] = { "protected", "encrypted_key", "iv", "ciphertext", "tag" };
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_printf(&b, "{\"header\":{\"kid\":\"%s\"}", kid);
	for (size_t i = 0; i < 5; i++) {
		size_t len = strcspn(compact, ".");

		berth_buf_printf(&b, ",\"%s\":\"%.*s\"", names[i], (int)len, compact);
		compact += len + (compact[len] == '.');
	}
	berth_buf_u8(&b, '}');
	return berth_buf_take_str(&b);
}

/* What DIDComm asks for besides, apv, aside: it must open.  A cut tag is not ours. */
static enum berth_err open_bare(const char *flat, const struct berth_json *jwk, const char *kid)
{
	const struct berth_apv_leniency any = { .for_all = true };
	struct berth_buf pt = BERTH_BUF_INIT;
	struct berth_json *root = NULL;
	struct berth_privkey key;
	struct berth_jwe j;
	enum berth_err rc;

	CHECK_OK(berth_jwk_parse_private(&key, jwk));
	post_key(&w, kid, &key);
	CHECK_OK(berth_json_parse(&root, flat, strlen(flat), BERTH_JSON_MAX));
	CHECK_OK(berth_jwe_from_json(&j, root, &any));
	rc = berth_jwe_open(&j, &j.recipients[0], NULL, w.real, &pt);
	berth_jwe_free(&j);
	berth_buf_free(&pt);
	return rc;
}

/* The two with our content encryptions open, but have no apv, which DIDComm asks
 * for; the three others are E_ALG before any key. */
static void wycheproof_case(const struct berth_json *group, const struct berth_json *c)
{
	const char *jwe = berth_json_str(berth_json_get(c, "jwe"));
	bool ours = berth_enc_parse(berth_json_str(berth_json_get(c, "enc"))) != BERTH_ENC_NONE;
	char kid[64], *flat;

	snprintf(kid, sizeof(kid), "did:example:w#%.0f", berth_json_num(berth_json_get(c, "tcId")));
	flat = expand(jwe, kid);
	w.key_ops = 0;
	CHECK_RC(ours ? BERTH_E_ENV : BERTH_E_ALG, unpack(flat));
	CHECK_RC(BERTH_E_ENV, unpack(jwe));	/* compact */
	assert_int_equal(w.key_ops, 0);
	if (ours)
		CHECK_OK(open_bare(flat, berth_json_get(group, "private"), kid));
	free(flat);
}

static void wycheproof_json_web_encryption(void **state)
{
	size_t total = 0;
	struct berth_json *root = test_json_file("tests/vectors/wycheproof/json_web_encryption_test.json");

	(void)state;
	berth_json_each(group, berth_json_get(root, "testGroups")) {
		const char *alg = berth_json_str(berth_json_get(berth_json_get(group, "private"), "alg"));

		if (!alg || strcmp(alg, "ECDH-ES+A256KW") != 0)
			continue;
		berth_json_each(c, berth_json_get(group, "tests")) {
			wycheproof_case(group, c);
			total++;
		}
	}
	VECTORS("wycheproof/json_web_encryption_test.json (ECDH-ES+A256KW)", total, 5);
	assert_int_equal(total, 5);
	berth_json_free(root);
}

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

static char *two_kib(const char *skid, const char *kid)
{
	char plain[1024];
	int n = snprintf(plain, sizeof(plain), "{\"id\":\"1\",\"type\":\"https://example.com/p/1.0/m\","
			 "\"from\":\"did:example:alice\",\"to\":[\"did:example:bob\"],\"body\":{\"pad\":\"%0*d\"}}", 640, 7);

	return post_jwe(&w, skid, kid, "A256CBC-HS512", plain, (size_t)n);
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

static void the_sealer_makes_only_what_is_accepted(void **state)
{
	const struct berth_pubkey *key = &post_find(&w, BOB_X)->pub;
	struct berth_jwe_seal s = { .keyring = w.real, .kids = { BOB_X }, .keys = { key }, .n = 1 };
	struct berth_buf out = BERTH_BUF_INIT;
	const char *kids[BERTH_JWE_RECIPIENTS_MAX + 1] = { 0 };
	uint8_t apv[32];

	(void)state;
	CHECK_RC(BERTH_E_ALG, berth_jwe_seal(&out, &s, "x", 1));
	s.skid = ALICE_X;
	s.enc = BERTH_ENC_A256GCM;
	CHECK_RC(BERTH_E_ALG, berth_jwe_seal(&out, &s, "x", 1));
	s.enc = BERTH_ENC_XC20P;
	CHECK_RC(BERTH_E_ALG, berth_jwe_seal(&out, &s, "x", 1));
	s.skid = NULL;
	s.n = 0;
	CHECK_RC(BERTH_E_SIZE, berth_jwe_seal(&out, &s, "x", 1));
	CHECK_RC(BERTH_E_SIZE, berth_jwe_apv(apv, kids, BERTH_JWE_RECIPIENTS_MAX + 1));
	s.n = 1;
	CHECK(out.len == 0);
	CHECK_OK(berth_jwe_seal(&out, &s, "x", 1));
	berth_buf_free(&out);
}

static void c036_a_low_order_recipient_is_e_key(void **state)
{
	struct berth_pubkey zero = { .type = BERTH_KEY_X25519, .len = 32 };
	struct berth_jwe_seal s = { .enc = BERTH_ENC_XC20P, .kids = { BOB_X }, .keys = { &zero }, .n = 1 };
	struct berth_buf out = BERTH_BUF_INIT;

	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_jwe_seal(&out, &s, "x", 1));
	berth_buf_free(&out);
}

static void constant(void *p, size_t n) { memset(p, 0x5a, n); }

static void c144_a_stuck_generator_seals_nothing(void **state)
{
	struct berth_jwe_seal s = { .enc = BERTH_ENC_XC20P, .keyring = w.real, .kids = { BOB_X },
		.keys = { &post_find(&w, BOB_X)->pub }, .n = 1 };
	struct berth_buf out = BERTH_BUF_INIT;
	enum berth_err rc;

	(void)state;
	berth_random_inject(constant);
	rc = berth_jwe_seal(&out, &s, "x", 1);
	berth_random_inject(NULL);
	CHECK_RC(BERTH_E_KEYSTORE, rc);
	CHECK(out.len == 0);
	CHECK_OK(berth_jwe_seal(&out, &s, "x", 1));
	berth_buf_free(&out);
}

static void c144_no_nonce_is_used_twice(void **state)
{
	char *a = two_kib(NULL, BOB_X), *b = two_kib(NULL, BOB_X);

	(void)state;
	CHECK(strcmp(a, b) != 0);
	free(a);
	free(b);
}

static int setup(void **state)
{
	*state = &w;
	post_open(&w, "ab");
	post_person(&w, "did:example:carol");
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twins_are_accepted),
		cmocka_unit_test(c034_off_curve_epk_is_e_key_without_a_key_operation),
		cmocka_unit_test(c034_off_curve_p384_and_p521_epk_is_e_key),
		cmocka_unit_test(a_secp256k1_epk_is_e_alg),
		cmocka_unit_test(c036_low_order_x25519_epk_is_e_decrypt),
		cmocka_unit_test(c036_epk_of_another_curve_is_e_key),
		cmocka_unit_test(c037_1pu_with_another_enc_is_e_alg),
		cmocka_unit_test(c038_other_key_management_is_e_alg),
		cmocka_unit_test(c039_zip_is_e_alg),
		cmocka_unit_test(crit_typ_and_headers_outside_protected_are_e_env),
		cmocka_unit_test(c040_apv_and_apu_are_checked),
		cmocka_unit_test(c040_skid_missing_and_apu_good_is_accepted),
		cmocka_unit_test(c040_missing_apv_may_be_let_pass),
		cmocka_unit_test(c041_skid_on_ecdh_es_is_nobody),
		cmocka_unit_test(c043_recipients_none_many_twice_or_of_two_dids),
		cmocka_unit_test(c024c_recipient_kid_is_absolute),
		cmocka_unit_test(c044_our_kid_absent_is_e_decrypt_without_a_key_operation),
		cmocka_unit_test(c044_our_kid_second_after_junk_is_accepted),
		cmocka_unit_test(c045_lengths_no_cipher_makes_are_e_decrypt),
		cmocka_unit_test(bad_encrypted_key_is_e_decrypt),
		cmocka_unit_test(c045_a_failed_unwrap_is_not_a_key_of_zeros),
		cmocka_unit_test(flattened_is_accepted),
		cmocka_unit_test(wycheproof_json_web_encryption),
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
		cmocka_unit_test(the_sealer_makes_only_what_is_accepted),
		cmocka_unit_test(c036_a_low_order_recipient_is_e_key),
		cmocka_unit_test(c144_a_stuck_generator_seals_nothing),
		cmocka_unit_test(c144_no_nonce_is_used_twice),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
