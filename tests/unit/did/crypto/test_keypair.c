/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include "did/base/rand.h"
#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"

#define FOR_TYPES(t) for (enum berth_key_type t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++)

static const char *const orders[BERTH_KEY__COUNT] = {
	[BERTH_KEY_P256] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
	[BERTH_KEY_P384] = "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf"
			   "581a0db248b0a77aecec196accc52973",
	[BERTH_KEY_P521] = "01fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffa"
			   "51868783bf2f966b7fcc0148f709a5d03bb5c9b8899c47aebb6fb71e91386409",
	[BERTH_KEY_SECP256K1] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
};

/* SEC 2: the base points of P-256 and secp256k1 */
static const char g_p256[] = "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
			     "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5";
static const char g_k1[] = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
			   "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

static void generated_keys_import_again(void **state)
{
	(void)state;
	FOR_TYPES(t) {
		struct berth_privkey k, again;
		struct berth_pubkey p;
		uint8_t c[BERTH_PUBKEY_MAX];

		CHECK_OK(berth_keypair_generate(&k, t));
		assert_int_equal(k.len, berth_key_size(t));
		CHECK_OK(berth_keypair_from_private(&again, t, k.b, k.len));
		assert_memory_equal(&k, &again, sizeof(k));
		CHECK_OK(berth_pubkey_import(&p, t, k.pub.b, k.pub.len));
		CHECK(berth_pubkey_equal(&p, &k.pub));
		CHECK_OK(berth_pubkey_import(&p, t, c, berth_pubkey_compress(c, &k.pub)));
		CHECK(berth_pubkey_equal(&p, &k.pub));
		berth_privkey_wipe(&k);
		assert_int_equal(k.type, BERTH_KEY_NONE);
	}
}

static void base_points(void **state)
{
	struct berth_privkey k;
	uint8_t one[32] = { [31] = 1 }, g[65];

	(void)state;
	CHECK_OK(berth_keypair_from_private(&k, BERTH_KEY_P256, one, 32));
	unhex_to(g, 65, g_p256);
	assert_memory_equal(k.pub.b, g, 65);
	CHECK_OK(berth_keypair_from_private(&k, BERTH_KEY_SECP256K1, one, 32));
	unhex_to(g, 65, g_k1);
	assert_memory_equal(k.pub.b, g, 65);
}

static void scalars_outside_1_to_n_are_e_key(void **state)
{
	(void)state;
	FOR_TYPES(t) {
		struct berth_privkey k;
		uint8_t b[BERTH_PRIVKEY_MAX] = { 0 };
		size_t n = berth_key_size(t);

		if (!orders[t])
			continue;
		CHECK_RC(BERTH_E_KEY, berth_keypair_from_private(&k, t, b, n));
		unhex_to(b, n, orders[t]);
		CHECK_RC(BERTH_E_KEY, berth_keypair_from_private(&k, t, b, n));
		assert_int_equal(k.type, BERTH_KEY_NONE);
		b[n - 1]--;
		CHECK_OK(berth_keypair_from_private(&k, t, b, n));
		CHECK_RC(BERTH_E_KEY, berth_keypair_from_private(&k, t, b, n - 1));
	}
}

static void every_other_length_is_e_key(void **state)
{
	(void)state;
	FOR_TYPES(t) {
		struct berth_privkey k;
		struct berth_pubkey p;

		CHECK_OK(berth_keypair_generate(&k, t));
		for (size_t n = 0; n < k.pub.len; n++) {
			uint8_t *exact = malloc(n ? n : 1);

			assert_non_null(exact);
			memcpy(exact, k.pub.b, n);
			CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, t, exact, n));
			assert_int_equal(p.type, BERTH_KEY_NONE);
			free(exact);
		}
	}
	/* C018: 31 and 33 bytes */
	struct berth_pubkey p;
	uint8_t b[33] = { 9 };
	CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, BERTH_KEY_X25519, b, 31));
	CHECK_OK(berth_pubkey_import(&p, BERTH_KEY_X25519, b, 32));
	CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, BERTH_KEY_X25519, b, 33));
	CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, BERTH_KEY_NONE, b, 32));
	CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, BERTH_KEY__COUNT, b, 32));
}

