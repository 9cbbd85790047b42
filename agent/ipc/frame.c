/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/frame.h"

#include <string.h>

#include "did/base/cur.h"
#include "did/crypto/hash.h"

void berth_frame_ack(uint8_t ack[BERTH_FRAME_ACK_LEN], const void *msg, size_t n)
{
	uint8_t hash[BERTH_SHA256_LEN];

	berth_sha256(hash, msg, n);
	memcpy(ack, hash, BERTH_FRAME_ACK_LEN);
}

static enum berth_err request_check(const struct berth_frame_request *f)
{
	if (f->n_acks > BERTH_FRAME_ACKS_MAX)
		return berth_fail(BERTH_E_SIZE, "frame: %zu acks", f->n_acks);
	if (f->msg_len > BERTH_FRAME_MESSAGE_MAX)
		return berth_fail(BERTH_E_SIZE, "frame: message of %zu bytes", f->msg_len);
	if (f->media > BERTH_FRAME_SIGNED)
		return berth_fail(BERTH_E_ENV, "frame: media type %u", (unsigned)f->media);
	if ((f->media == BERTH_FRAME_POLL) != (f->msg_len == 0))
		return berth_fail(BERTH_E_ENV, "frame: media type %u with %zu bytes", (unsigned)f->media, f->msg_len);
	return BERTH_OK;
}

enum berth_err berth_frame_request_decode(struct berth_frame_request *f, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);
	uint8_t version = berth_cur_u8(&c);
	enum berth_err rc;

	*f = (struct berth_frame_request){ .media = berth_cur_u8(&c) };
	f->n_acks = berth_cur_be16(&c);
	if (f->n_acks <= BERTH_FRAME_ACKS_MAX)
		f->acks = berth_cur_bytes(&c, f->n_acks * BERTH_FRAME_ACK_LEN);
	f->msg_len = c.n;
	f->msg = berth_cur_bytes(&c, c.n);
	if (c.bad || version != BERTH_FRAME_VERSION)
		rc = berth_fail(BERTH_E_ENV, "frame: request of %zu bytes, version %u", n, version);
	else
		rc = request_check(f);
	if (rc)
		*f = (struct berth_frame_request){ 0 };
	return rc;
}

enum berth_err berth_frame_request_encode(struct berth_buf *out, const struct berth_frame_request *f)
{
	enum berth_err rc = request_check(f);

	if (rc)
		return rc;
	berth_buf_u8(out, BERTH_FRAME_VERSION);
	berth_buf_u8(out, (uint8_t)f->media);
	berth_buf_be16(out, (uint16_t)f->n_acks);
	berth_buf_put(out, f->acks, f->n_acks * BERTH_FRAME_ACK_LEN);
	berth_buf_put(out, f->msg, f->msg_len);
	return berth_buf_status(out);
}

/* Reads n messages; an empty one, or all of them above the cap, is a fault. */
static enum berth_err messages(struct berth_frame_reply *f, struct berth_cur *c, size_t n)
{
	size_t sum = 0;

	for (; f->n_msgs < n && !c->bad; f->n_msgs++) {
		size_t len = berth_cur_be32(c);

		if (len > BERTH_FRAME_MESSAGE_MAX - sum)
			return berth_fail(BERTH_E_SIZE, "frame: reply message %zu of %zu bytes", f->n_msgs, len);
		if (len == 0)
			c->bad = true;
		sum += len;
		f->msgs[f->n_msgs].p = berth_cur_bytes(c, len);
		f->msgs[f->n_msgs].n = len;
	}
	return BERTH_OK;
}

enum berth_err berth_frame_reply_decode(struct berth_frame_reply *f, const void *p, size_t n)
{
	struct berth_cur c = berth_cur(p, n);
	uint8_t version = berth_cur_u8(&c);
	enum berth_err rc;
	size_t count;

	*f = (struct berth_frame_reply){ .status = berth_cur_u8(&c) };
	f->retry_after_s = berth_cur_be32(&c);
	if (f->retry_after_s > BERTH_FRAME_RETRY_MAX_S)
		f->retry_after_s = BERTH_FRAME_RETRY_MAX_S;
	count = berth_cur_be16(&c);
	if (version == BERTH_FRAME_VERSION && count > BERTH_FRAME_MESSAGES_MAX)
		rc = berth_fail(BERTH_E_SIZE, "frame: reply with %zu messages", count);
	else
		rc = messages(f, &c, version == BERTH_FRAME_VERSION ? count : 0);
	if (!rc && (!berth_cur_done(&c) || version != BERTH_FRAME_VERSION || f->status > BERTH_FRAME_TOO_BIG))
		rc = berth_fail(BERTH_E_ENV, "frame: reply of %zu bytes, version %u", n, version);
	if (rc)
		*f = (struct berth_frame_reply){ 0 };
	return rc;
}

enum berth_err berth_frame_reply_encode(struct berth_buf *out, const struct berth_frame_reply *f)
{
	size_t sum = 0;

	if (f->n_msgs > BERTH_FRAME_MESSAGES_MAX)
		return berth_fail(BERTH_E_SIZE, "frame: reply with %zu messages", f->n_msgs);
	if (f->status > BERTH_FRAME_TOO_BIG || f->retry_after_s > BERTH_FRAME_RETRY_MAX_S)
		return berth_fail(BERTH_E_ENV, "frame: status %u, retry after %u", (unsigned)f->status, f->retry_after_s);
	for (size_t i = 0; i < f->n_msgs; i++) {
		if (f->msgs[i].n == 0)
			return berth_fail(BERTH_E_ENV, "frame: reply message %zu is empty", i);
		if (f->msgs[i].n > BERTH_FRAME_MESSAGE_MAX - sum)
			return berth_fail(BERTH_E_SIZE, "frame: reply messages above %zu bytes", BERTH_FRAME_MESSAGE_MAX);
		sum += f->msgs[i].n;
	}
	berth_buf_u8(out, BERTH_FRAME_VERSION);
	berth_buf_u8(out, (uint8_t)f->status);
	berth_buf_be32(out, f->retry_after_s);
	berth_buf_be16(out, (uint16_t)f->n_msgs);
	for (size_t i = 0; i < f->n_msgs; i++)
		berth_buf_vec32(out, f->msgs[i].p, f->msgs[i].n);
	return berth_buf_status(out);
}
