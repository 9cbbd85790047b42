/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/protocol/gateway_judge.h"

#include <stdlib.h>
#include <string.h>

/* (e): the chain goes on from how the last epoch ended. */
static enum berth_err load_release(struct gateway_known *k, const struct berth_json *ended)
{
	enum berth_err rc;

	if (!ended)
		return BERTH_OK;
	if ((rc = berth_body_get_32(ended, "hash", k->receipt.b)))
		return rc;
	k->p.release_receipt = &k->receipt;
	k->p.release_next_owner = berth_data_str(ended, "nextOwner");
	return BERTH_OK;
}

static enum berth_err load(struct gateway_known *k, struct berth_env *env, const struct berth_instance *inst)
{
	const struct berth_json *forked = berth_json_get(inst->data, "forked");
	const char *compact;
	enum berth_err rc;

	*k = (struct gateway_known){ .p = { .resolver = env->resolver, .device_credential = &k->dc, .root = &k->root,
		.factory_did = env->identity(env, BERTH_ID_FACTORY)->did, .has_epoch = true,
		.epoch = berth_data_int(inst->data, "epoch", 0), .floor_s = env->floor_s } };
	if ((rc = gateway_credential_text(env, inst, &k->credential)) ||
	    (rc = berth_body_get_32(inst->data, "rootHash", k->root.b)))
		return rc;
	compact = berth_json_str(k->credential);
	berth_object_hash(&k->dc, compact, strlen(compact));
	if (berth_json_get(inst->data, "tip")) {
		if ((rc = berth_body_get_32(inst->data, "tip", k->tip.b)))
			return rc;
		k->p.accepted = &k->tip;
		k->p.accepted_seq = berth_data_int(inst->data, "tipSeq", 0);
	}
	if (berth_json_get(inst->data, "acceptTip")) {
		if ((rc = berth_body_get_32(inst->data, "acceptTip", k->accept_tip.b)))
			return rc;
		k->p.accept_tip = &k->accept_tip;
	}
	if (berth_json_get(inst->data, "dseqTip")) {
		if ((rc = berth_body_get_32(inst->data, "dseqTip", k->dseq_tip.b)))
			return rc;
		k->p.dseq_tip = &k->dseq_tip;
		k->p.dseq = berth_data_int(inst->data, "dseq", 0);
	}
	if ((rc = load_release(k, berth_json_get(inst->data, "ended"))))
		return rc;
	k->p.forked = k->forked;
	for (size_t i = 0; i < berth_json_len(forked) && i < GATEWAY_FORKED_MAX; i++)
		if ((rc = berth_body_get_32(berth_json_at(forked, i), "entry", k->forked[k->p.n_forked++].b)))
			return rc;
	return BERTH_OK;
}

void gateway_known_free(struct gateway_known *k)
{
	if (k)
		berth_json_free(k->credential);
	free(k);
}

struct gateway_known *gateway_known_new(struct berth_env *env, const struct berth_instance *inst, enum berth_err *rc)
{
	struct gateway_known *k = calloc(1, sizeof(*k));

	*rc = k ? load(k, env, inst) : berth_no_memory();
	if (*rc) {
		gateway_known_free(k);
		return NULL;
	}
	return k;
}

enum berth_err gateway_judge(struct gateway_candidate *c, const struct gateway_known *k, const struct berth_json *entry)
{
	/* a rendezvous leaves out the DeviceCredential, which we have */
	enum berth_err rc = berth_invitation_read(&c->blob, &c->chain, entry, berth_json_str(k->credential));

	if (rc || (rc = berth_chain_accept(&c->result, c->chain, &k->p)))
		return rc;
	return berth_rv_blob_verify(&c->blob, c->chain, &c->result, -1);
}

void gateway_candidate_clear(struct gateway_candidate *c)
{
	berth_chain_free(c->chain);
	berth_object_free(&c->blob.obj);
	*c = (struct gateway_candidate){ 0 };
}
