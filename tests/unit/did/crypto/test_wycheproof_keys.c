/* SPDX-License-Identifier: Apache-2.0 */
#include "wycheproof.h"

#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"

static enum berth_key_type curve(const char *name)
{
	static const struct { const char *name; enum berth_key_type type; } names[] = {
		{ "secp256r1", BERTH_KEY_P256 }, { "P-256", BERTH_KEY_P256 },
		{ "secp384r1", BERTH_KEY_P384 }, { "P-384", BERTH_KEY_P384 },
		{ "secp521r1", BERTH_KEY_P521 }, { "P-521", BERTH_KEY_P521 },
		{ "secp256k1", BERTH_KEY_SECP256K1 }, { "P-256K", BERTH_KEY_SECP256K1 },
		{ "X25519", BERTH_KEY_X25519 }, { "Ed25519", BERTH_KEY_ED25519 },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!strcmp(name, names[i].name))
			return names[i].type;
	return BERTH_KEY_NONE;
}

/* ---- signatures ---- */

static void group_key(struct berth_pubkey *out, const struct berth_json *group)
{
	const struct berth_json *k = berth_json_get(group, "publicKey");
	bool ed = !strcmp(wp_text(k, "curve"), "edwards25519");
	size_t n;
	uint8_t *b = wp_hex(k, ed ? "pk" : "uncompressed", &n);

	CHECK_OK(berth_pubkey_import(out, ed ? BERTH_KEY_ED25519 : curve(wp_text(k, "curve")), b, n));
	free(b);
}

static enum wp_verdict verify(struct wp_case *c)
{
	struct berth_pubkey key;
	size_t msg_len, sig_len;
	uint8_t *msg = wp_hex(c->test, "msg", &msg_len), *sig = wp_hex(c->test, "sig", &sig_len);
	enum berth_err rc;

	group_key(&key, c->group);
	rc = berth_verify(&key, msg, msg_len, sig, sig_len);
	CHECK(rc == BERTH_OK || rc == BERTH_E_SIG);
	free(msg);
	free(sig);
	return rc ? WP_REFUSED : WP_ACCEPTED;
}

/* DER of exactly SEQUENCE { INTEGER r, INTEGER s }, both positive and minimal. */
static const uint8_t *der_int(const uint8_t **p, const uint8_t *end, size_t *len)
{
	const uint8_t *at;

	if (end - *p < 3 || (*p)[0] != 2 || (*p)[1] == 0 || (*p)[1] > end - *p - 2)
		return NULL;
	*len = (*p)[1];
	at = *p + 2;
	*p += 2 + *len;
	if ((at[0] & 0x80) || (*len > 1 && at[0] == 0 && !(at[1] & 0x80)))
		return NULL;
	return at;
}

/* What is proper DER becomes r || s and is judged; what is not has no JOSE form,
 * so it is shown as it is to a verifier that knows r || s only. */
static enum wp_verdict verify_der(struct wp_case *c)
{
	struct berth_pubkey key;
	size_t msg_len, sig_len, r_len, s_len, n;
	uint8_t *msg = wp_hex(c->test, "msg", &msg_len), *sig = wp_hex(c->test, "sig", &sig_len);
	uint8_t rs[BERTH_SIG_MAX];
	const uint8_t *p = sig + 2, *end = sig + sig_len, *r, *s;
	enum berth_err rc;

	group_key(&key, c->group);
	if (sig_len > 2 && sig[0] == 0x30 && sig[1] == sig_len - 2 && (r = der_int(&p, end, &r_len)) &&
	    (s = der_int(&p, end, &s_len)) && p == end) {
		rc = berth_ecdsa_from_rs(rs, &n, key.type, r, r_len, s, s_len);
		if (rc == BERTH_OK)
			rc = berth_verify(&key, msg, msg_len, rs, n);
	} else {
		rc = berth_verify(&key, msg, msg_len, sig, sig_len);
	}
	CHECK(rc == BERTH_OK || rc == BERTH_E_SIG);
	free(msg);
	free(sig);
	return rc ? WP_REFUSED : WP_ACCEPTED;
}

/* Bitcoin refuses the high s that JOSE has nothing against (C028). */
static enum wp_verdict verify_bitcoin(struct wp_case *c)
{
	enum wp_verdict v = verify_der(c);

	if (v != WP_ACCEPTED || !wp_has_flag(c->test, "SignatureMalleabilityBitcoin"))
		return v;
	c->why = "accepted: the high s of a valid signature (C028)";
	return WP_NOT_APPLICABLE;
}

