/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/netd/ws_frame.h"

#include <string.h>

#define FIN 0x80u
#define RESERVED 0x70u
#define OPCODE 0x0fu
#define MASKED 0x80u
#define LENGTH 0x7fu
#define LENGTH_16 126u
#define LENGTH_64 127u

static bool is_control(unsigned op) { return op >= BERTH_WS_CLOSE; }

static enum berth_err refuse(const char *why) { return berth_fail(BERTH_E_ENV, "websocket: %s", why); }

/* Octets of the head, as far as its first two say. */
static size_t head_len(const struct berth_ws_in *in)
{
	unsigned length = in->n_head < 2 ? 0 : in->head[1] & LENGTH;

	return 2 + (length == LENGTH_16 ? 2u : length == LENGTH_64 ? 8u : 0) + (in->masked ? BERTH_WS_MASK_LEN : 0);
}

static enum berth_err judge_start(const struct berth_ws_in *in)
{
	unsigned op = in->head[0] & OPCODE, length = in->head[1] & LENGTH;
	bool fin = in->head[0] & FIN;

	if (in->head[0] & RESERVED)
		return refuse("reserved bits");
	if (op > BERTH_WS_PONG || (op > BERTH_WS_BINARY && op < BERTH_WS_CLOSE))
		return refuse("an opcode that means nothing");
	if ((bool)(in->head[1] & MASKED) != in->masked)
		return refuse(in->masked ? "a frame without a mask" : "a mask");
	if (is_control(op) && (!fin || length > BERTH_WS_CONTROL_MAX))
		return refuse("a control frame in parts or above 125 octets");
	if (!is_control(op) && (op == BERTH_WS_MORE) != (in->op != BERTH_WS_MORE))
		return refuse(op == BERTH_WS_MORE ? "a continuation of nothing" : "a message inside of another");
	return BERTH_OK;
}

static enum berth_err read_length(const struct berth_ws_in *in, uint64_t *length)
{
	unsigned first = in->head[1] & LENGTH;
	size_t n = first == LENGTH_16 ? 2 : first == LENGTH_64 ? 8 : 0;

	*length = n ? 0 : first;
	for (size_t i = 0; i < n; i++)
		*length = *length << 8 | in->head[2 + i];
	if ((n == 2 && *length < LENGTH_16) || (n == 8 && (*length <= UINT16_MAX || *length >> 63)))
		return refuse("a length not in its shortest form");
	return BERTH_OK;
}

static enum berth_err begin_payload(struct berth_ws_in *in)
{
	enum berth_ws_op op = in->head[0] & OPCODE;
	enum berth_err rc = read_length(in, &in->left);

	if (rc)
		return rc;
	in->in_payload = true;
	in->at = 0;
	if (is_control(op))
		return BERTH_OK;
	if (op != BERTH_WS_MORE) {
		in->op = op;
		in->parts = 0;
		berth_buf_reset(&in->message);
	}
	if (++in->parts > BERTH_WS_PARTS_MAX || in->left > in->message_max - in->message.len)
		return berth_fail(BERTH_E_SIZE, "websocket: a message above %zu octets or in too many parts", in->message_max);
	return BERTH_OK;
}

/* The head, octet by octet; true: it is complete. */
static enum berth_err take_head(struct berth_ws_in *in, const uint8_t *p, size_t n, size_t *used)
{
	enum berth_err rc = BERTH_OK;

	while (!rc && *used < n && in->n_head < head_len(in)) {
		in->head[in->n_head++] = p[(*used)++];
		if (in->n_head == 2)
			rc = judge_start(in);
	}
	return !rc && in->n_head == head_len(in) ? begin_payload(in) : rc;
}

static enum berth_err take_payload(struct berth_ws_in *in, const uint8_t *p, size_t n, size_t *used)
{
	bool control = is_control(in->head[0] & OPCODE);
	size_t some = n - *used < in->left ? n - *used : (size_t)in->left;
	const uint8_t *mask = in->head + head_len(in) - BERTH_WS_MASK_LEN;
	uint8_t *to = control ? in->control + in->at : berth_buf_grow(&in->message, some);

	if (!to)
		return berth_buf_status(&in->message);
	for (size_t i = 0; i < some; i++, in->at++)
		to[i] = in->masked ? p[*used + i] ^ mask[in->at % BERTH_WS_MASK_LEN] : p[*used + i];
	*used += some;
	in->left -= some;
	return BERTH_OK;
}

static void finish(struct berth_ws_in *in, struct berth_ws_event *ev)
{
	enum berth_ws_op op = in->head[0] & OPCODE;

	in->in_payload = false;
	in->n_head = 0;
	if (is_control(op)) {
		*ev = (struct berth_ws_event){ .is = true, .op = op, .p = in->control, .n = in->at };
	} else if (in->head[0] & FIN) {
		*ev = (struct berth_ws_event){ .is = true, .op = in->op, .p = in->message.p, .n = in->message.len };
		in->op = BERTH_WS_MORE;
	}
}

enum berth_err
berth_ws_take(struct berth_ws_in *in, const uint8_t *p, size_t n, size_t *used, struct berth_ws_event *ev)
{
	enum berth_err rc = BERTH_OK;

	*ev = (struct berth_ws_event){ 0 };
	*used = 0;
	while (!rc && !ev->is && (*used < n || (in->in_payload && in->left == 0))) {
		if (!in->in_payload)
			rc = take_head(in, p, n, used);
		else if (in->left)
			rc = take_payload(in, p, n, used);
		if (!rc && in->in_payload && in->left == 0)
			finish(in, ev);
	}
	return rc;
}

void berth_ws_in_free(struct berth_ws_in *in)
{
	berth_buf_free(&in->message);
	in->n_head = 0;
}

void berth_ws_put(struct berth_buf *out, enum berth_ws_op op, const uint8_t mask[BERTH_WS_MASK_LEN], const void *p,
		  size_t n)
{
	const uint8_t bit = mask ? MASKED : 0;
	uint8_t *to;

	berth_buf_u8(out, (uint8_t)(FIN | op));
	if (n < LENGTH_16) {
		berth_buf_u8(out, (uint8_t)(bit | n));
	} else if (n <= UINT16_MAX) {
		berth_buf_u8(out, (uint8_t)(bit | LENGTH_16));
		berth_buf_be16(out, (uint16_t)n);
	} else {
		berth_buf_u8(out, (uint8_t)(bit | LENGTH_64));
		berth_buf_be64(out, n);
	}
	if (!mask) {
		berth_buf_put(out, p, n);
		return;
	}
	berth_buf_put(out, mask, BERTH_WS_MASK_LEN);
	if ((to = berth_buf_grow(out, n)))
		for (size_t i = 0; i < n; i++)
			to[i] = ((const uint8_t *)p)[i] ^ mask[i % BERTH_WS_MASK_LEN];
}
