/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_NETD_H
#define BERTH_AGENT_NETD_NETD_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/names.h"
#include "agent/ipc/netd_proto.h"
#include "agent/ipc/ready.h"

/* berth-netd: the one process with sockets to other agents.  The main thread owns
 * every struct; nng's callbacks only put jobs on the ready list.
 *   listen     REP sockets: peers' requests, held until the core answers
 *   dial       REQ sockets: our requests, one link per URI
 *   http       DIDComm over HTTP: peers' requests; NULL until somebody listens
 *   http_dial  and ours; NULL until the first
 *   ws         WebSockets, both ways; NULL until the first
 *   names      the name service, asked on its own thread (agent/ipc)
 *   browser    the same for services in DNS; NULL until the first BROWSE */
struct berth_netd_listen;
struct berth_netd_dial;
struct berth_netd_http;
struct berth_netd_http_dial;
struct berth_netd_ws;

struct berth_netd {
	struct berth_ipc core;
	struct berth_netd_listen *listen;
	struct berth_netd_dial *dial;
	struct berth_netd_http *http;
	struct berth_netd_http_dial *http_dial;
	struct berth_netd_ws *ws;
	struct berth_names *names, *browser;
	bool browsing;
	uint64_t next_request;		/* requests of peers, however they came */
	bool configured;
	bool stale;			/* to be replaced by another */
	bool tls;			/* a listener has it */
	struct berth_ready ready;
	struct berth_net_config cfg;
};

/* Runs until the core closes its end of fd (BERTH_OK) or misbehaves.  Threads and
 * sockets are left as they are: the caller ends the process with _exit(), because
 * closing them is where nng 1.5.2 fails. */
BERTH_MUST_USE enum berth_err berth_netd_run(int fd);

/* Queues a frame for the core. */
BERTH_MUST_USE enum berth_err
berth_netd_tell(struct berth_netd *n, enum berth_net_op op, struct berth_buf *payload);

/* Queues the REQUEST m, whose frame is f and which came from there. */
BERTH_MUST_USE enum berth_err
berth_netd_forward(struct berth_netd *n, struct berth_net_request *m, const struct berth_frame_request *f,
		   const struct berth_netaddr *from);

/* The one RESULT of a SEND.  With a code the detail is that of the last failure. */
void berth_netd_result(struct berth_netd *n, struct berth_net_result *m);
uint64_t berth_netd_next_request(struct berth_netd *n);
/* First of all: for a process whose peers decide what it allocates. */
void berth_netd_small_memory(void);
/* As the configuration says; more: libcurl has been loaded, too. */
void berth_netd_bound_memory(struct berth_netd *n, bool more);

/* nng's threads, before anything else of it: one for callbacks, one for time-outs, on
 * whatever machine. */
BERTH_MUST_USE enum berth_err berth_netd_nng_start(void);

BERTH_MUST_USE enum berth_err berth_netd_listen_new(struct berth_netd *n);
/* Removes the sockets of nng+ipc listeners. */
void berth_netd_listen_unlink(struct berth_netd *n);
/* After the configuration has changed. */
void berth_netd_listen_limits(struct berth_netd *n);
/* Starts a listener; bound is its URI with the real port. */
BERTH_MUST_USE enum berth_err
berth_netd_listen_add(struct berth_netd *n, const char *uri, char bound[BERTH_NET_URI_MAX + 1]);
/* False: there is no listener of that URI. */
bool berth_netd_listen_remove(struct berth_netd *n, const char *uri);
/* To one that is gone it is lost. */
void berth_netd_listen_reply(struct berth_netd *n, const struct berth_net_reply *m);
/* Timeouts.  How soon to look again: when the first request that is held has been for long enough, else
 * after BERTH_NETD_LATER_MS, -1 with nothing to watch.  Others that wait for something without a
 * time of its own say BERTH_NETD_SOON_MS. */
#define BERTH_NETD_SOON_MS 1000
#define BERTH_NETD_LATER_MS 15000
int berth_netd_listen_tick(struct berth_netd *n, uint64_t now_ms);

BERTH_MUST_USE enum berth_err berth_netd_dial_new(struct berth_netd *n);
void berth_netd_dial_limits(struct berth_netd *n);
void berth_netd_dial_send(struct berth_netd *n, const struct berth_net_send *m);
/* The next SEND to that URI asks for its address and connects again. */
void berth_netd_dial_drop(struct berth_netd *n, const char *uri);
int berth_netd_dial_tick(struct berth_netd *n, uint64_t now_ms);

/* The same for http://, https://, ws:// and wss:// URIs.  fd: for poll(), -1: nothing yet; tick does
 * what has become due. */
void berth_netd_http_limits(struct berth_netd *n);
BERTH_MUST_USE enum berth_err
berth_netd_http_listen_add(struct berth_netd *n, const char *uri, char bound[BERTH_NET_URI_MAX + 1]);
bool berth_netd_http_listen_remove(struct berth_netd *n, const char *uri);
/* False: no such request is held there. */
bool berth_netd_http_reply(struct berth_netd *n, uint64_t request, const struct berth_frame_reply *f);
int berth_netd_http_fd(const struct berth_netd *n);
int berth_netd_http_tick(struct berth_netd *n, uint64_t now_ms);
void berth_netd_http_send(struct berth_netd *n, const struct berth_net_send *m);
void berth_netd_http_dial_limits(struct berth_netd *n);
int berth_netd_http_dial_fd(const struct berth_netd *n);
int berth_netd_http_dial_tick(struct berth_netd *n, uint64_t now_ms);

/* The same for WebSockets, which http listens and dials for.  send: false, none to that
 * URI is open. */
void berth_netd_ws_limits(struct berth_netd *n);
bool berth_netd_ws_reply(struct berth_netd *n, uint64_t request, const struct berth_frame_reply *f);
bool berth_netd_ws_send(struct berth_netd *n, const struct berth_net_send *m);
int berth_netd_ws_fd(const struct berth_netd *n);
int berth_netd_ws_tick(struct berth_netd *n, uint64_t now_ms);

/* SERVICES follows, whatever becomes of it. */
void berth_netd_browse(struct berth_netd *n, const struct berth_net_browse *m);

/* As berth_names_ask(); this netd is stale from then on if the files of the name service
 * are others by now. */
BERTH_MUST_USE enum berth_err berth_netd_ask(struct berth_netd *n, struct berth_lookup *l);

#endif
