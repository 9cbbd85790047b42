/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_X509_ORDER_H
#define BERTH_DID_CRYPTO_X509_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/key.h"
#include "did/crypto/x509_req.h"

/* All that a key of ours signs in the world of X.509, as fields: whoever holds the key
 * makes the octets of them, and signs no others.  docs/ldevid.md has the profile. */
enum berth_x509_kind {
	BERTH_X509_REQUEST = 1,	/* a PKCS#10 request of the key for itself */
	BERTH_X509_TLS,		/* the CertificateVerify of a TLS 1.3 handshake (RFC 8446 4.4.3) */
	BERTH_X509_CA,		/* a self-signed certificate of a CA that has no CA below it */
	BERTH_X509_ISSUE,	/* a device's certificate, by that CA or one like it */
	BERTH_X509_CRL,		/* which of those are revoked */
	BERTH_X509_KIND__END
};

#define BERTH_X509_ORDER_SANS_MAX 4
#define BERTH_X509_LIFE_MAX_S ((int64_t)10 * 366 * 86400)	/* of a device's certificate; a CA's: three times that */
#define BERTH_X509_HASH_MAX 48
#define BERTH_X509_SERIAL_LEN 16	/* of what ISSUE makes: random, and positive */

/* A row of CRL: be64 when (seconds since 1970), u8 reason (RFC 5280 5.3.1), the number. */
#define BERTH_X509_REVOKED_LEN (8 + 1 + BERTH_X509_SERIAL_LEN)
#define BERTH_X509_REVOKED_MAX 32768	/* rows */

struct berth_x509_order {
	enum berth_x509_kind kind;
	const char *subject;			/* REQUEST, CA, ISSUE: x509_req.h */
	const char *sans[BERTH_X509_ORDER_SANS_MAX];	/* REQUEST, ISSUE */
	size_t n_sans;
	int64_t from_s, until_s;		/* CA, ISSUE: validity; CRL: this update and the next */
	struct berth_pubkey key;		/* ISSUE: whose certificate */
	const uint8_t *ca;			/* ISSUE, CRL: the CA's certificate, DER */
	size_t ca_len;
	bool server;				/* ISSUE: for serverAuth, too; TLS: the server's */
	const uint8_t *data;			/* TLS: hash of the transcript; CRL: rows; ISSUE: a URI, where that list is */
	size_t len;
};

/* Whether kind and sizes are such that it can be sent to whoever holds the key: E_TYPE,
 * E_SIZE. */
BERTH_MUST_USE enum berth_err berth_x509_order_check(const struct berth_x509_order *o);

/* As berth_sign(); arg is the caller's. */
typedef enum berth_err berth_x509_sign_fn(void *arg, const void *msg, size_t len, uint8_t sig[BERTH_SIG_MAX], size_t *n);

/* Appends DER: the request, certificate or list; of TLS what goes into CertificateVerify.
 * key: the one that signs.  E_KEY: it is not the CA's, whose certificate is no CA's or has
 * no subjectKeyIdentifier; E_EXPIRED: validity beyond the CA's; E_SIG: what came back was
 * not the key's signature; E_TYPE, E_SIZE: fields. */
BERTH_MUST_USE enum berth_err
berth_x509_make(struct berth_buf *out, const struct berth_x509_order *o, const struct berth_pubkey *key,
		berth_x509_sign_fn *sign, void *arg);

#endif
