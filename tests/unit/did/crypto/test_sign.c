/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include <pthread.h>

#include "did/crypto/hash.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"

#define FOR_TYPES(t) for (enum berth_key_type t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++)

/* n / 2 of the curves, rounded down: the highest s we write */
static const char *const half[BERTH_KEY__COUNT] = {
	[BERTH_KEY_P256] = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8",
	[BERTH_KEY_P384] = "7fffffffffffffffffffffffffffffffffffffffffffffffe3b1a6c0fa1b96ef"
			   "ac0d06d9245853bd76760cb5666294b9",
	[BERTH_KEY_P521] = "00fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffd"
			   "28c343c1df97cb35bfe600a47b84d2e81ddae4dc44ce23d75db7db8f489c3204",
	[BERTH_KEY_SECP256K1] = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0",
};

/* n - s, for the field-sized numbers of one curve: n = 2 * half + 1 */
static void flip_s(uint8_t *s, enum berth_key_type t)
{
	size_t n = berth_key_size(t);
	uint8_t h[BERTH_PRIVKEY_MAX];
	int borrow = 0, carry = 1;

	unhex_to(h, n, half[t]);
	for (size_t i = n; i-- > 0;) {
		int order = 2 * h[i] + carry;

		carry = order >> 8;
		int d = (order & 0xff) - s[i] - borrow;

		borrow = d < 0;
		s[i] = (uint8_t)(d & 0xff);
	}
}

static void what_is_signed_verifies_and_nothing_else(void **state)
{
	static const char msg[] = "the gateway in hall 4";

	(void)state;
	FOR_TYPES(t) {
		struct berth_privkey k;
		uint8_t sig[BERTH_SIG_MAX];
		size_t len;

		CHECK_OK(berth_keypair_generate(&k, t));
		if (t == BERTH_KEY_X25519) {
			CHECK_RC(BERTH_E_KEY, berth_sign(sig, &len, &k, msg, 21));
			CHECK_RC(BERTH_E_KEY, berth_verify(&k.pub, msg, 21, sig, 64));
			continue;
		}
		CHECK_OK(berth_sign(sig, &len, &k, msg, 21));
		assert_int_equal(len, 2 * berth_key_size(t));
		CHECK_OK(berth_verify(&k.pub, msg, 21, sig, len));
		CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, msg, 20, sig, len));
		for (size_t i = 0; i < len; i++) {
			sig[i] ^= 1;
			CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, msg, 21, sig, len));
			sig[i] ^= 1;
		}
		CHECK_OK(berth_sign(sig, &len, &k, "", 0));
		CHECK_OK(berth_verify(&k.pub, NULL, 0, sig, len));
	}
}

static void c027_wrong_lengths_and_zeros_are_e_sig(void **state)
{
	(void)state;
	FOR_TYPES(t) {
		struct berth_privkey k;
		uint8_t sig[BERTH_SIG_MAX + 1], zero[BERTH_SIG_MAX] = { 0 };
		size_t len, n = berth_key_size(t);

		if (t == BERTH_KEY_X25519)
			continue;
		CHECK_OK(berth_keypair_generate(&k, t));
		CHECK_OK(berth_sign(sig, &len, &k, "m", 1));
		for (size_t cut = 0; cut < len; cut++) {
			uint8_t *exact = malloc(cut ? cut : 1);

			assert_non_null(exact);
			memcpy(exact, sig, cut);
			CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, "m", 1, exact, cut));
			free(exact);
		}
		CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, "m", 1, sig, len + 1));
		CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, "m", 1, zero, len));
		memcpy(zero, sig, n);		/* s = 0 */
		CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, "m", 1, zero, len));
		memset(zero, 0, n);		/* r = 0 */
		memcpy(zero + n, sig + n, n);
		CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, "m", 1, zero, len));
	}
}

static void c028_low_s_is_emitted_and_both_are_accepted(void **state)
{
	(void)state;
	FOR_TYPES(t) {
		struct berth_privkey k;
		uint8_t sig[BERTH_SIG_MAX], again[BERTH_SIG_MAX], h[BERTH_PRIVKEY_MAX];
		size_t len, again_len, n = berth_key_size(t);

		if (!half[t])
			continue;
		unhex_to(h, n, half[t]);
		CHECK_OK(berth_keypair_generate(&k, t));
		for (int i = 0; i < 16; i++) {
			CHECK_OK(berth_sign(sig, &len, &k, &i, sizeof(i)));
			CHECK(memcmp(sig + n, h, n) <= 0);
			memcpy(again, sig, len);
			flip_s(again + n, t);
			CHECK(memcmp(again + n, h, n) > 0);
			CHECK_OK(berth_verify(&k.pub, &i, sizeof(i), again, len));
			CHECK_OK(berth_ecdsa_from_rs(again, &again_len, t, sig, n, again + n, n));
			assert_int_equal(again_len, len);
			assert_memory_equal(again, sig, len);
		}
	}
}

