/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_X509_IMPL_H
#define BERTH_DID_CRYPTO_X509_IMPL_H

/* Shared by did/crypto/x509*.c and did/keystore/evidence_ek.c. */
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"
#include "did/crypto/x509.h"
#include "did/crypto/x509_order.h"

struct berth_x509 {
	X509 *x;
	struct berth_buf der;
	char serial[2 * BERTH_X509_SERIAL_MAX + 1];
};

/* The key in libcrypto's form, EVP_PKEY_free(); NULL: no memory, or X25519. */
EVP_PKEY *berth_x509_public(const struct berth_pubkey *key);
/* And back: E_KEY of a type that is not ours (also NULL), or a point that is none. */
BERTH_MUST_USE enum berth_err berth_x509_key_of(struct berth_pubkey *out, EVP_PKEY *key);
/* The only algorithm that a key of that type signs with: its NID. */
int berth_x509_algorithm(enum berth_key_type type);
BERTH_MUST_USE enum berth_err berth_x509_set_algorithm(X509_ALGOR *alg, enum berth_key_type type);
/* A signature of berth_sign() into the bits that X.509 has of it. */
BERTH_MUST_USE enum berth_err
berth_x509_set_signature(ASN1_BIT_STRING *bits, enum berth_key_type type, const uint8_t *sig, size_t n);

/* The key's signature over what libcrypto encoded (and is freed) into those bits. */
BERTH_MUST_USE enum berth_err
berth_x509_sign_into(ASN1_BIT_STRING *bits, unsigned char *tbs, int len, const struct berth_pubkey *key,
		     berth_x509_sign_fn *sign, void *arg);

/* Subject and alternative names as did/crypto/x509_req.h has them, with its codes. */
/* to: NULL makes one.  NULL: a time that has no form, or no memory. */
ASN1_TIME *berth_x509_time(ASN1_TIME *to, int64_t at_s);
BERTH_MUST_USE enum berth_err berth_x509_set_name(X509_NAME *name, const char *subject);
BERTH_MUST_USE enum berth_err
berth_x509_add_sans(STACK_OF(X509_EXTENSION) **exts, const char *const *sans, size_t n);
/* cRLDistributionPoints: that URI.  E_TYPE: it is none. */
BERTH_MUST_USE enum berth_err berth_x509_add_crl_point(STACK_OF(X509_EXTENSION) **exts, const char *uri);
/* Bits of KeyUsage, RFC 5280 4.2.1.3, as a mask. */
#define BERTH_X509_DIGITAL_SIGNATURE (1u << 0)
#define BERTH_X509_KEY_CERT_SIGN (1u << 5)
#define BERTH_X509_CRL_SIGN (1u << 6)
BERTH_MUST_USE enum berth_err berth_x509_add_usage(STACK_OF(X509_EXTENSION) **exts, unsigned usage);
/* Appends what libcrypto encoded, and frees it. */
BERTH_MUST_USE enum berth_err berth_x509_take_der(struct berth_buf *out, unsigned char *der, int len);

/* The certificates of roots_pem into store.  E_KEY: there is none; E_SIZE: too many. */
BERTH_MUST_USE enum berth_err berth_x509_trust(X509_STORE *store, const char *roots_pem);
/* As berth_x509_check_chain(), by the certificates of store; now_s < 0: at any time. */
BERTH_MUST_USE enum berth_err
berth_x509_check_store(const struct berth_x509_chain *c, X509_STORE *store, int64_t now_s);
/* X509_verify_cert(): E_SIG, or `late` when all that is wrong is the date. */
BERTH_MUST_USE enum berth_err berth_x509_verify(X509_STORE_CTX *ctx, const char *what, enum berth_err late);

#endif
