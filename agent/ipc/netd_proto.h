/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_NETD_PROTO_H
#define BERTH_AGENT_IPC_NETD_PROTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/frame.h"
#include "agent/ipc/netpol.h"
#include "berth/err.h"
#include "did/base/buf.h"

/* What the core and netd say to each other in IPC frames.  No op has an answer of
 * its own; ids and URIs tie them together, and the frame's seq is 0.  Decoders
 * borrow from the payload; malformed is E_TYPE, and the connection is closed.
 *
 *   core -> netd
 *     CONFIG   limits and egress policy; first, and again on reload
 *     LISTEN   uri                    -> LISTENING
 *     SEND     id, uri, deadline, request frame  -> RESULT, exactly one
 *     REPLY    request id, reply frame
 *     CLOSE    uri: of a listener, which ends, or of a peer, which is redialled
 *     BROWSE   DNS server, domains    -> SERVICES
 *   netd -> core
 *     LISTENING  uri, code, bound uri (its port when 0 was asked for)
 *     REQUEST    request id, transport, connection, peer, request frame
 *     RESULT     id, code, detail, octets, reply frame
 *     GONE       request id: the peer left or waited too long; REPLY would be lost, or
 *                (HTTP) the message in it was
 *     SENT       request id: (HTTP) the REPLY with a message in it left completely
 *     SERVICES   code, octets, hints (agent/protocol/hints.h); one BROWSE at a time
 *
 * A REQUEST is open until REPLY or GONE; netd answers it by itself (busy, or an
 * empty reply to a poll) after park_ms.  A REPLY to one that is gone is ignored. */
enum berth_net_op {
	BERTH_NET_CONFIG = 1,
	BERTH_NET_LISTEN,
	BERTH_NET_SEND,
	BERTH_NET_REPLY,
	BERTH_NET_CLOSE,
	BERTH_NET_BROWSE,
	BERTH_NET_LISTENING = 16,
	BERTH_NET_REQUEST,
	BERTH_NET_RESULT,
	BERTH_NET_GONE,
	BERTH_NET_SENT,
	BERTH_NET_SERVICES
};

/* HTTP takes one message in a REPLY.  HTTP_ACKS: and the peer acknowledges it later, as
 * nng's do; from another there will be SENT or GONE.  WS: all REQUESTs of a connection have
 * one number, by which REPLYs reach it as often as one likes, until GONE; SENT comes for
 * each message in them, in their order. */
enum berth_net_transport { BERTH_NET_TCP = 1, BERTH_NET_IPC = 2, BERTH_NET_HTTP = 3, BERTH_NET_HTTP_ACKS = 4,
			  BERTH_NET_WS = 5 };

#define BERTH_NET_URI_MAX 511
#define BERTH_NET_PEER_MAX BERTH_NETADDR_TEXT_MAX
#define BERTH_NET_DETAIL_MAX 255
#define BERTH_NET_DEADLINE_MAX_MS 300000u
#define BERTH_NET_CONNS_MAX 8192u

/* TLS of every kind.  Only names of files: netd alone reads them.  "": none. */
#define BERTH_NET_FILE_MAX 255
struct berth_net_tls {
	char certificate[BERTH_NET_FILE_MAX + 1];	/* ours, with its chain: listeners', and shown to who asks */
	char key[BERTH_NET_FILE_MAX + 1];
	char ca[BERTH_NET_FILE_MAX + 1];	/* who is believed when we dial; none: HTTP's system authorities */
	char clients[BERTH_NET_FILE_MAX + 1];	/* by whose certificates one may connect; none: anybody */
};

#define BERTH_NET_LISTENERS_MAX 16
#define BERTH_NET_ORIGINS_MAX 1023
struct berth_net_config {
	uint32_t message_max;		/* bytes; larger: status 3 */
	uint32_t conns_max;		/* incoming connections */
	uint32_t conns_source_max;	/* of them from one address (IPv6: one /64) */
	uint32_t requests_max;		/* open at once, parked ones too; of one address half of them and one */
	uint32_t rate_per_s, burst;	/* requests of one address */
	uint32_t host_rate_per_s;	/* of ours to one address; BERTH_NET_BURST_S of them at once */
	uint32_t park_ms;		/* at most 58 s */
	bool clock_trusted;		/* else no certificate can be judged: E_CLOCK */
	struct berth_net_tls tls;
	char sockets[BERTH_NET_LISTENERS_MAX][BERTH_NETPOL_PATH_MAX + 1];	/* folders of nng+ipc listeners */
	size_t n_sockets;
	char origins[BERTH_NET_ORIGINS_MAX + 1];	/* words: whose pages may open a WebSocket to us */
	struct berth_netpol policy;	/* owned; berth_netpol_free() */
};
/* Of the limits that the configuration sets; the burst is so many seconds' requests. */
#define BERTH_NET_RATE_MAX 1000000u
#define BERTH_NET_BURST_S 4
/* The limits of a gateway; the policy lets nothing special through. */
void berth_net_config_init(struct berth_net_config *c);
void berth_net_config_encode(struct berth_buf *out, const struct berth_net_config *c);
BERTH_MUST_USE enum berth_err berth_net_config_decode(struct berth_net_config *c, const void *p, size_t n);

