/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that will be made soon, asked before their turn: they leave together in one
 * write, and keyd works on them while the core goes on.  To keyd each is a request like any
 * other.  A call that asks for the very same octets takes its answer from here. */
#include <string.h>

#include "agent/core/keyclient_internal.h"
#include "agent/core/metrics.h"

static size_t bytes(const struct berth_keyclient *kc)
{
	size_t n = 0;

	for (size_t i = 0; i < kc->n_ahead; i++)
		n += kc->ahead[i].request.len;	/* none of what is taken */
	return n;
}

/* What was taken has had its answer, and stands in front of what has not. */
static void make_room(struct berth_keyclient *kc)
{
	size_t kept = 0;

	for (size_t i = 0; i < kc->n_ahead; i++) {
		if (!kc->ahead[i].taken) {
			kc->ahead[kept++] = kc->ahead[i];
			continue;
		}
		berth_buf_free(&kc->ahead[i].answer);
		kc->n_answered--;
	}
	kc->n_ahead = kept;
}

bool keyclient_ahead_ask(struct berth_keyclient *kc, const struct berth_keyd_request *r)
{
	struct ahead *e;

	if (kc->n_ahead == KEYCLIENT_AHEAD_MAX)
		make_room(kc);
	e = &kc->ahead[kc->n_ahead];
	if (kc->opening || !berth_keyclient_usable(kc) || kc->n_ahead == KEYCLIENT_AHEAD_MAX)
		return false;
	*e = (struct ahead){ .op = r->op, .seq = kc->ipc.seq + 1 };
	berth_keyd_encode(&e->request, r);
	if (berth_buf_status(&e->request) || bytes(kc) + e->request.len > KEYCLIENT_AHEAD_BYTES_MAX ||
	    berth_ipc_queue(&kc->ipc, (uint16_t)r->op, e->seq, e->request.p, e->request.len)) {
		berth_buf_free(&e->request);
		return false;
	}
	kc->ipc.seq++;
	kc->n_ahead++;
	berth_metric_count(BERTH_METRIC_KEY_CALLS);
	return true;
}

/* Waits for the first answer that is still due.  Fails with the connection alone: what keyd
 * says to the request is its caller's. */
static enum berth_err collect(struct berth_keyclient *kc)
{
	struct ahead *e = &kc->ahead[kc->n_answered];
	enum berth_err rc = berth_ipc_take_of(&kc->ipc, e->seq, keyclient_deadline(e->op), &e->answer);

	if (kc->ipc.failed)
		return rc;
	if ((e->rc = rc)) {
		berth_buf_reset(&e->answer);
		berth_buf_str(&e->answer, berth_err_detail());
	}
	kc->n_answered++;
	return BERTH_OK;
}

enum berth_err keyclient_ahead_collect(struct berth_keyclient *kc)
{
	enum berth_err rc = BERTH_OK;

	while (!rc && kc->n_answered < kc->n_ahead)
		rc = collect(kc);
	return rc;
}

static bool is_asked(const struct ahead *e, enum berth_keyd_op op, const struct berth_buf *request)
{
	return !e->taken && e->op == op && e->request.len == request->len && memcmp(e->request.p, request->p, request->len) == 0;
}

static enum berth_err take(struct berth_keyclient *kc, size_t i, struct berth_buf *answer)
{
	struct ahead *e = &kc->ahead[i];
	enum berth_err rc = BERTH_OK;

	while (!rc && kc->n_answered <= i)
		rc = collect(kc);
	if (rc)
		return rc;
	e->taken = true;
	berth_buf_free(&e->request);
	if (e->rc)
		return berth_fail(e->rc, "%s", berth_buf_cstr(&e->answer));
	berth_buf_put(answer, e->answer.p, e->answer.len);
	berth_buf_free(&e->answer);
	return berth_buf_status(answer);
}

bool keyclient_ahead_take(struct berth_keyclient *kc, enum berth_keyd_op op, const struct berth_buf *request,
			  struct berth_buf *answer, enum berth_err *rc)
{
	for (size_t i = 0; i < kc->n_ahead; i++)
		if (is_asked(&kc->ahead[i], op, request)) {
			*rc = take(kc, i, answer);
			return true;
		}
	return false;
}

void keyclient_ahead_forget(struct berth_keyclient *kc)
{
	for (; kc->n_ahead; kc->n_ahead--) {
		berth_buf_free(&kc->ahead[kc->n_ahead - 1].request);
		berth_buf_free(&kc->ahead[kc->n_ahead - 1].answer);
	}
	kc->n_answered = 0;
}

void keyclient_ahead_end(struct berth_keyclient *kc)
{
	if (berth_keyclient_usable(kc) && keyclient_ahead_collect(kc))
		berth_metric_count(BERTH_METRIC_KEY_FAILURES);
	keyclient_ahead_forget(kc);
}
