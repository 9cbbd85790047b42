/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_X509_REQ_H
#define BERTH_DID_CRYPTO_X509_REQ_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"

/* A PKCS#10 certification request (RFC 2986) for a key that somebody else holds:
 * what is to be signed goes out, the signature comes back in. */
struct berth_x509_req;

#define BERTH_X509_SUBJECT_MAX 1024
#define BERTH_X509_SAN_MAX 2048		/* bytes of one alternative name */
#define BERTH_X509_SANS_MAX 16

/* subject: "/CN=gw1/O=Example", UTF-8; a '/' inside a value is written "\/", a '\'
 * "\\".  Attributes: C, CN, L, O, OU, ST, serialNumber.  sans: a name with a colon
 * is a URI (a DID is one), any other a DNS name.  The request asks for the key
 * usage digitalSignature.  E_TYPE: subject or a name; E_SIZE: too long or too
 * many; E_KEY: a key that does not sign. */
BERTH_MUST_USE enum berth_err
berth_x509_req_new(struct berth_x509_req **out, const struct berth_pubkey *key, const char *subject,
		   const char *const *sans, size_t n_sans);
void berth_x509_req_free(struct berth_x509_req *r);	/* NULL is fine */

/* The bytes to be signed with berth_sign() or what gives the same, appended. */
BERTH_MUST_USE enum berth_err
berth_x509_req_to_sign(const struct berth_x509_req *r, struct berth_buf *tbs);

/* sig as berth_sign() makes it; der gets the whole request.  E_SIG: it is not the
 * key's signature over what was to be signed. */
BERTH_MUST_USE enum berth_err
berth_x509_req_finish(struct berth_x509_req *r, const uint8_t *sig, size_t sig_len, struct berth_buf *der);

/* "-----BEGIN label-----" and so on around der (RFC 7468), appended. */
BERTH_MUST_USE enum berth_err
berth_pem_write(struct berth_buf *out, const char *label, const void *der, size_t len);

#endif
