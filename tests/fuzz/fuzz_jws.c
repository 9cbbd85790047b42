/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/crypto/keypair.h"
#include "did/jose/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Nobody has the private half of these, so nothing may verify. */
static void verify_with_fixed_keys(const struct berth_jws *j)
{
	static const uint8_t seed[32] = { 1 };

	for (enum berth_key_type t = BERTH_KEY_ED25519; t <= BERTH_KEY_P256; t++) {
		struct berth_privkey k;

		if (berth_keypair_from_private(&k, t, seed, sizeof(seed)) == BERTH_OK &&
		    berth_jws_verify(j, &k.pub) == BERTH_OK)
			abort();
		berth_privkey_wipe(&k);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_jws j;

	if (berth_jws_parse(&j, (const char *)p, n, 65536) == BERTH_OK) {
		if (j.input.len >= n || !j.alg)
			abort();
		(void)!berth_jws_require_kid(&j);
		verify_with_fixed_keys(&j);
	}
	berth_jws_free(&j);
	return 0;
}
