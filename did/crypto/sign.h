/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_SIGN_H
#define BERTH_DID_CRYPTO_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/key.h"
#include "did/crypto/hash.h"

/* Pure Ed25519, or ECDSA as JOSE writes it: r || s, each field-sized, over
 * SHA-256 (P-256, secp256k1), SHA-384 (P-384) or SHA-512 (P-521); s is always
 * the low one.  sig has room for BERTH_SIG_MAX bytes. */
BERTH_MUST_USE enum berth_err
berth_sign(uint8_t *sig, size_t *sig_len, const struct berth_privkey *key,
	   const void *msg, size_t len);

/* E_SIG whatever is wrong with the signature: its length, r or s of 0 or >= n,
 * DER.  High s is accepted for every curve (C028). E_KEY: the key cannot sign. */
BERTH_MUST_USE enum berth_err
berth_verify(const struct berth_pubkey *key, const void *msg, size_t len,
	     const uint8_t *sig, size_t sig_len);

/* The hash that JOSE binds to the curve, as above; its length. */
size_t berth_sign_digest(uint8_t out[BERTH_SHA512_LEN], enum berth_key_type type, const void *msg, size_t len);

/* Between JOSE's r || s and other forms, for keystores: DER from PKCS tools and
 * separate big-endian r, s from a TPM (shorter than the field is fine).  Output
 * has the low s. */
BERTH_MUST_USE enum berth_err
berth_ecdsa_from_rs(uint8_t *sig, size_t *sig_len, enum berth_key_type type,
		    const uint8_t *r, size_t r_len, const uint8_t *s, size_t s_len);

#endif
