/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_LIBS_H
#define BERTH_DID_CRYPTO_LIBS_H

/* Private to did/crypto: what of libcrypto and libsecp256k1 is set up once a
 * process and only read afterwards, from any thread.  Fetching an algorithm by
 * name costs more than hashing a short message with it. */
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <secp256k1.h>

#include "did/base/key.h"

struct berth_digests {
	EVP_MD *sha256, *sha384, *sha512;
};

struct berth_ciphers {
	EVP_CIPHER *aes256_cbc, *aes256_gcm, *aes256_ecb;
};

struct berth_libs {
	EC_GROUP *group[BERTH_KEY__COUNT];	/* P-256, P-384, P-521 */
	EVP_PKEY *params[BERTH_KEY__COUNT];	/* the same as keys without a point */
};

struct berth_edwards25519 {
	BIGNUM *p, *d;				/* RFC 8032 5.1 */
};

struct berth_p256 {
	BIGNUM *p, *a, *b;			/* FIPS 186-4 D.1.2.3; a and b times R (Montgomery) */
	BN_MONT_CTX *mont;			/* of p */
};

/* Each set up when it is first asked for: the first algorithm by name takes 1.5 MiB, the
 * first cipher 150 KiB, secp256k1 its tables, 270 KiB, which a process that only looks at
 * keys of Ed25519 does not owe.  They abort when the libraries do not have what Debian's
 * have. */
const struct berth_digests *berth_digests(void);
const struct berth_ciphers *berth_ciphers(void);
const struct berth_libs *berth_libs(void);
const struct berth_edwards25519 *berth_edwards25519(void);
const struct berth_p256 *berth_p256(void);
const secp256k1_context *berth_k1(void);	/* blinded */

/* This thread's, with what they have allocated before: for what is public, since it stays in
 * them.  The hash is begun.  NULL: no memory. */
BN_CTX *berth_public_numbers(void);
EVP_MD_CTX *berth_public_sha256(void);
EC_POINT *berth_public_point(enum berth_key_type type);	/* of a NIST curve; what it says does not last */

static inline int is_nist(enum berth_key_type t)
{
	return t == BERTH_KEY_P256 || t == BERTH_KEY_P384 || t == BERTH_KEY_P521;
}

#endif
