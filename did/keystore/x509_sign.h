/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DID_KEYSTORE_X509_SIGN_H
#define BERTH_DID_KEYSTORE_X509_SIGN_H

#include "did/crypto/x509_order.h"
#include "did/keystore/keystore.h"

/* berth_x509_make() with a key of any custody, and its codes. */
BERTH_MUST_USE enum berth_err
berth_keystore_x509(struct berth_keystore *ks, const char *name, const struct berth_x509_order *o, struct berth_buf *out);

#endif