static void c030_ed25519_s_plus_l_is_e_sig(void **state)
{
	/* L, little-endian */
	static const uint8_t l[32] = {
		0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
		[31] = 0x10
	};
	static const uint8_t one[32] = { 1 };
	struct berth_pubkey neutral = { .type = BERTH_KEY_ED25519, .len = 32, .b = { 1 } };
	struct berth_privkey k;
	uint8_t sig[64];
	size_t len;
	int carry = 0;

	(void)state;
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_ED25519));
	CHECK_OK(berth_sign(sig, &len, &k, "m", 1));
	for (int i = 0; i < 32; i++) {
		carry += sig[32 + i] + l[i];
		sig[32 + i] = (uint8_t)(carry & 0xff);
		carry >>= 8;
	}
	CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, "m", 1, sig, 64));
	/* (R, S) = (neutral, 0): verifies for everything where small orders pass */
	memset(sig, 0, sizeof(sig));
	memcpy(sig, one, 32);
	CHECK_RC(BERTH_E_SIG, berth_verify(&k.pub, "m", 1, sig, 64));
	CHECK_RC(BERTH_E_SIG, berth_verify(&neutral, "m", 1, sig, 64));
}

static void from_rs_pads_strips_and_refuses(void **state)
{
	uint8_t sig[BERTH_SIG_MAX], longer[34] = { [33] = 7 }, n[32];
	const uint8_t one = 1;
	size_t len;

	(void)state;
	CHECK_OK(berth_ecdsa_from_rs(sig, &len, BERTH_KEY_P256, &one, 1, longer, 34));
	assert_int_equal(len, 64);
	assert_int_equal(sig[31], 1);
	assert_int_equal(sig[63], 7);
	longer[0] = 1;
	CHECK_RC(BERTH_E_SIG, berth_ecdsa_from_rs(sig, &len, BERTH_KEY_P256, &one, 1, longer, 34));
	assert_int_equal(len, 0);
	unhex_to(n, 32, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551");
	CHECK_RC(BERTH_E_SIG, berth_ecdsa_from_rs(sig, &len, BERTH_KEY_P256, n, 32, &one, 1));
	CHECK_RC(BERTH_E_SIG, berth_ecdsa_from_rs(sig, &len, BERTH_KEY_P256, &one, 1, n, 32));
	CHECK_RC(BERTH_E_SIG, berth_ecdsa_from_rs(sig, &len, BERTH_KEY_P256, &one, 0, &one, 1));
	unhex_to(n, 32, "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
	CHECK_RC(BERTH_E_SIG, berth_ecdsa_from_rs(sig, &len, BERTH_KEY_SECP256K1, &one, 1, n, 32));
	CHECK_RC(BERTH_E_SIG, berth_ecdsa_from_rs(sig, &len, BERTH_KEY_SECP256K1, &one, 1, &one, 0));
	CHECK_RC(BERTH_E_KEY, berth_ecdsa_from_rs(sig, &len, BERTH_KEY_ED25519, &one, 1, &one, 1));
}

#define KEYS 24		/* more than a thread keeps ready */

/* Each key after each other one: whatever is kept ready, it is the key's that is asked. */
static void *many_keys_in_turn(void *type)
{
	struct berth_privkey k[KEYS];
	uint8_t sig[KEYS][BERTH_SIG_MAX];
	size_t len = 0;

	for (size_t i = 0; i < KEYS; i++) {
		CHECK_OK(berth_keypair_generate(&k[i], *(const enum berth_key_type *)type));
		CHECK_OK(berth_sign(sig[i], &len, &k[i], "turn", 4));
	}
	for (size_t i = 0; i < KEYS; i++)
		for (size_t j = 0; j < KEYS; j++)
			CHECK_RC(i == j ? BERTH_OK : BERTH_E_SIG, berth_verify(&k[j].pub, "turn", 4, sig[i], len));
	return NULL;
}

static void keys_kept_ready_are_not_mixed_up(void **state)
{
	enum berth_key_type types[] = { BERTH_KEY_P256, BERTH_KEY_P384 };
	pthread_t t[2];

	(void)state;
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_create(&t[i], NULL, many_keys_in_turn, &types[i]) == 0);
	many_keys_in_turn(&types[0]);
	for (size_t i = 0; i < 2; i++)
		CHECK(pthread_join(t[i], NULL) == 0);
}

/* Differs from a good key, just used, in a byte that does not choose the place. */
static void a_key_off_the_curve_verifies_nothing(void **state)
{
	struct berth_privkey k;
	struct berth_pubkey off;
	uint8_t sig[BERTH_SIG_MAX];
	size_t len;

	(void)state;
	CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
	CHECK_OK(berth_sign(sig, &len, &k, "", 0));
	CHECK_OK(berth_verify(&k.pub, "", 0, sig, len));
	off = k.pub;
	off.b[off.len - 2] ^= 1;
	CHECK_RC(BERTH_E_SIG, berth_verify(&off, "", 0, sig, len));
	CHECK_OK(berth_verify(&k.pub, "", 0, sig, len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_signed_verifies_and_nothing_else),
		cmocka_unit_test(c027_wrong_lengths_and_zeros_are_e_sig),
		cmocka_unit_test(c028_low_s_is_emitted_and_both_are_accepted),
		cmocka_unit_test(c030_ed25519_s_plus_l_is_e_sig),
		cmocka_unit_test(from_rs_pads_strips_and_refuses),
		cmocka_unit_test(keys_kept_ready_are_not_mixed_up),
		cmocka_unit_test(a_key_off_the_curve_verifies_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
