/* SPDX-License-Identifier: Apache-2.0 */
/* What devices make of what was provisioned, after M11. */
#include "agent/protocol/owner.h"

/* One word for each item, so that a device can say no more of them than it may have. */
enum berth_err owner_on_item_result(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *results = berth_data_obj(inst->data, "results");
	const char *id, *status, *reason = "";
	enum berth_err rc;

	(void)env;
	if ((rc = owner_check_device(inst, ev)) || (rc = berth_json_req_str(ev->in->msg.body, "id", 63, &id)) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "status", 15, &status)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "reason", 64, &reason)))
		return rc;
	if (!berth_json_get(results, id) && berth_json_len(results) >= BERTH_ITEMS_MAX)
		return berth_fail(BERTH_E_QUOTA, "results for more than %d items", BERTH_ITEMS_MAX);
	berth_effects_audit(fx, "device %s: item %s %s %s", berth_data_str(inst->data, "serial"), id, status, reason);
	return berth_json_set_str(results, id, status);
}
