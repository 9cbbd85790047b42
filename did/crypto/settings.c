/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/settings.h"

#include <stdlib.h>

#include <openssl/crypto.h>

void berth_libcrypto_plain(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS, NULL) != 1)
		abort();
}
