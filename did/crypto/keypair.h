/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_KEYPAIR_H
#define BERTH_DID_CRYPTO_KEYPAIR_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/key.h"

/* out->b is secret: berth_privkey_wipe() when done. */
BERTH_MUST_USE enum berth_err berth_keypair_generate(struct berth_privkey *out, enum berth_key_type type);

/* From the private bytes (seed or scalar; len exactly the type's).  Fills pub.
 * Scalar 0 or >= n, wrong length: E_KEY. */
BERTH_MUST_USE enum berth_err
berth_keypair_from_private(struct berth_privkey *out, enum berth_key_type type,
			   const uint8_t *b, size_t len);
void berth_privkey_wipe(struct berth_privkey *k);

/* From bytes off the wire.  Ed25519: canonical y, on the curve, not of small
 * order; X25519: 32 bytes (zero results are caught at the agreement); EC:
 * uncompressed or compressed SEC 1, on the curve, not infinity.  Else E_KEY and
 * out is BERTH_KEY_NONE. */
BERTH_MUST_USE enum berth_err
berth_pubkey_import(struct berth_pubkey *out, enum berth_key_type type,
		    const uint8_t *b, size_t len);

/* The same of the one form that struct berth_pubkey has, for a key that goes into agreements and
 * nowhere else: whether the point is on its curve berth_ecdh() and every keystore find out before
 * they use a private key, and it is not asked twice.  Other forms, types that do not agree:
 * E_KEY. */
BERTH_MUST_USE enum berth_err
berth_pubkey_unchecked(struct berth_pubkey *out, enum berth_key_type type,
		       const uint8_t *b, size_t len);

/* From the affine coordinates of a JWK, each exactly field-sized. */
BERTH_MUST_USE enum berth_err
berth_pubkey_import_xy(struct berth_pubkey *out, enum berth_key_type type,
		       const uint8_t *x, const uint8_t *y, size_t each);

/* Compressed SEC 1 for EC, the 32 bytes otherwise.  Returns the length. */
size_t berth_pubkey_compress(uint8_t out[BERTH_PUBKEY_MAX], const struct berth_pubkey *key);

/* The X25519 key agreement key that did:key derives from an Ed25519 key. */
BERTH_MUST_USE enum berth_err
berth_pubkey_ed25519_to_x25519(struct berth_pubkey *out, const struct berth_pubkey *ed);

bool berth_pubkey_equal(const struct berth_pubkey *a, const struct berth_pubkey *b);

/* Field or key size in bytes: 32, 32, 32, 48, 66, 32. */
size_t berth_key_size(enum berth_key_type type);
/* "ed25519", "x25519", "p256", "p384", "p521", "secp256k1"; parse: NONE if unknown. */
const char *berth_key_type_name(enum berth_key_type type);
enum berth_key_type berth_key_type_parse(const char *name);
bool berth_key_can_sign(enum berth_key_type type);
bool berth_key_can_agree(enum berth_key_type type);

#endif
