/* SPDX-License-Identifier: Apache-2.0 */
/* One request at a time, in order: a TPM does one thing at a time, and so does a
 * file.  Requests that make a key work are paid for from a token bucket. */
#include "agent/keyd/server.h"

#include <string.h>

#include "agent/keyd/sandbox.h"
#include "did/base/clock.h"
#include "did/base/log.h"

#define COST_US (1000000u / KEYD_RATE_PER_S)
#define CREDIT_MAX_US ((uint64_t)KEYD_BURST * COST_US)

void keyd_init(struct keyd *k)
{
	*k = (struct keyd){ .credit_us = CREDIT_MAX_US, .credit_at_ms = berth_clock_mono_ms() };
}

void keyd_free(struct keyd *k)
{
	keyd_names_free(&k->names);
	berth_keystore_close(k->ks);
	k->ks = NULL;
}

static bool works_a_key(enum berth_keyd_op op)
{
	switch (op) {
	case BERTH_KEYD_SIGN:
	case BERTH_KEYD_SIGN_PROOF:
	case BERTH_KEYD_UNWRAP:
	case BERTH_KEYD_WRAP_1PU:
	case BERTH_KEYD_ACTIVATE:
	case BERTH_KEYD_CERTIFY:
	case BERTH_KEYD_QUOTE:
		return true;
	default:
		return false;
	}
}

static enum berth_err pay(struct keyd *k)
{
	uint64_t now = berth_clock_mono_ms(), gone = now - k->credit_at_ms;

	k->credit_at_ms = now;
	if (gone > CREDIT_MAX_US / 1000)
		gone = CREDIT_MAX_US / 1000;
	k->credit_us += gone * 1000;
	if (k->credit_us > CREDIT_MAX_US)
		k->credit_us = CREDIT_MAX_US;
	if (k->credit_us < COST_US)
		return berth_fail(BERTH_E_QUOTA, "keyd: more than %u key operations a second", KEYD_RATE_PER_S);
	k->credit_us -= COST_US;
	return BERTH_OK;
}

static void confine(const struct keyd *k)
{
	struct berth_keystore_needs needs;

	berth_keystore_needs(k->ks, &needs);
	keyd_sandbox(&needs);
}

/* HELLO comes first and once. */
static bool in_order(const struct keyd *k, enum berth_keyd_op op)
{
	return (op == BERTH_KEYD_HELLO) == (k->ks == NULL);
}

/* Fails only when the connection is not worth keeping. */
static enum berth_err serve_one(struct keyd *k, struct berth_ipc *c, const struct berth_ipc_frame *f)
{
	struct berth_buf reply = BERTH_BUF_INIT;
	struct berth_keyd_request r;
	enum berth_err rc = berth_keyd_decode(&r, f->op, f->p, f->n);

	if (rc == BERTH_E_TYPE)
		return rc;
	if (!in_order(k, r.op))
		return berth_fail(BERTH_E_TYPE, "keyd: op %u %s HELLO", f->op, k->ks ? "is a second" : "before");
	if (!rc && works_a_key(r.op))
		rc = pay(k);
	if (!rc)
		rc = keyd_run(k, &r, &reply);
	if (!rc && r.op == BERTH_KEYD_HELLO && k->confine)
		confine(k);
	if (rc)
		berth_log_err(BERTH_LOG_DEBUG, "keyd-refused", rc);
	rc = berth_ipc_answer(c, f->seq, rc, &reply);
	berth_buf_free(&reply);
	return rc;
}

enum berth_err keyd_serve(struct keyd *k, struct berth_ipc *c)
{
	struct berth_ipc_frame f;
	enum berth_err rc;

	for (;;) {
		rc = berth_ipc_recv(c, &f, BERTH_IPC_FOREVER);
		if (rc)	/* gone, which is how the core ends us */
			return rc == BERTH_E_UNAVAILABLE ? BERTH_OK : rc;
		if ((rc = serve_one(k, c, &f)))
			return rc == BERTH_E_UNAVAILABLE ? BERTH_OK : rc;
	}
}
