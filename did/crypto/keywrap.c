/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/keywrap.h"

#include <stdbool.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/crypto/libs.h"

#define KEY_MIN 16
#define BLOCK 8

static bool wrap(uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *in, size_t len, int dir)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	int n = 0;
	bool ok = false;

	if (ctx) {
		EVP_CIPHER_CTX_set_flags(ctx, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
		ok = EVP_CipherInit_ex2(ctx, berth_ciphers()->aes256_wrap, kek, NULL, dir, NULL) == 1 &&
		     EVP_CipherUpdate(ctx, out, &n, in, (int)len) == 1 && n > 0;
	}
	EVP_CIPHER_CTX_free(ctx);
	*out_len = ok ? (size_t)n : 0;
	return ok;
}

enum berth_err berth_keywrap(uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *key, size_t len)
{
	*out_len = 0;
	if (len % BLOCK != 0 || len < KEY_MIN || len + BLOCK > BERTH_WRAPPED_MAX)
		return berth_fail(BERTH_E_KEY, "key wrap: a key of %zu bytes", len);
	return wrap(out, out_len, kek, key, len, 1) ? BERTH_OK : berth_fail(BERTH_E_INTERNAL, "key wrap");
}

enum berth_err berth_keyunwrap(uint8_t *out, size_t *out_len, const uint8_t kek[32], const uint8_t *wrapped, size_t len)
{
	uint8_t key[BERTH_WRAPPED_MAX];
	enum berth_err rc = BERTH_E_DECRYPT;

	*out_len = 0;
	if (len % BLOCK == 0 && len >= KEY_MIN + BLOCK && len <= BERTH_WRAPPED_MAX &&
	    wrap(key, out_len, kek, wrapped, len, 0)) {
		memcpy(out, key, *out_len);
		rc = BERTH_OK;
	}
	berth_wipe(key, sizeof(key));
	return rc ? berth_fail(rc, "wrapped key") : BERTH_OK;
}
