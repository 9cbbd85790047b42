/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_X509_H
#define BERTH_DID_CRYPTO_X509_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"

/* Certificates (RFC 5280) of devices, as IEEE 802.1AR has them. */
#define BERTH_X509_MAX 8192		/* bytes of one, DER */
#define BERTH_X509_CHAIN_MAX 5		/* the device's own and four above it */
#define BERTH_X509_SERIAL_MAX 20	/* RFC 5280 4.1.2.2 */
#define BERTH_X509_NAME_MAX 64		/* bytes of a serialNumber attribute */

/* A certificate and those between it and a root: 0 is the device's own.  Zero it,
 * berth_x509_chain_free() it. */
struct berth_x509_chain {
	struct berth_x509 *at[BERTH_X509_CHAIN_MAX];
	size_t n;
};

/* One more certificate, DER.  E_TYPE: not X.509, or more than that; E_SIZE: too
 * long, or too many. */
BERTH_MUST_USE enum berth_err
berth_x509_chain_add(struct berth_x509_chain *c, const void *der, size_t len);
/* Those of a file: one as DER, or several as PEM, the device's own first.  Text
 * around them is ignored.  E_TYPE when there is none. */
BERTH_MUST_USE enum berth_err berth_x509_chain_read(struct berth_x509_chain *c, const void *p, size_t len);
void berth_x509_chain_free(struct berth_x509_chain *c);	/* leaves it empty */

/* The bytes it was read from; borrowed. */
const uint8_t *berth_x509_der(const struct berth_x509 *cert, size_t *len);
void berth_x509_sha256(uint8_t out[32], const struct berth_x509 *cert);
/* The issuer's number for it, hex. */
void berth_x509_serial(char out[2 * BERTH_X509_SERIAL_MAX + 1], const struct berth_x509 *cert);

/* E_KEY: of a type that we do not have (RSA), or a point that is none. */
BERTH_MUST_USE enum berth_err berth_x509_pubkey(struct berth_pubkey *out, const struct berth_x509 *cert);

/* The subject's serialNumber, which 802.1AR asks for.  E_KEY: none, several, or
 * longer than BERTH_X509_NAME_MAX. */
BERTH_MUST_USE enum berth_err
berth_x509_subject_serial(char out[BERTH_X509_NAME_MAX + 1], const struct berth_x509 *cert);

/* A device's certificate: no CA's, with the key usage digitalSignature.  E_KEY else. */
BERTH_MUST_USE enum berth_err berth_x509_check_device(const struct berth_x509 *cert);

/* A CA's, that signs certificates and can be named by them (subjectKeyIdentifier).  E_KEY
 * else. */
BERTH_MUST_USE enum berth_err berth_x509_check_ca(const struct berth_x509 *cert);

/* Its validity, seconds since 1970.  E_TYPE: a time that is none. */
BERTH_MUST_USE enum berth_err
berth_x509_window(const struct berth_x509 *cert, int64_t *from_s, int64_t *until_s);

/* at[0] is signed for by a root, through the others.  Whatever stands in roots_pem
 * is trusted as it stands.  E_SIG: it is not, or by an algorithm too weak;
 * E_EXPIRED: outside the validity of one of them at now_s (an end of
 * 99991231235959Z never comes); E_CLOCK: now_s < 0; E_KEY: there is no root. */
BERTH_MUST_USE enum berth_err
berth_x509_check_chain(const struct berth_x509_chain *c, const char *roots_pem, int64_t now_s);

#endif
