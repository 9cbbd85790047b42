/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_IPC_IPC_H
#define BERTH_AGENT_IPC_IPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/cur.h"

/* What the processes say to each other over an inherited socketpair (AF_UNIX,
 * SOCK_STREAM).  A frame is
 *   be32 length of what follows | be16 op | be32 seq | payload
 * and at most BERTH_IPC_MAX after the length.  The other side is never trusted:
 * the first fault in a frame fails the connection for good, and so does a
 * deadline, because nothing tells a late answer from a wrong one.  The owner then
 * kills the process and starts a new one.
 *
 * Codes: E_SIZE a length out of bounds, E_TYPE a malformed answer, E_QUOTA the
 * out-queue is full, E_UNAVAILABLE the other side is gone, silent or failed. */
#define BERTH_IPC_MAX ((size_t)2 << 20)
#define BERTH_IPC_HEAD 6		/* op and seq */
#define BERTH_IPC_PAYLOAD_MAX (BERTH_IPC_MAX - BERTH_IPC_HEAD)
#define BERTH_IPC_QUEUE_MAX ((size_t)8 << 20)	/* bytes waiting to be written */
#define BERTH_IPC_FD 3			/* the socket in a child */
#define BERTH_IPC_FOREVER (-1)

/* Ops of answers to berth_ipc_call(); requests number theirs from 1. */
#define BERTH_IPC_OK 0
#define BERTH_IPC_ERR 0xffff		/* be16 enum berth_err, str16 detail */
#define BERTH_IPC_DETAIL_MAX 255

struct berth_ipc_frame {
	uint16_t op;
	uint32_t seq;
	const uint8_t *p;	/* payload; borrowed until the next read */
	size_t n;
};

struct berth_ipc {
	int fd;			/* owned; -1 when closed */
	uint32_t seq;		/* of the last call */
	struct berth_buf in, out;
	size_t out_at;		/* already written */
	struct berth_ipc_frame last;	/* what berth_ipc_recv() lent out */
	bool failed;
};

void berth_ipc_init(struct berth_ipc *c, int fd);	/* takes fd */
void berth_ipc_close(struct berth_ipc *c);		/* safe twice */

/* The blocking side: all of it within deadline_ms (BERTH_IPC_FOREVER: no limit). */
BERTH_MUST_USE enum berth_err
berth_ipc_send(struct berth_ipc *c, uint16_t op, uint32_t seq, const void *p, size_t n, int deadline_ms);
BERTH_MUST_USE enum berth_err
berth_ipc_recv(struct berth_ipc *c, struct berth_ipc_frame *f, int deadline_ms);	/* what is queued leaves before it waits */

void berth_ipc_drop(struct berth_ipc *c);	/* wipes the frame that recv lent out */

/* Sends a request and waits for its answer, whose payload is appended to reply
 * (NULL: must be empty).  A BERTH_IPC_ERR answer becomes this call's own code and
 * detail, and leaves the connection usable. */
BERTH_MUST_USE enum berth_err
berth_ipc_call(struct berth_ipc *c, uint16_t op, const struct berth_buf *payload, int deadline_ms,
	       struct berth_buf *reply);

/* Its two halves, for a caller that has something to do in between. */
BERTH_MUST_USE enum berth_err
berth_ipc_ask(struct berth_ipc *c, uint16_t op, const struct berth_buf *payload, int deadline_ms);
BERTH_MUST_USE enum berth_err berth_ipc_take(struct berth_ipc *c, int deadline_ms, struct berth_buf *reply);
/* Of several calls that were asked (or queued, numbered on from c->seq) before any was
 * answered: they are taken in their order. */
BERTH_MUST_USE enum berth_err
berth_ipc_take_of(struct berth_ipc *c, uint32_t seq, int deadline_ms, struct berth_buf *reply);

/* What a frame says as the answer to the last call, whose number is c->seq: for who
 * does not wait in berth_ipc_call(). */
BERTH_MUST_USE enum berth_err
berth_ipc_take_answer(struct berth_ipc *c, const struct berth_ipc_frame *f, struct berth_buf *reply);

/* The served side of berth_ipc_call(): rc is what the operation yielded; payload
 * (NULL: empty) goes out with BERTH_OK, this thread's error detail else.  later: it is
 * queued, and leaves when berth_ipc_recv() has no frame at hand and would wait, or with
 * flush. */
BERTH_MUST_USE enum berth_err
berth_ipc_answer(struct berth_ipc *c, uint32_t seq, enum berth_err rc, const struct berth_buf *payload);
BERTH_MUST_USE enum berth_err
berth_ipc_answer_later(struct berth_ipc *c, uint32_t seq, enum berth_err rc, const struct berth_buf *payload);
BERTH_MUST_USE enum berth_err berth_ipc_flush(struct berth_ipc *c);

/* The non-blocking side, for a poll loop.  queue: E_QUOTA when the frame does not
 * fit any more; the connection stays usable.  on_readable: reads what is there and
 * calls fn for each whole frame; when fn fails, the connection does, with fn's
 * code.  fn may queue, but not close. */
BERTH_MUST_USE enum berth_err
berth_ipc_queue(struct berth_ipc *c, uint16_t op, uint32_t seq, const void *p, size_t n);
bool berth_ipc_wants_write(const struct berth_ipc *c);
typedef enum berth_err berth_ipc_frame_fn(void *arg, const struct berth_ipc_frame *f);
BERTH_MUST_USE enum berth_err
berth_ipc_on_readable(struct berth_ipc *c, berth_ipc_frame_fn *fn, void *arg);
/* Reads together what there is, 256 KiB at most; ahead sees all its frames before fn gets the
 * first of them, and their payloads stay where they are until fn has had the last.  When
 * ahead fails it sees no more. */
BERTH_MUST_USE enum berth_err
berth_ipc_on_readable_ahead(struct berth_ipc *c, berth_ipc_frame_fn *ahead, berth_ipc_frame_fn *fn, void *arg);
BERTH_MUST_USE enum berth_err berth_ipc_on_writable(struct berth_ipc *c);

#endif
