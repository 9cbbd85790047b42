/* SPDX-License-Identifier: Apache-2.0 */
/* M9 and M10 on the device: the credential and the owner's items come into slot B,
 * sealed.  Nothing of it is in use before the owner has committed. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/gateway_item.h"
#include "agent/protocol/item.h"
#include "agent/protocol/ldevid.h"
#include "agent/protocol/object.h"
#include "did/url.h"

enum berth_err gateway_run(struct berth_run *run, const struct berth_instance *inst, const struct berth_event *ev)
{
	enum berth_err rc = berth_run_load(run, inst->data);

	return rc ? rc : berth_run_check(run, ev);
}

enum berth_err gateway_send(struct berth_env *env, const struct berth_instance *inst, struct berth_effects *fx,
			    const struct berth_identity *from, const char *name, const char *thid,
			    struct berth_json *body, struct berth_send **out)
{
	const struct berth_json *owner = berth_json_get(inst->data, "owner");
	char type[BERTH_MESSAGE_TYPE_MAX];

	snprintf(type, sizeof(type), "%s%s", BERTH_PIURI_ONBOARDING, name);
	return berth_effects_send(env, fx, from, berth_data_str(owner, "did"), berth_data_str(owner, "uri"),
				  type, thid, body, out);
}

/* Records of the slot that this run fills. */
static void slot_ns(char ns[16], const struct berth_instance *inst)
{
	const char *slot = berth_data_str(inst->data, "slot");

	snprintf(ns, 16, "item-%s", slot ? slot : "a");
}

static bool names(const struct berth_json *list, const char *id)
{
	berth_json_each(item, list)
		if (strcmp(berth_data_str(item, "id"), id) == 0)
			return true;
	return false;
}

enum berth_err gateway_drop_items(struct berth_instance *inst, struct berth_effects *fx, const struct berth_json *keep)
{
	const struct berth_json *stored = berth_json_get(berth_json_get(inst->data, "offer"), "stored");
	enum berth_err rc;
	char ns[16];

	slot_ns(ns, inst);
	berth_json_each(one, stored)
		if (!names(keep, berth_json_key(one)) && (rc = berth_effects_remove(fx, ns, berth_json_key(one))))
			return rc;
	return BERTH_OK;
}

static const struct berth_identity *operational(struct berth_env *env, const struct berth_json *offer)
{
	const char *name = berth_data_str(offer, "identity");

	return name ? env->identity(env, name) : NULL;
}

enum berth_err gateway_check_operational(struct berth_env *env, const struct berth_identity *op, int64_t epoch,
					 const char *owner, const char *compact, struct gateway_life *life)
{
	struct berth_operational oc = { 0 };
	enum berth_err rc;

	if ((rc = berth_operational_parse(&oc, compact, strlen(compact))))
		return rc;
	*life = (struct gateway_life){ oc.issued_s, oc.exp_s, oc.obj.hash };
	if (!op || !berth_did_same(oc.operational_did, op->did))
		rc = berth_fail(BERTH_E_HOLDER, "an OperationalCredential for another DID");
	else if (oc.epoch != epoch)
		rc = berth_fail(BERTH_E_AUTHZ, "an OperationalCredential for epoch %lld", (long long)oc.epoch);
	else if (!berth_did_same(oc.obj.issuer, owner))
		rc = berth_fail(BERTH_E_AUTHZ, "an OperationalCredential by another issuer");
	else
		rc = berth_object_verify(&oc.obj, env->resolver, NULL, NULL);
	berth_object_free(&oc.obj);
	return rc;
}

/* The announced item of that id and hash is in its slot, or was refused for good. */
static bool settled(const struct berth_json *offer, const struct berth_json *item)
{
	const struct berth_json *refused = berth_json_get(berth_json_get(offer, "refused"), berth_data_str(item, "id"));
	const char *sha = berth_data_str(berth_json_get(offer, "stored"), berth_data_str(item, "id"));

	return (sha && strcmp(sha, berth_data_str(item, "sha256")) == 0) ||
	       (refused && strcmp(berth_data_str(refused, "sha256"), berth_data_str(item, "sha256")) == 0);
}

