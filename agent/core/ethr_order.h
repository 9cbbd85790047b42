/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_ETHR_ORDER_H
#define BERTH_AGENT_CORE_ETHR_ORDER_H

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/ethr_sign.h"

/* What is to be signed for did:ethr as JSON, between `berth did ethr --key` and the daemon
 * (docs/openapi.yaml, /v1/ethr/sign): the fields of struct berth_ethr_order, quantities and
 * bytes as JSON-RPC writes them. */
struct berth_ethr_order_json {
	struct berth_ethr_order order;	/* borrows from the rest */
	char label[BERTH_ETHR_NAME_MAX + 1];
	struct berth_buf value;
};
void berth_ethr_order_json_free(struct berth_ethr_order_json *o);	/* zeroed is fine */

/* E_TYPE: a member is missing, unknown or malformed; whether the whole makes sense is
 * berth_ethr_order_check()'s. */
BERTH_MUST_USE enum berth_err berth_ethr_order_read(struct berth_ethr_order_json *out, const struct berth_json *o);
BERTH_MUST_USE enum berth_err berth_ethr_order_write(struct berth_json **out, const struct berth_ethr_order *order);

/* A member of bytes: "0x" and digits. */
BERTH_MUST_USE enum berth_err berth_ethr_set_hex(struct berth_json *o, const char *name, const void *p, size_t n);

#endif
