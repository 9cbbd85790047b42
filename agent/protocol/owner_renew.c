/* SPDX-License-Identifier: Apache-2.0 */
/* M12 on the owner's side: a credential for new operational keys.  Both DIDs are the
 * device's until it has spoken from the new one; then the old one is nobody's.  A device
 * numbers its identities, so that a request which the network kept for long enough to outlive
 * the memory of its id is known by its number. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/ldevid.h"
#include "agent/protocol/owner.h"
#include "did/url.h"

/* By the operational DID while its credential lives, by the factory DID always. */
static enum berth_err may_ask(struct berth_env *env, const struct berth_instance *inst, const char *sender)
{
	struct owner_credential c;
	enum berth_err rc;

	if (berth_did_same(sender, berth_data_str(inst->data, "factoryDid")))
		return BERTH_OK;
	if ((rc = owner_credential_get(&c, inst->data)))
		return rc == BERTH_E_NOMATCH ? berth_fail(BERTH_E_INTERNAL, "no credential") : rc;
	return c.exp_s && c.exp_s <= env->now_s ? berth_fail(BERTH_E_EXPIRED, "operational credential") : BERTH_OK;
}

static bool is_ours(const struct berth_instance *inst, const char *sender)
{
	const char *op = berth_data_str(inst->data, "operationalDid");

	return sender && (berth_did_same(sender, berth_data_str(inst->data, "factoryDid")) ||
			  (op && berth_did_same(sender, op)));
}

enum berth_err
owner_read_renewal(const struct berth_instance *inst, const struct berth_event *ev, struct berth_run *run)
{
	const struct berth_json *body = ev->in->msg.body;
	int64_t epoch;
	enum berth_err rc;

	*run = (struct berth_run){ .epoch = berth_data_int(inst->data, "epoch", 0) };
	snprintf(run->thid, sizeof(run->thid), "%s", ev->in->msg.thid);
	snprintf(run->peer, sizeof(run->peer), "%s", ev->sender);
	if ((rc = berth_body_get_32(body, "deviceHash", run->device_hash.b)) ||
	    (rc = berth_body_get_32(inst->data, "tip", run->tip.b)) ||
	    (rc = berth_json_req_int(body, "epoch", 0, INT64_MAX, &epoch)))
		return rc;
	return epoch == run->epoch ? BERTH_OK : berth_fail(BERTH_E_AUTHZ, "a renewal for epoch %lld", (long long)epoch);
}

/* ---- the number ---- */
enum berth_err owner_read_attempt(const struct berth_json *body, int64_t *attempt)
{
	*attempt = 0;
	return berth_json_opt_int(body, "attempt", 1, BERTH_ATTEMPT_MAX, attempt);
}

enum berth_err owner_note_attempt(struct berth_instance *inst, int64_t attempt)
{
	if (attempt <= berth_data_int(inst->data, "attempt", 0))
		return BERTH_OK;
	return berth_json_set_int(inst->data, "attempt", attempt);
}

/* Above all that we took, or the one that we took last once more.  Without a number, from the
 * operational DID: those keys are in use.  The factory DID is for ever, and so would be what
 * it has once asked for. */
static enum berth_err check_attempt(const struct berth_instance *inst, const struct berth_event *ev, const char *op_did,
				    int64_t attempt)
{
	const char *known = berth_data_str(berth_json_get(inst->data, "renewal"), "operationalDid");
	int64_t last = berth_data_int(inst->data, "attempt", 0);

	if (attempt > last || (known && berth_did_same(op_did, known)))
		return BERTH_OK;
	if (!attempt && (!last || !berth_did_same(ev->sender, berth_data_str(inst->data, "factoryDid"))))
		return BERTH_OK;
	return berth_fail(BERTH_E_REPLAY, "a renewal numbered %lld after %lld", (long long)attempt, (long long)last);
}

/* P3: a key that lives in a TPM lives there for ever, so the device's own nonce will do:
 * it ties the certification to this request. */
static enum berth_err
check_attestation(struct berth_env *env, const struct berth_instance *inst, const struct berth_run *run,
		  const struct berth_json *body, const char *op_did)
{
	struct berth_attest_claim claim = { .label = "berth-m12", .nonce = run->nonce_d, .said = &run->said, .did = op_did };
	struct berth_device_credential dc = { 0 };
	enum berth_err rc;

	if (strcmp(berth_data_str(inst->data, "custody"), "hardware") != 0)
		return BERTH_OK;
	if (!(rc = owner_device_credential(env, inst, &dc))) {
		claim.keys = &dc.keys;
		rc = berth_attest_verify(env, &claim, body);
	}
	berth_object_free(&dc.obj);
	return rc;
}

static enum berth_err
check_request(struct berth_env *env, const struct berth_instance *inst, const struct berth_event *ev,
	      struct berth_run *run, const char **op_did, int64_t *attempt)
{
	const struct berth_identity *to = owner_addressed(env, ev);
	const struct berth_json *body = ev->in->msg.body;
	const char *proof;
	enum berth_err rc;

