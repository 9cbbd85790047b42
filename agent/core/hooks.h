/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_HOOKS_H
#define BERTH_AGENT_CORE_HOOKS_H

#include <poll.h>
#include <stdint.h>

#include "agent/core/backend.h"
#include "agent/core/config.h"

/* Runs the programs of [hook] (agent/ipc/hook.h) for the items that a gateway's owner has
 * provisioned, one after the other, each item once for each hash that it has had.  How that
 * went is a record of the store (BERTH_NS_HOOK); a crash before it is written means once more.  What fails
 * is tried again, after HOOKS_FIRST_S, then twice that, up to HOOKS_MOST_S. */
#define BERTH_HOOKS_FIRST_S 5
#define BERTH_HOOKS_MOST_S 3600
#define BERTH_HOOKS_OUTPUT_MAX 4096	/* that is logged; the rest is read and forgotten */

struct berth_hooks;

/* The hooks that cfg has, which berth_starter_hooks() was given in this order; both are
 * borrowed.  *out is NULL where there are none, which is fine for all of the following. */
BERTH_MUST_USE enum berth_err
berth_hooks_new(struct berth_hooks **out, const struct berth_config *cfg, struct berth_backend *b);
void berth_hooks_free(struct berth_hooks *h);	/* kills what runs */

/* What it waits for; v as it was where that is nothing. */
void berth_hooks_poll(const struct berth_hooks *h, struct pollfd v[2]);
/* Does what is due; in how many milliseconds to call again at the latest. */
uint32_t berth_hooks_run(struct berth_hooks *h);

#endif