static void c034_off_curve_and_hybrid_points_are_e_key(void **state)
{
	(void)state;
	FOR_TYPES(t) {
		struct berth_privkey k;
		struct berth_pubkey p;
		size_t n = berth_key_size(t);
		uint8_t b[BERTH_PUBKEY_MAX] = { 4 };

		if (!orders[t])
			continue;
		CHECK_OK(berth_keypair_generate(&k, t));
		CHECK_OK(berth_pubkey_import_xy(&p, t, k.pub.b + 1, k.pub.b + 1 + n, n));
		CHECK(berth_pubkey_equal(&p, &k.pub));
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import_xy(&p, t, k.pub.b + 1, k.pub.b + 1 + n, n - 1));
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, t, b, 1 + 2 * n));	/* (0, 0) */
		memcpy(b, k.pub.b, k.pub.len);
		b[0] = 6 + (b[k.pub.len - 1] & 1);
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, t, b, k.pub.len));
		b[0] = 4;
		b[k.pub.len - 1] ^= 1;
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, t, b, k.pub.len));
		b[0] = 0;
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, t, b, 1));	/* infinity */
		/* x >= p: all ones, in both forms */
		memset(b + 1, 0xff, 2 * n);
		b[0] = 2;
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, t, b, 1 + n));
		b[0] = 4;
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, t, b, 1 + 2 * n));
	}
}

/* The form is all that is looked at; the agreement finds out. */
static void c034_unchecked_keys_have_one_form(void **state)
{
	(void)state;
	FOR_TYPES(t) {
		struct berth_privkey k, off;
		struct berth_pubkey p;
		uint8_t b[BERTH_PUBKEY_MAX], z[BERTH_ECDH_MAX];
		size_t n;

		CHECK_OK(berth_keypair_generate(&k, t));
		if (!berth_key_can_agree(t)) {
			CHECK_RC(BERTH_E_KEY, berth_pubkey_unchecked(&p, t, k.pub.b, k.pub.len));
			continue;
		}
		CHECK_OK(berth_pubkey_unchecked(&p, t, k.pub.b, k.pub.len));
		CHECK(berth_pubkey_equal(&p, &k.pub));
		CHECK_OK(berth_ecdh(z, &n, &k, &p));
		CHECK_RC(BERTH_E_KEY, berth_pubkey_unchecked(&p, t, k.pub.b, k.pub.len - 1));
		assert_int_equal(p.type, BERTH_KEY_NONE);
		if (!orders[t])
			continue;
		CHECK_RC(BERTH_E_KEY, berth_pubkey_unchecked(&p, t, b, berth_pubkey_compress(b, &k.pub)));
		off = k;
		off.pub.b[0] = 6 + (off.pub.b[off.pub.len - 1] & 1);
		CHECK_RC(BERTH_E_KEY, berth_pubkey_unchecked(&p, t, off.pub.b, off.pub.len));
		off.pub.b[0] = 4;
		off.pub.b[off.pub.len - 1] ^= 1;
		CHECK_OK(berth_pubkey_unchecked(&p, t, off.pub.b, off.pub.len));
		CHECK_RC(BERTH_E_KEY, berth_ecdh(z, &n, &k, &p));
		assert_int_equal(n, 0);
		berth_privkey_wipe(&k);
		berth_privkey_wipe(&off);
	}
	CHECK_RC(BERTH_E_KEY, berth_pubkey_unchecked(&(struct berth_pubkey){ 0 }, BERTH_KEY_NONE, NULL, 0));
	CHECK_RC(BERTH_E_KEY, berth_pubkey_unchecked(&(struct berth_pubkey){ 0 }, BERTH_KEY__COUNT, NULL, 0));
}

