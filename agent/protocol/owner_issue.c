/* SPDX-License-Identifier: Apache-2.0 */
/* M7 to M10 on the owner's side: offer, check the operational DID, issue and provision. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/protocol/attestation.h"
#include "agent/protocol/ldevid.h"
#include "agent/protocol/owner_items.h"
#include "agent/protocol/status_lists.h"
#include "did/base/rand.h"
#include "did/crypto/hash.h"
#include "did/url.h"

static enum berth_err set_rv(struct berth_json *body, const struct berth_policy *p)
{
	struct berth_json *list = berth_json_new_array(), *v;
	enum berth_err rc = list ? BERTH_OK : BERTH_E_NOMEM;

	for (size_t i = 0; !rc && i < p->n_rendezvous; i++) {
		v = berth_json_new_object();
		if ((rc = berth_json_set_str(v, "did", p->rendezvous[i].did)) ||
		    (rc = berth_json_set_str(v, "uri", p->rendezvous[i].uri)))
			berth_json_free(v);
		else
			rc = berth_json_push(list, v);
	}
	return berth_json_set_made(body, "nextRV", list, rc);
}

/* The names of our lists. */
static enum berth_err set_status_lists(struct berth_env *env, struct berth_json *body)
{
	struct berth_json *list = berth_json_new_array(), *entries;
	enum berth_err rc = berth_status_entry(&entries, env, 0);

	berth_json_each(e, entries)
		if (!rc)
			rc = berth_json_push_str(list, berth_data_str(e, "statusListCredential"));
	berth_json_free(entries);
	return berth_json_set_made(body, "statusLists", list, rc);
}

/* M7 */
enum berth_err owner_offer(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
			   struct berth_run *run)
{
	struct berth_json *body = berth_json_new_object();
	uint8_t challenge[32], policy[32];
	enum berth_err rc;

	berth_random(challenge, sizeof(challenge));
	berth_sha256(policy, "", 0);	/* no policy document yet */
	if ((rc = berth_json_set_int(body, "epoch", run->epoch)) ||
	    (rc = berth_json_set_b64url(body, "challenge", challenge, 32)) ||
	    (rc = berth_json_set_b64url(inst->data, "challenge", challenge, 32)) ||
	    (env->policy->ldevid_ca && (rc = berth_json_set(body, BERTH_LDEVID, berth_json_new_object()))) ||
	    (rc = set_status_lists(env, body)) ||
	    (rc = berth_json_set_b64url(body, "policyHash", policy, 32)) || (rc = set_rv(body, env->policy))) {
		berth_json_free(body);
		return rc;
	}
	return owner_send(env, inst, fx, run, "accept-ownership", body, true);
}

/* ---- M8 ---- */
/* The operational keys live in the device's TPM as well. */
static enum berth_err
check_hardware(struct berth_env *env, const struct berth_instance *inst, const struct berth_run *run,
	       const struct berth_json *body, const uint8_t challenge[32], const char *op_did)
{
	struct berth_attest_claim claim = { .label = "berth-m8", .nonce = challenge, .said = &run->said, .did = op_did };
	struct berth_device_credential dc;
	enum berth_err rc = owner_device_credential(env, inst, &dc);

	if (!rc) {
		claim.keys = &dc.keys;
		rc = berth_attest_verify(env, &claim, body);
	}
	berth_object_free(&dc.obj);
	return rc;
}

static enum berth_err
check_proofs(struct berth_env *env, const struct berth_instance *inst, const struct berth_run *run,
	     const struct berth_json *body, const uint8_t challenge[32], const char *op_did)
{
	const char *factory = berth_data_str(inst->data, "factoryDid"), *us = owner_me(env)->did;
	struct berth_run proved = *run;
	const struct berth_json *proofs;
	const char *by_op, *by_factory;
	enum berth_err rc;

	memcpy(proved.nonce_o, challenge, 32);
	if ((rc = berth_json_req_obj(body, "proofs", &proofs)) ||
	    (rc = berth_json_req_str(proofs, "operational", BERTH_OBJECT_MAX, &by_op)) ||
	    (rc = berth_json_req_str(proofs, "factory", BERTH_OBJECT_MAX, &by_factory)) ||
	    (rc = berth_run_check_proof(env, &proved, BERTH_SIGN_DEVICE_PROOF, factory, us, NULL, body, "proofs",
					by_factory, NULL)))
		return rc;
	return berth_run_check_proof(env, &proved, BERTH_SIGN_DEVICE_PROOF, op_did, us, NULL, body, "proofs", by_op, NULL);
}