/* LISTEN and CLOSE. */
struct berth_net_uri_msg {
	char uri[BERTH_NET_URI_MAX + 1];
};
void berth_net_uri_encode(struct berth_buf *out, const char *uri);
BERTH_MUST_USE enum berth_err berth_net_uri_decode(struct berth_net_uri_msg *m, const void *p, size_t n);

struct berth_net_send {
	uint64_t id;
	char uri[BERTH_NET_URI_MAX + 1];
	uint32_t deadline_ms;		/* 0: 60 s */
	const uint8_t *frame;		/* berth_frame_request */
	size_t frame_len;
};
void berth_net_send_encode(struct berth_buf *out, const struct berth_net_send *m);
BERTH_MUST_USE enum berth_err berth_net_send_decode(struct berth_net_send *m, const void *p, size_t n);

struct berth_net_reply {
	uint64_t request;
	const uint8_t *frame;		/* berth_frame_reply */
	size_t frame_len;
};
void berth_net_reply_encode(struct berth_buf *out, const struct berth_net_reply *m);
BERTH_MUST_USE enum berth_err berth_net_reply_decode(struct berth_net_reply *m, const void *p, size_t n);

struct berth_net_listening {
	char uri[BERTH_NET_URI_MAX + 1];	/* as LISTEN named it */
	enum berth_err code;
	char detail[BERTH_NET_DETAIL_MAX + 1];
	char bound[BERTH_NET_URI_MAX + 1];
};
void berth_net_listening_encode(struct berth_buf *out, const struct berth_net_listening *m);
BERTH_MUST_USE enum berth_err berth_net_listening_decode(struct berth_net_listening *m, const void *p, size_t n);

struct berth_net_request {
	uint64_t request;
	enum berth_net_transport transport;
	uint32_t conn;			/* the same number: the same connection */
	char peer[BERTH_NET_PEER_MAX + 1];	/* address without port; "ipc" */
	const uint8_t *frame;		/* berth_frame_request, checked by netd */
	size_t frame_len;
};
void berth_net_request_encode(struct berth_buf *out, const struct berth_net_request *m);
BERTH_MUST_USE enum berth_err berth_net_request_decode(struct berth_net_request *m, const void *p, size_t n);

struct berth_net_result {
	uint64_t id;
	enum berth_err code;		/* BERTH_OK: there is a frame */
	bool later;			/* worth another try whatever the code: certificates are renewed */
	char detail[BERTH_NET_DETAIL_MAX + 1];
	uint32_t sent, received;	/* octets on the connection, headers of the link counted */
	const uint8_t *frame;		/* berth_frame_reply, checked by netd */
	size_t frame_len;
};
void berth_net_result_encode(struct berth_buf *out, const struct berth_net_result *m);
BERTH_MUST_USE enum berth_err berth_net_result_decode(struct berth_net_result *m, const void *p, size_t n);

/* Which agents DNS names there (RFC 6763, unicast). */
#define BERTH_NET_SERVER_MAX 63
#define BERTH_NET_DOMAINS_MAX 1023
struct berth_net_browse {
	char server[BERTH_NET_SERVER_MAX + 1];	/* an address, a port may follow it; "": of resolv.conf */
	char domains[BERTH_NET_DOMAINS_MAX + 1];	/* words; "search": those of resolv.conf */
};
void berth_net_browse_encode(struct berth_buf *out, const struct berth_net_browse *m);
BERTH_MUST_USE enum berth_err berth_net_browse_decode(struct berth_net_browse *m, const void *p, size_t n);

#define BERTH_NET_SERVICES_MAX 8191
struct berth_net_services {
	enum berth_err code;
	uint32_t octets;		/* of questions and answers */
	char text[BERTH_NET_SERVICES_MAX + 1];
};
void berth_net_services_encode(struct berth_buf *out, const struct berth_net_services *m);
BERTH_MUST_USE enum berth_err berth_net_services_decode(struct berth_net_services *m, const void *p, size_t n);

/* GONE and SENT. */
void berth_net_gone_encode(struct berth_buf *out, uint64_t request);
BERTH_MUST_USE enum berth_err berth_net_gone_decode(uint64_t *request, const void *p, size_t n);

#endif
