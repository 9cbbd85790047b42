/* SPDX-License-Identifier: Apache-2.0 */
/* What the status says of mediation. */
#include "agent/core/backend_internal.h"

#include "agent/core/store_queue.h"
#include "agent/protocol/mediate.h"

/* Takes v over. */
static enum berth_err set(struct berth_json *o, const char *name, struct berth_json *v, enum berth_err rc)
{
	if (!rc)
		return berth_json_set(o, name, v);
	berth_json_free(v);
	return rc;
}

static enum berth_err of_client(struct berth_backend *b, struct berth_json *o)
{
	struct berth_json *inst = NULL, *v;
	const struct berth_json *data;
	const char *state;
	enum berth_err rc;

	if (berth_agent_instance(b->agent, BERTH_NS_MEDIATED, NULL, &inst))
		return BERTH_OK;	/* it has asked nobody yet */
	data = berth_json_get(inst, "data");
	state = berth_json_str(berth_json_get(inst, "state"));
	v = berth_json_new_object();
	if (!(rc = berth_json_set_str(v, "state", state ? state : "")))
		rc = berth_json_set_int(v, "registered", (int64_t)berth_json_len(berth_json_get(data, "registered")));
	berth_json_free(inst);
	return set(o, "mediation", v, rc);
}

static enum berth_err of_mediator(struct berth_backend *b, struct berth_json *o)
{
	int64_t messages, bytes;
	struct berth_json *v;
	enum berth_err rc = berth_store_queue_all(berth_agent_store(b->agent), &messages, &bytes);

	if (rc)
		return rc;
	v = berth_json_new_object();
	if (!(rc = berth_json_set_int(v, "messages", messages)))
		rc = berth_json_set_int(v, "bytes", bytes);
	return set(o, "relay", v, rc);
}

enum berth_err backend_mediation(struct berth_backend *b, struct berth_json *o)
{
	struct berth_env *env = berth_agent_env(b->agent);
	enum berth_err rc = BERTH_OK;

	if (env->policy->mediator_did)
		rc = of_client(b, o);
	return rc || !env->identity(env, BERTH_ID_MEDIATOR) ? rc : of_mediator(b, o);
}
