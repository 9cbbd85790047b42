/* SPDX-License-Identifier: Apache-2.0 */
/* RFC 3394 over the block cipher alone: libcrypto's own AES-256-WRAP looks each block up in
 * tables, which is slow and shows in the caches, where AES-256-ECB has the processor's
 * instructions. */
#include "did/crypto/keywrap.h"

#include <stdbool.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/crypto/libs.h"

#define KEY_MIN 16
#define HALF 8		/* of a block */
#define ROUNDS 6

static const uint8_t initial[HALF] = { 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6, 0xa6 };

_Static_assert(ROUNDS * (BERTH_WRAPPED_MAX / HALF) < 256, "a step's number is one byte");

/* NULL: libcrypto failed.  dir: 1 encrypts, 0 decrypts. */
static EVP_CIPHER_CTX *aes(const uint8_t kek[32], int dir)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();

	if (ctx && EVP_CipherInit_ex2(ctx, berth_ciphers()->aes256_ecb, kek, NULL, dir, NULL) == 1 &&
	    EVP_CIPHER_CTX_set_padding(ctx, 0) == 1)
		return ctx;
	EVP_CIPHER_CTX_free(ctx);
	return NULL;
}

/* What is wrapped: the first half, n halves behind it, and a block to work in. */
struct work {
	uint8_t w[BERTH_WRAPPED_MAX], b[2 * HALF];
	size_t n;
	EVP_CIPHER_CTX *ctx;
};

/* The first half and the one of step t through the cipher. */
static bool cipher(struct work *k, size_t t)
{
	uint8_t *r = k->w + HALF * (1 + (t - 1) % k->n);
	int len = 0;

	memcpy(k->b, k->w, HALF);
	memcpy(k->b + HALF, r, HALF);
	if (EVP_CipherUpdate(k->ctx, k->b, &len, k->b, sizeof(k->b)) != 1 || len != sizeof(k->b))
		return false;
	memcpy(k->w, k->b, HALF);
	memcpy(r, k->b + HALF, HALF);
	return true;
}

static bool wrap(struct work *k, const uint8_t *key, size_t len)
{
	bool ok = k->ctx != NULL;

	k->n = len / HALF;
	memcpy(k->w, initial, HALF);
	memcpy(k->w + HALF, key, len);
	for (size_t t = 1; ok && t <= ROUNDS * k->n; t++) {
		ok = cipher(k, t);
		k->w[HALF - 1] ^= (uint8_t)t;
	}
	return ok;
}

static bool unwrap(struct work *k, const uint8_t *wrapped, size_t len)
{
	bool ok = k->ctx != NULL;

	k->n = len / HALF - 1;
	memcpy(k->w, wrapped, len);
	for (size_t t = ROUNDS * k->n; ok && t > 0; t--) {
		k->w[HALF - 1] ^= (uint8_t)t;
		ok = cipher(k, t);
	}
	return ok && berth_equal_ct(k->w, initial, HALF);
}

static void end(struct work *k)
{
	EVP_CIPHER_CTX_free(k->ctx);
	berth_wipe(k, sizeof(*k));
}

enum berth_err berth_keywrap(uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *key, size_t len)
{
	struct work k = { .n = 0 };
	bool ok;

	*out_len = 0;
	if (len % HALF != 0 || len < KEY_MIN || len + HALF > BERTH_WRAPPED_MAX)
		return berth_fail(BERTH_E_KEY, "key wrap: a key of %zu bytes", len);
	k.ctx = aes(kek, 1);
	if ((ok = wrap(&k, key, len)))
		memcpy(out, k.w, *out_len = HALF + len);
	end(&k);
	return ok ? BERTH_OK : berth_fail(BERTH_E_INTERNAL, "key wrap");
}

enum berth_err berth_keyunwrap(uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *wrapped, size_t len)
{
	struct work k = { .n = 0 };
	bool ok;

	*out_len = 0;
	if (len % HALF != 0 || len < KEY_MIN + HALF || len > BERTH_WRAPPED_MAX)
		return berth_fail(BERTH_E_DECRYPT, "wrapped key");
	k.ctx = aes(kek, 0);
	if ((ok = unwrap(&k, wrapped, len)))
		memcpy(out, k.w + HALF, *out_len = len - HALF);
	end(&k);
	return ok ? BERTH_OK : berth_fail(BERTH_E_DECRYPT, "wrapped key");
}
