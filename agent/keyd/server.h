/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_KEYD_SERVER_H
#define BERTH_AGENT_KEYD_SERVER_H

#include <stdint.h>

#include "agent/ipc/ipc.h"
#include "agent/ipc/keyd_proto.h"
#include "agent/keyd/names.h"
#include "did/keystore/keystore.h"

/* Signatures, agreements and attestations a second, and how many may come at once:
 * more than one core's worth of any honest work, and a bound for a core that has
 * been taken over. */
#define KEYD_RATE_PER_S 5000u
#define KEYD_BURST 10000u

/* One keystore and who may do what with its keys. */
struct keyd {
	struct berth_keystore *ks;	/* owned; NULL before HELLO */
	struct keyd_names names;
	enum berth_custody custody;	/* of the keys that ENSURE makes */
	bool confine;			/* the process, once the store is open */
	uint64_t credit_us;		/* of the token bucket, in microseconds of work */
	uint64_t credit_at_ms;
};

void keyd_init(struct keyd *k);
void keyd_free(struct keyd *k);

/* Answers requests until the other side closes (BERTH_OK) or misbehaves (the code;
 * nothing is answered to that request any more). */
BERTH_MUST_USE enum berth_err keyd_serve(struct keyd *k, struct berth_ipc *c);

/* One operation, the request being well-formed.  reply: appended to. */
BERTH_MUST_USE enum berth_err
keyd_run(struct keyd *k, const struct berth_keyd_request *r, struct berth_buf *reply);

#endif
