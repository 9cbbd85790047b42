/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/hash.h"

#include <stdlib.h>

#include <sodium.h>

#include "did/base/secret.h"
#include "did/crypto/libs.h"
#include "did/crypto/mac.h"

static void digest(uint8_t *out, const EVP_MD *md, const void *p, size_t n)
{
	if (EVP_Digest(p, n, out, NULL, md, NULL) != 1)
		abort();
}

void berth_sha256(uint8_t out[BERTH_SHA256_LEN], const void *p, size_t n)
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

/* Freeing the copy wipes what HMAC made of the key. */
void berth_hmac_sha512_parts(uint8_t out[BERTH_SHA512_LEN], const void *key, size_t key_len,
			     const struct berth_part *parts, size_t n)
{
	EVP_MAC_CTX *ctx = EVP_MAC_CTX_dup(berth_digests()->hmac512);
	size_t out_len = BERTH_SHA512_LEN;
	/* a NULL key would mean "the one before" */
	bool ok = ctx && EVP_MAC_init(ctx, key_len ? key : "", key_len, NULL) == 1;

	for (size_t i = 0; ok && i < n; i++)
		ok = parts[i].len == 0 || EVP_MAC_update(ctx, parts[i].p, parts[i].len) == 1;
	if (!ok || EVP_MAC_final(ctx, out, &out_len, out_len) != 1)
		abort();
	EVP_MAC_CTX_free(ctx);
}
