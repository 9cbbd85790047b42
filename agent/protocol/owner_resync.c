/* SPDX-License-Identifier: Apache-2.0 */
/* M18 on the owner's side: this store is a backup that was taken up again, and every device may
 * be further than it says.  Each is asked, by the DIDs that we know and by its factory DID, until
 * it has answered.  One that we do not know in use any more asks for another credential with its
 * factory DID, and shows what we gave it; then it is taken up without a person.  data:
 *
 *	synced		env->restored_s when it was in step, or began
 *	resync {thid, tries, dueS}	while it is not */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/base/rand.h"
#include "did/url.h"

bool owner_is_synced(const struct berth_env *env, const struct berth_instance *inst)
{
	return !env->restored_s || berth_data_int(inst->data, "synced", 0) >= env->restored_s;
}

static enum berth_err drop(const struct berth_instance *inst, struct berth_effects *fx, const char *did)
{
	const char *thid = berth_data_str(berth_json_get(inst->data, "resync"), "thid");
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc = thid && did ? berth_did_short(&peer, did) : BERTH_OK;

	if (!rc && thid && did)
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid);
	berth_buf_free(&peer);
	return rc;
}

static enum berth_err drop_all(const struct berth_instance *inst, struct berth_effects *fx)
{
	const char *dids[2];
	size_t n = owner_dids_of(inst->data, dids);
	enum berth_err rc = drop(inst, fx, berth_data_str(inst->data, "factoryDid"));

	for (size_t i = 0; !rc && i < n; i++)
		rc = drop(inst, fx, dids[i]);
	return rc;
}

/* It is in use, by whatever it has said: but that may be older than our question. */
enum berth_err owner_ask_soon(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	enum berth_err rc = owner_is_synced(env, inst) ? BERTH_OK : drop_all(inst, fx);

	if (!rc)
		berth_json_remove(inst->data, "resync");
	return rc;
}

/* What it has of items need not be what we know: that stays until something is provided again, and
 * then it hears of all, also where nothing seems to have changed. */
enum berth_err owner_note_synced(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	enum berth_err rc = owner_ask_soon(env, inst, fx);

	berth_json_remove(inst->data, "set");
	if (berth_json_get(inst->data, "status"))	/* a person may have ordered the same since */
		berth_json_remove(berth_data_obj(inst->data, "status"), "driftOf");
	return rc ? rc : berth_json_set_int(inst->data, "synced", env->restored_s);
}

/* ---- the question ---- */
static enum berth_err send_to(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx, const char *to)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_int(body, "epoch", berth_data_int(inst->data, "epoch", 0))) ||
	    (rc = berth_json_set_int(body, "seq", env->restored_s)) || (rc = owner_set_credentials(inst->data, body))) {
		berth_json_free(body);
		return rc;
	}
	return berth_effects_send(env, fx, owner_us(env, inst), to, NULL, BERTH_PIURI_ONBOARDING "resync",
				  berth_data_str(berth_json_get(inst->data, "resync"), "thid"), body, NULL);
}

/* In place of what still waits for it. */
static enum berth_err say(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx)
{
	const char *dids[3];
	size_t n = owner_dids_of(inst->data, dids);
	enum berth_err rc = drop_all(inst, fx);

	dids[n++] = berth_data_str(inst->data, "factoryDid");
	for (size_t i = 0; !rc && i < n; i++)
		rc = send_to(env, inst, fx, dids[i]);
	return rc;
}

static enum berth_err note_said(const struct berth_env *env, struct berth_instance *inst, int64_t tries)
{
	struct berth_json *resync = berth_data_obj(inst->data, "resync");
	uint8_t thid[16];
	enum berth_err rc = BERTH_OK;

	berth_random(thid, sizeof(thid));
	if (!berth_json_get(resync, "thid"))
		rc = berth_json_set_b64url(resync, "thid", thid, sizeof(thid));
	if (rc || (rc = berth_json_set_int(resync, "tries", tries < OWNER_NOTICE_DOUBLED_MAX ? tries + 1 : tries)))
		return rc;
	return berth_json_set_int(resync, "dueS", env->uptime_s + (OWNER_NOTICE_AGAIN_S << tries));
}

