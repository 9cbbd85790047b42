/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_SANDBOX_H
#define BERTH_AGENT_CORE_SANDBOX_H

#include "agent/core/config.h"

/* Confines the core, once everything is open and before it hears the first message (C159):
 *
 *	calls	what a store, sockets of this machine and a poll loop need.  Another program
 *		or process, sockets of a network, tracing, mounts, keyrings ... end it.
 *		Anything else fails as on a kernel that does not know it.  Programs are
 *		started by the starter (agent/ipc/starter.h), which is not confined.
 *	paths	to write: the store's folder, and the one of the sockets; to read: the
 *		folders of the configuration and of hints-file (new ones come by rename), the files and
 *		folders that it names for the core, /proc, and the lists of users and groups.
 *
 * config_path: of the file that SIGHUP reads again.  A file that a later configuration
 * names and the first one did not takes a restart.  Aborts when the kernel refuses.  With
 * BERTH_UNCONFINED, as builds with sanitizers or coverage are, it does nothing. */
void berth_core_sandbox(const struct berth_config *cfg, const char *config_path);

#endif
