/* SPDX-License-Identifier: Apache-2.0 */
/* The end of M15 and M16 on the owner's side: the device's receipt is judged and kept, and
 * what was that device's alone goes. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/owner.h"
#include "agent/protocol/status_lists.h"
#include "did/url.h"

/* It obeyed what we have signed.  An owner out of a backup, which it has not spoken to, may have
 * signed that after the backup: the device took no other's word, and an epoch ends once. */
static enum berth_err check_order(struct berth_env *env, const struct berth_instance *inst, const struct berth_receipt *r)
{
	const struct berth_json *t = berth_json_get(inst->data, "transfer");
	const char *compact = berth_data_str(t, "credential");
	struct berth_hash credential;
	uint8_t nonce[32];
	enum berth_err rc = berth_body_get_32(t, "nonce", nonce);

	if (rc || !owner_is_synced(env, inst))
		return rc;
	berth_object_hash(&credential, compact, strlen(compact));
	if ((memcmp(r->nonce, nonce, 32) != 0 && !owner_is_carried(inst)) || !berth_hash_equal(&r->credential, &credential))
		return berth_fail(BERTH_E_AUTHZ, "the receipt is for something else");
	return BERTH_OK;
}

static enum berth_err judge(struct berth_env *env, const struct berth_instance *inst, const struct berth_receipt *r)
{
	const char *factory = berth_data_str(inst->data, "factoryDid");
	const char *tip_owner = berth_data_str(inst->data, "tipOwner");
	enum berth_receipt_role role = owner_retires(inst) ? BERTH_RECEIPT_RETIRED : BERTH_RECEIPT_RELEASED;
	struct berth_hash tip;
	enum berth_err rc;

	if ((rc = berth_body_get_32(inst->data, "tip", tip.b)))
		return rc;
	if (!berth_did_same(r->obj.issuer, factory))
		return berth_fail(BERTH_E_HOLDER, "a receipt of another device");
	if (r->role != role || r->epoch != berth_data_int(inst->data, "epoch", 0) + 1 || !berth_hash_equal(&r->tip, &tip) ||
	    !berth_did_same(r->owner, tip_owner ? tip_owner : owner_me(env)->did))
		return berth_fail(BERTH_E_AUTHZ, "the receipt is for something else");
	if ((rc = check_order(env, inst, r)))
		return rc;
	return berth_object_verify(&r->obj, env->resolver, NULL, NULL);
}

static enum berth_err keep_receipt(struct berth_env *env, struct berth_instance *inst, const char *compact)
{
	struct berth_json *ended = berth_json_new_object();
	struct berth_receipt r = { 0 };
	enum berth_err rc;

	if ((rc = berth_receipt_parse(&r, compact, strlen(compact))) || (rc = judge(env, inst, &r)) ||
	    (rc = berth_json_set_str(ended, "receipt", compact)) ||
	    (rc = berth_json_set_str(ended, "erasure", berth_erasure_name(r.erasure))))
		berth_json_free(ended);
	else
		rc = berth_json_set(inst->data, "ended", ended);
	berth_object_free(&r.obj);
	return rc;
}

static enum berth_err remove_item(void *arg, const char *key, const uint8_t *value, size_t len)
{
	struct berth_effects *fx = arg;

	(void)value;
	(void)len;
	return fx->n_puts + 1 < BERTH_EFFECTS_PUTS_MAX ? berth_effects_remove(fx, BERTH_NS_PROVISION, key) : BERTH_OK;
}

static enum berth_err part(struct berth_effects *fx, const char *did)
{
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_short(&peer, did);

	if (!rc)
		rc = berth_effects_part(fx, berth_buf_cstr(&peer));
	berth_buf_free(&peer);
	return rc;
}

/* What was this device's alone: the items provided for it, the DID that only it knew. */
static enum berth_err clear(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const char *us = berth_data_str(berth_json_get(inst->data, "us"), "identity");
	const char *op = berth_data_str(inst->data, "operationalDid");
	char items[80];
	enum berth_err rc;

	snprintf(items, sizeof(items), "%s/", inst->key);
	if ((op && (rc = part(fx, op))) || (us && (rc = berth_effects_forget(fx, us))) ||
	    (rc = env->records->each_under(env->records, BERTH_NS_PROVISION, items, remove_item, fx)))
		return rc;
	if ((rc = owner_ask_soon(env, inst, fx)) || (rc = owner_end_status(env, inst, fx)) || (rc = owner_end_goodbye(inst, fx)) || (rc = owner_mark_attested(inst, fx, NULL)))
		return rc;
	berth_json_remove(inst->data, "us");
	berth_json_remove(inst->data, "operationalDid");
	berth_json_remove(inst->data, "credential");
	berth_json_remove(inst->data, "renewal");
	berth_json_remove(inst->data, "attest");
	berth_json_remove(inst->data, "unansweredS");
	return BERTH_OK;
}

static enum berth_err take_receipt(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   const char *compact)
{
	const char *to, *thid = berth_data_str(berth_json_get(inst->data, "transfer"), "thid");
	bool retired = owner_retires(inst);
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = keep_receipt(env, inst, compact)) || (rc = berth_did_short(&peer, berth_data_str(inst->data, "factoryDid"))) ||
	    (rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid)) || (rc = clear(env, inst, fx)))
		goto out;
	if ((to = berth_data_str(berth_json_get(inst->data, "transfer"), "to")) && (rc = owner_resell(env, inst, to)))
		goto out;
	berth_json_remove(inst->data, "transfer");
	fx->state = retired ? OW_RETIRED : OW_TRANSFERRED;
	fx->stop_timer = true;
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s %s: it has signed for that", berth_data_str(inst->data, "serial"),
			    retired ? "is retired" : "was released");
out:
	berth_buf_free(&peer);
	return rc;
}

/* released, retired */
enum berth_err owner_on_ended(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	const char *compact;
	enum berth_err rc;

	if ((rc = owner_check_leaving(inst, ev)) || (rc = berth_json_req_str(ev->in->msg.body, "receipt", BERTH_OBJECT_MAX, &compact)))
		return rc;
	return take_receipt(env, inst, fx, compact);
}

/* args: {"receipt"}: carried by hand, where the device could not reach us */
enum berth_err owner_take_receipt(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	const char *compact;
	enum berth_err rc = berth_json_req_str(ev->args, "receipt", BERTH_OBJECT_MAX, &compact);

	if (rc || (rc = take_receipt(env, inst, fx, compact)))
		return rc;
	return fx->state == OW_RETIRED ? owner_show_tombstone(env, inst, ev, fx) : owner_say_sold(inst, fx);
}

/* It does not know yet that we have it. */
enum berth_err owner_on_ended_again(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)fx;
	return owner_is_device(inst, ev->sender) ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "%s from somebody else", ev->on);
}
