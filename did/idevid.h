/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_IDEVID_H
#define BERTH_DID_IDEVID_H

#include "did/crypto/x509.h"
#include "did/jose/jws.h"
#include "did/jose/keyring.h"
#include "did/resolver.h"

/* A DID and a device certificate (IDevID, IEEE 802.1AR) that name each other: a
 * compact JWS of typ "berth-idevid+jwt" by a key of the DID, with the payload
 *
 *   v             1
 *   iss           the DID
 *   certHash      SHA-256 of the certificate, base64url
 *   serial        its serial number, hex
 *   deviceSerial  the serialNumber of its subject
 *   certs         base64url DER: the certificate, and up to four above it
 *   idevid        a compact JWS of typ "berth-idevid-key+jwt" by the certificate's
 *                 key over {"v": 1, "did", "certHash"}
 *
 * So neither key can be claimed by who has only the other.  It proves that both
 * keys were there when it was made, not that they still are. */
#define BERTH_IDEVID_MAX ((size_t)128 << 10)

struct berth_idevid {
	struct berth_jws outer, inner;
	struct berth_x509_chain certs;
	char *did;
	uint8_t cert_hash[32];
	char serial[2 * BERTH_X509_SERIAL_MAX + 1], device_serial[BERTH_X509_NAME_MAX + 1];
};

/* kid: the DID's key, device_kid: whatever name the certificate's key has in the
 * keyring.  E_KEY: that is not the certificate's key, or it is no device's
 * certificate. */
BERTH_MUST_USE enum berth_err
berth_idevid_make(struct berth_buf *compact, struct berth_keyring *kr, const char *kid, const char *device_kid,
		  const struct berth_x509_chain *certs);

/* Takes it apart; no signature is checked.  E_ENV: structure, typ, kid; E_JSON,
 * E_B64, E_TYPE, E_SIZE: members, certificates; E_KEY: a certificate whose subject
 * has no serialNumber; E_AUTHZ: iss is not the DID of kid, or hash, serial numbers,
 * DID differ between the two objects and the certificate. */
BERTH_MUST_USE enum berth_err berth_idevid_parse(struct berth_idevid *out, const char *compact, size_t n);
void berth_idevid_free(struct berth_idevid *i);		/* of a zeroed or parsed one */

/* Both signatures (E_SIG, E_ALG), the DID's key under authentication or
 * assertionMethod (E_KEY; E_DID, E_RESOLVE for the document), the certificate a
 * device's (E_KEY) and its chain (E_SIG, E_EXPIRED, E_CLOCK). */
BERTH_MUST_USE enum berth_err
berth_idevid_verify(const struct berth_idevid *i, struct berth_resolver *resolver, const char *roots_pem, int64_t now_s);

#endif
