/* SPDX-License-Identifier: Apache-2.0 */
/* A did:ethr may name its account by its public key: the address is the end of the
 * Keccak-256 of the point. */
#include <stdlib.h>
#include <string.h>

#include <secp256k1.h>

#include "ethr.h"

#define RATE 136

static uint64_t rotl(uint64_t v, unsigned n)
{
	return n ? v << n | v >> (64 - n) : v;
}

/* FIPS 202, 3.2: one round; rc: its constant of iota. */
static void keccak_round(uint64_t a[25], uint64_t rc)
{
	static const unsigned rho[25] = { 0, 1, 62, 28, 27, 36, 44, 6, 55, 20, 3, 10, 43, 25, 39, 41, 45, 15, 21, 8, 18, 2, 61, 56, 14 };
	uint64_t c[5], b[25];

	for (unsigned x = 0; x < 5; x++)
		c[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
	for (unsigned i = 0; i < 25; i++)
		a[i] ^= c[(i + 4) % 5] ^ rotl(c[(i + 1) % 5], 1);
	for (unsigned x = 0; x < 5; x++)
		for (unsigned y = 0; y < 5; y++)
			b[y + 5 * ((2 * x + 3 * y) % 5)] = rotl(a[x + 5 * y], rho[x + 5 * y]);
	for (unsigned i = 0; i < 25; i++)
		a[i] = b[i] ^ (~b[i / 5 * 5 + (i + 1) % 5] & b[i / 5 * 5 + (i + 2) % 5]);
	a[0] ^= rc;
}

/* The constants come from the shift register of FIPS 202, 3.2.5. */
static void keccak_f(uint64_t a[25])
{
	unsigned r = 1;

	for (unsigned round = 0; round < 24; round++) {
		uint64_t rc = 0;

		for (unsigned j = 0; j < 7; j++) {
			if (r & 1)
				rc |= (uint64_t)1 << ((1u << j) - 1);
			r = r & 0x80 ? (r << 1) ^ 0x171 : r << 1;
		}
		keccak_round(a, rc);
	}
}

void ethr_keccak256(uint8_t out[32], const uint8_t *p, size_t n)
{
	uint64_t a[25] = { 0 };
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		a[at / 8] ^= (uint64_t)p[i] << 8 * (at % 8);
		if (++at == RATE) {
			keccak_f(a);
			at = 0;
		}
	}
	a[at / 8] ^= (uint64_t)1 << 8 * (at % 8);
	a[RATE / 8 - 1] ^= (uint64_t)0x80 << 56;
	keccak_f(a);
	for (size_t i = 0; i < 32; i++)
		out[i] = (uint8_t)(a[i / 8] >> 8 * (i % 8));
}

static void unhex(uint8_t *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char byte[3] = { s[2 * i], s[2 * i + 1], '\0' };

		out[i] = (uint8_t)strtoul(byte, NULL, 16);
	}
}

static bool of_key(char out[ADDRESS_LEN + 1], const char *hex)
{
	uint8_t key[33], point[65], hash[32];
	size_t len = sizeof(point);
	secp256k1_pubkey pub;
	char *text;

	unhex(key, hex + 2, sizeof(key));
	if (!secp256k1_ec_pubkey_parse(secp256k1_context_static, &pub, key, sizeof(key)) ||
	    !secp256k1_ec_pubkey_serialize(secp256k1_context_static, point, &len, &pub, SECP256K1_EC_UNCOMPRESSED))
		return false;
	ethr_keccak256(hash, point + 1, sizeof(point) - 1);
	if (!(text = ethr_hex(hash + 12, 20)))
		return false;
	memcpy(out, text, ADDRESS_LEN + 1);
	free(text);
	return true;
}

bool ethr_address(char out[ADDRESS_LEN + 1], const char *identity)
{
	if (ethr_bytes_ok(identity, 33, 33))
		return of_key(out, identity);
	if (!ethr_bytes_ok(identity, 20, 20))
		return false;
	for (size_t i = 0; i <= ADDRESS_LEN; i++)
		out[i] = (char)(identity[i] >= 'A' && identity[i] <= 'F' ? identity[i] | 0x20 : identity[i]);
	return true;
}
