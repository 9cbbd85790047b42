/* SPDX-License-Identifier: Apache-2.0 */
/* The ephemeral key of an envelope. */
#include "tests/unit/didcomm/jwe.h"
#include "did/codec/base64url.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(c034_off_curve_epk_is_e_key_without_a_key_operation),
		cmocka_unit_test(c034_off_curve_p384_and_p521_epk_is_e_key),
		cmocka_unit_test(a_secp256k1_epk_is_e_alg),
		cmocka_unit_test(c036_low_order_x25519_epk_is_e_decrypt),
		cmocka_unit_test(c036_epk_of_another_curve_is_e_key),
	};

	return cmocka_run_group_tests(tests, setup, post_teardown);
}
