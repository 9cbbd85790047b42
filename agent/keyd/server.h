/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_KEYD_SERVER_H
#define BERTH_AGENT_KEYD_SERVER_H

#include <stdint.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/keyd_proto.h"
#include "agent/keyd/names.h"
#include "agent/keyd/registries.h"
#include "did/keystore/keystore.h"

/* Each class of operations is paid for from a token bucket of its own, so that a flood
 * of one leaves the others; none at all is E_QUOTA.  They bound what a core that has
 * been taken over gets out of a key, and what it does to flash and NV memory:
 *
 *	SIGN, AGREE, SEAL	more than one core's worth of any honest work
 *	ATTEST		one onboarding takes about a dozen
 *	CHANGE		keys made and deleted, counters stepped: each is a write.  An
 *			owner makes a few for every device it takes over
 *	CHAIN		transactions: each costs its account money */
enum keyd_class { KEYD_SIGN, KEYD_AGREE, KEYD_SEAL, KEYD_ATTEST, KEYD_CHANGE, KEYD_CHAIN, KEYD_CLASSES, KEYD_FREE = KEYD_CLASSES };
struct keyd_rate {
	const char *what;
	uint32_t per_s, burst;
};
extern const struct keyd_rate keyd_rates[KEYD_CLASSES];

/* The class of an operation; KEYD_FREE: it costs nothing. */
enum keyd_class keyd_class_of(enum berth_keyd_op op);

/* One keystore and who may do what with its keys. */
struct keyd {
	struct berth_keystore *ks;	/* owned; NULL before HELLO */
	struct keyd_names names;
	enum berth_custody custody;	/* of the keys that ENSURE makes */
	struct keyd_registries ethr;
	bool confine;			/* the process, once the store is open */
	struct {
		uint64_t credit;	/* in thousandths of an operation */
		uint64_t at_ms;		/* when it was counted */
	} bucket[KEYD_CLASSES];
};

void keyd_init(struct keyd *k);
void keyd_free(struct keyd *k);

/* Answers requests until the other side closes (BERTH_OK) or misbehaves (the code;
 * nothing is answered to that request any more). */
BERTH_MUST_USE enum berth_err keyd_serve(struct keyd *k, struct berth_ipc *c);

/* keys.c: what LIST and ENSURE, ENSURE_ALL answer, and a key of ours as the core sees it. */
BERTH_MUST_USE enum berth_err keyd_describe(struct keyd *k, const struct keyd_name *n, struct berth_key_info *out);
BERTH_MUST_USE enum berth_err keyd_list(struct keyd *k, struct berth_buf *reply);
BERTH_MUST_USE enum berth_err keyd_ensure(struct keyd *k, const struct berth_keyd_request *r, struct berth_buf *reply);

/* One operation, the request being well-formed.  reply: appended to. */
BERTH_MUST_USE enum berth_err
keyd_run(struct keyd *k, const struct berth_keyd_request *r, struct berth_buf *reply);

#endif