	if (!to)
		return berth_fail(BERTH_E_ADDR, "a renewal asked of nobody here");
	if ((rc = may_ask(env, inst, ev->sender)) ||
	    (rc = berth_json_req_str(body, "operationalDid", 8192, op_did)) ||
	    (rc = berth_json_req_str(body, "proof", BERTH_OBJECT_MAX, &proof)) ||
	    (rc = berth_body_get_32(body, "nonce", run->nonce_d)) || (rc = owner_read_attempt(body, attempt)))
		return rc;
	if (is_ours(inst, *op_did))
		return berth_fail(BERTH_E_AUTHZ, "these are no new keys");
	if ((rc = check_attempt(inst, ev, *op_did, *attempt)) ||
	    (rc = env->learn(env, *op_did)) ||
	    (rc = berth_run_check_proof(env, run, BERTH_SIGN_DEVICE_PROOF, *op_did, to->did, NULL, body,
					"proof", proof, NULL)))
		return rc;
	return check_attestation(env, inst, run, body, *op_did);
}

/* Asked again for the same keys, the same credential is the answer. */
static enum berth_err
credential_for(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct berth_run *run,
	       const char *op_did, const struct berth_json *asked, struct berth_buf *out)
{
	const struct berth_json *known = berth_json_get(inst->data, "renewal");
	struct berth_json *renewal, *ldevid;
	enum berth_err rc;

	if (known && berth_did_same(op_did, berth_data_str(known, "operationalDid"))) {
		berth_buf_str(out, berth_data_str(known, "credential"));
		return berth_buf_status(out);
	}
	if ((rc = owner_make_credential(env, inst, fx, run, op_did, out)) ||
	    (rc = berth_ldevid_answer(env, inst, fx, op_did, asked, env->now_s + env->policy->credential_s, &ldevid)))
		return rc;
	renewal = berth_json_new_object();
	if ((ldevid && (rc = berth_json_set(renewal, "issuedLdevid", ldevid))) ||
	    (rc = berth_ldevid_note(renewal, berth_json_get(renewal, "issuedLdevid"))) ||
	    (rc = berth_json_set_str(renewal, "operationalDid", op_did)) ||
	    (rc = berth_json_set_str(renewal, "credential", berth_buf_cstr(out)))) {
		berth_json_free(renewal);
		return rc;
	}
	return berth_json_set(inst->data, "renewal", renewal);
}

/* What waited for the operational DID: a refusal, or an earlier answer to it. */
static enum berth_err drop_earlier(const struct berth_instance *inst, struct berth_effects *fx, const char *thid)
{
	struct berth_buf peer = BERTH_BUF_INIT;
	enum berth_err rc = berth_did_short(&peer, berth_data_str(inst->data, "operationalDid"));

	if (!rc)
		rc = berth_effects_drop(fx, berth_buf_cstr(&peer), thid);
	berth_buf_free(&peer);
	return rc;
}

static enum berth_err set_ldevid(const struct berth_instance *inst, struct berth_json *body)
{
	const struct berth_json *v = berth_json_get(berth_json_get(inst->data, "renewal"), "issuedLdevid");
	struct berth_json *copy = v ? berth_json_clone(v) : NULL;

	return v ? berth_json_set(body, BERTH_LDEVID, copy) : BERTH_OK;
}

static enum berth_err
send_issue(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, struct berth_run *run,
	   const char *op_did, const struct berth_json *asked)
{
	struct berth_json *body = berth_json_new_object();
	struct berth_buf credential = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = credential_for(env, inst, fx, run, op_did, asked, &credential)) ||
	    (rc = berth_json_set_str(berth_data_obj(inst->data, "renewal"), "peer", run->peer)) ||
	    (rc = berth_json_set_str(body, "operationalCredential", berth_buf_cstr(&credential))) ||
	    (rc = set_ldevid(inst, body)) || (rc = owner_set_trust(env, inst, body)) || (rc = owner_set_delegation(env, inst, body)))
		goto out;
	rc = owner_send(env, inst, fx, run, "renew-issue", body, false);
	body = NULL;
	if (!rc)
		rc = drop_earlier(inst, fx, run->thid);
out:
	berth_json_free(body);
	berth_buf_free(&credential);
	return rc;
}

/* What was numbered too low may be a device that is an older copy of itself: it is told where
 * to go on, in the reply and nowhere else, for behind an old request nobody waits for it. */
static enum berth_err deny(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, struct berth_run *run,
			   enum berth_err why)
{
	struct berth_json *body = berth_json_new_object();
	size_t at = fx->n_sends;
	enum berth_err rc = berth_json_set_str(body, "reason", berth_err_name(why));

	if (!rc && why == BERTH_E_REPLAY)
		rc = berth_json_set_int(body, "attempt", berth_data_int(inst->data, "attempt", 0));
	if (rc) {
		berth_json_free(body);
		return rc;
	}
	if (!(rc = owner_send(env, inst, fx, run, "denied", body, false)))
		fx->sends[at].ephemeral = why == BERTH_E_REPLAY;
	return rc;
}

