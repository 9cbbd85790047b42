/* SPDX-License-Identifier: Apache-2.0 */
#include "did/crypto/recover.h"

#include <stdbool.h>
#include <string.h>

#include <secp256k1_recovery.h>

#include "did/crypto/keypair.h"
#include "did/crypto/libs.h"

#define POINTS 4

enum berth_err berth_k1_sign_digest(uint8_t rs[64], const struct berth_privkey *key, const uint8_t digest[32])
{
	const secp256k1_context *ctx = berth_k1();
	secp256k1_ecdsa_signature sig;

	memset(rs, 0, 64);
	if (key->type != BERTH_KEY_SECP256K1 || !secp256k1_ecdsa_sign(ctx, &sig, digest, key->b, NULL, NULL))
		return berth_fail(BERTH_E_KEY, "secp256k1 signature");
	(void)secp256k1_ecdsa_signature_serialize_compact(ctx, rs, &sig);
	return BERTH_OK;
}

static bool recover(struct berth_pubkey *out, const uint8_t digest[32], const uint8_t rs[64], uint8_t recovery)
{
	const secp256k1_context *ctx = berth_k1();
	secp256k1_ecdsa_recoverable_signature sig;
	secp256k1_pubkey point;

	memset(out, 0, sizeof(*out));
	if (recovery >= POINTS ||
	    !secp256k1_ecdsa_recoverable_signature_parse_compact(ctx, &sig, rs, recovery) ||
	    !secp256k1_ecdsa_recover(ctx, &point, &sig, digest))
		return false;
	out->type = BERTH_KEY_SECP256K1;
	out->len = 65;
	(void)secp256k1_ec_pubkey_serialize(ctx, out->b, &out->len, &point, SECP256K1_EC_UNCOMPRESSED);
	return true;
}

enum berth_err berth_k1_recover(struct berth_pubkey *out, const uint8_t digest[32], const uint8_t rs[64], uint8_t recovery)
{
	return recover(out, digest, rs, recovery) ? BERTH_OK
		: berth_fail(BERTH_E_SIG, "secp256k1 signature: no key makes it");
}

enum berth_err berth_k1_find_recovery(uint8_t *recovery, const struct berth_pubkey *key, const uint8_t digest[32],
				      const uint8_t rs[64])
{
	struct berth_pubkey found;

	for (*recovery = 0; *recovery < POINTS; ++*recovery)
		if (recover(&found, digest, rs, *recovery) && berth_pubkey_equal(&found, key))
			return BERTH_OK;
	*recovery = 0;
	return berth_fail(BERTH_E_SIG, "secp256k1 signature: not of this key");
}