static enum berth_err
check_receipt(struct berth_env *env, struct berth_instance *inst, const struct berth_run *run,
	      const struct berth_json *body, const uint8_t challenge[32], const char *op_did)
{
	struct berth_receipt r = { 0 };
	const char *compact;
	enum berth_err rc;

	if ((rc = berth_json_req_str(body, "receipt", BERTH_OBJECT_MAX, &compact)) ||
	    (rc = berth_receipt_parse(&r, compact, strlen(compact))))
		return rc;
	if (!berth_did_same(r.obj.issuer, run->peer) || !berth_did_same(r.owner, owner_me(env)->did) ||
	    r.epoch != run->epoch || !berth_hash_equal(&r.tip, &run->tip) || memcmp(r.nonce, challenge, 32) != 0 ||
	    !r.operational || !berth_did_same(r.operational, op_did))
		rc = berth_fail(BERTH_E_AUTHZ, "the receipt is for something else");
	else if (!(rc = berth_object_verify(&r.obj, env->resolver, NULL, NULL)))
		rc = berth_json_set_str(inst->data, "receipt", compact);
	berth_object_free(&r.obj);
	return rc;
}

/* The index in the status lists is the device's, for all its credentials. */
static enum berth_err
status_entry(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, struct berth_json **out)
{
	struct berth_json *status = berth_data_obj(inst->data, "status");
	int64_t index = berth_data_int(status, "index", -1);
	enum berth_err rc;

	*out = NULL;
	if (index < 0 && ((rc = berth_status_assign(env, fx, inst->key, &index)) ||
			  (rc = berth_json_set_int(status, "index", index))))
		return rc;
	return env->policy->credential_status ? berth_status_entry(out, env, index) : BERTH_OK;
}

enum berth_err owner_make_credential(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
				     const struct berth_run *run, const char *op_did, struct berth_buf *out)
{
	struct berth_operational oc = { .operational_did = op_did, .epoch = run->epoch,
		.custody = berth_data_str(inst->data, "custody"), .issued_s = env->now_s,
		.exp_s = env->now_s + env->policy->credential_s };
	struct berth_json *status;
	enum berth_err rc = status_entry(env, inst, fx, &status);

	oc.status = status;
	if (!rc)
		rc = berth_operational_build(out, env->keys->keyring, owner_me(env)->sign_kid_long, &oc);
	berth_json_free(status);
	return rc;
}

/* Whose word counts: ours, and the owner's in whose name we act. */
enum berth_err owner_set_trust(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body)
{
	struct berth_json *trust = berth_json_new_object(), *owners = berth_json_new_array();
	const char *tip_owner = berth_data_str(inst->data, "tipOwner");
	enum berth_err rc = tip_owner ? berth_json_push_str(owners, tip_owner) : BERTH_OK;

	if (!rc)
		rc = berth_json_push_str(owners, owner_me(env)->did_long);
	if (rc) {
		berth_json_free(owners);
		berth_json_free(trust);
		return rc;
	}
	rc = berth_json_set(trust, "owners", owners);
	return berth_json_set_made(body, "trust", trust, rc);
}

/* what commit must name again, word for word */
static enum berth_err
remember_issue(struct berth_instance *inst, const struct owner_credential *credential, const char *op_did, int64_t attempt,
	       const struct berth_json *items, const struct berth_json *ldevid)
{
	struct berth_json *issued = berth_json_new_object(), *copy = berth_json_clone(items);
	enum berth_err rc;

	if ((rc = berth_json_set(issued, "items", copy)) ||
	    (rc = owner_credential_note(issued, credential)) ||
	    (rc = berth_json_set_str(issued, "operationalDid", op_did)) ||
	    (rc = berth_json_set_int(issued, "attempt", attempt)) || (rc = berth_ldevid_note(issued, ldevid))) {
		berth_json_free(issued);
		return rc;
	}
	berth_json_remove(inst->data, "results");	/* of an earlier run */
	berth_json_remove(inst->data, "provision");	/* this is all that there is for it */
	return berth_json_set(inst->data, "issued", issued);
}

struct issuing { struct berth_env *env; struct berth_instance *inst; struct berth_effects *fx; struct berth_run *run;
	struct berth_json *announced; };

/* M10 is made with its line of M9: an item is unsealed once. */
static enum berth_err send_item(void *arg, const struct berth_json *body, const struct berth_buf *bytes)
{
	const struct issuing *i = arg;
	size_t at = i->fx->n_sends;
	enum berth_err rc = owner_item_announce(i->announced, body);