static void c027_c028_ecdsa(void **state)
{
	(void)state;
	wp_run("ecdsa_secp256r1_sha256_p1363_test.json", verify, NULL);
	wp_run("ecdsa_secp384r1_sha384_p1363_test.json", verify, NULL);
	wp_run("ecdsa_secp521r1_sha512_p1363_test.json", verify, NULL);
	wp_run("ecdsa_secp256k1_sha256_p1363_test.json", verify, NULL);
	wp_run("ecdsa_secp256r1_sha256_test.json", verify_der, NULL);
	wp_run("ecdsa_secp256k1_sha256_bitcoin_test.json", verify_bitcoin, NULL);
}

static void c030_ed25519(void **state)
{
	(void)state;
	wp_run("ed25519_test.json", verify, NULL);
}

/* ---- agreements ---- */

static enum wp_verdict agree(struct wp_case *c, const struct berth_privkey *mine,
			     const struct berth_pubkey *theirs)
{
	uint8_t z[BERTH_ECDH_MAX];
	size_t n, want_len;
	uint8_t *want = wp_hex(c->test, "shared", &want_len);
	enum berth_err rc = berth_ecdh(z, &n, mine, theirs);
	bool same = rc == BERTH_OK && n == want_len && !memcmp(z, want, n);

	CHECK(rc == BERTH_OK || rc == BERTH_E_DECRYPT || rc == BERTH_E_KEY);
	free(want);
	return rc ? WP_REFUSED : same ? WP_ACCEPTED : WP_WRONG_OUTPUT;
}

/* Big-endian scalars in these files have any number of leading zeros. */
static void scalar(struct berth_privkey *out, enum berth_key_type type, const struct berth_json *test)
{
	size_t n, size = berth_key_size(type);
	uint8_t *b = wp_hex(test, "private", &n), fixed[BERTH_PRIVKEY_MAX] = { 0 };
	size_t skip = n > size ? n - size : 0;

	memcpy(fixed + size - (n - skip), b + skip, n - skip);
	CHECK_OK(berth_keypair_from_private(out, type, fixed, size));
	free(b);
}

static enum wp_verdict ecpoint(struct wp_case *c)
{
	enum berth_key_type type = curve(wp_text(c->group, "curve"));
	struct berth_privkey mine;
	struct berth_pubkey theirs;
	size_t n;
	uint8_t *pub = wp_hex(c->test, "public", &n);
	enum berth_err rc = berth_pubkey_import(&theirs, type, pub, n);

	free(pub);
	if (rc) {
		CHECK_RC(BERTH_E_KEY, rc);
		return WP_REFUSED;
	}
	scalar(&mine, type, c->test);
	return agree(c, &mine, &theirs);
}

static void c034_ecdh_points(void **state)
{
	(void)state;
	wp_run("ecdh_secp256r1_ecpoint_test.json", ecpoint, NULL);
	wp_run("ecdh_secp384r1_ecpoint_test.json", ecpoint, NULL);
	wp_run("ecdh_secp521r1_ecpoint_test.json", ecpoint, NULL);
}

/* A coordinate or key of a JWK, of any length; -1: not base64url. */
static int member(uint8_t out[BERTH_PUBKEY_MAX], const struct berth_json *jwk, const char *key)
{
	const char *s = berth_json_str(berth_json_get(jwk, key));
	struct berth_buf b = BERTH_BUF_INIT;
	int n = -1;

	if (s && berth_b64url_decode(&b, s, strlen(s)) == BERTH_OK && b.len <= BERTH_PUBKEY_MAX) {
		n = (int)b.len;
		if (n)
			memcpy(out, b.p, b.len);
	}
	berth_buf_free(&b);
	return n;
}

/* did/jose/jwk.c has the whole of RFC 7517; here only the numbers matter. */
static bool jwk_public(struct berth_pubkey *out, const struct berth_json *jwk)
{
	const char *crv = berth_json_str(berth_json_get(jwk, "crv")), *kty = berth_json_str(berth_json_get(jwk, "kty"));
	enum berth_key_type type = crv ? curve(crv) : BERTH_KEY_NONE;
	uint8_t x[BERTH_PUBKEY_MAX], y[BERTH_PUBKEY_MAX];
	int nx = member(x, jwk, "x"), ny = member(y, jwk, "y");

	if (!kty || strcmp(kty, type == BERTH_KEY_X25519 ? "OKP" : "EC"))
		return false;
	if (nx >= 0 && berth_json_get(jwk, "y"))
		return nx == ny && berth_pubkey_import_xy(out, type, x, y, (size_t)nx) == BERTH_OK;
	return nx >= 0 && berth_pubkey_import(out, type, x, (size_t)nx) == BERTH_OK;
}

