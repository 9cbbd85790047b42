/* SPDX-License-Identifier: Apache-2.0 */
/* First octet even: the rest is the file of a tpm2: store.  Odd: the rest is a
 * body, sealed here first, so that what lies behind the authentication is reached. */
#include <stdlib.h>
#include <string.h>

#include "did/crypto/aead.h"
#include "did/crypto/hash.h"
#include "did/keystore/tpm2_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static const uint8_t kek[32] = { 1, 2, 3 };

static void open_file(const uint8_t *p, size_t n)
{
	struct berth_tpm2_store s;
	struct berth_buf again = BERTH_BUF_INIT;
	uint8_t seed[32];
	size_t rest;

	if (berth_tpm2_store_head(&s, seed, &rest, p, n) == BERTH_OK &&
	    (!s.ready || berth_tpm2_store_body(&s, kek, rest, p, n) == BERTH_OK))
		if (berth_tpm2_store_format(&again, &s, seed, kek) != BERTH_OK || again.len != n)
			abort();
	berth_buf_free(&again);
	berth_tpm2_store_free(&s);
}

static void seal_body(struct berth_buf *file, const uint8_t *p, size_t n)
{
	uint8_t key[32], tag[16], zero[72] = { 0 };

	berth_hmac_sha256(key, kek, sizeof(kek), "berth tpm2 index", 16);
	berth_buf_str(file, "BERTHTPM");
	berth_buf_be16(file, 0x0101);
	berth_buf_put(file, zero, 32 + 4 + 2 + 4 + 4 + 2 + 2);
	berth_buf_put(file, zero, 24);
	if (berth_aead_seal(BERTH_ENC_XC20P, file, tag, key, zero, file->p, file->len, p, n) != BERTH_OK)
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
