/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/check.h"
#include "tests/fakes/json.h"

#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/jose/jwk.h"

#define ED_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define P256_X "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define P256_Y "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define P256_D "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
#define P256 "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\""

static enum berth_err parse(struct berth_pubkey *k, const char *text)
{
	struct berth_json *v = test_json(text);
	enum berth_err rc = berth_jwk_parse(k, v);

	berth_json_free(v);
	return rc;
}

static enum berth_err parse_private(struct berth_privkey *k, const char *text)
{
	struct berth_json *v = test_json(text);
	enum berth_err rc = berth_jwk_parse_private(k, v);

	berth_json_free(v);
	return rc;
}

/* On any failure there is no key. */
static void refused(enum berth_err want, const char *text)
{
	struct berth_pubkey k;

	CHECK_RC(want, parse(&k, text));
	CHECK(k.type == BERTH_KEY_NONE);
}

static void rfc8037_key_and_thumbprint(void **state)
{
	static const char want[] = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";	/* A.3 */
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_privkey k;
	uint8_t thumb[32];

	(void)state;
	CHECK_OK(parse_private(&k, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"" ED_D "\",\"x\":\"" ED_X "\"}"));
	CHECK(k.type == BERTH_KEY_ED25519 && k.len == 32 && k.pub.len == 32);
	berth_jwk_thumbprint(thumb, &k.pub);
	berth_b64url_encode(&b, thumb, 32);
	assert_string_equal(berth_buf_cstr(&b), want);
	berth_buf_free(&b);
	berth_privkey_wipe(&k);
}

static void every_type_comes_back_from_its_own_jwk(void **state)
{
	(void)state;
	for (enum berth_key_type t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++) {
		struct berth_privkey k, back;
		struct berth_pubkey pub;
		struct berth_buf tree = BERTH_BUF_INIT, plain = BERTH_BUF_INIT;
		struct berth_json *v;

		CHECK_OK(berth_keypair_generate(&k, t));
		CHECK((v = berth_jwk_format(&k.pub)));
		CHECK_OK(berth_json_print(&tree, v));
		CHECK_OK(berth_jwk_print(&plain, &k.pub));
		assert_string_equal(berth_buf_cstr(&plain), berth_buf_cstr(&tree));
		berth_buf_free(&plain);
		berth_buf_free(&tree);
		CHECK(berth_jwk_type(v) == t && !berth_json_get(v, "d"));
		CHECK_OK(berth_jwk_parse(&pub, v));
		CHECK(berth_pubkey_equal(&pub, &k.pub));
		CHECK_RC(BERTH_E_KEY, berth_jwk_parse_private(&back, v));
		berth_json_free(v);

		CHECK((v = berth_jwk_format_private(&k)));
		CHECK_OK(berth_jwk_parse_private(&back, v));
		CHECK(back.len == k.len && memcmp(back.b, k.b, k.len) == 0);
		CHECK(berth_jwk_may_sign(v) == berth_key_can_sign(t));
		CHECK(berth_jwk_may_agree(v) == berth_key_can_agree(t));
		berth_json_free(v);
		berth_privkey_wipe(&k);
		berth_privkey_wipe(&back);
	}
}

static void refuses_what_is_no_key_of_ours(void **state)
{
	struct berth_pubkey k, none = { 0 };
	struct berth_buf b = BERTH_BUF_INIT;

	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_jwk_print(&b, &none));
	assert_int_equal(b.len, 0);
	CHECK_OK(parse(&k, P256 "}"));
	refused(BERTH_E_KEY, "{}");
	refused(BERTH_E_KEY, "[]");
	refused(BERTH_E_KEY, "{\"kty\":\"oct\",\"k\":\"AAAA\"}");
	refused(BERTH_E_KEY, "{\"kty\":\"RSA\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}");
	refused(BERTH_E_KEY, "{\"kty\":\"OKP\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}");
	refused(BERTH_E_KEY, "{\"kty\":\"EC\",\"crv\":\"P-384\",\"x\":\"" P256_X "\",\"y\":\"" P256_Y "\"}");
	refused(BERTH_E_KEY, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\"}");
	refused(BERTH_E_KEY, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\",\"y\":7}");
	refused(BERTH_E_KEY, "{\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"" ED_X "\"}");
	/* off the curve: one bit of y */
	refused(BERTH_E_KEY, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"" P256_X "\","
		"\"y\":\"y_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\"}");
	/* C030: the identity of Ed25519 */
	refused(BERTH_E_KEY, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}");
}

