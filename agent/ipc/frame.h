/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_FRAME_H
#define BERTH_AGENT_IPC_FRAME_H

#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"

/* The body of an nng REQ/REP exchange between two agents; docs/nng-transport.md
 * is its specification.
 *   request: u8 version | u8 media type | be16 n | n acks of 16 | packed message
 *   reply:   u8 version | u8 status | be32 retry-after s | be16 n | n x (be32 len | message)
 * Malformed is E_ENV, above a cap E_SIZE. */
#define BERTH_FRAME_VERSION 1
#define BERTH_FRAME_MESSAGE_MAX ((size_t)1 << 20)
#define BERTH_FRAME_ACK_LEN 16
#define BERTH_FRAME_ACKS_MAX 64
#define BERTH_FRAME_MESSAGES_MAX 16		/* of a reply, together at most MESSAGE_MAX */
#define BERTH_FRAME_RETRY_MAX_S 86400u
#define BERTH_FRAME_REQUEST_MAX (4 + BERTH_FRAME_ACKS_MAX * BERTH_FRAME_ACK_LEN + BERTH_FRAME_MESSAGE_MAX)
#define BERTH_FRAME_REPLY_MAX (8 + BERTH_FRAME_MESSAGES_MAX * 4 + BERTH_FRAME_MESSAGE_MAX)

enum berth_frame_media {
	BERTH_FRAME_POLL = 0,		/* no message: anything waiting for me? */
	BERTH_FRAME_ENCRYPTED = 1,	/* application/didcomm-encrypted+json */
	BERTH_FRAME_SIGNED = 2		/* application/didcomm-signed+json */
};

enum berth_frame_status {
	BERTH_FRAME_STORED = 0,
	BERTH_FRAME_BUSY = 1,		/* try again after retry-after */
	BERTH_FRAME_REFUSED = 2,	/* the same octet whatever the reason */
	BERTH_FRAME_TOO_BIG = 3
};

/* Pointers borrow from the bytes that were decoded. */
struct berth_frame_request {
	enum berth_frame_media media;
	const uint8_t *acks;		/* n_acks x BERTH_FRAME_ACK_LEN */
	size_t n_acks;
	const uint8_t *msg;
	size_t msg_len;			/* 0 only with BERTH_FRAME_POLL */
};

struct berth_frame_reply {
	enum berth_frame_status status;
	uint32_t retry_after_s;		/* larger is cut to BERTH_FRAME_RETRY_MAX_S */
	struct {
		const uint8_t *p;
		size_t n;
	} msgs[BERTH_FRAME_MESSAGES_MAX];
	size_t n_msgs;
};

/* The ack of a message: the first half of its SHA-256. */
void berth_frame_ack(uint8_t ack[BERTH_FRAME_ACK_LEN], const void *msg, size_t n);

BERTH_MUST_USE enum berth_err
berth_frame_request_decode(struct berth_frame_request *f, const void *p, size_t n);
BERTH_MUST_USE enum berth_err
berth_frame_request_encode(struct berth_buf *out, const struct berth_frame_request *f);
BERTH_MUST_USE enum berth_err
berth_frame_reply_decode(struct berth_frame_reply *f, const void *p, size_t n);
BERTH_MUST_USE enum berth_err
berth_frame_reply_encode(struct berth_buf *out, const struct berth_frame_reply *f);

#endif
