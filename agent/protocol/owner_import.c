/* SPDX-License-Identifier: Apache-2.0 */
/* A chain that ends at us begins a device, and a later delegation of it goes on. */
#include <string.h>

#include "agent/protocol/owner.h"
#include "did/url.h"

/* Every did:peer:4 that the chain names may have to be resolved by its short form. */
static enum berth_err learn_all(struct berth_env *env, const struct berth_chain *c)
{
	enum berth_err rc = env->learn(env, c->dc.factory_did);

	if (!rc)
		rc = env->learn(env, c->dc.root.did);
	for (size_t i = 0; !rc && i < c->n; i++)
		rc = env->learn(env, c->oc[i].next_owner.did);
	return rc;
}

/* The chain's rules with what an owner knows: trusted issuers, and that the tip is us. */
static enum berth_err judge(struct berth_env *env, const struct berth_chain *c, struct berth_chain_result *r)
{
	struct berth_chain_issuer issuers[BERTH_POLICY_LIST_MAX] = { 0 };
	const struct berth_policy *p = env->policy;
	enum berth_err rc;

	for (size_t i = 0; i < p->n_issuers; i++)
		issuers[i].did = p->issuers[i];
	if (p->n_issuers == 0)
		return berth_fail(BERTH_E_AUTHZ, "no [trust] issuer: name the manufacturer's DID");
	/* an owner has a clock, and so knows when its delegation ends */
	struct berth_chain_policy cp = { .resolver = env->resolver, .issuers = issuers,
		.n_issuers = p->n_issuers, .floor_s = env->now_s < 0 ? env->floor_s : env->now_s };

	if ((rc = berth_chain_accept(r, c, &cp)))
		return rc;
	if (!owner_me(env) || !berth_did_same(r->delegate ? r->delegate : r->owner.did, owner_me(env)->did))
		return berth_fail(BERTH_E_HOLDER, "the chain ends at another owner: %.80s", r->owner.did);
	return BERTH_OK;
}

static enum berth_err keep(struct berth_instance *inst, const struct berth_chain *c, const struct berth_chain_result *r)
{
	enum berth_err rc;

	if ((rc = berth_json_set_str(inst->data, "serial", c->dc.serial)) ||
	    (rc = berth_json_set_str(inst->data, "model", c->dc.model)) ||
	    (rc = berth_json_set_str(inst->data, "custody", c->dc.keys.custody)) ||
	    (rc = berth_json_set_str(inst->data, "factoryDid", c->dc.factory_did)) ||
	    (rc = berth_json_set_int(inst->data, "epoch", r->epoch)) ||
	    (rc = berth_json_set_int(inst->data, "seq", r->seq)) ||
	    (rc = berth_json_set_b64url(inst->data, "tip", r->tip.b, 32)))
		return rc;
	berth_json_remove(inst->data, "delegation");
	berth_json_remove(inst->data, "tipOwner");
	if (!r->delegate)
		return BERTH_OK;
	if ((rc = berth_json_set_str(inst->data, "tipOwner", r->owner.did)))
		return rc;
	return berth_json_set_b64url(inst->data, "delegation", r->delegation.b, 32);
}

enum berth_err berth_owner_key(const struct berth_json *package, char key[65])
{
	struct berth_chain *c;
	struct berth_hash h;
	enum berth_err rc = berth_chain_from_json(&c, berth_json_clone(package));

	if (!rc && !(rc = berth_device_hash(&h, c->dc.factory_did, c->oc[c->n - 1].epoch)))
		berth_hash_hex(key, &h);
	berth_chain_free(c);
	return rc;
}

/* args: {"chain", "receipt"?}.  A longer chain may replace what is there until a run
 * has begun; result {"device", "serial", "model", "taken"?, "takenProof"?}. */
enum berth_err owner_import(struct berth_env *env, struct berth_instance *inst,
			    const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *package;
	const char *receipt = NULL;
	struct berth_json *copy;
	struct berth_chain_result r;
	struct berth_chain *c = NULL;
	enum berth_err rc;

	if ((rc = berth_json_req_obj(ev->args, "chain", &package)) ||
	    (rc = berth_json_opt_str(ev->args, "receipt", BERTH_OBJECT_MAX, &receipt)))
		return rc;
	if (!(copy = berth_json_clone(package)) || (rc = berth_json_set(inst->data, "package", copy)))
		return berth_no_memory();
	if ((rc = owner_chain(env, inst, &c)) || (rc = judge(env, c, &r)) || (rc = keep(inst, c, &r)) ||
	    (rc = learn_all(env, c)))
		goto out;
	fx->result = berth_json_new_object();
	if ((rc = berth_json_set_str(fx->result, "device", inst->key)) ||
	    (rc = berth_json_set_str(fx->result, "serial", c->dc.serial)) ||
	    (rc = berth_json_set_str(fx->result, "model", c->dc.model)))
		goto out;
	fx->go = true;
	berth_effects_audit(fx, "imported %s, serial %s", c->dc.model, c->dc.serial);
	if (receipt)
		rc = owner_note_receipt(inst, fx, c, receipt);
out:
	berth_chain_free(c);
	return rc;
}

/* Of a device that is ours already: its chain once more, with a later delegation.
 * args: {"chain"} */
enum berth_err owner_import_delegation(struct berth_env *env, struct berth_instance *inst,
				       const struct berth_event *ev, struct berth_effects *fx)
{
	uint8_t before[32], after[32];
	enum berth_err rc;

	if ((rc = berth_body_get_32(inst->data, "tip", before)) || (rc = owner_import(env, inst, ev, fx)) ||
	    (rc = berth_body_get_32(inst->data, "tip", after)))
		return rc;
	fx->go = false;
	if (memcmp(before, after, sizeof(before)) != 0 || !berth_json_get(inst->data, "delegation"))
		return berth_fail(BERTH_E_AUTHZ, "only a later delegation of the same chain is taken now");
	return BERTH_OK;
}
