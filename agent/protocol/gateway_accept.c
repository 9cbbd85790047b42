/* SPDX-License-Identifier: Apache-2.0 */
/* M7 and M8 on the device: it makes its identity of this epoch, and says that it accepts this
 * owner.  Nothing of the owner's is applied here. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/gateway.h"
#include "agent/protocol/ldevid.h"

static const struct berth_identity *me(struct berth_env *env)
{
	return env->identity(env, BERTH_ID_FACTORY);
}

/* The other slot than the one that applications are served from. */
static const char *free_slot(const struct berth_instance *inst)
{
	const char *slot = berth_data_str(berth_json_get(inst->data, "active"), "slot");

	return slot && strcmp(slot, "a") == 0 ? "b" : "a";
}

enum berth_err gateway_name_operational(struct berth_instance *inst, struct berth_json *to)
{
	int64_t attempt = berth_data_int(inst->data, "attempts", 0) + 1;
	char name[64];
	enum berth_err rc;

	snprintf(name, sizeof(name), "op-%lld-%lld", (long long)berth_data_int(inst->data, "epoch", 0), (long long)attempt);
	if ((rc = berth_json_set_int(inst->data, "attempts", attempt)) || (rc = berth_json_set_int(to, "attempt", attempt)))
		return rc;
	return berth_json_set_str(to, "identity", name);
}

enum berth_err gateway_set_attempt(struct berth_json *body, const struct berth_json *of)
{
	int64_t attempt = berth_data_int(of, "attempt", 0);

	return attempt ? berth_json_set_int(body, "attempt", attempt) : BERTH_OK;	/* 0: named by an earlier version */
}

enum berth_err gateway_make_operational(struct berth_env *env, const char *name, bool certified, const struct berth_identity **op)
{
	enum berth_key_type type;

	if (!name)
		return berth_fail(BERTH_E_INTERNAL, "no name for the operational identity");
	type = certified && env->keys->ops->can(env->keys, name, BERTH_KEY_P256, BERTH_USAGE_SIGN) ? BERTH_KEY_P256
		: berth_sign_type(env->keys, name);
	return env->make_identity(env, name, type, BERTH_AGREE_TYPE,
				  BERTH_PURPOSE_BIT(BERTH_SIGN_DEVICE_PROOF) | BERTH_PURPOSE_BIT(BERTH_SIGN_VP) |
				  BERTH_PURPOSE_BIT(BERTH_SIGN_KB) | BERTH_PURPOSE_BIT(BERTH_SIGN_DI) |
				  BERTH_PURPOSE_BIT(BERTH_SIGN_DIDCOMM) | BERTH_PURPOSE_BIT(BERTH_SIGN_TLS),
				  env->policy->mediator_did != NULL, op);
}

/* Under the name that was set aside for it when the device proved itself. */
static enum berth_err
make_operational(struct berth_env *env, struct berth_instance *inst, const struct berth_identity **op)
{
	const struct berth_json *offer = berth_json_get(inst->data, "offer");
	const char *name = berth_data_str(offer, "identity");
	enum berth_err rc = gateway_make_operational(env, name, berth_json_get(offer, BERTH_LDEVID), op);

	return rc ? rc : berth_json_set_str(inst->data, "slot", free_slot(inst));
}

/* Both keys over the same body: so the operational DID is this device's (C075). */
static enum berth_err
set_proofs(struct berth_env *env, const struct berth_run *run, const struct berth_identity *op,
	   const char *owner, struct berth_json *body)
{
	struct berth_buf by_op = BERTH_BUF_INIT, by_factory = BERTH_BUF_INIT;
	struct berth_json *proofs = NULL;
	enum berth_err rc;

	if ((rc = berth_run_prove(env, run, BERTH_SIGN_DEVICE_PROOF, op, owner, 0, NULL, body, &by_op)) ||
	    (rc = berth_run_prove(env, run, BERTH_SIGN_DEVICE_PROOF, me(env), owner, 0, NULL, body, &by_factory)))
		goto out;
	proofs = berth_json_new_object();
	if ((rc = berth_json_set_str(proofs, "operational", berth_buf_cstr(&by_op))) ||
	    (rc = berth_json_set_str(proofs, "factory", berth_buf_cstr(&by_factory))))
		goto out;
	rc = berth_json_set(body, "proofs", proofs);
	proofs = NULL;
out:
	berth_json_free(proofs);
	berth_buf_free(&by_op);
	berth_buf_free(&by_factory);
	return rc;
}

