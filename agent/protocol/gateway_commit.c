/* SPDX-License-Identifier: Apache-2.0 */
/* M11 on the device: commit, and when the owner has, the switch: credential, items
 * and operational DID become the active ones together. */
#include <string.h>

#include "agent/protocol/gateway.h"
#include "agent/protocol/ldevid.h"
#include "did/url.h"

#define DAY_S 86400
#define COMMIT_AGAIN_MS 60000u
#define FLOOR_STEP_MAX_S ((int64_t)10 * 366 * 86400)

static const struct berth_identity *operational(struct berth_env *env, const struct berth_json *offer)
{
	const char *name = berth_data_str(offer, "identity");

	return name ? env->identity(env, name) : NULL;
}

/* Why an item is not in the slot; NULL: it is. */
static const char *refused(const struct berth_json *offer, const struct berth_json *item)
{
	return berth_data_str(berth_json_get(berth_json_get(offer, "refused"), berth_data_str(item, "id")), "code");
}

static enum berth_err commit_body(const struct berth_json *offer, struct berth_json *body)
{
	struct berth_json *list = berth_json_new_array(), *copy;
	struct berth_hash h;
	enum berth_err rc = list ? gateway_operational_hash(&h, offer) : BERTH_E_NOMEM;

	if (!rc)
		rc = berth_json_set_b64url(body, "credential", h.b, 32);
	berth_json_each(item, berth_json_get(offer, "items")) {
		const char *code = refused(offer, item);

		if (rc)
			break;
		copy = berth_json_new_object();
		if ((rc = berth_json_set_str(copy, "id", berth_data_str(item, "id"))) ||
		    (rc = berth_json_set_str(copy, "sha256", berth_data_str(item, "sha256"))) ||
		    (code && ((rc = berth_json_set_str(copy, "status", "refused")) ||
			      (rc = berth_json_set_str(copy, "reason", code)))))
			berth_json_free(copy);
		else
			rc = berth_json_push(list, copy);
	}
	return berth_json_set_made(body, "items", list, rc);
}

static enum berth_err send_commit(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_run run;
	enum berth_err rc;

	if ((rc = berth_run_load(&run, inst->data)) ||
	    (rc = commit_body(berth_json_get(inst->data, "offer"), body))) {
		berth_json_free(body);
		return rc;
	}
	if ((rc = gateway_send(env, inst, fx, env->identity(env, BERTH_ID_FACTORY), "commit", run.thid, body, NULL)))
		return rc;
	return berth_effects_drop(fx, run.peer, run.thid);	/* what is older than this one */
}

/* M11: from here on only the owner's word or the operator's changes anything. */
enum berth_err gateway_commit(struct berth_env *env, struct berth_instance *inst,
			      const struct berth_event *ev, struct berth_effects *fx)
{
	(void)ev;
	fx->timer_ms = COMMIT_AGAIN_MS;
	berth_effects_audit(fx, "everything has arrived: committing");
	return send_commit(env, inst, fx);
}

/* For ever: the outbox keeps a message some days, and the owner may have taken ours
 * and lost its answer. */
enum berth_err gateway_commit_again(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	int64_t tries = berth_data_int(inst->data, "commitTries", 0) + 1;
	enum berth_err rc = berth_json_set_int(inst->data, "commitTries", tries);

	(void)ev;
	fx->timer_ms = COMMIT_AGAIN_MS + gateway_back_off_ms(tries);
	return rc ? rc : send_commit(env, inst, fx);
}

/* The accepted tip is remembered for ever (C.1a). */
static enum berth_err remember_chain(struct berth_instance *inst)
{
	const struct berth_json *chain = berth_json_get(inst->data, "chain");
	uint8_t h[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(chain, "tip", h)) || (rc = berth_json_set_b64url(inst->data, "tip", h, 32)))
		return rc;
	return berth_json_set_int(inst->data, "tipSeq", berth_data_int(chain, "tipSeq", 0));
}

/* A delegate spoke: in whose name, and until when. */
static enum berth_err set_tip_owner(const struct berth_instance *inst, const struct berth_json *owner,
				    struct berth_json *active)
{
	const char *tip_owner = berth_data_str(owner, "for"), *jkt = berth_data_str(owner, "forJkt");
	int64_t exp_s = berth_data_int(berth_json_get(inst->data, "chain"), "delegationExp", 0);
	enum berth_err rc;

