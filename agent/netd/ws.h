/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_WS_H
#define BERTH_AGENT_NETD_WS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "agent/ipc/limit.h"
#include "agent/netd/netd.h"
#include "agent/netd/ws_frame.h"
#include "agent/netd/ws_text.h"

/* DIDComm over WebSocket (docs/websocket-transport.md), on the main thread: one message
 * of DIDComm is one of WebSocket, text or binary, and either side may begin.
 *	ws_text, ws_frame	what is said, without a connection
 *	ws_conn		an open one, whoever opened it
 *	ws		all of them, turn by turn
 *	ws_serve	those that peers open: requests to http_listen's listeners
 *	ws_dial		those that we open: http_dial connects */

/* What carries its octets: a socket, or curl with TLS. */
struct berth_netd_ws_io {
	ssize_t (*recv)(void *arg, void *p, size_t n);	/* 0: the end; -1 and EAGAIN: nothing now */
	ssize_t (*send)(void *arg, const void *p, size_t n);
	void (*close)(void *arg);			/* the last call */
};

/* A message that has been written and of which we do not know that it arrived: the other
 * side has not yet answered the ping behind it. */
#define BERTH_NETD_WS_UNCONFIRMED_MAX 64
struct berth_netd_ws_written {
	bool of_send;			/* SEND id, to have a RESULT; else in a REPLY, to have SENT */
	uint64_t id;
	uint32_t octets;
};

struct berth_netd_ws_conn {
	struct berth_netd_ws_conn *next;
	struct berth_netd_ws *w;
	const struct berth_netd_ws_io *io;
	void *io_arg;
	int fd;
	bool client;			/* we have dialled */
	bool ended;			/* freed at the end of the turn */
	bool stalled;			/* a whole message waits in `in` for the core or a limit */
	bool known;			/* the core has heard of it */
	uint32_t events;		/* what epoll was told */
	size_t greeting;		/* client: octets of our request, until it is answered; then 0 */
	uint64_t request;		/* what the core knows it by, in every REQUEST and REPLY */
	uint32_t conn;
	enum berth_ws_op kind;		/* what the other side last used: TEXT, BINARY */
	struct berth_buf unread;	/* read, and behind a message that has stalled; an answer in parts */
	struct berth_buf out;
	size_t out_at;
	uint32_t open;			/* requests that the core has not answered */
	bool asked;			/* by a ping, and the pong waits for those */
	uint64_t written, pinged;	/* messages, ever; of them behind the last ping */
	uint64_t ping_until_ms;		/* 0: none is out */
	uint64_t heard_ms, used_ms;	/* anything; a message either way */
	uint64_t begun_ms;		/* a message of which not all has come; 0: none */
	size_t n_unconfirmed, ping_len;
	struct berth_ws_in in;
	struct berth_netaddr addr;
	uint8_t ping[BERTH_WS_CONTROL_MAX];	/* what it said */
	char accept[BERTH_WS_ACCEPT_LEN + 1];	/* client: what the answer must have */
	char uri[BERTH_NET_URI_MAX + 1];	/* client: what we dialled */
	struct berth_netd_ws_written unconfirmed[BERTH_NETD_WS_UNCONFIRMED_MAX];
};

struct berth_netd_ws {
	struct berth_netd *n;
	int epoll;
	struct berth_netd_ws_conn *conns;
	struct berth_limit limit;	/* messages of one address */
	uint32_t next_conn;
};

/* NULL until the first is needed: E_NOMEM, E_UNAVAILABLE. */
BERTH_MUST_USE enum berth_err berth_netd_ws_start(struct berth_netd *n);

/* Takes arg, which io->close() ends, also on failure (NULL).  uri NULL: a peer's.  p:
 * octets that came already; of ours: our request, to be sent before anything else. */
struct berth_netd_ws_conn *
berth_netd_ws_open(struct berth_netd_ws *w, const struct berth_netd_ws_io *io, void *arg, int fd,
		   const struct berth_netaddr *a, const char *uri, const void *p, size_t n);
/* False: more is unconfirmed than we keep, or no memory. */
BERTH_MUST_USE bool berth_netd_ws_write(struct berth_netd_ws_conn *c, struct berth_netd_ws_written m, const void *p,
					size_t n);
void berth_netd_ws_end(struct berth_netd_ws_conn *c);
/* The other side will send no more; what it has sent is still read. */
void berth_netd_ws_left(struct berth_netd_ws_conn *c);

/* ws_dial.c: a connection that http_dial made goes on as one of these, and owes the RESULT
 * of what is to be sent.  What it takes out of s is NULL afterwards; false: nothing is. */
struct berth_netd_sending;
bool berth_netd_ws_dialled(struct berth_netd_sending *s);

#endif
