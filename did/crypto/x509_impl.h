/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_X509_IMPL_H
#define BERTH_DID_CRYPTO_X509_IMPL_H

/* Shared by did/crypto/x509*.c. */
#include <openssl/evp.h>

#include "did/base/key.h"

/* The key in libcrypto's form, EVP_PKEY_free(); NULL: no memory, or X25519. */
EVP_PKEY *berth_x509_public(const struct berth_pubkey *key);

#endif
