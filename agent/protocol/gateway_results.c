/* SPDX-License-Identifier: Apache-2.0 */
/* After M11 on the device: what a hook has made of an item is told to the owner. */
#include "agent/protocol/gateway.h"

static enum berth_err result_body(struct berth_env *env, const struct berth_instance *inst, const struct berth_json *args,
				  struct berth_json *body)
{
	const char *id, *sha, *status, *reason = NULL;
	enum berth_err rc;

	if ((rc = berth_json_req_str(args, "id", 63, &id)) || (rc = berth_json_req_str(args, "sha256", 64, &sha)) ||
	    (rc = berth_json_req_str(args, "status", 15, &status)) ||
	    (rc = berth_json_opt_str(args, "reason", 64, &reason)) || (rc = gateway_name_us(env, inst, body)) ||
	    (rc = berth_json_set_str(body, "id", id)) || (rc = berth_json_set_str(body, "sha256", sha)) ||
	    (rc = berth_json_set_str(body, "status", status)))
		return rc;
	return reason ? berth_json_set_str(body, "reason", reason) : BERTH_OK;
}

/* args: {"id", "sha256", "status", "reason"?} */
enum berth_err gateway_item_result(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const char *name = berth_data_str(active, "identity");
	const struct berth_identity *op = name ? env->identity(env, name) : NULL;
	struct berth_json *body;
	enum berth_err rc;

	if (!op)
		return berth_fail(BERTH_E_NOMATCH, "nothing is active");
	body = berth_json_new_object();
	if ((rc = result_body(env, inst, ev->args, body))) {
		berth_json_free(body);
		return rc;
	}
	return berth_effects_send(env, fx, op, gateway_peer(active), berth_data_str(active, "uri"),
				  BERTH_PIURI_ONBOARDING "item-result", NULL, body, NULL);
}
