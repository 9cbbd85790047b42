/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_KEYD_REGISTRIES_H
#define BERTH_AGENT_KEYD_REGISTRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/ipc/keyd_proto.h"
#include "berth/err.h"
#include "did/ethr.h"

/* The registries of did:ethr that keys of this store may write to, as it was told when it
 * was started: no other can be asked for later. */
struct keyd_registries {
	struct berth_ethr_registry v[BERTH_KEYD_REGISTRIES_MAX];
	size_t n;
};

/* CHAINID:0xADDRESS each, NULL behind the last.  E_CONFIG. */
BERTH_MUST_USE enum berth_err
keyd_registries_take(struct keyd_registries *out, const char *const text[BERTH_KEYD_REGISTRIES_MAX]);
bool keyd_registries_have(const struct keyd_registries *known, const struct berth_ethr_registry *r);

#endif
