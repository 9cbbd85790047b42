/* SPDX-License-Identifier: Apache-2.0 */
/* M3 to M6 on the device: say hello, check the owner, and prove the device. */
#include <stdio.h>
#include <string.h>

#include "agent/protocol/gateway.h"
#include "did/base/rand.h"
#include "did/url.h"

#define RETRY_AFTER_MAX_S 86400
#define PENDING_MS (24u * 3600000u)
#define HELLO_MS 5000

static const struct berth_identity *me(struct berth_env *env)
{
	return env->identity(env, BERTH_ID_FACTORY);
}

static const char *owner_did(const struct berth_instance *inst)
{
	return berth_data_str(berth_json_get(inst->data, "owner"), "did");
}

static const char *owner_uri(const struct berth_instance *inst)
{
	return berth_data_str(berth_json_get(inst->data, "owner"), "uri");
}

/* The delegation that the chain carried, NULL: the owner itself speaks. */
static const struct berth_hash *delegation(const struct berth_instance *inst, struct berth_hash *h)
{
	const struct berth_json *chain = berth_json_get(inst->data, "chain");

	if (!berth_json_get(chain, "delegation") || berth_body_get_32(chain, "delegation", h->b))
		return NULL;
	return h;
}

static enum berth_err add_str_array(struct berth_json *body, const char *member, const char *only)
{
	struct berth_json *list;
	enum berth_err rc = berth_json_set_array(body, member, &list);

	return rc || !only ? rc : berth_json_push_str(list, only);
}

static enum berth_err hello_body(const struct berth_run *run, struct berth_json *body)
{
	struct berth_json *versions;
	enum berth_err rc = berth_json_set_array(body, "versions", &versions);

	if (rc || (rc = berth_json_push(versions, berth_json_new_int(1))) ||
	    (rc = add_str_array(body, "suites", "A256CBC-HS512+ECDH-1PU")) ||
	    (rc = berth_json_set_b64url(body, "nonceD", run->nonce_d, 32)) ||
	    (rc = berth_json_set_b64url(body, "deviceHash", run->device_hash.b, 32)) ||
	    (rc = berth_json_set_int(body, "epoch", run->epoch)))
		return rc;
	return berth_json_set_b64url(body, "tip", run->tip.b, 32);
}

enum berth_err gateway_hello(struct berth_env *env, struct berth_instance *inst, struct berth_effects *fx)
{
	struct berth_run run = { .epoch = berth_data_int(inst->data, "epoch", 0) };
	struct berth_json *body = berth_json_new_object();
	struct berth_buf peer = BERTH_BUF_INIT;
	struct berth_send *s;
	enum berth_err rc;

	berth_random(run.nonce_d, sizeof(run.nonce_d));
	if ((rc = berth_device_hash(&run.device_hash, me(env)->did, run.epoch)) ||
	    (rc = berth_body_get_32(berth_json_get(inst->data, "chain"), "tip", run.tip.b)) ||
	    (rc = berth_did_short(&peer, owner_did(inst))) || (rc = hello_body(&run, body)))
		goto out;
	rc = berth_effects_send(env, fx, me(env), owner_did(inst), owner_uri(inst),
				BERTH_PIURI_ONBOARDING "hello", NULL, body, &s);
	body = NULL;
	if (rc)
		goto out;
	s->protect_sender = true;
	snprintf(run.thid, sizeof(run.thid), "%s", s->msg.id);
	snprintf(run.peer, sizeof(run.peer), "%s", berth_buf_cstr(&peer));
	if ((rc = berth_transcript_add(&run.said, s->msg.json)) || (rc = berth_run_save(inst->data, &run)))
		goto out;
	fx->timer_ms = HELLO_MS;
	berth_effects_audit(fx, "an owner was found and its chain holds: contacting it");
out:
	berth_json_free(body);
	berth_buf_free(&peer);
	return rc;
}