	if (!tip_owner)
		return (jkt = berth_data_str(owner, "jkt")) ? berth_json_set_str(active, "ownerJkt", jkt) : BERTH_OK;
	if ((rc = berth_json_set_str(active, "for", tip_owner)) || (rc = berth_json_set_str(active, "forJkt", jkt)))
		return rc;
	return berth_json_set_int(active, "forExpS", exp_s);
}

/* An item that was refused stands among the active ones with the code, for people to see. */
static enum berth_err active_items(const struct berth_json *offer, struct berth_json **out)
{
	struct berth_json *list = berth_json_new_array(), *copy;
	enum berth_err rc = list ? BERTH_OK : BERTH_E_NOMEM;

	berth_json_each(item, berth_json_get(offer, "items")) {
		const char *code = refused(offer, item);

		if (rc)
			break;
		copy = berth_json_clone(item);
		if (code && (rc = berth_json_set_str(copy, "refused", code)))
			berth_json_free(copy);
		else
			rc = berth_json_push(list, copy);
	}
	return berth_json_give(out, list, rc);
}

static enum berth_err set_endpoints(const struct berth_json *owner, struct berth_json *active)
{
	const struct berth_json *v = berth_json_get(owner, "endpoints");

	return v ? berth_json_set(active, "endpoints", berth_json_clone(v)) : BERTH_OK;	/* of a run that began before */
}

/* Checked when it came. */
static enum berth_err copy_ldevid(struct berth_json *active, const struct berth_json *offer)
{
	const struct berth_json *v = berth_json_get(offer, BERTH_LDEVID);
	struct berth_json *copy = v ? berth_json_clone(v) : NULL;

	return v ? berth_json_set(active, BERTH_LDEVID, copy) : BERTH_OK;
}

/* An offer of an earlier version does not say how long its credential lives: it is renewed soon. */
static enum berth_err make_active(struct berth_env *env, struct berth_instance *inst, const struct berth_identity *op)
{
	const struct berth_json *offer = berth_json_get(inst->data, "offer"), *owner = berth_json_get(inst->data, "owner");
	struct berth_json *active = berth_json_new_object(), *items = NULL;
	struct berth_json *trust = berth_json_clone(berth_json_get(offer, "trust"));
	int64_t issued_s = berth_data_int(offer, "issuedS", env->floor_s);
	const struct gateway_life life = { .issued_s = issued_s, .exp_s = berth_data_int(offer, "expS", issued_s + DAY_S) };
	enum berth_err rc;

	if ((rc = active_items(offer, &items)) || (rc = berth_json_set(active, "items", items))) {
		berth_json_free(trust);
		berth_json_free(active);
		return rc;
	}
	if ((rc = berth_json_set(active, "trust", trust)) || (rc = berth_json_set_str(active, "identity", op->name)) ||
	    (rc = berth_json_set_str(active, "did", op->did)) ||
	    (rc = berth_json_set_str(active, "owner", berth_data_str(owner, "did"))) ||
	    (rc = set_tip_owner(inst, owner, active)) ||
	    (rc = berth_json_set_str(active, "uri", berth_data_str(owner, "uri"))) || (rc = set_endpoints(owner, active)) ||
	    (rc = berth_json_set_str(active, "slot", berth_data_str(inst->data, "slot"))) ||
	    (rc = berth_json_set_str(active, "receipt", berth_data_str(offer, "receipt"))) ||
	    (rc = gateway_copy_operational(active, offer)) ||
	    (rc = copy_ldevid(active, offer)) || (rc = gateway_note_life(env, active, &life))) {
		berth_json_free(active);
		return rc;
	}
	return berth_json_set(inst->data, "active", active);
}

static enum berth_err measure(struct berth_env *env, struct berth_instance *inst)
{
	struct berth_json *o = berth_data_obj(inst->data, "onboarding");
	int64_t ms = (int64_t)env->mono_ms - berth_data_int(o, "startMs", (int64_t)env->mono_ms);
	int64_t bytes = (int64_t)env->wire_bytes - berth_data_int(o, "startBytes", 0);
	enum berth_err rc = berth_json_set_int(o, "ms", ms < 0 ? 0 : ms);

	return rc ? rc : berth_json_set_int(o, "bytes", bytes < 0 ? 0 : bytes);
}

static enum berth_err
send_complete(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
	      const struct berth_run *run, const struct berth_identity *op)
{
	const char *uri = berth_data_str(berth_json_get(inst->data, "active"), "uri");
	enum berth_err rc;

	if ((rc = berth_json_set_str(berth_data_obj(inst->data, "complete"), "run", run->thid)) ||
	    (rc = gateway_say_complete(env, inst, fx)) || (rc = gateway_hear_as_factory(env, inst, fx)))
		return rc;
	return berth_effects_poll(fx, op, run->peer, uri);
}

