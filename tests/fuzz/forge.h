/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_TESTS_FUZZ_FORGE_H
#define BERTH_TESTS_FUZZ_FORGE_H

/* Any payload under a good signature of one well-known key, so that a fuzzer gets
 * past the signature to what is read after it. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "did/base/secret.h"
#include "did/codec/base64url.h"
#include "did/crypto/keypair.h"
#include "did/crypto/sign.h"
#include "did/jose/keyring.h"
#include "did/resolver.h"

/* did:key of the Ed25519 key whose seed is 32 bytes of 7 */
#define FORGE_DID "did:key:z6MkvDqGT54cXesYGvABpF1UapVNwjCqRcafi4Px6Thv5T3Z"
#define FORGE_KID FORGE_DID "#" "z6MkvDqGT54cXesYGvABpF1UapVNwjCqRcafi4Px6Thv5T3Z"

static inline char *forge_token(const char *typ, const uint8_t *payload, size_t n)
{
	struct berth_buf b = BERTH_BUF_INIT, header = BERTH_BUF_INIT;
	uint8_t seed[32], sig[BERTH_SIG_MAX];
	struct berth_privkey key;
	size_t sig_len;

	berth_crypto_init();
	memset(seed, 7, sizeof(seed));
	berth_buf_printf(&header, "{\"alg\":\"EdDSA\",\"kid\":\"" FORGE_KID "\",\"typ\":\"%s\"}", typ);
	berth_b64url_encode(&b, header.p, header.len);
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, payload, n);
	if (berth_buf_status(&b) || berth_keypair_from_private(&key, BERTH_KEY_ED25519, seed, sizeof(seed)) ||
	    berth_sign(sig, &sig_len, &key, b.p, b.len))
		abort();
	berth_buf_u8(&b, '.');
	berth_b64url_encode(&b, sig, sig_len);
	berth_buf_free(&header);
	return berth_buf_take_str(&b);
}

/* A keyring with that key, made once. */
static inline struct berth_keyring *forge_ring(void)
{
	static struct berth_keyring *ring;
	struct berth_privkey key;
	uint8_t seed[32];

	if (ring)
		return ring;
	berth_crypto_init();
	memset(seed, 7, sizeof(seed));
	if (berth_keypair_from_private(&key, BERTH_KEY_ED25519, seed, sizeof(seed)) || berth_keyring_local_new(&ring) ||
	    berth_keyring_local_add(ring, FORGE_KID, &key))
		abort();
	return ring;
}

#endif
