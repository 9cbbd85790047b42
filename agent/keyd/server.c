/* SPDX-License-Identifier: Apache-2.0 */
/* One request at a time, in order: a TPM does one thing at a time, and so does a
 * file.  Requests are paid for from token buckets, one for each class. */
#include "agent/keyd/server.h"

#include <string.h>

#include "agent/keyd/sandbox.h"
#include "did/base/clock.h"
#include "did/base/log.h"
#include "vc/jsonld/di_rdf.h"

#define HELD_MS 2		/* an answer waits for others no longer, */
#define HELD_BYTES ((size_t)64 << 10)	/* nor with more */
#define COST 1000u	/* of one operation; what per_s operations earn in a millisecond is per_s */

const struct keyd_rate keyd_rates[KEYD_CLASSES] = {
	[KEYD_SIGN] = { "signatures", 5000, 10000 },
	[KEYD_AGREE] = { "key agreements", 5000, 10000 },
	[KEYD_SEAL] = { "sealed records", 5000, 10000 },
	[KEYD_ATTEST] = { "attestations", 10, 200 },
	[KEYD_CHANGE] = { "changes", 20, 2000 },
	[KEYD_CHAIN] = { "transactions", 1, 50 },
};

void keyd_init(struct keyd *k)
{
	*k = (struct keyd){ 0 };
	berth_jsonld_for_proofs();
	for (size_t i = 0; i < KEYD_CLASSES; i++) {
		k->bucket[i].credit = (uint64_t)keyd_rates[i].burst * COST;
		k->bucket[i].at_ms = berth_clock_mono_ms();
	}
}

void keyd_free(struct keyd *k)
{
	keyd_names_free(&k->names);
	berth_keystore_close(k->ks);
	k->ks = NULL;
}

enum keyd_class keyd_class_of(enum berth_keyd_op op)
{
	switch (op) {
	case BERTH_KEYD_SIGN:
	case BERTH_KEYD_SIGN_PROOF:
	case BERTH_KEYD_SIGN_X509:
		return KEYD_SIGN;
	case BERTH_KEYD_UNWRAP:
	case BERTH_KEYD_WRAP_1PU:
		return KEYD_AGREE;
	case BERTH_KEYD_SEAL:
	case BERTH_KEYD_UNSEAL:
		return KEYD_SEAL;
	case BERTH_KEYD_EK:
	case BERTH_KEYD_ACTIVATE:
	case BERTH_KEYD_CERTIFY:
	case BERTH_KEYD_QUOTE:
	case BERTH_KEYD_PCRS:
		return KEYD_ATTEST;
	case BERTH_KEYD_ENSURE:
	case BERTH_KEYD_ENSURE_ALL:
	case BERTH_KEYD_DELETE:
	case BERTH_KEYD_COUNTER_STEP:
	case BERTH_KEYD_CLEAR:
	case BERTH_KEYD_CAN:	/* a token is asked by making a key and deleting it */
		return KEYD_CHANGE;
	case BERTH_KEYD_SIGN_ETHR:
		return KEYD_CHAIN;
	case BERTH_KEYD_HELLO:
	case BERTH_KEYD_INFO:
	case BERTH_KEYD_LIST:
	case BERTH_KEYD_COUNTER_READ:
	case BERTH_KEYD_PUBLIC_AREA:
	case BERTH_KEYD_STATE:
	case BERTH_KEYD__END:
		break;
	}
	return KEYD_FREE;
}

/* times: of as many operations in one */
static enum berth_err pay(struct keyd *k, enum keyd_class c, size_t times)
{
	const struct keyd_rate *rate = &keyd_rates[c];
	uint64_t now = berth_clock_mono_ms(), gone = now - k->bucket[c].at_ms, full = (uint64_t)rate->burst * COST;
	uint64_t *credit = &k->bucket[c].credit;

	k->bucket[c].at_ms = now;
	*credit += gone > full / rate->per_s ? full : gone * rate->per_s;
	if (*credit > full)
		*credit = full;
	if (*credit < COST * times)
		return berth_fail(BERTH_E_QUOTA, "keyd: more than %u %s a second", rate->per_s, rate->what);
	*credit -= COST * times;
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
	if (!rc && keyd_class_of(r.op) != KEYD_FREE)
		rc = pay(k, keyd_class_of(r.op), r.n_keys ? r.n_keys : 1);
	if (!rc)
		rc = keyd_run(k, &r, &reply);
	if (!rc && r.op == BERTH_KEYD_HELLO && k->confine)
		confine(k);
	if (rc)
		berth_log_err(BERTH_LOG_DEBUG, "keyd-refused", rc);
	rc = berth_ipc_answer_later(c, f->seq, rc, &reply);
	berth_buf_free(&reply);
	return rc;
}

/* What was asked together is answered together, where it takes no time: a slow device's
 * answers leave one by one. */
static enum berth_err serve_next(struct keyd *k, struct berth_ipc *c, uint64_t *since_ms)
{
	struct berth_ipc_frame f;
	enum berth_err rc = berth_ipc_recv(c, &f, BERTH_IPC_FOREVER);

	if (!berth_ipc_wants_write(c))
		*since_ms = berth_clock_mono_ms();
	if (rc || (rc = serve_one(k, c, &f)))
		return rc;
	if (c->out.len < HELD_BYTES && berth_clock_mono_ms() - *since_ms < HELD_MS)
		return BERTH_OK;
	return berth_ipc_flush(c);
}

enum berth_err keyd_serve(struct keyd *k, struct berth_ipc *c)
{
	uint64_t since_ms = 0;
	enum berth_err rc;

	while (!(rc = serve_next(k, c, &since_ms)))
		;
	return rc == BERTH_E_UNAVAILABLE ? BERTH_OK : rc;	/* gone, which is how the core ends us */
}
