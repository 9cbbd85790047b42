/* SPDX-License-Identifier: Apache-2.0 */
/* C.1a (b): a device that has accepted nobody yet cannot see that a chain was cut
 * short.  Its true owner can, from the receipt that the device signed for whoever got
 * there first.  The import stands all the same: the chain is good, and the device will
 * only ever take a chain that goes on from the tip it accepted, which is this one. */
#include <string.h>

#include "agent/protocol/owner.h"

static bool is_taken(enum berth_chain_taken t)
{
	return t == BERTH_CHAIN_TAKEN_BY_EARLIER || t == BERTH_CHAIN_TAKEN_BY_OTHER;
}

/* Where in our chain the tip stands that the device accepted; -1: nowhere. */
static int64_t place(const struct berth_chain *c, const struct berth_hash *tip)
{
	for (size_t i = 0; i < c->n; i++)
		if (berth_hash_equal(&c->oc[i].obj.hash, tip))
			return (int64_t)i;
	return -1;
}

static enum berth_err
proof_json(struct berth_json **out, const struct berth_chain *c, const struct berth_receipt *r, const char *compact)
{
	struct berth_json *o = berth_json_new_object();
	int64_t seq = place(c, &r->tip);
	enum berth_err rc;

	if ((rc = berth_json_set_str(o, "receipt", compact)) || (rc = berth_json_set_str(o, "owner", r->owner)) ||
	    (rc = berth_json_set_b64url(o, "tip", r->tip.b, sizeof(r->tip.b))) ||
	    (seq >= 0 && (rc = berth_json_set_int(o, "seq", seq)))) {
		berth_json_free(o);
		return rc;
	}
	*out = o;
	return BERTH_OK;
}

static enum berth_err set_taken(struct berth_json *o, const char *says, const struct berth_json *proof)
{
	struct berth_json *copy = berth_json_clone(proof);
	enum berth_err rc = berth_json_set(o, "takenProof", copy);

	return rc ? rc : berth_json_set_str(o, "taken", says);
}

enum berth_err owner_note_receipt(struct berth_instance *inst, struct berth_effects *fx,
				  const struct berth_chain *c, const char *receipt)
{
	struct berth_receipt r = { 0 };
	struct berth_json *proof = NULL;
	enum berth_chain_taken taken;
	const char *says;
	enum berth_err rc;

	if ((rc = berth_receipt_parse(&r, receipt, strlen(receipt))))
		return rc;
	if ((rc = berth_chain_check_receipt(&taken, c, &r)) || (rc = proof_json(&proof, c, &r, receipt)))
		goto out;
	says = berth_chain_taken_name(taken);
	if ((rc = set_taken(inst->data, says, proof)) || (rc = set_taken(fx->result, says, proof)))
		goto out;
	rc = is_taken(taken) ? berth_effects_put(fx, BERTH_NS_TAKEN, inst->key, says, strlen(says))
			     : berth_effects_remove(fx, BERTH_NS_TAKEN, inst->key);
	berth_effects_audit(fx, "imported %s, serial %s; its receipt for %.80s says %s", c->dc.model, c->dc.serial,
			    r.owner, says);
out:
	berth_json_free(proof);
	berth_object_free(&r.obj);
	return rc;
}

enum berth_err owner_forget_taken(struct berth_instance *inst, struct berth_effects *fx)
{
	berth_json_remove(inst->data, "taken");
	berth_json_remove(inst->data, "takenProof");
	return berth_effects_remove(fx, BERTH_NS_TAKEN, inst->key);
}
