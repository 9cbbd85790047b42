/* SPDX-License-Identifier: Apache-2.0 */
/* DIDComm over HTTP as we read it, after libmicrohttpd and libcurl.  The first line is a
 * URL and the path we listen on, the next ones are header fields, the rest is a body. */
#include <stdlib.h>
#include <string.h>

#include "agent/ipc/http_uri.h"
#include "agent/netd/http_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void acks(const struct berth_http_head *h)
{
	uint8_t again[sizeof(h->acks)];
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n;

	berth_http_acks_encode(&b, h->acks, h->n_acks);
	if (berth_buf_status(&b) || berth_http_acks_decode(again, &n, berth_buf_cstr(&b)) || n != h->n_acks ||
	    memcmp(again, h->acks, n * BERTH_FRAME_ACK_LEN))
		abort();
	berth_buf_free(&b);
}

static void url(const char *text)
{
	struct berth_http_uri u;

	if (berth_http_uri_parse(&u, text))
		return;
	if (!u.host[0] || strpbrk(u.host, "/?@#\\[] ") || (*u.path && !strchr("/?", *u.path)) || !strstr(text, u.host))
		abort();
}

static void answer(long status, const char *type, const char *after, const uint8_t *body, size_t n)
{
	struct berth_http_answer a = { status, type, after ? atoll(after) : 0, body, n };
	struct berth_buf b = BERTH_BUF_INIT;
	struct berth_frame_reply r;

	if (!berth_http_answer_frame(&b, &a) &&
	    (berth_frame_reply_decode(&r, b.p, b.len) || (r.n_msgs && r.status != BERTH_FRAME_STORED)))
		abort();
	berth_buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	char *text = calloc(1, n + 1), *line = text, *next, *colon, *first = NULL, *type = NULL, *after = NULL;
	struct berth_http_head h = { 0 };
	int status;

	if (!text)
		return 0;
	memcpy(text, p, n);
	for (; *line && (next = strchr(line, '\n')) && next != line; line = next + 1) {
		*next = '\0';
		if (!first) {
			first = line;
			continue;
		}
		if ((colon = strchr(line, ':')))
			*colon++ = '\0';
		berth_http_head_add(&h, line, colon);
		type = strcmp(line, "Content-Type") == 0 ? colon : type;
		after = strcmp(line, "Retry-After") == 0 ? colon : after;
	}
	if (first) {
		url(first);
		status = berth_http_judge(&h, "POST", first, "/", BERTH_FRAME_MESSAGE_MAX);
		if (status && (status < 400 || status > 431))
			abort();
		answer(strtol(first, NULL, 10), type, after, (const uint8_t *)line, strlen(line));
	}
	if (!h.bad_acks)
		acks(&h);
	free(text);
	return 0;
}