/* Who has not taken hello is tried at the next of the owner's addresses, each once.
 * Its answer rides in the reply to hello.  When that reply was lost, with the link or
 * with one of the two, the answer waits at the owner: it is asked for. */
enum berth_err gateway_ask(struct berth_env *env, struct berth_instance *inst,
			   const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_buf asked = BERTH_BUF_INIT;
	struct berth_run run;
	enum berth_err rc = env->records->get(env->records, BERTH_NS_POLL, "self", &asked);

	berth_buf_free(&asked);
	if (rc == BERTH_E_NOMATCH && strcmp(ev->on, "timer") == 0 && gateway_has_another_address(env, inst)) {
		fx->state = GW_CONTACTING;
		fx->timer_ms = HELLO_MS;
		return gateway_turn_to_it(env, inst, fx);
	}
	if (!rc && strcmp(ev->on, "timer") == 0)
		return gateway_give_up(env, inst, ev, fx);
	if ((rc && rc != BERTH_E_NOMATCH) || (rc = berth_run_load(&run, inst->data)))
		return rc;
	fx->state = GW_CONTACTING;
	fx->timer_ms = (uint64_t)env->policy->run_timeout_s * 1000;
	return berth_effects_poll(fx, me(env), run.peer, owner_uri(inst));
}

/* The owner's challenge to our TPM, for M5; the proof covers it. */
static enum berth_err keep_challenge(struct berth_instance *inst, const struct berth_json *body)
{
	struct berth_json *owner = berth_data_obj(inst->data, "owner");
	const struct berth_json *challenge = berth_json_get(body, "tpmChallenge");

	berth_json_remove(owner, "tpmChallenge");
	return challenge ? berth_json_set(owner, "tpmChallenge", berth_json_clone(challenge)) : BERTH_OK;
}

/* M4.  The proof is all that counts: nothing else of the message is applied. */
enum berth_err gateway_on_prove_owner(struct berth_env *env, struct berth_instance *inst,
				      const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_json *body = ev->in->msg.body;
	struct berth_hash h;
	struct berth_run run;
	const char *proof;
	int64_t owner_time, said_time;
	enum berth_err rc;

	if ((rc = berth_run_load(&run, inst->data)) || (rc = berth_run_check(&run, ev)) ||
	    (rc = berth_body_get_32(body, "nonceO", run.nonce_o)) ||
	    (rc = berth_json_req_int(body, "ownerTime", 1, INT64_MAX, &owner_time)) ||
	    (rc = berth_json_req_str(body, "proof", BERTH_OBJECT_MAX, &proof)))
		return rc;
	rc = berth_run_check_proof(env, &run, BERTH_SIGN_OWNER_PROOF, owner_did(inst), me(env)->did,
				   delegation(inst, &h), body, "proof", proof, &said_time);
	if (!rc && said_time != owner_time)
		rc = berth_fail(BERTH_E_AUTHZ, "ownerTime is not what was signed");
	if (rc) {
		berth_effects_audit(fx, "the owner did not prove itself: %s: %s", berth_err_name(rc), berth_err_detail());
		return rc;
	}
	if ((rc = berth_transcript_add(&run.said, ev->in->msg.json)) || (rc = berth_run_save(inst->data, &run)) ||
	    (rc = berth_json_set_int(berth_data_obj(inst->data, "owner"), "time", owner_time)) ||
	    (rc = keep_challenge(inst, body)))
		return rc;
	fx->go = true;
	return BERTH_OK;
}

/* The owner's chain has the credential itself. */
static enum berth_err set_credential(struct berth_env *env, const struct berth_instance *inst, struct berth_json *body)
{
	struct berth_json *dc;
	struct berth_hash h;
	enum berth_err rc = gateway_credential_text(env, inst, &dc);

	if (rc)
		return rc;
	berth_object_hash(&h, berth_json_str(dc), strlen(berth_json_str(dc)));
	berth_json_free(dc);
	return berth_json_set_b64url(body, "deviceCredential", h.b, 32);
}

