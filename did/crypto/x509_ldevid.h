/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_CRYPTO_X509_LDEVID_H
#define BERTH_DID_CRYPTO_X509_LDEVID_H

#include "did/crypto/x509.h"

/* What owner and device check of each other's X.509 (docs/ldevid.md). */
#define BERTH_X509_REQ_MAX 4096		/* bytes of a request, DER */

/* The key that a PKCS#10 request is for and signed with.  Whatever else stands in it counts
 * for nothing.  E_TYPE: no request; E_SIZE: too long; E_KEY: of a key that is not ours;
 * E_ALG: signed with another algorithm than that key's; E_SIG: not by that key. */
BERTH_MUST_USE enum berth_err
berth_x509_req_read(struct berth_pubkey *key, const void *der, size_t len);

/* A chain that we were given: its first certificate is for our key, a device's, names the
 * URI, and each is signed for by the next one; at any time.  E_KEY: another key's, or no
 * device's; E_AUTHZ: another name; E_SIG: the chain; E_TYPE: without a CA. */
BERTH_MUST_USE enum berth_err
berth_x509_check_own(const struct berth_x509_chain *c, const struct berth_pubkey *key, const char *uri);

#endif
