/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_URI_H
#define BERTH_AGENT_NETD_URI_H

#include <stdint.h>

#include "agent/ipc/netpol.h"
#include "berth/err.h"

/* nng+tcp://host:port, nng+tls://host:port, both with [v6] too, and nng+ipc:///path. */
enum berth_netd_scheme { BERTH_NETD_TCP, BERTH_NETD_TLS, BERTH_NETD_IPC };

struct berth_netd_uri {
	enum berth_netd_scheme scheme;
	char host[BERTH_NETPOL_NAME_MAX + 1];
	uint16_t port;
	char path[BERTH_NETPOL_PATH_MAX + 1];
};

/* E_CONFIG for anything else, inproc:// too. */
BERTH_MUST_USE enum berth_err berth_netd_uri_parse(struct berth_netd_uri *u, const char *text);

/* "tcp://127.0.0.1:7000", "tls+tcp://[::1]:7000", "ipc:///path": what nng dials. */
#define BERTH_NETD_URL_MAX 127
void berth_netd_uri_nng(char out[BERTH_NETD_URL_MAX + 1], const struct berth_netd_uri *u, const struct berth_netaddr *a);

/* E_CONFIG when others could put something else where the socket is, or when
 * something else is there. */
BERTH_MUST_USE enum berth_err berth_netd_ipc_check(const char *path);

#endif
