/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_CORE_ETHR_PUBLISH_H
#define BERTH_AGENT_CORE_ETHR_PUBLISH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/core/ethr_sent.h"
#include "berth/err.h"
#include "did/base/buf.h"
#include "did/base/json.h"
#include "did/ethr_call.h"
#include "did/ethr_sign.h"

/* Publishing a change of a did:ethr.  The adapter is asked for nonce, gas and fees, which
 * are held against what we allow; what is signed is made of what was asked for, kept, and
 * only then sent and followed until the chain has it. */

struct berth_ethr_change {
	const char *did;
	struct berth_ethr_call call;
	struct berth_eth_address owner;	/* whose key signs the change */
	bool relayed;			/* and the payer sends it: a meta-transaction */
	struct berth_eth_address payer;
	bool old_registry;		/* of before 2019: counts attributes by identity (did/ethr_call.h) */
};

struct berth_ethr_publisher {
	/* One phase (BERTH_REGISTRY_PROPOSE ...) with one part; the answer's part, "proposal"
	 * or "receipt", is appended. */
	enum berth_err (*ask)(void *arg, uint32_t phase, const char *did, const char *part, const struct berth_buf *in,
			      struct berth_buf *out);
	/* As berth_ethr_sign(), with the payer's key or the owner's. */
	enum berth_err (*sign)(void *arg, bool payer, const struct berth_ethr_order *o, struct berth_buf *signed_, uint8_t hash[32]);
	/* On disk when it returns, in place of what was there. */
	enum berth_err (*keep)(void *arg, const struct berth_ethr_sent *s);
	void *arg;
	struct berth_ethr_registry registry;
	uint64_t max_fee;	/* wei for one unit of gas: more is not signed */
	unsigned looks;		/* CHECKs at most, each as long as ask() has time */
};

/* What became of it, also beside an error. */
struct berth_ethr_receipt {
	uint8_t hash[32];
	uint64_t block;
	bool over;	/* what was kept is the chain's past now, and to be forgotten */
};

/* sent: empty, or what was kept of the same change: then nothing is signed but where
 * raise asks for the same with higher fees.  E_QUOTA: dearer than max_fee; E_AUTHZ: refused by registry or
 * node, the nonce is another's, or the proposal is not what was asked for; E_UNAVAILABLE:
 * not on the chain yet: the same call goes on with it; E_USAGE: sent is another change's;
 * what ask(), sign() and keep() say. */
BERTH_MUST_USE enum berth_err
berth_ethr_publish(struct berth_ethr_receipt *out, const struct berth_ethr_publisher *p, const struct berth_ethr_change *c,
		   struct berth_ethr_sent *sent, bool raise);

#endif
