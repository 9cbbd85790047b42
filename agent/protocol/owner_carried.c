/* SPDX-License-Identifier: Apache-2.0 */
/* M15 and M16 of a device that a delegate has onboarded.  The device hears the delegate and
 * obeys its owner: the owner signs, the delegate carries what was signed, and the receipt
 * comes back to the owner by hand.  What was signed cannot be called back. */
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/url.h"

bool owner_is_carried(const struct berth_instance *inst)
{
	return berth_json_bool(berth_json_get(berth_json_get(inst->data, "transfer"), "carried"), false);
}

/* ---- the owner ---- */
static enum berth_err give(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const char *to,
			   bool retire, bool clear_tpm)
{
	enum berth_err rc;

	if ((rc = owner_leave(env, inst, to, retire, clear_tpm)) ||
	    (rc = berth_json_set_bool(berth_data_obj(inst->data, "transfer"), "carried", true)))
		return rc;
	fx->state = retire ? OW_RETIRING : OW_TRANSFERRING;
	fx->stop_timer = true;
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s: %s%s%.80s, signed for its delegate", berth_data_str(inst->data, "serial"),
			    retire ? "retired" : "released", to ? " to " : "", to ? to : "");
	return owner_say_leaving(inst, fx);
}

/* args: {"to"?} */
enum berth_err owner_release_by_delegate(struct berth_env *env, struct berth_instance *inst,
					 const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_owner_ref buyer;
	const char *to = NULL;
	enum berth_err rc;

	if ((rc = berth_json_opt_str(ev->args, "to", BERTH_OWNER_DID_MAX, &to)) || (rc = owner_may_let_go(env, inst, true)) ||
	    (to && (rc = berth_owner_ref_of(env, to, &buyer))))
		return rc;
	return give(env, inst, fx, to, false, false);
}

/* args: {"clearTpm"?} */
enum berth_err owner_retire_by_delegate(struct berth_env *env, struct berth_instance *inst,
					const struct berth_event *ev, struct berth_effects *fx)
{
	bool clear_tpm = false;
	enum berth_err rc;

	if ((rc = berth_json_opt_bool(ev->args, "clearTpm", &clear_tpm)) || (rc = owner_may_let_go(env, inst, false)))
		return rc;
	if (berth_data_int(inst->data, "dseq", 0) == 0)
		return berth_fail(BERTH_E_UNAVAILABLE, "it was not onboarded yet: only then does it hear us");
	return give(env, inst, fx, NULL, true, clear_tpm);
}

/* ---- its delegate ---- */
static enum berth_err check(struct berth_env *env, const struct berth_instance *inst, const struct berth_release *r)
{
	const char *tip_owner = berth_data_str(inst->data, "tipOwner");
	struct berth_hash tip;
	enum berth_err rc = berth_body_get_32(inst->data, "tip", tip.b);

	if (rc)
		return rc;
	if (!tip_owner || !berth_json_get(inst->data, "delegation"))
		return berth_fail(BERTH_E_AUTHZ, "it is ours: nobody else signs for it");
	if (!berth_did_same(r->obj.issuer, tip_owner))
		return berth_fail(BERTH_E_AUTHZ, "signed by somebody else than its owner %.80s", tip_owner);
	if (!berth_did_same(r->device, berth_data_str(inst->data, "factoryDid")))
		return berth_fail(BERTH_E_HOLDER, "made for another device");
	if (r->epoch != berth_data_int(inst->data, "epoch", 0) || !berth_hash_equal(&r->tip, &tip))
		return berth_fail(BERTH_E_REPLAY, "of epoch %lld, or of another tip", (long long)r->epoch);
	return berth_object_verify(&r->obj, env->resolver, tip_owner, NULL);
}

/* args: {"release"} */
enum berth_err owner_carry(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			   struct berth_effects *fx, bool retire)
{
	struct berth_release r = { 0 };
	const char *compact;
	enum berth_err rc = berth_json_req_str(ev->args, "release", BERTH_OBJECT_MAX, &compact);

	if (!rc && (berth_json_get(ev->args, "to") || berth_json_get(ev->args, "clearTpm")))
		rc = berth_fail(BERTH_E_AUTHZ, "what is signed says so already, or it is not so");
	if (!rc && berth_json_get(inst->data, "next"))
		rc = berth_fail(BERTH_E_UNAVAILABLE, "a rotation of our DID for this device is under way");
	if (!rc && !(rc = berth_release_parse(&r, retire, compact, strlen(compact))))
		rc = check(env, inst, &r);
	if (!rc && !(rc = owner_leave_with(inst, compact, NULL, retire)))
		rc = owner_let_go_again(env, inst, ev, fx);
	berth_object_free(&r.obj);
	if (rc)
		return rc;
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s: its owner lets it go, as soon as it hears of it", berth_data_str(inst->data, "serial"));
	return owner_say_leaving(inst, fx);
}
