/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include <openssl/ec.h>
#include <openssl/obj_mac.h>

#include "did/base/rand.h"
#include "did/crypto/keypair.h"
#include "did/crypto/p256_point.h"

#define TRIES 2000

/* FIPS 186-4 D.1.2.3 */
static const char p_hex[] = "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff";

static EC_GROUP *group;

/* What libcrypto makes of the same bytes; false: no point. */
static bool theirs_of(uint8_t out[65], const uint8_t *in, size_t len)
{
	EC_POINT *q = EC_POINT_new(group);
	bool ok;

	assert_non_null(q);
	ok = EC_POINT_oct2point(group, q, in, len, NULL) == 1;
	if (ok)
		assert_int_equal(EC_POINT_point2oct(group, q, POINT_CONVERSION_UNCOMPRESSED, out, 65, NULL), 65);
	EC_POINT_free(q);
	return ok;
}

static bool theirs(uint8_t out[65], const uint8_t in[33]) { return theirs_of(out, in, 33); }

static bool same_as_theirs(const uint8_t in[33])
{
	struct berth_pubkey k;
	uint8_t want[65];
	bool point = theirs(want, in);

	CHECK_RC(point ? BERTH_OK : BERTH_E_KEY, berth_pubkey_import(&k, BERTH_KEY_P256, in, 33));
	if (point)
		assert_memory_equal(k.b, want, 65);
	else
		assert_int_equal(k.type, BERTH_KEY_NONE);
	return point;
}

/* Half of all x have a point, and for each of them both signs are right. */
static void any_x_is_read_as_libcrypto_reads_it(void **state)
{
	size_t points = 0;

	(void)state;
	for (size_t i = 0; i < TRIES; i++) {
		uint8_t in[33];

		berth_random(in, sizeof(in));
		in[0] = 2 + (in[0] & 1);
		points += same_as_theirs(in);
		in[0] ^= 1;
		same_as_theirs(in);
	}
	assert_in_range(points, TRIES * 2 / 5, TRIES * 3 / 5);
}

/* Few limbs, many limbs, and around p. */
static void x_at_the_edges(void **state)
{
	uint8_t in[33];

	(void)state;
	for (unsigned x = 0; x < 256; x++)
		for (unsigned sign = 2; sign < 4; sign++) {
			memset(in, 0, sizeof(in));
			in[0] = (uint8_t)sign;
			in[32] = (uint8_t)x;
			same_as_theirs(in);
			unhex_to(in + 1, 32, p_hex);
			in[32] = (uint8_t)x;		/* p - 255 .. p */
			same_as_theirs(in);
			in[8]++;			/* above */
			same_as_theirs(in);
			memset(in + 1, 0xff, 32);
			in[32] = (uint8_t)x;
			same_as_theirs(in);
		}
}

static void x_from_p_on_is_e_key(void **state)
{
	uint8_t in[33] = { 2 }, out[65];

	(void)state;
	unhex_to(in + 1, 32, p_hex);
	CHECK_RC(BERTH_E_KEY, berth_p256_decompress(out, in));	/* although 0 has a point */
	memset(in + 1, 0, 32);
	CHECK_OK(berth_p256_decompress(out, in));
	CHECK(same_as_theirs(in));
	memset(in + 1, 0xff, 32);
	CHECK_RC(BERTH_E_KEY, berth_p256_decompress(out, in));
}

static void an_x_without_a_point_is_refused(void **state)
{
	uint8_t in[33] = { 2 }, out[65];

	(void)state;
	do
		in[32]++;
	while (theirs(out, in));
	CHECK_RC(BERTH_E_KEY, berth_p256_decompress(out, in));
	in[0] = 3;
	CHECK_RC(BERTH_E_KEY, berth_p256_decompress(out, in));
}

/* Both coordinates, as they are and with any bit another. */
static void a_point_is_one_where_libcrypto_says_so(void **state)
{
	uint8_t out[65];

	(void)state;
	for (size_t i = 0; i < TRIES / 8; i++) {
		struct berth_privkey k;

		CHECK_OK(berth_keypair_generate(&k, BERTH_KEY_P256));
		CHECK_OK(berth_p256_check(k.pub.b));
		for (size_t bit = 8 + i % 8; bit < 65 * 8; bit += 8) {
			k.pub.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
			CHECK(!theirs_of(out, k.pub.b, 65));
			CHECK_RC(BERTH_E_KEY, berth_p256_check(k.pub.b));
			k.pub.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		CHECK_OK(berth_p256_check(k.pub.b));
		berth_privkey_wipe(&k);
	}
}

/* Each residue has one spelling. */
static void coordinates_from_p_on_are_e_key(void **state)
{
	uint8_t in[65] = { 4 }, out[65], compressed[33] = { 2 };

	(void)state;
	CHECK_RC(BERTH_E_KEY, berth_p256_check(in));		/* (0, 0) */
	CHECK(theirs(in, compressed));
	CHECK_OK(berth_p256_check(in));				/* x = 0 */
	unhex_to(in + 1, 32, p_hex);
	CHECK(!theirs_of(out, in, 65));
	CHECK_RC(BERTH_E_KEY, berth_p256_check(in));
	while (!theirs(in, compressed))
		compressed[32]++;
	CHECK_OK(berth_p256_check(in));
	unhex_to(in + 33, 32, p_hex);				/* y = p */
	CHECK_RC(BERTH_E_KEY, berth_p256_check(in));
	memset(in + 33, 0xff, 32);
	CHECK_RC(BERTH_E_KEY, berth_p256_check(in));
	memset(in + 1, 0xff, 64);
	CHECK_RC(BERTH_E_KEY, berth_p256_check(in));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_x_is_read_as_libcrypto_reads_it),
		cmocka_unit_test(x_at_the_edges),
		cmocka_unit_test(x_from_p_on_is_e_key),
		cmocka_unit_test(an_x_without_a_point_is_refused),
		cmocka_unit_test(a_point_is_one_where_libcrypto_says_so),
		cmocka_unit_test(coordinates_from_p_on_are_e_key),
	};
	int rc;

	group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
	assert_non_null(group);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	EC_GROUP_free(group);
	return rc;
}
