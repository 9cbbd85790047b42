/* SPDX-License-Identifier: Apache-2.0 */
/* M12 on the device: new operational keys and a new credential for them, long before the
 * old one ends.  The new identity is made beside the old one (RENEWING), becomes the
 * active one when its credential is there (ROTATING), and the old one's keys go when the
 * owner has answered to the new DID. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/gateway.h"
#include "agent/protocol/ldevid.h"
#include "did/base/rand.h"
#include "did/codec/base64url.h"
#include "did/url.h"

#define AGAIN_MS 60000u
#define REST_MS 3600000u		/* after a refusal */
#define STEP_LIFE_S 10800		/* a day of them is not more steps than a day has */

/* ---- names: what is needed for the run, one step before keys are made ---- */
static enum berth_err set_random(struct berth_json *o, const char *member, size_t n)
{
	uint8_t b[32];

	berth_random(b, n);
	return berth_json_set_b64url(o, member, b, n);
}

static enum berth_err name(struct berth_instance *inst)
{
	struct berth_json *renewal = berth_data_obj(inst->data, "renewal");
	enum berth_err rc;

	if ((rc = gateway_name_operational(inst, renewal)) || (rc = set_random(renewal, "thid", 16)))
		return rc;
	return set_random(renewal, "nonce", 32);
}

enum berth_err gateway_begin_renewal(struct berth_instance *inst, struct berth_effects *fx, const char *why)
{
	enum berth_err rc = name(inst);

	if (rc)
		return rc;
	fx->state = GW_RENEWING;
	fx->go = true;
	berth_effects_audit(fx, "new operational keys: %s", why);
	return BERTH_OK;
}

/* the operator's word */
enum berth_err gateway_rotate(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	(void)env;
	(void)ev;
	return gateway_begin_renewal(inst, fx, "asked for by the operator");
}

/* ---- renew-request ---- */
static enum berth_err read_run(struct berth_env *env, const struct berth_instance *inst, struct berth_run *run)
{
	const struct berth_json *renewal = berth_json_get(inst->data, "renewal");
	const char *thid = berth_data_str(renewal, "thid");
	enum berth_err rc;

	*run = (struct berth_run){ .epoch = berth_data_int(inst->data, "epoch", 0) };
	if (!thid)
		return berth_fail(BERTH_E_INTERNAL, "no renewal");
	snprintf(run->thid, sizeof(run->thid), "%s", thid);
	snprintf(run->peer, sizeof(run->peer), "%s", gateway_peer(berth_json_get(inst->data, "active")));
	if ((rc = berth_device_hash(&run->device_hash, env->identity(env, BERTH_ID_FACTORY)->did, run->epoch)) ||
	    (rc = berth_body_get_32(inst->data, "tip", run->tip.b)))
		return rc;
	return berth_body_get_32(renewal, "nonce", run->nonce_d);
}

static enum berth_err
request_body(struct berth_env *env, const struct berth_instance *inst, const struct berth_run *run,
	     const struct berth_identity *op, bool certified, struct berth_json *body)
{
	const struct berth_json *renewal = berth_json_get(inst->data, "renewal");
	struct berth_buf proof = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_json_set_b64url(body, "deviceHash", run->device_hash.b, 32)) ||
	    (rc = berth_json_set_int(body, "epoch", run->epoch)) ||
	    (rc = berth_json_set_b64url(body, "nonce", run->nonce_d, 32)) ||
	    (rc = berth_json_set_str(body, "operationalDid", op->did_long)) || (rc = gateway_set_attempt(body, renewal)) ||
	    (berth_keys_custody(env->keys, op->name) == BERTH_CUSTODY_HARDWARE &&
	     (rc = gateway_attest_operational(env, body, run, "berth-m12", run->nonce_d, op, 0))) ||
	    (certified && (rc = berth_ldevid_request(env, op, body))) || (rc = gateway_set_former(env, inst, run, body)))
		return rc;
	if (!(rc = berth_run_prove(env, run, BERTH_SIGN_DEVICE_PROOF, op, run->peer, 0, NULL, body, &proof)))
		rc = berth_json_set_str(body, "proof", berth_buf_cstr(&proof));
	berth_buf_free(&proof);
	return rc;
}

enum berth_err gateway_say(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			   const struct berth_identity *from, const char *name, const char *thid, struct berth_json *body)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");

	return gateway_say_to(env, fx, from, gateway_peer(active), berth_data_str(active, "uri"), name, thid, body);
}

enum berth_err gateway_listen(const struct berth_instance *inst, struct berth_effects *fx,
			      const struct berth_identity *as, int64_t rest_s)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc;

	if (!(rc = berth_did_short(&peer, gateway_peer(active))))
		rc = berth_effects_poll_resting(fx, as, berth_buf_cstr(&peer), berth_data_str(active, "uri"), rest_s);
	berth_buf_free(&peer);
	return rc;
}

