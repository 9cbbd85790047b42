/* SPDX-License-Identifier: Apache-2.0 */
/* Calls over a connection, and what answers them. */
#include "agent/ipc/ipc.h"

#include "did/base/clock.h"

static enum berth_err failed(struct berth_ipc *c, enum berth_err rc)
{
	c->failed = true;
	return rc;
}

/* The other side's word for what went wrong; its text is data, not a format. */
static enum berth_err remote_error(struct berth_ipc *c, const struct berth_ipc_frame *f)
{
	struct berth_cur cur = berth_cur(f->p, f->n);
	char detail[BERTH_IPC_DETAIL_MAX + 1];
	uint16_t code = berth_cur_be16(&cur);

	berth_cur_str16(&cur, detail, BERTH_IPC_DETAIL_MAX);
	if (!berth_cur_done(&cur) || code == BERTH_OK || code >= BERTH_E__COUNT)
		return failed(c, berth_fail(BERTH_E_TYPE, "ipc: malformed error answer"));
	return berth_fail((enum berth_err)code, "%s", detail);
}

static enum berth_err answer_to(struct berth_ipc *c, uint32_t seq, const struct berth_ipc_frame *f, struct berth_buf *reply)
{
	if (f->seq != seq)
		return failed(c, berth_fail(BERTH_E_TYPE, "ipc: answer to another call"));
	if (f->op == BERTH_IPC_ERR)
		return remote_error(c, f);
	if (f->op != BERTH_IPC_OK || (!reply && f->n))
		return failed(c, berth_fail(BERTH_E_TYPE, "ipc: unexpected answer, op %u", f->op));
	if (!reply)
		return BERTH_OK;
	berth_buf_put(reply, f->p, f->n);
	return berth_buf_status(reply);
}

enum berth_err berth_ipc_take_answer(struct berth_ipc *c, const struct berth_ipc_frame *f, struct berth_buf *reply)
{
	return answer_to(c, c->seq, f, reply);
}

enum berth_err berth_ipc_ask(struct berth_ipc *c, uint16_t op, const struct berth_buf *payload, int deadline_ms)
{
	c->seq++;
	return berth_ipc_send(c, op, c->seq, payload ? payload->p : NULL, payload ? payload->len : 0, deadline_ms);
}

enum berth_err berth_ipc_take_of(struct berth_ipc *c, uint32_t seq, int deadline_ms, struct berth_buf *reply)
{
	struct berth_ipc_frame f;
	enum berth_err rc = berth_ipc_recv(c, &f, deadline_ms);

	if (rc)
		return rc;
	rc = answer_to(c, seq, &f, reply);
	berth_ipc_drop(c);	/* what keyd answers must not linger */
	return rc;
}

enum berth_err berth_ipc_take(struct berth_ipc *c, int deadline_ms, struct berth_buf *reply)
{
	return berth_ipc_take_of(c, c->seq, deadline_ms, reply);
}

enum berth_err berth_ipc_call(struct berth_ipc *c, uint16_t op, const struct berth_buf *payload, int deadline_ms,
			      struct berth_buf *reply)
{
	uint64_t until = berth_clock_mono_ms() + (uint64_t)(deadline_ms < 0 ? 0 : deadline_ms), now;
	enum berth_err rc = berth_ipc_ask(c, op, payload, deadline_ms);

	if (rc)
		return rc;
	now = berth_clock_mono_ms();
	return berth_ipc_take(c, deadline_ms < 0 ? deadline_ms : until > now ? (int)(until - now) : 0, reply);
}

enum berth_err berth_ipc_answer_later(struct berth_ipc *c, uint32_t seq, enum berth_err rc, const struct berth_buf *payload)
{
	struct berth_buf err = BERTH_BUF_INIT;
	enum berth_err sent;

	if (!rc && payload && (rc = berth_buf_status(payload)) == BERTH_OK && payload->len > BERTH_IPC_PAYLOAD_MAX)
		rc = berth_fail(BERTH_E_SIZE, "ipc: answer of %zu bytes", payload->len);
	if (!rc)
		return berth_ipc_queue(c, BERTH_IPC_OK, seq, payload ? payload->p : NULL, payload ? payload->len : 0);
	berth_buf_be16(&err, (uint16_t)rc);
	berth_buf_str16(&err, berth_err_detail());
	if (!(sent = berth_buf_status(&err)))
		sent = berth_ipc_queue(c, BERTH_IPC_ERR, seq, err.p, err.len);
	berth_buf_free(&err);
	return sent;
}

enum berth_err berth_ipc_answer(struct berth_ipc *c, uint32_t seq, enum berth_err rc, const struct berth_buf *payload)
{
	enum berth_err sent = berth_ipc_answer_later(c, seq, rc, payload);

	return sent ? sent : berth_ipc_flush(c);
}
