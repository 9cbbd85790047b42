/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a device that has proved itself is taken: by policy, or by a person. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/owner.h"

#define PENDING_RETRY_S 30
#define HOLD_MAX 160

static bool is_approved_model(const struct berth_policy *p, const char *model)
{
	for (size_t i = 0; i < p->n_approve_models; i++)
		if (strcmp(p->approve_models[i], model) == 0)
			return true;
	return p->n_approve_models == 0;
}

/* Why a person has to look at it, in text; NULL: nobody has to. */
static const char *why_hold(const struct berth_env *env, const struct berth_instance *inst, char text[HOLD_MAX])
{
	const char *model = berth_data_str(inst->data, "model");
	struct owner_mismatch m;
	struct owner_quoted q = { 0 };
	bool quoted = !berth_body_get_32(inst->data, "pcrDigest", q.digest) &&
		      !berth_pcr_values_read(&q.values, BERTH_ATTEST_PCRS, inst->data, "pcrValues");

	if (!env->policy->approve_automatically)
		return "waiting for the operator's approval";
	if (!is_approved_model(env->policy, model))
		snprintf(text, HOLD_MAX, "model %.80s is not one that policy approves", model);
	else if (owner_look_up(env->policy, model, &q, &m) != OWNER_REFERENCE_DIFFERS)
		return NULL;
	else if (quoted && m.pcr >= 0)
		snprintf(text, HOLD_MAX, "its PCR %d is not one of reference %.60s", m.pcr, m.name);
	else
		snprintf(text, HOLD_MAX, quoted ? "its PCRs are not those of reference %.60s"
						 : "nothing attests what it runs, as reference %.60s asks", m.name);
	return text;
}

static enum berth_err send_pending(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   struct berth_run *run, const char *reason)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_int(body, "retryAfter", PENDING_RETRY_S)) ||
	    (rc = berth_json_set_str(body, "reason", reason)) || (rc = berth_json_set_str(inst->data, "hold", reason))) {
		berth_json_free(body);
		return rc;
	}
	berth_effects_audit(fx, "device %s waits for a person: %s", berth_data_str(inst->data, "serial"), reason);
	fx->state = OW_APPROVAL;
	return owner_send(env, inst, fx, run, "pending", body, false);
}

enum berth_err owner_decide(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	char text[HOLD_MAX];
	const char *why = why_hold(env, inst, text);
	struct berth_run run;
	enum berth_err rc = berth_run_load(&run, inst->data);

	(void)ev;
	fx->timer_ms = OWNER_REFRESH_MS;
	if (rc)
		return rc;
	return why ? send_pending(env, inst, fx, &run, why) : owner_offer(env, inst, fx, &run);
}

enum berth_err owner_approve(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run;
	enum berth_err rc = berth_run_load(&run, inst->data);

	(void)ev;
	berth_json_remove(inst->data, "hold");
	berth_json_remove(inst->data, "denied");
	berth_effects_audit(fx, "device %s approved by the operator", berth_data_str(inst->data, "serial"));
	return rc ? rc : owner_offer(env, inst, fx, &run);
}

/* args: {"reason"?} */
enum berth_err owner_deny(struct berth_env *env, struct berth_instance *inst,
			  const struct berth_event *ev, struct berth_effects *fx)
{
	const char *reason = "the operator said no";
	struct berth_run run;
	enum berth_err rc;

	if ((rc = berth_run_load(&run, inst->data)) ||
	    (ev->args && (rc = berth_json_opt_str(ev->args, "reason", 200, &reason))))
		return rc;
	fx->timer_ms = OWNER_REFRESH_MS;
	berth_json_remove(inst->data, "hold");
	if ((rc = berth_json_set_str(inst->data, "denied", reason)))
		return rc;
	berth_effects_audit(fx, "device %s denied by the operator: %s", berth_data_str(inst->data, "serial"), reason);
	return owner_send_denied(env, inst, fx, &run, reason);
}
