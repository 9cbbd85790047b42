/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_NETD_WS_TEXT_H
#define BERTH_AGENT_NETD_WS_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "berth/err.h"

/* The handshake of RFC 6455 in words, without any connection. */
#define BERTH_WS_KEY_LEN 24		/* base64 of 16 octets */
#define BERTH_WS_ACCEPT_LEN 28		/* base64 of a SHA-1 */
#define BERTH_WS_ORIGIN_MAX 255
#define BERTH_WS_ANSWER_MAX ((size_t)8 << 10)
/* What is hashed into the answer: the key and this. */
#define BERTH_WS_GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

/* The head of a request, field by field. */
struct berth_ws_head {
	size_t bytes;
	unsigned keys, versions, origins, bodies;
	bool upgrade, connection, version_13;
	char key[BERTH_WS_KEY_LEN + 1];	/* "": none that is one */
	char origin[BERTH_WS_ORIGIN_MAX + 1];
};
void berth_ws_head_add(struct berth_ws_head *h, const char *name, const char *value);
/* 101, or the status that refuses it: 400, 403 (an Origin that is not among those that
 * may: a page in somebody's browser), 404, 405, 426, 431.  origins: words, "" none. */
int berth_ws_judge(const struct berth_ws_head *h, const char *method, const char *path, const char *ours,
		   const char *origins);

void berth_ws_key_text(char out[BERTH_WS_KEY_LEN + 1], const uint8_t random[16]);
void berth_ws_accept_text(char out[BERTH_WS_ACCEPT_LEN + 1], const uint8_t sha1[20]);

/* The other side's answer, as far as it has come.  *end: where frames begin, 0: not yet
 * complete.  E_ENV: it is no 101 with that accept; *status says what it is, 0: no HTTP. */
BERTH_MUST_USE enum berth_err
berth_ws_answer(const char *text, size_t n, const char *accept, size_t *end, int *status);

#endif