static bool complete(const struct berth_json *offer)
{
	if (!berth_json_get(offer, "credential"))
		return false;
	berth_json_each(item, berth_json_get(offer, "items"))
		if (!settled(offer, item))
			return false;
	return true;
}

/* Whose word counts in this epoch: the owner's DIDs, in their long forms. */
enum berth_err gateway_keep_trust(struct berth_json *to, const struct berth_json *body)
{
	const struct berth_json *trust, *owners;
	struct berth_json *copy, *out;
	enum berth_err rc;

	if ((rc = berth_json_req_obj(body, "trust", &trust)) ||
	    (rc = berth_json_req_arr(trust, "owners", BERTH_POLICY_LIST_MAX, &owners)))
		return rc;
	berth_json_each(did, owners)
		if (!berth_json_str(did) || !berth_is_did(berth_json_str(did)))
			return berth_fail(BERTH_E_TYPE, "trust.owners holds something else than DIDs");
	copy = berth_json_clone(owners);
	out = berth_json_new_object();
	rc = berth_json_set(out, "owners", copy);
	return berth_json_set_made(to, "trust", out, rc);
}

static enum berth_err check_rv(const struct berth_json *list)
{
	const char *did, *uri;
	enum berth_err rc;

	berth_json_each(rv, list)
		if ((rc = berth_req_did(rv, "did", &did)) || (rc = berth_json_req_str(rv, "uri", BERTH_URI_MAX, &uri)))
			return rc;
	return BERTH_OK;
}

/* Nothing acts on these three yet, but the proofs of M8 cover them as they are: what has
 * not even their form is not signed for. */
enum berth_err gateway_check_terms(const struct berth_json *offer)
{
	const struct berth_json *lists, *rv;
	uint8_t policy[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(offer, "policyHash", policy)) ||
	    (rc = berth_json_req_arr(offer, "statusLists", BERTH_POLICY_LIST_MAX, &lists)) ||
	    (rc = berth_json_req_arr(offer, "nextRV", BERTH_POLICY_LIST_MAX, &rv)))
		return rc;
	berth_json_each(uri, lists)
		if (!berth_json_str(uri))
			return berth_fail(BERTH_E_TYPE, "statusLists holds something else than text");
	return check_rv(rv);
}

/* M9 */
enum berth_err gateway_on_issue(struct berth_env *env, struct berth_instance *inst,
				const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *offer = berth_data_obj(inst->data, "offer");
	const char *compact;
	struct gateway_life life;
	struct berth_run run;
	enum berth_err rc;

	if ((rc = gateway_run(&run, inst, ev)) ||
	    (rc = berth_json_req_str(ev->in->msg.body, "operationalCredential", BERTH_OBJECT_MAX, &compact)) ||
	    (rc = gateway_check_operational(env, operational(env, offer), run.epoch, run.peer, compact, &life)) ||
	    (rc = berth_json_set_int(offer, "issuedS", life.issued_s)) || (rc = berth_json_set_int(offer, "expS", life.exp_s)) ||
	    (rc = berth_ldevid_keep(env, operational(env, offer), offer, ev->in->msg.body)) ||
	    (rc = gateway_keep_trust(offer, ev->in->msg.body)) ||
	    (rc = gateway_items_announced(offer, ev->in->msg.body)) ||
	    (rc = gateway_drop_items(inst, fx, berth_json_get(offer, "items"))) ||
	    (rc = gateway_keep_operational(fx, offer, berth_data_str(offer, "identity"), compact, &life.hash)))
		return rc;
	fx->timer_ms = (uint64_t)env->policy->run_timeout_s * 1000;
	fx->go = complete(offer);
	return BERTH_OK;
}

/* After issue only what it announced; before, as many as it may. */
static enum berth_err expected(const struct berth_json *offer, const struct gateway_item *it)
{
	const struct berth_json *list = berth_json_get(offer, "items"), *stored = berth_json_get(offer, "stored");

