/* SPDX-License-Identifier: Apache-2.0 */
/* A device's last signed head of its audit log at its owner: what the owner holds, no later log
 * of that device may lack. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/core/agent_internal.h"
#include "agent/core/audit_chain.h"

/* Nothing is signed yet, or that row was taken out for its age: nothing is added. */
static enum berth_err last_signed(struct berth_env *env, struct berth_buf *jws)
{
	struct berth_agent *a = env->host;

	return berth_store_audit_signed(a->cfg.store, jws);
}

static enum berth_err open_head(struct berth_env *env, const char *jws, size_t n, struct berth_audit_seen *out)
{
	struct berth_audit_head h;
	char *did = NULL;
	enum berth_err rc = berth_audit_head_open(&h, &did, jws, n);

	(void)env;
	*out = (struct berth_audit_seen){ .seq = h.seq, .generation = h.generation, .time_s = h.time_s };
	memcpy(out->hash, h.hash, sizeof(out->hash));
	if (!rc && (size_t)snprintf(out->did, sizeof(out->did), "%s", did) >= sizeof(out->did))
		rc = berth_fail(BERTH_E_SIZE, "audit: a signer's DID of more than %zu octets", sizeof(out->did) - 1);
	free(did);
	return rc;
}

void agent_env_audit(struct berth_agent *a)
{
	a->env.audit_head = last_signed;
	a->env.audit_open = open_head;
}
