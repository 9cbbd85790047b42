/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_KEYD_X509_H
#define BERTH_AGENT_IPC_KEYD_X509_H

#include "did/base/buf.h"
#include "did/base/cur.h"
#include "did/crypto/x509_order.h"

/* The field X509 of keyd's protocol: an order, and nothing but its fields.  What they mean
 * together is judged where they are signed. */
void berth_keyd_put_x509(struct berth_buf *b, const struct berth_x509_order *o);
/* Text and bytes are borrowed from the payload.  E_KEY: a point that is none. */
BERTH_MUST_USE enum berth_err berth_keyd_get_x509(struct berth_cur *c, struct berth_x509_order *o);

#endif