/* M5 */
enum berth_err gateway_prove(struct berth_env *env, struct berth_instance *inst,
			     const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *id = me(env);
	struct berth_json *body = berth_json_new_object();
	struct berth_buf proof = BERTH_BUF_INIT;
	struct berth_run run;
	struct berth_send *s;
	enum berth_err rc;

	(void)ev;
	if ((rc = berth_run_load(&run, inst->data)) || (rc = set_credential(env, inst, body)) ||
	    (rc = berth_json_set_str(body, "custody", berth_custody_name(berth_keys_custody(env->keys, id->name)))) ||
	    (rc = add_str_array(body, "capabilities", NULL)))
		goto out;
	if ((rc = gateway_set_evidence(env, inst, body, &run))) {
		berth_effects_audit(fx, "no evidence for the owner: %s: %s", berth_err_name(rc), berth_err_detail());
		goto out;
	}
	if ((rc = gateway_name_operational(inst, berth_data_obj(inst->data, "offer"))))
		goto out;
	if ((rc = berth_run_prove(env, &run, BERTH_SIGN_DEVICE_PROOF, id, owner_did(inst), 0, NULL, body, &proof)) ||
	    (rc = berth_json_set_str(body, "proof", berth_buf_cstr(&proof))))
		goto out;
	rc = berth_effects_send(env, fx, id, owner_did(inst), owner_uri(inst),
				BERTH_PIURI_ONBOARDING "prove-device", run.thid, body, &s);
	body = NULL;
	if (!rc && !(rc = berth_transcript_add(&run.said, s->msg.json)) &&
	    !(rc = berth_run_save(inst->data, &run)))
		rc = berth_effects_poll(fx, id, run.peer, owner_uri(inst));
	fx->timer_ms = (uint64_t)env->policy->run_timeout_s * 1000;
out:
	berth_json_free(body);
	berth_buf_free(&proof);
	return rc;
}

enum berth_err gateway_on_pending(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	const char *reason = "";
	struct berth_run run;
	int64_t after_s;
	enum berth_err rc;

	(void)env;
	if ((rc = berth_run_load(&run, inst->data)) || (rc = berth_run_check(&run, ev)) ||
	    (rc = berth_json_req_int(ev->in->msg.body, "retryAfter", 0, RETRY_AFTER_MAX_S, &after_s)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "reason", 256, &reason)) ||
	    (rc = berth_json_set_str(inst->data, "pending", reason)))
		return rc;
	/* a person decides; we keep asking, and start over should the owner have
	 * forgotten us */
	fx->timer_ms = PENDING_MS;
	berth_effects_audit(fx, "the owner's approval is pending: %s", reason);
	return BERTH_OK;
}

enum berth_err gateway_on_denied(struct berth_env *env, struct berth_instance *inst,
				 const struct berth_event *ev, struct berth_effects *fx)
{
	const char *reason = "";
	struct berth_run run;
	char why[320];
	enum berth_err rc;

	if ((rc = berth_run_load(&run, inst->data)) || (rc = berth_run_check(&run, ev)) ||
	    (rc = berth_json_opt_str(ev->in->msg.body, "reason", 256, &reason)))
		return rc;
	snprintf(why, sizeof(why), "the owner refused: %s", reason);
	if ((rc = berth_json_set_str(inst->data, "denied", reason)))
		return rc;
	return gateway_seek_again(env, inst, fx, why);
}

enum berth_err gateway_give_up(struct berth_env *env, struct berth_instance *inst,
			       const struct berth_event *ev, struct berth_effects *fx)
{
	(void)ev;
	return gateway_seek_again(env, inst, fx, "the owner did not answer in time");
}

enum berth_err gateway_resume_run(struct berth_env *env, struct berth_instance *inst,
				  const struct berth_event *ev, struct berth_effects *fx)
{
	(void)ev;
	fx->timer_ms = inst->state == GW_PENDING ? PENDING_MS : (uint64_t)env->policy->run_timeout_s * 1000;
	return BERTH_OK;
}
