/* SPDX-License-Identifier: Apache-2.0 */
/* Keccak-f[1600] with rate 1088 (FIPS 202 3.2, 3.3; names of the steps are its).  Small
 * rather than fast: what is hashed here are transactions and event signatures.
 * libcrypto has the permutation, but not with this padding. */
#include "did/crypto/keccak.h"

#include <string.h>

#define RATE 136	/* bytes: (1600 - 2 * 256) / 8 */
#define ROUNDS 24

static const uint64_t iota[ROUNDS] = {
	UINT64_C(0x0000000000000001), UINT64_C(0x0000000000008082), UINT64_C(0x800000000000808a),
	UINT64_C(0x8000000080008000), UINT64_C(0x000000000000808b), UINT64_C(0x0000000080000001),
	UINT64_C(0x8000000080008081), UINT64_C(0x8000000000008009), UINT64_C(0x000000000000008a),
	UINT64_C(0x0000000000000088), UINT64_C(0x0000000080008009), UINT64_C(0x000000008000000a),
	UINT64_C(0x000000008000808b), UINT64_C(0x800000000000008b), UINT64_C(0x8000000000008089),
	UINT64_C(0x8000000000008003), UINT64_C(0x8000000000008002), UINT64_C(0x8000000000000080),
	UINT64_C(0x000000000000800a), UINT64_C(0x800000008000000a), UINT64_C(0x8000000080008081),
	UINT64_C(0x8000000000008080), UINT64_C(0x0000000080000001), UINT64_C(0x8000000080008008),
};

static uint64_t rotate(uint64_t v, unsigned n)
{
	return n ? v << n | v >> (64 - n) : v;
}

static void theta(uint64_t a[25])
{
	uint64_t c[5];

	for (size_t x = 0; x < 5; x++)
		c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
	for (size_t i = 0; i < 25; i++)
		a[i] ^= c[(i + 4) % 5] ^ rotate(c[(i + 1) % 5], 1);
}

/* Lanes go round in one cycle of 24, the t-th turned by t(t + 1)/2 on its way. */
static void rho_and_pi(uint64_t a[25])
{
	size_t x = 1, y = 0;
	uint64_t carried = a[1];

	for (unsigned t = 1; t <= 24; t++) {
		size_t next = (2 * x + 3 * y) % 5;

		x = y;
		y = next;
		uint64_t here = a[x + 5 * y];
		a[x + 5 * y] = rotate(carried, t * (t + 1) / 2 % 64);
		carried = here;
	}
}

static void chi(uint64_t a[25])
{
	for (size_t y = 0; y < 25; y += 5) {
		uint64_t r[5];

		memcpy(r, a + y, sizeof(r));
		for (size_t x = 0; x < 5; x++)
			a[y + x] = r[x] ^ (~r[(x + 1) % 5] & r[(x + 2) % 5]);
	}
}

static void permute(uint64_t a[25])
{
	for (size_t round = 0; round < ROUNDS; round++) {
		theta(a);
		rho_and_pi(a);
		chi(a);
		a[0] ^= iota[round];
	}
}

/* Lanes are little-endian on every machine. */
static void absorb(uint64_t a[25], const uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		a[i / 8] ^= (uint64_t)p[i] << 8 * (i % 8);
}

void berth_keccak256_padded(uint8_t out[BERTH_KECCAK256_LEN], uint8_t pad, const void *p, size_t n)
{
	const uint8_t *in = p;
	uint64_t a[25] = { 0 };

	for (; n >= RATE; in += RATE, n -= RATE) {
		absorb(a, in, RATE);
		permute(a);
	}
	absorb(a, in, n);
	a[n / 8] ^= (uint64_t)pad << 8 * (n % 8);
	a[RATE / 8 - 1] ^= UINT64_C(1) << 63;
	permute(a);
	for (size_t i = 0; i < BERTH_KECCAK256_LEN; i++)
		out[i] = (uint8_t)(a[i / 8] >> 8 * (i % 8));
}

void berth_keccak256(uint8_t out[BERTH_KECCAK256_LEN], const void *p, size_t n)
{
	berth_keccak256_padded(out, BERTH_KECCAK_PAD, p, n);
}
