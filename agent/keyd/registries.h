/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_KEYD_REGISTRIES_H
#define BERTH_AGENT_KEYD_REGISTRIES_H

#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/keyd_proto.h"
#include "berth/err.h"
#include "did/ethr_sign.h"

/* The registries of did:ethr that keys of this store may write to, and what they may pay
 * for it, as keyd was told when it was started: nothing else can be asked for later. */
struct keyd_registries {
	struct berth_ethr_registry v[BERTH_KEYD_REGISTRIES_MAX];
	size_t n;
	uint64_t fee_max;	/* wei for one unit of gas */
};

/* From HELLO.  E_CONFIG: one of them is no CHAINID:0xADDRESS. */
BERTH_MUST_USE enum berth_err keyd_registries_take(struct keyd_registries *out, const struct berth_keyd_request *hello);
/* E_AUTHZ: to another registry; E_QUOTA: dearer. */
BERTH_MUST_USE enum berth_err keyd_registries_allow(const struct keyd_registries *r, const struct berth_ethr_order *o);

#endif
