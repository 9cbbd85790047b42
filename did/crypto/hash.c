/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/hash.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "did/base/secret.h"
#include "did/crypto/libs.h"
#include "did/crypto/mac.h"

#define SHA512_BLOCK 128
#define IPAD 0x36
#define OPAD 0x5c

static void digest(uint8_t *out, const EVP_MD *md, const void *p, size_t n)
{
	if (EVP_Digest(p, n, out, NULL, md, NULL) != 1)
		abort();
}

void berth_sha256(uint8_t out[BERTH_SHA256_LEN], const void *p, size_t n)
{
	EVP_MD_CTX *ctx = berth_public_sha256();

	if (!ctx)
		berth_sha256_secret(out, p, n);
	else if (EVP_DigestUpdate(ctx, p, n) != 1 || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		abort();
}

void berth_sha256_secret(uint8_t out[BERTH_SHA256_LEN], const void *p, size_t n)
{
	digest(out, berth_digests()->sha256, p, n);
}

void berth_sha256_light(uint8_t out[BERTH_SHA256_LEN], const void *p, size_t n)
{
	crypto_hash_sha256(out, p, n);
}

void berth_sha384(uint8_t out[BERTH_SHA384_LEN], const void *p, size_t n)
{
	digest(out, berth_digests()->sha384, p, n);
}

void berth_sha512(uint8_t out[BERTH_SHA512_LEN], const void *p, size_t n)
{
	digest(out, berth_digests()->sha512, p, n);
}

/* libsodium's: what opens a sealed file leaves libcrypto asleep, 1.5 MiB of berth-keyd. */
void berth_hmac_sha256(uint8_t out[BERTH_SHA256_LEN], const void *key, size_t key_len,
		       const void *p, size_t n)
{
	crypto_auth_hmacsha256_state st;

	crypto_auth_hmacsha256_init(&st, key, key_len);
	crypto_auth_hmacsha256_update(&st, p, n);
	crypto_auth_hmacsha256_final(&st, out);
	berth_wipe(&st, sizeof(st));
}

/* One pass of two: the key, XORed with the pass's octet and the one before's, goes first. */
static bool begin_pass(EVP_MD_CTX *ctx, uint8_t key[SHA512_BLOCK], uint8_t octet)
{
	for (size_t i = 0; i < SHA512_BLOCK; i++)
		key[i] ^= octet;
	return EVP_DigestInit_ex2(ctx, berth_digests()->sha512, NULL) == 1 && EVP_DigestUpdate(ctx, key, SHA512_BLOCK) == 1;
}

/* RFC 2104 over the hash: libcrypto's HMAC makes a context with three of the hash in it for
 * each message, and copies and finds by name what each of them needs, as much again as
 * hashing a short one.  Freeing ctx wipes what the hash made of the key. */
void berth_hmac_sha512_parts(uint8_t out[BERTH_SHA512_LEN], const void *key, size_t key_len,
			     const struct berth_part *parts, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t block[SHA512_BLOCK] = { 0 };
	bool ok = ctx != NULL;

	if (key_len > sizeof(block))
		berth_sha512(block, key, key_len);
	else if (key_len)
		memcpy(block, key, key_len);
	ok = ok && begin_pass(ctx, block, IPAD);
	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(ctx, parts[i].p, parts[i].len) == 1;
	if (!ok || EVP_DigestFinal_ex(ctx, out, NULL) != 1 || !begin_pass(ctx, block, IPAD ^ OPAD) ||
	    EVP_DigestUpdate(ctx, out, BERTH_SHA512_LEN) != 1 || EVP_DigestFinal_ex(ctx, out, NULL) != 1)
		abort();
	EVP_MD_CTX_free(ctx);
	berth_wipe(block, sizeof(block));
}
