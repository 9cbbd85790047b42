/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_HTTP_H
#define BERTH_AGENT_NETD_HTTP_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/ipc/http_uri.h"
#include "agent/ipc/limit.h"
#include "agent/netd/http_text.h"
#include "agent/netd/mhd.h"
#include "agent/netd/netd.h"

/* The listening half of DIDComm over HTTP, on the main thread: http_listen.c starts and
 * stops and has the connections, http_bind.c their sockets, http_tls.c certificates,
 * http_serve.c what is said on them.  We accept
 * ourselves, so that the limits are known before libmicrohttpd spends anything on a
 * connection, and hand the descriptors to it. */
#define BERTH_NETD_HTTP_LISTENERS_MAX 16
#define BERTH_NETD_HTTP_STEP_MS 60000u	/* for a head and its body; for taking the answer */
#define BERTH_NETD_HTTP_IDLE_MS 60000u	/* between two requests */

struct berth_netd_http_listener {
	char uri[BERTH_NET_URI_MAX + 1];
	const char *path;		/* in uri, or "/" */
	int fd;
	bool used, tls, ws;
};

struct berth_netd_http_request {
	enum { READING, HELD, ANSWERED, GONE } state;
	struct berth_buf body;
	size_t seen;			/* of the body, kept or not */
	int status;			/* 0, or what it will hear */
	uint32_t retry_after_s;
	bool counted;			/* in the limits, until it ends */
	bool gives;			/* its answer has a message */
	uint64_t id, until_ms;		/* of a held one */
	struct berth_buf answer;
	struct berth_http_head head;
	struct MHD_Connection *mc;
};

struct berth_netd_ws_conn;
struct berth_netd_http_conn {
	struct berth_netd_http_conn *next;
	struct berth_netd_http *h;
	const struct berth_netd_http_listener *at;
	struct berth_netd_http_request *rq;	/* NULL: between two */
	struct berth_netaddr addr;
	int fd;				/* libmicrohttpd's */
	uint32_t id;
	uint64_t deadline_ms, idle_ms;
	bool cut;			/* shut down, will be reported closed */
	bool upgraded;			/* its octets are a WebSocket's: */
	struct berth_netd_ws_conn *ws;	/* NULL once that has ended */
};

/* libmicrohttpd has TLS for all connections of a daemon, or for none. */
struct berth_netd_http_daemon {
	struct MHD_Daemon *it;		/* NULL: nobody listens that way */
};

struct berth_netd_http {
	struct berth_netd *n;
	const struct berth_mhd *mhd;
	struct berth_netd_http_daemon plain, secure;
	int epoll;
	struct berth_netd_http_listener listeners[BERTH_NETD_HTTP_LISTENERS_MAX];
	struct berth_netd_http_conn *conns;
	struct berth_limit limit;
	uint32_t next_conn, n_held;
	uint64_t paused_until_ms;
};

/* http_bind.c.  E_CONFIG: not a URI to listen on.  The port: 0 is any, and then which. */
BERTH_MUST_USE enum berth_err
berth_netd_http_listen_uri(struct berth_http_uri *u, struct berth_netaddr *a, const char *uri);
BERTH_MUST_USE enum berth_err berth_netd_http_bind(int *out, uint16_t *port, const struct berth_netaddr *a);
void berth_netd_http_bound_uri(char bound[BERTH_NET_URI_MAX + 1], const struct berth_http_uri *u);

/* http_tls.c: what a daemon with TLS is started with; forget() once it has been. */
struct berth_netd_http_tls {
	struct berth_buf certificate, key, clients;
	struct MHD_OptionItem options[5];
};
BERTH_MUST_USE enum berth_err
berth_netd_http_tls_read(struct berth_netd_http_tls *t, const struct berth_net_tls *files);
void berth_netd_http_tls_forget(struct berth_netd_http_tls *t);
/* Whether a connection may ask for anything: with [tls] clients, not without a
 * certificate of theirs. */
bool berth_netd_http_tls_is_let_in(const struct berth_netd_http_conn *c, struct MHD_Connection *mc);

/* http_serve.c: what libmicrohttpd calls. */
enum MHD_Result berth_netd_http_on_request(void *cls, struct MHD_Connection *mc, const char *url, const char *method,
					   const char *version, const char *data, size_t *data_n, void **state);
void berth_netd_http_on_completed(void *cls, struct MHD_Connection *mc, void **state,
				  enum MHD_RequestTerminationCode code);
/* Held requests: the peer left (false: none was held); the core did not answer in time. */
bool berth_netd_http_left(struct berth_netd_http_conn *c);
void berth_netd_http_late(struct berth_netd_http_conn *c);

/* ws_serve.c: requests to a listener for WebSockets.  judge: 101, or a status that refuses
 * it; upgrade: says 101, and the connection is a WebSocket's. */
int berth_netd_ws_judge(struct berth_netd_http_conn *c, struct MHD_Connection *mc, const char *method, const char *url);
enum MHD_Result berth_netd_ws_upgrade(struct berth_netd_http_conn *c, struct MHD_Connection *mc);

#endif
