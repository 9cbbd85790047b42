/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_RESOLVERD_H
#define BERTH_AGENT_RESOLVERD_RESOLVERD_H

#include "berth/err.h"

/* berth-resolverd: loads adapters, confines itself, and asks them what the core wants to
 * know, many questions at a time and all on one thread.  It has no keys, no store and no
 * second chance: an adapter that breaks its contract ends the process, as one that crashes
 * does; one that hangs is killed by the core.  Returns BERTH_OK when the core has closed
 * fd. */
BERTH_MUST_USE enum berth_err berth_resolverd_run(int fd);

#endif