	if (rc || (rc = owner_send(i->env, i->inst, i->fx, i->run, "provision-item", berth_json_clone(body), false)))
		return rc;
	return owner_item_attach(&i->fx->sends[at], bytes);
}

/* M9 and M10 */
static enum berth_err
issue(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, struct berth_run *run,
      const char *op_did, int64_t attempt, const struct berth_json *asked)
{
	struct owner_credential c = { .exp_s = env->now_s + env->policy->credential_s };
	struct berth_json *body = berth_json_new_object(), *announced = berth_json_new_array(), *ldevid = NULL;
	struct issuing i = { env, inst, fx, run, announced };
	struct berth_buf credential = BERTH_BUF_INIT;
	struct owner_items sealed = { .n = 0 };
	size_t items = fx->n_sends;
	enum berth_err rc;

	if ((rc = owner_items_take(env, inst, &sealed)) ||
	    (rc = owner_make_credential(env, inst, fx, run, op_did, &credential)))
		goto out;
	berth_object_hash(&c.hash, berth_buf_cstr(&credential), credential.len);
	if ((rc = berth_ldevid_answer(env, inst, fx, op_did, asked, c.exp_s, &ldevid)) ||
	    (rc = owner_items_open(env, &sealed, send_item, &i)) ||
	    (rc = remember_issue(inst, &c, op_did, attempt, announced, ldevid)) ||
	    (rc = berth_json_set_str(body, "operationalCredential", berth_buf_cstr(&credential))) ||
	    (rc = owner_set_trust(env, inst, body)))
		goto out;
	if (ldevid) {
		rc = berth_json_set(body, BERTH_LDEVID, ldevid);
		ldevid = NULL;
	}
	if (rc)
		goto out;
	rc = berth_json_set(body, "items", announced);
	announced = NULL;
	if (rc)
		goto out;
	rc = owner_send(env, inst, fx, run, "issue", body, false);
	body = NULL;
	if (!rc)
		berth_effects_send_before(fx, items);
out:
	owner_items_free(&sealed);
	berth_json_free(announced);
	berth_json_free(ldevid);
	berth_json_free(body);
	berth_buf_free(&credential);
	return rc;
}

static enum berth_err
check_ready(struct berth_env *env, struct berth_instance *inst, const struct berth_run *run,
	    const struct berth_json *body, const char **op_did, int64_t *attempt)
{
	uint8_t challenge[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(inst->data, "challenge", challenge)) ||
	    (rc = berth_json_req_str(body, "operationalDid", 8192, op_did)))
		return rc;
	/* P9: operational traffic does not show the factory DID */
	if (berth_did_same(*op_did, run->peer))
		return berth_fail(BERTH_E_AUTHZ, "the operational DID is the factory's");
	if ((rc = env->learn(env, *op_did)) ||
	    (rc = check_proofs(env, inst, run, body, challenge, *op_did)) ||
	    (rc = check_receipt(env, inst, run, body, challenge, *op_did)) ||
	    (rc = owner_read_attempt(body, attempt)))
		return rc;
	if (strcmp(berth_data_str(inst->data, "custody"), "hardware") != 0)
		return BERTH_OK;
	return check_hardware(env, inst, run, body, challenge, *op_did);
}

enum berth_err owner_on_accept_ready(struct berth_env *env, struct berth_instance *inst,
				     const struct berth_event *ev, struct berth_effects *fx)
{
	const char *op_did;
	struct berth_run run;
	int64_t attempt;
	enum berth_err rc;

	if (env->now_s < 0)
		return berth_fail(BERTH_E_CLOCK, "an owner needs a clock");
	if ((rc = owner_run(&run, inst, ev)))
		return rc;
	if ((rc = check_ready(env, inst, &run, ev->in->msg.body, &op_did, &attempt))) {
		berth_effects_audit(fx, "device %s: operational DID refused: %s: %s", berth_data_str(inst->data, "serial"),
				    berth_err_name(rc), berth_err_detail());
		return rc;
	}
	if ((rc = berth_transcript_add(&run.said, ev->in->msg.json)) || (rc = berth_run_save(inst->data, &run)) ||
	    (rc = issue(env, inst, fx, &run, op_did, attempt, ev->in->msg.body)))
		return rc;
	fx->timer_ms = (uint64_t)env->policy->issue_timeout_s * 1000;
	berth_ldevid_say(fx, inst, berth_json_get(inst->data, "issued"), "operational credential issued");
	return BERTH_OK;
}
