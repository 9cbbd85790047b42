/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_HINTS_H
#define BERTH_AGENT_PROTOCOL_HINTS_H

#include <stdbool.h>
#include <stddef.h>

#include "berth/err.h"

/* Where a rendezvous may be, too, or the owner, as the network at hand says (a hook of its
 * DHCP client writes that down; DNS is asked).  A line each, `URI` or `DID URI`; the DID
 * may be cut short; empty lines and those that begin with # do not count.
 *
 * Nobody vouches for it, and nobody has to: it never names a rendezvous, only another way
 * to one that the DeviceCredential names.  Messages go to that DID's keys, and only their
 * holder's answer counts, whoever is at the URI. */
#define BERTH_HINTS_MAX 8
#define BERTH_HINTS_TEXT_MAX 8192
#define BERTH_HINT_URI_MAX 255

struct berth_hint { const char *did, *uri; };	/* did NULL: of any rendezvous */

struct berth_hints {
	char *text;	/* owned; what hints point into */
	struct berth_hint v[BERTH_HINTS_MAX];
	size_t n;
};

/* All or nothing.  E_SIZE: a cap; E_DID: two words and the first is no DID; E_NETPOL: a
 * URI that is none of a network; E_TYPE: else.  There is nothing to free on failure. */
BERTH_MUST_USE enum berth_err berth_hints_parse(struct berth_hints *out, const char *text, size_t len);
void berth_hints_free(struct berth_hints *h);
bool berth_hint_is_for(const struct berth_hint *h, const char *did);

#endif
