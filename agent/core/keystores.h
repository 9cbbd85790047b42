/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_KEYSTORES_H
#define BERTH_AGENT_CORE_KEYSTORES_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/core/config.h"
#include "agent/core/keyrouter.h"
#include "agent/protocol/keys.h"
#include "berth/err.h"

/* The keystores of the configuration, a berth-keyd for each, which are started, watched
 * and started again apart: one that hangs, dies or lies costs its own calls
 * (E_KEYSTORE) and nothing else.  To the protocols they are one struct berth_keys
 * (keyrouter.h).  One thread. */
struct berth_keystores;

/* Starts them all and waits until each has its store open.  [keystore main], or else the
 * first section, holds whatever no other claims.  create: make the stores where there
 * are none.  E_CONFIG: no section, or claims that do not go together; E_KEYSTORE: a
 * store that does not open, or a key that is not in the store that claims it.  cfg is
 * not needed any more afterwards. */
BERTH_MUST_USE enum berth_err
berth_keystores_open(struct berth_keystores **out, const struct berth_config *cfg, const char *libexec_dir, bool create);
/* Whether the sections go together, without starting anything; none at all is fine. */
BERTH_MUST_USE enum berth_err berth_keystores_check(const struct berth_config *cfg);
void berth_keystores_free(struct berth_keystores *ks);	/* ends them; NULL is fine */

/* Borrowed. */
struct berth_keys *berth_keystores_keys(struct berth_keystores *ks);
bool berth_keystores_empty(const struct berth_keystores *ks);	/* no store had a key when it was opened */

/* One turn of the daemon's loop: at most BERTH_KEYROUTER_MAX descriptors to poll for,
 * and afterwards what is to be done about them. */
size_t berth_keystores_poll(const struct berth_keystores *ks, struct pollfd *p);
void berth_keystores_run(struct berth_keystores *ks, const struct pollfd *p);
uint32_t berth_keystores_timeout_ms(const struct berth_keystores *ks);	/* until run() has work; UINT32_MAX: none */

#endif
