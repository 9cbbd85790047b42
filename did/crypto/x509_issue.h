/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_X509_ISSUE_H
#define BERTH_DID_CRYPTO_X509_ISSUE_H

/* The parts of berth_x509_make() that a CA's key has. */
#include "did/crypto/x509.h"
#include "did/crypto/x509_order.h"

/* CA, ISSUE */
BERTH_MUST_USE enum berth_err
berth_x509_issue(struct berth_buf *out, const struct berth_x509_order *o, const struct berth_pubkey *key,
		 berth_x509_sign_fn *sign, void *arg);
/* CRL */
BERTH_MUST_USE enum berth_err
berth_x509_crl(struct berth_buf *out, const struct berth_x509_order *o, const struct berth_pubkey *key,
	       berth_x509_sign_fn *sign, void *arg);

/* The CA of an order, read: it is that key's, signs certificates, and has a
 * subjectKeyIdentifier.  berth_x509_chain_free() in every case. */
BERTH_MUST_USE enum berth_err
berth_x509_ca(struct berth_x509_chain *c, const struct berth_x509_order *o, const struct berth_pubkey *key);
/* sign(), and whether that is the key's signature: E_SIG else. */
BERTH_MUST_USE enum berth_err
berth_x509_sign(const struct berth_pubkey *key, berth_x509_sign_fn *sign, void *arg, const void *msg, size_t len,
		uint8_t sig[BERTH_SIG_MAX], size_t *n);
/* A signature of berth_sign() as X.509 and TLS have it, appended. */
BERTH_MUST_USE enum berth_err
berth_x509_encode(struct berth_buf *out, enum berth_key_type type, const uint8_t *sig, size_t n);

#endif
