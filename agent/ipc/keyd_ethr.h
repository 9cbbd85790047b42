/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_KEYD_ETHR_H
#define BERTH_AGENT_IPC_KEYD_ETHR_H

#include "did/base/buf.h"
#include "did/base/cur.h"
#include "did/ethr_sign.h"

/* The field ETHR of keyd's protocol: an order, and nothing but its fields.  What they mean
 * together is judged where they are signed. */
void berth_keyd_put_ethr(struct berth_buf *b, const struct berth_ethr_order *o);
/* Text and value are borrowed from the payload. */
void berth_keyd_get_ethr(struct berth_cur *c, struct berth_ethr_order *o);

#endif
