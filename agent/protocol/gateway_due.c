/* SPDX-License-Identifier: Apache-2.0 */
/* What a device waits for in whatever state it is: a set of items that nobody has confirmed, and
 * operational keys of before, which are kept until its applications have switched. */
#include "agent/protocol/gateway_set.h"

/* ---- the grace of old keys ---- */
bool gateway_has_grace(const struct berth_env *env) { return env->policy->grace_s > 0 && env->policy->n_confirm; }

static enum berth_err end_grace(struct berth_instance *inst, struct berth_effects *fx)
{
	const char *name = berth_data_str(berth_json_get(inst->data, "grace"), "identity");
	enum berth_err rc = name ? berth_effects_forget(fx, name) : BERTH_OK;

	if (!rc)
		berth_json_remove(inst->data, "grace");
	return rc;
}

/* Those before them have had their time. */
enum berth_err gateway_begin_grace(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *old = berth_json_get(inst->data, "old");
	const char *name = berth_data_str(old, "identity");
	struct berth_json *grace;
	enum berth_err rc = end_grace(inst, fx);

	if (rc || !gateway_has_grace(env))
		return rc ? rc : berth_effects_forget(fx, name);
	grace = berth_data_obj(inst->data, "grace");
	if ((rc = berth_json_set_str(grace, "identity", name)) || (rc = gateway_copy_operational(grace, old)))
		return rc;
	fx->due_ms = (uint64_t)env->policy->grace_s * 1000;
	return berth_json_set_int(grace, "untilS", env->uptime_s + env->policy->grace_s);
}

/* All applications that had to. */
enum berth_err gateway_switched(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)ev;
	if (!berth_json_get(inst->data, "grace"))
		return berth_fail(BERTH_E_NOMATCH, "no keys of before are kept");
	berth_effects_audit(fx, "applications have switched: the operational keys of before are gone");
	return end_grace(inst, fx);
}

static enum berth_err grace_due(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *grace = berth_json_get(inst->data, "grace");
	int64_t left = berth_data_int(grace, "untilS", 0) - env->uptime_s;

	if (!grace)
		return berth_fail(BERTH_E_NOMATCH, "no keys of before are kept");
	if (left > 0) {
		fx->due_ms = (uint64_t)left * 1000;
		return berth_fail(BERTH_E_NOMATCH, "not yet");
	}
	berth_effects_audit(fx, "not all applications have switched, but the time for that is over: the operational keys of before are gone");
	return end_grace(inst, fx);
}

/* ---- both ---- */
/* What is left is looked at in a moment. */
enum berth_err gateway_due(struct berth_env *env, struct berth_instance *inst,
			   const struct berth_event *ev, struct berth_effects *fx)
{
	uint64_t trial_ms;
	enum berth_err rc = gateway_trial_due(env, inst, fx);

	(void)ev;
	trial_ms = fx->due_ms;
	if (rc == BERTH_E_NOMATCH) {
		fx->due_ms = 0;
		rc = grace_due(env, inst, fx);
		if (rc && trial_ms && (!fx->due_ms || trial_ms < fx->due_ms))
			fx->due_ms = trial_ms;
	}
	if (!rc)
		fx->due_ms = 1000;
	return rc;
}