static void c017_encodings_of_coordinates_are_e_b64(void **state)
{
	struct berth_pubkey k;

	(void)state;
	CHECK_OK(parse(&k, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "\"}"));
	refused(BERTH_E_B64, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"\"}");
	refused(BERTH_E_B64, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"" ED_X "=\"}");
	refused(BERTH_E_B64, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}");
	refused(BERTH_E_B64, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp\"}");
}

static void c018_keys_of_31_and_33_bytes_are_e_key(void **state)
{
	(void)state;
	refused(BERTH_E_KEY, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHUQ\"}");
	refused(BERTH_E_KEY, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURoA\"}");
	refused(BERTH_E_KEY, "{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AH_Nzidw9sRdQYPL7m_bS3tYBzM1e-nvE7rPbjx70VRF\",\"y\":\"" P256_Y "\"}");
}

static void use_key_ops_and_alg_fit_or_e_key(void **state)
{
	static const char *const good[] = {
		"\"use\":\"sig\"", "\"use\":\"enc\"", "\"alg\":\"ES256\"", "\"alg\":\"ECDH-ES+A256KW\"",
		"\"alg\":\"ECDH-1PU+A256KW\"", "\"key_ops\":[\"verify\"]", "\"key_ops\":[\"deriveBits\"]",
		"\"key_ops\":[\"sign\",\"verify\"],\"use\":\"sig\",\"alg\":\"ES256\"",
		"\"key_ops\":[\"x-own\",\"verify\"]", "\"kid\":\"a\",\"ext\":true",
	};
	static const char *const bad[] = {
		"\"use\":\"both\"", "\"use\":1", "\"alg\":\"ES384\"", "\"alg\":\"ES521\"", "\"alg\":1",
		"\"alg\":\"ES256\",\"use\":\"enc\"", "\"alg\":\"ECDH-ES\",\"use\":\"sig\"",
		"\"key_ops\":[]", "\"key_ops\":\"verify\"", "\"key_ops\":[\"encrypt\"]",
		"\"key_ops\":[\"verify\",\"verify\"]", "\"key_ops\":[1]",
		"\"key_ops\":[\"verify\"],\"use\":\"enc\"",
	};
	char text[512];
	struct berth_pubkey k;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		snprintf(text, sizeof(text), P256 ",%s}", good[i]);
		CHECK_OK(parse(&k, text));
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		snprintf(text, sizeof(text), P256 ",%s}", bad[i]);
		refused(BERTH_E_KEY, text);
	}
	refused(BERTH_E_KEY, "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"enc\",\"x\":\"" ED_X "\"}");
}

static void private_half_must_belong(void **state)
{
	struct berth_privkey k;

	(void)state;
	CHECK_OK(parse_private(&k, P256 ",\"d\":\"" P256_D "\"}"));
	berth_privkey_wipe(&k);
	CHECK_RC(BERTH_E_KEY, parse_private(&k, P256 ",\"d\":\"" ED_D "\"}"));
	CHECK(k.type == BERTH_KEY_NONE && k.len == 0);
	CHECK_RC(BERTH_E_KEY, parse_private(&k, P256 "}"));
	CHECK_RC(BERTH_E_KEY, parse_private(&k, P256 ",\"d\":\"AAAA\"}"));
	CHECK_RC(BERTH_E_B64, parse_private(&k, P256 ",\"d\":\"\"}"));
	CHECK_RC(BERTH_E_B64, parse_private(&k, P256 ",\"d\":\"jpsQnnGQmL+YBIffH1136cspYG6-0iY7X1fCE9-E9LI\"}"));
	/* 0 and n are no scalars */
	CHECK_RC(BERTH_E_KEY, parse_private(&k, P256 ",\"d\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"}"));
	CHECK_RC(BERTH_E_KEY, parse_private(&k, P256 ",\"d\":\"_____wAAAAD__________7zm-q2nF56E87nKwvxjJVE\"}"));
}

static enum berth_err parse_file(struct berth_privkey *priv, struct berth_pubkey *pub, const char *path)
{
	struct berth_json *v = test_json_file(path);
	enum berth_err rc;

	rc = priv ? berth_jwk_parse_private(priv, v) : berth_jwk_parse(pub, v);
	berth_json_free(v);
	return rc;
}

static void cookbook_and_rfc_keys(void **state)
{
	struct berth_pubkey pub;
	struct berth_privkey priv;

	(void)state;
	CHECK_OK(parse_file(NULL, &pub, "tests/vectors/jose-cookbook/jwk/3_1.ec_public_key.json"));
	CHECK_OK(parse_file(&priv, NULL, "tests/vectors/jose-cookbook/jwk/3_2.ec_private_key.json"));
	CHECK(berth_pubkey_equal(&pub, &priv.pub));
	berth_privkey_wipe(&priv);
	VECTORS("jose-cookbook jwk (3_3 to 3_6 are RSA and oct keys: refused)", 6, 6);
	CHECK_RC(BERTH_E_KEY, parse_file(NULL, &pub, "tests/vectors/jose-cookbook/jwk/3_3.rsa_public_key.json"));
	CHECK_RC(BERTH_E_KEY, parse_file(&priv, NULL, "tests/vectors/jose-cookbook/jwk/3_4.rsa_private_key.json"));
	CHECK_RC(BERTH_E_KEY, parse_file(NULL, &pub, "tests/vectors/jose-cookbook/jwk/3_5.symmetric_key_mac_computation.json"));
	CHECK_RC(BERTH_E_KEY, parse_file(NULL, &pub, "tests/vectors/jose-cookbook/jwk/3_6.symmetric_key_encryption.json"));

	CHECK_OK(parse_file(&priv, NULL, "tests/vectors/jose-rfc7515-7517/rfc7515_A.3.jwk"));
	CHECK(priv.type == BERTH_KEY_P256);
	berth_privkey_wipe(&priv);
	CHECK_RC(BERTH_E_KEY, parse_file(NULL, &pub, "tests/vectors/jose-rfc7515-7517/rfc7515_A.1.jwk"));
	CHECK_RC(BERTH_E_KEY, parse_file(NULL, &pub, "tests/vectors/jose-rfc7515-7517/rfc7638_3.1.jwk"));
	VECTORS("jose-rfc7515-7517 jwk (A.1 is oct, 7638 3.1 RSA: refused)", 3, 3);
}

static size_t unhex(uint8_t *out, const char *hex)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		unsigned v;

		CHECK(sscanf(hex + 2 * i, "%2x", &v) == 1);
		out[i] = (uint8_t)v;
	}
	return n;
}