static void c030_ed25519_small_order_and_non_canonical_keys_are_e_key(void **state)
{
	static const char *const bad[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0000000000000000000000000000000000000000000000000000000000000080",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000080", /* x = 0, sign bit */
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p */
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p + 1 */
		"f0ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p + 3: 3 is on the curve */
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"0200000000000000000000000000000000000000000000000000000000000000", /* off the curve */
	};
	uint8_t b[32];
	struct berth_pubkey p;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		unhex_to(b, 32, bad[i]);
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&p, BERTH_KEY_ED25519, b, 32));
	}
	memset(b, 0, 32);
	b[0] = 3;	/* the canonical twin of p + 3 */
	CHECK_OK(berth_pubkey_import(&p, BERTH_KEY_ED25519, b, 32));
}

/* About half of all y are on the curve; libsodium decodes the same ones. */
static void ed25519_points_are_those_that_libsodium_has(void **state)
{
	static const uint8_t neutral[32] = { 1 };
	size_t on = 0, total = 2000;

	(void)state;
	for (size_t i = 0; i < total; i++) {
		struct berth_pubkey k;
		uint8_t b[32], sum[32];
		bool want;

		berth_random(b, sizeof(b));
		want = crypto_core_ed25519_add(sum, b, neutral) == 0;
		CHECK_RC(want ? BERTH_OK : BERTH_E_KEY, berth_pubkey_import(&k, BERTH_KEY_ED25519, b, 32));
		on += want;
	}
	CHECK(on > total / 3 && on < 2 * total / 3);
}

/* What is remembered of a key is found for the same bytes and type only, and what was
 * refused is refused again. */
static void a_remembered_key_is_no_other_key(void **state)
{
	struct berth_privkey p, q;
	struct berth_pubkey k, twin;
	uint8_t b[BERTH_PUBKEY_MAX];

	(void)state;
	CHECK_OK(berth_keypair_generate(&p, BERTH_KEY_ED25519));
	for (int i = 0; i < 2; i++) {
		CHECK_OK(berth_pubkey_import(&k, BERTH_KEY_ED25519, p.pub.b, 32));
		CHECK(berth_pubkey_equal(&k, &p.pub));
		CHECK_OK(berth_pubkey_import(&k, BERTH_KEY_X25519, p.pub.b, 32));
		CHECK(k.type == BERTH_KEY_X25519 && memcmp(k.b, p.pub.b, 32) == 0);
		CHECK_OK(berth_pubkey_ed25519_to_x25519(&twin, &p.pub));
		CHECK(twin.type == BERTH_KEY_X25519 && memcmp(twin.b, p.pub.b, 32) != 0);
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&k, BERTH_KEY_ED25519, p.pub.b, 31));
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&k, BERTH_KEY_P256, p.pub.b, 32));
		CHECK_RC(BERTH_E_KEY, berth_pubkey_import(&k, BERTH_KEY_ED25519, p.pub.b, 0));
	}
	CHECK_OK(berth_keypair_generate(&p, BERTH_KEY_P256));
	CHECK_OK(berth_keypair_generate(&q, BERTH_KEY_P256));
	for (int i = 0; i < 2; i++) {	/* both spellings of a point, and its mirror image */
		CHECK(berth_pubkey_compress(b, &p.pub) == 33);
		CHECK_OK(berth_pubkey_import(&k, BERTH_KEY_P256, b, 33));
		CHECK(berth_pubkey_equal(&k, &p.pub));
		CHECK_OK(berth_pubkey_import(&k, BERTH_KEY_P256, p.pub.b, 65));
		CHECK(berth_pubkey_equal(&k, &p.pub));
		b[0] ^= 1;
		CHECK_OK(berth_pubkey_import(&k, BERTH_KEY_P256, b, 33));
		CHECK(!berth_pubkey_equal(&k, &p.pub) && memcmp(k.b + 1, p.pub.b + 1, 32) == 0);
		CHECK_OK(berth_pubkey_import(&k, BERTH_KEY_P256, q.pub.b, 65));
		CHECK(berth_pubkey_equal(&k, &q.pub));
	}
}

