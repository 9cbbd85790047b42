/* SPDX-License-Identifier: Apache-2.0 */
/* First octet even: the rest is a sealed file.  Odd: the rest is a body, sealed
 * here first, so that what lies behind the authentication is reached. */
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/crypto/aead.h"
#include "did/keystore/soft_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static uint8_t phrase[] = "a passphrase";

static void open_file(const struct berth_buf *file, const struct berth_secret *pass)
{
	struct berth_secret *body, *key;
	struct berth_soft_kdf kdf;
	struct berth_buf again = BERTH_BUF_INIT;

	if (berth_soft_file_open(&body, &kdf, &key, file->p, file->len, pass) != BERTH_OK)
		return;
	if (berth_soft_file_seal(&again, berth_soft_body(body), &kdf, key) != BERTH_OK ||
	    again.len != file->len)
		abort();
	berth_buf_free(&again);
	berth_secret_free(body);
	berth_secret_free(key);
}

static void seal_body(struct berth_buf *file, const uint8_t *p, size_t n, const struct berth_secret *pass)
{
	struct berth_soft_kdf kdf = { .kdf = BERTH_SOFT_KDF_HKDF };
	struct berth_secret *key;
	uint8_t tag[16], zero[48] = { 0 };

	if (berth_soft_kdf_run(&key, &kdf, pass) != BERTH_OK)
		abort();
	berth_buf_str(file, "BERTHKEY");
	berth_buf_be16(file, 0x0102);
	berth_buf_put(file, zero, 8 + 16 + 24);
	if (berth_aead_seal(BERTH_ENC_XC20P, file, tag, key->b, zero, file->p, file->len, p, n) != BERTH_OK)
		abort();
	berth_buf_put(file, tag, sizeof(tag));
	berth_secret_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_secret pass = { sizeof(phrase) - 1, phrase };
	struct berth_buf file = BERTH_BUF_INIT;

	berth_crypto_init();
	if (n == 0)
		return 0;
	if (p[0] & 1) {
		seal_body(&file, p + 1, n - 1, &pass);
	} else {
		berth_buf_put(&file, p + 1, n - 1);
		if (n > 18) {	/* no minutes of Argon2 */
			file.p[9] = file.p[9] == BERTH_SOFT_KDF_TPM2 ? BERTH_SOFT_KDF_TPM2 : BERTH_SOFT_KDF_HKDF;
			memset(file.p + 10, 0, 8);
		}
	}
	open_file(&file, &pass);
	berth_buf_free(&file);
	return 0;
}
