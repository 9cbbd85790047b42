/* SPDX-License-Identifier: Apache-2.0 */
/* M16 on the device: no owner comes after this one.  The tombstone is signed and packed in
 * the transaction that ends the epoch; the factory keys stay until it has been delivered,
 * for it may have to be packed again, and are deleted then.  RETIRED seeks nobody and
 * answers nobody, also after a restart. */
#include <string.h>

#include "agent/protocol/gateway.h"

#define LOOK_MS 15000u

/* RETIRING: when notice and consent allow it. */
enum berth_err gateway_retire(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	enum berth_err rc;

	(void)ev;
	if (!gateway_may_end(env, inst, &fx->timer_ms))
		return BERTH_OK;
	if ((rc = gateway_end_epoch(env, inst, fx)))
		return rc;
	fx->timer_ms = LOOK_MS;
	fx->state = GW_RETIRED;
	return BERTH_OK;
}

/* Where the owner wished it and our policy allowed it, after the last key: once in the life of
 * a process, for a TPM that does not let us is not to be asked again and again. */
static enum berth_err clear(const struct berth_json *ended, const struct berth_event *ev, struct berth_effects *fx)
{
	bool wished = berth_json_bool(berth_json_get(ended, "clearTpm"), false), now = strcmp(ev->on, "timer") == 0;

	fx->clear_device = wished && now;
	fx->stop_timer = !wished || now;
	fx->timer_ms = fx->stop_timer ? 0 : 1;
	if (fx->clear_device)
		berth_effects_audit(fx, "the TPM is cleared, as the owner wished");
	return BERTH_OK;
}

/* Has the tombstone been delivered?  Then the last keys go.  That nothing waits may also mean
 * that it was given up: then we hear of that ("dead") before we look for the second time. */
enum berth_err gateway_bury(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *ended = berth_data_obj(inst->data, "ended");
	const char *peer = berth_data_str(ended, "peer");
	enum berth_err rc;

	if (berth_json_bool(berth_json_get(ended, "over"), false))
		return clear(ended, ev, fx);
	fx->timer_ms = LOOK_MS;
	if (!peer || env->waiting(env, peer) > 0)
		return BERTH_OK;
	if (!berth_json_get(ended, "quiet") || strcmp(ev->on, "timer") != 0)
		return berth_json_set_bool(ended, "quiet", true);
	if ((rc = berth_json_set_bool(ended, "over", true)) || (rc = berth_effects_forget(fx, BERTH_ID_FACTORY)) ||
	    (rc = berth_effects_forget(fx, BERTH_ID_AUDIT)))
		return rc;
	berth_effects_audit(fx, "the owner has the tombstone: the factory keys are deleted");
	return BERTH_OK;
}