static enum wp_verdict webcrypto(struct wp_case *c)
{
	const struct berth_json *pub = berth_json_get(c->test, "public"), *priv = berth_json_get(c->test, "private");
	struct berth_privkey mine;
	struct berth_pubkey theirs;
	uint8_t d[BERTH_PUBKEY_MAX];
	int n = member(d, priv, "d");

	if (!jwk_public(&theirs, pub))
		return WP_REFUSED;
	CHECK(n > 0);
	CHECK_OK(berth_keypair_from_private(&mine, curve(wp_text(priv, "crv")), d, (size_t)n));
	return agree(c, &mine, &theirs);
}

static void c034_c036_ecdh_jwk(void **state)
{
	(void)state;
	wp_run("ecdh_secp256r1_webcrypto_test.json", webcrypto, NULL);
	wp_run("ecdh_secp384r1_webcrypto_test.json", webcrypto, NULL);
	wp_run("ecdh_secp521r1_webcrypto_test.json", webcrypto, NULL);
	wp_run("ecdh_secp256k1_webcrypto_test.json", webcrypto, NULL);
	wp_run("x25519_jwk_test.json", webcrypto, "ZeroSharedSecret");
}

static enum wp_verdict x25519(struct wp_case *c)
{
	struct berth_privkey mine;
	struct berth_pubkey theirs;
	size_t n, m;
	uint8_t *pub = wp_hex(c->test, "public", &n), *priv = wp_hex(c->test, "private", &m);

	CHECK_OK(berth_pubkey_import(&theirs, BERTH_KEY_X25519, pub, n));
	CHECK_OK(berth_keypair_from_private(&mine, BERTH_KEY_X25519, priv, m));
	free(pub);
	free(priv);
	return agree(c, &mine, &theirs);
}

static void c036_x25519(void **state)
{
	(void)state;
	wp_run("x25519_test.json", x25519, "ZeroSharedSecret");
}

/* The big-endian number in exactly size bytes. */
static void fixed(uint8_t *out, size_t size, const struct berth_json *t, const char *key)
{
	size_t n;
	uint8_t *b = wp_hex(t, key, &n);
	size_t skip = n > size ? n - size : 0;

	memset(out, 0, size);
	memcpy(out + size - (n - skip), b + skip, n - skip);
	free(b);
}

/* The base point of a curve of ours is one of its points; one beside it is none. */
static enum wp_verdict base_point(struct wp_case *c)
{
	enum berth_key_type t = curve(wp_text(c->test, "name"));
	size_t n = berth_key_size(t);
	uint8_t x[BERTH_PRIVKEY_MAX], y[BERTH_PRIVKEY_MAX];
	struct berth_pubkey k;
	enum berth_err rc;

	if (t == BERTH_KEY_NONE) {
		c->why = "a curve that no key of ours has";
		return WP_NOT_APPLICABLE;
	}
	fixed(x, n, c->test, "gx");
	fixed(y, n, c->test, "gy");
	rc = berth_pubkey_import_xy(&k, t, x, y, n);
	y[n - 1] ^= 1;
	CHECK_RC(BERTH_E_KEY, berth_pubkey_import_xy(&k, t, x, y, n));
	return rc ? WP_REFUSED : WP_ACCEPTED;
}

static void base_points_of_curves(void **state)
{
	(void)state;
	wp_run("ec_prime_order_curves_test.json", base_point, NULL);
}

/* The files of the collection that stay out, and why. */
static void what_has_no_primitive_here(void **state)
{
	static const char *const files[][2] = {
		{ "a128cbc_hs256_test.json", "JWE here has A256CBC-HS512" },
		{ "a192cbc_hs384_test.json", "JWE here has A256CBC-HS512" },
		{ "chacha20_poly1305_test.json", "only XChaCha20-Poly1305 is used" },
		{ "hkdf_sha256_test.json", "the sealed file's HKDF has a fixed info: two calls of HMAC-SHA-256, which has its vectors" },
		{ "hmac_sha384_test.json", "nothing uses HMAC with SHA-384" },
		{ "pbkdf2_hmacsha256_test.json", "passphrases go through Argon2id" },
		{ "rsa_pss_2048_sha256_mgf1_32_test.json", "no RSA keys" },
		{ "rsa_signature_2048_sha256_test.json", "no RSA keys" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		printf("not applicable: %s: %s\n", files[i][0], files[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base_points_of_curves),
		cmocka_unit_test(what_has_no_primitive_here),
		cmocka_unit_test(c027_c028_ecdsa),
		cmocka_unit_test(c030_ed25519),
		cmocka_unit_test(c034_ecdh_points),
		cmocka_unit_test(c034_c036_ecdh_jwk),
		cmocka_unit_test(c036_x25519),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