/* Both keys parse and agree on the shared secret. */
static bool x25519_agrees(const struct berth_json *t)
{
	struct berth_privkey priv;
	struct berth_pubkey pub;
	uint8_t z[BERTH_ECDH_MAX], want[BERTH_ECDH_MAX];
	size_t z_len;
	bool ok;

	CHECK_OK(berth_jwk_parse_private(&priv, berth_json_get(t, "private")));
	ok = berth_jwk_parse(&pub, berth_json_get(t, "public")) == BERTH_OK &&
	     berth_ecdh(z, &z_len, &priv, &pub) == BERTH_OK &&
	     z_len == unhex(want, berth_json_str(berth_json_get(t, "shared"))) && memcmp(z, want, z_len) == 0;
	berth_privkey_wipe(&priv);
	return ok;
}

/* "acceptable" with a zero secret must fail, the other "acceptable" ones agree. */
static void wycheproof_x25519_jwk(void **state)
{
	size_t n, total = 0, passed = 0;
	char *text = test_read_file("tests/vectors/wycheproof/x25519_jwk_test.json", &n);
	struct berth_json *v;

	(void)state;
	CHECK_OK(berth_json_parse(&v, text, n, n));
	berth_json_each(group, berth_json_get(v, "testGroups"))
		berth_json_each(t, berth_json_get(group, "tests")) {
			bool want = strcmp(berth_json_str(berth_json_get(t, "result")), "invalid") != 0;

			berth_json_each(flag, berth_json_get(t, "flags"))
				want &= strcmp(berth_json_str(flag), "ZeroSharedSecret") != 0;
			total++;
			if (x25519_agrees(t) == want)
				passed++;
			else
				print_message("x25519_jwk tcId %g\n", berth_json_num(berth_json_get(t, "tcId")));
		}
	VECTORS("wycheproof x25519_jwk", passed, total);
	CHECK(passed == total && total > 0);
	berth_json_free(v);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rfc8037_key_and_thumbprint),
		cmocka_unit_test(every_type_comes_back_from_its_own_jwk),
		cmocka_unit_test(refuses_what_is_no_key_of_ours),
		cmocka_unit_test(c017_encodings_of_coordinates_are_e_b64),
		cmocka_unit_test(c018_keys_of_31_and_33_bytes_are_e_key),
		cmocka_unit_test(use_key_ops_and_alg_fit_or_e_key),
		cmocka_unit_test(private_half_must_belong),
		cmocka_unit_test(cookbook_and_rfc_keys),
		cmocka_unit_test(wycheproof_x25519_jwk),
	};

	berth_crypto_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
