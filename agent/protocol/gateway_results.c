/* SPDX-License-Identifier: Apache-2.0 */
/* After M11 on the device: what a hook has made of an item is kept, decides about a set that is
 * on trial, and is told to the owner. */
#include <string.h>

#include "agent/protocol/gateway_set.h"
#include "agent/protocol/item.h"

struct result { const char *id, *sha, *status, *reason, *version; const struct berth_json *record; };

static enum berth_err read_result(struct result *r, const struct berth_json *args)
{
	enum berth_err rc;

	*r = (struct result){ .record = berth_json_get(args, "record") };
	if ((rc = berth_json_req_str(args, "id", 63, &r->id)) || (rc = berth_json_req_str(args, "sha256", 64, &r->sha)) ||
	    (rc = berth_json_req_str(args, "status", 15, &r->status)) ||
	    (rc = berth_json_opt_str(args, "version", 64, &r->version)))
		return rc;
	return berth_json_opt_str(args, "reason", 64, &r->reason);
}

static enum berth_err result_body(struct berth_env *env, const struct berth_instance *inst, const struct result *r,
				  struct berth_json *body)
{
	enum berth_err rc;

	if ((rc = gateway_name_us(env, inst, body)) || (rc = berth_json_set_str(body, "id", r->id)) ||
	    (rc = berth_json_set_str(body, "sha256", r->sha)) || (rc = berth_json_set_str(body, "status", r->status)))
		return rc;
	return r->reason ? berth_json_set_str(body, "reason", r->reason) : BERTH_OK;
}

static enum berth_err tell(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			   const struct berth_identity *op, const struct result *r)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = result_body(env, inst, r, body))) {
		berth_json_free(body);
		return rc;
	}
	return berth_effects_send(env, fx, op, gateway_peer(active), berth_data_str(active, "uri"),
				  BERTH_PIURI_ONBOARDING "item-result", NULL, body, NULL);
}

/* A version that is installed steps the generation, so that a copy of the store in which an
 * older one would do shows. */
static enum berth_err keep(struct berth_effects *fx, const struct result *r)
{
	enum berth_err rc = r->record ? berth_effects_put_json(fx, BERTH_NS_HOOK, r->id, r->record) : BERTH_OK;

	if (rc || !r->version)
		return rc;
	fx->step_generation = true;
	return berth_effects_put(fx, BERTH_NS_FIRMWARE, BERTH_FIRMWARE_HIGHEST, r->version, strlen(r->version));
}

/* args: {"id", "sha256", "status", "reason"?, "record"?, "version"?, "known"?}; record: what is
 * kept of the hook; version: of a firmware that is installed now; known: the owner has heard it */
enum berth_err gateway_item_result(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *op = gateway_operational(env, inst);
	struct result r;
	enum berth_err rc;

	if (!op)
		return berth_fail(BERTH_E_NOMATCH, "nothing is active");
	if ((rc = read_result(&r, ev->args)) || (rc = keep(fx, &r)))
		return rc;
	berth_effects_audit(fx, "%s: item %s: %s%s%s", r.record ? berth_data_str(r.record, "hook") : "hook", r.id, r.status,
			    r.reason ? " " : "", r.reason ? r.reason : "");
	if (gateway_trial_waits(inst, r.id, r.sha))
		return gateway_trial_result(env, inst, fx, r.id, r.status, r.reason);
	return berth_json_bool(berth_json_get(ev->args, "known"), false) ? BERTH_OK : tell(env, inst, fx, op, &r);
}