/* For ever, ever more seldom. */
enum berth_err owner_resync_again(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *resync = berth_json_get(inst->data, "resync");
	enum berth_err rc;

	(void)ev;
	if (owner_is_synced(env, inst) || inst->state == OW_REVOKED)
		return berth_fail(BERTH_E_NOMATCH, "it is in step");
	if ((rc = owner_is_due(env, fx, resync)) || (rc = note_said(env, inst, berth_data_int(resync, "tries", 0))))
		return rc;
	return say(env, inst, fx);
}

/* Of a device that, as far as we know, is not in use yet; its timer is for the registration. */
enum berth_err owner_resync_also(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	uint64_t timer_ms = fx->timer_ms;
	enum berth_err rc = owner_resync_again(env, inst, NULL, fx);

	fx->timer_ms = timer_ms;
	return rc == BERTH_E_NOMATCH ? BERTH_OK : rc;
}

/* ---- the answer ---- */
/* It uses what we know, or what we had issued last. */
enum berth_err owner_on_resynced(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	const char *next = berth_data_str(berth_json_get(inst->data, "renewal"), "operationalDid"), *status = "";
	int64_t seq;
	enum berth_err rc;

	if ((rc = owner_check_device(inst, ev)) || (rc = berth_json_req_int(ev->in->msg.body, "seq", 1, INT64_MAX, &seq)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "status", 16, &status)))
		return rc;
	if (berth_did_same(ev->sender, berth_data_str(inst->data, "factoryDid")))
		return berth_fail(BERTH_E_AUTHZ, "%s from the factory DID", ev->on);
	if ((rc = owner_note_audit(env, inst, ev)))
		return rc;
	if (seq != env->restored_s || owner_is_synced(env, inst))
		return berth_fail(BERTH_E_REPLAY, "an answer to an earlier question");
	if ((rc = owner_note_synced(env, inst, fx)))
		return rc;
	fx->timer_ms = OWNER_LOOK_MS;
	if (next && berth_did_same(ev->sender, next)) {
		if (inst->state == OW_RENEW_PENDING)
			fx->state = OW_ACTIVE;
		return owner_on_activated(env, inst, ev, fx);
	}
	berth_effects_audit(fx, "device %s is as it was before the restoration%s%s", berth_data_str(inst->data, "serial"),
			    *status ? ", and says that it is " : "", status);
	return BERTH_OK;
}

/* ---- one that we do not know in use ---- */
static enum berth_err check_receipt(struct berth_env *env, const struct berth_run *run, const char *compact)
{
	struct berth_receipt r = { 0 };
	enum berth_err rc = berth_receipt_parse(&r, compact, strlen(compact));

	if (rc)
		return rc;
	if (r.role != BERTH_RECEIPT_OWNERSHIP || !berth_did_same(r.obj.issuer, run->peer) ||
	    !berth_did_same(r.owner, owner_me(env)->did) || r.epoch != run->epoch || !berth_hash_equal(&r.tip, &run->tip))
		rc = berth_fail(BERTH_E_AUTHZ, "the receipt is for something else");
	else
		rc = berth_object_verify(&r.obj, env->resolver, NULL, NULL);
	berth_object_free(&r.obj);
	return rc;
}

/* By us, for this epoch and such a device; whether it has ended does not matter. */
static enum berth_err check_credential(struct berth_env *env, const struct berth_instance *inst, const struct berth_run *run,
				       const struct berth_operational *oc)
{
	if (!berth_did_same(oc->obj.issuer, owner_me(env)->did) || oc->epoch != run->epoch ||
	    strcmp(oc->custody, berth_data_str(inst->data, "custody")) != 0)
		return berth_fail(BERTH_E_AUTHZ, "an operational credential of somebody else's, or for something else");
	return berth_object_verify(&oc->obj, env->resolver, NULL, NULL);
}

/* The keys that we certified and the factory's are one device's: a credential that was copied
 * from another is of no use. */
static enum berth_err check_former(struct berth_env *env, const struct berth_run *run, const struct berth_event *ev,
				   const char *op_did)
{
	const struct berth_identity *to = owner_addressed(env, ev);
	struct berth_json *body = berth_json_clone(ev->in->msg.body);
	struct berth_run proved = *run;
	const char *proof;
	enum berth_err rc;

	berth_json_remove(body, "proof");
	if (!to)
		rc = berth_fail(BERTH_E_ADDR, "a renewal asked of nobody here");
	else if (!(rc = berth_body_get_32(body, "nonce", proved.nonce_d)) &&
		 !(rc = berth_json_req_str(body, "formerProof", BERTH_OBJECT_MAX, &proof)) && !(rc = env->learn(env, op_did)))
		rc = berth_run_check_proof(env, &proved, BERTH_SIGN_DEVICE_PROOF, op_did, to->did, NULL, body, "formerProof",
					   proof, NULL);
	berth_json_free(body);
	return rc;
}

