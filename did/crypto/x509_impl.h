/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_X509_IMPL_H
#define BERTH_DID_CRYPTO_X509_IMPL_H

/* Shared by did/crypto/x509*.c and did/keystore/evidence_ek.c. */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "berth/err.h"
#include "did/base/key.h"

/* The key in libcrypto's form, EVP_PKEY_free(); NULL: no memory, or X25519. */
EVP_PKEY *berth_x509_public(const struct berth_pubkey *key);

/* The certificates of roots_pem into store.  E_KEY: there is none; E_SIZE: too many. */
BERTH_MUST_USE enum berth_err berth_x509_trust(X509_STORE *store, const char *roots_pem);
/* X509_verify_cert(): E_SIG, or `late` when all that is wrong is the date. */
BERTH_MUST_USE enum berth_err berth_x509_verify(X509_STORE_CTX *ctx, const char *what, enum berth_err late);

#endif
