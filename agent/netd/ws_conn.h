/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_WS_CONN_H
#define BERTH_AGENT_NETD_WS_CONN_H

/* One WebSocket (ws_conn.c) as those see it who turn all of them (ws.c). */
#include "agent/netd/ws.h"

/* RFC 6455, 7.4.1 */
#define WS_CLOSE_GOING 1001
#define WS_CLOSE_PROTOCOL 1002
#define WS_CLOSE_POLICY 1008
#define WS_CLOSE_TOO_BIG 1009
#define WS_CLOSE_LATER 1013

/* What is to be read is read, and goes to the core; what it did not take may go again. */
void ws_conn_readable(struct berth_netd_ws_conn *c);
void ws_conn_again(struct berth_netd_ws_conn *c);

/* As much as leaves at once; how much could. */
void ws_conn_flush(struct berth_netd_ws_conn *c);
size_t ws_conn_may_leave(const struct berth_netd_ws_conn *c);

void ws_conn_ping(struct berth_netd_ws_conn *c);
/* The pong that the other side waits for, once the core has answered everything before it. */
void ws_conn_answer_ping(struct berth_netd_ws_conn *c);
/* Says why, as far as that goes at once, and ends. */
void ws_conn_close(struct berth_netd_ws_conn *c, unsigned why);

/* The RESULT of what was written for a SEND, or SENT for a REPLY. */
void ws_conn_result(struct berth_netd *n, const struct berth_netd_ws_written *w, enum berth_err code);

#endif
