/* SPDX-License-Identifier: Apache-2.0 */
/* The end of M11 on the device: `complete`, the first word of its operational DID.  That the
 * owner has dealt with it is known when it has left the outbox; as long as it is given up
 * there it is said again, for until then the owner takes the device for one that it has
 * committed and that nobody uses.  The first renewal is such a word as well, and ends this. */
#include <string.h>

#include "agent/protocol/gateway.h"

#define AT_LEAST_MS 1000u

static struct berth_json *complete_of(struct berth_instance *inst) { return berth_data_obj(inst->data, "complete"); }

enum berth_err gateway_say_complete(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const struct berth_identity *op = env->identity(env, berth_data_str(active, "identity"));
	const char *peer = gateway_peer(active), *run = berth_data_str(complete_of(inst), "run");
	struct berth_json *body = berth_json_new_object();
	struct berth_send *s;
	enum berth_err rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0));

	if (!rc && (!op || !run))
		rc = berth_fail(BERTH_E_INTERNAL, "nothing to complete");
	/* the owner had the long form in accept-ready */
	if (rc || (rc = env->mark_known(env, op, peer))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = berth_effects_send(env, fx, op, peer, berth_data_str(active, "uri"), BERTH_PIURI_ONBOARDING "complete",
				     NULL, body, &s)) ||
	    (rc = berth_json_set_str(s->msg.json, "pthid", run)))
		return rc;
	berth_json_remove(complete_of(inst), "dueS");
	return berth_json_set_str(complete_of(inst), "thid", s->msg.thid);
}

bool gateway_is_complete(const struct berth_instance *inst, const char *thid)
{
	const char *ours = berth_data_str(berth_json_get(inst->data, "complete"), "thid");

	return ours && thid && strcmp(ours, thid) == 0;
}

/* Not at once: whoever refuses it would be asked again and again. */
enum berth_err gateway_complete_later(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	int64_t tries = berth_data_int(complete_of(inst), "tries", 0);
	uint64_t wait_ms = AT_LEAST_MS + gateway_back_off_ms(tries);
	enum berth_err rc;

	if ((rc = berth_json_set_int(complete_of(inst), "tries", tries + 1)) ||
	    (rc = berth_json_set_int(complete_of(inst), "dueS", env->uptime_s + (int64_t)(wait_ms / 1000))))
		return rc;
	if (inst->state == GW_OPERATIONAL)
		fx->timer_ms = wait_ms;
	berth_effects_audit(fx, "the owner has not heard that this device is in use: it is told again");
	return BERTH_OK;
}

enum berth_err gateway_complete_again(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				      uint64_t *wait_ms)
{
	const struct berth_json *complete = berth_json_get(inst->data, "complete");
	int64_t left = berth_data_int(complete, "dueS", 0) - env->uptime_s;

	*wait_ms = 0;
	if (!berth_json_get(complete, "dueS"))
		return BERTH_OK;
	if (left > 0) {
		*wait_ms = (uint64_t)left * 1000;
		return BERTH_OK;
	}
	return gateway_say_complete(env, inst, fx);
}