/* From now on its answers are asked for with that identity. */
static enum berth_err
say(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
    const struct berth_identity *from, const char *name, const char *thid, struct berth_json *body)
{
	enum berth_err rc = gateway_say(env, inst, fx, from, name, thid, body);

	return rc ? rc : gateway_listen(inst, fx, from, 0);
}

/* From the operational DID, or from the factory DID once that one's credential is over, or the
 * owner does not know it (any more): EXPIRED still serves applications, with what is marked as stale. */
enum berth_err gateway_renew(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	struct berth_json *renewal = berth_data_obj(inst->data, "renewal"), *body;
	bool over = gateway_credential_is_over(env, active), certified = berth_json_get(active, BERTH_LDEVID);
	bool as_factory = over || berth_json_get(inst->data, "resync");
	const struct berth_identity *from = env->identity(env, as_factory ? BERTH_ID_FACTORY : berth_data_str(active, "identity"));
	const struct berth_identity *op;
	int64_t tries = berth_data_int(renewal, "tries", 0);
	struct berth_run run;
	uint64_t wait_ms;
	enum berth_err rc;

	(void)ev;
	fx->timer_ms = AGAIN_MS + gateway_back_off_ms(tries);
	if (!from)
		return berth_fail(BERTH_E_INTERNAL, "no identity to ask with");
	if (over) {
		if (inst->state != GW_EXPIRED)
			berth_effects_audit(fx, "the operational credential has expired: asking with the factory DID");
		fx->state = GW_EXPIRED;
	}
	if ((rc = gateway_complete_again(env, inst, fx, &wait_ms)) || (rc = read_run(env, inst, &run)) ||
	    (rc = berth_json_set_int(renewal, "tries", tries + 1)) ||
	    (rc = gateway_make_operational(env, berth_data_str(renewal, "identity"), certified, &op)))
		return rc;
	body = berth_json_new_object();
	if ((rc = request_body(env, inst, &run, op, certified, body))) {
		berth_json_free(body);
		return rc;
	}
	return say(env, inst, fx, from, "renew-request", run.thid, body);
}

/* ---- renew-issue: the switch ---- */
static enum berth_err from_owner(const struct berth_instance *inst, const struct berth_event *ev, const char *thid)
{
	const char *owner = gateway_peer(berth_json_get(inst->data, "active"));

	if (!thid || strcmp(ev->in->msg.thid, thid) != 0)
		return berth_fail(BERTH_E_AUTHZ, "%s of another thread", ev->on);
	if (!ev->sender || !owner || !berth_did_same(ev->sender, owner))
		return berth_fail(BERTH_E_AUTHZ, "%s from somebody else", ev->on);
	return BERTH_OK;
}

static enum berth_err remember_old(struct berth_instance *inst)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	struct berth_json *old = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(old, "identity", berth_data_str(active, "identity"))) ||
	    (rc = gateway_copy_operational(old, active)) ||
	    (rc = berth_json_set_str(old, "thid", berth_data_str(berth_json_get(inst->data, "renewal"), "thid")))) {
		berth_json_free(old);
		return rc;
	}
	return berth_json_set(inst->data, "old", old);
}

/* Items stay where they are: they are the epoch's, not the identity's. */
static enum berth_err
switch_to(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct berth_identity *op,
	  const char *compact, const struct gateway_life *life, const struct berth_json *body)
{
	struct berth_json *active = berth_data_obj(inst->data, "active");
	enum berth_err rc;

	berth_json_remove(active, "over");
	if ((rc = remember_old(inst)) || (rc = gateway_keep_trust(active, body)) ||
	    (rc = berth_ldevid_keep(env, op, active, body)) ||
	    (rc = berth_json_set_str(active, "identity", op->name)) || (rc = berth_json_set_str(active, "did", op->did)) ||
	    (rc = gateway_keep_operational(fx, active, op->name, compact, &life->hash)))
		return rc;
	berth_json_remove(inst->data, "renewal");
	berth_json_remove(inst->data, "complete");	/* the owner knows that this device is in use */
	return gateway_note_life(env, active, life);
}

static enum berth_err send_activated(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active");
	const struct berth_identity *op = env->identity(env, berth_data_str(active, "identity"));
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	if ((rc = env->mark_known(env, op, gateway_peer(active))) ||	/* from renew-request */
	    (rc = gateway_name_us(env, inst, body)) || (rc = gateway_set_audit(env, body))) {
		berth_json_free(body);
		return rc;
	}
	return say(env, inst, fx, op, "renew-activated", berth_data_str(berth_json_get(inst->data, "old"), "thid"), body);
}

