/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_CSR_H
#define BERTH_DID_KEYSTORE_CSR_H

#include "did/keystore/keystore.h"

/* A PKCS#10 request for a signing key of any custody, DER, appended; subject and
 * sans as did/crypto/x509_req.h has them. */
BERTH_MUST_USE enum berth_err
berth_keystore_csr(struct berth_keystore *ks, const char *name, const char *subject,
		   const char *const *sans, size_t n_sans, struct berth_buf *der);

#endif