static enum berth_err keep(struct berth_instance *inst, const struct berth_operational *oc, const char *receipt)
{
	const struct owner_credential c = { .hash = oc->obj.hash, .exp_s = oc->exp_s };
	enum berth_err rc;

	if ((rc = berth_json_set_str(inst->data, "operationalDid", oc->operational_did)) ||
	    (rc = owner_credential_note(inst->data, &c)) ||
	    (rc = berth_json_set_str(inst->data, "receipt", receipt)))
		return rc;
	return berth_json_set_bool(inst->data, "used", true);
}

/* What the request shows is checked, and is what we know from now on. */
static enum berth_err learn_again(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
				  const struct berth_run *run)
{
	const struct berth_json *body = ev->in->msg.body;
	struct berth_operational oc = { 0 };
	const char *receipt, *credential;
	enum berth_err rc;

	if ((rc = berth_json_req_str(body, "receipt", BERTH_OBJECT_MAX, &receipt)) ||
	    (rc = berth_json_req_str(body, "operationalCredential", BERTH_OBJECT_MAX, &credential)) ||
	    (rc = check_receipt(env, run, receipt)) || (rc = berth_operational_parse(&oc, credential, strlen(credential))))
		return rc;
	if (!(rc = check_credential(env, inst, run, &oc)) && !(rc = check_former(env, run, ev, oc.operational_did)))
		rc = keep(inst, &oc, receipt);
	berth_object_free(&oc.obj);
	return rc;
}

/* Whatever run we remember is long over. */
static enum berth_err end_runs(struct berth_instance *inst, struct berth_effects *fx)
{
	static const char *const ended[] = { "run", "issued", "challenge", "hold", "denied" };
	const char *thid = berth_data_str(berth_json_get(inst->data, "run"), "thid");
	enum berth_err rc;

	if ((rc = owner_end_hello(inst, fx)) || (thid && (rc = berth_effects_remove(fx, BERTH_NS_THREAD, thid))))
		return rc;
	for (size_t i = 0; i < sizeof(ended) / sizeof(ended[0]); i++)
		berth_json_remove(inst->data, ended[i]);
	return BERTH_OK;
}

static enum berth_err take_up(struct berth_env *env, struct berth_instance *inst, const struct berth_event *ev,
			      struct berth_effects *fx, const struct berth_run *run)
{
	enum berth_err rc;

	if ((rc = learn_again(env, inst, ev, run)) || (rc = end_runs(inst, fx)) ||
	    (rc = owner_on_renew_request(env, inst, ev, fx)))
		return rc;
	if (fx->state == inst->state)	/* known, but it was not renewed; it asks again */
		return BERTH_OK;
	fx->state = OW_RENEW_PENDING;
	fx->timer_ms = OWNER_LOOK_MS;
	berth_effects_audit(fx, "device %s was onboarded after the backup, and is taken up again", berth_data_str(inst->data, "serial"));
	return BERTH_OK;
}

/* renew-request before the device is in use, by what we know.  One that has spoken since the
 * restoration, or was revoked since, is what we know. */
enum berth_err owner_on_renew_unknown(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	const char *factory = berth_data_str(inst->data, "factoryDid"), *serial = berth_data_str(inst->data, "serial");
	struct berth_run run;
	enum berth_err rc;

	if (!berth_did_same(ev->sender, factory) && inst->state == OW_COMMITTED)
		return owner_on_first_word(env, inst, ev, fx);
	if (owner_is_synced(env, inst) || berth_json_get(inst->data, "goodbye"))
		return owner_on_renew_unheard(env, inst, ev, fx);
	if (!berth_did_same(ev->sender, factory))
		return berth_fail(BERTH_E_AUTHZ, "a renewal asked for by somebody else");
	if (env->now_s < 0)
		return berth_fail(BERTH_E_CLOCK, "an owner needs a clock");
	if ((rc = owner_read_renewal(inst, ev, &run)) || !(rc = take_up(env, inst, ev, fx, &run)) || rc == BERTH_E_NOMEM)
		return rc;
	berth_effects_audit(fx, "device %s is not taken up again: %s: %s", serial, berth_err_name(rc), berth_err_detail());
	return rc;
}
