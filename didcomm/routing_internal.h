/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_DIDCOMM_ROUTING_INTERNAL_H
#define BERTH_DIDCOMM_ROUTING_INTERNAL_H

/* Shared by didcomm/routing*.c. */
#include "didcomm/routing.h"

/* The keys of a hop: of a DID all on one curve, of a DID URL that one.  E_KEY, E_DID,
 * E_RESOLVE; then it holds nothing. */
BERTH_MUST_USE enum berth_err berth_hop_find(struct berth_hop *out, struct berth_resolver *r, const char *name);
void berth_hop_free(struct berth_hop *h);
/* With room for so many hops, which it has not yet. */
BERTH_MUST_USE enum berth_err berth_route_new(struct berth_route *out, const char *uri, size_t hops);

#endif