enum berth_err owner_on_renew_request(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	const char *op_did, *serial = berth_data_str(inst->data, "serial");
	struct berth_run run;
	int64_t attempt;
	enum berth_err rc;

	if (env->now_s < 0)
		return berth_fail(BERTH_E_CLOCK, "an owner needs a clock");
	if (!is_ours(inst, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "a renewal asked for by somebody else");
	if ((rc = owner_read_renewal(inst, ev, &run)))
		return rc;
	if ((rc = check_request(env, inst, ev, &run, &op_did, &attempt))) {
		berth_effects_audit(fx, "device %s: renewal refused: %s: %s", serial, berth_err_name(rc), berth_err_detail());
		if (rc == BERTH_E_NOMEM)
			return rc;
		fx->state = inst->state;
		return deny(env, inst, fx, &run, rc);
	}
	if ((rc = owner_note_attempt(inst, attempt)) || (rc = send_issue(env, inst, fx, &run, op_did, ev->in->msg.body)))
		return rc;
	berth_ldevid_say(fx, inst, berth_json_get(inst->data, "renewal"), "a credential for its new keys");
	return BERTH_OK;
}

/* Of a device that is being let go: it needs no new keys.  But one whose credential is over,
 * which it may not know, has to ask with its factory DID, where our last word waits for it. */
enum berth_err owner_on_request_of_leaving(struct berth_env *env, struct berth_instance *inst,
					   const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_run run;
	enum berth_err rc;

	if (!is_ours(inst, ev->sender))
		return berth_fail(BERTH_E_AUTHZ, "a renewal asked for by somebody else");
	if ((rc = owner_read_renewal(inst, ev, &run)) || !(rc = may_ask(env, inst, ev->sender)))
		return rc;
	return rc == BERTH_E_EXPIRED ? owner_send_denied(env, inst, fx, &run, berth_err_name(rc)) : rc;
}

static enum berth_err send_renewed(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				   struct berth_run *run)
{
	struct berth_json *body = berth_json_new_object();
	struct owner_credential c;
	enum berth_err rc;

	if ((rc = owner_credential_get(&c, inst->data)) || (rc = berth_json_set_b64url(body, "credential", c.hash.b, 32)) || (rc = berth_json_set_int(body, "epoch", run->epoch))) {
		berth_json_free(body);
		return rc;
	}
	return owner_send(env, inst, fx, run, "renewed", body, false);
}

/* The first word from the new DID: the old one is not this device any more. */
enum berth_err owner_on_activated(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *renewal = berth_json_get(inst->data, "renewal");
	const char *did = berth_data_str(renewal, "operationalDid"), *peer = berth_data_str(renewal, "peer");
	const char *former = berth_data_str(inst->data, "operationalDid");
	struct berth_run run;
	enum berth_err rc;

	if (!did || !ev->sender || !berth_did_same(ev->sender, did)) {
		fx->state = inst->state;	/* an earlier request came late: the keys in use are those before it */
		return owner_on_activated_again(env, inst, ev, fx);
	}
	if ((rc = owner_read_renewal(inst, ev, &run)) || (rc = owner_note_audit(env, inst, ev)) ||
	    (rc = berth_effects_drop(fx, peer, run.thid)) ||
	    (former && (rc = berth_effects_unsay(fx, former))) ||
	    (rc = owner_drop_notices(inst->data, fx)) || (rc = owner_ask_soon(env, inst, fx)) ||
	    (rc = berth_json_set_str(inst->data, "operationalDid", did)) ||
	    (rc = owner_credential_take(inst->data, renewal)) ||
	    (rc = berth_ldevid_switch(env, inst->data, renewal)) || (rc = send_renewed(env, inst, fx, &run)))
		return rc;
	berth_json_remove(inst->data, "renewal");
	fx->may_step_generation = true;
	berth_effects_audit(fx, "device %s uses its new keys", berth_data_str(inst->data, "serial"));
	return BERTH_OK;
}

/* It has not had our answer. */
enum berth_err owner_on_activated_again(struct berth_env *env, struct berth_instance *inst,
					const struct berth_event *ev, struct berth_effects *fx)
{
	const char *did = berth_data_str(inst->data, "operationalDid");
	struct berth_run run;
	enum berth_err rc;

	if (!did || !ev->sender || !berth_did_same(ev->sender, did))
		return berth_fail(BERTH_E_AUTHZ, "%s from another DID than the device's", ev->on);
	if ((rc = owner_read_renewal(inst, ev, &run)) || (rc = berth_effects_drop(fx, run.peer, run.thid)))
		return rc;
	return send_renewed(env, inst, fx, &run);
}

/* Out of service meanwhile, or being let go: what was certified before is the device's all the
 * same, and whatever we have to tell it goes to its new DID from now on. */
enum berth_err owner_on_activated_late(struct berth_env *env, struct berth_instance *inst,
				       const struct berth_event *ev, struct berth_effects *fx)
{
	return owner_on_activated(env, inst, ev, fx);
}
