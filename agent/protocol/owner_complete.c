/* SPDX-License-Identifier: Apache-2.0 */
/* The end of M11 on the owner's side: the device speaks as its operational DID for the first
 * time, and the run is over.  `complete` says just that; when it is late, whatever else that
 * DID says in this epoch will do. */
#include <string.h>

#include "agent/protocol/owner_items.h"
#include "did/url.h"

static enum berth_err end_run(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			      const struct berth_run *run)
{
	static const char *const ended[] = { "run", "issued", "challenge", "denied" };
	enum berth_err rc = owner_note_issued(inst);

	if (rc)
		return rc;
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++)
		berth_json_remove(inst->data, ended[i]);
	fx->timer_ms = OWNER_LOOK_MS;
	if ((rc = berth_effects_drop(fx, run->peer, run->thid)) || (rc = owner_end_hello(inst, fx)) ||
	    (rc = owner_note_told(env, inst)))
		return rc;
	return berth_effects_remove(fx, BERTH_NS_THREAD, run->thid);
}

/* By the DID that was bound to the device in this run, and for its epoch (C075). */
static enum berth_err read_run(const struct berth_instance *inst, const struct berth_event *ev, struct berth_run *run)
{
	enum berth_err rc = berth_run_load(run, inst->data);

	if (!rc && !berth_did_same(ev->sender, berth_data_str(inst->data, "operationalDid")))
		rc = berth_fail(BERTH_E_AUTHZ, "%s from another DID than the one that was bound", ev->on);
	return rc ? rc : berth_run_check_epoch(run, ev);
}

enum berth_err owner_on_complete(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run;
	enum berth_err rc = read_run(inst, ev, &run);

	if (rc || (rc = end_run(env, inst, fx, &run)) || (rc = owner_ask_soon(env, inst, fx)))
		return rc;
	berth_effects_audit(fx, "device %s is active", berth_data_str(inst->data, "serial"));
	return BERTH_OK;
}

/* renew-request, item-result: the device works, so it has had `committed`. */
enum berth_err owner_on_first_word(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	bool renews = strcmp(ev->on, "renew-request") == 0;
	struct berth_run run;
	enum berth_err rc;

	if ((rc = read_run(inst, ev, &run)) || (rc = end_run(env, inst, fx, &run)) ||
	    (rc = renews ? owner_on_renew_request(env, inst, ev, fx) : owner_on_item_result(env, inst, ev, fx)))
		return rc;
	if (fx->state == inst->state)	/* it was not renewed */
		fx->state = OW_ACTIVE;
	berth_effects_audit(fx, "device %s is active; %s", berth_data_str(inst->data, "serial"), fx->audit ? fx->audit : ev->on);
	return BERTH_OK;
}
