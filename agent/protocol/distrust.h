/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_DISTRUST_H
#define BERTH_AGENT_PROTOCOL_DISTRUST_H

#include <stdbool.h>

#include "berth/err.h"
#include "did/base/json.h"

/* Who told us lies, and sits out for that (ONBOARDING C.4).  Needs no clock: time passes
 * in rounds of asking.  A first lie is only noted; with every further one the weight
 * grows, and each round that is sat out, like each honest answer, halves it.  Kept in
 * notes, {name: weight}, as part of an instance's data.
 *
 * The caller asks everybody when everybody is distrusted: nobody is locked out. */
#define BERTH_DISTRUST_MAX 63	/* of a weight: five rounds at most */

bool berth_distrusted(const struct berth_json *notes, const char *name);
BERTH_MUST_USE enum berth_err berth_distrust_lied(struct berth_json *notes, const char *name);
/* It was honest, or has sat out a round. */
BERTH_MUST_USE enum berth_err berth_distrust_decay(struct berth_json *notes, const char *name);

#endif
