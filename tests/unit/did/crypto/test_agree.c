/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include "did/crypto/agree.h"
#include "did/crypto/keypair.h"

#define FOR_TYPES(t) for (enum berth_key_type t = BERTH_KEY_ED25519; t < BERTH_KEY__COUNT; t++)

static void both_sides_agree(void **state)
{
	(void)state;
	FOR_TYPES(t) {
		struct berth_privkey a, b;
		uint8_t z1[BERTH_ECDH_MAX], z2[BERTH_ECDH_MAX];
		size_t l1, l2;

		CHECK_OK(berth_keypair_generate(&a, t));
		CHECK_OK(berth_keypair_generate(&b, t));
		if (t == BERTH_KEY_ED25519) {
			CHECK_RC(BERTH_E_KEY, berth_ecdh(z1, &l1, &a, &b.pub));
			continue;
		}
		CHECK_OK(berth_ecdh(z1, &l1, &a, &b.pub));
		CHECK_OK(berth_ecdh(z2, &l2, &b, &a.pub));
		assert_int_equal(l1, berth_key_size(t));
		assert_int_equal(l2, l1);
		assert_memory_equal(z1, z2, l1);
	}
}

static void c036_keys_of_two_curves_are_e_key(void **state)
{
	struct berth_privkey a, b;
	uint8_t z[BERTH_ECDH_MAX];
	size_t len = 99;

	(void)state;
	CHECK_OK(berth_keypair_generate(&a, BERTH_KEY_P256));
	CHECK_OK(berth_keypair_generate(&b, BERTH_KEY_SECP256K1));
	CHECK_RC(BERTH_E_KEY, berth_ecdh(z, &len, &a, &b.pub));
	assert_int_equal(len, 0);
	CHECK_OK(berth_keypair_generate(&b, BERTH_KEY_X25519));
	CHECK_RC(BERTH_E_KEY, berth_ecdh(z, &len, &a, &b.pub));
}

static void c036_x25519_low_order_points_are_e_decrypt(void **state)
{
	static const char *const low[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
		"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	struct berth_privkey mine;
	struct berth_pubkey theirs;
	uint8_t b[32], z[BERTH_ECDH_MAX];
	static const uint8_t zero[32];
	size_t len;

	(void)state;
	CHECK_OK(berth_keypair_generate(&mine, BERTH_KEY_X25519));
	for (size_t i = 0; i < sizeof(low) / sizeof(low[0]); i++) {
		unhex_to(b, 32, low[i]);
		for (int high = 0; high < 2; high++, b[31] |= 0x80) {
			CHECK_OK(berth_pubkey_import(&theirs, BERTH_KEY_X25519, b, 32));
			CHECK_RC(BERTH_E_DECRYPT, berth_ecdh(z, &len, &mine, &theirs));
			assert_int_equal(len, 0);
			assert_memory_equal(z, zero, 32);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides_agree),
		cmocka_unit_test(c036_keys_of_two_curves_are_e_key),
		cmocka_unit_test(c036_x25519_low_order_points_are_e_decrypt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
