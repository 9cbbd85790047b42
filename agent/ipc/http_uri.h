/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_HTTP_URI_H
#define BERTH_AGENT_IPC_HTTP_URI_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/ipc/netpol.h"
#include "berth/err.h"

/* http://host[:port][/path][?query], https://, ws:// and wss://: what a DIDComm service
 * names, and where we listen.  What two readers of a URL could take differently is refused: user
 * information, fragments, backslashes, everything outside of printable ASCII. */
struct berth_http_uri {
	bool tls, ws;				/* ws, wss: WebSocket begins as HTTP */
	char host[BERTH_NETPOL_NAME_MAX + 1];	/* IPv6 without its brackets */
	uint16_t port;				/* 80 and 443 when none is named */
	const char *path;			/* borrowed from the text, with the query; "" is "/" */
};

bool berth_uri_is_http(const char *text);
bool berth_uri_is_ws(const char *text);	/* ws:// and wss:// */
/* E_CONFIG for anything else. */
BERTH_MUST_USE enum berth_err berth_http_uri_parse(struct berth_http_uri *u, const char *text);
/* E_NETPOL: a port that belongs to another protocol (0, and below 1024 all but 80 and
 * 443): whoever wrote the document would have us talk to a mail server. */
BERTH_MUST_USE enum berth_err berth_http_uri_check_port(const struct berth_http_uri *u);

#endif
