/* SPDX-License-Identifier: Apache-2.0 */
/* First octet even: the rest is the file of a pkcs11: store.  Odd: the rest is a
 * body, sealed here first, so that what lies behind the authentication is reached. */
#include <stdlib.h>
#include <string.h>

#include "did/crypto/aead.h"
#include "did/keystore/pkcs11_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static struct berth_pkcs11_secrets secrets = { .file_key = { 1, 2, 3 } };

static void open_file(const uint8_t *p, size_t n)
{
	struct berth_pkcs11_store s;
	struct berth_buf again = BERTH_BUF_INIT;
	size_t rest;

	if (berth_pkcs11_store_head(&s, &rest, p, n) == BERTH_OK &&
	    (!s.ready || berth_pkcs11_store_body(&s, &secrets, rest, p, n) == BERTH_OK))
		if (berth_pkcs11_store_format(&again, &s, &secrets) != BERTH_OK || again.len != n)
			abort();
	berth_buf_free(&again);
	berth_pkcs11_store_free(&s);
}

static void seal_body(struct berth_buf *file, const uint8_t *p, size_t n)
{
	uint8_t tag[16], zero[72] = { 0 };

	berth_buf_str(file, "BERTHP11");
	berth_buf_be16(file, 0x0101);
	berth_buf_put(file, zero, 2 + 2 + 16 + 32);
	berth_buf_put(file, zero, 24);
	if (berth_aead_seal(BERTH_ENC_XC20P, file, tag, secrets.file_key, zero, file->p, file->len, p, n) != BERTH_OK)
		abort();
	berth_buf_put(file, tag, sizeof(tag));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_buf file = BERTH_BUF_INIT;

	berth_crypto_init();
	if (n == 0)
		return 0;
	if (p[0] & 1)
		seal_body(&file, p + 1, n - 1);
	else
		berth_buf_put(&file, p + 1, n - 1);
	open_file(file.p, file.len);
	berth_buf_free(&file);
	return 0;
}
