/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "agent/core/keyclient_internal.h"
#include "agent/core/metrics.h"

int keyclient_deadline(enum berth_keyd_op op)
{
	switch (op) {
	case BERTH_KEYD_HELLO:
		return BERTH_KEYCLIENT_OPEN_MS;
	case BERTH_KEYD_ENSURE:
	case BERTH_KEYD_ENSURE_ALL:
	case BERTH_KEYD_DELETE:
	case BERTH_KEYD_EK:
	case BERTH_KEYD_ACTIVATE:
	case BERTH_KEYD_CERTIFY:
	case BERTH_KEYD_QUOTE:
	case BERTH_KEYD_CAN:
	case BERTH_KEYD_CLEAR:
		return BERTH_KEYCLIENT_MAKE_MS;
	default:
		return BERTH_KEYCLIENT_USE_MS;
	}
}

enum berth_err
keyclient_answered(struct berth_keyclient *kc, enum berth_err rc, enum berth_keyd_op op, const struct berth_buf *answer,
		   struct berth_keyd_reply *reply)
{
	if (rc)
		return kc->ipc.failed ? berth_fail(BERTH_E_KEYSTORE, "keyd is gone") : rc;
	if (reply && berth_keyd_reply_decode(reply, op, answer->p, answer->len)) {
		kc->ipc.failed = true;
		return berth_fail(BERTH_E_KEYSTORE, "keyd talks nonsense");
	}
	return BERTH_OK;
}

/* Behind what was asked before its turn and is not answered yet. */
static enum berth_err ask_now(struct berth_keyclient *kc, enum berth_keyd_op op, const struct berth_buf *request,
			      struct berth_buf *answer)
{
	enum berth_err rc;

	berth_metric_count(BERTH_METRIC_KEY_CALLS);
	if (kc->n_answered == kc->n_ahead)
		return berth_ipc_call(&kc->ipc, (uint16_t)op, request, keyclient_deadline(op), answer);
	if ((rc = berth_ipc_ask(&kc->ipc, (uint16_t)op, request, keyclient_deadline(op))) || (rc = keyclient_ahead_collect(kc)))
		return rc;
	return berth_ipc_take(&kc->ipc, keyclient_deadline(op), answer);
}

enum berth_err keyclient_call(struct berth_keyclient *kc, const struct berth_keyd_request *r,
			      struct berth_buf *answer, struct berth_keyd_reply *reply)
{
	struct berth_buf b = BERTH_BUF_INIT;
	enum berth_err rc;

	if (kc->opening)
		return berth_fail(BERTH_E_KEYSTORE, "keyd is opening its store");
	berth_keyd_encode(&b, r);
	if (!(rc = berth_buf_status(&b)) && !keyclient_ahead_take(kc, r->op, &b, answer, &rc))
		rc = ask_now(kc, r->op, &b, answer);
	berth_buf_free(&b);
	rc = keyclient_answered(kc, rc, r->op, answer, reply);
	if (rc == BERTH_E_KEYSTORE)
		berth_metric_count(BERTH_METRIC_KEY_FAILURES);
	return rc;
}

enum berth_err keyclient_call_bytes(struct berth_keyclient *kc, const struct berth_keyd_request *r,
				    struct berth_buf *a, struct berth_buf *b)
{
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	enum berth_err rc = keyclient_call(kc, r, &answer, &reply);

	if (!rc && a) {
		berth_buf_put(a, reply.a.p, reply.a.n);
		rc = berth_buf_status(a);
	}
	if (!rc && b) {
		berth_buf_put(b, reply.b.p, reply.b.n);
		rc = berth_buf_status(b);
	}
	berth_buf_free(&answer);
	return rc;
}

enum berth_err keyclient_call_info(struct berth_keyclient *kc, const struct berth_keyd_request *r,
				   struct berth_key_info *info, uint32_t *purposes)
{
	struct berth_buf answer = BERTH_BUF_INIT;
	struct berth_keyd_reply reply;
	enum berth_err rc = keyclient_call(kc, r, &answer, &reply);

	if (!rc && info)
		*info = reply.info;
	if (!rc && purposes)
		*purposes = reply.purposes;
	berth_buf_free(&answer);
	return rc;
}

enum berth_err keyclient_check_name(const char *name)
{
	if (!*name || strlen(name) > BERTH_KEYD_NAME_MAX)
		return berth_fail(BERTH_E_KEY, "a key's name has 1 to %d characters", BERTH_KEYD_NAME_MAX);
	return BERTH_OK;
}

enum berth_err keyclient_check_size(size_t n, size_t max)
{
	return n > max ? berth_fail(BERTH_E_SIZE, "keyd: %zu bytes", n) : BERTH_OK;
}
