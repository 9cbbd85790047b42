/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_VERIFIER_H
#define BERTH_DID_CRYPTO_VERIFIER_H

#include "did/crypto/libs.h"

/* Private to did/crypto: a P-256, P-384 or P-521 key made ready for verifying in
 * libcrypto's own form, which costs a fifth of a verification.  Each thread keeps the
 * last few, found again by all their bytes.  Public keys only.
 *
 * Borrowed, good until this thread's next call; NULL: no such key, or no memory. */
EVP_PKEY_CTX *berth_verifier(const struct berth_pubkey *key);

#endif /* BERTH_DID_CRYPTO_VERIFIER_H */
