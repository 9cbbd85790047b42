/* SPDX-License-Identifier: Apache-2.0 */
/* The next entry of the chain: who owns the device after us.  Before a device was onboarded
 * the entry stands in the same epoch; after that it needs the device's release receipt and
 * opens the next one.  One entry and no second: two would be a fork that proves our fault. */
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/url.h"

#define HEAR_FIRST_S 86400	/* every device in use asks with its factory DID more often */

enum berth_err berth_owner_ref_of(struct berth_env *env, const char *did, struct berth_owner_ref *out)
{
	struct berth_did_doc *doc = NULL;
	const struct berth_vm *vm;
	enum berth_err rc;

	if ((rc = berth_did_self_certifying(did)) || (rc = env->learn(env, did)) ||
	    (rc = berth_resolve(env->resolver, did, &doc)))
		return rc;
	vm = berth_did_doc_nth(doc, BERTH_REL_ASSERTION, 0);
	out->did = did;
	rc = vm ? berth_kid_thumbprint(out->jkt, env->resolver, vm->id)
		: berth_fail(BERTH_E_KEY, "the buyer's DID has no assertion key");
	berth_did_doc_free(doc);
	return rc;
}

static enum berth_err sign_entry(struct berth_env *env, const struct berth_instance *inst, const char *dc, const char *to,
				 struct berth_buf *out)
{
	const char *receipt = berth_data_str(berth_json_get(inst->data, "ended"), "receipt");
	struct berth_ownership oc = { .device = berth_data_str(inst->data, "factoryDid"), .has_prev = true,
		.seq = berth_data_int(inst->data, "seq", 0) + 1, .epoch = berth_data_int(inst->data, "epoch", 0) + (receipt ? 1 : 0),
		.transferable = true, .has_release_receipt = receipt != NULL, .issued_s = env->now_s < 0 ? 0 : env->now_s };
	enum berth_err rc;

	if ((rc = berth_owner_ref_of(env, to, &oc.next_owner)) || (rc = berth_body_get_32(inst->data, "tip", oc.prev.b)))
		return rc;
	berth_object_hash(&oc.device_credential, dc, strlen(dc));
	if (receipt)
		berth_object_hash(&oc.release_receipt, receipt, strlen(receipt));
	return berth_ownership_build(out, env->keys->keyring, owner_me(env)->sign_kid, &oc);
}

enum berth_err owner_resell(struct berth_env *env, struct berth_instance *inst, const char *to)
{
	struct berth_json *package, *resold = berth_json_new_object();
	struct berth_buf entry = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = owner_package(env, inst, &package)))
		goto out;
	berth_json_remove(package, "delegation");
	if ((rc = sign_entry(env, inst, berth_data_str(package, "deviceCredential"), to, &entry)) ||
	    (rc = berth_json_push_str(berth_json_get_mut(package, "entries"), berth_buf_cstr(&entry))))
		goto out;
	rc = berth_json_set(resold, "package", package);
	package = NULL;
	if (rc || (rc = berth_json_set_str(resold, "to", to)))
		goto out;
	rc = berth_json_set(inst->data, "resold", resold);
	resold = NULL;
out:
	berth_json_free(package);
	berth_json_free(resold);
	berth_buf_free(&entry);
	return rc;
}

/* result: {"state", "chain"?, "receipt"?} */
enum berth_err owner_say_sold(const struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *package = berth_json_get(berth_json_get(inst->data, "resold"), "package");
	const char *receipt = berth_data_str(berth_json_get(inst->data, "ended"), "receipt");
	enum berth_err rc;

	fx->result = berth_json_new_object();
	if ((rc = berth_json_set_str(fx->result, "state", "TRANSFERRED")) ||
	    (receipt && (rc = berth_json_set_str(fx->result, "receipt", receipt))))
		return rc;
	return package ? berth_json_set(fx->result, "chain", berth_json_clone(package)) : BERTH_OK;
}

/* Of a device that we have let go: args {"to"?}. */
enum berth_err owner_sell_released(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	const char *to = NULL, *was = berth_data_str(berth_json_get(inst->data, "resold"), "to");
	enum berth_err rc = berth_json_opt_str(ev->args, "to", BERTH_OWNER_DID_MAX, &to);

	if (rc)
		return rc;
	if (to && berth_json_get(inst->data, "delegation"))
		return berth_fail(BERTH_E_AUTHZ, "a delegate sells nothing");
	if (to && was && !berth_did_same(to, was))
		return berth_fail(BERTH_E_AUTHZ, "it is %.80s's", was);
	if (to && !was) {
		if ((rc = owner_resell(env, inst, to)))
			return rc;
		berth_effects_audit(fx, "device %s sold to %.80s", berth_data_str(inst->data, "serial"), to);
	}
	return owner_say_sold(inst, fx);
}

/* Before it was ever onboarded by us: args {"to"}.  Where a delegate of ours may have done
 * that, only the device's receipt says that it is free: args {"to"?} */
enum berth_err owner_sell_on(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	const char *to;
	enum berth_err rc;

	if (berth_data_int(inst->data, "dseq", 0) > 0)
		return owner_release_by_delegate(env, inst, ev, fx);
	if ((rc = berth_json_req_str(ev->args, "to", BERTH_OWNER_DID_MAX, &to)) || (rc = owner_may_let_go(env, inst, true)))
		return rc;
	if (berth_json_get(inst->data, "used"))
		return berth_fail(BERTH_E_AUTHZ, "it was in use in this epoch: it has to be released first");
	if (!owner_is_synced(env, inst) && env->now_s < env->restored_s + HEAR_FIRST_S)
		return berth_fail(BERTH_E_UNAVAILABLE, "we were restored from a backup, and it may be in use: wait for a day, or for its word");
	if ((rc = owner_resell(env, inst, to)))
		return rc;
	fx->stop_timer = true;
	berth_effects_audit(fx, "device %s sold on to %.80s", berth_data_str(inst->data, "serial"), to);
	return owner_say_sold(inst, fx);
}

/* Its tombstone.  result: {"state", "receipt", "deviceCredential"}: all that a third party
 * needs. */
enum berth_err owner_show_tombstone(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	const char *receipt = berth_data_str(berth_json_get(inst->data, "ended"), "receipt");
	struct berth_json *package;
	enum berth_err rc = owner_package(env, inst, &package);

	(void)ev;
	if (rc)
		return rc;
	fx->result = berth_json_new_object();
	if (!(rc = berth_json_set_str(fx->result, "state", "RETIRED")) && !(rc = berth_json_set_str(fx->result, "receipt", receipt)))
		rc = berth_json_set_str(fx->result, "deviceCredential", berth_data_str(package, "deviceCredential"));
	berth_json_free(package);
	return rc;
}