	if (!list && (berth_json_get(stored, it->id) || berth_json_len(stored) < BERTH_ITEMS_MAX))
		return BERTH_OK;
	berth_json_each(one, list)
		if (strcmp(berth_data_str(one, "id"), it->id) == 0 && strcmp(berth_data_str(one, "sha256"), it->sha) == 0)
			return BERTH_OK;
	return berth_fail(BERTH_E_AUTHZ, "item %s was not announced", it->id);
}

/* What was stored is answered by commit, which names it; what has to come again at once. */
static enum berth_err
refuse(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct berth_run *run,
       const struct gateway_item *it, enum berth_err why)
{
	struct berth_json *body = berth_json_new_object();
	enum berth_err rc;

	berth_effects_audit(fx, "item %s refused: %s: %s", it->id, berth_err_name(why), berth_err_detail());
	if ((rc = berth_json_set_str(body, "id", it->id)) || (rc = berth_json_set_str(body, "sha256", it->sha)) ||
	    (rc = berth_json_set_str(body, "status", "refused")) ||
	    (rc = berth_json_set_str(body, "reason", berth_err_name(why)))) {
		berth_json_free(body);
		return rc;
	}
	return gateway_send(env, inst, fx, env->identity(env, BERTH_ID_FACTORY), "provision-result", run->thid, body, NULL);
}

/* What is whole, but nothing for this device: the run goes on without it, and commit, which
 * names all that was issued, says so. */
static enum berth_err settle_refused(struct berth_json *offer, const struct gateway_item *it, enum berth_err why)
{
	struct berth_json *v = berth_json_new_object();
	enum berth_err rc;

	if ((rc = berth_json_set_str(v, "sha256", it->sha)) || (rc = berth_json_set_str(v, "code", berth_err_name(why)))) {
		berth_json_free(v);
		return rc;
	}
	berth_json_remove(berth_data_obj(offer, "stored"), it->id);
	return berth_json_set(berth_data_obj(offer, "refused"), it->id, v);
}

static enum berth_err
settle(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx, const struct berth_run *run,
       const struct gateway_item *it)
{
	struct berth_json *offer = berth_data_obj(inst->data, "offer");
	enum berth_err why = berth_item_check(env, it->type, &it->bytes, NULL), rc;
	char ns[16];

	if (why && berth_err_exit(why) >= 4)	/* our trouble, or who signs cannot be asked: not now */
		return why;
	slot_ns(ns, inst);
	if (why) {
		berth_effects_audit(fx, "item %s refused: %s: %s", it->id, berth_err_name(why), berth_err_detail());
		if ((rc = settle_refused(offer, it, why)))
			return rc;
		return berth_effects_remove(fx, ns, it->id);
	}
	berth_json_remove(berth_data_obj(offer, "refused"), it->id);
	if ((rc = gateway_item_seal(env, fx, ns, run->epoch, it)))
		return rc;
	return berth_json_set_str(berth_data_obj(offer, "stored"), it->id, it->sha);
}

/* idempotent by (id, sha256) */
enum berth_err gateway_on_item(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *offer = berth_data_obj(inst->data, "offer");
	struct gateway_item it = { 0 };
	struct berth_run run;
	enum berth_err rc;

	if ((rc = gateway_run(&run, inst, ev)) || (rc = gateway_item_read(&it, &ev->in->msg)))
		goto out;
	if ((rc = expected(offer, &it)) || (rc = gateway_item_check(&it, &ev->in->msg))) {
		if (rc != BERTH_E_NOMEM)
			rc = refuse(env, inst, fx, &run, &it, rc);
		goto out;
	}
	if ((rc = settle(env, inst, fx, &run, &it)))
		goto out;
	fx->timer_ms = (uint64_t)env->policy->run_timeout_s * 1000;
	fx->go = complete(offer);
out:
	berth_buf_free(&it.bytes);
	return rc;
}

/* Between the last item and "go" there may have been an end. */
enum berth_err gateway_resume_items(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	(void)ev;
	fx->timer_ms = (uint64_t)env->policy->run_timeout_s * 1000;
	fx->go = complete(berth_data_obj(inst->data, "offer"));
	return BERTH_OK;
}
