/* SPDX-License-Identifier: Apache-2.0 */
#include "hex.h"

#include <openssl/bn.h>

#include "did/base/rand.h"
#include "did/crypto/jacobi.h"

#define TRIES 3000

static BN_CTX *ctx;

/* The least word first, whichever way round the octets of one are. */
static BIGNUM *number(const uint64_t w[4])
{
	uint8_t b[32];

	for (size_t i = 0; i < sizeof(b); i++)
		b[i] = (uint8_t)(w[i / 8] >> i % 8 * 8);
	return BN_lebin2bn(b, sizeof(b), NULL);
}

static int theirs(const uint64_t a[4], const uint64_t n[4])
{
	BIGNUM *x = number(a), *m = number(n);
	int symbol;

	assert_true(x && m);
	symbol = BN_kronecker(x, m, ctx);
	CHECK(symbol != -2);
	BN_free(x);
	BN_free(m);
	return symbol;
}

static void check(const uint64_t a[4], const uint64_t n[4])
{
	assert_int_equal(berth_jacobi(a, n), theirs(a, n));
}

/* Random numbers of any length: so many high words are 0, and so many low ones. */
static void make(uint64_t out[4], size_t high, size_t low)
{
	berth_random(out, 32);
	for (size_t i = 0; i < 4; i++)
		if (i >= 4 - high || i < low)
			out[i] = 0;
}

static void it_is_what_libcrypto_says(void **state)
{
	uint64_t a[4], n[4];

	(void)state;
	for (size_t high = 0; high < 4; high++)
		for (size_t low = 0; low < 4; low++)
			for (size_t i = 0; i < TRIES / 16; i++) {
				make(a, high, low);
				make(n, (high + i) % 4, 0);
				n[0] |= 1;
				check(a, n);
				make(n, 0, low);
				n[0] |= 1;
				check(a, n);
			}
}

/* 2^255 - 19, the one that is asked about keys, which has many ones. */
static void modulo_the_prime_of_curve25519(void **state)
{
	uint64_t n[4] = { -UINT64_C(19), UINT64_MAX, UINT64_MAX, UINT64_MAX >> 1 }, a[4];
	size_t squares = 0;

	(void)state;
	for (size_t i = 0; i < TRIES; i++) {
		make(a, 0, 0);
		a[3] >>= 1;
		check(a, n);
		squares += berth_jacobi(a, n) == 1;
	}
	assert_in_range(squares, TRIES * 2 / 5, TRIES * 3 / 5);
}

static void small_ones_and_edges(void **state)
{
	uint64_t p[4] = { -UINT64_C(19), UINT64_MAX, UINT64_MAX, UINT64_MAX >> 1 };
	uint64_t most[4] = { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX };

	(void)state;
	for (uint64_t n = 1; n < 130; n += 2)
		for (uint64_t a = 0; a < 130; a++) {
			check((uint64_t[4]){ a }, (uint64_t[4]){ n });
			check((uint64_t[4]){ [3] = a }, (uint64_t[4]){ n });
			check((uint64_t[4]){ a }, (uint64_t[4]){ n, [3] = 1 });
			check((uint64_t[4]){ p[0] - a, p[1], p[2], p[3] }, p);
			check((uint64_t[4]){ p[0] + a % 19, p[1], p[2], p[3] }, p);
		}
	check(most, p);
	check(p, most);
	check(most, most);
	assert_int_equal(berth_jacobi(most, most), 0);
	assert_int_equal(berth_jacobi((uint64_t[4]){ 0 }, p), 0);
	assert_int_equal(berth_jacobi((uint64_t[4]){ 4 }, p), 1);
	assert_int_equal(berth_jacobi((uint64_t[4]){ 2 }, p), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_what_libcrypto_says),
		cmocka_unit_test(modulo_the_prime_of_curve25519),
		cmocka_unit_test(small_ones_and_edges),
	};
	int rc;

	ctx = BN_CTX_new();
	assert_non_null(ctx);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	BN_CTX_free(ctx);
	return rc;
}