/* RFC 8032 7.1 TEST 2; the did:key vectors have more twins */
static void ed25519_converts_to_x25519(void **state)
{
	struct berth_privkey k;
	struct berth_pubkey x, y;
	uint8_t seed[32], pk[32];

	(void)state;
	unhex_to(seed, 32, "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb");
	unhex_to(pk, 32, "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
	CHECK_OK(berth_keypair_from_private(&k, BERTH_KEY_ED25519, seed, 32));
	assert_memory_equal(k.pub.b, pk, 32);
	CHECK_OK(berth_pubkey_ed25519_to_x25519(&x, &k.pub));
	assert_int_equal(x.type, BERTH_KEY_X25519);
	CHECK_RC(BERTH_E_KEY, berth_pubkey_ed25519_to_x25519(&y, &x));
	assert_int_equal(y.type, BERTH_KEY_NONE);
	for (int i = 0; i < 200; i++) {
		CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_ED25519));
		CHECK_OK(berth_pubkey_ed25519_to_x25519(&x, &k.pub));
		assert_int_equal(crypto_sign_ed25519_pk_to_curve25519(pk, k.pub.b), 0);
		assert_memory_equal(x.b, pk, 32);
	}
}

/* the check that is skipped for a key seen before must not be skipped for others */
static void ed25519_keys_off_the_curve_stay_out(void **state)
{
	struct berth_privkey k;
	struct berth_pubkey p;
	size_t refused = 0;

	(void)state;
	for (int i = 0; i < 100; i++) {
		CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_ED25519));
		for (int j = 0; j < 3; j++)
			CHECK_OK(berth_pubkey_import(&p, BERTH_KEY_ED25519, k.pub.b, 32));
		k.pub.b[5 + i % 20] ^= 1;
		bool on = crypto_core_ed25519_is_valid_point(k.pub.b);
		for (int j = 0; j < 3; j++) {
			enum berth_err rc = berth_pubkey_import(&p, BERTH_KEY_ED25519, k.pub.b, 32);

			CHECK(rc == BERTH_OK || rc == BERTH_E_KEY);
			CHECK(!on || rc == BERTH_OK);
			refused += rc == BERTH_E_KEY;
		}
	}
	CHECK(refused % 3 == 0 && refused > 60);	/* half of all y are on no point */
}

static void names(void **state)
{
	(void)state;
	FOR_TYPES(t)
		assert_int_equal(berth_key_type_parse(berth_key_type_name(t)), t);
	assert_int_equal(berth_key_type_parse("P256"), BERTH_KEY_NONE);
	assert_int_equal(berth_key_type_parse(""), BERTH_KEY_NONE);
	CHECK(!berth_key_can_sign(BERTH_KEY_X25519));
	CHECK(!berth_key_can_agree(BERTH_KEY_ED25519));
	CHECK(!berth_key_can_sign(BERTH_KEY_NONE));
}

static void stuck(void *p, size_t n)
{
	memset(p, 0xff, n);
}

static void c144_a_stuck_generator_makes_no_key(void **state)
{
	struct berth_privkey k;

	(void)state;
	berth_random_inject(stuck);
	enum berth_err rc = berth_keypair_generate(&k, BERTH_KEY_P256);
	berth_random_inject(NULL);
	CHECK_RC(BERTH_E_KEYSTORE, rc);
	CHECK_RC(BERTH_E_KEY, berth_keypair_generate(&k, BERTH_KEY_NONE));
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(generated_keys_import_again),
		cmocka_unit_test(base_points),
		cmocka_unit_test(scalars_outside_1_to_n_are_e_key),
		cmocka_unit_test(every_other_length_is_e_key),
		cmocka_unit_test(c034_off_curve_and_hybrid_points_are_e_key),
		cmocka_unit_test(c034_unchecked_keys_have_one_form),
		cmocka_unit_test(c030_ed25519_small_order_and_non_canonical_keys_are_e_key),
		cmocka_unit_test(ed25519_points_are_those_that_libsodium_has),
		cmocka_unit_test(a_remembered_key_is_no_other_key),
		cmocka_unit_test(ed25519_converts_to_x25519),
		cmocka_unit_test(ed25519_keys_off_the_curve_stay_out),
		cmocka_unit_test(names),
		cmocka_unit_test(c144_a_stuck_generator_makes_no_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
