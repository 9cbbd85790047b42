/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_ETHR_NETWORKS_H
#define BERTH_AGENT_CORE_ETHR_NETWORKS_H

#include "agent/core/config.h"
#include "berth/err.h"
#include "did/ethr.h"

/* The registry of a DID's network by what the configuration says, not an adapter: the
 * options network, network-... of [adapter NAME] sections, each NAME CHAIN-ID REGISTRY URL.
 * E_CONFIG: one of them is malformed; E_RESOLVE: no network of that name or chain. */
BERTH_MUST_USE enum berth_err
berth_ethr_registry_of(struct berth_ethr_registry *out, const struct berth_config *cfg, const struct berth_ethr_did *did);

#endif
