/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BERTH_AGENT_PROTOCOL_GATEWAY_JUDGE_H
#define BERTH_AGENT_PROTOCOL_GATEWAY_JUDGE_H

/* What a device is told of who owns it, judged by what it knows; for gateway_choose.c. */
#include "agent/protocol/gateway.h"
#include "agent/protocol/object.h"

#define GATEWAY_FORKED_MAX 8

/* One that says it owns this device: its chain, and the blob that it is reached by. */
struct gateway_candidate {
	struct berth_chain *chain;
	struct berth_rv_blob blob;
	struct berth_chain_result result;
};

/* What the device knows, for the rules of C.1a. */
struct gateway_known {
	struct berth_json *credential;	/* our DeviceCredential, compact */
	struct berth_hash dc, root, tip, accept_tip, forked[GATEWAY_FORKED_MAX], dseq_tip, receipt;
	struct berth_chain_policy p;
};

/* NULL, and *rc: why. */
struct gateway_known *gateway_known_new(struct berth_env *env, const struct berth_instance *inst, enum berth_err *rc);
void gateway_known_free(struct gateway_known *k);

/* Takes entry apart and judges it; a bad one is only a hint that somebody lies.  What c holds is
 * the caller's, also on failure. */
BERTH_MUST_USE enum berth_err
gateway_judge(struct gateway_candidate *c, const struct gateway_known *k, const struct berth_json *entry);
void gateway_candidate_clear(struct gateway_candidate *c);

#endif /* BERTH_AGENT_PROTOCOL_GATEWAY_JUDGE_H */
