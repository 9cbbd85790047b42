/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_SANDBOX_H
#define BERTH_AGENT_NETD_SANDBOX_H

#include <stdbool.h>

#include "agent/ipc/netd_proto.h"

/* Confines netd, once it knows its configuration and before it starts a thread (C159):
 *
 *	calls	sockets of the internet and of this machine, threads, memory, time, and
 *		looking at files.  What nobody who serves has a use for (another program
 *		or process, tracing, mounts, raw packets, keyrings ...) ends the process,
 *		and the core starts another.  Anything else fails as on a kernel that does
 *		not know it: libraries and name services of ten years are not all known.
 *	paths	libraries, what the name service reads, authorities' certificates, the
 *		files of [tls], and the folders of nng+ipc listeners, to make sockets in.
 *
 * Aborts when the kernel refuses.  With BERTH_UNCONFINED, as builds with sanitizers or
 * coverage are, it does nothing. */
void berth_netd_sandbox(const struct berth_net_config *cfg);

/* False: a file of the name service is another one than at the start (a resolv.conf that
 * was replaced), and this process cannot open it.  Only another netd can. */
bool berth_netd_sandbox_is_current(void);

#endif