enum berth_err gateway_on_renew_issue(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *renewal = berth_json_get(inst->data, "renewal");
	const char *name = berth_data_str(renewal, "identity"), *compact;
	const struct berth_identity *op = name ? env->identity(env, name) : NULL;
	const char *owner = berth_data_str(berth_json_get(inst->data, "active"), "owner");
	struct gateway_life life;
	enum berth_err rc;

	if ((rc = from_owner(inst, ev, berth_data_str(renewal, "thid"))) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "operationalCredential", BERTH_OBJECT_MAX, &compact)) ||
	    (rc = gateway_check_operational(env, op, berth_data_int(inst->data, "epoch", 0), owner, compact, &life)) ||
	    (rc = gateway_check_delegation(env, inst, ev->in->msg.body, BERTH_SCOPE_RENEW)) ||
	    (rc = switch_to(env, inst, fx, op, compact, &life, ev->in->msg.body)) || (rc = send_activated(env, inst, fx)))
		return rc;
	/* a switch is always a step, unless the owner's credentials live so briefly that its
	 * renewals would wear the counter out: then as many as a day allows */
	fx->step_generation = berth_data_int(berth_json_get(inst->data, "active"), "lifeS", 0) >= STEP_LIFE_S;
	fx->timer_ms = AGAIN_MS;
	berth_effects_audit(fx, "rotated to %s; the old keys stay until the owner has used the new ones", op->did);
	return BERTH_OK;
}

enum berth_err gateway_activate_again(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *old = berth_data_obj(inst->data, "old");
	int64_t tries = berth_data_int(old, "tries", 0);
	enum berth_err rc = berth_json_set_int(old, "tries", tries + 1);

	(void)ev;
	fx->timer_ms = AGAIN_MS + gateway_back_off_ms(tries);
	return rc ? rc : send_activated(env, inst, fx);
}

/* ---- renewed, denied ---- */
enum berth_err gateway_on_renewed(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *active = berth_json_get(inst->data, "active"), *old = berth_json_get(inst->data, "old");
	struct berth_hash ours, theirs;
	enum berth_err rc;

	if ((rc = from_owner(inst, ev, berth_data_str(old, "thid"))) ||
	    (rc = berth_body_get_32(ev->in->msg.body, "credential", theirs.b)) || (rc = gateway_operational_hash(&ours, active)))
		return rc;
	if (!berth_hash_equal(&ours, &theirs))
		return berth_fail(BERTH_E_AUTHZ, "another credential was renewed");
	fx->timer_ms = gateway_look_again_ms(env, active);
	berth_effects_audit(fx, "the owner uses the new operational keys; the old ones %s",
			    gateway_has_grace(env) ? "stay until applications have switched" : "are gone");
	if ((rc = gateway_begin_grace(env, inst, fx)) || (rc = gateway_end_resync(inst)))
		return rc;
	berth_json_remove(inst->data, "old");
	return gateway_hear_as_factory(env, inst, fx);
}

/* We are an older copy of ourselves: the owner has seen requests after this one.  The next is
 * numbered after those. */
static enum berth_err catch_up(struct berth_instance *inst, const struct berth_json *body)
{
	int64_t last = 0;
	enum berth_err rc = berth_json_opt_int(body, "attempt", 0, BERTH_ATTEMPT_MAX, &last);

	if (rc || last <= berth_data_int(inst->data, "attempts", 0))
		return rc;
	return berth_json_set_int(inst->data, "attempts", last);
}

/* Any refusal ends the attempt, and the old identity stays; one that is EXPIRED has nothing
 * else to go back to, and goes on asking: the same, or with a number that will do. */
enum berth_err gateway_end_attempt(struct berth_instance *inst, struct berth_effects *fx, bool renumber)
{
	const char *id = berth_data_str(berth_json_get(inst->data, "renewal"), "identity");
	bool expired = inst->state == GW_EXPIRED;
	enum berth_err rc;

	if (expired && !renumber)
		return BERTH_OK;
	if ((rc = berth_effects_forget(fx, id)))
		return rc;
	berth_json_remove(inst->data, "renewal");
	fx->state = expired ? GW_EXPIRED : GW_OPERATIONAL;
	return expired ? name(inst) : BERTH_OK;
}

/* A credential that is over by the owner's clock is one that we could not see: then the
 * factory DID asks. */
enum berth_err gateway_on_renew_denied(struct berth_env *env, struct berth_instance *inst,
				       const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *active = berth_data_obj(inst->data, "active");
	const char *reason = "";
	bool old;
	enum berth_err rc;

	if ((rc = from_owner(inst, ev, berth_data_str(berth_json_get(inst->data, "renewal"), "thid"))) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "reason", 256, &reason)))
		return rc;
	if (strcmp(reason, berth_err_name(BERTH_E_EXPIRED)) == 0 && !gateway_credential_is_over(env, active)) {
		fx->go = true;
		return berth_json_set_bool(active, "over", true);
	}
	old = strcmp(reason, berth_err_name(BERTH_E_REPLAY)) == 0;
	if (old && (rc = catch_up(inst, ev->in->msg.body)))
		return rc;
	berth_effects_audit(fx, "the owner did not renew: %s", reason);
	fx->timer_ms = REST_MS + gateway_back_off_ms(12);
	return gateway_end_attempt(inst, fx, old);
}
