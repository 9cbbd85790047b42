/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_WS_FRAME_H
#define BERTH_AGENT_NETD_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* Frames of RFC 6455, without any connection: octets in, messages out.  What the
 * standard forbids is refused: reserved bits and opcodes, masks where there must be none
 * and none where there must be, lengths not in their shortest form, control frames in
 * parts or above 125 octets, a continuation of nothing. */
enum berth_ws_op {
	BERTH_WS_MORE = 0,
	BERTH_WS_TEXT = 1,
	BERTH_WS_BINARY = 2,
	BERTH_WS_CLOSE = 8,
	BERTH_WS_PING = 9,
	BERTH_WS_PONG = 10
};
#define BERTH_WS_CONTROL_MAX 125
#define BERTH_WS_HEAD_MAX 14
#define BERTH_WS_MASK_LEN 4
#define BERTH_WS_PARTS_MAX 128		/* of one message: each costs a peer two octets and us a turn */

struct berth_ws_in {
	bool masked;			/* as the other side must: a client's frames are */
	size_t message_max;
	/* the frame that is being read */
	uint8_t head[BERTH_WS_HEAD_MAX];
	size_t n_head;
	bool in_payload;
	uint64_t left;
	size_t at;			/* of the payload, for the mask */
	/* the message */
	enum berth_ws_op op;		/* MORE: none has begun */
	struct berth_buf message;
	size_t parts;
	uint8_t control[BERTH_WS_CONTROL_MAX];	/* the payload of a frame that is none */
};

struct berth_ws_event {
	bool is;			/* false: all octets are read, and nothing is complete */
	enum berth_ws_op op;		/* TEXT, BINARY, CLOSE, PING, PONG */
	const uint8_t *p;		/* borrowed until the next take */
	size_t n;
};

/* Reads from p what belongs to one event; *used: how many octets of n.  A message stays
 * in in->message until the next take.  E_ENV: not the protocol; E_SIZE: above
 * message_max or in too many parts; E_NOMEM.  After a failure no more can be read. */
BERTH_MUST_USE enum berth_err
berth_ws_take(struct berth_ws_in *in, const uint8_t *p, size_t n, size_t *used, struct berth_ws_event *ev);
void berth_ws_in_free(struct berth_ws_in *in);

/* One whole frame; mask NULL: a server's. */
void berth_ws_put(struct berth_buf *out, enum berth_ws_op op, const uint8_t mask[BERTH_WS_MASK_LEN], const void *p,
		  size_t n);

#endif
