/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>
#include <stdlib.h>

#include "did/base/json.h"
#include "did/crypto/keypair.h"
#include "did/jose/jwk.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* A key that was accepted comes back from its own JWK. */
static void round_trip(const struct berth_pubkey *key)
{
	struct berth_json *v = berth_jwk_format(key);
	struct berth_pubkey back;
	uint8_t thumb[32];

	if (v && (berth_jwk_parse(&back, v) || !berth_pubkey_equal(&back, key)))
		abort();
	berth_jwk_thumbprint(thumb, key);
	berth_json_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct berth_json *v;
	struct berth_pubkey pub;
	struct berth_privkey priv;

	if (berth_json_parse(&v, (const char *)p, n, 4096))
		return 0;
	if (berth_jwk_parse(&pub, v) == BERTH_OK)
		round_trip(&pub);
	else if (pub.type != BERTH_KEY_NONE)
		abort();
	(void)!berth_jwk_parse_private(&priv, v);
	berth_privkey_wipe(&priv);
	berth_json_free(v);
	return 0;
}
