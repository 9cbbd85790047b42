/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_HTTP_TEXT_H
#define BERTH_AGENT_NETD_HTTP_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/ipc/frame.h"
#include "berth/err.h"
#include "did/base/buf.h"

/* What DIDComm over HTTP says in words (docs/http-transport.md), without any
 * connection: libmicrohttpd and libcurl have taken the octets apart. */
#define BERTH_HTTP_HEADERS_MAX ((size_t)8 << 10)	/* above it: 431 */
#define BERTH_HTTP_ACKS "Berth-Acks"
/* base64url of one octet 1 and the acks of the frame */
#define BERTH_HTTP_ACKS_MAX (((1 + BERTH_FRAME_ACKS_MAX * BERTH_FRAME_ACK_LEN) * 4 + 2) / 3)

/* The head of a request, field by field. */
struct berth_http_head {
	size_t bytes;
	unsigned lengths, codings, types, acks_fields;
	bool chunked;
	bool v1;			/* a Content-Type of DIDComm v1 */
	uint64_t length;		/* UINT64_MAX: no number */
	enum berth_frame_media media;	/* POLL: none that we take */
	uint8_t acks[BERTH_FRAME_ACKS_MAX * BERTH_FRAME_ACK_LEN];
	size_t n_acks;
	bool bad_acks;
};
void berth_http_head_add(struct berth_http_head *h, const char *name, const char *value);
/* 0, or the status that refuses it: 400, 404, 405, 411, 413, 415, 431 (C088, C060).
 * ours: the path we listen on. */
int berth_http_judge(const struct berth_http_head *h, const char *method, const char *path, const char *ours,
		     size_t message_max);
/* Where one request ends and the next begins is anybody's guess. */
bool berth_http_head_is_ambiguous(const struct berth_http_head *h);

/* Value of the acks' field; n_acks 0 says that we will acknowledge what we are given. */
void berth_http_acks_encode(struct berth_buf *out, const uint8_t *acks, size_t n_acks);
/* E_B64, E_ENV, E_SIZE. */
BERTH_MUST_USE enum berth_err
berth_http_acks_decode(uint8_t acks[BERTH_FRAME_ACKS_MAX * BERTH_FRAME_ACK_LEN], size_t *n_acks, const char *value);

const char *berth_http_type_of(enum berth_frame_media m);

/* Our answer to a request: the status of what the core said. */
int berth_http_status_of(const struct berth_frame_reply *r);

/* What a server's answer means to our outbox, as a reply frame: 2xx stored, with the
 * message if its type says that it is one; 4xx that no other try will change refused,
 * everything else busy.  retry_after_s: what it asked for, 0: nothing. */
struct berth_http_answer {
	long status;
	const char *type;		/* Content-Type; may be NULL */
	int64_t retry_after_s;
	const uint8_t *body;
	size_t body_len;
};
BERTH_MUST_USE enum berth_err
berth_http_answer_frame(struct berth_buf *frame, const struct berth_http_answer *a);

#endif
