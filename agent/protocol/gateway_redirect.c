/* SPDX-License-Identifier: Apache-2.0 */
/* What a rendezvous answers to a lookup: a challenge, for us to prove who we are, and then where
 * our owner is.  Answers are collected (gateway_choose.c says which hold). */
#include <string.h>

#include "agent/protocol/gateway.h"
#include "did/url.h"

#define BLOBS_MAX 4		/* of one rendezvous */

/* The rendezvous that a lookup went to, as gateway_seek.c noted it (until data changes). */
struct asked {
	int64_t rv;
	const char *did, *from, *uri;
};

static enum berth_err asked_in(const struct berth_instance *inst, const char *thid, struct asked *a)
{
	const struct berth_json *lookup = berth_json_get(berth_json_get(berth_json_get(inst->data, "seek"), "lookups"), thid);

	*a = (struct asked){ berth_data_int(lookup, "rv", -1), berth_data_str(lookup, "did"),
		berth_data_str(lookup, "from"), berth_data_str(lookup, "uri") };
	if (inst->state != GW_SEEKING && !gateway_may_look_for_owner(inst))
		return berth_fail(BERTH_E_TYPE, "an answer that comes too late");
	if (a->rv < 0 || a->rv >= BERTH_RV_MAX || !a->did || !a->from || !a->uri)
		return berth_fail(BERTH_E_AUTHZ, "an answer to nothing we asked");
	return BERTH_OK;
}

static enum berth_err
prove_body(struct berth_env *env, const struct berth_instance *inst, const struct berth_identity *id,
	   const char *rv, const char *thid, const uint8_t nonce[32], struct berth_json *body)
{
	struct berth_run run = { .epoch = berth_data_int(inst->data, "epoch", 0) };
	struct berth_buf reply_to = BERTH_BUF_INIT, proof = BERTH_BUF_INIT;
	enum berth_err rc;

	if ((rc = berth_device_hash(&run.device_hash, id->did, run.epoch)) || (rc = gateway_lookup_did(env, &reply_to)) ||
	    (rc = gateway_set_device(body, inst, id)) || (rc = berth_json_set_str(body, "replyTo", berth_buf_cstr(&reply_to))) ||
	    (rc = berth_json_set_int(body, "epoch", run.epoch)) || (rc = berth_json_set_b64url(body, "nonce", nonce, 32)))
		goto out;
	if (strlen(thid) > BERTH_MESSAGE_ID_MAX) {
		rc = berth_fail(BERTH_E_SIZE, "thid");
		goto out;
	}
	memcpy(run.thid, thid, strlen(thid) + 1);
	memcpy(run.nonce_o, nonce, 32);
	if (!(rc = berth_run_prove(env, &run, BERTH_SIGN_RV_PROVE, id, rv, 0, NULL, body, &proof)))
		rc = berth_json_set_str(body, "proof", berth_buf_cstr(&proof));
out:
	berth_buf_free(&reply_to);
	berth_buf_free(&proof);
	return rc;
}

enum berth_err gateway_on_challenge(struct berth_env *env, struct berth_instance *inst,
				    const struct berth_event *ev, struct berth_effects *fx)
{
	const struct berth_identity *id = env->identity(env, BERTH_ID_FACTORY);
	struct berth_json *body = berth_json_new_object();
	struct berth_send *s;
	struct asked rv;
	uint8_t nonce[32];
	enum berth_err rc;

	if ((rc = asked_in(inst, ev->in->msg.thid, &rv)) || (rc = berth_body_get_32(ev->in->msg.body, "nonce", nonce)) ||
	    (rc = prove_body(env, inst, id, rv.did, ev->in->msg.thid, nonce, body))) {
		berth_json_free(body);
		return rc;
	}
	rc = berth_effects_send(env, fx, id, rv.did, rv.uri, BERTH_PIURI_RENDEZVOUS "prove", ev->in->msg.thid, body, &s);
	if (!rc && !(rc = berth_send_in_full(s, id)))
		s->ephemeral = s->protect_sender = true;
	return rc;
}

/* What it answers is about us, as we are now. */
static enum berth_err
check_device(struct berth_env *env, const struct berth_instance *inst, const struct berth_json *body)
{
	const struct berth_identity *id = env->identity(env, BERTH_ID_FACTORY);
	struct berth_hash device;
	enum berth_err rc = berth_device_hash(&device, id->did, berth_data_int(inst->data, "epoch", 0));

	return rc ? rc : berth_body_is_32(body, "deviceHash", device.b);
}

/* Whether somebody has not answered yet.  One address is enough: the others that were
 * tried for the same rendezvous are not waited for. */
static bool somebody_owes(const struct berth_json *lookups, int64_t answered)
{
	berth_json_each(one, lookups)
		if (!(answered >> berth_data_int(one, "rv", 0) & 1))
			return true;
	return false;
}

static enum berth_err note_answer(struct berth_json *seek, size_t rv, struct berth_effects *fx)
{
	int64_t answered = berth_data_int(seek, "answered", 0) | (int64_t)1 << rv;

	if (!somebody_owes(berth_json_get(seek, "lookups"), answered))
		fx->timer_now = true;	/* everybody has answered: choose */
	return berth_json_set_int(seek, "answered", answered);
}

enum berth_err gateway_on_redirect(struct berth_env *env, struct berth_instance *inst,
				   const struct berth_event *ev, struct berth_effects *fx)
{
	struct berth_json *seek = berth_data_obj(inst->data, "seek");
	const struct berth_json *blobs;
	struct asked rv;
	enum berth_err rc;

	if ((rc = asked_in(inst, ev->in->msg.thid, &rv)) ||
	    (rc = berth_json_req_arr(ev->in->msg.body, "blobs", BLOBS_MAX, &blobs)))
		return rc;
	if (!berth_did_same(ev->sender, rv.did))
		return berth_fail(BERTH_E_AUTHZ, "redirect from another rendezvous");
	if ((rc = check_device(env, inst, ev->in->msg.body)) || (rc = gateway_budget_note(env, inst)))
		return rc;
	if (inst->state != GW_SEEKING)
		return gateway_try_blobs(env, inst, fx, blobs);
	if ((rc = gateway_keep_answers(env, inst, blobs, rv.from, fx)))
		return rc;
	berth_json_remove(berth_json_get_mut(seek, "lookups"), ev->in->msg.thid);
	return note_answer(seek, (size_t)rv.rv, fx);
}