/* The device's word that it accepted this tip.  It keeps a copy: to be shown to an
 * owner who was to have the device and does not get it (C.1a b). */
static enum berth_err
set_receipt(struct berth_env *env, struct berth_json *offer, const struct berth_run *run,
	    const struct berth_identity *op, const uint8_t challenge[32], struct berth_json *body)
{
	struct berth_receipt r = { .role = BERTH_RECEIPT_OWNERSHIP, .owner = run->peer, .operational = op->did,
		.epoch = run->epoch, .tip = run->tip };
	struct berth_buf compact = BERTH_BUF_INIT;
	enum berth_err rc;

	memcpy(r.nonce, challenge, 32);
	if (!(rc = berth_receipt_build(&compact, env->keys->keyring, me(env)->sign_kid, &r)) &&
	    !(rc = berth_json_set_str(offer, "receipt", berth_buf_cstr(&compact))))
		rc = berth_json_set_str(body, "receipt", berth_buf_cstr(&compact));
	berth_buf_free(&compact);
	return rc;
}

static enum berth_err
send_accept_ready(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx,
		  struct berth_run *run, const uint8_t challenge[32])
{
	struct berth_json *body = berth_json_new_object();
	const struct berth_identity *op;
	struct berth_run proved = *run;
	struct berth_send *s;
	enum berth_err rc;

	memcpy(proved.nonce_o, challenge, 32);
	if ((rc = make_operational(env, inst, &op)) ||
	    (rc = berth_json_set_str(body, "operationalDid", op->did_long)) ||
	    (rc = gateway_set_attempt(body, berth_json_get(inst->data, "offer"))))
		goto out;
	if (berth_keys_custody(env->keys, op->name) == BERTH_CUSTODY_HARDWARE &&
	    (rc = gateway_attest_operational(env, body, run, "berth-m8", challenge, op, 0)))
		goto out;
	if (berth_json_get(berth_json_get(inst->data, "offer"), BERTH_LDEVID) && (rc = berth_ldevid_request(env, op, body)))
		goto out;
	if ((rc = set_receipt(env, berth_data_obj(inst->data, "offer"), run, op, challenge, body)) ||
	    (rc = set_proofs(env, &proved, op, berth_data_str(berth_json_get(inst->data, "owner"), "did"), body)))
		goto out;
	rc = gateway_send(env, inst, fx, me(env), "accept-ready", run->thid, body, &s);
	body = NULL;
	if (!rc && !(rc = berth_transcript_add(&run->said, s->msg.json)))
		rc = berth_run_save(inst->data, run);
out:
	berth_json_free(body);
	return rc;
}

/* M7: only for the epoch the device itself is in. */
enum berth_err gateway_on_accept_ownership(struct berth_env *env, struct berth_instance *inst,
					   const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *body = ev->in->msg.body;
	struct berth_run run;
	uint8_t challenge[32];
	enum berth_err rc;

	if ((rc = berth_run_load(&run, inst->data)) || (rc = berth_run_check(&run, ev)) ||
	    (rc = berth_run_check_epoch(&run, ev)) || (rc = berth_body_get_32(body, "challenge", challenge)) ||
	    (rc = gateway_check_terms(body)) || (rc = berth_ldevid_keep(env, NULL, berth_data_obj(inst->data, "offer"), body)))
		return rc;
	if ((rc = berth_transcript_add(&run.said, ev->in->msg.json)))
		return rc;
	fx->timer_ms = (uint64_t)env->policy->run_timeout_s * 1000;
	return send_accept_ready(env, inst, fx, &run, challenge);
}
