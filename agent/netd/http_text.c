/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/http_text.h"

#include <string.h>
#include <strings.h>

#include "did/base/cur.h"
#include "did/codec/base64url.h"
#include "didcomm/media.h"

#define ACKS_VERSION 1
#define FIELD_OVERHEAD 4	/* colon, space, line end */

static uint64_t parse_length(const char *s)
{
	uint64_t v = 0;

	if (!*s || strlen(s) > 18)
		return UINT64_MAX;
	for (; *s >= '0' && *s <= '9'; s++)
		v = v * 10 + (unsigned)(*s - '0');
	return *s ? UINT64_MAX : v;
}

static enum berth_frame_media media_of(const char *type)
{
	switch (berth_media_parse_content_type(type)) {
	case BERTH_MEDIA_IS_ENCRYPTED: return BERTH_FRAME_ENCRYPTED;
	case BERTH_MEDIA_IS_SIGNED: return BERTH_FRAME_SIGNED;
	default: return BERTH_FRAME_POLL;
	}
}

void berth_http_head_add(struct berth_http_head *h, const char *name, const char *value)
{
	value = value ? value : "";
	h->bytes += strlen(name) + strlen(value) + FIELD_OVERHEAD;
	if (strcasecmp(name, "Content-Length") == 0) {
		h->lengths++;
		h->length = parse_length(value);
	} else if (strcasecmp(name, "Transfer-Encoding") == 0) {
		h->codings++;
		h->chunked = strcasecmp(value, "chunked") == 0;
	} else if (strcasecmp(name, "Content-Type") == 0) {
		h->types++;
		h->media = media_of(value);
		h->v1 = berth_media_is_v1(value);
	} else if (strcasecmp(name, BERTH_HTTP_ACKS) == 0) {
		h->acks_fields++;
		h->bad_acks |= berth_http_acks_decode(h->acks, &h->n_acks, value) != BERTH_OK;
	}
}

bool berth_http_head_is_ambiguous(const struct berth_http_head *h)
{
	return h->lengths + h->codings > 1 || (h->lengths && h->length == UINT64_MAX) || (h->codings && !h->chunked);
}

int berth_http_judge(const struct berth_http_head *h, const char *method, const char *path, const char *ours,
		     size_t message_max)
{
	if (berth_http_head_is_ambiguous(h))
		return 400;
	if (h->bytes + strlen(path) > BERTH_HTTP_HEADERS_MAX)
		return 431;
	if (strcmp(path, ours) != 0)
		return 404;
	if (strcmp(method, "POST") != 0)
		return 405;
	if (h->lengths + h->codings == 0)
		return 411;
	if (h->lengths && h->length > message_max)
		return 413;
	if (h->types != 1 || h->media == BERTH_FRAME_POLL)
		return 415;
	if (h->bad_acks || h->acks_fields > 1 || (h->lengths && h->length == 0))
		return 400;
	return 0;
}

void berth_http_acks_encode(struct berth_buf *out, const uint8_t *acks, size_t n_acks)
{
	struct berth_buf b = BERTH_BUF_INIT;

	berth_buf_u8(&b, ACKS_VERSION);
	berth_buf_put(&b, acks, n_acks * BERTH_FRAME_ACK_LEN);
	if (!b.bad)
		berth_b64url_encode(out, b.p, b.len);
	out->bad |= b.bad;
	berth_buf_free(&b);
}

enum berth_err berth_http_acks_decode(uint8_t acks[BERTH_FRAME_ACKS_MAX * BERTH_FRAME_ACK_LEN], size_t *n_acks,
				      const char *value)
{
	struct berth_buf b = BERTH_BUF_INIT;
	size_t n = strlen(value);
	enum berth_err rc;

	*n_acks = 0;
	if (n > BERTH_HTTP_ACKS_MAX)
		return berth_fail(BERTH_E_SIZE, "acks: %zu characters", n);
	if ((rc = berth_b64url_decode(&b, value, n)))
		goto out;
	rc = berth_fail(BERTH_E_ENV, "acks: %zu octets", b.len);
	if (b.len && b.p[0] == ACKS_VERSION && (b.len - 1) % BERTH_FRAME_ACK_LEN == 0) {
		memcpy(acks, b.p + 1, b.len - 1);
		*n_acks = (b.len - 1) / BERTH_FRAME_ACK_LEN;
		rc = BERTH_OK;
	}
out:
	berth_buf_free(&b);
	return rc;
}

const char *berth_http_type_of(enum berth_frame_media m)
{
	return m == BERTH_FRAME_SIGNED ? BERTH_MEDIA_SIGNED : BERTH_MEDIA_ENCRYPTED;
}

int berth_http_status_of(const struct berth_frame_reply *r)
{
	switch (r->status) {
	case BERTH_FRAME_STORED: return r->n_msgs ? 200 : 202;
	case BERTH_FRAME_TOO_BIG: return 413;
	case BERTH_FRAME_REFUSED: return 400;
	default: return 503;
	}
}

/* The same message in the same form will be refused again. */
static bool is_final(long status)
{
	static const short codes[] = { 400, 405, 406, 410, 411, 414, 415, 422, 431, 501 };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (codes[i] == status)
			return true;
	return false;
}

enum berth_err berth_http_answer_frame(struct berth_buf *frame, const struct berth_http_answer *a)
{
	struct berth_frame_reply r = { .status = BERTH_FRAME_BUSY };

	if (a->status >= 200 && a->status <= 299) {
		r.status = BERTH_FRAME_STORED;
		if (a->body_len && media_of(a->type) != BERTH_FRAME_POLL) {
			r.msgs[0].p = a->body;
			r.msgs[0].n = a->body_len;
			r.n_msgs = 1;
		}
	} else if (a->status == 413) {
		r.status = BERTH_FRAME_TOO_BIG;
	} else if (is_final(a->status)) {
		r.status = BERTH_FRAME_REFUSED;
	} else if (a->retry_after_s > 0) {
		r.retry_after_s = a->retry_after_s > BERTH_FRAME_RETRY_MAX_S ? BERTH_FRAME_RETRY_MAX_S
									     : (uint32_t)a->retry_after_s;
	}
	return berth_frame_reply_encode(frame, &r);
}
