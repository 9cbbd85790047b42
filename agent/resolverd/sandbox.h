/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_RESOLVERD_SANDBOX_H
#define BERTH_AGENT_RESOLVERD_SANDBOX_H

#include <stdbool.h>

#include "agent/ipc/http_policy.h"
#include "agent/resolverd/paths.h"

/* Confines resolverd for good, once all adapters are loaded and started (C159):
 *
 *	calls	sockets that connect, threads (of the name service), memory, time, files to
 *		look at, and where something is published, files to write.  Every other call
 *		ends the process, and the core starts another; but for a few that libraries
 *		only try, which fail as on a kernel that does not know them.
 *	paths	libraries (libcurl comes with the first exchange, the name service's with
 *		the first name), what the name service reads, authorities' certificates, and
 *		what the configuration names.  Nothing of that can be run as a program.
 *	sockets	of TCP and UDP and no protocol beside them; TCP to the ports of the policy,
 *		where it names some or a proxy and the kernel can tell them apart, and never
 *		bound to one.
 *
 * Aborts when the kernel refuses.  With BERTH_UNCONFINED, as builds with sanitizers or
 * coverage are, it does nothing. */
void berth_resolverd_sandbox(const struct berth_res_paths *paths, const struct berth_res_http_policy *policy);

/* False: a file that was there then is another one now (a resolv.conf, a bundle or a
 * secret that was replaced), and this process cannot open it.  Only another one can. */
bool berth_resolverd_sandbox_is_current(const struct berth_res_paths *paths);

#endif