/* What the owner signed as its time moves our floor, but not far, and not beyond the
 * life of the delegation that it speaks under (ONBOARDING C.4). */
static int64_t new_floor(const struct berth_env *env, const struct berth_instance *inst)
{
	const struct berth_json *chain = berth_json_get(inst->data, "chain");
	int64_t t = berth_data_int(berth_json_get(inst->data, "owner"), "time", 0);
	int64_t exp = berth_data_int(chain, "delegationExp", INT64_MAX);

	if (t > env->floor_s + FLOOR_STEP_MAX_S)
		t = env->floor_s + FLOOR_STEP_MAX_S;
	return t < exp ? t : exp;
}

enum berth_err gateway_on_committed(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	static const char *const of_run[] = { "offer", "run", "owner", "chain", "seek", "commitTries", "pending", "denied" };
	const struct berth_json *offer = berth_json_get(inst->data, "offer");
	const struct berth_identity *op = operational(env, offer);
	struct berth_hash ours, theirs;
	struct berth_run run;
	enum berth_err rc;

	if ((rc = gateway_run(&run, inst, ev)) || (rc = berth_body_get_32(ev->in->msg.body, "credential", theirs.b)) ||
	    (rc = berth_run_check_epoch(&run, ev)))
		return rc;
	if (!op || gateway_operational_hash(&ours, offer))
		return berth_fail(BERTH_E_INTERNAL, "committed without an offer");
	if (!berth_hash_equal(&ours, &theirs))
		return berth_fail(BERTH_E_AUTHZ, "another credential was committed");
	if ((rc = remember_chain(inst)) || (rc = make_active(env, inst, op)) || (rc = measure(env, inst)) ||
	    (rc = send_complete(env, inst, fx, &run, op)) || (rc = gateway_forget_end(inst, fx)))
		return rc;
	fx->floor_s = new_floor(env, inst);
	for (size_t i = 0; i < sizeof(of_run) / sizeof(of_run[0]); i++)
		berth_json_remove(inst->data, of_run[i]);
	fx->timer_ms = gateway_look_again_ms(env, berth_json_get(inst->data, "active"));
	fx->step_generation = true;
	berth_effects_audit(fx, "operational: %s owned by %s", op->did, run.peer);
	return BERTH_OK;
}

static enum berth_err note_abandoned(struct berth_instance *inst)
{
	const struct berth_json *run = berth_json_get(inst->data, "run");
	struct berth_json *was = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(was, "thid", berth_data_str(run, "thid"))) ||
	    (rc = berth_json_set_str(was, "peer", berth_data_str(run, "peer"))) ||
	    (rc = berth_json_set_str(was, "uri", berth_data_str(berth_json_get(inst->data, "owner"), "uri")))) {
		berth_json_free(was);
		return rc;
	}
	return berth_json_set(inst->data, "abandoned", was);
}

/* args: {"serial"}, typed by the operator */
enum berth_err gateway_abandon(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	const char *serial;
	enum berth_err rc = berth_json_req_str(ev->args, "serial", BERTH_LABEL_MAX, &serial);

	if (rc)
		return rc;
	if (!env->policy->serial || strcmp(serial, env->policy->serial) != 0)
		return berth_fail(BERTH_E_AUTHZ, "the serial is not this device's");
	if ((rc = note_abandoned(inst)))
		return rc;
	berth_json_remove(inst->data, "commitTries");
	return gateway_seek_again(env, inst, fx, "abandoned by the operator while committing");
}

/* The owner did commit, after the operator had had enough: it must hear of that. */
enum berth_err gateway_on_late_committed(struct berth_env *env, struct berth_instance *inst,
					 const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *was = berth_json_get(inst->data, "abandoned");
	const char *thid = berth_data_str(was, "thid"), *peer = berth_data_str(was, "peer");

	if (!thid || strcmp(thid, ev->in->msg.thid) != 0)
		return berth_fail(BERTH_E_TYPE, "committed, but nothing was to be committed");
	if (!ev->sender || !berth_did_same(ev->sender, peer))
		return berth_fail(BERTH_E_AUTHZ, "committed from somebody else");
	berth_effects_audit(fx, "the owner committed a run that was abandoned: it is told");
	return berth_effects_send(env, fx, env->identity(env, BERTH_ID_FACTORY), peer, berth_data_str(was, "uri"),
				  BERTH_PIURI_ONBOARDING "abandoned", thid, NULL, NULL);
}
