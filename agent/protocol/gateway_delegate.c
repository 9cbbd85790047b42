/* SPDX-License-Identifier: Apache-2.0 */
/* On the device: whether who speaks in the name of the owner still may. */
#include <string.h>

#include "agent/protocol/gateway.h"
#include "did/url.h"

static int64_t now_at_least(const struct berth_env *env)
{
	return env->now_s > env->floor_s ? env->now_s : env->floor_s;
}

bool gateway_delegate_is_over(const struct berth_env *env, const struct berth_json *active)
{
	return berth_json_get(active, "for") && berth_data_int(active, "forExpS", 0) <= now_at_least(env);
}

static enum berth_err judge_delegation(struct berth_env *env, const struct berth_instance *inst,
				       const struct berth_delegation *d, const char *scope)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	struct berth_hash tip;
	uint8_t jkt[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(active, "forJkt", jkt)) || (rc = berth_body_get_32(inst->data, "tip", tip.b)) ||
	    (rc = berth_object_verify(&d->obj, NULL, berth_data_str(active, "for"), jkt)))
		return rc;
	if (!berth_did_same(d->delegate, berth_data_str(active, "owner")) || !berth_hash_equal(&d->tip, &tip) ||
	    !berth_delegation_has_scope(d, scope))
		return berth_fail(BERTH_E_AUTHZ, "delegation of another agent, tip or scope");
	if (d->dseq < berth_data_int(inst->data, "dseq", 0))
		return berth_fail(BERTH_E_REPLAY, "delegation %lld after %lld", (long long)d->dseq,
				  (long long)berth_data_int(inst->data, "dseq", 0));
	return d->exp_s > now_at_least(env) ? BERTH_OK : berth_fail(BERTH_E_EXPIRED, "delegation");
}

/* Onboarding under a delegation does not go on for ever: whatever else a delegate wants, it
 * shows one anew. */
enum berth_err gateway_check_delegation(struct berth_env *env, struct berth_instance *inst, const struct berth_json *body,
					const char *scope)
{
	struct berth_json *active = berth_data_obj(inst->data, "active");
	struct berth_delegation d = { 0 };
	const char *compact;
	enum berth_err rc;

	if (!berth_json_get(active, "for"))
		return BERTH_OK;
	if ((rc = berth_json_req_str(body, "delegation", BERTH_OBJECT_MAX, &compact)) ||
	    (rc = berth_delegation_parse(&d, compact, strlen(compact))))
		return rc;
	if (!(rc = judge_delegation(env, inst, &d, scope)) && !(rc = berth_json_set_int(inst->data, "dseq", d.dseq)))
		rc = berth_json_set_int(active, "forExpS", d.exp_s);
	berth_object_free(&d.obj);
	return rc;
}
